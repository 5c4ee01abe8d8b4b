//! Sessions that live in one worker: its requests go there, whatever connection they come on.
//!
//! A worker's side claims them when its application makes them. What names the session in a request is `sid` in the query, as
//! Engine.IO has it, below Socket.IO in both languages.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use crate::link::Link;

/// Sessions of one worker that are kept.
const CLAIMS_MAX: usize = 128 * 1024;
/// The name of the query's parameter.
const PARAMETER: &[u8] = b"sid=";

/// The sessions of a service.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    claimed: Mutex<Claimed>,
    /// Their number, read without the lock by every request.
    count: AtomicUsize,
}

#[derive(Debug, Default)]
struct Claimed {
    links: HashMap<Box<[u8]>, Arc<Link>>,
    /// How many each link has, few links that they are.
    counts: Vec<(Arc<Link>, usize)>,
}

impl Sessions {
    /// The session is this worker's, unless it is another's or the worker has too many.
    pub(crate) fn claim(&self, session: &[u8], link: &Arc<Link>) {
        let mut claimed = self.claimed.lock();
        if claimed.links.contains_key(session) || !claimed.count_one_more(link) {
            return;
        }
        claimed.links.insert(session.into(), Arc::clone(link));
        self.count.store(claimed.links.len(), Ordering::Release);
    }

    /// The session is over, if it was this worker's.
    pub(crate) fn release(&self, session: &[u8], link: &Arc<Link>) {
        let mut claimed = self.claimed.lock();
        if claimed.links.get(session).is_some_and(|owner| Arc::ptr_eq(owner, link)) {
            claimed.links.remove(session);
            claimed.count_one_less(link);
            self.count.store(claimed.links.len(), Ordering::Release);
        }
    }

    /// The worker takes no more requests.
    pub(crate) fn part(&self, link: &Arc<Link>) {
        if self.count.load(Ordering::Acquire) == 0 {
            return;
        }
        let mut claimed = self.claimed.lock();
        claimed.links.retain(|_, owner| !Arc::ptr_eq(owner, link));
        claimed.counts.retain(|(owner, _)| !Arc::ptr_eq(owner, link));
        self.count.store(claimed.links.len(), Ordering::Release);
    }

    /// The worker that has the session this query names.
    #[inline]
    pub(crate) fn find(&self, query: Option<&[u8]>) -> Option<Arc<Link>> {
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        let session = named(query?)?;
        self.claimed.lock().links.get(session).cloned()
    }
}

impl Claimed {
    /// False if it has as many as it may.
    fn count_one_more(&mut self, link: &Arc<Link>) -> bool {
        match self.counts.iter_mut().find(|(owner, _)| Arc::ptr_eq(owner, link)) {
            Some((_, count)) if *count >= CLAIMS_MAX => return false,
            Some((_, count)) => *count += 1,
            None => self.counts.push((Arc::clone(link), 1)),
        }
        true
    }

    fn count_one_less(&mut self, link: &Arc<Link>) {
        if let Some((_, count)) = self.counts.iter_mut().find(|(owner, _)| Arc::ptr_eq(owner, link)) {
            *count -= 1;
        }
        self.counts.retain(|(_, count)| *count > 0);
    }
}

/// The session in a query, the first if there are several.
fn named(query: &[u8]) -> Option<&[u8]> {
    query
        .split(|&byte| byte == b'&')
        .find_map(|pair| pair.strip_prefix(PARAMETER))
        .filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::{Admission, Service};

    fn link() -> Arc<Link> {
        Arc::new(Link::new(Arc::new(Service::new("test".to_owned(), Admission::default())), 1))
    }

    #[test]
    fn a_query_names_its_session() {
        for (query, session) in [
            ("EIO=4&transport=polling&sid=abc", Some("abc")),
            ("sid=abc&EIO=4", Some("abc")),
            ("sid=abc&sid=def", Some("abc")),
            ("EIO=4&nosid=abc", None),
            ("EIO=4&sid=", None),
            ("EIO=4&SID=abc", None),
            ("", None),
        ] {
            assert_eq!(named(query.as_bytes()), session.map(str::as_bytes), "{query}");
        }
    }

    #[test]
    fn a_session_is_found_until_it_or_its_worker_ends() {
        let (sessions, one, other) = (Sessions::default(), link(), link());
        let found = |session: &str| sessions.find(Some(format!("EIO=4&sid={session}").as_bytes()));
        let is =
            |session: &str, link: &Arc<Link>| found(session).is_some_and(|found| Arc::ptr_eq(&found, link));
        assert!(found("a").is_none());
        sessions.claim(b"a", &one);
        sessions.claim(b"b", &other);
        sessions.claim(b"a", &other);
        assert!(is("a", &one) && is("b", &other), "the first who claims it has it");
        sessions.release(b"a", &other);
        assert!(is("a", &one), "nobody else can release it");
        sessions.release(b"a", &one);
        assert!(found("a").is_none());
        sessions.claim(b"a", &other);
        sessions.part(&other);
        assert!(found("a").is_none() && found("b").is_none());
        assert!(sessions.find(None).is_none());
    }

    #[test]
    fn a_worker_has_so_many_and_no_more() {
        let (sessions, link) = (Sessions::default(), link());
        for number in 0..=CLAIMS_MAX {
            sessions.claim(number.to_string().as_bytes(), &link);
        }
        assert_eq!(sessions.count.load(Ordering::Acquire), CLAIMS_MAX);
        sessions.release(b"0", &link);
        sessions.claim(b"new", &link);
        assert!(sessions.find(Some(b"sid=new")).is_some());
    }
}
