//! The front alone: answers every request itself, without a worker. What it costs is what a bare front costs.
//!
//!     cargo run --release -p diglot-front --example answer [ADDRESS]

use std::error::Error;
use std::io::Write as _;
use std::sync::Arc;

use diglot_config::{AccessLog, Limits, Listen, Route, Timeouts, TrustedProxies, WebSocket};
use diglot_front::{FixedAnswer, Front, Listener, Router, Settings, SocketOptions, Target};

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let options = SocketOptions { backlog: Limits::default().backlog, mode: None, owner: (None, None) };
    let listener = Listener::bind(&Listen::Tcp(address.parse()?), &options)?;
    let answer = FixedAnswer {
        status: 200,
        fields: "Content-Type: text/plain\r\n".to_owned(),
        body: b"Hello, World!".to_vec(),
    };
    let routes = [Route { host: None, prefix: "/".to_owned() }];
    let router = Router::new([(Target::Fixed(Arc::new(answer)), routes.as_slice(), false)]);
    let settings = Settings {
        threads: 1,
        limits: Limits::default(),
        timeouts: Timeouts::default(),
        access_log: AccessLog::Off,
        trusted_proxies: TrustedProxies::default(),
        websocket: WebSocket::default(),
    };
    let front = Front::start(&settings, router)?;
    front.accept(std::slice::from_ref(&listener))?;
    writeln!(std::io::stdout(), "listening on {}", listener.address())?;
    loop {
        std::thread::park();
    }
}
