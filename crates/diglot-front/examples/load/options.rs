//! The arguments.

use std::net::SocketAddr;
use std::time::Duration;

use crate::Result;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Mode {
    Echo,
    Broadcast,
    Http,
}

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) mode: Mode,
    pub(crate) address: SocketAddr,
    pub(crate) path: String,
    /// Of a broadcast.
    pub(crate) publish_path: String,
    pub(crate) connections: usize,
    pub(crate) duration: Duration,
    /// Messages a second over all connections, deliveries in a broadcast; None for a closed loop.
    pub(crate) rate: Option<f64>,
    /// Messages of a broadcast under way at once.
    pub(crate) window: usize,
    /// Of an HTTP request.
    pub(crate) method: String,
    /// Of an HTTP request.
    pub(crate) body_bytes: usize,
    pub(crate) offer_deflate: bool,
}

impl Options {
    /// Reads `MODE ADDRESS [--OPTION VALUE]...`.
    ///
    /// # Errors
    /// The first argument that is missing, unknown or out of range.
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self> {
        let mode = match arguments.next().as_deref() {
            Some("echo") => Mode::Echo,
            Some("broadcast") => Mode::Broadcast,
            Some("http") => Mode::Http,
            _ => return Err("the first argument is `echo`, `broadcast` or `http`".into()),
        };
        let address = arguments.next().ok_or("the second argument is the server's IP:PORT")?;
        let mut options = Self {
            mode,
            address: address.parse().map_err(|_| format!("`{address}` is no IP:PORT"))?,
            path: "/".to_owned(),
            publish_path: "/publish".to_owned(),
            connections: 64,
            duration: Duration::from_secs(5),
            rate: None,
            window: 1,
            method: "GET".to_owned(),
            body_bytes: 0,
            offer_deflate: false,
        };
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or_else(|| format!("`{name}` lacks its value"))?;
            options.set(&name, value)?;
        }
        if options.connections == 0 || options.window == 0 || options.duration.is_zero() {
            return Err("--connections, --window and --seconds are at least 1".into());
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: String) -> Result<()> {
        let number = || value.parse().map_err(|_| format!("{name}: `{value}` is no whole number"));
        match name {
            "--path" => self.path = value,
            "--publish-path" => self.publish_path = value,
            "--method" => self.method = value,
            "--connections" => self.connections = number()?,
            "--window" => self.window = number()?,
            "--body-bytes" => self.body_bytes = number()?,
            "--seconds" => self.duration = Duration::from_secs(number()? as u64),
            "--rate" => {
                let rate: f64 = value.parse().map_err(|_| format!("--rate: `{value}` is no number"))?;
                if !(1.0..=1e7).contains(&rate) {
                    return Err(format!("--rate: {rate} is not between 1 and 10,000,000").into());
                }
                self.rate = Some(rate);
            }
            "--offer-deflate" => match value.as_str() {
                "yes" => self.offer_deflate = true,
                "no" => self.offer_deflate = false,
                _ => return Err("--offer-deflate is `yes` or `no`".into()),
            },
            _ => return Err(format!("there is no option `{name}`").into()),
        }
        Ok(())
    }
}
