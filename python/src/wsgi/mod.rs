//! WSGI: a pool of threads around one link.
//!
//! One thread reads the link, runs what it read, writes the answers and reads again: fast handlers pay for no
//! queue, no wake and no change of threads. [`pool`] watches that thread. When a request takes longer than a moment, a
//! second thread takes the link over, and so on, up to the number the service has.

mod environ;
mod exchange;
mod input;
mod link;
mod permit;
mod pool;

pub(crate) use link::WsgiLink;
