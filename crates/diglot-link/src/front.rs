//! The server's end of a link.

use crate::credit::{ReceiveWindow, STREAM_WINDOW_BYTES, SendCredit};
use crate::frame::{
    self, BODY_BYTES_MAX, FLAG_END, FLAG_LAST, Frame, HEADER_BYTES, Header, TEXT_BYTES_MAX, Type,
};
use crate::message::{
    self, CancelReason, Close, Fault, Field, Limits, Open, Ready, RequestLine, Response, TooLong,
};
use crate::preface::{PREFACE_BYTES, Preface, REVISION};
use crate::{Output, StreamKey, Violation};

/// Streams, credit and pending output of a link, as the server sees them.
///
/// `T` is whatever the caller keeps for a stream, a counted reference as a rule: it comes back with each of the
/// stream's events and is dropped when the stream is over or cancelled.
#[derive(Debug)]
pub struct Front<T> {
    output: Output,
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
    open_streams: usize,
    open_sockets: usize,
    ours: Preface,
    greeted: bool,
    application: Application,
    draining: bool,
    send: SendCredit,
    receive: ReceiveWindow,
}

/// What the worker has said about its application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Application {
    Loading,
    Ready,
    /// It was, and its server is closed.
    Paused,
    Failed,
}

/// Bytes of a REQUEST and of TRAILERS that can wait for each stream: an id is used again when the worker has answered, so
/// no more than one of each waits for a worker that conforms.
const STREAM_OUTPUT_BYTES_MAX: usize = 256 * 1024;
/// What may wait however few streams there were: frames about connections, credit, the preface.
const OUTPUT_BYTES_MIN: usize = 4 * 1024 * 1024;

#[derive(Debug)]
struct Slot<T> {
    generation: u32,
    owner: Option<T>,
    request_open: bool,
    response: ResponseState,
    /// The request is a WebSocket handshake.
    is_handshake: bool,
    tunnel: Tunnel,
    /// The kind of the worker's message of which more is to come.
    partial: Option<Type>,
    send: SendCredit,
    receive: ReceiveWindow,
}

/// How far the worker is with a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ResponseState {
    /// Nothing but interim responses yet.
    Awaited,
    /// The head came as a RESPONSE; BODY and TRAILERS follow.
    Structured,
    /// It comes as bytes of the wire.
    Wire,
    /// ACCEPT came: messages follow, both ways.
    WebSocket,
    /// TUNNEL came: raw bytes follow, both ways.
    Tunnel,
    /// It is complete, or cancelled by the worker.
    Closed,
}

/// How far a stream is from being a tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tunnel {
    /// The request is none that can become one, or is over.
    Never,
    /// It is not one yet. Credit for what was sent of it is counted behind its end, too: that direction may open again.
    Possible,
    /// TUNNEL came and was not answered: what is sent is still the request's.
    Asked,
    /// It was answered.
    Open,
}

/// What bytes from the worker meant.
#[derive(Debug, PartialEq, Eq)]
pub enum FrontEvent<'b, T> {
    /// The worker's application is loaded.
    Ready(Ready<'b>),
    /// The worker's application listens no more: the worker takes no requests, unless it is resumed. It has been told that none
    /// follows.
    Paused,
    /// It listens again, and takes requests.
    Resumed,
    /// The worker's application could not be loaded; the text says why.
    Failed(&'b str),
    /// Requests of the session of this name are the worker's; more than one session is claimed by one worker. The name is not
    /// empty.
    Claim(&'b [u8]),
    /// The session of this name is over, if the worker had claimed it.
    Release(&'b [u8]),
    /// The answer to a [`Front::ping`].
    Pong([u8; 8]),
    /// A part of a response: a RESPONSE, INFORM, WIRE, BODY, TRAILERS or CANCEL frame, or ACCEPT and then TEXT, BINARY and
    /// CLOSE, or TUNNEL (for [`Front::begin_tunnel`] to answer) and then BODY, in an order that makes sense and with a payload that has been checked (but for the syntax of HTTP in it, and
    /// for whether a text is UTF-8).
    Response {
        /// The stream.
        key: StreamKey,
        /// What the caller gave to [`Front::begin`].
        owner: T,
        /// The frame.
        frame: Frame<'b>,
    },
    /// The worker wants no more of the request's body. What is sent of it now goes nowhere.
    Stop {
        /// The stream.
        key: StreamKey,
        /// What the caller gave to [`Front::begin`].
        owner: T,
    },
    /// [`Front::send_body`] or [`Front::send_message`] may have room again.
    Credit {
        /// The stream.
        key: StreamKey,
        /// What the caller gave to [`Front::begin`].
        owner: T,
    },
    /// The application has closed this client connection, which may be gone already: it ends when its response is over, or now.
    HangUp {
        /// As it was announced.
        connection: u32,
    },
    /// The application closes this client connection, which may be gone already, unless a request has begun to come on it.
    CloseIdle {
        /// As it was announced.
        connection: u32,
    },
    /// What limits the application sets for this client connection, which may be gone already.
    Limits {
        /// As it was announced.
        connection: u32,
        /// They hold beside the front's own.
        limits: Limits,
    },
    /// The application wants to hear of connections when they are accepted.
    Early,
    /// The link as a whole has credit again: streams that found none may try once more.
    LinkCredit,
}

/// What [`Front::handle`] took from the input, and what it meant, if it concerns the caller.
type Handled<'b, T> = (usize, Option<FrontEvent<'b, T>>);

impl<T: Clone> Front<T> {
    /// A link to a worker that was just started. The preface waits in [`Self::output`].
    pub fn new(generation: u32, streams_max: u32) -> Self {
        let ours = Preface { revision: REVISION, generation, streams_max };
        let mut output = Output::default();
        ours.encode(output.tail());
        Self {
            output,
            slots: Vec::new(),
            free: Vec::new(),
            open_streams: 0,
            open_sockets: 0,
            ours,
            greeted: false,
            application: Application::Loading,
            draining: false,
            send: SendCredit::of_link(),
            receive: ReceiveWindow::of_link(),
        }
    }

    /// Bytes to write to the worker.
    pub fn output(&mut self) -> &mut Output {
        &mut self.output
    }

    /// Streams whose response is not over, also those that were cancelled and whose worker has not confirmed it: what
    /// the worker still works on.
    #[inline]
    pub fn open_streams(&self) -> usize {
        self.open_streams
    }

    /// WebSockets that the worker has accepted, and tunnels, that it has not closed.
    #[inline]
    pub fn open_sockets(&self) -> usize {
        self.open_sockets
    }

    /// Streams that are neither, or not yet.
    #[inline]
    pub fn open_requests(&self) -> usize {
        self.open_streams - self.open_sockets
    }

    /// Announces a client connection, before the first request that names it.
    pub fn open_connection(&mut self, connection: u32, ends: &Open<'_>) {
        let header = Header { kind: Type::Open, flags: 0, generation: 0, stream: connection };
        let mark = frame::begin(self.output.tail(), header);
        ends.encode(self.output.tail());
        frame::finish(self.output.tail(), mark);
    }

    /// The client connection is gone.
    pub fn close_connection(&mut self, connection: u32) {
        let header = Header { kind: Type::Closed, flags: 0, generation: 0, stream: connection };
        frame::encode(self.output.tail(), header, &[]);
    }

    /// Starts a stream with a request's head and the part of its body that is there; `end` if that is all.
    ///
    /// Returns `None` if all streams are in use, the link is draining or the worker is not ready.
    ///
    /// # Errors
    /// [`TooLong`] if the head cannot be carried; no stream was started.
    pub fn begin<'f>(
        &mut self,
        owner: T,
        line: &RequestLine<'f>,
        fields: impl Iterator<Item = Field<'f>> + Clone,
        body: &[u8],
        end: bool,
    ) -> Result<Option<StreamKey>, TooLong> {
        if !self.takes_requests() {
            return Ok(None);
        }
        let Some(index) = self.vacant() else { return Ok(None) };
        let slot = &mut self.slots[index as usize];
        let key = StreamKey { stream: index + 1, generation: slot.generation };
        let flags = if end { FLAG_END } else { 0 };
        let tail = self.output.tail();
        let start = tail.len();
        let mark = frame::begin(tail, key.header(Type::Request, flags));
        if let Err(error) = message::encode_request(tail, line, fields, body) {
            tail.truncate(start);
            return Err(error);
        }
        frame::finish(tail, mark);
        slot.begin(owner, !end);
        slot.is_handshake = line.flags & message::REQUEST_WEBSOCKET != 0;
        slot.tunnel = if line.may_tunnel() { Tunnel::Possible } else { Tunnel::Never };
        self.free.pop();
        self.open_streams += 1;
        Ok(Some(key))
    }

    /// Starts a stream for what came in the place of a request's head: the worker answers as it would a request.
    ///
    /// Returns `None` where [`Self::begin`] would.
    pub fn begin_fault(&mut self, owner: T, fault: &Fault<'_>) -> Option<StreamKey> {
        if !self.takes_requests() {
            return None;
        }
        let index = self.vacant()?;
        let slot = &mut self.slots[index as usize];
        let key = StreamKey { stream: index + 1, generation: slot.generation };
        slot.begin(owner, false);
        self.free.pop();
        self.open_streams += 1;
        self.write_fault(key, fault);
        Some(key)
    }

    /// Ends a request with what came in the place of its body. False: it has ended, or its body is not wanted any more.
    pub fn send_fault(&mut self, key: StreamKey, fault: &Fault<'_>) -> bool {
        let is_open = self.slot(key).is_some_and(|slot| slot.request_open);
        if is_open {
            self.write_fault(key, fault);
            self.close_request(key);
        }
        is_open
    }

    fn write_fault(&mut self, key: StreamKey, fault: &Fault<'_>) {
        let mark = frame::begin(self.output.tail(), key.header(Type::Fault, 0));
        fault.encode(self.output.tail());
        frame::finish(self.output.tail(), mark);
    }

    /// A place for one more stream; it is the last of those that are free.
    fn vacant(&mut self) -> Option<u32> {
        match self.free.last() {
            Some(&index) => Some(index),
            None if self.slots.len() < self.ours.streams_max as usize => {
                self.slots.push(Slot::unused());
                let index = self.slots.len() as u32 - 1;
                self.free.push(index);
                Some(index)
            }
            None => None,
        }
    }

    /// Bytes of the body that [`Self::send_body`] would take now.
    pub fn body_room(&self, key: StreamKey) -> usize {
        match self.slot(key) {
            Some(slot) if slot.request_open => slot.send.available().min(self.send.available()),
            _ => 0,
        }
    }

    /// Sends as much of `data` as there is credit for and returns how much; `end` takes effect if all of it went.
    pub fn send_body(&mut self, key: StreamKey, data: &[u8], end: bool) -> usize {
        let room = self.body_room(key);
        let data_sent = &data[..data.len().min(room)];
        let ends = end && data_sent.len() == data.len();
        if self.slot(key).is_none_or(|slot| !slot.request_open) || (data_sent.is_empty() && !ends) {
            return 0;
        }
        frame_chunks(self.output.tail(), Type::Body, key, data_sent, ends);
        self.send.spend(data_sent.len());
        if let Some(slot) = self.slot_mut(key) {
            slot.send.spend(data_sent.len());
        }
        if ends {
            self.close_request(key);
        }
        data_sent.len()
    }

    /// Bytes of a message that [`Self::send_message`] would take now; `None` if it would not even take an empty one.
    pub fn message_room(&self, key: StreamKey) -> Option<usize> {
        let slot = self.slot(key).filter(|slot| slot.takes_messages())?;
        slot.send.available().min(self.send.available()).checked_sub(HEADER_BYTES)
    }

    /// Sends as much of `data`, a message of a WebSocket or the next part of one, as there is credit for and one frame
    /// holds; `last` takes effect if all of it went. Returns how much went, `None` if nothing did, not even an end.
    ///
    /// `kind` is [`Type::Text`] or [`Type::Binary`], the same for all parts of a message.
    pub fn send_message(&mut self, key: StreamKey, kind: Type, data: &[u8], last: bool) -> Option<usize> {
        debug_assert!(matches!(kind, Type::Text | Type::Binary));
        let room = self.message_room(key)?;
        let sent = &data[..data.len().min(room).min(BODY_BYTES_MAX)];
        let is_last = last && sent.len() == data.len();
        if sent.is_empty() && !is_last {
            return None;
        }
        let flags = if is_last { FLAG_LAST } else { 0 };
        frame::encode(self.output.tail(), key.header(kind, flags), sent);
        let credit = HEADER_BYTES + sent.len();
        self.send.spend(credit);
        if let Some(slot) = self.slot_mut(key) {
            slot.send.spend(credit);
        }
        Some(sent.len())
    }

    /// The client's WebSocket is over. Nothing of the stream reaches the caller any more, and its place is taken until the
    /// worker has closed it, too. Before ACCEPT it does nothing; then [`Self::cancel`] is due.
    pub fn close(&mut self, key: StreamKey, close: &Close<'_>) {
        let Some(slot) = self.slot_mut(key).filter(|slot| slot.takes_messages()) else { return };
        slot.request_open = false;
        slot.owner = None;
        let is_over = slot.response == ResponseState::Closed;
        let mark = frame::begin(self.output.tail(), key.header(Type::Close, FLAG_END));
        close.encode(self.output.tail());
        frame::finish(self.output.tail(), mark);
        if is_over {
            self.release(key);
        }
    }

    /// Answers TUNNEL: what [`Self::send_body`] sends from now on is the client's connection as it is, though the request's
    /// body may have ended. Does nothing where the worker wants none of it any more.
    pub fn begin_tunnel(&mut self, key: StreamKey) {
        if let Some(slot) = self.slot_mut(key).filter(|slot| slot.tunnel == Tunnel::Asked) {
            slot.tunnel = Tunnel::Open;
            slot.request_open = true;
            frame::encode(self.output.tail(), key.header(Type::Tunnel, 0), &[]);
        }
    }

    /// Ends the request with trailer fields, as lines `name: value\r\n`.
    ///
    /// # Errors
    /// [`TooLong`] above [`TEXT_BYTES_MAX`]; nothing was sent.
    pub fn send_trailers(&mut self, key: StreamKey, lines: &[u8]) -> Result<(), TooLong> {
        if lines.len() > TEXT_BYTES_MAX {
            return Err(TooLong("trailer section"));
        }
        if self.slot(key).is_some_and(|slot| slot.request_open) {
            frame::encode(self.output.tail(), key.header(Type::Trailers, FLAG_END), lines);
            self.close_request(key);
        }
        Ok(())
    }

    /// Gives the stream up: nothing of it reaches the caller any more. The worker is told, and the stream's place is
    /// taken until it confirms.
    pub fn cancel(&mut self, key: StreamKey, reason: CancelReason) {
        let Some(slot) = self.slot_mut(key) else { return };
        if slot.owner.take().is_none() {
            return;
        }
        slot.end_request();
        let response_closed = slot.response == ResponseState::Closed;
        frame::encode(self.output.tail(), key.header(Type::Cancel, 0), &[reason as u8]);
        if response_closed {
            self.release(key);
        }
    }

    /// Tells the worker that the client has ended its side of the connection, but takes what it still answers: one that goes on
    /// reading gets what was answered before the application could know.
    pub fn leave(&mut self, key: StreamKey) {
        let Some(slot) = self.slot_mut(key).filter(|slot| slot.owner.is_some()) else { return };
        slot.request_open = false;
        let response_closed = slot.response == ResponseState::Closed;
        frame::encode(self.output.tail(), key.header(Type::Cancel, 0), &[CancelReason::ClientEnded as u8]);
        if response_closed {
            self.release(key);
        }
    }

    /// As [`Self::cancel`], for every stream that has an owner; returns the owners.
    pub fn cancel_all(&mut self, reason: CancelReason) -> Vec<T> {
        let open: Vec<(StreamKey, T)> = (1..)
            .zip(&self.slots)
            .filter_map(|(stream, slot)| {
                let key = StreamKey { stream, generation: slot.generation };
                slot.owner.clone().map(|owner| (key, owner))
            })
            .collect();
        open.into_iter()
            .map(|(key, owner)| {
                self.cancel(key, reason);
                owner
            })
            .collect()
    }

    /// Whether requests can be given to the worker: it is ready and not told to end.
    pub fn takes_requests(&self) -> bool {
        self.application == Application::Ready && !self.draining
    }

    /// `bytes` of the credit that the stream's frames have cost ([`Frame::credit`]) are no longer held. Also for streams that are over.
    pub fn consumed(&mut self, key: StreamKey, bytes: usize) {
        let stream_credit = match self.slot_mut(key) {
            Some(slot) if slot.response != ResponseState::Closed => slot.receive.consume(bytes),
            _ => None,
        };
        if let Some(credit) = stream_credit {
            frame::encode(self.output.tail(), key.header(Type::Credit, 0), &credit.to_le_bytes());
        }
        self.return_link_credit(bytes);
    }

    /// Tells the worker that no request follows: finish what is open, then end.
    pub fn drain(&mut self) {
        if !std::mem::replace(&mut self.draining, true) {
            frame::encode(self.output.tail(), link_header(Type::Drain), &[]);
        }
    }

    /// Tells a worker that drains that its time is over: what it still runs is to be cancelled.
    pub fn hasten(&mut self) {
        if self.draining {
            frame::encode(self.output.tail(), link_header(Type::Drain), &[]);
        }
    }

    /// Tells the worker that the server will not wait much longer, though requests may follow: streams without end should
    /// come to theirs.
    pub fn farewell(&mut self) {
        frame::encode(self.output.tail(), link_header(Type::Farewell), &[]);
    }

    /// Asks the worker for a [`FrontEvent::Pong`] with the same payload.
    pub fn ping(&mut self, payload: [u8; 8]) {
        frame::encode(self.output.tail(), link_header(Type::Ping), &payload);
    }

    /// The owners of all open streams.
    pub fn owners(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().filter_map(|slot| slot.owner.as_ref())
    }

    /// The owners of the streams whose request is still being sent.
    pub fn senders(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().filter(|slot| slot.request_open).filter_map(|slot| slot.owner.as_ref())
    }

    /// The owners of all open streams, which are owners no more: for when the link is gone.
    pub fn take_owners(&mut self) -> Vec<T> {
        self.slots.iter_mut().filter_map(|slot| slot.owner.take()).collect()
    }

    /// Takes one preface or frame from the start of `input`. `Ok(None)`: it is not whole yet.
    ///
    /// # Errors
    /// A [`Violation`]; the link is of no more use.
    pub fn handle<'b>(&mut self, input: &'b [u8]) -> Result<Option<Handled<'b, T>>, Violation> {
        if !self.greeted {
            let Some(theirs) = Preface::decode(input)? else { return Ok(None) };
            if theirs != self.ours {
                return Err(Violation::BadPreface);
            }
            self.greeted = true;
            return Ok(Some((PREFACE_BYTES, None)));
        }
        let Some(frame) = frame::decode(input)? else { return Ok(None) };
        let event = self.handle_frame(frame)?;
        Ok(Some((frame.len(), event)))
    }

    fn handle_frame<'b>(&mut self, frame: Frame<'b>) -> Result<Option<FrontEvent<'b, T>>, Violation> {
        let Frame { header, payload } = frame;
        let pending_bytes = self.output.pending().len();
        if pending_bytes > self.output_bytes_max() {
            return Err(Violation::NotReading { pending_bytes });
        }
        let out_of_turn = Violation::OutOfTurn { kind: header.kind, stream: header.stream };
        match header.kind {
            Type::Response
            | Type::Wire
            | Type::Inform
            | Type::Body
            | Type::Trailers
            | Type::Cancel
            | Type::Accept
            | Type::Text
            | Type::Binary
            | Type::Close
            | Type::Tunnel => self.handle_response(frame),
            Type::Credit if header.stream == 0 => {
                // Only where a stream may have found less than a frame's worth is there anyone to tell.
                let was_short = self.send.available() < BODY_BYTES_MAX;
                self.send.grant(0, message::decode_credit(payload)?)?;
                Ok(was_short.then_some(FrontEvent::LinkCredit))
            }
            Type::Credit => {
                let credit = message::decode_credit(payload)?;
                let Some((key, slot)) = self.known(&header)? else { return Ok(None) };
                if !slot.request_open && slot.tunnel == Tunnel::Never {
                    return Ok(None);
                }
                slot.send.grant(header.stream, credit)?;
                Ok(slot.owner.clone().map(|owner| FrontEvent::Credit { key, owner }))
            }
            Type::Stop => {
                let Some((key, slot)) = self.known(&header)? else { return Ok(None) };
                if slot.response == ResponseState::WebSocket {
                    return Err(out_of_turn);
                }
                if !slot.awaits_request() {
                    return Ok(None);
                }
                slot.end_request();
                let owner = slot.owner.clone();
                if slot.response == ResponseState::Closed {
                    self.release(key);
                }
                Ok(owner.map(|owner| FrontEvent::Stop { key, owner }))
            }
            Type::HangUp => Ok(Some(FrontEvent::HangUp { connection: header.stream })),
            Type::CloseIdle => Ok(Some(FrontEvent::CloseIdle { connection: header.stream })),
            Type::Limits => {
                let limits = Limits::decode(payload)?;
                Ok(Some(FrontEvent::Limits { connection: header.stream, limits }))
            }
            Type::Early => Ok(Some(FrontEvent::Early)),
            Type::Ready if self.application == Application::Loading => {
                let ready = Ready::decode(payload)?;
                self.application = Application::Ready;
                Ok(Some(FrontEvent::Ready(ready)))
            }
            Type::Ready if self.application == Application::Paused => {
                Ready::decode(payload)?;
                self.application = Application::Ready;
                Ok(Some(FrontEvent::Resumed))
            }
            Type::Pause if self.application == Application::Ready => {
                self.application = Application::Paused;
                frame::encode(self.output.tail(), link_header(Type::Pause), &[]);
                Ok(Some(FrontEvent::Paused))
            }
            Type::Failed if self.application == Application::Loading => {
                self.application = Application::Failed;
                let reason = str::from_utf8(payload);
                reason
                    .map(|reason| Some(FrontEvent::Failed(reason)))
                    .map_err(|_| Violation::Malformed { kind: Type::Failed })
            }
            Type::Claim | Type::Release if payload.is_empty() => {
                Err(Violation::Malformed { kind: header.kind })
            }
            Type::Claim => Ok(Some(FrontEvent::Claim(payload))),
            Type::Release => Ok(Some(FrontEvent::Release(payload))),
            Type::Pong => match payload.try_into() {
                Ok(payload) => Ok(Some(FrontEvent::Pong(payload))),
                Err(_) => Err(Violation::Malformed { kind: Type::Pong }),
            },
            Type::Request
            | Type::Fault
            | Type::Open
            | Type::Closed
            | Type::Drain
            | Type::Farewell
            | Type::Ready
            | Type::Pause
            | Type::Failed
            | Type::Ping => Err(out_of_turn),
        }
    }

    /// A frame of a response: checked against the stream's state, then passed on.
    fn handle_response<'b>(&mut self, frame: Frame<'b>) -> Result<Option<FrontEvent<'b, T>>, Violation> {
        let Frame { header, payload } = frame;
        let credit = frame.credit();
        self.receive.receive(0, credit)?;
        let Some((key, slot)) = self.known(&header)? else {
            self.return_link_credit(credit);
            return Ok(None);
        };
        slot.receive.receive(header.stream, credit)?;
        let out_of_turn = Violation::OutOfTurn { kind: header.kind, stream: header.stream };
        let after = match (slot.response, header.kind) {
            (ResponseState::Awaited, Type::Inform) => {
                Response::decode_inform(payload)?;
                ResponseState::Awaited
            }
            (ResponseState::Awaited, Type::Response) => {
                Response::decode(payload)?;
                ResponseState::Structured
            }
            (ResponseState::Structured, Type::Body) => ResponseState::Structured,
            (ResponseState::Structured, Type::Trailers) => ResponseState::Structured,
            (ResponseState::Awaited | ResponseState::Wire, Type::Wire) => ResponseState::Wire,
            (ResponseState::Awaited, Type::Accept) if slot.is_handshake => ResponseState::WebSocket,
            (ResponseState::Awaited, Type::Tunnel) if slot.tunnel == Tunnel::Possible => {
                ResponseState::Tunnel
            }
            (ResponseState::Tunnel, Type::Body) => ResponseState::Tunnel,
            (ResponseState::WebSocket, kind @ (Type::Text | Type::Binary)) => {
                if slot.partial.is_some_and(|begun| begun != kind) {
                    return Err(out_of_turn);
                }
                slot.partial = (!header.is_last()).then_some(kind);
                ResponseState::WebSocket
            }
            (ResponseState::WebSocket, Type::Close) => {
                if !Close::is_sendable(Close::decode(payload)?.code) {
                    return Err(Violation::Malformed { kind: Type::Close });
                }
                ResponseState::Closed
            }
            (ResponseState::Closed, _) => return Err(out_of_turn),
            (_, Type::Cancel) => {
                CancelReason::decode(payload)?;
                ResponseState::Closed
            }
            _ => return Err(out_of_turn),
        };
        let was_socket = slot.response.is_socket();
        slot.response = if header.ends() { ResponseState::Closed } else { after };
        let is_socket = slot.response.is_socket();
        match header.kind {
            Type::Cancel => slot.end_request(),
            // One that was cancelled stays over in that direction: the worker will see the CANCEL.
            Type::Tunnel if slot.owner.is_some() => slot.tunnel = Tunnel::Asked,
            _ => {}
        }
        let closed = slot.response == ResponseState::Closed;
        let over = closed && !slot.awaits_request();
        let owner = if over { slot.owner.take() } else { slot.owner.clone() };
        if closed {
            self.open_streams -= 1;
        }
        match (was_socket, is_socket) {
            (false, true) => self.open_sockets += 1,
            (true, false) => self.open_sockets -= 1,
            _ => {}
        }
        if owner.is_none() && credit > 0 {
            self.consumed(key, credit);
        }
        if over {
            self.release(key);
        }
        if matches!(header.kind, Type::Wire | Type::Body) && payload.is_empty() && !header.ends() {
            // It costs no credit and says nothing: kept for a client that does not read, many would cost memory.
            return Ok(None);
        }
        Ok(owner.map(|owner| FrontEvent::Response { key, owner, frame }))
    }

    /// More than can wait for a worker that reads late: the request bodies, twice for the headers of small frames, and
    /// the heads of as many streams as there ever were at once. A worker that answers without reading frees streams and credit all the
    /// same, and what waits for it would grow without end.
    fn output_bytes_max(&self) -> usize {
        OUTPUT_BYTES_MIN + self.slots.len() * (2 * STREAM_WINDOW_BYTES as usize + STREAM_OUTPUT_BYTES_MAX)
    }

    /// The slot a frame is for; `None` if the stream it belonged to is over.
    fn known(&mut self, header: &Header) -> Result<Option<(StreamKey, &mut Slot<T>)>, Violation> {
        let never_opened = Violation::UnknownStream { kind: header.kind, stream: header.stream };
        let index = (header.stream as usize).checked_sub(1).ok_or(never_opened)?;
        let slot = self.slots.get_mut(index).ok_or(never_opened)?;
        if slot.generation as u16 != header.generation {
            return Ok(None);
        }
        // A slot that is over has the generation of its next use.
        if slot.response == ResponseState::Closed && !slot.awaits_request() {
            return Err(never_opened);
        }
        Ok(Some((StreamKey { stream: header.stream, generation: slot.generation }, slot)))
    }

    fn slot(&self, key: StreamKey) -> Option<&Slot<T>> {
        self.slots.get(key.index()).filter(|slot| slot.generation == key.generation)
    }

    fn slot_mut(&mut self, key: StreamKey) -> Option<&mut Slot<T>> {
        self.slots.get_mut(key.index()).filter(|slot| slot.generation == key.generation)
    }

    /// The request's direction is over; so is the stream if the response's is, and no tunnel is about to open it again.
    fn close_request(&mut self, key: StreamKey) {
        let Some(slot) = self.slot_mut(key) else { return };
        slot.request_open = false;
        if slot.response == ResponseState::Closed && !slot.awaits_request() {
            self.release(key);
        }
    }

    /// The stream is over in both directions: its id may be used again, as another generation.
    fn release(&mut self, key: StreamKey) {
        let slot = &mut self.slots[key.index()];
        slot.generation = slot.generation.wrapping_add(1);
        slot.owner = None;
        self.free.push(key.index() as u32);
    }

    fn return_link_credit(&mut self, bytes: usize) {
        if let Some(credit) = self.receive.consume(bytes) {
            frame::encode(self.output.tail(), link_header(Type::Credit), &credit.to_le_bytes());
        }
    }
}

impl ResponseState {
    /// Neither a WebSocket nor a tunnel is a request any more.
    const fn is_socket(self) -> bool {
        matches!(self, Self::WebSocket | Self::Tunnel)
    }
}

impl<T> Slot<T> {
    /// For a new stream.
    fn begin(&mut self, owner: T, request_open: bool) {
        *self = Self {
            generation: self.generation,
            owner: Some(owner),
            request_open,
            response: ResponseState::Awaited,
            ..Self::unused()
        };
    }

    const fn unused() -> Self {
        Self {
            generation: 0,
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

    /// Whether the worker expects more of that direction.
    fn awaits_request(&self) -> bool {
        self.request_open || self.tunnel == Tunnel::Asked
    }

    /// That direction is over. If TUNNEL came it does not open again.
    fn end_request(&mut self) {
        self.request_open = false;
        if self.tunnel != Tunnel::Possible {
            self.tunnel = Tunnel::Never;
        }
    }

    /// A WebSocket that the worker has accepted and whose client is still there; the worker may have closed its side.
    fn takes_messages(&self) -> bool {
        let accepted = matches!(self.response, ResponseState::WebSocket | ResponseState::Closed);
        self.is_handshake && self.request_open && accepted
    }
}

impl StreamKey {
    #[inline]
    pub(crate) const fn index(self) -> usize {
        (self.stream as usize).wrapping_sub(1)
    }

    #[inline]
    pub(crate) const fn header(self, kind: Type, flags: u8) -> Header {
        Header { kind, flags, generation: self.generation as u16, stream: self.stream }
    }
}

/// The header of a frame that concerns no stream.
pub(crate) const fn link_header(kind: Type) -> Header {
    Header { kind, flags: 0, generation: 0, stream: 0 }
}

/// Appends `data` as as many frames as it takes, the last of which carries the end.
pub(crate) fn frame_chunks(out: &mut Vec<u8>, kind: Type, key: StreamKey, data: &[u8], end: bool) {
    if data.is_empty() {
        if end {
            frame::encode(out, key.header(kind, FLAG_END), &[]);
        }
        return;
    }
    let last = (data.len() - 1) / BODY_BYTES_MAX;
    for (index, chunk) in data.chunks(BODY_BYTES_MAX).enumerate() {
        let flags = if end && index == last { FLAG_END } else { 0 };
        frame::encode(out, key.header(kind, flags), chunk);
    }
}
