//! Loads one Python worker without any HTTP: what a request costs the worker alone.
//!
//! ```text
//! cargo run --release -p diglot-python --example load -- PYTHON ROOT MODULE:ATTR
//!     [--native LIBRARY] [--post BYTES | --echo BYTES | --broadcast BYTES] [--in-flight N]
//!     [--seconds N | --requests N] [--setting KEY=JSON]...
//! ```
//!
//! It plays the front on one end of a link: keeps `N` requests in flight, answers each response with the next request,
//! and writes all that one read made due at once, as the front does under load. With `--requests` it ends after so many and
//! prints nothing: for counting instructions, which noise does not change.
//!
//! With `--echo` it opens `N` WebSockets instead, and sends each a text whenever one has come back. With `--broadcast` one of
//! `N` WebSockets sends a text, and the next when the application has sent it to all of them; what is counted is what arrives.

use std::error::Error;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use diglot_link::frame::Type;
use diglot_link::message::{
    Field, HttpVersion, Open, REQUEST_BODY, REQUEST_KEEP_ALIVE, REQUEST_UPGRADE, REQUEST_WEBSOCKET,
    RequestLine,
};
use diglot_link::{Front, FrontEvent, StreamKey, names};
use rustix::io::{FdFlags, fcntl_setfd};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

struct Options {
    python: String,
    root: PathBuf,
    module: String,
    attr: String,
    native: PathBuf,
    mode: Mode,
    in_flight: u32,
    seconds: u64,
    requests: Option<u64>,
    settings: String,
}

/// What is asked of the worker, with the length of what is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Get,
    Post(usize),
    Echo(usize),
    Broadcast(usize),
}

impl Mode {
    fn length(self) -> usize {
        match self {
            Self::Get => 0,
            Self::Post(length) | Self::Echo(length) | Self::Broadcast(length) => length,
        }
    }

    fn is_websocket(self) -> bool {
        matches!(self, Self::Echo(_) | Self::Broadcast(_))
    }
}

impl Options {
    fn parse() -> Result<Self> {
        let mut places = Vec::new();
        let mut options = Self {
            python: String::new(),
            root: PathBuf::new(),
            module: String::new(),
            attr: String::new(),
            native: "target/release/libdiglot_native.so".into(),
            mode: Mode::Get,
            in_flight: 64,
            seconds: 5,
            requests: None,
            settings: String::new(),
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--native" => options.native = value()?.into(),
                "--post" => options.mode = Mode::Post(value()?.parse()?),
                "--echo" => options.mode = Mode::Echo(value()?.parse()?),
                "--broadcast" => options.mode = Mode::Broadcast(value()?.parse()?),
                "--in-flight" => options.in_flight = value()?.parse()?,
                "--seconds" => options.seconds = value()?.parse()?,
                "--requests" => options.requests = Some(value()?.parse()?),
                "--setting" => {
                    let value = value()?;
                    let (key, json) = value.split_once('=').ok_or("--setting KEY=JSON")?;
                    options.settings.push_str(&format!(", \"{key}\": {json}"));
                }
                _ => places.push(argument),
            }
        }
        let [python, root, entry] = places.try_into().map_err(|_| "usage: load PYTHON ROOT MODULE:ATTR")?;
        let (module, attr) = entry.split_once(':').ok_or("the entry is MODULE:ATTR")?;
        options.python = python;
        options.root = Path::new(&root).canonicalize()?;
        options.native = options.native.canonicalize()?;
        options.module = module.to_owned();
        options.attr = attr.to_owned();
        Ok(options)
    }

    /// Starts the worker with the other end of `link`.
    fn spawn(&self, link: &UnixStream) -> Result<Child> {
        fcntl_setfd(link, FdFlags::empty())?;
        let sdk = Path::new(env!("CARGO_MANIFEST_DIR"));
        let described = format!(
            "{{\"service\": \"load\", \"worker\": 0, \"generation\": 1, \"root\": {:?}, \"listen\": [], \
             \"entry\": {{\"module\": {:?}, \"attr\": {:?}, \"call\": false}}, \"native\": {:?}, \"sdk\": {:?}{}}}",
            self.root, self.module, self.attr, self.native, sdk, self.settings
        );
        let child = Command::new(&self.python)
            .arg(sdk.join("diglot_worker.py"))
            .current_dir(&self.root)
            .env("DIGLOT_WORKER", described)
            .env("DIGLOT_LINK", link.as_raw_fd().to_string())
            .stdin(Stdio::null())
            .spawn()?;
        Ok(child)
    }
}

struct Load {
    front: Front<()>,
    link: UnixStream,
    input: Vec<u8>,
    filled: usize,
    mode: Mode,
    body: Vec<u8>,
    in_flight: u32,
    accepted: u32,
    done: u64,
    reads: u64,
    ready: bool,
}

impl Load {
    fn begin(&mut self, connection: u32) -> Result<()> {
        let fields: [(&[u8], &[u8]); 4] = [
            (b"Host", b"127.0.0.1:8000"),
            (b"User-Agent", b"load/1.0"),
            (b"Accept", b"*/*"),
            (b"Content-Type", b"application/octet-stream"),
        ];
        let (count, method, flags): (usize, &[u8], u8) = match self.mode {
            Mode::Get => (3, b"GET", 0),
            Mode::Post(_) => (4, b"POST", REQUEST_BODY),
            Mode::Echo(_) | Mode::Broadcast(_) => (3, b"GET", REQUEST_UPGRADE | REQUEST_WEBSOCKET),
        };
        let line = RequestLine {
            connection,
            method,
            version: HttpVersion::Http11,
            flags: REQUEST_KEEP_ALIVE | flags,
            target: b"/",
            path_start: 0,
            path_length: 1,
            mount_length: 0,
        };
        let fields =
            fields[..count].iter().map(|&(name, value)| Field { id: names::id_of(name), name, value });
        let is_websocket = self.mode.is_websocket();
        let body: &[u8] = if is_websocket { b"" } else { &self.body };
        self.front.begin((), &line, fields, body, !is_websocket)?.ok_or("no stream is free")?;
        Ok(())
    }

    fn send_text(&mut self, key: StreamKey) -> Result<()> {
        self.front.send_message(key, Type::Text, &self.body, true).ok_or("there is no credit")?;
        Ok(())
    }

    /// `due` are the streams on which a response or a message has come: sends what follows.
    fn go_on(&mut self, due: Vec<StreamKey>) -> Result<()> {
        let before = self.done;
        self.done += due.len() as u64;
        match self.mode {
            Mode::Get | Mode::Post(_) => due.iter().try_for_each(|key| self.begin(key.stream)),
            Mode::Echo(_) => due.into_iter().try_for_each(|key| self.send_text(key)),
            Mode::Broadcast(_) => {
                let all = u64::from(self.in_flight);
                match due.last() {
                    Some(&key) if self.done / all > before / all => self.send_text(key),
                    _ => Ok(()),
                }
            }
        }
    }

    /// One read, and what follows from it, until `until`.
    fn turn(&mut self) -> Result<()> {
        let count = self.link.read(&mut self.input[self.filled..])?;
        if count == 0 {
            return Err("the worker has ended".into());
        }
        self.reads += 1;
        self.filled += count;
        let mut at = 0;
        let (mut due, mut started) = (Vec::new(), Vec::new());
        while let Some((taken, event)) = self.front.handle(&self.input[at..self.filled])? {
            at += taken;
            match event {
                Some(FrontEvent::Ready(_)) => self.ready = true,
                Some(FrontEvent::Failed(reason)) => return Err(reason.into()),
                Some(FrontEvent::Response { frame, key, .. }) => {
                    match frame.header.kind {
                        Type::Cancel => return Err("the worker gave a response up".into()),
                        Type::Close => return Err("the worker closed a WebSocket".into()),
                        Type::Accept => {
                            self.accepted += 1;
                            if matches!(self.mode, Mode::Echo(_)) || self.accepted == self.in_flight {
                                started.push(key);
                            }
                        }
                        _ => {}
                    }
                    self.front.consumed(key, frame.credit());
                    if frame.header.ends() || frame.header.is_last() {
                        due.push(key);
                    }
                }
                _ => {}
            }
        }
        self.input.copy_within(at..self.filled, 0);
        self.filled -= at;
        started.into_iter().try_for_each(|key| self.send_text(key))?;
        self.go_on(due)?;
        self.flush()
    }

    fn flush(&mut self) -> Result<()> {
        let output = self.front.output();
        while !output.is_empty() {
            let count = self.link.write(output.pending())?;
            output.sent(count);
        }
        Ok(())
    }
}

/// Time a process has been on a processor.
fn cpu(child: &Child) -> Result<Duration> {
    let mut total = 0;
    for task in std::fs::read_dir(format!("/proc/{}/task", child.id()))? {
        let text = std::fs::read_to_string(task?.path().join("schedstat"))?;
        total += text.split(' ').next().unwrap_or_default().parse::<u64>()?;
    }
    Ok(Duration::from_nanos(total))
}

fn main() -> Result<()> {
    let options = Options::parse()?;
    let (ours, theirs) = UnixStream::pair()?;
    let mut child = options.spawn(&theirs)?;
    drop(theirs);
    let mut load = Load {
        front: Front::new(1, 1024),
        link: ours,
        input: vec![0; 512 * 1024],
        filled: 0,
        mode: options.mode,
        body: vec![b'x'; options.mode.length()],
        in_flight: options.in_flight,
        accepted: 0,
        done: 0,
        reads: 0,
        ready: false,
    };
    load.flush()?;
    while !load.ready {
        load.turn()?;
    }
    for connection in 1..=load.in_flight {
        let ends =
            Open { tls: false, peer: "127.0.0.1", peer_port: 50_000, local: "127.0.0.1", local_port: 8000 };
        load.front.open_connection(connection, &ends);
        load.begin(connection)?;
    }
    load.flush()?;
    if let Some(requests) = options.requests {
        while load.done < requests {
            load.turn()?;
        }
        drop(load);
        child.wait()?;
        return Ok(());
    }
    let warm = Instant::now() + Duration::from_millis(500);
    while Instant::now() < warm {
        load.turn()?;
    }
    let (began, done, reads, used) = (Instant::now(), load.done, load.reads, cpu(&child)?);
    while began.elapsed() < Duration::from_secs(options.seconds) {
        load.turn()?;
    }
    let elapsed = began.elapsed();
    let used = cpu(&child)? - used;
    let requests = (load.done - done) as f64;
    println!(
        "{:.0} requests/s, {:.2} µs of the worker's CPU each, {:.1} responses a read, worker {:.0} % busy",
        requests / elapsed.as_secs_f64(),
        used.as_secs_f64() * 1e6 / requests,
        requests / (load.reads - reads) as f64,
        100.0 * used.as_secs_f64() / elapsed.as_secs_f64(),
    );
    drop(load);
    child.wait()?;
    Ok(())
}
