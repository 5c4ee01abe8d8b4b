//! Field lines (RFC 9112 section 5): one resumable line reader for headers, trailers and worker's fields.

use diglot_link::message::{Field, NAME_BYTES_MAX};
use diglot_link::names;

use super::rule::Rule;
use super::scan;

/// No limit on a head is above this, so that every position in it fits into 32 bits.
pub(super) const ROOM_MAX: usize = 1 << 30;

/// Where a field line lies in the bytes it was read from. Positions instead of slices: they stay true when
/// the buffer grows and moves between two reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    name_start: u32,
    value_start: u32,
    value_end: u32,
    name_bytes: u8,
    id: u8,
}

impl Span {
    #[inline]
    pub(super) fn of<'b>(&self, bytes: &'b [u8]) -> Field<'b> {
        let name_start = self.name_start as usize;
        Field {
            name: &bytes[name_start..name_start + usize::from(self.name_bytes)],
            value: &bytes[self.value_start as usize..self.value_end as usize],
            id: self.id,
        }
    }

    /// The name's number in the link's table, 0 where it is not in it.
    #[inline]
    pub(super) fn id(&self) -> u8 {
        self.id
    }

    /// First byte of the line.
    #[inline]
    pub(super) fn line_start(&self) -> usize {
        self.name_start as usize
    }
}

/// The field lines of a message in the order they were sent, duplicates kept.
#[derive(Clone, Copy)]
pub struct Fields<'b> {
    bytes: &'b [u8],
    spans: &'b [Span],
}

impl<'b> Fields<'b> {
    #[inline]
    pub(super) fn new(bytes: &'b [u8], spans: &'b [Span]) -> Self {
        Self { bytes, spans }
    }

    /// How many field lines there are.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there is no field line.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The lines in order.
    #[inline]
    pub fn iter(&self) -> FieldIter<'b> {
        FieldIter { bytes: self.bytes, spans: self.spans.iter() }
    }

    /// The first value under `name`, which is compared without regard to case.
    pub fn get(&self, name: &str) -> Option<&'b [u8]> {
        self.iter().find(|field| field.name.eq_ignore_ascii_case(name.as_bytes())).map(|field| field.value)
    }
}

impl std::fmt::Debug for Fields<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map()
            .entries(
                self.iter().map(|field| {
                    (field.name.escape_ascii().to_string(), field.value.escape_ascii().to_string())
                }),
            )
            .finish()
    }
}

impl<'b> IntoIterator for Fields<'b> {
    type Item = Field<'b>;
    type IntoIter = FieldIter<'b>;

    fn into_iter(self) -> FieldIter<'b> {
        self.iter()
    }
}

/// Iterates over [`Fields`].
#[derive(Debug, Clone)]
pub struct FieldIter<'b> {
    bytes: &'b [u8],
    spans: std::slice::Iter<'b, Span>,
}

impl<'b> Iterator for FieldIter<'b> {
    type Item = Field<'b>;

    #[inline]
    fn next(&mut self) -> Option<Field<'b>> {
        self.spans.next().map(|span| span.of(self.bytes))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.spans.size_hint()
    }
}

impl ExactSizeIterator for FieldIter<'_> {}

/// What [`LineReader::next`] found.
pub(super) enum Line {
    /// The line goes on beyond the bytes.
    Incomplete,
    /// A whole field line.
    Field(Span),
    /// The empty line that ends the section; the position is the byte after it.
    End(usize),
}

/// Reads field lines one after another and remembers within a line how far it came, so that a sender of
/// single bytes costs no more than one of whole packets.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LineReader {
    /// First byte of the section.
    section: usize,
    /// First byte of the current line.
    line: usize,
    /// All bytes of the line before this one are known to be good.
    scanned: usize,
    /// The colon of the current line; 0 while it has not come (no line begins with one).
    colon: usize,
}

impl LineReader {
    #[inline]
    pub(super) fn at(section: usize) -> Self {
        Self { section, line: section, scanned: section, colon: 0 }
    }

    /// First byte of the section.
    #[inline]
    pub(super) fn section(&self) -> usize {
        self.section
    }

    /// Whether the next byte begins a line, which is no section's end.
    #[inline]
    pub(super) fn begins_field(&self, bytes: &[u8]) -> bool {
        self.scanned == self.line && bytes.get(self.line).is_some_and(|&byte| byte != b'\r')
    }

    /// Whether all of `bytes` was taken up to a line's end.
    #[inline]
    pub(super) fn is_at_end(&self, bytes: &[u8]) -> bool {
        self.line == bytes.len()
    }

    /// Reads on. `bytes` must hold all that the last call saw and is at most `u32::MAX` long.
    #[inline]
    pub(super) fn next(&mut self, bytes: &[u8]) -> Result<Line, Rule> {
        if self.colon == 0 {
            if self.scanned == self.line {
                match bytes.get(self.line) {
                    None => return Ok(Line::Incomplete),
                    Some(b'\r') => return self.section_end(bytes),
                    Some(_) => {}
                }
            }
            // One byte above the limit is enough to see that a name exceeds it.
            let name_room = &bytes[..bytes.len().min(self.line + NAME_BYTES_MAX + 1)];
            let name_end = scan::token_end(name_room, self.scanned);
            self.scanned = name_end;
            if name_end - self.line > NAME_BYTES_MAX {
                return Err(Rule::NameTooLong);
            }
            match bytes.get(name_end) {
                None => return Ok(Line::Incomplete),
                Some(b':') if name_end > self.line => {
                    self.colon = name_end;
                    self.scanned = name_end + 1;
                }
                Some(&byte) => return Err(self.name_fault(name_end, byte)),
            }
        }
        let end = scan::text_end(bytes, self.scanned);
        self.scanned = end;
        match (bytes.get(end), bytes.get(end + 1)) {
            (Some(b'\r'), Some(b'\n')) => {}
            (None, _) | (Some(b'\r'), None) => return Ok(Line::Incomplete),
            (Some(b'\r'), Some(_)) => return Err(Rule::BareCr),
            (Some(b'\n'), _) => return Err(Rule::BareLf),
            (Some(_), _) => return Err(Rule::ValueByte),
        }
        let mut value_start = self.colon + 1;
        while matches!(bytes[value_start], b' ' | b'\t') {
            value_start += 1;
        }
        let mut value_end = end;
        while value_end > value_start && matches!(bytes[value_end - 1], b' ' | b'\t') {
            value_end -= 1;
        }
        let span = Span {
            name_start: self.line as u32,
            value_start: value_start as u32,
            value_end: value_end as u32,
            name_bytes: (self.colon - self.line) as u8,
            id: names::id_of(&bytes[self.line..self.colon]),
        };
        *self = Self { section: self.section, line: end + 2, scanned: end + 2, colon: 0 };
        Ok(Line::Field(span))
    }

    fn section_end(&self, bytes: &[u8]) -> Result<Line, Rule> {
        match bytes.get(self.line + 1) {
            None => Ok(Line::Incomplete),
            Some(b'\n') => Ok(Line::End(self.line + 2)),
            Some(_) => Err(Rule::BareCr),
        }
    }

    #[cold]
    fn name_fault(&self, at: usize, byte: u8) -> Rule {
        match byte {
            b' ' | b'\t' if at > self.line => Rule::SpaceBeforeColon,
            b' ' | b'\t' if self.line == self.section => Rule::LeadingSpace,
            b' ' | b'\t' => Rule::ObsFold,
            b':' => Rule::NameEmpty,
            b'\n' if at == self.line => Rule::BareLf,
            b'\r' | b'\n' => Rule::ColonMissing,
            _ => Rule::NameByte,
        }
    }
}
