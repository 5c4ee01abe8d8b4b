//! The end of a server: what is in flight is finished, then the workers, within the grace period; and the log says what it
//! waits for.

use std::sync::Arc;
use std::time::Duration;

use diglot_broker::Broker;
use diglot_front::{Front, Listener, Service, UnderWay};
use diglot_workers::{Grace, Running, SupervisorHandle};
use tokio::time::{Instant, sleep_until};

use crate::signals::Signals;

/// Most of the grace period belongs to requests; this much of it, and at most the second, to the end of the workers.
const WORKERS_SHARE: u32 = 5;
const WORKERS_GRACE_MAX: Duration = Duration::from_secs(5);
/// The part of the grace period after which event streams are told to come to an end: many have none of their own, and the
/// server would wait for them in vain.
const EVENT_STREAMS_SHARE: u32 = 2;
/// How long an end may take before the log says what it waits for; no more than the second's part of the grace period.
const NOTICE_AFTER: Duration = Duration::from_secs(2);
const NOTICE_SHARE: u32 = 4;
/// How long before a worker is killed its last requests are given up, so that it can hear of it, and end.
const ABANDON_BEFORE_END: Duration = Duration::from_secs(1);
/// Times that people read are rounded to this.
const ROUNDING_MS: u64 = 100;

/// After how much of `grace` the log says what is waited for.
pub(crate) fn notice_after(grace: Duration) -> Duration {
    NOTICE_AFTER.min(grace / NOTICE_SHARE)
}

/// How long before the end of `grace` a worker's last requests are given up.
pub(crate) fn abandon_before_end(grace: Duration) -> Duration {
    ABANDON_BEFORE_END.min(grace / 4)
}

/// A time as people read it.
pub(crate) fn rounded(time: Duration) -> Duration {
    let steps = (time.as_secs_f64() * 1_000.0 / ROUNDING_MS as f64).round() as u64;
    Duration::from_millis(steps * ROUNDING_MS)
}

/// Everything that a server which stops has to bring to an end.
pub(crate) struct Stop<'a> {
    pub(crate) front: &'a Front,
    pub(crate) broker: &'a Broker,
    pub(crate) listeners: Vec<Listener>,
    pub(crate) services: &'a [Arc<Service>],
    pub(crate) running: Running,
    pub(crate) commands: &'a SupervisorHandle,
    pub(crate) grace: Duration,
}

impl Stop<'_> {
    /// Lets requests finish, then workers, within the grace period; a second signal ends both at once.
    pub(crate) async fn run(self, signals: &mut Signals) {
        let Self { front, broker, listeners, services, running, commands, grace } = self;
        tracing::info!("stopping: what is in flight has {grace:?} to finish; a second signal ends at once");
        let end = Instant::now() + grace;
        let drain = async {
            front.stop_accepting();
            // A server that takes this one's place can bind now.
            drop(listeners);
            tokio::select! {
                () = front.drained() => {}
                () = wait_for_requests(front, broker, services, end, grace) => {}
            }
            services.iter().for_each(|service| service.close());
            broker.close();
            commands.shutdown(Grace { left: end.saturating_duration_since(Instant::now()), whole: grace });
        };
        let cut = |signal: &str| {
            tracing::warn!(
                "a second signal, {signal}: workers end at once; {}",
                requests_cut(front.connections())
            );
            commands.shutdown_now();
        };
        tokio::select! {
            () = drain => {}
            signal = signals.wait_for_stop(|| ()) => cut(signal),
        }
        let stopped = running.stopped();
        tokio::pin!(stopped);
        tokio::select! {
            () = &mut stopped => {}
            signal = signals.wait_for_stop(|| ()) => {
                cut(signal);
                stopped.await;
            }
        }
        tracing::info!("stopped");
    }
}

/// Ends when the time of requests is over, and that of the workers begins.
async fn wait_for_requests(
    front: &Front,
    broker: &Broker,
    services: &[Arc<Service>],
    end: Instant,
    grace: Duration,
) {
    let for_workers = (grace / WORKERS_SHARE).min(WORKERS_GRACE_MAX);
    // From then on workers are told to end; they give up what they have a little before they have to.
    let given_up = end - abandon_before_end(for_workers);
    let left = || rounded(given_up.saturating_duration_since(Instant::now()));
    sleep_until(end - grace + notice_after(grace)).await;
    tracing::info!("waiting for {}; {:?} at most", what_is_in_flight(front, broker, services), left());
    sleep_until(end - grace / EVENT_STREAMS_SHARE).await;
    front.farewell();
    services.iter().for_each(|service| service.farewell());
    sleep_until(end - for_workers).await;
    tracing::warn!(
        "still in flight: {}; {:?} more, and it is cut",
        what_is_in_flight(front, broker, services),
        left()
    );
}

/// `service "api": 2 requests, 1 event stream; service "web": 1 WebSocket`.
fn what_is_in_flight(front: &Front, broker: &Broker, services: &[Arc<Service>]) -> String {
    let under_way: Vec<(&str, UnderWay)> =
        services.iter().map(|service| (service.name(), service.under_way())).collect();
    let own = front.own_requests();
    let known = own + under_way.iter().map(|(_, under_way)| under_way.total()).sum::<usize>();
    let mut parts: Vec<String> = under_way
        .iter()
        .filter(|(_, under_way)| under_way.total() > 0)
        .map(|(name, under_way)| format!("service \"{name}\": {under_way}"))
        .collect();
    match front.connections().saturating_sub(known) {
        0 => {}
        1 => parts.push("1 client that has not taken all of its response".to_owned()),
        more => parts.push(format!("{more} clients that have not taken all of their responses")),
    }
    if own > 0 {
        parts.push(format!("{} to the server itself", counted(own, "request")));
    }
    match broker.open_calls() {
        0 => {}
        calls => parts.push(counted(calls, "call")),
    }
    // Over this very moment.
    if parts.is_empty() { "the last connections".to_owned() } else { parts.join("; ") }
}

/// `1 call`, `2 calls`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// What becomes of so many connections of a server that stops: each has a request in flight, the idle ones are closed.
fn requests_cut(connections: usize) -> String {
    match connections {
        0 => "no request is in flight".to_owned(),
        1 => "1 request in flight is cut".to_owned(),
        many => format!("{many} requests in flight are cut"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rounded() {
        let check = |time_ms, expect_ms| {
            assert_eq!(rounded(Duration::from_millis(time_ms)), Duration::from_millis(expect_ms));
        };
        check(0, 0);
        check(26_997, 27_000);
        check(749, 700);
        check(751, 800);
    }
}
