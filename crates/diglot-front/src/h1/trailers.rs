//! The trailer section behind the last chunk (RFC 9112 section 7.1.2).

use diglot_link::message::Field;

use super::Limits;
use super::field::{FieldIter, Fields, Line, LineReader, Span};
use super::known;
use super::rule::Rule;

/// The trailer fields of a message. They are kept apart from the headers, as RFC 9110 section 6.5.1 asks.
#[derive(Debug, Clone, Default)]
pub struct Trailers {
    bytes: Vec<u8>,
    spans: Vec<Span>,
}

impl Trailers {
    /// The fields in order; never none.
    pub fn fields(&self) -> Fields<'_> {
        Fields::new(&self.bytes, &self.spans)
    }
}

impl<'b> IntoIterator for &'b Trailers {
    type Item = Field<'b>;
    type IntoIter = FieldIter<'b>;

    fn into_iter(self) -> FieldIter<'b> {
        self.fields().iter()
    }
}

/// Collects a trailer section over several reads. It keeps the bytes itself: trailers are rare and small, and
/// the connection's buffer stays free of them.
#[derive(Debug, Default, Clone)]
pub(super) struct TrailerReader {
    section: Trailers,
    reader: LineReader,
}

impl TrailerReader {
    /// Takes from the front of `input`; `Some` is how many of its bytes belonged to the section that is now
    /// complete, `None` that all did and more must come.
    pub(super) fn push(&mut self, input: &[u8], limits: &Limits) -> Result<Option<usize>, Rule> {
        let Trailers { bytes, spans } = &mut self.section;
        let held = bytes.len();
        let room = limits.trailer_bytes_max.saturating_sub(held);
        bytes.extend_from_slice(&input[..input.len().min(room)]);
        loop {
            if spans.len() >= limits.header_count_max && self.reader.begins_field(bytes) {
                return Err(Rule::TooManyFields);
            }
            match self.reader.next(bytes)? {
                Line::Field(span) => {
                    if known::is_forbidden_in_trailers(span.of(bytes).name) {
                        return Err(Rule::TrailerForbidden);
                    }
                    spans.push(span);
                }
                Line::End(end) => return Ok(Some(end - held)),
                Line::Incomplete if bytes.len() >= limits.trailer_bytes_max => {
                    return Err(Rule::TrailerTooLarge);
                }
                Line::Incomplete => return Ok(None),
            }
        }
    }

    /// The section's fields, `None` if it was empty.
    pub(super) fn into_trailers(self) -> Option<Trailers> {
        (!self.section.spans.is_empty()).then_some(self.section)
    }
}
