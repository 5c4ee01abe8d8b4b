//! Connections that each have one message under way: a WebSocket echo, or HTTP requests.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::connection::{Answers, Connection, READ_BYTES_MAX, connect};
use crate::latencies::Latencies;
use crate::options::{Mode, Options};
use crate::pace::Pace;
use crate::poll::Poll;
use crate::{Result, http, websocket};

struct Exchanges<'a> {
    options: &'a Options,
    poll: Poll,
    /// None where the server closed it: it is opened again for the next message, as a pool of connections does it.
    connections: Vec<Option<Connection>>,
    /// When the message under way was due, by connection.
    under_way: Vec<Option<Instant>>,
    /// In turn, so that every connection is used.
    idle: VecDeque<usize>,
    message: Vec<u8>,
}

/// Loads the server; the latencies are those of the exchanges that count.
///
/// # Errors
/// A connection that fails, an answer that is none, and one that takes longer than [`crate::pace::ANSWER_MAX`]
/// after the end.
pub(crate) fn run(options: &Options) -> Result<Latencies> {
    let mut exchanges = Exchanges::open(options)?;
    let interval = options.rate.map(|rate| Duration::from_secs_f64(1.0 / rate));
    let mut pace = Pace::new(Instant::now(), options.duration, interval);
    if let Some(interval) = interval {
        exchanges.poll.tick(interval)?;
    }
    let mut latencies = Latencies::new();
    let (mut ready, mut buffer) = (Vec::new(), vec![0; READ_BYTES_MAX]);
    loop {
        let now = Instant::now();
        while let (Some(due), Some(token)) = (pace.due(now), exchanges.idle.front().copied()) {
            exchanges.idle.pop_front();
            exchanges.send(token, due)?;
            pace.step();
        }
        if pace.is_over(now) && exchanges.idle.len() == exchanges.connections.len() {
            break;
        }
        if pace.is_overdue(now) {
            return Err("answers are overdue".into());
        }
        exchanges.poll.wait(&mut ready)?;
        for token in ready.drain(..) {
            if let Some(due) = exchanges.receive(token, &mut buffer)? {
                let now = Instant::now();
                if pace.counts(now) {
                    latencies.add(now.saturating_duration_since(due));
                }
            }
        }
    }
    exchanges.close()?;
    Ok(latencies)
}

impl<'a> Exchanges<'a> {
    /// Opens all connections; a WebSocket's first echo is looked at.
    fn open(options: &'a Options) -> Result<Self> {
        let message = match options.mode {
            Mode::Http => http::request(&options.method, &options.path, options.address, options.body_bytes),
            Mode::Echo | Mode::Broadcast => websocket::message(),
        };
        let mut exchanges = Self {
            options,
            poll: Poll::new()?,
            connections: Vec::new(),
            under_way: vec![None; options.connections],
            idle: (0..options.connections).collect(),
            message,
        };
        for token in 0..options.connections {
            let connection = exchanges.connect(token)?;
            exchanges.connections.push(Some(connection));
        }
        Ok(exchanges)
    }

    fn connect(&self, token: usize) -> Result<Connection> {
        let Options { mode, address, path, offer_deflate, .. } = self.options;
        let (stream, answers) = match mode {
            Mode::Http => (connect(*address)?, Answers::Http(http::Answers::default())),
            Mode::Echo | Mode::Broadcast => {
                let mut opened = websocket::Opened::open(*address, path, *offer_deflate)?;
                opened.send(&self.message)?;
                opened.expect(websocket::TEXT)?;
                let (stream, messages) = opened.into_loaded();
                (stream, Answers::WebSocket(messages))
            }
        };
        Connection::new(stream, answers, token, &self.poll)
    }

    fn send(&mut self, token: usize, due: Instant) -> Result<()> {
        if self.connections[token].is_none() {
            self.connections[token] = Some(self.connect(token)?);
        }
        if let Some(connection) = &mut self.connections[token] {
            connection.send(&self.message, &self.poll)?;
        }
        self.under_way[token] = Some(due);
        Ok(())
    }

    /// When the exchange that has ended on this connection was due, if one has.
    fn receive(&mut self, token: usize, buffer: &mut [u8]) -> Result<Option<Instant>> {
        let Some(connection) = &mut self.connections[token] else { return Ok(None) };
        let seen = connection.ready(buffer, &self.poll)?;
        if !seen.reply.is_empty() {
            connection.send(&seen.reply, &self.poll)?;
        }
        let ended = match seen.answers {
            0 => None,
            1 if self.under_way[token].is_some() => self.under_way[token].take(),
            _ => return Err("an answer came that nobody asked for".into()),
        };
        if ended.is_some() {
            self.idle.push_back(token);
        }
        if seen.closed {
            if self.under_way[token].is_some() {
                return Err("the server closed a connection instead of answering".into());
            }
            if self.options.mode == Mode::Echo {
                return Err("the server cut a WebSocket".into());
            }
            self.connections[token] = None;
        }
        Ok(ended)
    }

    fn close(&mut self) -> Result<()> {
        if self.options.mode == Mode::Echo {
            for connection in self.connections.iter_mut().flatten() {
                connection.send(&websocket::close(), &self.poll)?;
            }
        }
        Ok(())
    }
}
