//! Names of metrics, spans and log fields, and where they go.

mod log;

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

pub use log::{LogFormat, flush_log, is_log_filter, start_log};

/// One request, as metrics count it. Labels come from configuration alone, so their number is bounded.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Request {
    /// Partner profile.
    pub partner: String,
    /// Operation; empty where the request did not get that far.
    pub operation: String,
    /// `ok`, `refused` (a business outcome), a fault's stable code, or an HTTP status.
    pub code: String,
}

/// Something that expires, as metrics name it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Expiring {
    /// `gateway`, `anchor` or `crl`.
    pub certificate: &'static str,
    /// Its subject; a list's issuer.
    pub name: String,
}

/// A reload, as metrics count it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Reload {
    /// `members` or `tls`.
    pub what: &'static str,
    /// `replaced` or `failed`.
    pub result: &'static str,
}

/// What is reloaded, as a gauge names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reloaded {
    what: &'static str,
}

/// The gateway's metrics.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    seconds: Histogram,
    not_after: Family<Expiring, Gauge>,
    reloads: Family<Reload, Counter>,
    reload_failed: Family<Reloaded, Gauge>,
    /// Requests under way.
    pub in_flight: Gauge,
    /// Elements and attributes that no contract knows and that were passed over.
    pub unknown_elements: Counter,
}

impl Metrics {
    /// All metrics at zero.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("lienthong");
        let requests = Family::<Request, Counter>::default();
        let seconds = Histogram::new(SECONDS_BUCKETS);
        let in_flight = Gauge::<i64, std::sync::atomic::AtomicI64>::default();
        let unknown_elements = Counter::default();
        let started = Gauge::<f64, AtomicU64>::default();
        started.set(std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs_f64());
        registry.register("requests", "Requests answered, by outcome", requests.clone());
        registry.register_with_unit("request", "Time from request to answer", Unit::Seconds, seconds.clone());
        registry.register("requests_in_flight", "Requests under way", in_flight.clone());
        registry.register(
            "unknown_elements",
            "Elements and attributes of requests that no contract knows, passed over",
            unknown_elements.clone(),
        );
        let not_after = Family::<Expiring, Gauge>::default();
        let reloads = Family::<Reload, Counter>::default();
        let reload_failed = Family::<Reloaded, Gauge>::default();
        registry.register_with_unit(
            "certificate_not_after",
            "When a certificate or a revocation list stops being good, Unix time",
            Unit::Seconds,
            not_after.clone(),
        );
        registry.register("reloads", "Changed files read while serving, by result", reloads.clone());
        registry.register(
            "reload_failed",
            "Whether changed files could not be used: 1 while what was read before them is",
            reload_failed.clone(),
        );
        registry.register_with_unit("start_time", "When the process started", Unit::Seconds, started);
        Self { registry, requests, seconds, not_after, reloads, reload_failed, in_flight, unknown_elements }
    }

    /// Counts one answered request.
    pub fn count(&self, request: &Request, time: Duration) {
        self.requests.get_or_create(request).inc();
        self.seconds.observe(time.as_secs_f64());
    }

    /// Shows when these stop being good, Unix time in seconds, and none else.
    pub fn show_expiries(&self, expiries: impl IntoIterator<Item = (Expiring, i64)>) {
        self.not_after.clear();
        for (expiring, seconds) in expiries {
            self.not_after.get_or_create(&expiring).set(seconds);
        }
    }

    /// Shows whether the last reload of something failed.
    pub fn show_reload_failed(&self, what: &'static str, is_failed: bool) {
        self.reload_failed.get_or_create(&Reloaded { what }).set(i64::from(is_failed));
    }

    /// Counts one reload.
    pub fn count_reload(&self, reload: &Reload) {
        self.reloads.get_or_create(reload).inc();
    }

    /// The metrics in OpenMetrics text form.
    pub fn encode(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        _ = prometheus_client::encoding::text::encode(&mut text, &self.registry);
        text
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

const SECONDS_BUCKETS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0];
