//! A client that sends exactly the bytes a test wants, and reads responses one by one.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long a test waits for bytes before it fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// One connection.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// A response as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The status line and fields, with their line ends.
    pub head: String,
    /// The content, without its transfer coding.
    pub body: Vec<u8>,
}

impl Response {
    /// The first value of a field.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The content as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Client {
    /// Connects.
    ///
    /// # Panics
    /// If it cannot.
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the server accepts");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout can be set");
        stream.set_nodelay(true).expect("the option can be set");
        Self { stream, buffer: Vec::new() }
    }

    /// The socket itself.
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Sends bytes as they are. Errors are left for the next read to find.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        let _ = self.stream.write_all(bytes.as_ref());
        self
    }

    /// GETs a path.
    pub fn get(&mut self, path: &str) -> Response {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n")).response()
    }

    /// POSTs a body of known length.
    pub fn post(&mut self, path: &str, body: &[u8]) -> Response {
        let head = format!("POST {path} HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n\r\n", body.len());
        self.send(head).send(body).response()
    }

    /// Reads the next response to a request that was not HEAD.
    ///
    /// # Panics
    /// If the connection ends before the response does, or what comes is not HTTP.
    pub fn response(&mut self) -> Response {
        self.try_response(false).expect("a whole response")
    }

    /// Reads the next response, to a HEAD request.
    ///
    /// # Panics
    /// As [`Self::response`].
    pub fn response_to_head(&mut self) -> Response {
        self.try_response(true).expect("a whole response")
    }

    /// Reads the next response; interim ones count as responses.
    ///
    /// # Errors
    /// If the connection ends or fails before the response is whole.
    pub fn try_response(&mut self, is_head: bool) -> io::Result<Response> {
        let head = self.take_until(b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&head).into_owned();
        let status = head.get(9..12).and_then(|code| code.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
        let mut response = Response { status, head, body: Vec::new() };
        if is_head || status < 200 || status == 204 || status == 304 {
            return Ok(response);
        }
        response.body = if response.field("transfer-encoding").is_some() {
            self.take_chunks()?
        } else if let Some(length) = response.field("content-length") {
            let length = length.parse().map_err(|_| io::ErrorKind::InvalidData)?;
            self.take(length)?
        } else {
            self.rest()?
        };
        Ok(response)
    }

    /// Reads to the end of the connection.
    ///
    /// # Errors
    /// If it is reset, or stays open.
    pub fn rest(&mut self) -> io::Result<Vec<u8>> {
        let mut rest = std::mem::take(&mut self.buffer);
        self.stream.read_to_end(&mut rest)?;
        Ok(rest)
    }

    /// Reads until `end` has come, inclusive.
    ///
    /// # Errors
    /// If the connection ends before.
    pub fn take_until(&mut self, end: &[u8]) -> io::Result<Vec<u8>> {
        loop {
            if let Some(at) = self.buffer.windows(end.len()).position(|window| window == end) {
                let rest = self.buffer.split_off(at + end.len());
                return Ok(std::mem::replace(&mut self.buffer, rest));
            }
            self.fill()?;
        }
    }

    /// Reads exactly `count` bytes.
    ///
    /// # Errors
    /// If the connection ends before.
    pub fn take(&mut self, count: usize) -> io::Result<Vec<u8>> {
        while self.buffer.len() < count {
            self.fill()?;
        }
        let rest = self.buffer.split_off(count);
        Ok(std::mem::replace(&mut self.buffer, rest))
    }

    fn take_chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.take_until(b"\r\n")?;
            let size = String::from_utf8_lossy(&line);
            let size = usize::from_str_radix(size.trim(), 16).map_err(|_| io::ErrorKind::InvalidData)?;
            if size == 0 {
                // Trailers, if any, up to the empty line.
                while self.take_until(b"\r\n")? != b"\r\n" {}
                return Ok(body);
            }
            body.extend(self.take(size)?);
            self.take(2)?;
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        let mut bytes = [0; 64 * 1024];
        match self.stream.read(&mut bytes)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                self.buffer.extend_from_slice(&bytes[..count]);
                Ok(())
            }
        }
    }
}
