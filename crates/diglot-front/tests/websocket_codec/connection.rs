//! Drives a decoder as the front does: a read buffer that keeps what was not consumed, and credit for data.

use diglot_front::websocket::{Decoded, Decoder, Deflate, Fault, Item, Kind, Limits};

/// What came of a connection, with the parts of each message put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    Message(Kind, Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<u16>, String),
    Fault(Fault),
    /// The bytes end within a message or a frame.
    Incomplete,
}

/// Both sides as they are agreed on without any restriction.
pub(crate) const DEFLATE: Deflate = Deflate { server_max_window_bits: None, client_max_window_bits: None };

/// A connection and what came of it so far.
pub(crate) struct Connection {
    decoder: Decoder,
    buffer: Vec<u8>,
    scratch: Vec<u8>,
    /// What of a message has come.
    message: Vec<u8>,
    pub(crate) seen: Vec<Seen>,
}

impl Connection {
    pub(crate) fn new(deflate: bool, limits: &Limits) -> Self {
        Self {
            decoder: Decoder::new(deflate.then_some(DEFLATE), limits),
            buffer: Vec::new(),
            scratch: Vec::new(),
            message: Vec::new(),
            seen: Vec::new(),
        }
    }

    /// What has come of the message that has not ended.
    pub(crate) fn begun(&self) -> &[u8] {
        &self.message
    }

    /// Takes a piece, with room for so many bytes of data a step; `false` behind a fault.
    pub(crate) fn push(&mut self, piece: &[u8], room: usize) -> bool {
        self.buffer.extend_from_slice(piece);
        let mut at = 0;
        // A step with no room comes before each one with room: it must change nothing but tell so.
        let mut rooms = [0, room].into_iter().cycle();
        loop {
            let step_room = rooms.next().unwrap();
            let decoded = self.decoder.decode(&mut self.buffer[at..], step_room, &mut self.scratch);
            let Decoded { consumed, item } = match decoded {
                Ok(decoded) => decoded,
                Err(fault) => {
                    assert_eq!(self.decoder.decode(&mut [0x80], 1, &mut Vec::new()).unwrap_err(), fault);
                    assert!(self.decoder.is_finished());
                    self.seen.push(Seen::Fault(fault));
                    return false;
                }
            };
            match item {
                Item::NeedMore => {
                    at += consumed;
                    break;
                }
                Item::NeedRoom => assert_eq!(step_room, 0, "there is room"),
                Item::Data { kind, data, last } => {
                    assert!(data.len() <= step_room, "{} bytes for {step_room} of room", data.len());
                    assert!(last || !data.is_empty(), "a part that says nothing");
                    self.message.extend_from_slice(data);
                    if last {
                        self.seen.push(Seen::Message(kind, std::mem::take(&mut self.message)));
                    }
                }
                Item::Ping(payload) => self.seen.push(Seen::Ping(payload.to_vec())),
                Item::Pong(payload) => self.seen.push(Seen::Pong(payload.to_vec())),
                Item::Close { code, reason } => self.seen.push(Seen::Close(code, reason.to_owned())),
            }
            at += consumed;
        }
        self.buffer.drain(..at);
        assert!(self.buffer.len() <= 131, "{} bytes are kept in wait", self.buffer.len());
        true
    }

    /// What came of all pieces.
    pub(crate) fn finish(mut self) -> Vec<Seen> {
        let is_cut = self.decoder.is_within_message() || !self.buffer.is_empty();
        if is_cut && !self.decoder.is_finished() {
            self.seen.push(Seen::Incomplete);
        }
        self.seen
    }
}

/// What comes of the pieces.
pub(crate) fn drive<'p>(
    pieces: impl IntoIterator<Item = &'p [u8]>,
    deflate: bool,
    room: usize,
    limits: &Limits,
) -> Vec<Seen> {
    let mut connection = Connection::new(deflate, limits);
    for piece in pieces {
        if !connection.push(piece, room) {
            break;
        }
    }
    connection.finish()
}
