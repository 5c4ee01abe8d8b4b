//! What workers write.

use std::sync::mpsc;
use std::time::Duration;

use diglot_workers::{LINE_BYTES_MAX, Log, LogEntry, LogSink, Origin, QUEUED_LINES_MAX, Stream, Supervisor};

use crate::harness::{Harness, PATIENCE, Recorder, Seen, service, within};

#[tokio::test]
async fn lines_name_their_worker_and_stream_and_the_last_needs_no_end() {
    let code = "print('out'); print('err', file=sys.stderr); serve(); print('bye', end='')";
    let (mut harness, running) = Harness::start(vec![service("web", 2, code)]).await;
    harness.handle.shutdown(PATIENCE);
    within(running.unwrap().stopped()).await;
    let mut lines = Vec::new();
    while lines.len() < 6 {
        let entry = harness.see(|seen| if let Seen::Log(entry) = seen { Some(entry) } else { None }).await;
        let LogEntry::Line { origin: Origin::Worker { worker, stream }, text } = entry else {
            panic!("{entry:?} is no line of a worker");
        };
        lines.push(format!("{} {} {stream:?}: {text}", worker.service, worker.number));
    }
    lines.sort();
    assert_eq!(
        lines,
        [
            "web 1 Stderr: err",
            "web 1 Stdout: bye",
            "web 1 Stdout: out",
            "web 2 Stderr: err",
            "web 2 Stdout: bye",
            "web 2 Stdout: out",
        ]
    );
}

#[tokio::test]
async fn what_cannot_be_printed_is_made_harmless() {
    let code = "sys.stdout.buffer.write(b'\\x1b[2Jred\\r\\xff' + b'x' * 20000 + b'\\n'); serve()";
    let (mut harness, running) = Harness::start(vec![service("web", 1, code)]).await;
    let first = harness.line().await;
    assert!(first.starts_with(r"\x1b[2Jred\r"), "{}", &first[..40]);
    let second = harness.line().await;
    let escaped = r"\x1b[2Jred\r".len() - b"\x1b[2Jred\r".len() + "\u{fffd}".len() - 1;
    assert_eq!(first.len(), LINE_BYTES_MAX + escaped);
    assert_eq!(first.len() - escaped + second.len(), b"\x1b[2Jred\r\xff".len() + 20000);
    harness.stop(running.unwrap()).await;
}

/// Takes nothing until the test lets it.
struct Blocked {
    gate: mpsc::Receiver<()>,
    seen: mpsc::Sender<LogEntry>,
}

impl LogSink for Blocked {
    fn write(&mut self, entry: &LogEntry) {
        let _ = self.gate.recv();
        let _ = self.seen.send(entry.clone());
    }
}

#[tokio::test]
async fn a_flood_into_a_blocked_log_holds_up_neither_worker_nor_server() {
    const LINES: usize = 200_000;
    let (open, gate) = mpsc::channel();
    let (seen, entries) = mpsc::channel();
    let log = Log::start(Blocked { gate, seen }).unwrap();
    let code = format!("for n in range({LINES}): sys.stdout.write(f'{{n}}\\n')\nsys.stdout.flush(); serve()");
    let (recorder, _seen) = Recorder::new();
    let supervisor = Supervisor::new(vec![service("web", 1, &code)], recorder, log.clone());
    let handle = supervisor.handle();
    // The worker is ready only after it has written it all.
    let running = within(supervisor.start()).await.unwrap();
    handle.shutdown(PATIENCE);
    within(running.stopped()).await;
    assert!(!log.flush(Duration::ZERO));

    drop(open);
    drop(log);
    let entries: Vec<LogEntry> = entries.iter().collect();
    let (mut written, mut missing, mut last) = (0, 0, String::new());
    for entry in entries {
        match entry {
            LogEntry::Line { origin: Origin::Worker { stream: Stream::Stdout, .. }, text } => {
                written += 1;
                last = text;
            }
            LogEntry::Line { .. } => panic!("nobody else writes"),
            LogEntry::Dropped { lines } => missing += lines,
        }
    }
    assert_eq!(written + usize::try_from(missing).unwrap(), LINES);
    assert!(written <= QUEUED_LINES_MAX + 1, "{written} lines were kept");
    assert_eq!(last, (LINES - 1).to_string(), "the newest are kept");
}
