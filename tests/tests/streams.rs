//! Large bodies and event streams: exact, in bounded memory, and no later than they must be.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::net::sockopt::set_socket_recv_buffer_size;

use diglot_tests::{APPS, ASGI, App, Client, FETCH, NODE, Pattern, Process, Running, WSGI, is_full, server};

const MIB: u64 = 1024 * 1024;
/// What the client sends and takes in a second.
const THROTTLE_BYTES_S: u64 = 64 * MIB;
/// What the front may hold at the most, everything counted.
const FRONT_BYTES_MAX: u64 = 48 * MIB;
/// What a worker may hold above what it had before the request. Node 26 lets 70 MiB of the buffers of web streams stand before it
/// collects them, however long the body is.
const WORKER_BYTES_MAX: u64 = 96 * MIB;
/// How long an event may be under way.
const EVENT_DELAY_MAX: Duration = Duration::from_millis(50);

fn body_bytes() -> u64 {
    if is_full() { 1024 * MIB } else { 64 * MIB }
}

/// Lets no more than [`THROTTLE_BYTES_S`] pass.
struct Throttle {
    begun: Instant,
    passed: u64,
}

impl Throttle {
    fn new() -> Self {
        Self { begun: Instant::now(), passed: 0 }
    }

    fn pass(&mut self, bytes: usize) {
        self.passed += bytes as u64;
        let due = self.begun + Duration::from_secs_f64(self.passed as f64 / THROTTLE_BYTES_S as f64);
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}

/// Watches what the front and the worker hold while `act` runs.
fn within_memory(running: &Running, app: App, what: &str, act: impl FnOnce(&mut Client)) {
    let (front, worker) = (running.process(), running.worker());
    let mut client = running.connect();
    assert_eq!(client.get("/hello").text(), "hello");
    front.forget_peak();
    worker.forget_peak();
    let rest = worker.resident_bytes();
    act(&mut client);
    let (front, above) = (front.peak_bytes(), worker.peak_bytes().saturating_sub(rest));
    let (front_mib, above_mib) = (front as f64 / MIB as f64, above as f64 / MIB as f64);
    println!("{} {what}: front {front_mib:.1} MiB, worker {above_mib:.1} MiB above rest", app.name);
    assert!(front < FRONT_BYTES_MAX, "{} {what}: the front held {front_mib:.1} MiB", app.name);
    assert!(above <= WORKER_BYTES_MAX, "{} {what}: the worker held {above_mib:.1} MiB more", app.name);
}

fn upload(app: App) {
    let running = server().app("/", app).run();
    let bytes = body_bytes();
    within_memory(&running, app, "up", |client| {
        client.send(format!("POST /up HTTP/1.1\r\nHost: test\r\nContent-Length: {bytes}\r\n\r\n"));
        let (pattern, mut throttle, mut sent) = (Pattern::default(), Throttle::new(), 0);
        while sent < bytes {
            let length = (bytes - sent).min(64 * 1024) as usize;
            client.stream().write_all(pattern.at(sent, length)).expect("the body is taken");
            sent += length as u64;
            throttle.pass(length);
        }
        assert_eq!(client.response().text(), format!("{bytes} True"));
    });
}

fn download(app: App) {
    let running = server().app("/", app).run();
    let bytes = body_bytes();
    within_memory(&running, app, "down", |client| {
        client.send(format!("GET /down?bytes={bytes} HTTP/1.1\r\nHost: test\r\n\r\n"));
        let head = String::from_utf8(client.take_until(b"\r\n\r\n").expect("a head")).expect("text");
        assert!(head.to_ascii_lowercase().contains(&format!("content-length: {bytes}\r\n")), "{head}");
        let (pattern, mut throttle, mut came) = (Pattern::default(), Throttle::new(), 0);
        while came < bytes {
            let length = (bytes - came).min(64 * 1024) as usize;
            let part = client.take(length).expect("the whole body");
            assert!(part == pattern.at(came, length), "wrong bytes after {came}");
            came += length as u64;
            throttle.pass(length);
        }
        assert_eq!(client.get("/hello").text(), "hello", "the connection lives on");
    });
}

#[test]
fn a_large_body_goes_up_to_node() {
    upload(NODE);
}

#[test]
fn a_large_body_goes_up_to_asgi() {
    upload(ASGI);
}

#[test]
fn a_large_body_goes_up_to_wsgi() {
    upload(WSGI);
}

#[test]
fn a_large_body_goes_up_to_fetch() {
    upload(FETCH);
}

#[test]
fn a_large_body_comes_down_from_node() {
    download(NODE);
}

#[test]
fn a_large_body_comes_down_from_asgi() {
    download(ASGI);
}

#[test]
fn a_large_body_comes_down_from_wsgi() {
    download(WSGI);
}

#[test]
fn a_large_body_comes_down_from_fetch() {
    download(FETCH);
}

#[test]
fn chunked_bodies_are_exact_in_both_directions() {
    for app in APPS {
        let running = server().app("/", app).run();
        let (pattern, mut client) = (Pattern::default(), running.connect());
        client.send("POST /up HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n");
        let mut sent = 0;
        for length in (1..2_000).map(|number| 1 + number * 7_919 % 20_000) {
            client.send(format!("{length:x}\r\n")).send(pattern.at(sent, length)).send("\r\n");
            sent += length as u64;
        }
        client.send("0\r\n\r\n");
        assert_eq!(client.response().text(), format!("{sent} True"), "{}", app.name);

        let body = client.get("/down?bytes=3333333&chunked=1").body;
        assert_eq!(body.len(), 3_333_333, "{}", app.name);
        let exact = body
            .chunks(65_536)
            .zip((0..).step_by(65_536))
            .all(|(part, at)| part == pattern.at(at, part.len()));
        assert!(exact, "{}", app.name);
    }
}

/// A client that takes nothing stops the application, and all it waits for is bounded.
#[test]
fn a_client_that_does_not_read_stops_the_writer() {
    for app in APPS {
        let running = server().app("/", app).run();
        let bytes = 256 * MIB;
        within_memory(&running, app, "unread", |client| {
            client.send(format!("GET /down?bytes={bytes} HTTP/1.1\r\nHost: test\r\n\r\n"));
            client.take_until(b"\r\n\r\n").expect("a head");
            let stood = stands_still(&running);
            // Kernel buffers of both sockets, which the system may let grow, and the stream's window between them.
            assert!(
                stood < 32 * MIB,
                "{}: {stood} bytes were written for a client that reads nothing",
                app.name
            );
            let pattern = Pattern::default();
            let mut came = 0;
            while came < bytes {
                let length = (bytes - came).min(64 * 1024) as usize;
                let part = client.take(length).expect("the rest of the body");
                assert!(part == pattern.at(came, length), "{}: wrong bytes after {came}", app.name);
                came += length as u64;
            }
        });
    }
}

/// Many clients that read nothing cost each its share and no more.
#[test]
fn many_clients_that_do_not_read_cost_a_bounded_share_each() {
    const CLIENTS: u64 = 100;
    for app in [NODE, ASGI] {
        let running = server().app("/", app).run();
        let front = running.process();
        running.get("/hello");
        let rest = front.resident_bytes();
        let clients: Vec<Client> = (0..CLIENTS)
            .map(|_| {
                let mut client = running.connect();
                client.send(format!("GET /down?bytes={} HTTP/1.1\r\nHost: test\r\n\r\n", 64 * MIB));
                client
            })
            .collect();
        stands_still(&running);
        let each = front.resident_bytes().saturating_sub(rest) / CLIENTS;
        println!("{}: {} KiB for each client that does not read", app.name, each / 1024);
        assert!(each < 512 * 1024, "{}: the front holds {each} bytes for each", app.name);
        drop(clients);
        let mut client = running.connect();
        assert_eq!(client.get("/hello").text(), "hello", "{}: it serves on", app.name);
    }
}

/// However many streams stand still, the service's others go on.
#[test]
fn a_crowd_that_does_not_read_does_not_stop_its_service() {
    const CLIENTS: usize = 1_300;
    for app in [NODE, ASGI] {
        let running = server().app("/", app).run();
        let clients: Vec<Client> = (0..CLIENTS)
            .map(|_| {
                let mut client = running.connect();
                // So that the system takes little of it off the server's hands.
                set_socket_recv_buffer_size(client.stream(), 4 * 1024).expect("a live socket");
                client.send(format!("GET /down?bytes={} HTTP/1.1\r\nHost: test\r\n\r\n", 8 * MIB));
                client
            })
            .collect();
        stands_still(&running);
        let mut client = running.connect();
        let pattern = Pattern::default();
        for _ in 0..10 {
            let body = client.get("/down?bytes=100000").body;
            assert!(body == pattern.at(0, 100_000), "{}: {} bytes", app.name, body.len());
            assert_eq!(client.post("/up", pattern.at(0, 100_000)).text(), "100000 True", "{}", app.name);
        }
        drop(clients);
    }
}

/// Waits until what the application has written stops growing; returns how much it was.
fn stands_still(running: &Running) -> u64 {
    let mut client = running.connect();
    let mut sent = || number(&client.get("/state").text(), "sent") as u64;
    let (mut last, mut since) = (sent(), Instant::now());
    while since.elapsed() < Duration::from_millis(500) {
        let now = sent();
        if now != last {
            (last, since) = (now, Instant::now());
        }
        // Between two looks, so as not to be the load itself.
        thread::sleep(Duration::from_millis(20));
    }
    last
}

fn number(state: &str, key: &str) -> f64 {
    let state: serde_json::Value = serde_json::from_str(state).expect("JSON");
    state[key].as_f64().expect("a number")
}

/// A body whose sender is slower than any limit of a single wait, byte by byte, is whole all the same.
#[test]
fn a_slow_sender_is_waited_for() {
    for app in APPS {
        let running = server().app("/", app).run();
        let (pattern, mut client) = (Pattern::default(), running.connect());
        client.send("POST /up HTTP/1.1\r\nHost: test\r\nContent-Length: 200\r\n\r\n");
        for byte in 0..200 {
            client.send(pattern.at(byte, 1));
        }
        assert_eq!(client.response().text(), "200 True", "{}", app.name);
    }
}

/// How late each event of a stream is when curl has it, the worst of them.
fn delay_of_events(running: &Running) -> Duration {
    let url = format!("http://{}/sse?events=50&ms=20", running.address());
    let mut curl = Command::new("curl")
        .args(["--no-buffer", "--silent", "--show-error", &url])
        .stdout(Stdio::piped())
        .spawn()
        .expect("curl can be run");
    let mut worst = Duration::ZERO;
    let mut count = 0;
    for line in BufReader::new(curl.stdout.take().expect("stdout is piped")).lines() {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock");
        if let Some(written) = line.expect("text").strip_prefix("data: ") {
            let written = written.parse().expect("nanoseconds");
            worst = worst.max(now.saturating_sub(Duration::from_nanos(written)));
            count += 1;
        }
    }
    let status = curl.wait().expect("a child of this process");
    assert!(status.success() && count == 50, "curl saw {count} events: {status}");
    worst
}

/// Every event of most streams is in time. Any process of a busy machine may have to wait for its turn, so there are several
/// streams; a server that holds events back does so in all. At full size, where nothing else runs, no event may be late.
fn events_are_prompt(running: &Running, app: &str) {
    let mut latest: Vec<Duration> = (0..5).map(|_| delay_of_events(running)).collect();
    latest.sort_unstable();
    println!("{app}: the latest event of each stream came after {latest:?}");
    let counts = if is_full() { latest.len() - 1 } else { latest.len() / 2 };
    assert!(latest[counts] <= EVENT_DELAY_MAX, "{app}: {latest:?}");
}

#[test]
fn each_event_arrives_when_it_is_written() {
    for app in APPS {
        let running = server().app("/", app).run();
        events_are_prompt(&running, app.name);
    }
}

/// Event streams under way do not make others late: each has its own credit.
#[test]
fn a_stream_nobody_reads_does_not_hold_up_the_others() {
    for app in [NODE, ASGI] {
        let running = server().app("/", app).run();
        let mut stuck = running.connect();
        stuck.send(format!("GET /down?bytes={} HTTP/1.1\r\nHost: test\r\n\r\n", 256 * MIB));
        stands_still(&running);
        events_are_prompt(&running, app.name);
        let mut some = [0; 1024];
        assert!(stuck.stream().read(&mut some).expect("it is still open") > 0);
    }
}

/// What a worker holds does not grow with what passed through it.
#[test]
fn memory_does_not_grow_with_requests() {
    for app in APPS {
        let running = server().app("/", app).run();
        let mut client = running.connect();
        let mut rounds = |count: usize| {
            for _ in 0..count {
                assert_eq!(client.get("/down?bytes=1000000").body.len(), 1_000_000);
                assert_eq!(client.post("/up", Pattern::default().at(0, 100_000)).text(), "100000 True");
            }
        };
        rounds(20);
        let processes = [running.process(), running.worker()];
        let before = processes.each_ref().map(Process::resident_bytes);
        rounds(100);
        let after = processes.each_ref().map(Process::resident_bytes);
        // A collector of garbage takes its time; what passed through were 110 MB.
        for ((before, after), grown_max) in before.into_iter().zip(after).zip([4 * MIB, 48 * MIB]) {
            let grown = after.saturating_sub(before);
            assert!(grown < grown_max, "{}: {grown} bytes more after 100 more rounds", app.name);
        }
    }
}

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    /// One in eight times a pause: what comes after it finds the other side waiting.
    fn hesitate(&mut self) {
        if self.below(8) == 0 {
            thread::sleep(Duration::from_micros(self.below(3_000)));
        }
    }
}

/// One body in either direction, in pieces of any length. One in five times the client leaves in the middle.
fn one_body(client: &mut Client, pattern: &Pattern, numbers: &mut Numbers) -> bool {
    let bytes = numbers.below(2_000_000);
    let end = if numbers.below(5) == 0 { numbers.below(bytes + 1) } else { bytes };
    let is_chunked = numbers.below(2) == 0;
    let mut at = 0;
    if numbers.below(2) == 0 {
        let framing =
            if is_chunked { "Transfer-Encoding: chunked".into() } else { format!("Content-Length: {bytes}") };
        client.send(format!("POST /up HTTP/1.1\r\nHost: test\r\n{framing}\r\n\r\n"));
        while at < end {
            let length = (1 + numbers.below(70_000)).min(end - at) as usize;
            if is_chunked {
                client.send(format!("{length:x}\r\n")).send(pattern.at(at, length)).send("\r\n");
            } else {
                client.send(pattern.at(at, length));
            }
            at += length as u64;
            numbers.hesitate();
        }
        if end == bytes {
            client.send(if is_chunked { "0\r\n\r\n" } else { "" });
            assert_eq!(client.response().text(), format!("{bytes} True"));
        }
    } else {
        let form = if is_chunked { "&chunked=1" } else { "" };
        client.send(format!("GET /down?bytes={bytes}{form} HTTP/1.1\r\nHost: test\r\n\r\n"));
        if is_chunked {
            numbers.hesitate();
            let body = client.response().body;
            assert_eq!(body.len() as u64, bytes);
            let mut parts = body.chunks(50_000).zip((0..).step_by(50_000));
            assert!(parts.all(|(part, at)| part == pattern.at(at, part.len())));
            return true;
        }
        client.take_until(b"\r\n\r\n").expect("a head");
        while at < end {
            let length = (1 + numbers.below(70_000)).min(end - at) as usize;
            assert!(client.take(length).expect("more of the body") == pattern.at(at, length), "after {at}");
            at += length as u64;
            numbers.hesitate();
        }
    }
    end == bytes
}

/// Many bodies at once, each at its own pace: none is stuck, none gets another's bytes.
#[test]
fn bodies_of_many_clients_are_exact_at_any_pace() {
    let rounds = if is_full() { 200 } else { 12 };
    for app in APPS {
        let running = server().app("/", app).run();
        let address = running.address();
        let clients: Vec<_> = (1..=12)
            .map(|seed| {
                thread::spawn(move || {
                    let (pattern, mut numbers) = (Pattern::default(), Numbers(seed));
                    let mut client = Client::connect(address);
                    for _ in 0..rounds {
                        if !one_body(&mut client, &pattern, &mut numbers) {
                            client = Client::connect(address);
                        }
                    }
                })
            })
            .collect();
        for client in clients {
            client.join().unwrap_or_else(|_| panic!("{}: a body was not exact", app.name));
        }
        assert_eq!(running.get("/hello").text(), "hello", "{}", app.name);
    }
}

/// Neither the front nor the worker takes more of a body than its windows and the system's buffers.
#[test]
fn a_body_nobody_reads_stops_its_client() {
    const TAKEN_MAX: u64 = 16 * MIB;
    for app in [NODE, ASGI, WSGI] {
        let running = server().app("/", app).run();
        let mut client = running.connect();
        client.send("POST /slow?ms=60000 HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000000\r\n\r\n");
        client.stream().set_write_timeout(Some(Duration::from_secs(1))).expect("a socket");
        let (block, mut taken) = ([b'x'; 64 * 1024], 0);
        while taken < 4 * TAKEN_MAX
            && let Ok(count) = client.stream().write(&block)
        {
            taken += count as u64;
        }
        assert!(taken < TAKEN_MAX, "{}: {taken} bytes were taken", app.name);
    }
}
