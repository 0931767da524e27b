//! Time: the one place that asks the operating system what time it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UnixMillis(pub i64);

/// Where the time comes from.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The operating system's clock.
    System,
    /// A clock that stands where it was put; for tests and for the sandbox's scenario.
    Set(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `now` until [`Clock::set`] moves it.
    pub fn at(now: UnixMillis) -> Self {
        Self::Set(Arc::new(AtomicI64::new(now.0)))
    }

    /// The time now.
    pub fn now(&self) -> UnixMillis {
        match self {
            Self::System => {
                let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                UnixMillis(i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
            }
            Self::Set(now) => UnixMillis(now.load(Ordering::Relaxed)),
        }
    }

    /// Moves a standing clock; the system's clock is left alone.
    pub fn set(&self, now: UnixMillis) {
        if let Self::Set(cell) = self {
            cell.store(now.0, Ordering::Relaxed);
        }
    }
}
