//! The operator's view: health and metrics.
//!
//! Plain HTTP, meant for an address that only operators reach. `/healthz`: the process lives. `/readyz`: it takes
//! requests (503 while it stops). `/metrics`: OpenMetrics text.

use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::telemetry::Metrics;

/// Serves the pages until `stopped`; says that the gateway is not ready once it is `stopping`.
pub async fn serve(
    listener: TcpListener,
    metrics: Arc<Metrics>,
    stopping: CancellationToken,
    stopped: CancellationToken,
) {
    let ready = move || async move {
        match stopping.is_cancelled() {
            false => (StatusCode::OK, "ready\n"),
            true => (StatusCode::SERVICE_UNAVAILABLE, "stopping\n"),
        }
    };
    let show = move || async move {
        let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        ([(header::CONTENT_TYPE, kind)], metrics.encode()).into_response()
    };
    let pages = Router::new()
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(show));
    let served = axum::serve(listener, pages).with_graceful_shutdown(stopped.cancelled_owned()).await;
    if let Err(error) = served {
        tracing::error!(error = %error, "the operator's pages ended");
    }
}
