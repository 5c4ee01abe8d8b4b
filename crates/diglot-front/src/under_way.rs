//! What a worker, or a service, has not finished: for the log, when somebody waits for it.

use std::fmt;
use std::ops::Add;

/// Exchanges with clients that are not over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UnderWay {
    /// Neither of the others; also those whose client has left and that the worker still works on.
    pub requests: usize,
    /// Responses that are `text/event-stream`: many have no end of their own.
    pub event_streams: usize,
    /// Connections that have become something else than HTTP.
    pub websockets: usize,
}

impl UnderWay {
    /// How many there are of all kinds.
    #[must_use]
    pub fn total(&self) -> usize {
        let Self { requests, event_streams, websockets } = self;
        requests + event_streams + websockets
    }
}

impl Add for UnderWay {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            event_streams: self.event_streams + other.event_streams,
            websockets: self.websockets + other.websockets,
        }
    }
}

/// `2 requests, 1 event stream`; kinds of which there is none are left out.
impl fmt::Display for UnderWay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = [
            (self.requests, "request"),
            (self.event_streams, "event stream"),
            (self.websockets, "WebSocket"),
        ];
        let present = kinds.into_iter().filter(|(count, _)| *count > 0);
        for (index, (count, kind)) in present.enumerate() {
            f.write_str(if index > 0 { ", " } else { "" })?;
            write!(f, "{count} {kind}{}", if count > 1 { "s" } else { "" })?;
        }
        if self.total() == 0 { f.write_str("nothing") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_like_a_sentence() {
        let check = |requests, event_streams, websockets, expect: &str| {
            assert_eq!(UnderWay { requests, event_streams, websockets }.to_string(), expect);
        };
        check(0, 0, 0, "nothing");
        check(1, 0, 0, "1 request");
        check(2, 1, 0, "2 requests, 1 event stream");
        check(0, 0, 3, "3 WebSockets");
        check(1, 2, 1, "1 request, 2 event streams, 1 WebSocket");
    }
}
