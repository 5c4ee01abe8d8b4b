//! Making a worker's process, always from one and the same thread.
//!
//! On Linux a worker asks to be killed when its parent ends (`PR_SET_PDEATHSIG`), so that no worker outlives a
//! server that was itself killed. The kernel takes "parent" to be the *thread* that made it: a thread of a pool would
//! take its workers with it when it goes idle. Hence a thread that ends only with the supervisor. Elsewhere a worker
//! notices the end of its link instead.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{ChildStderr, ChildStdout, Command, Stdio};
use std::sync::{Arc, mpsc};
use std::thread;

use rustix::io::{FdFlags, dup2, fcntl_dupfd_cloexec, fcntl_setfd};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::closed::closed_part;
use super::handle::{Message, Outbox};
use super::launches::Launches;
use super::process::{Children, Group};
use crate::event::WorkerId;

/// Names the variable that tells a worker which of its descriptors is its end of the link.
pub const LINK_ENV: &str = "DIGLOT_LINK";

/// The last of the standard descriptors, which are replaced for each worker.
const STDERR: RawFd = 2;
/// Up to this number Node closes what it has inherited when it starts a process of its own; above, only what comes without a gap.
const LOW_DESCRIPTOR_MAX: RawFd = 15;

/// Names the variable that tells a worker which of its descriptors is its end of the socket for calls.
pub const CALLS_ENV: &str = "DIGLOT_CALLS";

/// Names the variable that tells a worker which of its descriptors is its [`Aside`].
pub const ASIDE_ENV: &str = "DIGLOT_ASIDE";

/// Low numbers for the workers' ends of their links, calls sockets and asides, kept free in this process from early on.
///
/// Otherwise a link has the number it happened to get here, and what an app in Node starts inherits those with a high one:
/// Node cannot close them by itself.
#[derive(Clone, Debug)]
pub struct LinkPlace(Arc<[OwnedFd; 3]>);

impl LinkPlace {
    /// `None` where all low numbers are taken: links have any number then.
    pub fn reserve() -> Option<Self> {
        let null = std::fs::File::open("/dev/null").ok()?;
        let place = || fcntl_dupfd_cloexec(&null, STDERR + 1).ok();
        let places = [place()?, place()?, place()?];
        places.iter().all(|place| place.as_raw_fd() <= LOW_DESCRIPTOR_MAX).then(|| Self(Arc::new(places)))
    }

    fn numbers(&self) -> [RawFd; 3] {
        [0, 1, 2].map(|place: usize| self.0[place].as_raw_fd())
    }
}

/// Answers what the synchronous code of a worker asks, on a socket beside the link that blocks at both ends.
#[derive(Clone)]
pub struct Aside(Arc<dyn Fn(UnixStream) + Send + Sync>);

impl Aside {
    /// `attend` is called with the server's end as soon as there is a worker, and must not block.
    pub fn new(attend: impl Fn(UnixStream) + Send + Sync + 'static) -> Self {
        Self(Arc::new(attend))
    }
}

impl fmt::Debug for Aside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Aside")
    }
}

impl PartialEq for Aside {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Aside {}

/// How the workers of a service are run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// The interpreter, as an absolute path: it is not searched for.
    pub program: PathBuf,
    pub args: Vec<OsString>,
    /// The whole environment; nothing is inherited. [`LINK_ENV`] and [`CALLS_ENV`] are added to it.
    pub env: Vec<(OsString, OsString)>,
    /// The worker's working directory.
    pub cwd: PathBuf,
    /// Variables that tell a worker which of its service's workers it is, from 1.
    pub numbered_env: Vec<OsString>,
    /// Its soft limit of open descriptors; `None`: no limit. The server may have a higher one itself.
    pub open_files_max: Option<u64>,
    /// Whom it can ask synchronously. [`ASIDE_ENV`] is added to its environment then.
    pub aside: Option<Aside>,
}

/// A process that has been made, with the server's ends of everything that connects to it.
#[derive(Debug)]
pub(super) struct Launched {
    pub(super) group: Arc<Group>,
    pub(super) stdout: ChildStdout,
    pub(super) stderr: ChildStderr,
    /// The server's end of the link, not blocking.
    pub(super) socket: UnixStream,
    /// The server's end of the socket for calls, not blocking.
    pub(super) calls: UnixStream,
}

#[derive(Debug)]
struct Request {
    worker: WorkerId,
    launches: Launches,
}

/// The way to the thread that makes processes. The thread ends when this is dropped.
#[derive(Debug)]
pub(super) struct Launcher {
    requests: mpsc::SyncSender<Request>,
}

impl Launcher {
    /// `requests_max` is how many processes can be waiting to be made at once.
    ///
    /// # Errors
    /// When the system gives no thread, or does not say which descriptors are open.
    pub(super) fn start(
        requests_max: usize,
        place: Option<LinkPlace>,
        children: Arc<Children>,
        outbox: Outbox,
    ) -> io::Result<Self> {
        withhold_inherited_descriptors()?;
        let (requests, inbox) = mpsc::sync_channel::<Request>(requests_max);
        thread::Builder::new().name("diglot-launch".to_owned()).spawn(move || {
            for Request { worker, launches } in inbox {
                let launch = launches.next();
                let result =
                    launch.run(worker, place.as_ref(), &children).map_err(|error| launch.explain(&error));
                // Refused when the supervisor is gone: dropping the process then ends it.
                let _ = outbox.send(Message::Launched { worker, result });
            }
        })?;
        Ok(Self { requests })
    }

    /// Have a process made; the result comes as a message. Gives the reason when that cannot be.
    pub(super) fn launch(&self, worker: WorkerId, launches: Launches) -> Result<(), String> {
        self.requests.try_send(Request { worker, launches }).map_err(|error| match error {
            mpsc::TrySendError::Full(_) => "too many processes are waiting to be made".to_owned(),
            mpsc::TrySendError::Disconnected(_) => "the thread that makes processes has ended".to_owned(),
        })
    }
}

impl Launch {
    fn run(
        &self,
        worker: WorkerId,
        place: Option<&LinkPlace>,
        children: &Arc<Children>,
    ) -> io::Result<Launched> {
        let (socket, link_of_worker) = UnixStream::pair()?;
        let (calls, calls_of_worker) = UnixStream::pair()?;
        socket.set_nonblocking(true)?;
        calls.set_nonblocking(true)?;
        let places = place.map(LinkPlace::numbers);
        let mut inherited = vec![
            Inherited { descriptor: link_of_worker.into(), place: places.map(|[link, ..]| link) },
            Inherited { descriptor: calls_of_worker.into(), place: places.map(|[_, calls, _]| calls) },
        ];
        let mut aside_env = None;
        let mut attended = None;
        if let Some(aside) = &self.aside {
            let (socket, of_worker) = UnixStream::pair()?;
            let of_worker =
                Inherited { descriptor: of_worker.into(), place: places.map(|[.., aside]| aside) };
            aside_env = Some((ASIDE_ENV, of_worker.number().to_string()));
            attended = Some((aside, socket));
            inherited.push(of_worker);
        }
        let number = (worker.slot + 1).to_string();
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .env_clear()
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .envs(self.numbered_env.iter().map(|name| (name, &number)))
            .env(LINK_ENV, inherited[0].number().to_string())
            .env(CALLS_ENV, inherited[1].number().to_string())
            .envs(aside_env)
            .current_dir(&self.cwd)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A Ctrl-C in the terminal is for the server, which lets its workers finish first. And what a worker
            // leaves behind can be ended with it.
            .process_group(0);
        prepare_child(&mut command, inherited, self.open_files_max);
        let mut child = children.spawn(&mut command)?;
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(io::Error::other("the process has no output pipes"));
        };
        if let Some((Aside(attend), socket)) = attended {
            attend(socket);
        }
        Ok(Launched { group: Arc::new(Group::new(child, children.clone())), stdout, stderr, socket, calls })
    }

    fn explain(&self, error: &io::Error) -> String {
        let Self { program, cwd, .. } = self;
        if error.kind() == io::ErrorKind::NotFound && !cwd.is_dir() {
            return format!("its folder {} does not exist", cwd.display());
        }
        let what = format!("running {} in {}: {error}", program.display(), cwd.display());
        if error.kind() != io::ErrorKind::PermissionDenied {
            return what;
        }
        let user = rustix::process::geteuid().as_raw();
        let named = self.env.iter().find(|(name, _)| name == "USER").map(|(_, name)| name.to_string_lossy());
        let user = named.map_or_else(|| format!("user {user}"), |name| format!("user {user} ({name})"));
        match closed_part(program).or_else(|| closed_part(cwd)) {
            Some(part) => format!("{what}: {} is closed to {user}", part.display()),
            None => format!("{what}, as {user}"),
        }
    }
}

/// Withhold from the workers what Diglot was itself started with (a lock of the shell that started it, say): all that the
/// process opens later is closed on exec anyway.
fn withhold_inherited_descriptors() -> io::Result<()> {
    for entry in std::fs::read_dir("/dev/fd")? {
        let Some(number) = entry?.file_name().to_str().and_then(|name| name.parse::<RawFd>().ok()) else {
            continue;
        };
        if number <= STDERR {
            continue;
        }
        // SAFETY: borrowed for one call only, which does nothing but set a flag. Should the descriptor have been closed
        // meanwhile the call fails, and should the number have been used again the flag is set there already.
        #[allow(unsafe_code)]
        let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
        let _ = fcntl_setfd(descriptor, FdFlags::CLOEXEC);
    }
    Ok(())
}

/// A descriptor for a child alone.
struct Inherited {
    descriptor: OwnedFd,
    /// The number it shall have there; `None`: the one it has here.
    place: Option<RawFd>,
}

impl Inherited {
    fn number(&self) -> RawFd {
        self.place.unwrap_or(self.descriptor.as_raw_fd())
    }
}

/// What the child does between fork and exec. `inherited` is closed in the parent when the command is dropped.
fn prepare_child(command: &mut Command, inherited: Vec<Inherited>, open_files_max: Option<u64>) {
    #[cfg(target_os = "linux")]
    let parent = rustix::process::getpid();
    let in_child = move || {
        #[cfg(target_os = "linux")]
        {
            use rustix::process::{Signal, getppid, set_parent_process_death_signal};
            set_parent_process_death_signal(Some(Signal::KILL))?;
            // The parent may have ended just before; then nobody will send the signal.
            if getppid() != Some(parent) {
                return Err(rustix::io::Errno::SRCH.into());
            }
        }
        // Only here, so that no process but this one ever inherits it.
        for Inherited { descriptor, place } in &inherited {
            match *place {
                Some(place) => {
                    // SAFETY: the number is that of a descriptor which this process keeps for nothing else, and the value
                    // is never dropped.
                    #[allow(unsafe_code)]
                    let mut place = ManuallyDrop::new(unsafe { OwnedFd::from_raw_fd(place) });
                    dup2(descriptor.as_fd(), &mut place)?;
                }
                None => fcntl_setfd(descriptor.as_fd(), FdFlags::empty())?,
            }
        }
        let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
        setrlimit(Resource::Nofile, Rlimit { current: open_files_max, maximum })?;
        Ok(())
    };
    // SAFETY: between fork and exec only async-signal-safe things may be done. The closure makes a few system calls
    // through rustix, which neither allocates nor locks, and errors are made from raw error numbers, without
    // allocation.
    #[allow(unsafe_code)]
    unsafe {
        command.pre_exec(in_child);
    }
}
