//! Subscribers that are all told what one publisher says.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::Result;
use crate::connection::{Answers, Connection, READ_BYTES_MAX};
use crate::latencies::Latencies;
use crate::options::Options;
use crate::pace::Pace;
use crate::poll::Poll;
use crate::websocket::{self, Opened, TEXT};

/// What the server says to a subscriber once it would get messages.
const SUBSCRIBED: &[u8] = b"subscribed";
/// In an open loop: what is due beyond these waits, and its latency runs.
const OPEN_WINDOW: usize = 64;

/// A message that not everyone has.
#[derive(Debug)]
struct Published {
    due: Instant,
    /// How many subscribers lack it.
    missing: usize,
}

/// Loads the server; the latencies are those of the deliveries that count.
///
/// # Errors
/// As those of [`crate::exchange::run`], and a message nobody published.
pub(crate) fn run(options: &Options) -> Result<Latencies> {
    let mut poll = Poll::new()?;
    let (mut subscribers, mut publisher) = open(options, &poll)?;
    // Rates are deliveries': so the row's figure and its rate have one unit.
    let interval = options.rate.map(|rate| Duration::from_secs_f64(options.connections as f64 / rate));
    let window = if interval.is_some() { OPEN_WINDOW } else { options.window };
    let mut pace = Pace::new(Instant::now(), options.duration, interval);
    if let Some(interval) = interval {
        poll.tick(interval)?;
    }
    let message = websocket::message();
    let mut under_way = VecDeque::with_capacity(window);
    // Of the first message under way, and of each subscriber's next one.
    let mut first: usize = 0;
    let mut next = vec![0; subscribers.len()];
    let mut latencies = Latencies::new();
    let (mut ready, mut buffer) = (Vec::new(), vec![0; READ_BYTES_MAX]);
    loop {
        let now = Instant::now();
        while under_way.len() < window
            && let Some(due) = pace.due(now)
        {
            publisher.send(&message, &poll)?;
            under_way.push_back(Published { due, missing: subscribers.len() });
            pace.step();
        }
        if pace.is_over(now) && under_way.is_empty() {
            break;
        }
        if pace.is_overdue(now) {
            return Err("deliveries are overdue".into());
        }
        poll.wait(&mut ready)?;
        for token in ready.drain(..) {
            let connection = subscribers.get_mut(token).unwrap_or(&mut publisher);
            let seen = connection.ready(&mut buffer, &poll)?;
            if !seen.reply.is_empty() {
                connection.send(&seen.reply, &poll)?;
            }
            if seen.closed {
                return Err("the server cut a WebSocket".into());
            }
            let now = Instant::now();
            for _ in 0..seen.answers {
                let position = next.get(token).map(|next| next - first);
                let published = position.and_then(|position| under_way.get_mut(position));
                let published: &mut Published = published.ok_or("a message came that nobody published")?;
                published.missing -= 1;
                next[token] += 1;
                if pace.counts(now) {
                    latencies.add(now.saturating_duration_since(published.due));
                }
            }
            while under_way.front().is_some_and(|published| published.missing == 0) {
                under_way.pop_front();
                first += 1;
            }
        }
    }
    for connection in subscribers.iter_mut().chain([&mut publisher]) {
        connection.send(&websocket::close(), &poll)?;
    }
    Ok(latencies)
}

/// Opens all connections; the first message is looked at by each subscriber.
fn open(options: &Options, poll: &Poll) -> Result<(Vec<Connection>, Connection)> {
    let open = |path: &str| Opened::open(options.address, path, options.offer_deflate);
    let mut subscribers = Vec::with_capacity(options.connections);
    for _ in 0..options.connections {
        let mut subscriber = open(&options.path)?;
        subscriber.expect(SUBSCRIBED)?;
        subscribers.push(subscriber);
    }
    let mut publisher = open(&options.publish_path)?;
    publisher.send(&websocket::message())?;
    for subscriber in &mut subscribers {
        subscriber.expect(TEXT)?;
    }
    let loaded = |opened: Opened, token| {
        let (stream, messages) = opened.into_loaded();
        Connection::new(stream, Answers::WebSocket(messages), token, poll)
    };
    let publisher = loaded(publisher, subscribers.len())?;
    let subscribers = subscribers.into_iter().enumerate();
    let subscribers = subscribers.map(|(token, opened)| loaded(opened, token));
    Ok((subscribers.collect::<Result<_>>()?, publisher))
}
