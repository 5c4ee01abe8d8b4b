//! A request's body on its way from the client to the worker, no faster than the worker takes it.

use diglot_link::StreamKey;

use crate::h1::{Decoder, Item, Rejection, Trailers};
use crate::link::Link;

/// A body that was not all there with its head.
#[derive(Debug)]
pub(super) struct Upload {
    decoder: Decoder,
    /// Bytes the body may still have.
    allowance: u64,
    /// The worker wants no more: what comes is read and dropped, up to [`DISCARD_BYTES_MAX`].
    discarding: Option<u64>,
    /// More than that came: nothing is read any more.
    exhausted: bool,
    /// Decoded bytes for which another stream took the link's credit in between.
    held: Vec<u8>,
}

/// How much of a body nobody wants is read so that the connection can be used again.
const DISCARD_BYTES_MAX: u64 = 256 * 1024;

/// How far the body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pumped {
    /// All input was taken; more must come from the client.
    NeedsInput,
    /// The worker must give credit first.
    NeedsCredit,
    /// The body is complete.
    Complete,
}

/// Why a body cannot go on.
#[derive(Debug, Clone, Copy)]
pub(super) enum UploadFault {
    /// It is not HTTP.
    Rejected(Rejection),
    /// It is longer than the service takes: 413.
    TooLarge,
    /// Nobody wants it, and it is too long to read for nothing.
    Unwanted,
}

impl Upload {
    /// The rest of a body of which `decoder` has seen the beginning.
    pub(super) fn new(decoder: Decoder, allowance: u64) -> Self {
        Self { decoder, allowance, discarding: None, exhausted: false, held: Vec::new() }
    }

    /// What has been read of it and found no credit, for the tunnel that the request has become.
    pub(super) fn into_held(self) -> Vec<u8> {
        self.held
    }

    /// The worker wants no more of it.
    pub(super) fn discard(&mut self) {
        self.discarding.get_or_insert(DISCARD_BYTES_MAX);
        self.held = Vec::new();
    }

    /// True if `input` holds the rest of the body, whole or broken.
    pub(super) fn ends_within(&self, input: &[u8]) -> bool {
        let mut decoder = self.decoder.clone();
        let mut taken = 0;
        loop {
            let Ok(decoded) = decoder.decode(&input[taken..]) else { return true };
            taken += decoded.consumed;
            match decoded.item {
                Item::End { .. } => return true,
                Item::NeedMore if taken == input.len() => return false,
                Item::NeedMore | Item::Data(_) => {}
            }
        }
    }

    /// Passes on what it can of `input`; returns how much it took.
    pub(super) fn pump(
        &mut self,
        input: &[u8],
        link: &Link,
        key: StreamKey,
    ) -> Result<(usize, Pumped), UploadFault> {
        if self.exhausted {
            return Err(UploadFault::Unwanted);
        }
        if !self.held.is_empty() {
            let sent = link.send_body(key, &self.held, false);
            self.held.drain(..sent);
        }
        let mut taken = 0;
        loop {
            let rest = &input[taken..];
            let room = match self.discarding {
                Some(_) => usize::MAX,
                None if self.held.is_empty() => link.body_room(key),
                None => 0,
            };
            if room == 0 {
                return Ok((taken, Pumped::NeedsCredit));
            }
            let decoded =
                self.decoder.decode(&rest[..rest.len().min(room)]).map_err(UploadFault::Rejected)?;
            taken += decoded.consumed;
            match decoded.item {
                Item::NeedMore => {
                    if taken == input.len() {
                        return Ok((taken, Pumped::NeedsInput));
                    }
                }
                Item::Data(range) => self.pass_on(&rest[range], link, key)?,
                Item::End { trailers } => {
                    self.end(trailers.as_ref(), link, key);
                    return Ok((taken, Pumped::Complete));
                }
            }
        }
    }

    fn pass_on(&mut self, data: &[u8], link: &Link, key: StreamKey) -> Result<(), UploadFault> {
        let length = data.len() as u64;
        self.allowance = self.allowance.checked_sub(length).ok_or(UploadFault::TooLarge)?;
        match &mut self.discarding {
            Some(patience) => {
                let Some(left) = patience.checked_sub(length) else {
                    self.exhausted = true;
                    return Err(UploadFault::Unwanted);
                };
                *patience = left;
            }
            None => {
                let sent = link.send_body(key, data, false);
                self.held.extend_from_slice(&data[sent..]);
            }
        }
        Ok(())
    }

    fn end(&mut self, trailers: Option<&Trailers>, link: &Link, key: StreamKey) {
        if self.discarding.is_some() {
            return;
        }
        let lines = trailers.map(super::field_lines).unwrap_or_default();
        // Trailers above what the link carries are above what the codec lets through.
        if lines.is_empty() || link.send_trailers(key, &lines).is_err() {
            link.send_body(key, &[], true);
        }
    }
}
