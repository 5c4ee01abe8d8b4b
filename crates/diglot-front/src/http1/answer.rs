//! What the front answers by itself: a status and a sentence that says what happened.

use crate::clock;
use crate::exchange::Lost;
use diglot_link::frame::FIELDS_MAX;

use crate::h1::{
    self, FieldScratch, HeadOptions, Rejection, RequestFacts, RequestHead, ResponseFraming, Rule,
    SimpleResponse, Version, WorkerFields,
};
use crate::router::FixedAnswer;

/// An answer in the place of a worker's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer {
    pub(super) status: u16,
    sentence: Sentence,
    retry_after_s: Option<u32>,
    /// The request was understood, so that the next one may follow on the same connection.
    pub(super) keeps_connection: bool,
}

#[derive(Debug, Clone, Copy)]
enum Sentence {
    Fixed(&'static str),
    Broken(Rule),
}

impl Answer {
    pub(super) const NO_ROUTE: Self = Self::new(404, "No service is mounted at this path.");
    pub(super) const BODY_TOO_LARGE: Self =
        Self::new(413, "The request's body is longer than this service takes.").closing();
    pub(super) const HEAD_TOO_LARGE: Self =
        Self::new(431, "The request's header section is larger than this server takes.").closing();
    pub(super) const HEAD_TIMED_OUT: Self =
        Self::new(408, "The request's header section did not arrive in time.").closing();
    pub(super) const BODY_TIMED_OUT: Self =
        Self::new(408, "The request's body did not arrive in time.").closing();
    pub(super) const NO_CONNECT: Self = Self::new(501, "No service of this server opens tunnels.").closing();
    pub(super) const BROKEN_SERVICE: Self =
        Self::new(503, "The service cannot be started at the moment.").retry_after(5);
    pub(super) const QUEUE_FULL: Self =
        Self::new(503, "The service is busy, and too many requests wait already.").retry_after(1);
    pub(super) const QUEUE_TIMED_OUT: Self =
        Self::new(503, "The service was busy for too long.").retry_after(1);
    pub(super) const CANCELLED: Self = Self::new(502, "The application gave the request up.");
    pub(super) const BAD_RESPONSE: Self =
        Self::new(502, "The application's response could not be passed on.");

    const fn new(status: u16, sentence: &'static str) -> Self {
        Self { status, sentence: Sentence::Fixed(sentence), retry_after_s: None, keeps_connection: true }
    }

    pub(super) const fn closing(self) -> Self {
        Self { keeps_connection: false, ..self }
    }

    const fn retry_after(self, seconds: u32) -> Self {
        Self { retry_after_s: Some(seconds), ..self }
    }

    /// For a request that breaks a rule of HTTP.
    pub(super) const fn rejected(rejection: &Rejection) -> Self {
        Self {
            status: rejection.status,
            sentence: Sentence::Broken(rejection.rule),
            retry_after_s: None,
            keeps_connection: false,
        }
    }

    /// For a request whose worker will not answer any more.
    pub(super) const fn lost(why: Lost) -> Self {
        match why {
            Lost::WorkerGone => Self::new(502, "The worker that had the request ended before it answered."),
            Lost::Unresponsive => Self::new(504, "The worker that had the request stopped answering."),
            Lost::ShuttingDown => Self::new(503, "The request was not finished when its worker had to end.")
                .retry_after(1)
                .closing(),
        }
    }

    /// Bytes of its content.
    pub(super) fn content_bytes(&self) -> u64 {
        self.text().len() as u64 + 1
    }

    fn text(&self) -> &'static str {
        match self.sentence {
            Sentence::Fixed(sentence) => sentence,
            Sentence::Broken(rule) => rule.sentence(),
        }
    }

    /// Appends it to what goes to the client.
    pub(super) fn write(&self, out: &mut Vec<u8>, request: &RequestFacts, keep_alive: bool) {
        let date = clock::date();
        h1::write_simple(
            out,
            &SimpleResponse {
                status: self.status,
                sentence: self.text(),
                retry_after_s: self.retry_after_s,
                is_head: request.is_head,
                version: request.version,
                keep_alive,
                date: &date,
            },
        );
    }
}

/// Appends an answer that was decided beforehand. Fields that are not HTTP are left out.
pub(super) fn write_fixed(
    fixed: &FixedAnswer,
    out: &mut Vec<u8>,
    request: &RequestFacts,
    keep_alive: bool,
    scratch: &mut FieldScratch,
) {
    let fields =
        WorkerFields::parse(fixed.fields.as_bytes(), scratch, FIELDS_MAX).unwrap_or(WorkerFields::EMPTY);
    let date = clock::date();
    let framing = h1::frame_response(*request, fixed.status, Some(fixed.body.len() as u64), None);
    let options = HeadOptions {
        status: fixed.status,
        reason: None,
        framing,
        version: request.version,
        keep_alive,
        date: Some(&date),
    };
    h1::write_head(out, &options, &fields);
    if matches!(framing, ResponseFraming::ContentLength(_)) {
        out.extend_from_slice(&fixed.body);
    }
}

impl RequestFacts {
    /// What a response needs to know of a request.
    pub(super) fn of(head: &RequestHead<'_>) -> Self {
        Self {
            is_head: head.method == b"HEAD",
            is_connect: head.method == b"CONNECT",
            version: head.version,
            keep_alive: head.keep_alive,
        }
    }

    /// For a request that could not be read.
    pub(super) const fn unknown() -> Self {
        Self { is_head: false, is_connect: false, version: Version::Http11, keep_alive: false }
    }
}
