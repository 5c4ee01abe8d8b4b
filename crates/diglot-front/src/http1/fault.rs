//! What is no request, told to the server of the application's own that would have been sent it.
//!
//! A Node program hears of it with 'clientError' and answers, if only with its server's default answer. It never parses the bytes: the
//! front has, and says what is wrong with them.

use std::sync::Arc;

use diglot_link::StreamKey;
use diglot_link::message::{Fault, Interface};

use super::active::Active;
use super::connection::Peer;
use super::reply::Reply;
use crate::exchange::Exchange;
use crate::link::Link;
use crate::service::Admitted;
use crate::shared::Shared;

/// The rest of a head did not come in time.
pub(super) const HEAD_TIMED_OUT: &str = "HeadTimedOut";
/// The rest of a body did not come in time.
pub(super) const BODY_TIMED_OUT: &str = "BodyTimedOut";
/// The client left within a head.
pub(super) const HEAD_CUT: &str = "HeadCut";
/// The client left within a body.
pub(super) const BODY_CUT: &str = "BodyCut";

/// Whether the application has a server of its own, which knows such faults.
pub(super) fn knows_faults(link: &Link) -> bool {
    link.interface() == Some(Interface::Http)
}

/// Tells of what came in the place of a request's head, where all requests are one service's. `None`: it is the front's to answer.
pub(super) fn begin(
    shared: &Shared,
    peer: &mut Peer,
    exchange: &Arc<Exchange>,
    rule: &str,
    bytes: &[u8],
) -> Option<Box<Active>> {
    let Admitted::To(link) = shared.router.owner()?.admit(None, false) else { return None };
    if !knows_faults(&link) {
        return None;
    }
    let fault = Fault { connection: peer.id, rule, bytes };
    let key = peer.introduce(&link, |open| link.begin_fault(exchange, open, &fault))?;
    Some(Box::new(Active::new(link, key, Arc::clone(exchange), Reply::raw(), None)))
}

/// Tells of what came in the place of a request's body. False: the application cannot know of it, or has done with the body.
pub(super) fn send(link: &Link, key: StreamKey, connection: u32, rule: &str, bytes: &[u8]) -> bool {
    knows_faults(link) && link.send_fault(key, &Fault { connection, rule, bytes })
}
