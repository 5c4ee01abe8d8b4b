//! One log on stderr: what Diglot says, and what workers write, line by line with service and worker named.

use std::io::{self, Write};

use diglot_config::LogLevel;
use diglot_front::{ACCESS_JSON, ACCESS_TEXT};
use diglot_workers::{Log, LogEntry, LogSink, Origin};
use tracing::{Event as Traced, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{Format, Writer};
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

use crate::signals::writing_from_the_background;

/// Chooses what Diglot itself logs, as `info`, `debug` or `diglot_front=trace`, above what the configuration says.
const FILTER_ENV: &str = "DIGLOT_LOG";

/// Starts the log and sends what this process traces into it.
///
/// # Errors
/// If the system gives no thread.
pub(crate) fn start(level: LogLevel) -> io::Result<Log> {
    let log = writing_from_the_background(|| Log::start(Stderr { line: Vec::new() }))?;
    let filter = EnvFilter::try_from_env(FILTER_ENV).unwrap_or_else(|_| {
        // Whoever asks for an access log and for silence wants the one and not the rest.
        EnvFilter::new(format!("{},{ACCESS_TEXT}=info,{ACCESS_JSON}=info", level.as_str()))
    });
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .event_format(Lines(Format::default().with_ansi(false).with_target(false)))
        .with_writer(IntoLog(log.clone()))
        .finish();
    // Only a second server in one process could have set one, and then it keeps it.
    let _ = tracing::subscriber::set_global_default(subscriber);
    Ok(log)
}

/// Writes to stderr what comes out of the queue.
struct Stderr {
    line: Vec<u8>,
}

impl LogSink for Stderr {
    fn write(&mut self, entry: &LogEntry) {
        self.line.clear();
        // Writing into memory cannot fail; stderr can, and then there is nowhere left to say so.
        let _ = match entry {
            LogEntry::Line { origin: Origin::Server, text } => writeln!(self.line, "{text}"),
            LogEntry::Line { origin: Origin::Worker { worker, .. }, text } => {
                writeln!(self.line, "{}[{}] {text}", worker.service, worker.number)
            }
            LogEntry::Dropped { lines } => {
                writeln!(
                    self.line,
                    "diglot: {lines} lines of workers are missing here: the log was read too slowly"
                )
            }
        };
        let _ = io::stderr().write_all(&self.line);
    }
}

/// Time, level and message; of the access log as JSON, an object and nothing else.
struct Lines(Format);

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Traced<'_>,
    ) -> std::fmt::Result {
        if event.metadata().target() != ACCESS_JSON {
            return self.0.format_event(context, writer, event);
        }
        writer.write_str("{\"time\":\"")?;
        SystemTime.format_time(&mut writer)?;
        writer.write_str("\",")?;
        context.format_fields(writer.by_ref(), event)?;
        writer.write_str("}\n")
    }
}

/// Makes lines of what `tracing` formats.
struct IntoLog(Log);

struct Event<'l> {
    log: &'l Log,
    text: Vec<u8>,
}

impl<'l> MakeWriter<'l> for IntoLog {
    type Writer = Event<'l>;

    fn make_writer(&'l self) -> Self::Writer {
        Event { log: &self.0, text: Vec::new() }
    }
}

impl Write for Event<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Event<'_> {
    fn drop(&mut self) {
        let text = String::from_utf8_lossy(&self.text);
        self.log.server_line(text.trim_end_matches('\n').to_owned());
    }
}
