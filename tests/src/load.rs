//! Load: clients that ask again and again until they are told to stop, and what became of each request.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::client::Client;

/// How long a test waits for requests to be answered.
const PATIENCE: Duration = Duration::from_secs(60);

/// What became of the requests.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Outcomes {
    /// How many were answered with each status.
    pub statuses: BTreeMap<u16, u64>,
    /// The numbers of those that were answered with another status than 200.
    pub refused: Vec<u64>,
    /// Why the others were not answered.
    pub lost: Vec<String>,
}

impl Outcomes {
    /// How many were answered with this status.
    pub fn of(&self, status: u16) -> u64 {
        self.statuses.get(&status).copied().unwrap_or(0)
    }
}

/// Running clients. Dropping it without [`Self::stop`] leaves them to end with the test.
#[derive(Debug)]
pub struct Load {
    shared: Arc<Shared>,
    clients: Vec<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    outcomes: Mutex<Outcomes>,
    changed: Condvar,
    stopping: AtomicBool,
    /// Requests so far, each of which gets a number.
    count: AtomicU64,
}

/// Starts as many clients, each asking for `path` on a connection that it keeps open. The request's number follows the
/// path where that ends with `=`.
pub fn load(address: SocketAddr, path: &str, clients: usize) -> Load {
    let shared = Arc::new(Shared::default());
    let clients = (0..clients)
        .map(|_| {
            let (shared, path) = (Arc::clone(&shared), path.to_owned());
            thread::spawn(move || ask(&shared, address, &path))
        })
        .collect();
    Load { shared, clients }
}

fn ask(shared: &Shared, address: SocketAddr, path: &str) {
    let mut kept: Option<Client> = None;
    while !shared.stopping.load(Ordering::Relaxed) {
        let mut client = kept.take().unwrap_or_else(|| Client::connect(address));
        let number = shared.count.fetch_add(1, Ordering::Relaxed);
        let number_sent = if path.ends_with('=') { number.to_string() } else { String::new() };
        client.send(format!("GET {path}{number_sent} HTTP/1.1\r\nHost: test\r\n\r\n"));
        let answer = client.try_response(false);
        let mut outcomes = shared.outcomes.lock().expect("no panic under this lock");
        match answer {
            Ok(response) => {
                *outcomes.statuses.entry(response.status).or_default() += 1;
                if response.status != 200 {
                    outcomes.refused.push(number);
                }
                if response.field("connection") != Some("close") {
                    kept = Some(client);
                }
            }
            Err(error) => outcomes.lost.push(error.to_string()),
        }
        shared.changed.notify_all();
    }
}

impl Load {
    /// Waits until `count` more requests have been answered with 200.
    ///
    /// # Panics
    /// If a minute passes before.
    pub fn goes_on(&self, count: u64) {
        let deadline = Instant::now() + PATIENCE;
        let mut outcomes = self.shared.outcomes.lock().expect("no panic under this lock");
        let goal = outcomes.of(200) + count;
        while outcomes.of(200) < goal {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "requests are no longer answered: {outcomes:?}");
            outcomes = self.shared.changed.wait_timeout(outcomes, left).expect("no panic under this lock").0;
        }
    }

    /// Lets each client finish the request it has.
    ///
    /// # Panics
    /// If a client could not connect.
    pub fn stop(self) -> Outcomes {
        self.shared.stopping.store(true, Ordering::Relaxed);
        for client in self.clients {
            client.join().expect("the clients can connect");
        }
        self.shared.outcomes.lock().expect("no panic under this lock").clone()
    }
}
