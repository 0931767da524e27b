//! Has the newest checkpoint time-stamped every so often. It states all before it, so one stamp serves them, too.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::evidence::Stamping;
use crate::crypto::Digest;
use crate::store;
use crate::store::ledger::Ledger;
use crate::store::ledger::piece::{Piece, Stamp};
use crate::tsp;

/// What the task is made of.
pub(super) struct Stamper {
    ledger: Ledger,
    stamping: Stamping,
    client: Client<HttpConnector, Full<Bytes>>,
    clock: Clock,
}

/// Why there is no stamp.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("the store: {}", .0.chain())]
    Store(#[from] store::error::Error),
    #[error("the request cannot be made: {0}")]
    Request(#[from] http::Error),
    #[error("the authority is not reached: {0}")]
    Unreached(#[from] hyper_util::client::legacy::Error),
    #[error("the authority's answer broke off or is too long: {0}")]
    Body(Box<dyn std::error::Error + Send + Sync>),
    #[error("the authority answers {0}")]
    Status(StatusCode),
    #[error("the authority did not answer in {ANSWER_TIME_MAX:?}")]
    Time(#[from] tokio::time::error::Elapsed),
    #[error("what the authority sent proves nothing: {0}")]
    Stamp(#[from] tsp::Error),
}

impl Stamper {
    pub(super) fn new(ledger: Ledger, stamping: Stamping, clock: Clock) -> Self {
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(1).build_http();
        Self { ledger, stamping, client, clock }
    }

    /// Works until `stopping`. An authority that fails is asked less and less often.
    pub(super) async fn run(self, stopping: CancellationToken) {
        let mut wait = self.stamping.every;
        while stopping.run_until_cancelled(tokio::time::sleep(wait)).await.is_some() {
            wait = match stopping.run_until_cancelled(self.stamp()).await {
                None => return,
                Some(Ok(())) => self.stamping.every,
                Some(Err(error)) => {
                    let wait = (wait * 2).clamp(self.stamping.every, WAIT_MAX.max(self.stamping.every));
                    tracing::warn!(%error, again_s = wait.as_secs(), "the chain of evidence was not time-stamped");
                    wait
                }
            };
        }
    }

    async fn stamp(&self) -> Result<(), Error> {
        let newest = self.ledger.reader().await?.last_checkpoint(self.ledger.chain()).await?;
        let Some(newest) = newest.filter(|newest| newest.stamp.is_empty()) else { return Ok(()) };
        let digest = Digest::of(&newest.signature);
        let (nonce, _) = uuid::Uuid::new_v4().as_u64_pair();
        let bytes = tokio::time::timeout(ANSWER_TIME_MAX, self.ask(tsp::request(digest, nonce))).await??;
        let stamp = tsp::verify(&bytes, digest, Some(nonce), &self.stamping.trust)?;
        tracing::debug!(checkpoint = newest.number, serial = %stamp.serial, "time-stamped");
        let stamp = Stamp { number: newest.number, bytes: bytes.to_vec() };
        self.ledger.commit(Piece { at: self.clock.now(), stamp: Some(stamp), ..Piece::default() }).await?;
        Ok(())
    }

    async fn ask(&self, question: Vec<u8>) -> Result<Bytes, Error> {
        let request = http::Request::builder()
            .method(Method::POST)
            .uri(&self.stamping.address)
            .header(header::CONTENT_TYPE, "application/timestamp-query")
            .body(Full::new(Bytes::from(question)))?;
        let answer = self.client.request(request).await?;
        if answer.status() != StatusCode::OK {
            return Err(Error::Status(answer.status()));
        }
        let body = Limited::new(answer.into_body(), tsp::RESPONSE_BYTES_MAX).collect().await.map_err(Error::Body)?;
        Ok(body.to_bytes())
    }
}

/// How long the authority may take.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(20);
/// An authority that fails is asked again after this at the latest.
const WAIT_MAX: Duration = Duration::from_secs(600);
