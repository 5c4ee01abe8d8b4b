//! What a running server does when it is told to stop or to restart.

use std::collections::HashSet;
use std::io;
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use diglot_tests::{ASGI, NODE, Process, Running, Server, WSGI, binary, load, server};
use rustix::process::Signal;

/// Node at `/`, ASGI at `/asgi`, WSGI at `/wsgi`.
fn three() -> Server {
    server().app("/", NODE).app("/asgi", ASGI).app("/wsgi", WSGI)
}

/// Node at `/` and ASGI at `/asgi`, with this grace period.
fn with_grace(grace: &str) -> Running {
    let config = format!(
        "[server]\nlisten = [\"127.0.0.1:0\"]\n[server.timeouts]\ngrace = \"{grace}\"\n\
         [services.web]\nentry = \"{}\"\n[services.api]\nentry = \"{}\"\nroutes = [\"/asgi\"]\n",
        NODE.entry, ASGI.entry
    );
    server().file(NODE.file, NODE.text).file(ASGI.file, ASGI.text).file("diglot.toml", &config).run()
}

fn watched(running: &Running) -> Vec<Process> {
    running.workers().into_iter().map(Process::watch).collect()
}

/// How often a text stands in the log.
fn count(running: &Running, text: &str) -> usize {
    running.log().iter().filter(|line| line.contains(text)).count()
}

#[test]
fn what_is_in_flight_is_finished_and_what_is_idle_is_closed() {
    for signal in [Signal::TERM, Signal::INT] {
        let running = three().run();
        let workers = watched(&running);
        let (mut never_used, mut idle) = (running.connect(), running.connect());
        assert_eq!(idle.get("/hello").status, 200);
        let mut busy = ["", "/asgi", "/wsgi"].map(|service| {
            let mut client = running.connect();
            client.send(format!("GET {service}/slow?ms=1000&id=busy HTTP/1.1\r\nHost: test\r\n\r\n"));
            client
        });
        running.wait_for(|line| line.contains("faults_node[1] begun"));
        running.wait_for(|line| line.contains("faults_asgi[1] begun"));
        running.wait_for(|line| line.contains("faults_wsgi[1] begun"));
        let (address, asked) = (running.address(), Instant::now());
        running.signal(signal);
        assert_eq!(idle.rest().expect("an orderly end"), b"");
        assert_eq!(never_used.rest().expect("an orderly end"), b"");
        assert!(asked.elapsed() < Duration::from_millis(900), "idle connections do not wait for busy ones");
        let refused = TcpStream::connect(address).expect_err("nothing is accepted any more");
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        for client in &mut busy {
            let answer = client.response();
            assert_eq!((answer.status, answer.text().as_str()), (200, "busy"));
            assert_eq!(answer.field("connection"), Some("close"), "{answer:?}");
            assert_eq!(client.rest().expect("an orderly end"), b"");
        }
        let (status, log) = running.ended();
        assert_eq!(status.code(), Some(0), "{log:?}");
        assert!(workers.iter().all(|worker| worker.ends_within(Duration::ZERO)), "workers are left");
    }
}

/// As systemd stops a unit: every process of it gets the signal, workers as the server.
#[test]
fn a_signal_to_every_process_at_once_loses_nothing() {
    let asgi = r#"
import asyncio

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while (message := await receive())["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        print("the lifespan's shutdown ran", flush=True)
        await send({"type": "lifespan.shutdown.complete"})
        return
    print("asgi begun", flush=True)
    await asyncio.sleep(1)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
    await send({"type": "http.response.body", "body": b"asgi"})
"#;
    let wsgi = r#"
import atexit, time

atexit.register(print, "the process ended in order", flush=True)

def app(environ, start_response):
    print("wsgi begun", flush=True)
    time.sleep(1)
    start_response("200 OK", [("Content-Length", "4")])
    return [b"wsgi"]
"#;
    let running = server()
        .file("served_asgi.py", asgi)
        .file("served_wsgi.py", wsgi)
        .service("/asgi=served_asgi:app")
        .service("/wsgi=served_wsgi:app")
        .run();
    let workers = watched(&running);
    assert_eq!(workers.len(), 2);
    let mut busy = ["asgi", "wsgi"].map(|service| {
        let mut client = running.connect();
        client.send(format!("GET /{service} HTTP/1.1\r\nHost: test\r\n\r\n"));
        (service, client)
    });
    running.wait_for(|line| line.contains("asgi begun"));
    running.wait_for(|line| line.contains("wsgi begun"));
    workers.iter().for_each(|worker| worker.signal(Signal::TERM));
    running.signal(Signal::TERM);
    for (service, client) in &mut busy {
        let answer = client.response();
        assert_eq!((answer.status, answer.text().as_str()), (200, *service));
    }
    let (status, log) = running.ended();
    assert_eq!(status.code(), Some(0), "{log:?}");
    for said in ["the lifespan's shutdown ran", "the process ended in order"] {
        assert!(log.iter().any(|line| line.contains(said)), "{said}: {log:?}");
    }
}

#[test]
fn a_second_signal_ends_at_once() {
    let running = three().run();
    let workers = watched(&running);
    let mut client = running.connect();
    client.send("GET /asgi/slow?ms=60000&id=x HTTP/1.1\r\nHost: test\r\n\r\n");
    running.wait_for(|line| line.contains("begun"));
    running.signal(Signal::TERM);
    let asked = Instant::now();
    // One that comes too soon is the first once more.
    while count(&running, "a second signal, SIGINT: workers end at once; 1 request in flight is cut") == 0 {
        assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", running.log());
        thread::sleep(Duration::from_millis(20));
        running.signal(Signal::INT);
    }
    let (status, log) = running.ended();
    assert_eq!(status.code(), Some(0), "{log:?}");
    assert!(asked.elapsed() < Duration::from_secs(4), "it took {:?}", asked.elapsed());
    assert!(log.iter().any(|line| line.contains("WARN a second signal")), "{log:?}");
    assert!(workers.iter().all(|worker| worker.ends_within(Duration::ZERO)), "workers are left");
    // It is cut off or told; it does not get an answer that the application never gave.
    assert!(client.try_response(false).map_or(true, |answer| [502, 503].contains(&answer.status)));
}

/// `timeout` of GNU sends its signal to the server, and at once to the server's process group.
#[test]
fn a_signal_that_comes_twice_at_once_is_one() {
    for (first, again) in [(Signal::TERM, Signal::TERM), (Signal::QUIT, Signal::INT)] {
        let running = three().run();
        let mut client = running.connect();
        client.send("GET /asgi/slow?ms=1500&id=busy HTTP/1.1\r\nHost: test\r\n\r\n");
        running.wait_for(|line| line.contains("begun"));
        running.signal(first);
        running.wait_for(|line| line.contains("stopping"));
        running.signal(again);
        let answer = client.response();
        assert_eq!((answer.status, answer.text().as_str()), (200, "busy"));
        let (status, log) = running.ended();
        assert_eq!(status.code(), Some(0), "{log:?}");
        assert!(!log.iter().any(|line| line.contains("a second signal,")), "{log:?}");
    }
}

/// What ends or stops a process that does not know it, and is sent to other servers all the time.
#[test]
fn signals_of_other_servers_are_answered_in_the_log() {
    let running = server().app("/", ASGI).run();
    let worker = running.worker();
    let signals = [
        (Signal::USR1, "SIGUSR1: ", "nothing to reopen"),
        (Signal::USR2, "SIGUSR2: ", "SIGHUP restarts the workers"),
        (Signal::TTIN, "SIGTTIN: ", "`workers` in diglot.toml"),
        (Signal::TTOU, "SIGTTOU: ", "`workers` in diglot.toml"),
    ];
    for (signal, name, advice) in signals {
        running.signal(signal);
        let line = running.wait_for(|line| line.contains(name));
        assert!(line.contains(" INFO ") && line.contains(advice), "{line}");
        assert_eq!(running.get("/hello").field("x-pid"), Some(worker.pid().to_string().as_str()), "{name}");
        assert_eq!(count(&running, name), 1);
    }
    let (status, log) = running.stop();
    assert_eq!(status.code(), Some(0), "{log:?}");
}

/// The terminal stops background jobs that write to it (`stty tostop`); a server goes on.
#[test]
#[cfg(target_os = "linux")]
fn a_background_job_of_a_terminal_serves_and_logs() {
    // A session of its own with a terminal, whose foreground group is not the server's.
    let terminal = r#"
import os, pty, signal, sys
JOB = 'stty tostop; set -m; "$0" serve main:app --listen 127.0.0.1:0 & echo "job $!"; wait'
pid, terminal = pty.fork()
if pid == 0:
    os.execvp("sh", ["sh", "-c", JOB, sys.argv[1]])
def give_up(*_):
    raise TimeoutError
signal.signal(signal.SIGALRM, give_up)
signal.alarm(30)
output = b""
signals = [(b"listening on", signal.SIGTTOU), (b"SIGTTOU: ", signal.SIGTERM)]
def tell(signal):
    os.kill(int(output.split(b"job ")[1].split()[0]), signal)
try:
    while True:
        output += os.read(terminal, 65536)
        if signals and signals[0][0] in output:
            tell(signals.pop(0)[1])
except TimeoutError:
    tell(signal.SIGKILL)
except OSError:
    # Nobody has the terminal open any more.
    sys.stdout.buffer.write(output)
"#;
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("main.py"), ASGI.text).expect("a file");
    let output = Command::new("python3")
        .args(["-c", terminal])
        .arg(binary())
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .expect("python runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("diglot: listening on "), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(said.matches("SIGTTOU: ").count(), 1, "{said}");
    assert!(said.contains("INFO stopped"), "{said}");
}

/// An event stream of a Node program goes on for as long as it may.
#[test]
fn an_event_stream_is_cut_when_the_grace_period_is_over() {
    let running = with_grace("1s");
    let mut client = running.connect();
    client.send("GET /sse HTTP/1.1\r\nHost: test\r\n\r\n");
    client.take_until(b"data: ").expect("an event");
    let asked = Instant::now();
    running.signal(Signal::TERM);
    let rest = client.rest();
    assert!(!rest.is_ok_and(|rest| rest.ends_with(b"\r\n0\r\n\r\n")), "a cut stream must not look complete");
    let (status, log) = running.ended();
    assert_eq!(status.code(), Some(0), "{log:?}");
    let took = asked.elapsed();
    assert!(took > Duration::from_millis(500), "events go on during the grace period: {took:?}");
    assert!(took < Duration::from_secs(5), "it took {took:?}");
}

/// A handler that outlasts the grace period costs its own request, and the exit code says nothing of it.
#[test]
fn a_handler_that_never_returns_does_not_keep_the_server() {
    let running = with_grace("1s");
    let mut client = running.connect();
    client.send("GET /asgi/block?ms=60000 HTTP/1.1\r\nHost: test\r\n\r\n");
    let mut other = running.connect();
    other.send("GET /slow?ms=60000&id=x HTTP/1.1\r\nHost: test\r\n\r\n");
    running.wait_for(|line| line.contains("begun"));
    let workers = watched(&running);
    let (status, log) = running.stop();
    assert_eq!(status.code(), Some(0), "{log:?}");
    assert!(workers.iter().all(|worker| worker.ends_within(Duration::ZERO)), "workers are left");
    let killed = log.iter().find(|line| line.contains(" was killed: ")).expect("it is said");
    assert!(killed.ends_with(" took longer than 1s"), "as it was configured: {killed}");
    assert_eq!(other.try_response(false).map(|answer| answer.status).unwrap_or(503), 503);
}

/// Its shutdown is waited for, within the grace period.
#[test]
fn a_lifespan_has_the_grace_period_for_its_shutdown() {
    let app = r#"
import asyncio, os, sys

async def app(scope, receive, send):
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    print("closing", file=sys.stderr, flush=True)
    await asyncio.sleep(float(os.environ["SHUTDOWN_S"]))
    print("closed", file=sys.stderr, flush=True)
    await send({"type": "lifespan.shutdown.complete"})
"#;
    for (seconds, closes) in [("0.3", true), ("60", false)] {
        let config = "[server]\nlisten = \"127.0.0.1:0\"\ntimeouts = { grace = \"2s\" }\n\
                      [services.api]\nentry = \"main:app\"\n";
        let running =
            server().file("main.py", app).file("diglot.toml", config).env("SHUTDOWN_S", seconds).run();
        let worker = running.worker();
        let asked = Instant::now();
        let (status, log) = running.stop();
        let said = |text: &str| log.iter().any(|line| line.contains(text));
        assert_eq!(status.code(), Some(0), "{log:?}");
        assert!(worker.ends_within(Duration::ZERO), "the worker is left");
        assert_eq!((said("closing"), said("closed"), said("was killed")), (true, closes, !closes), "{log:?}");
        assert!(asked.elapsed() < Duration::from_secs(10), "it took {:?}", asked.elapsed());
    }
}

#[test]
fn told_to_stop_while_starting_it_stops() {
    for signals in [1, 2] {
        let slow = "import sys, time\nprint('importing', file=sys.stderr, flush=True)\ntime.sleep(600)\n";
        let running = server().file("main.py", slow).service("main:app").app("/node", NODE).start();
        running.wait_for(|line| line.contains("importing"));
        let workers = watched(&running);
        for _ in 0..signals {
            running.signal(Signal::TERM);
        }
        let asked = Instant::now();
        let (status, log) = running.ended();
        assert_eq!(status.code(), Some(0), "{log:?}");
        assert!(asked.elapsed() < Duration::from_secs(5), "it took {:?}", asked.elapsed());
        assert!(workers.iter().all(|worker| worker.ends_within(Duration::ZERO)), "workers are left");
        assert!(!log.iter().any(|line| line.starts_with("diglot: listening")), "{log:?}");
    }
}

/// What was put in place during the start is what is served in the end.
#[test]
fn told_to_restart_while_starting_it_restarts_once_it_has_started() {
    let app = r#"
import os, sys, time
from release import NUMBER
print("importing", NUMBER, file=sys.stderr, flush=True)
while not os.path.exists("go"):
    time.sleep(0.01)

def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "1")])
    return [str(NUMBER).encode()]
"#;
    let running =
        server().file("main.py", app).file("release.py", "NUMBER = 1\n").service("main:app").start();
    running.wait_for(|line| line.contains("importing 1"));
    std::fs::write(running.folder().join("release.py"), "NUMBER = 2  # the second\n").expect("a file");
    running.signal(Signal::HUP);
    running.wait_for(|line| line.contains("told to restart during the start"));
    std::fs::write(running.folder().join("go"), "").expect("a file");
    running.wait_for(|line| line.contains("importing 2"));
    running.wait_for(|line| line.contains("every worker has been restarted"));
    let (status, log) = running.stop();
    assert_eq!(status.code(), Some(0), "{log:?}");
}

#[test]
fn a_restart_under_load_loses_nothing() {
    for workers in ["1", "2"] {
        let running = three().argument("--workers").argument(workers).run();
        let loads = ["/hello", "/asgi/hello", "/wsgi/hello"].map(|path| load(running.address(), path, 8));
        let started = running.workers().len();
        for round in 1..=3 {
            let before: HashSet<u32> = running.workers().into_iter().collect();
            loads.iter().for_each(|load| load.goes_on(50));
            running.signal(Signal::HUP);
            for service in ["faults_node", "faults_asgi", "faults_wsgi"] {
                let done = format!("service \"{service}\": every worker has been restarted");
                let deadline = Instant::now() + Duration::from_secs(30);
                while count(&running, &done) < round {
                    assert!(Instant::now() < deadline, "{service} is not restarted: {:?}", running.log());
                    thread::sleep(Duration::from_millis(20));
                }
            }
            loads.iter().for_each(|load| load.goes_on(50));
            let after: HashSet<u32> = running.workers().into_iter().collect();
            assert!(before.is_disjoint(&after), "{before:?} {after:?}");
        }
        for load in loads {
            let outcomes = load.stop();
            assert_eq!(outcomes.lost, Vec::<String>::new());
            assert_eq!(outcomes.statuses.keys().copied().collect::<Vec<_>>(), [200], "{outcomes:?}");
        }
        assert_eq!(running.workers().len(), started);
        let (status, log) = running.stop();
        assert_eq!(status.code(), Some(0), "{log:?}");
    }
}

/// What is under way when a worker is replaced ends in the old one, in its own time.
#[test]
fn a_restart_waits_for_what_the_old_worker_has() {
    let running = three().run();
    let old = watched(&running);
    let mut requests = ["", "/asgi", "/wsgi"].map(|service| {
        let mut client = running.connect();
        client.send(format!("GET {service}/slow?ms=1500&id=old HTTP/1.1\r\nHost: test\r\n\r\n"));
        client
    });
    for service in ["node", "asgi", "wsgi"] {
        running.wait_for(|line| line.contains(&format!("faults_{service}[1] begun")));
    }
    running.signal(Signal::HUP);
    let old_pids: HashSet<String> = old.iter().map(|worker| worker.pid().to_string()).collect();
    for client in &mut requests {
        let answer = client.response();
        assert_eq!((answer.status, answer.text().as_str()), (200, "old"));
        assert!(old_pids.contains(answer.field("x-pid").expect("its process")), "{answer:?}");
    }
    for worker in old {
        assert!(worker.ends_within(Duration::from_secs(30)), "an old worker is left");
    }
}

/// A restart into a broken application changes nothing but the log.
#[test]
fn a_restart_that_fails_leaves_the_old_worker() {
    for app in [NODE, ASGI] {
        let running = server().app("/", app).run();
        let old = running.worker();
        let load = load(running.address(), "/hello", 4);
        std::fs::write(running.folder().join("broken"), "").expect("a file");
        running.signal(Signal::HUP);
        let line = running.wait_for(|line| line.contains("could not be restarted, the old one serves on"));
        assert!(line.contains(app.file.split('.').next().expect("a stem")), "{line}");
        load.goes_on(20);
        let outcomes = load.stop();
        assert_eq!((outcomes.lost, outcomes.statuses.len()), (vec![], 1), "{}", app.name);
        assert!(!old.ends_within(Duration::ZERO), "{}", app.name);
        assert_eq!(count(&running, "could not be restarted"), 1, "it is said once");
        assert_eq!(running.get("/hello").field("x-pid"), Some(old.pid().to_string().as_str()));
        let (status, _) = running.stop();
        assert_eq!(status.code(), Some(0), "{}", app.name);
    }
}

/// Between two attempts to start a worker there is nothing to wait for.
#[test]
fn a_crash_loop_does_not_keep_the_server() {
    let running = server().app("/", ASGI).run();
    std::fs::write(running.folder().join("broken"), "").expect("a file");
    assert_eq!(running.get("/exit").status, 502);
    running.wait_for(|line| line.contains("is down"));
    let asked = Instant::now();
    let (status, log) = running.stop();
    assert_eq!(status.code(), Some(0), "{log:?}");
    assert!(asked.elapsed() < Duration::from_secs(3), "it took {:?}", asked.elapsed());
}

#[test]
fn a_stopped_worker_does_not_keep_the_server() {
    let running = with_grace("1s");
    let workers = watched(&running);
    workers.iter().for_each(|worker| worker.signal(Signal::STOP));
    let asked = Instant::now();
    let (status, log) = running.stop();
    assert_eq!(status.code(), Some(0), "{log:?}");
    assert!(asked.elapsed() < Duration::from_secs(5), "it took {:?}", asked.elapsed());
    assert!(workers.iter().all(|worker| worker.ends_within(Duration::ZERO)), "workers are left");
}

/// Told to stop in the middle of a restart, with old and new workers at once.
#[test]
fn a_stop_overtakes_a_restart() {
    let running = three().run();
    let mut client = running.connect();
    client.send("GET /asgi/slow?ms=1000&id=old HTTP/1.1\r\nHost: test\r\n\r\n");
    running.wait_for(|line| line.contains("begun"));
    running.signal(Signal::HUP);
    running.wait_for(|line| line.contains("every worker has been restarted"));
    let workers = watched(&running);
    running.signal(Signal::HUP);
    running.signal(Signal::TERM);
    assert_eq!(client.response().text(), "old");
    let (status, log) = running.ended();
    assert_eq!(status.code(), Some(0), "{log:?}");
    assert!(workers.iter().all(|worker| worker.ends_within(Duration::ZERO)), "workers are left");
}

/// Restart after restart leaves nothing behind in the server.
#[test]
fn restarts_leave_nothing_behind() {
    let running = server().app("/", NODE).app("/asgi", ASGI).run();
    let front = running.process();
    let restart = |round: usize| {
        running.signal(Signal::HUP);
        let deadline = Instant::now() + Duration::from_secs(60);
        while count(&running, "every worker has been restarted") < 2 * round || running.workers().len() > 2 {
            assert!(Instant::now() < deadline, "restart {round} does not end");
            thread::sleep(Duration::from_millis(20));
        }
        assert_eq!((running.get("/hello").status, running.get("/asgi/hello").status), (200, 200));
    };
    restart(1);
    let (descriptors, threads) = (front.descriptors(), front.threads());
    (2..=10).for_each(restart);
    let deadline = Instant::now() + Duration::from_secs(10);
    // The last connections and the last workers may still be going.
    while front.descriptors() > descriptors || front.threads() > threads {
        let (now, threads_now) = (front.descriptors(), front.threads());
        assert!(
            Instant::now() < deadline,
            "{now} descriptors, not {descriptors}; {threads_now} threads, not {threads}"
        );
        thread::sleep(Duration::from_millis(20));
    }
}
