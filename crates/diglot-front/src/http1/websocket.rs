//! A connection after its handshake: the client's frames on one side, the worker's messages on the other, neither faster
//! than the other takes them.

use std::sync::Arc;
use std::task::{Context, Poll};

use diglot_link::StreamKey;
use diglot_link::frame::{self, BODY_BYTES_MAX, Frame, Type};
use diglot_link::message::Close;

use super::access::Record;
use super::connection::Connection;
use crate::buffers;
use crate::deadline::Deadline;
use crate::exchange::{Arrived, Exchange, Lost};
use crate::link::Link;
use crate::websocket::{
    Decoder, Encoder, Fault, Handshake, Item, Kind, Limits, write_close, write_ping, write_pong,
};

/// Output above this is written before more is taken, from the worker and from the client.
const OUTPUT_BYTES_HIGH: usize = 64 * 1024;
/// How long the client's close frame is waited for after ours.
const CLOSE_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);
/// How long a client may take for that, or for output, while the server stops: whoever waits for the server to end has
/// less patience, and a client that has fallen off the network never answers.
const LEAVE_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(2);

/// What a client may still send behind our close frame.
const IGNORED_BYTES_MAX: usize = 512 * 1024;
/// Memory for frames that is kept for the next ones.
const KEPT_BYTES_MAX: usize = 1024;
/// How long the worker's answer to a message is waited for when the client breaks a rule behind it.
const ANSWER_PATIENCE: std::time::Duration = std::time::Duration::from_millis(50);

/// Status codes this server closes with itself (RFC 6455 section 7.4.1 and IANA's registry).
const NO_CODE: u16 = 1005;
const ABNORMAL: u16 = 1006;
const INTERNAL_ERROR: u16 = 1011;
const SERVICE_RESTART: u16 = 1012;

/// A WebSocket that a worker has accepted.
pub(super) struct WebSocket {
    link: Arc<Link>,
    key: StreamKey,
    exchange: Arc<Exchange>,
    decoder: Decoder,
    encoder: Encoder,
    arrived: Arrived,
    /// How much of the frames that arrived has been taken.
    taken: usize,
    /// A part of a message for which another stream took the link's credit in between.
    held: Option<Held>,
    /// Credit of what is in the output, for which the worker gets it back when that has been written.
    unreturned: usize,
    stage: Stage,
    /// Messages to the worker less those from it, never below none: what may still be answered.
    unanswered: u32,
    /// The worker has not been told that it is over.
    worker_waits: bool,
    waits_for: Patience,
    /// When the client has been silent for too long.
    silence: Deadline,
    /// The worker takes no more for now, so that the client is not read.
    blocked: bool,
    /// What the client has sent behind our close frame.
    ignored_bytes: usize,
    /// Something has come from the client since this was last looked at.
    heard: bool,
    /// A ping has been sent since something came.
    pinged: bool,
    sent_bytes: u64,
    record: Option<Box<Record>>,
}

struct Held {
    kind: Type,
    data: Vec<u8>,
    last: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Open,
    /// The client has broken this rule and is not read any more. It gets what the worker says to its messages before.
    Failing(Fault),
    /// Our close frame is written; the client's is waited for.
    Closing,
    /// Nothing is read any more; the connection ends when the output is written.
    Over,
}

/// What a deadline is set for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Patience {
    Nothing,
    /// The client to take output.
    Write,
    /// The client's close frame.
    Close,
    /// The worker's answer to what came before the client broke a rule.
    Answer,
}

/// How the connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// In order: what is written is the client's to read.
    Closing,
    /// The client has not answered for so long that there is nothing to wait for any more. The system brings it what is
    /// written, if it can.
    Unanswered,
    /// The client is gone.
    Cut,
}

/// What reading came to.
enum Read {
    /// There is output, or the end.
    Look,
    /// The client must send more.
    NeedsInput,
    /// The worker must give credit, or the client take output.
    Blocked,
    /// The client has left without a word.
    Gone,
}

impl WebSocket {
    /// After ACCEPT; `arrived` is what came behind it.
    pub(super) fn new(
        link: Arc<Link>,
        key: StreamKey,
        exchange: Arc<Exchange>,
        handshake: &Handshake,
        message_bytes_max: u64,
        arrived: Arrived,
        record: Option<Box<Record>>,
    ) -> Self {
        let limits = Limits { message_bytes_max, ..Limits::default() };
        Self {
            link,
            key,
            exchange,
            decoder: Decoder::new(handshake.deflate(), &limits),
            encoder: Encoder::new(handshake.deflate()),
            arrived,
            taken: 0,
            held: None,
            unreturned: 0,
            stage: Stage::Open,
            unanswered: 0,
            worker_waits: true,
            waits_for: Patience::Nothing,
            silence: Deadline::new(),
            blocked: false,
            ignored_bytes: 0,
            heard: false,
            pinged: false,
            sent_bytes: 0,
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
                Poll::Ready(Err(_)) => return Poll::Ready(Ended::Cut),
                Poll::Pending => false,
            };
            if flushed {
                buffers::give_back(&mut connection.output);
                if self.unreturned > 0 {
                    self.link.consumed(self.key, std::mem::take(&mut self.unreturned));
                }
                if is_high || !self.arrived.frames.is_empty() {
                    // What arrived meanwhile has not been looked at, and nothing may come after it to wake this task.
                    continue;
                }
                if self.stage == Stage::Over {
                    return Poll::Ready(Ended::Closing);
                }
            }
            if matches!(self.stage, Stage::Open | Stage::Closing) {
                match self.read(connection, context) {
                    Read::Look => continue,
                    Read::Gone => return Poll::Ready(Ended::Cut),
                    // A pong may have been written.
                    Read::NeedsInput | Read::Blocked if flushed && !connection.output.is_empty() => continue,
                    Read::NeedsInput => self.blocked = false,
                    Read::Blocked => self.blocked = true,
                }
            }
            if self.poll_silence(flushed, connection, context).is_ready() {
                continue;
            }
            match self.poll_deadline(flushed, connection, context) {
                Poll::Ready(Some(ended)) => return Poll::Ready(ended),
                Poll::Ready(None) => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Takes what the worker has sent, up to a full output, and what has become of it.
    fn take_arrived(&mut self, connection: &mut Connection, context: &Context<'_>) {
        while connection.output.len() < OUTPUT_BYTES_HIGH {
            if self.arrived.is_empty() {
                self.exchange.take(context, &mut self.arrived);
                if self.arrived.is_empty() {
                    break;
                }
            }
            self.take_frames(&mut connection.output);
            if self.arrived.frames.is_empty() {
                self.take_notes(&mut connection.output);
            }
        }
        if self.arrived.frames.is_empty() {
            if self.arrived.frames.capacity() > KEPT_BYTES_MAX {
                self.arrived.frames = Vec::new();
            }
            if connection.shared.is_stopping() {
                self.leave(&mut connection.output);
            }
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
            self.take(&frame, out);
        }
        if self.taken < frames.len() {
            self.arrived.frames = frames;
            return;
        }
        self.taken = 0;
        frames.clear();
        self.exchange.recycle(frames);
    }

    fn take_notes(&mut self, out: &mut Vec<u8>) {
        let Arrived { lost, leaves, .. } = std::mem::take(&mut self.arrived);
        if let Some(why) = lost {
            self.worker_waits = false;
            let code = match why {
                Lost::WorkerGone | Lost::Unresponsive => INTERNAL_ERROR,
                Lost::ShuttingDown => SERVICE_RESTART,
            };
            self.close(out, code, "");
        }
        if leaves {
            self.leave(out);
        }
    }

    /// The server stops, or the worker is replaced.
    fn leave(&mut self, out: &mut Vec<u8>) {
        self.tell_worker(SERVICE_RESTART, "");
        self.close(out, SERVICE_RESTART, "");
    }

    /// One frame of the worker's.
    fn take(&mut self, frame: &Frame<'_>, out: &mut Vec<u8>) {
        match frame.header.kind {
            Type::Text | Type::Binary if matches!(self.stage, Stage::Open | Stage::Failing(_)) => {
                self.unanswered = self.unanswered.saturating_sub(u32::from(frame.header.is_last()));
                let kind = if frame.header.kind == Type::Text { Kind::Text } else { Kind::Binary };
                self.sent_bytes += frame.payload.len() as u64;
                self.encoder.message_part(out, kind, frame.payload, frame.header.is_last());
            }
            Type::Close => {
                // The link has checked it.
                let close = Close::decode(frame.payload).unwrap_or(Close::new(INTERNAL_ERROR, ""));
                self.tell_worker(close.code, close.reason);
                self.close(out, close.code, close.reason);
            }
            Type::Cancel => {
                self.worker_waits = false;
                self.close(out, INTERNAL_ERROR, "");
            }
            _ => {}
        }
    }

    /// Closes the client's side, if it is open.
    fn close(&mut self, out: &mut Vec<u8>, code: u16, reason: &str) {
        match self.stage {
            Stage::Open => {
                write_close(out, Some(code), reason);
                self.stage = Stage::Closing;
            }
            Stage::Failing(fault) => self.end_failed(out, fault),
            Stage::Closing | Stage::Over => {}
        }
    }

    /// Tells the worker that it is over, once.
    fn tell_worker(&mut self, code: u16, reason: &str) {
        if std::mem::take(&mut self.worker_waits) {
            self.link.close_socket(self.key, &Close { code, reason });
        }
    }

    /// Reads what the client has sent, as far as the worker takes it.
    fn read(&mut self, connection: &mut Connection, context: &mut Context<'_>) -> Read {
        loop {
            if connection.output.len() >= OUTPUT_BYTES_HIGH || !self.send_held() {
                return Read::Blocked;
            }
            if connection.taken < connection.input.len() || self.decoder.holds_data() {
                match self.decode(connection) {
                    Read::NeedsInput => {}
                    read => return read,
                }
            }
            match connection.poll_fill(context) {
                Poll::Ready(Ok(0) | Err(_)) => return Read::Gone,
                Poll::Ready(Ok(_)) => self.heard = true,
                Poll::Pending => return Read::NeedsInput,
            }
        }
    }

    /// Passes on what is in the input.
    fn decode(&mut self, connection: &mut Connection) -> Read {
        let Connection { input, taken, output, .. } = connection;
        SCRATCH.with_borrow_mut(|scratch| {
            // A message that inflates to just what there was room for ends without further input.
            while *taken < input.len() || self.decoder.holds_data() {
                let room = match self.stage {
                    Stage::Open => self.link.message_room(self.key).unwrap_or(0).min(BODY_BYTES_MAX),
                    Stage::Failing(_) | Stage::Closing | Stage::Over => BODY_BYTES_MAX,
                };
                let decoded = match self.decoder.decode(&mut input[*taken..], room, scratch) {
                    Ok(decoded) => decoded,
                    Err(fault) => {
                        self.fail(output, fault);
                        return Read::Look;
                    }
                };
                *taken += decoded.consumed;
                if self.stage == Stage::Closing {
                    let inflated_bytes =
                        if let Item::Data { data, .. } = decoded.item { data.len() } else { 0 };
                    self.ignored_bytes += decoded.consumed + inflated_bytes;
                    if self.ignored_bytes > IGNORED_BYTES_MAX {
                        self.stage = Stage::Over;
                        return Read::Look;
                    }
                }
                match decoded.item {
                    Item::NeedMore => return Read::NeedsInput,
                    Item::NeedRoom => return Read::Blocked,
                    Item::Data { kind, data, last } if self.stage == Stage::Open => {
                        self.unanswered = self.unanswered.saturating_add(u32::from(last));
                        let kind = if kind == Kind::Text { Type::Text } else { Type::Binary };
                        let sent = self.link.send_message(self.key, kind, data, last);
                        if sent != Some(data.len()) {
                            let data = data[sent.unwrap_or(0)..].to_vec();
                            self.held = Some(Held { kind, data, last });
                            return Read::Blocked;
                        }
                    }
                    Item::Ping(payload) if self.stage == Stage::Open => {
                        write_pong(output, payload);
                        if output.len() >= OUTPUT_BYTES_HIGH {
                            return Read::Blocked;
                        }
                    }
                    Item::Data { .. } | Item::Ping(_) | Item::Pong(_) => {}
                    Item::Close { code, reason } => {
                        self.tell_worker(code.unwrap_or(NO_CODE), reason);
                        if self.stage == Stage::Open {
                            write_close(output, code, "");
                        }
                        self.stage = Stage::Over;
                        return Read::Look;
                    }
                }
            }
            Read::NeedsInput
        })
    }

    /// The client has broken a rule.
    fn fail(&mut self, out: &mut Vec<u8>, fault: Fault) {
        tracing::debug!(rule = %fault, "a client broke a rule of WebSocket");
        match self.stage {
            Stage::Open if self.unanswered > 0 => self.stage = Stage::Failing(fault),
            Stage::Open => self.end_failed(out, fault),
            Stage::Failing(_) | Stage::Closing | Stage::Over => self.stage = Stage::Over,
        }
    }

    fn end_failed(&mut self, out: &mut Vec<u8>, fault: Fault) {
        write_close(out, Some(fault.close_code()), fault.sentence());
        self.tell_worker(ABNORMAL, "");
        self.stage = Stage::Over;
    }

    /// Sends what was left of a part; false while some of it still is.
    fn send_held(&mut self) -> bool {
        let Some(held) = &mut self.held else { return true };
        if self.stage == Stage::Open {
            match self.link.send_message(self.key, held.kind, &held.data, held.last) {
                Some(count) if count == held.data.len() => {}
                sent => {
                    held.data.drain(..sent.unwrap_or(0));
                    return false;
                }
            }
        }
        self.held = None;
        true
    }

    /// Ready where something is to be done: with the end, or with output.
    fn poll_deadline(
        &mut self,
        flushed: bool,
        connection: &mut Connection,
        context: &mut Context<'_>,
    ) -> Poll<Option<Ended>> {
        let Connection { shared, deadline, output, .. } = connection;
        let waits_for = match self.stage {
            _ if !flushed => Patience::Write,
            Stage::Open => Patience::Nothing,
            Stage::Failing(_) if self.unanswered > 0 => Patience::Answer,
            Stage::Failing(fault) => {
                self.end_failed(output, fault);
                return Poll::Ready(None);
            }
            Stage::Closing | Stage::Over => Patience::Close,
        };
        if waits_for != self.waits_for {
            self.waits_for = waits_for;
            deadline.lift();
        }
        match waits_for {
            Patience::Nothing => return Poll::Pending,
            Patience::Write => deadline.set_once(shared.timeouts.write),
            Patience::Close => deadline.set_once(CLOSE_TIMEOUT),
            Patience::Answer => deadline.set_once(ANSWER_PATIENCE),
        }
        if shared.is_stopping() {
            deadline.bring_forward(LEAVE_TIMEOUT);
        }
        if deadline.poll(context).is_pending() {
            return Poll::Pending;
        }
        match waits_for {
            Patience::Write => Poll::Ready(Some(Ended::Cut)),
            Patience::Close | Patience::Nothing => Poll::Ready(Some(Ended::Unanswered)),
            Patience::Answer => {
                self.unanswered = 0;
                Poll::Ready(None)
            }
        }
    }

    /// Asks a silent client for a sign of life, and gives it up if there is none. Ready where there is output.
    fn poll_silence(
        &mut self,
        flushed: bool,
        connection: &mut Connection,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        let Connection { shared, output, .. } = connection;
        let settings = &shared.websocket;
        let (Some(interval), Stage::Open) = (settings.ping_interval, self.stage) else {
            return Poll::Pending;
        };
        loop {
            let awaits_pong = self.pinged && !self.heard;
            self.silence.set_once(if awaits_pong { settings.ping_timeout } else { interval });
            if self.silence.poll(context).is_pending() {
                return Poll::Pending;
            }
            if self.blocked {
                // What it has said is not read. The ping finds a connection that has fallen.
                self.pinged = false;
            } else if std::mem::take(&mut self.heard) {
                self.pinged = false;
                continue;
            } else if self.pinged {
                self.tell_worker(ABNORMAL, "");
                self.close(output, INTERNAL_ERROR, "keepalive ping timeout");
                self.stage = Stage::Over;
                return Poll::Ready(());
            } else {
                self.pinged = true;
            }
            // One that does not take what there is would not take a ping either.
            if flushed {
                write_ping(output, b"");
                return Poll::Ready(());
            }
        }
    }
}

impl Drop for WebSocket {
    fn drop(&mut self) {
        self.tell_worker(ABNORMAL, "");
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
            record.write(101, self.sent_bytes);
        }
    }
}

thread_local! {
    /// What compressed messages are inflated into.
    static SCRATCH: std::cell::RefCell<Vec<u8>> = const { std::cell::RefCell::new(Vec::new()) };
}
