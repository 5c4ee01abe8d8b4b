//! The machine's hands: real processes, on tokio.
//!
//! One task owns the machine and carries out its actions. One permanent thread makes the processes. One task per
//! worker reads its output and waits for its exit. All of them report to the first over one channel.

mod closed;
mod handle;
mod launch;
mod launches;
mod memory;
mod orphans;
mod output;
mod process;
mod supervisor;
mod watch;

pub use self::handle::{Reporter, SupervisorHandle};
pub use self::launch::{ASIDE_ENV, Aside, CALLS_ENV, LINK_ENV, Launch, LinkPlace};
pub use self::launches::Launches;
pub use self::supervisor::{Attach, Handler, Running, ServiceSpec, Supervisor};
