//! Decodes a message's content (RFC 9112 section 6), whole or in pieces of any size.

use std::ops::Range;

use super::Limits;
use super::chunk::SizeLine;
use super::framing::BodyFraming;
use super::rule::{Rejection, Rule};
use super::trailers::{TrailerReader, Trailers};

/// What [`Decoder::decode`] took from its input, and what that was.
#[derive(Debug)]
pub struct Decoded {
    /// Bytes at the front of the input that are done with; the next call begins behind them.
    pub consumed: usize,
    /// What they held.
    pub item: Item,
}

/// One step of a body.
#[derive(Debug)]
pub enum Item {
    /// All input was taken and the body goes on.
    NeedMore,
    /// Content, as a range of the input. It ends where `consumed` does.
    Data(Range<usize>),
    /// The body is whole. What stands behind `consumed` belongs to the next message. Every further call says
    /// the same, without the trailers.
    End {
        /// The trailer fields, if there was any.
        trailers: Option<Trailers>,
    },
}

/// Decodes one body. It keeps no content, so it limits none: the caller counts what it passes on.
#[derive(Debug, Clone)]
pub struct Decoder {
    state: State,
    /// Of the chunks that have come.
    extension_bytes: usize,
    limits: Limits,
}

#[derive(Debug, Clone)]
enum State {
    Length(u64),
    UntilEnd,
    ChunkSize(SizeLine),
    ChunkData(u64),
    ChunkCr,
    ChunkLf,
    Trailers(Option<Box<TrailerReader>>),
    End,
    Failed(Rule),
}

impl Decoder {
    /// For the body behind a head of this framing.
    pub fn new(framing: BodyFraming, limits: &Limits) -> Self {
        let state = match framing {
            BodyFraming::None => State::End,
            BodyFraming::Length(length) => State::Length(length),
            BodyFraming::Chunked => State::ChunkSize(SizeLine::default()),
            BodyFraming::UntilEnd => State::UntilEnd,
        };
        Self { state, extension_bytes: 0, limits: *limits }
    }

    /// Bytes of content that must still come, where the head announced a length.
    pub fn remaining_length(&self) -> Option<u64> {
        match self.state {
            State::Length(remaining) => Some(remaining),
            State::End => Some(0),
            _ => None,
        }
    }

    /// Whether the body is whole, so that no further byte belongs to it.
    pub fn is_finished(&self) -> bool {
        matches!(self.state, State::End | State::Length(0))
    }

    /// Whether the end of the stream here is the end of the body, not a cut in it.
    pub fn may_end_here(&self) -> bool {
        self.is_finished() || matches!(self.state, State::UntilEnd)
    }

    /// Takes one step. An empty input is allowed, and tells whether the body is whole.
    ///
    /// # Errors
    /// The rule that the body breaks; every further call answers the same.
    #[inline]
    pub fn decode(&mut self, input: &[u8]) -> Result<Decoded, Rejection> {
        match &mut self.state {
            State::End => Ok(Decoded { consumed: 0, item: Item::End { trailers: None } }),
            State::Length(0) => {
                self.state = State::End;
                Ok(Decoded { consumed: 0, item: Item::End { trailers: None } })
            }
            State::Length(remaining) => Ok(take_data(input, 0, remaining)),
            State::UntilEnd => {
                let mut endless = u64::MAX;
                Ok(take_data(input, 0, &mut endless))
            }
            State::Failed(rule) => Err((*rule).into()),
            _ => self.chunked(input).map_err(|rule| {
                self.state = State::Failed(rule);
                rule.into()
            }),
        }
    }

    fn chunked(&mut self, input: &[u8]) -> Result<Decoded, Rule> {
        let mut at = 0;
        loop {
            match &mut self.state {
                State::ChunkData(0) => self.state = State::ChunkCr,
                State::ChunkData(remaining) => return Ok(take_data(input, at, remaining)),
                State::Trailers(reader) => {
                    let rest = &input[at..];
                    if reader.is_none() && rest.starts_with(b"\r\n") {
                        self.state = State::End;
                        return Ok(Decoded { consumed: at + 2, item: Item::End { trailers: None } });
                    }
                    if rest.is_empty() {
                        return Ok(Decoded { consumed: at, item: Item::NeedMore });
                    }
                    let reader = reader.get_or_insert_default();
                    let Some(taken) = reader.push(rest, &self.limits)? else {
                        return Ok(Decoded { consumed: input.len(), item: Item::NeedMore });
                    };
                    let trailers = std::mem::take(&mut **reader).into_trailers();
                    self.state = State::End;
                    return Ok(Decoded { consumed: at + taken, item: Item::End { trailers } });
                }
                _ => {
                    let Some(&byte) = input.get(at) else {
                        return Ok(Decoded { consumed: at, item: Item::NeedMore });
                    };
                    at += 1;
                    self.push(byte)?;
                }
            }
        }
    }

    /// Takes a byte between two chunks.
    #[inline]
    fn push(&mut self, byte: u8) -> Result<(), Rule> {
        match &mut self.state {
            State::ChunkSize(line) => {
                let size = line.push(byte)?;
                let of_chunk = line.extension_bytes();
                let of_body = self.extension_bytes + of_chunk;
                let Limits { chunk_extension_bytes_max, body_extension_bytes_max, .. } = self.limits;
                if of_chunk > chunk_extension_bytes_max || of_body > body_extension_bytes_max {
                    return Err(Rule::ChunkExtensionTooLarge);
                }
                if let Some(size) = size {
                    self.extension_bytes = of_body;
                    self.state = if size == 0 { State::Trailers(None) } else { State::ChunkData(size) };
                }
            }
            State::ChunkCr if byte == b'\r' => self.state = State::ChunkLf,
            State::ChunkLf if byte == b'\n' => self.state = State::ChunkSize(SizeLine::default()),
            _ => return Err(Rule::ChunkEnd),
        }
        Ok(())
    }
}

/// Hands out what of `remaining` bytes of content has arrived from `at` on.
#[inline]
fn take_data(input: &[u8], at: usize, remaining: &mut u64) -> Decoded {
    let arrived = input.len() - at;
    if arrived == 0 {
        return Decoded { consumed: at, item: Item::NeedMore };
    }
    let taken = usize::try_from(*remaining).map_or(arrived, |remaining| remaining.min(arrived));
    *remaining -= taken as u64;
    Decoded { consumed: at + taken, item: Item::Data(at..at + taken) }
}
