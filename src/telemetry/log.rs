//! Log events as lines on standard error: made in place, written in batches.
//!
//! An access log has a line for each request, and a system call for each line costs more than the line. So lines are
//! gathered for [`BATCH_TIME`] and written together. What wakes a person does not wait: a warning or an error is
//! written at once, with all that came before it. A process that is killed loses the last lines of level `info`; what
//! must survive is the record's business, not the log's.

use std::cell::RefCell;
use std::fmt::{self, Write as _};
use std::io::{self, Write as _};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::{FilterExt, LevelFilter, filter_fn};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt as subscriber, registry};

/// How log events are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// One JSON object a line.
    #[default]
    Json,
    /// For people.
    Text,
}

/// Starts writing log events to standard error. `filter` is like `info` or `lienthong=debug,warn`.
///
/// What libraries say below `info` is not written, whatever the filter is: HTTP, TLS and gRPC print headers and frames
/// there, so whole messages.
///
/// Only the first call of a process has an effect. [`flush_log`] before the process ends.
pub fn start_log(format: LogFormat, filter: &str) {
    use std::io::IsTerminal;
    let lines = LINES.get_or_init(Lines::start).clone();
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let is_refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let is_coloured = std::io::stderr().is_terminal() && !is_refused;
    let filter = filter.and(filter_fn(is_free_of_messages).with_max_level_hint(LevelFilter::TRACE));
    let log = subscriber::layer().with_writer(lines).with_ansi(is_coloured).with_target(false);
    // A log that was started before is kept: tests share a process.
    _ = match format {
        LogFormat::Json => registry().with(log.event_format(JsonLine).with_filter(filter)).try_init(),
        LogFormat::Text => registry().with(log.with_filter(filter)).try_init(),
    };
}

/// Whether an event or a span can hold no bytes of a message: our own never do, those of libraries from `info` up.
fn is_free_of_messages(meta: &Metadata<'_>) -> bool {
    let is_ours = meta.target().split("::").next() == Some(env!("CARGO_CRATE_NAME"));
    is_ours || *meta.level() <= Level::INFO
}

/// Whether [`start_log`] understands a filter.
pub fn is_log_filter(filter: &str) -> bool {
    EnvFilter::try_new(filter).is_ok()
}

/// Writes what is still gathered.
pub fn flush_log() {
    if let Some(lines) = LINES.get() {
        lines.0.flush();
    }
}

static LINES: OnceLock<Lines> = OnceLock::new();

/// Where lines are gathered.
#[derive(Debug, Clone)]
struct Lines(Arc<Gathered>);

#[derive(Debug, Default)]
struct Gathered {
    lines: Mutex<Vec<u8>>,
    /// Told when `lines` is no longer empty.
    filled: Condvar,
    /// Held from taking lines to having written them, so that they keep their order.
    writing: Mutex<()>,
}

/// One line on its way.
#[derive(Debug)]
struct Line<'l> {
    gathered: &'l Gathered,
    is_urgent: bool,
}

impl Lines {
    fn start() -> Self {
        let lines = Self(Arc::default());
        let gathered = lines.0.clone();
        // Lives as long as the process, as the log does.
        let writer = std::thread::Builder::new().name("log".to_owned()).spawn(move || gathered.write_batches());
        if let Err(error) = writer {
            eprintln!("the log is written without its thread, when {BATCH_BYTES_MAX} bytes are gathered: {error}");
        }
        lines
    }
}

impl Gathered {
    fn write_batches(&self) {
        loop {
            let lines = lock(&self.lines);
            drop(self.filled.wait_while(lines, |lines| lines.is_empty()).unwrap_or_else(PoisonError::into_inner));
            std::thread::sleep(BATCH_TIME);
            self.flush();
        }
    }

    fn flush(&self) {
        let _writing = lock(&self.writing);
        let lines = std::mem::take(&mut *lock(&self.lines));
        // Standard error may be closed: then there is nobody to tell.
        _ = io::stderr().write_all(&lines);
    }
}

impl<'l> MakeWriter<'l> for Lines {
    type Writer = Line<'l>;

    fn make_writer(&'l self) -> Line<'l> {
        Line { gathered: &self.0, is_urgent: true }
    }

    fn make_writer_for(&'l self, meta: &Metadata<'_>) -> Line<'l> {
        Line { gathered: &self.0, is_urgent: *meta.level() <= Level::WARN }
    }
}

impl io::Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut lines = lock(&self.gathered.lines);
        let was_empty = lines.is_empty();
        lines.extend_from_slice(bytes);
        let is_full = lines.len() >= BATCH_BYTES_MAX;
        drop(lines);
        if self.is_urgent || is_full {
            self.gathered.flush();
        } else if was_empty {
            self.gathered.filled.notify_one();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A panic elsewhere does not end the log.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One JSON object a line: `timestamp`, `level`, then the event's own fields as they come.
#[derive(Debug)]
struct JsonLine;

impl<S, N> FormatEvent<S, N> for JsonLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        out.write_str("{\"timestamp\":\"")?;
        write_time(&mut out)?;
        write!(out, "\",\"level\":\"{}\"", event.metadata().level())?;
        let mut fields = JsonFields { out, done: Ok(()) };
        event.record(&mut fields);
        fields.done?;
        fields.out.write_str("}\n")
    }
}

/// The time as RFC 3339 in UTC with microseconds. The second is made anew only when it changes.
fn write_time(out: &mut Writer<'_>) -> fmt::Result {
    thread_local! {
        static SECOND: RefCell<(u64, String)> = const { RefCell::new((u64::MAX, String::new())) };
    }
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    SECOND.with_borrow_mut(|(second, text)| {
        if *second != since.as_secs() {
            let moment = i64::try_from(since.as_secs()).ok().and_then(|second| Timestamp::from_second(second).ok());
            *text = moment.unwrap_or_default().to_string();
            text.truncate(text.len() - "Z".len());
            *second = since.as_secs();
        }
        out.write_str(text)
    })?;
    let mut micros = since.subsec_micros();
    let mut digits = *b".000000Z";
    for digit in digits[1..7].iter_mut().rev() {
        *digit = b'0' + (micros % 10) as u8;
        micros /= 10;
    }
    out.write_str(std::str::from_utf8(&digits).expect("ASCII"))
}

struct JsonFields<'w> {
    out: Writer<'w>,
    done: fmt::Result,
}

impl JsonFields<'_> {
    fn field(&mut self, field: &Field, write: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
        let out = &mut self.out;
        // Names are Rust's: nothing in them needs escaping.
        let name = |out: &mut Writer<'_>| [",\"", field.name(), "\":"].iter().try_for_each(|part| out.write_str(part));
        self.done = self.done.and_then(|()| name(out)).and_then(|()| write(out));
    }
}

impl Visit for JsonFields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.field(field, |out| {
            out.write_char('"')?;
            Escaped(out).write_str(value)?;
            out.write_char('"')
        });
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.field(field, |out| write!(out, "{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.field(field, |out| write!(out, "{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.field(field, |out| write!(out, "{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.field(field, |out| {
            out.write_char('"')?;
            write!(Escaped(out), "{value:?}")?;
            out.write_char('"')
        });
    }
}

/// The inside of a JSON string (RFC 8259 §7).
struct Escaped<'e, 'w>(&'e mut Writer<'w>);

impl fmt::Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) = rest.bytes().position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
            self.0.write_str(&rest[..at])?;
            match rest.as_bytes()[at] {
                byte @ (b'"' | b'\\') => write!(self.0, "\\{}", char::from(byte))?,
                byte => write!(self.0, "\\u{byte:04x}")?,
            }
            rest = &rest[at + 1..];
        }
        self.0.write_str(rest)
    }
}

/// How long a line waits for others.
const BATCH_TIME: Duration = Duration::from_millis(20);
/// Lines gathered, bytes; whoever fills them up writes them.
const BATCH_BYTES_MAX: usize = 256 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes lines as they are made.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            lock(&self.0).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn of_libraries_nothing_below_info_is_written_whatever_the_filter_is() {
        let kept = Kept::default();
        let writer = kept.clone();
        let filter = EnvFilter::new("trace").and(filter_fn(is_free_of_messages));
        let layer = subscriber::layer().event_format(JsonLine).with_writer(move || writer.clone()).with_filter(filter);
        tracing::subscriber::with_default(registry().with(layer), || {
            tracing::trace!(target: "h2::codec", "frame");
            tracing::debug!(target: "lienthong_like", "header");
            tracing::info!(target: "rustls", "told");
            tracing::trace!(target: "lienthong::http", "ours");
        });
        let said = String::from_utf8(lock(&kept.0).clone()).expect("UTF-8");
        let told = ["frame", "header", "told", "ours"].map(|word| said.contains(word));
        assert_eq!(told, [false, false, true, true], "{said}");
    }

    #[test]
    fn an_event_is_one_json_object_whatever_its_values_are() {
        let kept = Kept::default();
        let writer = kept.clone();
        let layer = subscriber::layer().event_format(JsonLine).with_writer(move || writer.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let (absent, odd) = (None::<&str>, "a \"quoted\" \\ \u{1} \n Đ");
            tracing::info!(odd, absent, count = 3_u64, below = -1_i64, yes = true, debug = ?Some("x\"y"), "exchange");
        });
        let line = String::from_utf8(lock(&kept.0).clone()).expect("UTF-8");
        assert_eq!(line.matches('\n').count(), 1, "{line}");
        let value: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        assert!(value["timestamp"].as_str().is_some_and(|time| time.ends_with('Z')), "{line}");
        let expected = serde_json::json!({
            "timestamp": value["timestamp"], "level": "INFO", "message": "exchange", "count": 3, "below": -1, "yes": true,
            "odd": "a \"quoted\" \\ \u{1} \n Đ", "debug": "Some(\"x\\\"y\")",
        });
        assert_eq!(value, expected);
    }
}
