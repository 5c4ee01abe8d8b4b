//! Reads the raw HTTP/1.1 responses of the byte lane: what Node's own `ServerResponse` wrote, one decoder for
//! each request. As strict as towards a client.

use std::ops::Range;

use super::body::{Decoded, Decoder, Item};
use super::field::{Line, LineReader, ROOM_MAX, Span};
use super::framing::BodyFraming;
use super::rule::Rule;
use super::trailers::Trailers;
use super::worker_fields::{FieldScratch, ResponseFacts, WorkerFields};
use super::{Limits, Version, scan};

/// A response head as a worker wrote it.
#[derive(Debug, Clone, Copy)]
pub struct WireHead<'b> {
    /// 100..=999; below 200, but for 101, another head follows.
    pub status: u16,
    /// The reason phrase, maybe empty.
    pub reason: &'b [u8],
    /// The version of the status line.
    pub version: Version,
    /// The header fields.
    pub fields: WorkerFields<'b>,
    /// How the content is delimited on the wire.
    pub framing: BodyFraming,
}

impl WireHead<'_> {
    /// Whether no further head follows: everything but 1xx, and 101.
    pub fn is_final(&self) -> bool {
        self.status >= 200 || self.status == 101
    }
}

/// One step of a response.
#[derive(Debug)]
pub enum Event<'b> {
    /// All input was taken and the response goes on.
    NeedMore,
    /// An interim or the final head.
    Head(WireHead<'b>),
    /// Content, as a range of the input; after a 101, or a 2xx to CONNECT, bytes of the new protocol.
    Data(Range<usize>),
    /// The response is whole.
    End {
        /// The trailer fields, if there was any.
        trailers: Option<Trailers>,
    },
}

/// What [`ResponseDecoder::decode`] took from its input, and what that was.
#[derive(Debug)]
pub struct Step<'b> {
    /// Bytes at the front of the input that are done with.
    pub consumed: usize,
    /// What they held.
    pub event: Event<'b>,
}

/// Bytes of the longest status line that is read, without its CRLF.
const STATUS_LINE_BYTES_MAX: usize = 1024;

/// Decodes the response to one request.
#[derive(Debug)]
pub struct ResponseDecoder {
    is_head: bool,
    is_connect: bool,
    limits: Limits,
    state: State,
    /// The beginning of a head that came in pieces; otherwise heads are read where they lie.
    held: Vec<u8>,
    /// `held` was handed out as a whole head.
    held_is_done: bool,
    progress: Progress,
    scratch: FieldScratch,
}

#[derive(Debug)]
enum State {
    Head,
    Body(Decoder),
    Done,
    Failed(Rule),
}

/// How far the current head was read.
#[derive(Debug, Default)]
struct Progress {
    status_line: Option<StatusLine>,
    reader: LineReader,
    facts: ResponseFacts,
}

#[derive(Debug, Clone, Copy)]
struct StatusLine {
    status: u16,
    version: Version,
    reason_end: usize,
}

impl ResponseDecoder {
    /// For the response to a request of this method. The limits are those of a client's message; the request
    /// line's is not used.
    pub fn new(method: &[u8], limits: &Limits) -> Self {
        Self {
            is_head: method == b"HEAD",
            is_connect: method == b"CONNECT",
            limits: *limits,
            state: State::Head,
            held: Vec::new(),
            held_is_done: false,
            progress: Progress::default(),
            scratch: FieldScratch::default(),
        }
    }

    /// Takes one step. An empty input is allowed, and tells whether the response is whole.
    ///
    /// # Errors
    /// The rule the response breaks; every further call answers the same. That is a 502 where the final head
    /// has not been passed on, and a closed connection where it has.
    pub fn decode<'a>(&'a mut self, input: &'a [u8]) -> Result<Step<'a>, Rule> {
        let decoded = match &mut self.state {
            State::Head => return self.head(input),
            State::Body(body) => body.decode(input).map_err(|rejection| rejection.rule),
            State::Done if input.is_empty() => {
                Ok(Decoded { consumed: 0, item: Item::End { trailers: None } })
            }
            State::Done => Err(Rule::BytesAfterEnd),
            State::Failed(rule) => Err(*rule),
        };
        match decoded {
            Ok(Decoded { consumed, item: Item::NeedMore }) => Ok(Step { consumed, event: Event::NeedMore }),
            Ok(Decoded { consumed, item: Item::Data(range) }) => {
                Ok(Step { consumed, event: Event::Data(range) })
            }
            Ok(Decoded { consumed, item: Item::End { trailers } }) => {
                self.state = State::Done;
                Ok(Step { consumed, event: Event::End { trailers } })
            }
            Err(rule) => Err(self.fail(rule)),
        }
    }

    /// Says that the worker's stream has ended.
    ///
    /// # Errors
    /// [`Rule::BodyCut`] where the response was not whole.
    pub fn finish(&self) -> Result<(), Rule> {
        match &self.state {
            State::Body(body) if body.may_end_here() => Ok(()),
            State::Done => Ok(()),
            State::Failed(rule) => Err(*rule),
            State::Head | State::Body(_) => Err(Rule::BodyCut),
        }
    }

    fn head<'a>(&'a mut self, input: &'a [u8]) -> Result<Step<'a>, Rule> {
        if self.progress.status_line.is_none() {
            self.scratch.spans.clear();
        }
        if std::mem::take(&mut self.held_is_done) {
            self.held.clear();
        }
        let before = self.held.len();
        if before > 0 {
            let room = STATUS_LINE_BYTES_MAX + 2 + self.limits.header_bytes_max.min(ROOM_MAX);
            self.held.extend_from_slice(&input[..input.len().min(room.saturating_sub(before))]);
        }
        let bytes = if before > 0 { &self.held[..] } else { input };
        let head_bytes = match self.progress.read(bytes, &mut self.scratch.spans, &self.limits) {
            Ok(Some(head_bytes)) => head_bytes,
            Ok(None) => {
                if before == 0 {
                    self.held.extend_from_slice(input);
                }
                return Ok(Step { consumed: input.len(), event: Event::NeedMore });
            }
            Err(rule) => return Err(self.fail(rule)),
        };
        let Progress { status_line, reader, facts } = std::mem::take(&mut self.progress);
        // A head is only complete behind its status line.
        let Some(line) = status_line else { return Err(self.fail(Rule::StatusLineInvalid)) };
        let framing = match framing(&line, &facts, self.is_head, self.is_connect) {
            Ok(framing) => framing,
            Err(rule) => return Err(self.fail(rule)),
        };
        self.held_is_done = true;
        let bytes = if before > 0 { &self.held[..] } else { input };
        let lines = reader.section()..head_bytes - 2;
        let head = WireHead {
            status: line.status,
            reason: &bytes[REASON_START..line.reason_end],
            version: line.version,
            fields: WorkerFields::of_parsed(bytes, lines, &self.scratch.spans, facts),
            framing,
        };
        if head.is_final() {
            self.state = State::Body(Decoder::new(framing, &self.limits));
        }
        Ok(Step { consumed: head_bytes - before, event: Event::Head(head) })
    }

    fn fail(&mut self, rule: Rule) -> Rule {
        self.state = State::Failed(rule);
        rule
    }
}

/// Where the reason phrase begins: behind `HTTP/1.1 200 `.
const REASON_START: usize = 13;

impl Progress {
    /// Reads on; `Some` is the length of the head.
    fn read(&mut self, bytes: &[u8], spans: &mut Vec<Span>, limits: &Limits) -> Result<Option<usize>, Rule> {
        if self.status_line.is_none() {
            let Some(line) = status_line(&bytes[..bytes.len().min(STATUS_LINE_BYTES_MAX + 2)])? else {
                return if bytes.len() < STATUS_LINE_BYTES_MAX + 2 {
                    Ok(None)
                } else {
                    Err(Rule::StatusLineTooLong)
                };
            };
            self.status_line = Some(line);
            self.reader = LineReader::at(line.reason_end + 2);
        }
        let room = limits.header_bytes_max.min(ROOM_MAX);
        let window = &bytes[..bytes.len().min(self.reader.section() + room)];
        loop {
            if spans.len() >= limits.header_count_max && self.reader.begins_field(window) {
                return Err(Rule::TooManyFields);
            }
            match self.reader.next(window)? {
                Line::Field(span) => {
                    self.facts.note(window, &span)?;
                    spans.push(span);
                }
                Line::End(head_bytes) => return Ok(Some(head_bytes)),
                Line::Incomplete if window.len() - self.reader.section() >= room => {
                    return Err(Rule::HeaderTooLarge);
                }
                Line::Incomplete => return Ok(None),
            }
        }
    }
}

/// `HTTP/1.1 200 OK` with its CRLF; `None` while it is cut. The space behind the code is there even without a
/// reason phrase (RFC 9112 section 4).
fn status_line(bytes: &[u8]) -> Result<Option<StatusLine>, Rule> {
    // A zero stands for any digit.
    for (&expected, &byte) in b"HTTP/1.0 000 ".iter().zip(bytes) {
        if !(expected == byte || (expected == b'0' && byte.is_ascii_digit())) {
            return Err(Rule::StatusLineInvalid);
        }
    }
    let Some(&[_, _, _, _, _, _, _, minor, _, hundreds, tens, ones, _]) = bytes.first_chunk::<REASON_START>()
    else {
        return Ok(None);
    };
    let status = [hundreds, tens, ones].iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    let version = match minor {
        b'0' => Version::Http10,
        b'1' => Version::Http11,
        _ => return Err(Rule::StatusLineInvalid),
    };
    if status < 100 {
        return Err(Rule::StatusLineInvalid);
    }
    let reason_end = scan::text_end(bytes, REASON_START);
    match (bytes.get(reason_end), bytes.get(reason_end + 1)) {
        (Some(b'\r'), Some(b'\n')) => Ok(Some(StatusLine { status, version, reason_end })),
        (None, _) | (Some(b'\r'), None) => Ok(None),
        (Some(b'\r'), Some(_)) => Err(Rule::BareCr),
        (Some(b'\n'), _) => Err(Rule::BareLf),
        (Some(_), _) => Err(Rule::StatusLineInvalid),
    }
}

/// How the content behind a head is delimited (RFC 9112 section 6.3).
fn framing(
    line: &StatusLine,
    facts: &ResponseFacts,
    is_head: bool,
    is_connect: bool,
) -> Result<BodyFraming, Rule> {
    if facts.chunked && facts.content_length.is_some() {
        return Err(Rule::LengthWithTransferEncoding);
    }
    if facts.chunked && line.version == Version::Http10 {
        return Err(Rule::TransferEncodingHttp10);
    }
    // Node writes it to a 204 if it is told to, and leaves the body out. It says nothing of the connection to the client.
    if facts.chunked && line.status < 200 {
        return Err(Rule::BodyForbidden);
    }
    let switches = line.status == 101 || (is_connect && (200..300).contains(&line.status));
    Ok(if switches {
        BodyFraming::UntilEnd
    } else if is_head || line.status < 200 || matches!(line.status, 204 | 304) {
        BodyFraming::None
    } else if facts.chunked {
        BodyFraming::Chunked
    } else {
        facts.content_length.map_or(BodyFraming::UntilEnd, BodyFraming::Length)
    })
}
