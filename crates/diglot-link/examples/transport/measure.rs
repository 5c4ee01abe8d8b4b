//! The two processes, and the clock.

use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::time::Instant;

use diglot_link::frame::{self, HEADER_BYTES, Header, Type};
use rustix::io::FdFlags;
use rustix::time::{ClockId, clock_gettime};

use crate::ring::{Ring, RingFds};

const REQUEST_BYTES: usize = 300;
const RESPONSE_BYTES: usize = 150;
const BATCHES: [usize; 3] = [1, 8, 64];
/// Frames in a measured run; fewer for the batch of one, whose every frame costs two wake-ups.
const FRAMES: usize = 400_000;

/// Bytes there and back. `receive` waits for at least one byte and appends what is there.
pub(crate) trait Transport {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Returns 0 when the other end is gone.
    fn receive(&mut self, into: &mut Vec<u8>) -> io::Result<usize>;
}

struct Socket {
    stream: UnixStream,
    buffer: Box<[u8]>,
}

impl Socket {
    fn new(stream: UnixStream) -> Self {
        Self { stream, buffer: vec![0; 256 * 1024].into() }
    }
}

impl Transport for Socket {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    fn receive(&mut self, into: &mut Vec<u8>) -> io::Result<usize> {
        let count = self.stream.read(&mut self.buffer)?;
        into.extend_from_slice(&self.buffer[..count]);
        Ok(count)
    }
}

pub(crate) fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((role, fds)) if role == "socket" || role == "ring" => {
            let fds: Vec<RawFd> = fds.iter().filter_map(|fd| fd.parse().ok()).collect();
            run_worker(role, &fds)
        }
        cycles => run_front(cycles.and_then(|(cycles, _)| cycles.parse().ok()).unwrap_or(5)),
    }
}

fn run_worker(role: &str, fds: &[RawFd]) -> io::Result<()> {
    let fds: Vec<OwnedFd> = fds.iter().map(|&fd| inherited(fd)).collect();
    let cpu_s = if role == "socket" {
        let [socket] = <[OwnedFd; 1]>::try_from(fds).map_err(|_| io::ErrorKind::InvalidInput)?;
        serve(&mut Socket::new(UnixStream::from(socket)))?
    } else {
        let fds = <[OwnedFd; 3]>::try_from(fds).map_err(|_| io::ErrorKind::InvalidInput)?;
        serve(&mut Ring::worker_end(&RingFds::from(fds))?)?
    };
    println!("{cpu_s}");
    Ok(())
}

/// Takes a descriptor whose number came as an argument.
#[expect(unsafe_code, reason = "a number from the command line becomes an owned descriptor")]
fn inherited(fd: RawFd) -> OwnedFd {
    // SAFETY: the parent opened it for this process alone and cleared its close-on-exec flag; each number comes once.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// Answers every whole frame that one read brought in one write, until the front says DRAIN. Returns CPU-seconds.
fn serve(transport: &mut impl Transport) -> io::Result<f64> {
    let response = frame_of(Type::Body, RESPONSE_BYTES);
    let (mut input, mut output) = (vec![], vec![]);
    let started_s = cpu_s();
    while transport.receive(&mut input)? > 0 {
        let mut at = 0;
        while let Some(frame) = frame::decode(&input[at..]).map_err(io::Error::other)? {
            at += frame.len();
            if frame.header.kind == Type::Drain {
                return Ok(cpu_s() - started_s);
            }
            output.extend_from_slice(&response);
        }
        input.drain(..at);
        transport.send(&output)?;
        output.clear();
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

fn run_front(cycles: usize) -> io::Result<()> {
    println!("medians of {cycles} cycles; CPU-seconds of both processes");
    println!("{:>6}  {:<7} {:>24} {:>18}", "batch", "carrier", "CPU-s / million frames", "µs a batch");
    for batch in BATCHES {
        let count = (FRAMES / 4 * batch.min(4)) / batch;
        let mut runs: [Vec<Run>; 2] = [vec![], vec![]];
        for _ in 0..cycles {
            runs[0].push(over_socket(batch, count)?);
            runs[1].push(over_ring(batch, count)?);
        }
        for (name, runs) in ["socket", "ring"].into_iter().zip(&runs) {
            let cpu = median(runs.iter().map(|run| run.cpu_s * 1e6 / (count * batch) as f64));
            let wall = median(runs.iter().map(|run| run.wall_s * 1e6 / count as f64));
            println!("{batch:>6}  {name:<7} {cpu:>24.2} {wall:>18.1}");
        }
    }
    Ok(())
}

struct Run {
    cpu_s: f64,
    wall_s: f64,
}

fn over_socket(batch: usize, count: usize) -> io::Result<Run> {
    let (ours, theirs) = UnixStream::pair()?;
    with_worker("socket", &[OwnedFd::from(theirs)], || exchange(&mut Socket::new(ours), batch, count))
}

fn over_ring(batch: usize, count: usize) -> io::Result<Run> {
    let fds = RingFds::new()?;
    let mut ring = Ring::front_end(&fds)?;
    with_worker("ring", &<[OwnedFd; 3]>::from(fds), || exchange(&mut ring, batch, count))
}

fn with_worker(role: &str, fds: &[OwnedFd], exchange: impl FnOnce() -> io::Result<Run>) -> io::Result<Run> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(role).stdout(Stdio::piped());
    for fd in fds {
        rustix::io::fcntl_setfd(fd, FdFlags::empty())?;
        command.arg(fd.as_raw_fd().to_string());
    }
    let worker = command.spawn()?;
    let mut run = exchange()?;
    let output = worker.wait_with_output()?;
    let printed = String::from_utf8_lossy(&output.stdout);
    run.cpu_s += printed.trim().parse::<f64>().map_err(io::Error::other)?;
    Ok(run)
}

fn exchange(transport: &mut impl Transport, batch: usize, count: usize) -> io::Result<Run> {
    let requests = frame_of(Type::Body, REQUEST_BYTES).repeat(batch);
    let mut input = vec![];
    let (started, started_s) = (Instant::now(), cpu_s());
    for _ in 0..count {
        transport.send(&requests)?;
        let mut left = batch;
        while left > 0 {
            if transport.receive(&mut input)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let mut at = 0;
            while let Some(frame) = frame::decode(&input[at..]).map_err(io::Error::other)? {
                at += frame.len();
                left -= 1;
            }
            input.drain(..at);
        }
    }
    let run = Run { cpu_s: cpu_s() - started_s, wall_s: started.elapsed().as_secs_f64() };
    transport.send(&frame_of(Type::Drain, HEADER_BYTES))?;
    Ok(run)
}

/// One whole frame of `bytes`, header included.
fn frame_of(kind: Type, bytes: usize) -> Vec<u8> {
    let mut out = vec![];
    let stream = u32::from(kind == Type::Body);
    frame::encode(
        &mut out,
        Header { kind, flags: 0, generation: 0, stream },
        &vec![b'x'; bytes - HEADER_BYTES],
    );
    out
}

/// CPU-seconds of this process, user and system.
fn cpu_s() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
