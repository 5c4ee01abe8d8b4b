//! The machine's hands: real processes, on tokio.
//!
//! One task owns the machine and carries out its actions. One permanent thread makes the processes. One task per
//! worker reads its output and waits for its exit. All of them report to the first over one channel.

mod handle;
mod launch;
mod memory;
mod orphans;
mod output;
mod process;
mod supervisor;
mod watch;

pub use self::handle::{Reporter, SupervisorHandle};
pub use self::launch::{LINK_ENV, Launch};
pub use self::supervisor::{Attach, Handler, Running, ServiceSpec, Supervisor};
