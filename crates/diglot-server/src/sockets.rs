//! From the addresses of a configuration to sockets that listen: bound here, or passed by whoever started the server.

use std::env;
use std::io;

use diglot_config::{Listen, Server};
use diglot_front::{Listener, SocketOptions};

use crate::Error;

/// The first descriptor that systemd passes (`sd_listen_fds(3)`).
const FIRST: i32 = 3;
/// More are not taken: no unit has so many, and the number comes from outside.
const PASSED_MAX: i32 = 64;

/// The variables that come with passed sockets. They are about this process, so workers do not get them.
pub(crate) const PASSED_VARIABLES: [&str; 3] = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"];

/// Every address of the server, in order.
pub(crate) fn bind(server: &Server) -> Result<Vec<Listener>, Error> {
    let identity = server.identity.as_ref();
    let options = SocketOptions {
        backlog: server.limits.backlog,
        mode: Some(server.socket_mode),
        owner: (identity.and_then(|identity| identity.uid), identity.map(|identity| identity.gid)),
    };
    let mut listeners = Vec::new();
    for listen in &server.listen {
        let cannot = |error| Error::Bind { listen: listen.clone(), error };
        match listen {
            Listen::Systemd => {
                for descriptor in passed().map_err(cannot)? {
                    listeners.push(Listener::inherit(descriptor).map_err(cannot)?);
                }
            }
            listen => listeners.push(Listener::bind(listen, &options).map_err(cannot)?),
        }
    }
    Ok(listeners)
}

/// The descriptors that systemd has passed to this very process.
fn passed() -> io::Result<std::ops::Range<i32>> {
    let number = |name: &str| env::var(name).ok().and_then(|value| value.parse::<i32>().ok());
    let is_ours = number("LISTEN_PID").is_some_and(|process| process.unsigned_abs() == std::process::id());
    match number("LISTEN_FDS") {
        Some(count) if is_ours && (1..=PASSED_MAX).contains(&count) => Ok(FIRST..FIRST + count),
        _ => Err(io::Error::new(
            io::ErrorKind::NotFound,
            "no socket was passed (LISTEN_PID, LISTEN_FDS); start this server by a .socket unit of systemd",
        )),
    }
}
