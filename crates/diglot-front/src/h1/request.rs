//! The request head (RFC 9112 sections 2 to 6, RFC 9110 section 7), read in one pass and resumed where it
//! stopped when it comes in pieces.

use super::field::{Fields, Line, LineReader, ROOM_MAX, Span};
use super::framing::{self, BodyFraming};
use super::rule::{Rejection, Rule};
use super::target::{self, Target, TargetForm};
use super::{Limits, Status, Version, authority, known, scan};

/// Bytes of the longest method that is read. The registry's longest is `UPDATEREDIRECTREF`, of 17.
const METHOD_BYTES_MAX: usize = 32;

/// Empty lines before a request line that are skipped. RFC 9112 section 2.2 has at least one ignored.
const EMPTY_LINES_MAX: usize = 8;
const CRLF_BYTES: usize = 2;

/// First byte of a TLS handshake record (RFC 8446 section 5.1). No HTTP message can begin with it.
const TLS_HANDSHAKE: u8 = 0x16;

/// A request head, borrowed from the buffer it was read from.
#[derive(Debug, Clone, Copy)]
pub struct RequestHead<'b> {
    /// The method, a token in the client's case (methods have case).
    pub method: &'b [u8],
    /// The request target as sent: visible ASCII, not empty.
    pub target: &'b [u8],
    /// Which form the target has.
    pub form: TargetForm,
    /// The path as sent, without the query. It begins with `/`; `*` and `host:port` have an empty one.
    pub path: &'b [u8],
    /// Where the path begins in the target: 0 but for the absolute form.
    pub path_start: usize,
    /// What stands behind the first `?`; `Some` and empty for a `?` alone.
    pub query: Option<&'b [u8]>,
    /// Host and port as sent: those of the target where it has any, else those of Host. Only an HTTP/1.0
    /// request can lack them.
    pub authority: Option<&'b [u8]>,
    /// The version the request is processed as.
    pub version: Version,
    /// The header fields.
    pub headers: Fields<'b>,
    /// How the content is delimited.
    pub framing: BodyFraming,
    /// Whether the client lets the connection live on (RFC 9112 section 9.3).
    pub keep_alive: bool,
    /// The client waits for a 100 before it sends the content (RFC 9110 section 10.1.1).
    pub expect_continue: bool,
    /// The client offers to switch protocols: an Upgrade field, named by Connection.
    pub upgrade: bool,
    /// The client, or a proxy, says where the request comes from: there is an X-Forwarded-For or X-Forwarded-Proto.
    pub forwarded: bool,
    /// Length of the head with its empty line, and with the empty lines before it; the content begins there.
    pub head_bytes: usize,
}

/// Where a head's reading stands between two calls of [`parse_request`]. One for each connection, or one for
/// all that are between two requests: it holds nothing of a request whose head is complete.
#[derive(Debug, Default)]
pub struct Scratch {
    fields: Vec<Span>,
    progress: Progress,
}

impl Scratch {
    /// Without any buffer; it allocates at the first request.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether a head is being read, so that the bytes of the next call must begin with those of the last.
    pub fn is_within_head(&self) -> bool {
        self.progress.stage != Stage::Start
    }

    /// Forgets the head that was being read.
    pub fn reset(&mut self) {
        self.progress = Progress::default();
        self.fields.clear();
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Stage {
    #[default]
    Start,
    Method,
    Target,
    Version,
    Fields,
}

#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    stage: Stage,
    /// How many bytes the last call saw.
    seen: usize,
    /// First byte of the request line.
    start: usize,
    method_end: usize,
    target_end: usize,
    /// All bytes of the request line before this one are known to be good.
    scanned: usize,
    line: Option<RequestLine>,
    reader: LineReader,
    facts: Facts,
}

#[derive(Debug, Clone, Copy)]
struct RequestLine {
    target: Target,
    version: Version,
}

/// What the header fields say of the message itself, gathered while they pass.
#[derive(Debug, Clone, Copy, Default)]
struct Facts {
    host: Option<Span>,
    content_length: Option<u64>,
    chunked: bool,
    close: bool,
    keep_alive: bool,
    connection_upgrade: bool,
    upgrade_field: bool,
    expect_continue: bool,
    forwarded: bool,
}

/// Reads a request head from the front of `bytes`.
///
/// While it answers [`Status::Incomplete`], call it again with the same bytes and more behind them. It never
/// asks for more than the limits allow: a head that cannot fit any more is rejected at once. After a
/// rejection the scratch is empty again.
#[inline]
pub fn parse_request<'b>(
    bytes: &'b [u8],
    scratch: &'b mut Scratch,
    limits: &Limits,
) -> Result<Status<RequestHead<'b>>, Rejection> {
    // Fewer bytes than last time are not a continuation; positions into them would be wrong.
    if scratch.progress.stage == Stage::Start || bytes.len() < scratch.progress.seen {
        scratch.reset();
    }
    let mut progress = scratch.progress;
    match advance(bytes, &mut progress, &mut scratch.fields, limits) {
        Ok(Status::Incomplete) => {
            progress.seen = bytes.len();
            scratch.progress = progress;
            Ok(Status::Incomplete)
        }
        Ok(Status::Complete(head_bytes)) => {
            scratch.progress = Progress::default();
            finish(bytes, &progress, &scratch.fields, head_bytes)
                .map(Status::Complete)
                .map_err(Rejection::from)
        }
        Err(rule) => {
            scratch.reset();
            Err(rule.into())
        }
    }
}

/// Reads as far as the bytes reach; the number is the head's length.
#[inline]
fn advance(
    bytes: &[u8],
    progress: &mut Progress,
    fields: &mut Vec<Span>,
    limits: &Limits,
) -> Result<Status<usize>, Rule> {
    if progress.stage != Stage::Fields {
        // The window ends where the longest allowed line does: what does not end in it is too long.
        let room = limits.request_line_bytes_max.min(ROOM_MAX) + 2;
        if progress.stage == Stage::Start && !begin(bytes, progress)? {
            return Ok(Status::Incomplete);
        }
        let window = window(bytes, progress.start, room);
        if !request_line(window, progress)? {
            return if window.len() - progress.start >= room {
                Err(Rule::RequestLineTooLong)
            } else {
                Ok(Status::Incomplete)
            };
        }
    }
    let room = limits.header_bytes_max.min(ROOM_MAX);
    let window = window(bytes, progress.reader.section(), room);
    let mut reader = progress.reader;
    loop {
        if fields.len() >= limits.header_count_max && reader.begins_field(window) {
            return Err(Rule::TooManyFields);
        }
        match reader.next(window)? {
            Line::Field(span) => {
                progress.facts.note(window, &span)?;
                fields.push(span);
            }
            Line::End(head_bytes) => return Ok(Status::Complete(head_bytes)),
            Line::Incomplete => break,
        }
    }
    progress.reader = reader;
    if window.len() - reader.section() >= room { Err(Rule::HeaderTooLarge) } else { Ok(Status::Incomplete) }
}

/// `bytes` up to `room` bytes after `start`.
#[inline]
fn window(bytes: &[u8], start: usize, room: usize) -> &[u8] {
    &bytes[..bytes.len().min(start + room)]
}

/// Looks at the first bytes; `false` while there is nothing to look at. Empty lines are skipped, up to
/// [`EMPTY_LINES_MAX`]: some clients send them behind the content of the request before (RFC 9112 section 2.2).
#[inline]
fn begin(bytes: &[u8], progress: &mut Progress) -> Result<bool, Rule> {
    let mut start = 0;
    while let Some(b'\r') = bytes.get(start) {
        if start == EMPTY_LINES_MAX * CRLF_BYTES {
            return Err(Rule::EmptyLines);
        }
        match bytes.get(start + 1) {
            None => return Ok(false),
            Some(b'\n') => start += CRLF_BYTES,
            Some(_) => return Err(Rule::BareCr),
        }
    }
    match bytes.get(start) {
        None => return Ok(false),
        Some(b'\n') => return Err(Rule::BareLf),
        Some(&TLS_HANDSHAKE) => return Err(Rule::TlsOnPlainPort),
        Some(_) => {}
    }
    progress.start = start;
    progress.scanned = start;
    progress.stage = Stage::Method;
    Ok(true)
}

/// Reads the request line (RFC 9112 section 3); `false` while its end has not come.
#[inline]
fn request_line(window: &[u8], progress: &mut Progress) -> Result<bool, Rule> {
    if progress.stage == Stage::Method {
        let method_room = &window[..window.len().min(progress.start + METHOD_BYTES_MAX + 1)];
        let end = scan::token_end(method_room, progress.scanned);
        progress.scanned = end;
        if end - progress.start > METHOD_BYTES_MAX {
            return Err(Rule::MethodTooLong);
        }
        match window.get(end) {
            None => return Ok(false),
            Some(b' ') if end > progress.start => {}
            Some(b'\r' | b'\n') => return Err(Rule::RequestLineSpace),
            Some(_) => return Err(Rule::MethodInvalid),
        }
        progress.method_end = end;
        progress.scanned = end + 1;
        progress.stage = Stage::Target;
    }
    if progress.stage == Stage::Target {
        let end = scan::visible_end(window, progress.scanned);
        progress.scanned = end;
        match window.get(end) {
            None => return Ok(false),
            Some(b' ') if end > progress.method_end + 1 => {}
            Some(b' ') => return Err(Rule::RequestLineSpace),
            Some(b'\r' | b'\n') => return Err(Rule::Http09),
            Some(_) => return Err(Rule::TargetByte),
        }
        progress.target_end = end;
        progress.stage = Stage::Version;
    }
    let version_start = progress.target_end + 1;
    let Some(number) = version(&window[version_start.min(window.len())..])? else { return Ok(false) };
    let method = &window[progress.start..progress.method_end];
    if method == b"PRI" {
        return Err(Rule::Http2Preface);
    }
    let version = match number {
        (1, 0) => Version::Http10,
        (1, _) => Version::Http11,
        _ => return Err(Rule::VersionUnsupported),
    };
    let target = target::parse(window, method, progress.method_end + 1, progress.target_end)?;
    progress.line = Some(RequestLine { target, version });
    progress.reader = LineReader::at(version_start + VERSION_LINE_BYTES);
    progress.stage = Stage::Fields;
    Ok(true)
}

/// Length of `HTTP/1.1` and CRLF.
const VERSION_LINE_BYTES: usize = 10;

/// The version's two digits with their line end; `None` while it is cut.
#[inline]
fn version(rest: &[u8]) -> Result<Option<(u8, u8)>, Rule> {
    if rest.starts_with(b"HTTP/1.1\r\n") {
        return Ok(Some((1, 1)));
    }
    uncommon_version(rest)
}

#[cold]
fn uncommon_version(rest: &[u8]) -> Result<Option<(u8, u8)>, Rule> {
    // A zero stands for any digit.
    for (&expected, &byte) in b"HTTP/0.0\r\n".iter().zip(rest) {
        match (expected, byte) {
            (b'0', byte) if byte.is_ascii_digit() => {}
            (b'\r', b'\n') => return Err(Rule::BareLf),
            (b'\n', byte) if byte != b'\n' => return Err(Rule::BareCr),
            (expected, byte) if expected == byte => {}
            (_, b' ') => return Err(Rule::RequestLineSpace),
            _ => return Err(Rule::VersionInvalid),
        }
    }
    match *rest {
        [_, _, _, _, _, major, _, minor, _, _, ..] => Ok(Some((major - b'0', minor - b'0'))),
        _ => Ok(None),
    }
}

/// Fills a place that only one field may fill, even if a second would say the same.
#[inline]
fn set_once<T>(place: &mut Option<T>, value: T, rule: Rule) -> Result<(), Rule> {
    if place.replace(value).is_some() { Err(rule) } else { Ok(()) }
}

impl Facts {
    /// Notes a field that says something of the message itself.
    #[inline]
    fn note(&mut self, bytes: &[u8], span: &Span) -> Result<(), Rule> {
        match span.id() {
            known::HOST => set_once(&mut self.host, *span, Rule::HostDuplicate)?,
            known::EXPECT => {
                self.expect_continue |= scan::list_members(span.of(bytes).value)
                    .any(|member| member.eq_ignore_ascii_case(b"100-continue"));
            }
            known::UPGRADE => self.upgrade_field = true,
            known::CONNECTION => self.note_connection(span.of(bytes).value),
            known::CONTENT_LENGTH => {
                let length = framing::content_length(span.of(bytes).value)?;
                set_once(&mut self.content_length, length, Rule::LengthDuplicate)?;
            }
            known::TRANSFER_ENCODING => {
                if self.chunked {
                    return Err(Rule::TransferEncodingDuplicate);
                }
                framing::transfer_encoding(span.of(bytes).value)?;
                self.chunked = true;
            }
            known::X_FORWARDED_FOR | known::X_FORWARDED_PROTO => self.forwarded = true,
            _ => {}
        }
        Ok(())
    }

    fn note_connection(&mut self, value: &[u8]) {
        for option in scan::list_members(value) {
            self.close |= option.eq_ignore_ascii_case(b"close");
            self.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
            self.connection_upgrade |= option.eq_ignore_ascii_case(b"upgrade");
        }
    }

    fn framing(&self, version: Version) -> Result<BodyFraming, Rule> {
        match (self.chunked, self.content_length) {
            (true, _) if version == Version::Http10 => Err(Rule::TransferEncodingHttp10),
            (true, Some(_)) => Err(Rule::LengthWithTransferEncoding),
            (true, None) => Ok(BodyFraming::Chunked),
            (false, Some(length)) => Ok(BodyFraming::Length(length)),
            (false, None) => Ok(BodyFraming::None),
        }
    }
}

/// Checks what only the whole head shows, and puts the parts together.
#[inline]
fn finish<'b>(
    bytes: &'b [u8],
    progress: &Progress,
    fields: &'b [Span],
    head_bytes: usize,
) -> Result<RequestHead<'b>, Rule> {
    let facts = &progress.facts;
    // A head is only complete behind its request line.
    let Some(RequestLine { target, version }) = progress.line else { return Err(Rule::VersionInvalid) };
    let part = |(start, end): (u32, u32)| &bytes[start as usize..end as usize];
    // First what parsers trip over: where it is Node that is told, so would its own.
    let framing = facts.framing(version)?;
    let target_authority = target.authority.map(part);
    let host = facts.host.map(|span| span.of(bytes).value);
    let authority = match (host, target_authority) {
        (None, _) if version == Version::Http11 => return Err(Rule::HostMissing),
        (None, authority) => authority,
        (Some(host), None) => {
            authority::check(host)?;
            Some(host)
        }
        // Clients of proxies name the proxy as well as where they want to go, and it is the latter that counts.
        (Some(host), Some(authority)) if target.form == TargetForm::Authority => {
            authority::check(host)?;
            Some(authority)
        }
        (Some(host), Some(authority)) => {
            if !authority::check(host)?.matches(&authority::check(authority)?, target.default_port) {
                return Err(Rule::HostMismatch);
            }
            Some(authority)
        }
    };
    let path = match part(target.path) {
        b"" if target.form == TargetForm::Absolute => b"/",
        path => path,
    };
    let is_http11 = version == Version::Http11;
    Ok(RequestHead {
        method: &bytes[progress.start..progress.method_end],
        target: part((target.start, target.end)),
        form: target.form,
        path,
        path_start: (target.path.0 - target.start) as usize,
        query: target.query.map(|start| part((start, target.end))),
        authority,
        version,
        headers: Fields::new(bytes, fields),
        framing,
        keep_alive: !facts.close && (is_http11 || facts.keep_alive) && target.form != TargetForm::Authority,
        expect_continue: facts.expect_continue
            && is_http11
            && !matches!(framing, BodyFraming::None | BodyFraming::Length(0)),
        upgrade: facts.connection_upgrade && facts.upgrade_field && is_http11,
        forwarded: facts.forwarded,
        head_bytes,
    })
}
