//! What the server answers by itself under a path: handlers in Rust, beside the services.
//!
//! A [`Handler`] stands in the [`crate::Router`] like a service. It gets a [`Request`] whose body comes as it is asked for, and gives
//! a [`Response`], whole or in pieces that are asked for no faster than the client takes them. It knows no version of HTTP.
//! When the client leaves, what the handler has begun is dropped.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use parking_lot::Mutex;

/// What answers the requests of a path.
pub trait Handler: fmt::Debug + Send + Sync + 'static {
    /// The longest body it takes. Of a longer one [`Body::next`] says so, before it was read if its length was announced.
    fn body_bytes_max(&self) -> u64;

    /// Answers a request. It runs on a thread of the front, among all others there, so it must not block.
    fn handle(self: Arc<Self>, request: Request) -> Handling;
}

/// An answer that is being found.
pub type Handling = Pin<Box<dyn Future<Output = Response> + Send>>;

/// A request, read and checked.
#[derive(Debug)]
pub struct Request {
    /// A token; methods have case.
    pub method: String,
    /// As it was sent, without the query: visible ASCII.
    pub path: String,
    /// Bytes of the path that are the route's prefix, 0 for `/`.
    pub prefix_bytes: usize,
    /// What stands behind the first `?`.
    pub query: Option<String>,
    /// The header fields.
    pub fields: Fields,
    /// The content.
    pub body: Body,
}

impl Request {
    /// The path below the route: empty, or with a slash before it.
    pub fn below(&self) -> &str {
        self.path.get(self.prefix_bytes..).unwrap_or_default()
    }
}

/// Header fields in the order they were sent.
#[derive(Debug, Default)]
pub struct Fields {
    /// Names and values, one behind the other.
    bytes: Vec<u8>,
    /// Where each name, and its value behind it, ends.
    ends: Vec<(usize, usize)>,
}

impl Fields {
    /// All of them: name and value.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|(_, end)| *end));
        starts
            .zip(&self.ends)
            .map(|(start, (name_end, end))| (&self.bytes[start..*name_end], &self.bytes[*name_end..*end]))
    }

    /// The values under a name, which is compared without regard to case.
    pub fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f [u8]> {
        self.iter().filter(|(given, _)| given.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }

    /// The first value under a name.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.iter().find(|(given, _)| given.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }
}

impl<'f> FromIterator<(&'f [u8], &'f [u8])> for Fields {
    fn from_iter<I: IntoIterator<Item = (&'f [u8], &'f [u8])>>(lines: I) -> Self {
        let mut fields = Self::default();
        for (name, value) in lines {
            fields.bytes.extend_from_slice(name);
            let name_end = fields.bytes.len();
            fields.bytes.extend_from_slice(value);
            fields.ends.push((name_end, fields.bytes.len()));
        }
        fields
    }
}

/// The content of a request. It is read from the client as it is asked for here.
#[derive(Debug)]
pub struct Body(Arc<Feed>);

/// The content is longer than [`Handler::body_bytes_max`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge;

impl Body {
    pub(crate) fn new() -> (Self, Arc<Feed>) {
        let feed = Arc::new(Feed::default());
        (Self(Arc::clone(&feed)), feed)
    }

    /// The next piece; `None` behind the last. A client that breaks off, or sends what is not HTTP, is not the handler's: its
    /// answer is dropped then.
    ///
    /// # Errors
    /// [`TooLarge`]. Nothing follows.
    pub async fn next(&mut self) -> Option<Result<Bytes, TooLarge>> {
        poll_fn(|context| self.0.poll_next(context)).await
    }
}

/// Where a connection puts the content of a request and a handler takes it.
#[derive(Debug, Default)]
pub(crate) struct Feed(Mutex<Fed>);

#[derive(Debug, Default)]
struct Fed {
    piece: Option<Result<Bytes, TooLarge>>,
    ended: bool,
    /// The handler waits for a piece.
    is_wanted: bool,
    handler: Option<Waker>,
    connection: Option<Waker>,
}

impl Feed {
    fn poll_next(&self, context: &Context<'_>) -> Poll<Option<Result<Bytes, TooLarge>>> {
        let mut fed = self.0.lock();
        if let Some(piece) = fed.piece.take() {
            fed.ended |= piece.is_err();
            return Poll::Ready(Some(piece));
        }
        if fed.ended {
            return Poll::Ready(None);
        }
        fed.is_wanted = true;
        fed.handler = Some(context.waker().clone());
        if let Some(connection) = fed.connection.take() {
            connection.wake();
        }
        Poll::Pending
    }

    /// Whether the handler waits for a piece. If it does not, the task is woken when it does.
    pub(crate) fn is_wanted(&self, context: &Context<'_>) -> bool {
        let mut fed = self.0.lock();
        if !fed.is_wanted {
            fed.connection = Some(context.waker().clone());
        }
        fed.is_wanted
    }

    /// Gives what is wanted; `None`: there is no more.
    pub(crate) fn give(&self, piece: Option<Result<Bytes, TooLarge>>) {
        let mut fed = self.0.lock();
        fed.is_wanted = false;
        fed.ended |= piece.is_none();
        fed.piece = piece;
        if let Some(handler) = fed.handler.take() {
            handler.wake();
        }
    }
}

/// An answer.
#[derive(Debug)]
pub struct Response {
    /// 200..=599
    pub status: u16,
    /// Field lines, `name: value\r\n` each. Date, and what frames the content, come by themselves.
    pub fields: String,
    /// What follows.
    pub content: Content,
}

impl Response {
    /// An answer with this content.
    pub fn new(status: u16, content: Content) -> Self {
        Self { status, fields: String::new(), content }
    }

    /// The same with one more field. Neither name nor value may have a line's end.
    pub fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.extend([name, ": ", value, "\r\n"]);
        self
    }
}

/// The content of an answer.
pub enum Content {
    /// All of it.
    Whole(Bytes),
    /// It comes.
    Pieces(Box<dyn Pieces>),
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(bytes) => write!(f, "Whole({} bytes)", bytes.len()),
            Self::Pieces(_) => f.write_str("Pieces"),
        }
    }
}

/// Content that comes in pieces: each is asked for when what came before is on its way to the client.
pub trait Pieces: Send {
    /// The next piece; `None` behind the last. What is dropped before it is ready loses none.
    fn next(&mut self) -> NextPiece<'_>;

    /// The server stops: content that has no end of its own should come to one. It is said once.
    fn farewell(&mut self) {}
}

/// A piece that is waited for.
pub type NextPiece<'a> = Pin<Box<dyn Future<Output = Option<Result<Bytes, Cut>>> + Send + 'a>>;

/// The content breaks off: the client is to see that it has not got all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_whatever_their_case() {
        let lines = [("Accept", "a"), ("Host", ""), ("accept", "b")];
        let fields: Fields = lines.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
        assert_eq!(fields.get("ACCEPT"), Some(&b"a"[..]));
        assert_eq!(fields.get("host"), Some(&b""[..]));
        assert_eq!(fields.get("accep"), None);
        assert_eq!(fields.all("accept").collect::<Vec<_>>(), [b"a", b"b"]);
    }

    #[test]
    fn a_body_is_given_piece_by_piece() {
        let (mut body, feed) = Body::new();
        let context = &mut Context::from_waker(Waker::noop());
        let mut poll = |body: &mut Body| {
            let next = body.next();
            std::pin::pin!(next).poll(context)
        };
        assert!(!feed.is_wanted(&Context::from_waker(Waker::noop())));
        assert_eq!(poll(&mut body), Poll::Pending);
        assert!(feed.is_wanted(&Context::from_waker(Waker::noop())));
        feed.give(Some(Ok(Bytes::from_static(b"ab"))));
        assert!(!feed.is_wanted(&Context::from_waker(Waker::noop())), "one is enough");
        assert_eq!(poll(&mut body), Poll::Ready(Some(Ok(Bytes::from_static(b"ab")))));
        assert_eq!(poll(&mut body), Poll::Pending);
        feed.give(Some(Err(TooLarge)));
        assert_eq!(poll(&mut body), Poll::Ready(Some(Err(TooLarge))));
        assert_eq!(poll(&mut body), Poll::Ready(None), "nothing follows");
    }
}
