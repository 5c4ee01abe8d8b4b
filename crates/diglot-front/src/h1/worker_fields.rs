//! The header fields of a worker's response, checked as strictly as a client's: a worker is not trusted.

use super::field::{FieldIter, Fields, Line, LineReader, Span};
use super::framing;
use super::rule::Rule;
use super::{known, scan};

/// Positions of field lines; kept between responses, so that reading them allocates nothing.
#[derive(Debug, Default)]
pub struct FieldScratch {
    pub(super) spans: Vec<Span>,
}

/// Checked field lines of a response, with what they say of the message itself.
#[derive(Debug, Clone, Copy)]
pub struct WorkerFields<'b> {
    /// What the positions refer to.
    bytes: &'b [u8],
    /// Start of the first line.
    start: usize,
    /// End of the last line, behind its CRLF.
    end: usize,
    spans: &'b [Span],
    facts: ResponseFacts,
}

/// What a response's fields say of the message itself.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ResponseFacts {
    pub(super) content_length: Option<u64>,
    pub(super) chunked: bool,
    pub(super) close: bool,
    keep_alive: bool,
    pub(super) has_date: bool,
    /// Some line says something of the connection, or of the framing on it.
    has_hop_by_hop: bool,
    /// One of them is neither Connection nor Keep-Alive nor Transfer-Encoding.
    has_other_hop_by_hop: bool,
    connection_options: usize,
}

/// Options of Connection in one response. Each is compared with each field name, so that their number must be
/// small for writing to stay linear.
const CONNECTION_OPTIONS_MAX: usize = 32;

impl ResponseFacts {
    #[inline]
    pub(super) fn note(&mut self, bytes: &[u8], span: &Span) -> Result<(), Rule> {
        match span.id() {
            known::CONTENT_LENGTH => {
                let length = framing::content_length(span.of(bytes).value)?;
                if self.content_length.replace(length).is_some() {
                    return Err(Rule::LengthDuplicate);
                }
            }
            known::TRANSFER_ENCODING => {
                if std::mem::replace(&mut self.chunked, true) {
                    return Err(Rule::TransferEncodingDuplicate);
                }
                framing::transfer_encoding(span.of(bytes).value)?;
                self.has_hop_by_hop = true;
            }
            known::CONNECTION => {
                self.has_hop_by_hop = true;
                for option in scan::list_members(span.of(bytes).value) {
                    self.close |= option.eq_ignore_ascii_case(b"close");
                    self.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
                    self.connection_options += 1;
                }
                if self.connection_options > CONNECTION_OPTIONS_MAX {
                    return Err(Rule::ConnectionTooLong);
                }
            }
            known::DATE => self.has_date = true,
            known::KEEP_ALIVE => self.has_hop_by_hop = true,
            id if known::is_hop_by_hop(id) => {
                self.has_hop_by_hop = true;
                self.has_other_hop_by_hop = true;
            }
            _ => {}
        }
        Ok(())
    }
}

/// Lines about the connection and the framing that travel on, because they say of this connection what is so.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Kept {
    pub(super) content_length: bool,
    pub(super) transfer_encoding: bool,
    pub(super) upgrade: bool,
    /// Connection and Keep-Alive.
    pub(super) connection: bool,
}

impl<'b> WorkerFields<'b> {
    /// No field at all.
    pub const EMPTY: WorkerFields<'static> = WorkerFields {
        bytes: &[],
        start: 0,
        end: 0,
        spans: &[],
        facts: ResponseFacts {
            content_length: None,
            chunked: false,
            close: false,
            keep_alive: false,
            has_date: false,
            has_hop_by_hop: false,
            has_other_hop_by_hop: false,
            connection_options: 0,
        },
    };

    /// Checks `text`, lines of `name: value\r\n` without an empty line behind them, of which there are at most
    /// `count_max`. It is at most as long as a link's frame.
    ///
    /// A CR or LF that an application put into a value has become a line of its own here and cannot be told
    /// from one: the worker's side refuses those, as `http.ServerResponse` does.
    ///
    /// # Errors
    /// The rule the lines break. The response must not be sent; that is a 502.
    pub fn parse(text: &'b [u8], scratch: &'b mut FieldScratch, count_max: usize) -> Result<Self, Rule> {
        scratch.spans.clear();
        let mut facts = ResponseFacts::default();
        let mut reader = LineReader::at(0);
        while !reader.is_at_end(text) {
            if scratch.spans.len() >= count_max {
                return Err(Rule::TooManyFields);
            }
            match reader.next(text)? {
                Line::Field(span) => {
                    facts.note(text, &span)?;
                    scratch.spans.push(span);
                }
                Line::End(_) => return Err(Rule::NameEmpty),
                Line::Incomplete => return Err(Rule::LineCut),
            }
        }
        Ok(Self { bytes: text, start: 0, end: text.len(), spans: &scratch.spans, facts })
    }

    /// As [`Self::parse`], for the lines of a trailer section.
    ///
    /// # Errors
    /// The rule the lines break, among them [`Rule::TrailerForbidden`].
    pub fn parse_trailers(
        text: &'b [u8],
        scratch: &'b mut FieldScratch,
        count_max: usize,
    ) -> Result<Self, Rule> {
        let trailers = Self::parse(text, scratch, count_max)?;
        if trailers.fields().iter().any(|field| known::is_forbidden_in_trailers(field.name)) {
            return Err(Rule::TrailerForbidden);
        }
        Ok(trailers)
    }

    /// The checked lines as they came, `name: value\r\n` each: trailers for [`super::BodyEncoder::finish`].
    pub fn text(&self) -> &'b [u8] {
        &self.bytes[self.start..self.end]
    }

    /// Of lines that were read and noted already.
    pub(super) fn of_parsed(
        bytes: &'b [u8],
        lines: std::ops::Range<usize>,
        spans: &'b [Span],
        facts: ResponseFacts,
    ) -> Self {
        Self { bytes, start: lines.start, end: lines.end, spans, facts }
    }

    /// The fields in order, those of the connection among them.
    pub fn fields(&self) -> Fields<'b> {
        Fields::new(self.bytes, self.spans)
    }

    /// The length of the content as the application declared it. Beside a Transfer-Encoding it counts for
    /// nothing (RFC 9112 section 6.3).
    pub fn content_length(&self) -> Option<u64> {
        if self.facts.chunked { None } else { self.facts.content_length }
    }

    /// The application asks for the connection to be closed.
    pub fn asks_for_close(&self) -> bool {
        self.facts.close
    }

    /// The content comes in chunks.
    pub(super) fn is_chunked(&self) -> bool {
        self.facts.chunked
    }

    /// Connection says that it lives on, or that it does not, and nothing else.
    pub(super) fn says_only(&self, lives_on: bool) -> bool {
        let Self { facts: ResponseFacts { close, keep_alive, connection_options, .. }, .. } = *self;
        connection_options == 1 && if lives_on { keep_alive } else { close }
    }

    pub(super) fn has_date(&self) -> bool {
        self.facts.has_date
    }

    /// Appends the lines as they came, but for those of the connection, those that Connection names, and
    /// Content-Length, as far as none of them is `kept`.
    pub(super) fn write(&self, out: &mut Vec<u8>, kept: Kept) {
        let facts = &self.facts;
        let drops_length = facts.content_length.is_some() && !kept.content_length;
        let drops_none = !facts.has_hop_by_hop
            || (kept.connection && !facts.has_other_hop_by_hop && (kept.transfer_encoding || !facts.chunked));
        if drops_none && !drops_length {
            out.extend_from_slice(self.text());
            return;
        }
        let mut line_ends = self.spans.iter().skip(1).map(Span::line_start).chain([self.end]);
        for span in self.spans {
            let line_end = line_ends.next().unwrap_or(self.end);
            let dropped = match span.id() {
                known::CONTENT_LENGTH => drops_length,
                known::UPGRADE => !kept.upgrade,
                known::CONNECTION | known::KEEP_ALIVE => !kept.connection,
                known::TRANSFER_ENCODING => !kept.transfer_encoding,
                id => known::is_hop_by_hop(id) || self.is_named_by_connection(span),
            };
            if !dropped {
                out.extend_from_slice(&self.bytes[span.line_start()..line_end]);
            }
        }
    }

    fn is_named_by_connection(&self, span: &Span) -> bool {
        let name = span.of(self.bytes).name;
        self.spans
            .iter()
            .filter(|other| other.id() == known::CONNECTION)
            .flat_map(|connection| scan::list_members(connection.of(self.bytes).value))
            .any(|option| option.eq_ignore_ascii_case(name))
    }
}

impl<'b> IntoIterator for WorkerFields<'b> {
    type Item = diglot_link::message::Field<'b>;
    type IntoIter = FieldIter<'b>;

    fn into_iter(self) -> FieldIter<'b> {
        self.fields().iter()
    }
}
