//! From a parsed head to the worker that gets the request.

use std::cell::RefCell;
use std::sync::Arc;

use diglot_link::frame::ABOARD_BYTES_MAX;
use diglot_link::message::{
    HttpVersion, Interface, REQUEST_AHEAD, REQUEST_BODY, REQUEST_EXPECT_CONTINUE, REQUEST_KEEP_ALIVE,
    REQUEST_UNSIZED, REQUEST_UPGRADE, REQUEST_WEBSOCKET, RequestLine,
};

use super::active::Active;
use super::answer::Answer;
use super::connection::Peer;
use super::fault;
use super::own::Own;
use super::reply::Reply;
use super::upload::Upload;
use crate::exchange::Exchange;
use crate::h1::{self, BodyFraming, Decoder, FieldScratch, Item, RequestFacts, RequestHead, Version};
use crate::link::Link;
use crate::router::{FixedAnswer, Target};
use crate::service::{Admitted, Service};
use crate::shared::Shared;
use crate::websocket::{self, Handshake};

/// What became of a request.
pub(super) enum Dispatched {
    /// A worker has it, with this many bytes of its body's wire form.
    Active(Box<Active>, usize),
    /// It has to wait for a worker of this service.
    Wait(Arc<Service>),
    /// The front answers it, with why no worker did.
    Answer(Answer),
    /// The front answers it, as it was told to.
    Fixed(Arc<FixedAnswer>),
    /// A handler of the server's own has it, without any of its body.
    Own(Box<Own>),
}

/// Memory for parsing, kept by each thread between requests.
#[derive(Debug, Default)]
pub(super) struct Scratches {
    pub(super) head: h1::Scratch,
    pub(super) fields: FieldScratch,
}

thread_local! {
    static SCRATCHES: RefCell<Scratches> = RefCell::default();
}

impl Scratches {
    pub(super) fn with<R>(act: impl FnOnce(&mut Self) -> R) -> R {
        SCRATCHES.with_borrow_mut(act)
    }
}

/// Finds the service, then the worker, and sends the head with as much of the body as is there.
///
/// `rest` are the bytes behind the head; `waited` says that the request has been in the queue.
pub(super) fn dispatch(
    shared: &Shared,
    peer: &mut Peer,
    exchange: &Arc<Exchange>,
    head: &RequestHead<'_>,
    rest: &[u8],
    waited: bool,
) -> Dispatched {
    peer.meet(head, &shared.trusted_proxies);
    let connects = head.method == b"CONNECT";
    // The authority that CONNECT names is where the client wants to get, and says nothing of who is to bring it there.
    let router = peer.only.clone();
    let router = router.as_deref().unwrap_or(&shared.router);
    let destination = match connects {
        true => router.find(None, b"/"),
        false => router.find(head.authority, head.path),
    };
    let Some(destination) = destination else {
        let answer = if connects { Answer::NO_CONNECT } else { without_body(Answer::NO_ROUTE, head) };
        return Dispatched::Answer(answer);
    };
    let service = match destination.target {
        Target::Service(service) => service,
        Target::Fixed(_) | Target::Own(_) if connects => return Dispatched::Answer(Answer::NO_CONNECT),
        Target::Fixed(fixed) => return Dispatched::Fixed(Arc::clone(fixed)),
        Target::Own(handler) => {
            let prefix_bytes = usize::from(destination.mount_length);
            return Dispatched::Own(Own::begin(handler, head, prefix_bytes, &shared.codec));
        }
    };
    let body_bytes_max = service.admission().body_bytes_max;
    if let BodyFraming::Length(length) = head.framing
        && length > body_bytes_max
    {
        return Dispatched::Answer(Answer::BODY_TOO_LARGE);
    }
    let link = match service.admit(head.query, waited) {
        Admitted::To(link) => link,
        Admitted::Wait => return Dispatched::Wait(Arc::clone(service)),
        Admitted::Full => return Dispatched::Answer(without_body(Answer::QUEUE_FULL, head)),
        Admitted::Broken => return Dispatched::Answer(without_body(Answer::BROKEN_SERVICE, head)),
    };

    let takes_over = (connects || head.upgrade) && link.interface() == Some(Interface::Http);
    if connects && !takes_over {
        return Dispatched::Answer(Answer::NO_CONNECT);
    }
    let handshake = match handshake(shared, &link, head) {
        Ok(handshake) => handshake,
        Err(dispatched) => return dispatched,
    };
    let start = match start_of_body(head, rest, body_bytes_max, &shared.codec) {
        Ok(start) => start,
        // The application gets the request first, and then hears of it.
        Err(_) if fault::knows_faults(&link) => StartOfBody::awaited(head, body_bytes_max, &shared.codec),
        Err(answer) => return Dispatched::Answer(answer),
    };
    let has_path = !matches!(head.form, h1::TargetForm::Asterisk | h1::TargetForm::Authority);
    let mut line = request_line(head, peer.id, if has_path { destination.mount_length } else { 0 });
    let target;
    if !service.root_path().is_empty() && has_path {
        target = [
            &line.target[..head.path_start],
            service.root_path().as_bytes(),
            &line.target[head.path_start..],
        ]
        .concat();
        if u16::try_from(target.len()).is_err() {
            return Dispatched::Answer(Answer::HEAD_TOO_LARGE);
        }
        let root_length = service.root_path().len() as u16;
        line.target = &target;
        line.path_length += root_length;
        line.mount_length += root_length;
    }
    if handshake.is_some() {
        line.flags |= REQUEST_WEBSOCKET;
    }
    // Where an application takes the connection over, what came behind the head is its own; where it does not, it is the next
    // request, and is read then.
    let may_tunnel = takes_over && line.may_tunnel();
    let ahead = match may_tunnel && line.flags & REQUEST_BODY == 0 {
        true => &rest[..rest.len().min(ABOARD_BYTES_MAX)],
        false => &[],
    };
    if !ahead.is_empty() {
        line.flags |= REQUEST_AHEAD;
    }
    let body = if ahead.is_empty() { &rest[start.data.clone()] } else { ahead };
    let ends = start.upload.is_none() && handshake.is_none();
    let fields = head.headers.iter();
    let begun = peer.introduce(&link, |open| link.begin(exchange, open, &line, fields, body, ends));
    match begun {
        Ok(Some(key)) => {
            let awaits_continue = head.expect_continue && start.upload.is_some() && start.consumed == 0;
            let reply = Reply::new(RequestFacts::of(head), awaits_continue, handshake);
            let mut active = Active::new(link, key, Arc::clone(exchange), reply, start.upload);
            active.ahead_bytes = may_tunnel.then_some(ahead.len());
            Dispatched::Active(Box::new(active), start.consumed)
        }
        // The worker was filled, began to drain, or ended, a moment ago.
        Ok(None) => Dispatched::Wait(Arc::clone(service)),
        Err(_) => Dispatched::Answer(Answer::HEAD_TOO_LARGE),
    }
}

/// The WebSocket that the request would open, if it would. To an application that knows none of them it is a request like
/// any other, whose Upgrade is ignored (RFC 9110 section 7.8).
fn handshake(
    shared: &Shared,
    link: &Link,
    head: &RequestHead<'_>,
) -> Result<Option<Box<Handshake>>, Dispatched> {
    if !websocket::is_handshake(head) {
        return Ok(None);
    }
    match link.interface() {
        Some(Interface::Asgi) => {}
        // A Node program speaks WebSocket itself, if it does: it may take the connection over.
        Some(Interface::Http | Interface::Wsgi | Interface::Fetch | Interface::Functions) | None => {
            return Ok(None);
        }
    }
    match Handshake::check(head, shared.websocket.compression) {
        Ok(handshake) => Ok(Some(Box::new(handshake))),
        Err(refusal) => {
            let fields = String::from_utf8_lossy(refusal.fields);
            Err(Dispatched::Fixed(Arc::new(FixedAnswer {
                status: refusal.status,
                fields: format!("Content-Type: text/plain; charset=utf-8\r\n{fields}"),
                body: format!("{}\n", refusal.sentence).into_bytes(),
            })))
        }
    }
}

/// The part of a body that is there with the head.
struct StartOfBody {
    /// Content, within the bytes behind the head.
    data: std::ops::Range<usize>,
    /// Bytes behind the head that are done with.
    consumed: usize,
    /// What follows; `None` if that is all.
    upload: Option<Upload>,
}

impl StartOfBody {
    /// All of it is read anew behind the head.
    fn awaited(head: &RequestHead<'_>, body_bytes_max: u64, limits: &h1::Limits) -> Self {
        let upload = Some(Upload::new(Decoder::new(head.framing, limits), body_bytes_max));
        Self { data: 0..0, consumed: 0, upload }
    }
}

fn start_of_body(
    head: &RequestHead<'_>,
    rest: &[u8],
    body_bytes_max: u64,
    limits: &h1::Limits,
) -> Result<StartOfBody, Answer> {
    if !has_body(head) {
        return Ok(StartOfBody { data: 0..0, consumed: 0, upload: None });
    }
    let mut decoder = Decoder::new(head.framing, limits);
    let aboard = &rest[..rest.len().min(ABOARD_BYTES_MAX)];
    let decoded = decoder.decode(aboard).map_err(|rejection| Answer::rejected(&rejection))?;
    let (data, ends) = match decoded.item {
        Item::Data(range) => (range, decoder.remaining_length() == Some(0)),
        Item::NeedMore => (0..0, false),
        Item::End { trailers: None } => (0..0, true),
        Item::End { trailers: Some(_) } => {
            // Trailers travel behind the head: the upload reads them anew.
            return Ok(StartOfBody::awaited(head, body_bytes_max, limits));
        }
    };
    let allowance = body_bytes_max.checked_sub(data.len() as u64).ok_or(Answer::BODY_TOO_LARGE)?;
    let upload = (!ends).then(|| Upload::new(decoder, allowance));
    Ok(StartOfBody { data, consumed: decoded.consumed, upload })
}

fn request_line<'b>(head: &RequestHead<'b>, connection: u32, mount_length: u16) -> RequestLine<'b> {
    let mut flags = 0;
    let mut set = |flag: u8, on: bool| flags |= if on { flag } else { 0 };
    set(REQUEST_KEEP_ALIVE, head.keep_alive);
    set(REQUEST_EXPECT_CONTINUE, head.expect_continue);
    set(REQUEST_UPGRADE, head.upgrade);
    set(REQUEST_BODY, !matches!(head.framing, BodyFraming::None));
    set(REQUEST_UNSIZED, head.framing == BodyFraming::Chunked);
    // `*` is its own path. An absolute target without a path means `/`, which does not stand in it; CONNECT has none.
    let path_start = if head.form == h1::TargetForm::Authority { head.target.len() } else { head.path_start };
    let path_length = match head.form {
        h1::TargetForm::Asterisk => head.target.len(),
        _ if head.target.get(head.path_start) == Some(&b'/') => head.path.len(),
        _ => 0,
    };
    // The codec's limits keep a request line below 64 KiB.
    RequestLine {
        connection,
        method: head.method,
        version: match head.version {
            Version::Http10 => HttpVersion::Http10,
            Version::Http11 => HttpVersion::Http11,
        },
        flags,
        target: head.target,
        path_start: path_start as u16,
        path_length: path_length as u16,
        mount_length,
    }
}

/// A connection can live on after an answer only if no body stands between it and the next request.
fn without_body(answer: Answer, head: &RequestHead<'_>) -> Answer {
    if has_body(head) { answer.closing() } else { answer }
}

/// Whether bytes of content follow the head.
pub(super) fn has_body(head: &RequestHead<'_>) -> bool {
    !matches!(head.framing, BodyFraming::None | BodyFraming::Length(0))
}
