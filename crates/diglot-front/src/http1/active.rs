//! A request that a worker has: its body goes there, its response comes back, until both are over.

use std::sync::Arc;
use std::task::{Context, Poll};

use diglot_link::StreamKey;
use diglot_link::frame;
use diglot_link::message::CancelReason;

use super::access::Record;
use super::answer::Answer;
use super::connection::Connection;
use super::dispatch::Scratches;
use super::fault;
use super::reply::{Fault, Reply, Step};
use super::tunnel::{Beginning, Tunnel};
use super::upload::{Pumped, Upload, UploadFault};
use super::websocket::WebSocket;
use crate::buffers;
use crate::exchange::{Arrived, Exchange};
use crate::link::Link;

/// Output above this is written before more of the response is taken, which stops the worker in the end.
const OUTPUT_BYTES_HIGH: usize = 64 * 1024;

/// One request in flight.
pub(crate) struct Active {
    pub(super) link: Arc<Link>,
    pub(super) key: StreamKey,
    pub(super) exchange: Arc<Exchange>,
    pub(super) reply: Reply,
    pub(super) upload: Option<Upload>,
    pub(super) record: Option<Box<Record>>,
    /// Where the worker may take the connection over: how many bytes behind the head it has been given for that.
    pub(super) ahead_bytes: Option<usize>,
    arrived: Arrived,
    /// Payload bytes that are in the output and for which the worker gets no credit before they are written.
    unreturned: usize,
    waits_for: Patience,
    is_over: bool,
    had_upload: bool,
    /// Some of the response may have left: nothing else can be answered.
    has_left: bool,
    /// The worker is about to end.
    leaves: bool,
    /// The client has ended its side, and the worker knows.
    has_left_half: bool,
}

/// What a deadline is set for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Patience {
    Nothing,
    /// The client to take output.
    Write,
    /// The client to send more of the body.
    Body,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finished {
    /// Written, and the connection may carry another request.
    Complete,
    /// It is a WebSocket now.
    Switched,
    /// The application has taken the connection over.
    TakenOver,
    /// The connection ends when the output is written.
    Closing,
    /// The response is not whole, or the client is gone.
    Cut,
}

impl Active {
    pub(super) fn new(
        link: Arc<Link>,
        key: StreamKey,
        exchange: Arc<Exchange>,
        reply: Reply,
        upload: Option<Upload>,
    ) -> Self {
        Self {
            link,
            key,
            exchange,
            had_upload: upload.is_some() || reply.is_handshake(),
            reply,
            upload,
            record: None,
            ahead_bytes: None,
            arrived: Arrived::default(),
            unreturned: 0,
            waits_for: Patience::Nothing,
            is_over: false,
            has_left: false,
            leaves: false,
            has_left_half: false,
        }
    }

    /// The WebSocket that a worker has made of it, with the frames that came behind.
    pub(super) fn into_websocket(mut self, message_bytes_max: u64) -> Option<WebSocket> {
        let handshake = self.reply.take_handshake()?;
        self.is_over = true;
        self.arrived.leaves |= self.leaves;
        Some(WebSocket::new(
            Arc::clone(&self.link),
            self.key,
            Arc::clone(&self.exchange),
            &handshake,
            message_bytes_max,
            std::mem::take(&mut self.arrived),
            self.record.take(),
        ))
    }

    /// The tunnel that the application has made of it, with the frames that came behind. What the worker had aboard is taken
    /// from the connection's input.
    pub(super) fn into_tunnel(mut self, connection: &mut Connection) -> Tunnel {
        self.is_over = true;
        connection.taken += self.ahead_bytes.unwrap_or(0);
        Tunnel::new(Beginning {
            link: Arc::clone(&self.link),
            key: self.key,
            exchange: Arc::clone(&self.exchange),
            arrived: std::mem::take(&mut self.arrived),
            held: self.upload.take().map(Upload::into_held).unwrap_or_default(),
            record: self.record.take(),
        })
    }

    /// Whether both directions have ended, so that the stream is over on the link too.
    fn is_done(&self) -> bool {
        self.reply.has_ended() && self.upload.is_none()
    }

    pub(super) fn poll(&mut self, connection: &mut Connection, context: &mut Context<'_>) -> Poll<Finished> {
        loop {
            let is_high = connection.output.len() >= OUTPUT_BYTES_HIGH;
            if !is_high && let Some(finished) = self.take_arrived(connection, context) {
                return Poll::Ready(finished);
            }
            let flushed = match connection.poll_flush(context) {
                Poll::Ready(Ok(())) => true,
                Poll::Ready(Err(_)) => return Poll::Ready(self.give_up(CancelReason::ClientGone)),
                Poll::Pending => false,
            };
            self.has_left |= self.reply.has_begun();
            if flushed && self.unreturned > 0 {
                self.link.consumed(self.key, std::mem::take(&mut self.unreturned));
            }
            if flushed && is_high {
                // What arrived meanwhile has not been looked at, and nothing may come after it to wake this task.
                continue;
            }
            if self.is_done() && flushed {
                self.is_over = true;
                if self.had_upload {
                    // A STOP that crossed the body's end is not for the connection's next request.
                    self.exchange.clear();
                }
                return Poll::Ready(match self.reply.lives_on() {
                    true => Finished::Complete,
                    false => Finished::Closing,
                });
            }
            let stays = self.reply.lives_on() && !connection.shared.is_stopping();
            if self.reply.has_ended() && flushed && !stays {
                // The client has been told that the connection ends, or the server does: the rest of its body is not waited for.
                self.cancel(CancelReason::Refused);
                return Poll::Ready(Finished::Closing);
            }
            let reads = match self.poll_upload(connection, context, flushed) {
                Ok(reads) => reads,
                Err(finished) => return Poll::Ready(finished),
            };
            // A body that waits for the client reads by itself; otherwise its leaving must still be noticed.
            if !reads
                && connection.poll_watch(context).is_ready()
                && !self.will_be_whole(connection)
                && !self.may_go_on(connection)
                && !self.leave(connection)
            {
                return Poll::Ready(self.give_up(CancelReason::ClientGone));
            }
            if self.is_done() && flushed {
                continue;
            }
            let waits_for = match (flushed, reads) {
                (false, _) => Patience::Write,
                (true, true) => Patience::Body,
                (true, false) if self.reply.has_ended() || self.has_left_half => Patience::Body,
                (true, false) => Patience::Nothing,
            };
            return self.poll_deadline(waits_for, connection, context);
        }
    }

    /// Writes what has arrived of the response. `Some`: the request is over.
    fn take_arrived(&mut self, connection: &mut Connection, context: &Context<'_>) -> Option<Finished> {
        self.exchange.take(context, &mut self.arrived);
        if self.arrived.is_empty() {
            return None;
        }
        let stays = !connection.shared.is_stopping();
        let mut frames = std::mem::take(&mut self.arrived.frames);
        if connection.output.capacity() == 0 && !frames.is_empty() {
            connection.output = buffers::borrow();
        }
        let mut at = 0;
        let mut step = Ok(Step::More);
        while let Ok(Some(frame)) = frame::decode(&frames[at..]) {
            at += frame.len();
            self.unreturned += frame.credit();
            if matches!(step, Ok(Step::More | Step::Complete)) {
                step = Scratches::with(|scratches| {
                    self.reply.take(frame, &mut connection.output, &mut scratches.fields, stays)
                });
            }
            if let Ok(switched @ (Step::Switched | Step::TakenOver)) = step {
                self.arrived.frames = frames.split_off(at);
                let is_tunnel = switched == Step::TakenOver;
                return Some(if is_tunnel { Finished::TakenOver } else { Finished::Switched });
            }
        }
        frames.clear();
        self.exchange.recycle(frames);
        if self.reply.streams_events() {
            self.exchange.set_streams_events(true);
        }
        match step {
            Ok(Step::More | Step::Complete | Step::Switched | Step::TakenOver) => {}
            // What the application had sent is the client's, and no other answer can follow it.
            Ok(Step::Cancelled) if self.reply.has_begun() => {
                return Some(self.give_up(CancelReason::Refused));
            }
            // It has closed the connection, as Node does when the client has ended its side: the client sees that, and no answer
            // that nobody gave.
            Ok(Step::Cancelled) if connection.exchange.is_hung_up() || self.has_left_half => {
                return Some(self.give_up(CancelReason::Refused));
            }
            Ok(Step::Cancelled) => return Some(self.fail(connection, &Answer::CANCELLED)),
            Err(fault) => return Some(self.faulty(connection, fault)),
        }
        if std::mem::take(&mut self.arrived.stopped)
            && let Some(upload) = &mut self.upload
        {
            upload.discard();
        }
        self.arrived.credit = false;
        self.arrived.called = false;
        self.leaves |= std::mem::take(&mut self.arrived.leaves);
        match self.arrived.lost.take() {
            Some(why) if !self.reply.is_complete() => Some(self.fail(connection, &Answer::lost(why))),
            Some(_) => {
                // The response is whole; nobody is left to take the rest of the body.
                self.reply.end();
                if let Some(upload) = &mut self.upload {
                    upload.discard();
                }
                None
            }
            None => None,
        }
    }

    /// Tells a server of the application's own that the client has ended its side of the connection. Such a server answers at once
    /// what it can, and its client may well read that. False: there is nothing to wait for.
    fn leave(&mut self, connection: &Connection) -> bool {
        let may_read = connection.ended && self.upload.is_none() && fault::knows_faults(&self.link);
        if may_read && !std::mem::replace(&mut self.has_left_half, true) {
            self.link.leave(self.key);
        }
        may_read
    }

    /// Whether the client that has left has sent all of the body: then the worker gets it before it hears of that.
    fn will_be_whole(&self, connection: &Connection) -> bool {
        let input = &connection.input[connection.taken..];
        connection.ended && self.upload.as_ref().is_some_and(|upload| upload.ends_within(input))
    }

    /// Whether a client that has ended its side may still be answered: a connection that is taken over ends by halves.
    fn may_go_on(&self, connection: &Connection) -> bool {
        connection.ended && self.ahead_bytes.is_some() && !self.reply.has_begun()
    }

    /// Moves the body on. Returns whether it waits for the client.
    fn poll_upload(
        &mut self,
        connection: &mut Connection,
        context: &mut Context<'_>,
        flushed: bool,
    ) -> Result<bool, Finished> {
        while let Some(upload) = &mut self.upload {
            let input = &connection.input[connection.taken..];
            let (taken, pumped) = match upload.pump(input, &self.link, self.key) {
                Ok(pumped) => pumped,
                Err(UploadFault::Rejected(rejection)) => {
                    if self.tell_fault(connection, rejection.rule.name()) {
                        return Ok(false);
                    }
                    self.cancel(CancelReason::Refused);
                    return Err(self.fail(connection, &Answer::rejected(&rejection)));
                }
                Err(UploadFault::TooLarge) => {
                    self.cancel(CancelReason::Refused);
                    return Err(self.fail(connection, &Answer::BODY_TOO_LARGE));
                }
                Err(UploadFault::Unwanted) if self.reply.has_ended() && flushed => {
                    self.cancel(CancelReason::Refused);
                    return Err(Finished::Closing);
                }
                // The response is still on its way: the client must not block it by sending on.
                Err(UploadFault::Unwanted) => return Ok(false),
            };
            connection.taken += taken;
            if taken > 0 {
                self.reply.body_came();
                self.waits_for = Patience::Nothing;
            }
            match pumped {
                Pumped::Complete => self.upload = None,
                Pumped::NeedsCredit => return Ok(false),
                Pumped::NeedsInput => match connection.poll_fill(context) {
                    Poll::Ready(Ok(0)) => {
                        connection.ended = true;
                        // It has ended its side only: as behind a whole body, it may read what is answered to what there is.
                        if !self.reply.is_complete() && self.tell_fault(connection, fault::BODY_CUT) {
                            return Ok(false);
                        }
                        return Err(self.give_up(CancelReason::ClientGone));
                    }
                    Poll::Ready(Err(_)) => return Err(self.give_up(CancelReason::ClientGone)),
                    Poll::Ready(Ok(_)) => {}
                    Poll::Pending => return Ok(true),
                },
            }
        }
        Ok(false)
    }

    fn poll_deadline(
        &mut self,
        waits_for: Patience,
        connection: &mut Connection,
        context: &mut Context<'_>,
    ) -> Poll<Finished> {
        if waits_for != self.waits_for {
            self.waits_for = waits_for;
            connection.deadline.lift();
        }
        match waits_for {
            Patience::Nothing => return Poll::Pending,
            Patience::Write => connection.deadline.set_once(connection.shared.timeouts.write),
            Patience::Body => {
                connection.deadline.set_once(connection.shared.timeouts.body);
                if let Some(due) = connection.request_due() {
                    connection.deadline.not_after(due);
                }
            }
        }
        if connection.deadline.poll(context).is_pending() {
            return Poll::Pending;
        }
        if waits_for == Patience::Write {
            return Poll::Ready(self.give_up(CancelReason::TimedOut));
        }
        if self.reply.is_complete() {
            self.cancel(CancelReason::TimedOut);
            return Poll::Ready(Finished::Closing);
        }
        if self.has_left_half {
            return Poll::Ready(self.give_up(CancelReason::TimedOut));
        }
        if self.tell_fault(connection, fault::BODY_TIMED_OUT) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.cancel(CancelReason::TimedOut);
        Poll::Ready(self.fail(connection, &Answer::BODY_TIMED_OUT))
    }

    /// Leaves it to the application to answer a request whose body is none. False: it is the front's to answer.
    fn tell_fault(&mut self, connection: &mut Connection, rule: &str) -> bool {
        let bytes = &connection.input[connection.taken..];
        let told = fault::send(&self.link, self.key, connection.peer.id, rule, bytes);
        if told {
            self.upload = None;
            self.reply.turn_raw();
            connection.taken = connection.input.len();
            // Nobody knows where a next request would begin.
            connection.exchange.hang_up();
        }
        told
    }

    /// The response is not HTTP. Any application can have made it so, by passing on what a client sent it: it is this
    /// request's fault and nobody else's.
    fn faulty(&mut self, connection: &mut Connection, fault: Fault) -> Finished {
        let service = self.link.service().name();
        tracing::error!(service, status = self.reply.status(), "{fault}");
        self.fail(connection, &Answer::BAD_RESPONSE)
    }

    /// Answers in the worker's stead if nothing has been answered yet; else the client is cut off.
    fn fail(&mut self, connection: &mut Connection, answer: &Answer) -> Finished {
        self.cancel(CancelReason::Refused);
        // An application that was told of a fault, and said nothing, wants nothing said.
        if self.reply.is_complete() || self.reply.is_raw() {
            return Finished::Closing;
        }
        if self.reply.has_begun() {
            if self.has_left {
                return Finished::Cut;
            }
            connection.output.clear();
        }
        let lives_on = answer.keeps_connection
            && self.upload.is_none()
            && self.reply.request().keep_alive
            && !connection.shared.is_stopping();
        answer.write(&mut connection.output, &self.reply.request(), lives_on);
        self.reply.answered(answer.status, answer.content_bytes());
        if lives_on { Finished::Complete } else { Finished::Closing }
    }

    fn give_up(&mut self, reason: CancelReason) -> Finished {
        self.cancel(reason);
        Finished::Cut
    }

    /// Tells the worker that nobody waits, once, and returns the credit of what never reached the client.
    fn cancel(&mut self, reason: CancelReason) {
        if std::mem::replace(&mut self.is_over, true) {
            return;
        }
        self.link.cancel(self.key, reason);
        let left = self.exchange.clear();
        let mut at = 0;
        while let Ok(Some(frame)) = frame::decode(&left[at..]) {
            at += frame.len();
            self.unreturned += frame.credit();
        }
        if self.unreturned > 0 {
            self.link.consumed(self.key, std::mem::take(&mut self.unreturned));
        }
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        if let Some(mut record) = self.record.take() {
            record.write(self.reply.status(), self.reply.content_bytes());
        }
        if self.reply.streams_events() {
            self.exchange.set_streams_events(false);
        }
        self.cancel(CancelReason::ClientGone);
    }
}
