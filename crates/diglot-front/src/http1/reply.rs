//! From what a worker sends to what the client gets: frames of a response in, bytes of HTTP/1 out.

use diglot_link::frame::{FIELDS_MAX, Frame, TEXT_BYTES_MAX, Type};
use diglot_link::message::Response;
use diglot_link::names;

use crate::clock;
use crate::h1::{
    self, BodyEncoder, Event, FieldScratch, HeadOptions, LengthMismatch, RequestFacts, ResponseDecoder, Rule,
    WorkerFields,
};
use crate::websocket::Handshake;

const CONTENT_TYPE: u8 = names::id("content-type");
const EVENT_STREAM: &[u8] = b"text/event-stream";

/// What workers may send as a head on the wire; what the link can carry otherwise.
const WIRE_LIMITS: h1::Limits = h1::Limits {
    request_line_bytes_max: 0,
    header_bytes_max: TEXT_BYTES_MAX,
    header_count_max: FIELDS_MAX,
    trailer_bytes_max: TEXT_BYTES_MAX,
    chunk_extension_bytes_max: 4 * 1024,
    body_extension_bytes_max: 4 * 1024,
};

/// The response to one request, as far as it has come.
#[derive(Debug)]
pub(super) struct Reply {
    request: RequestFacts,
    /// The client waits for a 100 and has not been sent one.
    awaits_continue: bool,
    stage: Stage,
    status: u16,
    content_bytes: u64,
    streams_events: bool,
    /// The worker has said that nothing follows. Its last bytes may come before that: until then, what comes still
    /// belongs to this response and not to the connection's next.
    ended: bool,
    wire: Option<Box<ResponseDecoder>>,
    /// The request is a WebSocket handshake that holds.
    handshake: Option<Box<Handshake>>,
}

#[derive(Debug)]
enum Stage {
    /// No final head yet.
    Head,
    /// The head has been written; `lives_on` tells what it said of the connection.
    Body { encoder: BodyEncoder, lives_on: bool },
    /// It answers what was no request: bytes as they are, behind which the connection ends.
    Raw { begun: bool },
    /// All of it has been written.
    Done { lives_on: bool },
}

/// What one frame did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The response goes on.
    More,
    /// The response is complete.
    Complete,
    /// The worker has accepted a WebSocket: what follows are messages.
    Switched,
    /// The application has taken the connection over: what follows are its bytes.
    TakenOver,
    /// The worker gave it up.
    Cancelled,
}

/// Why a response cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    /// Fields of a structured response.
    #[error("the application sent header fields that are not HTTP: {0}")]
    Fields(Rule),
    /// Bytes of a raw response that are not HTTP.
    #[error("the application wrote a response that is not HTTP: {0}")]
    Wire(Rule),
    /// A field of the handshake's answer that is the server's.
    #[error("the application accepted a WebSocket with a {0} header, which is the server's to send")]
    Handshake(String),
    /// 101, which nobody asked for.
    #[error(
        "the application switched protocols for a request that is no upgrade, or outside of an 'upgrade' listener"
    )]
    Switching,
    /// More or less content than Content-Length said.
    #[error("the application's response {0}")]
    Length(LengthMismatch),
}

impl Reply {
    pub(super) fn new(
        request: RequestFacts,
        awaits_continue: bool,
        handshake: Option<Box<Handshake>>,
    ) -> Self {
        Self {
            request,
            awaits_continue,
            stage: Stage::Head,
            status: 0,
            content_bytes: 0,
            streams_events: false,
            ended: false,
            wire: None,
            handshake,
        }
    }

    /// What answers something that was no request.
    pub(super) fn raw() -> Self {
        Self { stage: Stage::Raw { begun: false }, ..Self::new(RequestFacts::unknown(), false, None) }
    }

    /// Whether it answers something that was no request, with bytes of the application's alone.
    pub(super) fn is_raw(&self) -> bool {
        matches!(self.stage, Stage::Raw { .. })
    }

    /// The request has turned out to be none: unless the answer has begun, what comes now is not to one.
    pub(super) fn turn_raw(&mut self) {
        if !self.has_begun() && self.wire.is_none() {
            self.stage = Stage::Raw { begun: false };
        }
    }

    /// Whether the request is a WebSocket handshake.
    pub(super) fn is_handshake(&self) -> bool {
        self.handshake.is_some()
    }

    /// The handshake, for the WebSocket that it has become.
    pub(super) fn take_handshake(&mut self) -> Option<Box<Handshake>> {
        self.handshake.take()
    }

    /// Whether the client has been sent the final head, so that nothing else can be answered.
    pub(super) fn has_begun(&self) -> bool {
        !matches!(self.stage, Stage::Head | Stage::Raw { begun: false })
    }

    pub(super) fn is_complete(&self) -> bool {
        matches!(self.stage, Stage::Done { .. })
    }

    /// Whether nothing of it can come any more.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// The worker is gone, so nothing of it can come any more.
    pub(super) fn end(&mut self) {
        self.ended = true;
    }

    /// Whether the head that was sent lets the connection live on.
    pub(super) fn lives_on(&self) -> bool {
        match self.stage {
            Stage::Head | Stage::Raw { .. } => false,
            Stage::Body { lives_on, .. } | Stage::Done { lives_on } => lives_on,
        }
    }

    /// Whether a client would take what it has for the whole response, if the connection ended now.
    pub(super) fn ends_with_connection(&self) -> bool {
        matches!(&self.stage, Stage::Body { encoder, .. } if encoder.ends_with_connection())
    }

    /// The final status, 0 before there is one.
    pub(super) fn status(&self) -> u16 {
        self.status
    }

    /// The front has answered in the worker's stead.
    pub(super) fn answered(&mut self, status: u16, content_bytes: u64) {
        self.status = status;
        self.content_bytes = content_bytes;
    }

    /// Bytes of content the worker sent.
    pub(super) fn content_bytes(&self) -> u64 {
        self.content_bytes
    }

    /// Whether it is an event stream.
    pub(super) fn streams_events(&self) -> bool {
        self.streams_events
    }

    pub(super) fn request(&self) -> RequestFacts {
        self.request
    }

    /// The client's body came without being asked for.
    pub(super) fn body_came(&mut self) {
        self.awaits_continue = false;
    }

    /// Writes what one frame means to `out`. `stays` tells whether the server lets connections live on.
    pub(super) fn take(
        &mut self,
        frame: Frame<'_>,
        out: &mut Vec<u8>,
        scratch: &mut FieldScratch,
        stays: bool,
    ) -> Result<Step, Fault> {
        let Frame { header, payload } = frame;
        self.ended |= header.ends();
        match header.kind {
            Type::Response => {
                // The link has checked the payload's shape.
                let Ok(response) = Response::decode(payload) else {
                    return Err(Fault::Fields(Rule::LineCut));
                };
                let fields =
                    WorkerFields::parse(response.fields, scratch, FIELDS_MAX).map_err(Fault::Fields)?;
                let complete = header.ends().then_some(response.body.len() as u64);
                let framing =
                    h1::frame_response(self.request, response.status, fields.content_length(), complete);
                self.write_head(out, response.status, None, &fields, framing, stays);
                self.write_body(out, response.body)?;
                self.end_if(header.ends(), out)
            }
            Type::Inform => {
                let Ok(response) = Response::decode_inform(payload) else {
                    return Err(Fault::Fields(Rule::LineCut));
                };
                let fields =
                    WorkerFields::parse(response.fields, scratch, FIELDS_MAX).map_err(Fault::Fields)?;
                self.write_interim(out, response.status, &fields)?;
                Ok(Step::More)
            }
            Type::Body => {
                self.write_body(out, payload)?;
                self.end_if(header.ends(), out)
            }
            Type::Trailers => {
                WorkerFields::parse_trailers(payload, scratch, FIELDS_MAX).map_err(Fault::Fields)?;
                self.finish(out, payload)
            }
            Type::Accept => self.switch(payload, out, scratch),
            Type::Tunnel => Ok(Step::TakenOver),
            Type::Wire => self.take_wire(payload, header.ends(), out, stays),
            Type::Cancel => Ok(Step::Cancelled),
            _ => Ok(Step::More),
        }
    }

    /// The client's handshake is accepted, with these fields of the application's (RFC 6455 section 4.2.2).
    fn switch(&mut self, lines: &[u8], out: &mut Vec<u8>, scratch: &mut FieldScratch) -> Result<Step, Fault> {
        let Some(handshake) = &self.handshake else { return Err(Fault::Switching) };
        let mut text = Vec::new();
        handshake.write_fields(&mut text);
        let fields_of_ours = text.iter().filter(|&&byte| byte == b'\n').count();
        text.extend_from_slice(lines);
        let fields = WorkerFields::parse(&text, scratch, FIELDS_MAX).map_err(Fault::Fields)?;
        if let Some(field) =
            fields.fields().iter().skip(fields_of_ours).find(|field| is_of_handshake(field.name))
        {
            return Err(Fault::Handshake(String::from_utf8_lossy(field.name).into_owned()));
        }
        let options = HeadOptions {
            status: 101,
            reason: None,
            framing: h1::ResponseFraming::NoBody,
            version: self.request.version,
            keep_alive: true,
            date: Some(&clock::date()),
        };
        h1::write_head(out, &options, &fields);
        self.status = 101;
        Ok(Step::Switched)
    }

    fn take_wire(
        &mut self,
        mut bytes: &[u8],
        ends: bool,
        out: &mut Vec<u8>,
        stays: bool,
    ) -> Result<Step, Fault> {
        if self.is_complete() {
            return if bytes.is_empty() { Ok(Step::Complete) } else { Err(Fault::Wire(Rule::BytesAfterEnd)) };
        }
        if let Stage::Raw { begun } = &mut self.stage {
            if !std::mem::replace(begun, *begun || !bytes.is_empty()) {
                self.status = status_of(bytes).unwrap_or(self.status);
            }
            self.content_bytes += bytes.len() as u64;
            out.extend_from_slice(bytes);
            if ends {
                self.stage = Stage::Done { lives_on: false };
            }
            return Ok(if ends { Step::Complete } else { Step::More });
        }
        let mut decoder = self.wire.take().unwrap_or_else(|| {
            let method: &[u8] = match (self.request.is_head, self.request.is_connect) {
                (true, _) => b"HEAD",
                (_, true) => b"CONNECT",
                _ => b"GET",
            };
            Box::new(ResponseDecoder::new(method, &WIRE_LIMITS))
        });
        while !self.is_complete() {
            let step = decoder.decode(bytes).map_err(Fault::Wire)?;
            let consumed = step.consumed;
            match step.event {
                Event::NeedMore => break,
                Event::Head(head) if head.status == 101 => return Err(Fault::Switching),
                Event::Head(head) if head.is_final() => {
                    let complete = match head.framing {
                        h1::BodyFraming::None => Some(0),
                        _ => None,
                    };
                    let length = head.fields.content_length();
                    let framing = match h1::frame_response(self.request, head.status, length, complete) {
                        // It ends with the connection the application believes it has: then with the client's, too.
                        h1::ResponseFraming::Chunked if head.framing == h1::BodyFraming::UntilEnd => {
                            h1::ResponseFraming::Close
                        }
                        framing => framing,
                    };
                    self.write_head(out, head.status, Some(head.reason), &head.fields, framing, stays);
                }
                Event::Head(head) => self.write_interim(out, head.status, &head.fields)?,
                Event::Data(range) => self.write_body(out, &bytes[range])?,
                Event::End { trailers } => {
                    let lines = trailers.as_ref().map(super::field_lines).unwrap_or_default();
                    self.finish(out, &lines)?;
                }
            }
            bytes = &bytes[consumed..];
        }
        if self.is_complete() {
            return if bytes.is_empty() { Ok(Step::Complete) } else { Err(Fault::Wire(Rule::BytesAfterEnd)) };
        }
        if ends {
            decoder.finish().map_err(Fault::Wire)?;
            return self.finish(out, &[]);
        }
        self.wire = Some(decoder);
        Ok(Step::More)
    }

    fn write_head(
        &mut self,
        out: &mut Vec<u8>,
        status: u16,
        reason: Option<&[u8]>,
        fields: &WorkerFields<'_>,
        framing: h1::ResponseFraming,
        stays: bool,
    ) {
        // A reason comes from a server of the application's own, which has decided about Date as well.
        let date = reason.is_none().then(clock::date);
        let options = HeadOptions {
            status,
            reason,
            framing,
            version: self.request.version,
            // A client that still waits for its 100 may send the body or not: only closing is unambiguous.
            keep_alive: self.request.keep_alive && stays && !self.awaits_continue,
            date: date.as_ref(),
        };
        let lives_on = h1::write_head(out, &options, fields);
        self.status = status;
        let has_no_length = matches!(framing, h1::ResponseFraming::Chunked | h1::ResponseFraming::Close);
        self.streams_events = has_no_length && is_event_stream(fields);
        self.stage = Stage::Body { encoder: BodyEncoder::new(framing), lives_on };
    }

    fn write_interim(
        &mut self,
        out: &mut Vec<u8>,
        status: u16,
        fields: &WorkerFields<'_>,
    ) -> Result<(), Fault> {
        match status {
            101 => return Err(Fault::Switching),
            100 if !std::mem::take(&mut self.awaits_continue) => {}
            // RFC 9110 section 15.2: an HTTP/1.0 client does not know them.
            _ if self.request.version == h1::Version::Http10 || self.has_begun() => {}
            _ => h1::write_informational(out, status, fields),
        }
        Ok(())
    }

    fn write_body(&mut self, out: &mut Vec<u8>, data: &[u8]) -> Result<(), Fault> {
        self.content_bytes += data.len() as u64;
        match &mut self.stage {
            Stage::Body { encoder, .. } => encoder.write(out, data).map_err(Fault::Length),
            Stage::Head | Stage::Raw { .. } | Stage::Done { .. } => Ok(()),
        }
    }

    fn end_if(&mut self, ends: bool, out: &mut Vec<u8>) -> Result<Step, Fault> {
        if ends { self.finish(out, &[]) } else { Ok(Step::More) }
    }

    fn finish(&mut self, out: &mut Vec<u8>, trailers: &[u8]) -> Result<Step, Fault> {
        if let Stage::Body { lives_on, .. } = self.stage
            && let Stage::Body { encoder, .. } = std::mem::replace(&mut self.stage, Stage::Done { lives_on })
        {
            encoder.finish(out, trailers).map_err(Fault::Length)?;
        }
        Ok(Step::Complete)
    }
}

fn is_event_stream(fields: &WorkerFields<'_>) -> bool {
    let media_type = fields.fields().iter().find(|field| field.id == CONTENT_TYPE).map(|field| field.value);
    media_type
        .and_then(|value| value.get(..EVENT_STREAM.len()))
        .is_some_and(|start| start.eq_ignore_ascii_case(EVENT_STREAM))
}

/// The status of an answer that nobody decodes, for the access log.
fn status_of(bytes: &[u8]) -> Option<u16> {
    let digits = bytes.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
    str::from_utf8(digits).ok()?.parse().ok()
}

/// Fields of a 101 response that decide about the protocol.
fn is_of_handshake(name: &[u8]) -> bool {
    ["upgrade", "sec-websocket-accept", "sec-websocket-extensions", "content-length", "transfer-encoding"]
        .iter()
        .any(|own| own.as_bytes().eq_ignore_ascii_case(name))
}
