//! A connection that the application has taken over: bytes of the client on one side, bytes of the worker on the other, neither
//! faster than the other takes them.
//!
//! Nothing of it is HTTP any more but what the application itself has begun with, whose status is for the access log. Each
//! side ends by itself, as the two directions of a socket do.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use diglot_link::StreamKey;
use diglot_link::frame::{self, Type};
use diglot_link::message::CancelReason;
use tokio::io::AsyncWrite;

use super::access::Record;
use super::connection::Connection;
use crate::buffers;
use crate::exchange::{Arrived, Exchange};
use crate::link::Link;

/// Output above this is written before more is taken from the worker.
const OUTPUT_BYTES_HIGH: usize = 64 * 1024;
/// Memory for frames that is kept for the next ones: an idle tunnel holds no more.
const KEPT_BYTES_MAX: usize = 1024;
/// Bytes of a status line up to the end of the code: `HTTP/1.1 101`.
const STATUS_BYTES: usize = 12;

/// A tunnel between a client and a worker.
pub(super) struct Tunnel {
    link: Arc<Link>,
    key: StreamKey,
    exchange: Arc<Exchange>,
    arrived: Arrived,
    /// How much of the frames that arrived has been taken.
    taken: usize,
    /// What had been read of the request's body and found no credit: it goes before the rest.
    held: Vec<u8>,
    /// Credit of what is in the output, for which the worker gets it back when that has been written.
    unreturned: usize,
    /// The worker has been told that the client sends nothing more, or wants no more itself.
    client_ended: bool,
    from_worker: Direction,
    /// The worker has given it up, or is gone: what it had sent is written, and that is all.
    over: Option<Ended>,
    /// The first bytes that the worker has sent.
    start: Vec<u8>,
    sent_bytes: u64,
    waits_for_write: bool,
    record: Option<Box<Record>>,
}

/// How far the way from the worker to the client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Open,
    /// The worker has ended it; what came before is still on its way.
    Ending,
    /// The client has been told.
    Ended,
}

/// How the connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// In order: what is written is the client's to read.
    Closing,
    /// The client is gone, or is to see that it was cut off.
    Cut,
}

/// What a request leaves to the tunnel that it has become.
pub(super) struct Beginning {
    pub(super) link: Arc<Link>,
    pub(super) key: StreamKey,
    pub(super) exchange: Arc<Exchange>,
    /// What came behind TUNNEL.
    pub(super) arrived: Arrived,
    /// Bytes that were read of the request's body and not sent.
    pub(super) held: Vec<u8>,
    pub(super) record: Option<Box<Record>>,
}

impl Tunnel {
    pub(super) fn new(beginning: Beginning) -> Self {
        let Beginning { link, key, exchange, arrived, held, record } = beginning;
        link.begin_tunnel(key);
        Self {
            link,
            key,
            exchange,
            arrived,
            taken: 0,
            held,
            unreturned: 0,
            client_ended: false,
            from_worker: Direction::Open,
            over: None,
            start: Vec::new(),
            sent_bytes: 0,
            waits_for_write: false,
            record,
        }
    }

    pub(super) fn poll(&mut self, connection: &mut Connection, context: &mut Context<'_>) -> Poll<Ended> {
        loop {
            let is_high = connection.output.len() >= OUTPUT_BYTES_HIGH;
            if !is_high {
                self.take_arrived(connection, context);
            }
            let flushed = match connection.poll_flush(context) {
                Poll::Ready(Ok(())) => true,
                Poll::Ready(Err(_)) => return Poll::Ready(self.lose_client(CancelReason::ClientGone)),
                Poll::Pending => false,
            };
            if flushed {
                if self.unreturned > 0 {
                    self.link.consumed(self.key, std::mem::take(&mut self.unreturned));
                }
                if is_high || !self.arrived.frames.is_empty() {
                    // What arrived meanwhile has not been looked at, and nothing may come after it to wake this task.
                    continue;
                }
                if let Some(ended) = self.over {
                    return Poll::Ready(ended);
                }
                if self.from_worker == Direction::Ending {
                    // Where there is nothing to wait for it cannot fail but for a client that is gone, which reading tells.
                    let _ = Pin::new(&mut connection.socket).poll_shutdown(context);
                    self.from_worker = Direction::Ended;
                }
            }
            if self.poll_client(connection, context).is_ready() {
                return Poll::Ready(self.lose_client(CancelReason::ClientGone));
            }
            if self.from_worker == Direction::Ended && self.client_ended {
                return Poll::Ready(Ended::Closing);
            }
            return self.poll_patience(flushed, connection, context);
        }
    }

    /// Takes what the worker has sent, up to a full output, and what has become of it.
    fn take_arrived(&mut self, connection: &mut Connection, context: &Context<'_>) {
        while connection.output.len() < OUTPUT_BYTES_HIGH {
            if self.arrived.frames.is_empty() {
                let Arrived { stopped, lost, .. } = std::mem::take(&mut self.arrived);
                self.client_ended |= stopped;
                if lost.is_some() {
                    self.over.get_or_insert(Ended::Closing);
                }
                self.exchange.take(context, &mut self.arrived);
                if self.arrived.is_empty() {
                    break;
                }
            }
            self.take_frames(&mut connection.output);
        }
    }

    fn take_frames(&mut self, out: &mut Vec<u8>) {
        let mut frames = std::mem::take(&mut self.arrived.frames);
        if out.capacity() == 0 && !frames.is_empty() {
            *out = buffers::borrow();
        }
        while out.len() < OUTPUT_BYTES_HIGH
            && let Ok(Some(frame)) = frame::decode(&frames[self.taken..])
        {
            self.taken += frame.len();
            self.unreturned += frame.credit();
            match frame.header.kind {
                Type::Body => {
                    let missing = STATUS_BYTES - self.start.len();
                    self.start.extend(frame.payload.iter().take(missing));
                    self.sent_bytes += frame.payload.len() as u64;
                    out.extend_from_slice(frame.payload);
                }
                Type::Cancel => {
                    let reset = CancelReason::decode(frame.payload) == Ok(CancelReason::Reset);
                    self.over = Some(if reset { Ended::Cut } else { Ended::Closing });
                }
                _ => {}
            }
            if frame.header.ends() {
                self.from_worker = Direction::Ending;
            }
        }
        if self.taken < frames.len() {
            self.arrived.frames = frames;
            return;
        }
        self.taken = 0;
        if frames.capacity() <= KEPT_BYTES_MAX {
            frames.clear();
            self.exchange.recycle(frames);
        }
    }

    /// Passes on what the client sends, as far as the worker takes it. Ready where it is gone.
    fn poll_client(&mut self, connection: &mut Connection, context: &mut Context<'_>) -> Poll<()> {
        loop {
            if self.client_ended {
                // The worker wants no more of it; that the client leaves is still to be seen.
                connection.taken = connection.input.len();
            } else if !self.send_input(connection) {
                return Poll::Pending;
            }
            if connection.ended {
                if !std::mem::replace(&mut self.client_ended, true) {
                    self.link.send_body(self.key, &[], true);
                }
                return Poll::Pending;
            }
            match connection.poll_fill(context) {
                Poll::Ready(Ok(0)) => connection.ended = true,
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Sends what was read; false while there is no credit for some of it.
    fn send_input(&mut self, connection: &mut Connection) -> bool {
        if !self.held.is_empty() {
            let sent = self.link.send_body(self.key, &self.held, false);
            self.held.drain(..sent);
        }
        if self.held.is_empty() && connection.taken < connection.input.len() {
            connection.taken += self.link.send_body(self.key, &connection.input[connection.taken..], false);
        }
        if connection.taken < connection.input.len() || !self.held.is_empty() {
            return false;
        }
        connection.taken = 0;
        buffers::give_back(&mut connection.input);
        true
    }

    /// A client that takes nothing is not waited for without end. Nothing else has a time of its own here: what is silent, and for
    /// how long, is the application's to judge.
    fn poll_patience(
        &mut self,
        flushed: bool,
        connection: &mut Connection,
        context: &mut Context<'_>,
    ) -> Poll<Ended> {
        if self.waits_for_write == flushed {
            self.waits_for_write = !flushed;
            connection.deadline.lift();
        }
        if flushed {
            return Poll::Pending;
        }
        connection.deadline.set_once(connection.shared.timeouts.write);
        connection.deadline.poll(context).map(|()| self.lose_client(CancelReason::TimedOut))
    }

    /// The client is gone: the worker is told.
    fn lose_client(&mut self, reason: CancelReason) -> Ended {
        self.link.cancel(self.key, reason);
        Ended::Cut
    }

    /// The status that the application has answered with, 0 if what it wrote does not begin as HTTP does.
    fn status(&self) -> u16 {
        let code = self.start.strip_prefix(b"HTTP/1.").and_then(|rest| rest.get(2..));
        code.and_then(|code| str::from_utf8(code).ok()).and_then(|code| code.parse().ok()).unwrap_or(0)
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.link.cancel(self.key, CancelReason::ClientGone);
        // What never reached the client is not held any more.
        let mut frames = std::mem::take(&mut self.arrived.frames);
        frames.drain(..self.taken);
        for left in [frames, self.exchange.clear()] {
            let mut at = 0;
            while let Ok(Some(frame)) = frame::decode(&left[at..]) {
                at += frame.len();
                self.unreturned += frame.credit();
            }
        }
        if self.unreturned > 0 {
            self.link.consumed(self.key, self.unreturned);
        }
        if let Some(mut record) = self.record.take() {
            record.write(self.status(), self.sent_bytes);
        }
    }
}
