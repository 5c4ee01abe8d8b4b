//! How the next worker is run, which may not be as the last one was.

use std::fmt;
use std::sync::Arc;

use super::launch::Launch;

/// How the workers of a service are run, asked before each is started: what it names by a symbolic link may have
/// become something else by then, and the worker is to have one and the same for all its life.
#[derive(Clone)]
pub struct Launches(Arc<dyn Fn() -> Launch + Send + Sync>);

impl Launches {
    /// `next` is called on the thread that makes processes, where it may wait for a disk.
    pub fn new(next: impl Fn() -> Launch + Send + Sync + 'static) -> Self {
        Self(Arc::new(next))
    }

    /// How the next worker is run.
    #[must_use]
    pub fn next(&self) -> Launch {
        (self.0)()
    }
}

/// Each as the one before.
impl From<Launch> for Launches {
    fn from(launch: Launch) -> Self {
        Self::new(move || launch.clone())
    }
}

impl fmt::Debug for Launches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Launches")
    }
}
