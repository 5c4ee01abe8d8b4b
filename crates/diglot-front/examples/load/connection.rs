//! One connection: its socket, what is still to be written, and where it stands in what it reads.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use crate::pace::ANSWER_MAX;
use crate::poll::Poll;
use crate::{Result, http, websocket};

/// What one read takes at most; all connections share one buffer of this size.
pub(crate) const READ_BYTES_MAX: usize = 64 * 1024;

/// Reads answers of one protocol, by their heads only.
#[derive(Debug)]
pub(crate) enum Answers {
    Http(http::Answers),
    WebSocket(websocket::Messages),
}

/// What a read brought.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Whole answers or messages.
    pub(crate) answers: usize,
    /// The server has closed the connection, or will after this answer.
    pub(crate) closed: bool,
    /// To be sent at once: the answer to a ping.
    pub(crate) reply: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    token: usize,
    answers: Answers,
    /// What the socket had no room for; empty nearly always.
    unsent: Vec<u8>,
}

impl Connection {
    /// Takes a stream that is ready for the first message.
    pub(crate) fn new(stream: TcpStream, answers: Answers, token: usize, poll: &Poll) -> Result<Self> {
        stream.set_nonblocking(true)?;
        poll.add(&stream, token)?;
        Ok(Self { stream, token, answers, unsent: Vec::new() })
    }

    pub(crate) fn send(&mut self, message: &[u8], poll: &Poll) -> Result<()> {
        let blocked = !self.unsent.is_empty();
        let written = if blocked { 0 } else { written(self.stream.write(message))? };
        if written < message.len() {
            self.unsent.extend_from_slice(&message[written..]);
            if !blocked {
                poll.watch_writing(&self.stream, self.token, true)?;
            }
        }
        Ok(())
    }

    /// Reads once, and writes what waits for room.
    pub(crate) fn ready(&mut self, buffer: &mut [u8], poll: &Poll) -> Result<Seen> {
        if !self.unsent.is_empty() {
            let written = written(self.stream.write(&self.unsent))?;
            self.unsent.drain(..written);
            if self.unsent.is_empty() {
                poll.watch_writing(&self.stream, self.token, false)?;
            }
        }
        let mut seen = Seen::default();
        match self.stream.read(buffer) {
            Ok(0) => seen.closed = true,
            Ok(read) => match &mut self.answers {
                Answers::Http(answers) => answers.feed(&buffer[..read], &mut seen)?,
                Answers::WebSocket(messages) => messages.feed(&buffer[..read], &mut seen)?,
            },
            Err(error) if is_temporary(error.kind()) => {}
            Err(error) => return Err(format!("cannot read: {error}").into()),
        }
        Ok(seen)
    }
}

/// A stream for the first, blocking steps of a connection.
pub(crate) fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, ANSWER_MAX)
        .map_err(|error| format!("cannot connect to {address}: {error}"))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(ANSWER_MAX))?;
    Ok(stream)
}

fn written(result: std::io::Result<usize>) -> Result<usize> {
    match result {
        Ok(written) => Ok(written),
        Err(error) if is_temporary(error.kind()) => Ok(0),
        Err(error) => Err(format!("cannot write: {error}").into()),
    }
}

fn is_temporary(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
