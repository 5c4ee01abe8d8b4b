//! The worker's end of a link.

use crate::credit::{ReceiveWindow, SendCredit};
use crate::frame::{
    self, ABOARD_BYTES_MAX, BODY_BYTES_MAX, FLAG_END, FLAG_LAST, Frame, HEADER_BYTES, Header,
    MESSAGE_BYTES_MAX, SESSION_BYTES_MAX, TEXT_BYTES_MAX, Type,
};
use crate::front::{frame_chunks, link_header};
use crate::message::{self, CancelReason, Close, Open, Ready, Request, Response, TooLong, Unsendable};
use crate::preface::{PREFACE_BYTES, Preface};
use crate::{Output, StreamKey, Violation};

/// Bytes of a PING's payload.
const PING_BYTES: usize = 8;

/// Streams, credit and pending output of a link, as the worker sees them.
///
/// `T` is whatever the caller keeps for a stream, given with [`Self::attach`]; it comes back with the stream's later
/// events.
#[derive(Debug)]
pub struct Worker<T> {
    output: Output,
    slots: Vec<Slot<T>>,
    preface: Option<Preface>,
    send: SendCredit,
    receive: ReceiveWindow,
    open_streams: usize,
    ready: bool,
    draining: bool,
}

#[derive(Debug)]
struct Slot<T> {
    generation: u32,
    used: bool,
    owner: Option<T>,
    request_open: bool,
    response: ResponseState,
    /// The request is a WebSocket handshake.
    is_handshake: bool,
    tunnel: Tunnel,
    /// The kind of the client's message of which more is to come.
    partial: Option<Type>,
    send: SendCredit,
    receive: ReceiveWindow,
}

/// How far a response is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ResponseState {
    /// Nothing but interim responses were sent.
    Awaited,
    /// RESPONSE was sent; BODY and TRAILERS may follow.
    Structured,
    /// WIRE was sent; more of it may follow.
    Wire,
    /// ACCEPT was sent: messages follow, both ways.
    WebSocket,
    /// TUNNEL was sent: raw bytes follow, both ways.
    Tunnel,
    /// It is complete, cancelled, or this id was never used.
    Closed,
}

/// How far a stream is from being a tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tunnel {
    /// The request is none that can become one.
    Never,
    /// It is not one yet.
    Possible,
    /// TUNNEL was sent. What the front sends before its own is the request's, and so is an END of it.
    Asked,
    /// The front has sent TUNNEL.
    Open,
}

/// What bytes from the front meant.
#[derive(Debug, PartialEq, Eq)]
pub enum WorkerEvent<'b, T> {
    /// A client connection that requests will name by this id.
    Open {
        /// Its id.
        connection: u32,
        /// Its ends.
        ends: Open<'b>,
    },
    /// That connection is gone.
    Closed {
        /// Its id.
        connection: u32,
    },
    /// A request. [`Worker::attach`] what belongs to it before the next call of [`Worker::handle`].
    Request {
        /// The stream.
        key: StreamKey,
        /// Head and first bytes of the body.
        request: Request<'b>,
        /// True if that is the whole body.
        end: bool,
    },
    /// More of the body, or of a tunnel's bytes. [`Worker::consumed`] is due when the bytes are no longer held.
    Body {
        /// The stream.
        key: StreamKey,
        /// What was attached.
        owner: T,
        /// The bytes.
        data: &'b [u8],
        /// True if the body ends with them.
        end: bool,
    },
    /// The body has ended, with trailer fields: lines `name: value\r\n`.
    Trailers {
        /// The stream.
        key: StreamKey,
        /// What was attached.
        owner: T,
        /// The lines.
        lines: &'b [u8],
    },
    /// A message of a WebSocket, or a part of one. [`Worker::consumed`] is due for `credit` when the bytes are no longer held.
    Message {
        /// The stream.
        key: StreamKey,
        /// What was attached.
        owner: T,
        /// [`Type::Text`] or [`Type::Binary`]. The front has checked that texts are UTF-8; a part may end within a character.
        kind: Type,
        /// The bytes.
        data: &'b [u8],
        /// True if the message ends with them.
        last: bool,
        /// What the part has cost.
        credit: usize,
    },
    /// The WebSocket is over. What is sent now goes nowhere; [`Worker::close`] confirms that the application has ended.
    Close {
        /// The stream.
        key: StreamKey,
        /// What was attached.
        owner: T,
        /// Why.
        close: Close<'b>,
    },
    /// Nobody waits for the response any more. What is sent of it now goes nowhere; [`Worker::cancel`]
    /// confirms that the application has stopped working on it.
    Cancel {
        /// The stream.
        key: StreamKey,
        /// What was attached.
        owner: T,
        /// Why.
        reason: CancelReason,
    },
    /// [`Worker::body`] or [`Worker::message`] may have room again on this stream.
    Credit {
        /// The stream.
        key: StreamKey,
        /// What was attached.
        owner: T,
    },
    /// [`Worker::body`] and [`Worker::message`] may have room again on all streams.
    LinkCredit,
    /// The server stops: streams without end should come to theirs. Requests may follow.
    Farewell,
    /// No request follows: finish what is open, then end.
    Drain,
}

type Handled<'b, T> = (usize, Option<WorkerEvent<'b, T>>);

impl<T: Clone> Default for Worker<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Clone> Worker<T> {
    /// A link whose preface has not come yet.
    pub fn new() -> Self {
        Self {
            output: Output::default(),
            slots: Vec::new(),
            preface: None,
            send: SendCredit::of_link(),
            receive: ReceiveWindow::of_link(),
            open_streams: 0,
            ready: false,
            draining: false,
        }
    }

    /// Bytes to write to the front.
    pub fn output(&mut self) -> &mut Output {
        &mut self.output
    }

    /// Streams whose response is not over.
    pub fn open_streams(&self) -> usize {
        self.open_streams
    }

    /// Says that the application is loaded.
    pub fn ready(&mut self, ready: &Ready<'_>) {
        self.ready = true;
        let mark = frame::begin(self.output.tail(), link_header(Type::Ready));
        ready.encode(self.output.tail());
        frame::finish(self.output.tail(), mark);
    }

    /// Says why the application could not be loaded. A text above [`MESSAGE_BYTES_MAX`] keeps its end, where
    /// tracebacks have the error.
    pub fn failed(&mut self, reason: &str) {
        let mut start = reason.len().saturating_sub(MESSAGE_BYTES_MAX);
        while !reason.is_char_boundary(start) {
            start += 1;
        }
        frame::encode(self.output.tail(), link_header(Type::Failed), &reason.as_bytes()[start..]);
    }

    /// Says that the worker lives, without being asked: its event loop stands still for a reason.
    pub fn breathe(&mut self) {
        frame::encode(self.output.tail(), link_header(Type::Pong), &[0; PING_BYTES]);
    }

    /// Asks for the requests of a session: those whose query has its name as `sid`.
    ///
    /// # Errors
    /// [`TooLong`] above [`SESSION_BYTES_MAX`]; nothing was sent.
    pub fn claim(&mut self, session: &[u8]) -> Result<(), TooLong> {
        self.say_of_session(Type::Claim, session)
    }

    /// Says that a session is over.
    ///
    /// # Errors
    /// [`TooLong`] above [`SESSION_BYTES_MAX`]; nothing was sent.
    pub fn release(&mut self, session: &[u8]) -> Result<(), TooLong> {
        self.say_of_session(Type::Release, session)
    }

    fn say_of_session(&mut self, kind: Type, session: &[u8]) -> Result<(), TooLong> {
        if session.len() > SESSION_BYTES_MAX {
            return Err(TooLong("name of the session"));
        }
        if !session.is_empty() {
            frame::encode(self.output.tail(), link_header(kind), session);
        }
        Ok(())
    }

    /// Gives a stream what comes back with its events. A stream that is over keeps nothing.
    pub fn attach(&mut self, key: StreamKey, owner: T) {
        if let Some(slot) = self.slot_mut(key)
            && !slot.is_over()
        {
            slot.owner = Some(owner);
        }
    }

    /// Sends a response's head, with the start of its body; `end` if that is all of it. What does not fit aboard is
    /// sent as credit allows; returns how many bytes of `body` were taken, and `end` takes effect if all were.
    ///
    /// `lines` are the fields as `name: value\r\n`. A second head goes nowhere, body and all.
    ///
    /// # Errors
    /// The fields are above [`TEXT_BYTES_MAX`], or `status` is not [`message::is_final`]; nothing was sent.
    pub fn respond(
        &mut self,
        key: StreamKey,
        status: u16,
        lines: &[u8],
        body: &[u8],
        end: bool,
    ) -> Result<usize, Unsendable> {
        if !message::is_final(status) {
            return Err(Unsendable::Status(status));
        }
        if lines.len() > TEXT_BYTES_MAX {
            return Err(TooLong("header section").into());
        }
        let Some(slot) = self.slot_mut(key).filter(|slot| slot.response == ResponseState::Awaited) else {
            return Ok(body.len());
        };
        slot.response = ResponseState::Structured;
        let (aboard, rest) = body.split_at(body.len().min(ABOARD_BYTES_MAX));
        let ends = end && rest.is_empty();
        let tail = self.output.tail();
        let mark = frame::begin(tail, key.header(Type::Response, if ends { FLAG_END } else { 0 }));
        Response::encode_fixed(tail, status, lines.len());
        tail.extend_from_slice(lines);
        tail.extend_from_slice(aboard);
        frame::finish(tail, mark);
        if ends {
            self.close_response(key);
        }
        if rest.is_empty() { Ok(aboard.len()) } else { Ok(aboard.len() + self.body(key, rest, end)) }
    }

    /// Sends an interim response. Fields as in [`Self::respond`]. After the head it goes nowhere.
    ///
    /// # Errors
    /// The fields are above [`TEXT_BYTES_MAX`], or `status` is not [`message::is_interim`]; nothing was sent.
    pub fn inform(&mut self, key: StreamKey, status: u16, lines: &[u8]) -> Result<(), Unsendable> {
        if !message::is_interim(status) {
            return Err(Unsendable::Status(status));
        }
        if lines.len() > TEXT_BYTES_MAX {
            return Err(TooLong("header section").into());
        }
        if self.slot(key).is_some_and(|slot| slot.response == ResponseState::Awaited) {
            let tail = self.output.tail();
            let mark = frame::begin(tail, key.header(Type::Inform, 0));
            Response::encode_fixed(tail, status, lines.len());
            tail.extend_from_slice(lines);
            frame::finish(tail, mark);
        }
        Ok(())
    }

    /// Bytes that [`Self::body`] or [`Self::wire`] would take now. A stream whose response is over takes everything, to
    /// nowhere.
    pub fn body_room(&self, key: StreamKey) -> usize {
        match self.slot(key) {
            Some(slot) if slot.response != ResponseState::Closed => {
                slot.send.available().min(self.send.available())
            }
            _ => usize::MAX,
        }
    }

    /// Sends as much of `data` as there is credit for and returns how much; `end` takes effect if all of it went. Takes
    /// nothing before [`Self::respond`] or [`Self::tunnel`].
    pub fn body(&mut self, key: StreamKey, data: &[u8], end: bool) -> usize {
        match self.response(key) {
            ResponseState::Structured | ResponseState::Tunnel => self.send_bytes(Type::Body, key, data, end),
            ResponseState::Closed => data.len(),
            ResponseState::Awaited | ResponseState::Wire | ResponseState::WebSocket => 0,
        }
    }

    /// Sends a response as HTTP/1.1 has it on the wire, head and all: as [`Self::body`], and instead of
    /// [`Self::respond`]. Takes nothing after that.
    pub fn wire(&mut self, key: StreamKey, data: &[u8], end: bool) -> usize {
        match self.response(key) {
            ResponseState::Awaited | ResponseState::Wire => self.send_bytes(Type::Wire, key, data, end),
            ResponseState::Closed => data.len(),
            ResponseState::Structured | ResponseState::WebSocket | ResponseState::Tunnel => 0,
        }
    }

    fn send_bytes(&mut self, kind: Type, key: StreamKey, data: &[u8], end: bool) -> usize {
        let sent = &data[..data.len().min(self.body_room(key))];
        let ends = end && sent.len() == data.len();
        if sent.is_empty() && !ends {
            return 0;
        }
        frame_chunks(self.output.tail(), kind, key, sent, ends);
        self.send.spend(sent.len());
        if let Some(slot) = self.slot_mut(key) {
            slot.send.spend(sent.len());
            if kind == Type::Wire {
                slot.response = ResponseState::Wire;
            }
        }
        if ends {
            self.close_response(key);
        }
        sent.len()
    }

    /// Ends the response with trailer fields, as lines `name: value\r\n`. Does nothing before [`Self::respond`].
    ///
    /// # Errors
    /// [`TooLong`] above [`TEXT_BYTES_MAX`]; nothing was sent.
    pub fn trailers(&mut self, key: StreamKey, lines: &[u8]) -> Result<(), TooLong> {
        if lines.len() > TEXT_BYTES_MAX {
            return Err(TooLong("trailer section"));
        }
        if self.response(key) == ResponseState::Structured {
            frame::encode(self.output.tail(), key.header(Type::Trailers, FLAG_END), lines);
            self.close_response(key);
        }
        Ok(())
    }

    /// Accepts a WebSocket; `lines` are fields of the 101 response, as `name: value\r\n`. Does nothing where a handshake
    /// does not wait for it.
    ///
    /// # Errors
    /// [`TooLong`] above [`TEXT_BYTES_MAX`]; nothing was sent.
    pub fn accept(&mut self, key: StreamKey, lines: &[u8]) -> Result<(), TooLong> {
        if lines.len() > TEXT_BYTES_MAX {
            return Err(TooLong("header section"));
        }
        let is_awaited = |slot: &&mut Slot<T>| slot.is_handshake && slot.response == ResponseState::Awaited;
        if let Some(slot) = self.slot_mut(key).filter(is_awaited) {
            slot.response = ResponseState::WebSocket;
            frame::encode(self.output.tail(), key.header(Type::Accept, 0), lines);
        }
        Ok(())
    }

    /// Takes the client's connection over, for a request that [`message::RequestLine::may_tunnel`]: from now on
    /// [`Self::body`] sends raw bytes, and what comes from the client, its request's body and what is behind it, comes as
    /// [`WorkerEvent::Body`], though the body may have ended. Does nothing behind another answer.
    pub fn tunnel(&mut self, key: StreamKey) {
        let can =
            |slot: &&mut Slot<T>| slot.tunnel == Tunnel::Possible && slot.response == ResponseState::Awaited;
        if let Some(slot) = self.slot_mut(key).filter(can) {
            slot.tunnel = Tunnel::Asked;
            slot.response = ResponseState::Tunnel;
            slot.request_open = true;
            frame::encode(self.output.tail(), key.header(Type::Tunnel, 0), &[]);
        }
    }

    /// Bytes of a message that [`Self::message`] would take now; `None` if it would not even take an empty one. A WebSocket
    /// that is over takes everything, to nowhere.
    pub fn message_room(&self, key: StreamKey) -> Option<usize> {
        match self.slot(key) {
            Some(slot) if slot.response != ResponseState::Closed => {
                slot.send.available().min(self.send.available()).checked_sub(HEADER_BYTES)
            }
            _ => Some(usize::MAX),
        }
    }

    /// Sends as much of `data`, a message of a WebSocket or the rest of one, as there is credit for; `last` takes effect if
    /// all of it went. Returns how much went, `None` if nothing did, not even an end. Takes nothing before
    /// [`Self::accept`].
    ///
    /// `kind` is [`Type::Text`] or [`Type::Binary`], the same for all parts of a message.
    pub fn message(&mut self, key: StreamKey, kind: Type, data: &[u8], last: bool) -> Option<usize> {
        debug_assert!(matches!(kind, Type::Text | Type::Binary));
        match self.response(key) {
            ResponseState::WebSocket => {}
            ResponseState::Closed => return Some(data.len()),
            _ => return None,
        }
        let mut sent = None;
        loop {
            let rest = &data[sent.unwrap_or(0)..];
            let Some(room) = self.message_room(key) else { return sent };
            let part = &rest[..rest.len().min(room).min(BODY_BYTES_MAX)];
            let is_all = part.len() == rest.len();
            if part.is_empty() && !(is_all && last) {
                return sent;
            }
            let flags = if is_all && last { FLAG_LAST } else { 0 };
            frame::encode(self.output.tail(), key.header(kind, flags), part);
            let credit = HEADER_BYTES + part.len();
            self.send.spend(credit);
            if let Some(slot) = self.slot_mut(key) {
                slot.send.spend(credit);
            }
            sent = Some(sent.unwrap_or(0) + part.len());
            if is_all {
                return sent;
            }
        }
    }

    /// Closes an accepted WebSocket, or confirms that the application of one that is over has ended. The code is one of
    /// [`Close::is_sendable`].
    pub fn close(&mut self, key: StreamKey, close: &Close<'_>) {
        debug_assert!(Close::is_sendable(close.code), "{}", close.code);
        if self.response(key) == ResponseState::WebSocket {
            let mark = frame::begin(self.output.tail(), key.header(Type::Close, FLAG_END));
            close.encode(self.output.tail());
            frame::finish(self.output.tail(), mark);
            self.close_response(key);
        }
    }

    /// Says that the rest of the request's body is not wanted.
    pub fn stop(&mut self, key: StreamKey) {
        let Some(slot) = self.slot_mut(key) else { return };
        if std::mem::replace(&mut slot.request_open, false) {
            slot.drop_owner_if_over();
            frame::encode(self.output.tail(), key.header(Type::Stop, 0), &[]);
        }
    }

    /// Ends the stream without completing its response, or confirms the front's CANCEL.
    pub fn cancel(&mut self, key: StreamKey, reason: CancelReason) {
        let Some(slot) = self.slot_mut(key) else { return };
        let request_was_open = std::mem::replace(&mut slot.request_open, false);
        slot.owner = None;
        if std::mem::replace(&mut slot.response, ResponseState::Closed) != ResponseState::Closed {
            frame::encode(self.output.tail(), key.header(Type::Cancel, 0), &[reason as u8]);
            self.open_streams -= 1;
        } else if request_was_open {
            frame::encode(self.output.tail(), key.header(Type::Stop, 0), &[]);
        }
    }

    /// `bytes` of the credit that the stream's frames have cost are no longer held. Also for streams that are over.
    pub fn consumed(&mut self, key: StreamKey, bytes: usize) {
        let stream_credit = match self.slot_mut(key) {
            Some(slot) if slot.counts_request() => slot.receive.consume(bytes),
            _ => None,
        };
        if let Some(credit) = stream_credit {
            frame::encode(self.output.tail(), key.header(Type::Credit, 0), &credit.to_le_bytes());
        }
        self.return_link_credit(bytes);
    }

    /// Takes one preface or frame from the start of `input`. `Ok(None)`: it is not whole yet.
    ///
    /// # Errors
    /// A [`Violation`]; the link is of no more use.
    pub fn handle<'b>(&mut self, input: &'b [u8]) -> Result<Option<Handled<'b, T>>, Violation> {
        if self.preface.is_none() {
            let Some(preface) = Preface::decode(input)? else { return Ok(None) };
            preface.encode(self.output.tail());
            self.preface = Some(preface);
            return Ok(Some((PREFACE_BYTES, None)));
        }
        let Some(frame) = frame::decode(input)? else { return Ok(None) };
        let event = self.handle_frame(frame)?;
        Ok(Some((frame.len(), event)))
    }

    fn handle_frame<'b>(&mut self, frame: Frame<'b>) -> Result<Option<WorkerEvent<'b, T>>, Violation> {
        let Frame { header, payload } = frame;
        match header.kind {
            Type::Request => self.handle_request(frame).map(Some),
            Type::Body => self.handle_body(frame),
            Type::Text | Type::Binary => self.handle_message(frame),
            Type::Close => {
                let close = Close::decode(payload)?;
                let Some((key, slot)) = self.known(&header)? else { return Ok(None) };
                if !slot.is_handshake || slot.response == ResponseState::Awaited {
                    return Err(Violation::OutOfTurn { kind: header.kind, stream: header.stream });
                }
                if !std::mem::replace(&mut slot.request_open, false) {
                    return Ok(None);
                }
                Ok(slot.owner_at_end().map(|owner| WorkerEvent::Close { key, owner, close }))
            }
            Type::Trailers => {
                let Some((key, slot)) = self.known(&header)? else { return Ok(None) };
                if slot.tunnel == Tunnel::Asked || !std::mem::replace(&mut slot.request_open, false) {
                    return Ok(None);
                }
                Ok(slot.owner_at_end().map(|owner| WorkerEvent::Trailers { key, owner, lines: payload }))
            }
            Type::Credit if header.stream == 0 => {
                self.send.grant(0, message::decode_credit(payload)?)?;
                Ok(Some(WorkerEvent::LinkCredit))
            }
            Type::Credit => {
                let credit = message::decode_credit(payload)?;
                let Some((key, slot)) = self.known(&header)? else { return Ok(None) };
                if slot.response == ResponseState::Closed {
                    return Ok(None);
                }
                slot.send.grant(header.stream, credit)?;
                Ok(slot.owner.clone().map(|owner| WorkerEvent::Credit { key, owner }))
            }
            Type::Cancel => {
                let reason = CancelReason::decode(payload)?;
                let Some((key, slot)) = self.known(&header)? else { return Ok(None) };
                slot.request_open = false;
                Ok(slot.owner_at_end().map(|owner| WorkerEvent::Cancel { key, owner, reason }))
            }
            Type::Tunnel => {
                let Some((_, slot)) = self.known(&header)? else { return Ok(None) };
                if slot.tunnel != Tunnel::Asked {
                    return Err(Violation::OutOfTurn { kind: header.kind, stream: header.stream });
                }
                slot.tunnel = Tunnel::Open;
                Ok(None)
            }
            Type::Open => {
                Ok(Some(WorkerEvent::Open { connection: header.stream, ends: Open::decode(payload)? }))
            }
            Type::Closed => Ok(Some(WorkerEvent::Closed { connection: header.stream })),
            Type::Drain => {
                self.draining = true;
                Ok(Some(WorkerEvent::Drain))
            }
            Type::Farewell => Ok(Some(WorkerEvent::Farewell)),
            Type::Ping if payload.len() != PING_BYTES => Err(Violation::Malformed { kind: Type::Ping }),
            Type::Ping => {
                frame::encode(self.output.tail(), link_header(Type::Pong), payload);
                Ok(None)
            }
            // PAUSE answers one, and what this end serves never listens by itself.
            Type::Response
            | Type::Wire
            | Type::Inform
            | Type::Stop
            | Type::HangUp
            | Type::CloseIdle
            | Type::Limits
            | Type::Early
            | Type::Fault
            | Type::Ready
            | Type::Pause
            | Type::Failed
            | Type::Pong
            | Type::Accept
            | Type::Claim
            | Type::Release => Err(Violation::OutOfTurn { kind: header.kind, stream: header.stream }),
        }
    }

    fn handle_request<'b>(&mut self, frame: Frame<'b>) -> Result<WorkerEvent<'b, T>, Violation> {
        let Frame { header, payload } = frame;
        let streams_max = self.preface.map_or(0, |preface| preface.streams_max);
        if header.stream == 0 || header.stream > streams_max {
            return Err(Violation::UnknownStream { kind: header.kind, stream: header.stream });
        }
        let request = Request::decode(payload)?;
        let index = header.stream as usize - 1;
        if self.slots.len() <= index {
            self.slots.resize_with(index + 1, Slot::unused);
        }
        let slot = &mut self.slots[index];
        if !slot.is_over() || !self.ready || self.draining {
            return Err(Violation::OutOfTurn { kind: header.kind, stream: header.stream });
        }
        let uses = header.generation.wrapping_sub(slot.generation as u16);
        let key =
            StreamKey { stream: header.stream, generation: slot.generation.wrapping_add(u32::from(uses)) };
        *slot = Slot {
            generation: key.generation,
            used: true,
            owner: None,
            request_open: !header.ends(),
            response: ResponseState::Awaited,
            is_handshake: request.line.flags & message::REQUEST_WEBSOCKET != 0,
            tunnel: if request.line.may_tunnel() { Tunnel::Possible } else { Tunnel::Never },
            partial: None,
            send: SendCredit::of_stream(),
            receive: ReceiveWindow::of_stream(),
        };
        self.open_streams += 1;
        Ok(WorkerEvent::Request { key, request, end: header.ends() })
    }

    fn handle_body<'b>(&mut self, frame: Frame<'b>) -> Result<Option<WorkerEvent<'b, T>>, Violation> {
        let Frame { header, payload: data } = frame;
        self.receive.receive(0, data.len())?;
        let Some((key, slot)) = self.known(&header)?.filter(|(_, slot)| slot.request_open) else {
            self.return_link_credit(data.len());
            return Ok(None);
        };
        slot.receive.receive(header.stream, data.len())?;
        let end = header.ends() && slot.tunnel != Tunnel::Asked;
        slot.request_open = !end;
        let owner = if end { slot.owner_at_end() } else { slot.owner.clone() };
        if owner.is_none() {
            self.consumed(key, data.len());
        }
        Ok(owner.map(|owner| WorkerEvent::Body { key, owner, data, end }))
    }

    fn handle_message<'b>(&mut self, frame: Frame<'b>) -> Result<Option<WorkerEvent<'b, T>>, Violation> {
        let Frame { header, payload: data } = frame;
        let credit = frame.credit();
        self.receive.receive(0, credit)?;
        let Some((key, slot)) = self.known(&header)?.filter(|(_, slot)| slot.request_open) else {
            self.return_link_credit(credit);
            return Ok(None);
        };
        slot.receive.receive(header.stream, credit)?;
        let is_accepted = slot.is_handshake && slot.response != ResponseState::Awaited;
        if !is_accepted || slot.partial.is_some_and(|begun| begun != header.kind) {
            return Err(Violation::OutOfTurn { kind: header.kind, stream: header.stream });
        }
        slot.partial = (!header.is_last()).then_some(header.kind);
        let Some(owner) = slot.owner.clone() else {
            self.consumed(key, credit);
            return Ok(None);
        };
        let (kind, last) = (header.kind, header.is_last());
        Ok(Some(WorkerEvent::Message { key, owner, kind, data, last, credit }))
    }

    /// The slot a frame is for; `None` if the stream it belonged to is over.
    fn known(&mut self, header: &Header) -> Result<Option<(StreamKey, &mut Slot<T>)>, Violation> {
        let never_opened = Violation::UnknownStream { kind: header.kind, stream: header.stream };
        let index = (header.stream as usize).checked_sub(1).ok_or(never_opened)?;
        let slot = self.slots.get_mut(index).filter(|slot| slot.used).ok_or(never_opened)?;
        let key = StreamKey { stream: header.stream, generation: slot.generation };
        Ok((slot.generation as u16 == header.generation).then_some((key, slot)))
    }

    fn response(&self, key: StreamKey) -> ResponseState {
        self.slot(key).map_or(ResponseState::Closed, |slot| slot.response)
    }

    fn slot(&self, key: StreamKey) -> Option<&Slot<T>> {
        self.slots.get(key.index()).filter(|slot| slot.generation == key.generation)
    }

    fn slot_mut(&mut self, key: StreamKey) -> Option<&mut Slot<T>> {
        self.slots.get_mut(key.index()).filter(|slot| slot.generation == key.generation)
    }

    fn close_response(&mut self, key: StreamKey) {
        let Some(slot) = self.slot_mut(key) else { return };
        slot.response = ResponseState::Closed;
        slot.drop_owner_if_over();
        self.open_streams -= 1;
    }

    fn return_link_credit(&mut self, bytes: usize) {
        if let Some(credit) = self.receive.consume(bytes) {
            frame::encode(self.output.tail(), link_header(Type::Credit), &credit.to_le_bytes());
        }
    }
}

impl<T: Clone> Slot<T> {
    const fn unused() -> Self {
        Self {
            generation: 0,
            used: false,
            owner: None,
            request_open: false,
            response: ResponseState::Closed,
            is_handshake: false,
            tunnel: Tunnel::Never,
            partial: None,
            send: SendCredit::of_stream(),
            receive: ReceiveWindow::of_stream(),
        }
    }

    /// The owner, for the last event of the request's direction; it is not kept if the response is over too.
    fn owner_at_end(&mut self) -> Option<T> {
        if self.is_over() { self.owner.take() } else { self.owner.clone() }
    }

    /// Whether credit for what came of the request is sent: as long as more can come.
    fn counts_request(&self) -> bool {
        self.request_open || (self.tunnel != Tunnel::Never && self.response != ResponseState::Closed)
    }

    fn is_over(&self) -> bool {
        !self.request_open && self.response == ResponseState::Closed
    }

    fn drop_owner_if_over(&mut self) {
        if self.is_over() {
            self.owner = None;
        }
    }
}
