//! Programs that start workers of their own, with Node's `cluster`.
//!
//! `if (cluster.isPrimary) fork(); else listen();` is how a Node program uses several cores by itself. Here the primary is
//! the server: so each of the service's workers is to run what a worker of the cluster runs, and the program's own
//! primary is not needed. Which programs these are shows when one calls `fork()` instead of serving: the start is then
//! given up, and begun again with the workers of that service as Node makes those of a cluster.

use std::collections::BTreeSet;

use diglot_workers::{Failure, Reason};

/// Makes a process a worker of a cluster, as far as Node is concerned: the worker's number in it.
pub(crate) const WORKER_ID_ENV: &str = "NODE_UNIQUE_ID";

/// How a worker begins to say that its program has called `fork()` before it served: `cluster.cjs` has it too.
const FORKS: &str = "cluster.fork() was called";

/// The services whose programs are known to fork.
#[derive(Debug, Default)]
pub(crate) struct Clusters(BTreeSet<String>);

impl Clusters {
    pub(crate) fn contains(&self, service: &str) -> bool {
        self.0.contains(service)
    }

    /// Whether the start failed only because this was not known, and may be tried again.
    pub(crate) fn learn(&mut self, service: &str, failure: &Failure) -> bool {
        let forks =
            matches!(&failure.reason, Reason::StartReported { message } if message.starts_with(FORKS));
        forks && self.0.insert(service.to_owned())
    }
}
