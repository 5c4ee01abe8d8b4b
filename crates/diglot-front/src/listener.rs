//! Listening sockets, and the connections they accept.

use std::fmt;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd as _, OwnedFd, RawFd};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use diglot_config::Listen;
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::net::sockopt::{socket_acceptconn, socket_type};
use socket2::{Domain, Protocol, SockAddr, SockRef, Type};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use crate::client::Ends;
use crate::http1::Connection;
use crate::shared::Shared;

/// How long accepting pauses when the system has no descriptor or memory for one more connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long a thread says no more of that: the log must not fill while a crowd is at the door.
const COMPLAINT_PAUSE: Duration = Duration::from_secs(10);

/// How sockets are made.
#[derive(Debug, Clone, Copy)]
pub struct SocketOptions {
    /// Connections the system holds that have not been accepted.
    pub backlog: u32,
    /// Permission bits of a Unix socket's file; `None` leaves them to the umask.
    pub mode: Option<u32>,
    /// User and group a Unix socket's file is given to.
    pub owner: (Option<u32>, Option<u32>),
}

/// A bound socket, not yet accepting.
#[derive(Debug)]
pub struct Listener {
    socket: socket2::Socket,
    address: Address,
    /// Of a Unix socket, with the first of its listeners.
    _file: Option<SocketFile>,
}

/// The file of a Unix socket, removed when its listener is dropped, unless another server's has taken its place.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl SocketFile {
    fn at(path: &Path) -> io::Result<Self> {
        let metadata = fs::symlink_metadata(path)?;
        Ok(Self { path: path.to_owned(), device: metadata.dev(), inode: metadata.ino() })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let is_ours = fs::symlink_metadata(&self.path)
            .is_ok_and(|present| (present.dev(), present.ino()) == (self.device, self.inode));
        if is_ours {
            // Somebody may have removed it this moment.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Where a listener can be reached, with the port the system chose. `Display` is what a person opens in a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A TCP address with its real port.
    Tcp(SocketAddr),
    /// The path of a Unix socket.
    Unix(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "http://{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl Listener {
    /// Binds and listens. Clients that come early wait in the system's queue until the front starts.
    ///
    /// A file that is left of a Unix socket nobody listens on is removed first. [`Listen::Systemd`] stands for several
    /// listeners: [`Self::inherit`] makes each.
    ///
    /// # Errors
    /// What the system says: above all that the address is in use, or not this machine's.
    pub fn bind(listen: &Listen, options: &SocketOptions) -> io::Result<Self> {
        let (socket, address, file) = match listen {
            Listen::Tcp(address) => {
                let domain = Domain::for_address(*address);
                let socket = socket2::Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
                socket.set_reuse_address(true)?;
                if address.is_ipv6() {
                    socket.set_only_v6(true)?;
                }
                socket.bind(&SockAddr::from(*address))?;
                let bound = socket.local_addr()?.as_socket().unwrap_or(*address);
                (socket, Address::Tcp(bound), None)
            }
            Listen::Unix(path) => {
                remove_stale(path)?;
                let socket = socket2::Socket::new(Domain::UNIX, Type::STREAM, None)?;
                socket.bind(&SockAddr::unix(path)?)?;
                // Removed again, should something of what follows fail.
                let file = SocketFile::at(path)?;
                // Before it listens: until then nobody can connect, whatever the umask has left.
                if let Some(mode) = options.mode {
                    fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
                }
                if let (uid, gid) = options.owner
                    && (uid.is_some() || gid.is_some())
                {
                    std::os::unix::fs::chown(path, uid, gid)?;
                }
                (socket, Address::Unix(path.clone()), Some(file))
            }
            Listen::Inherited(descriptor) => return Self::inherit(*descriptor),
            Listen::Systemd => return Err(io::ErrorKind::Unsupported.into()),
        };
        socket.listen(options.backlog.cast_signed())?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket, address, _file: file })
    }

    /// Takes over a listening socket that this process was started with. Its file, if it has one, is left where it is at
    /// the end: it belongs to whoever made it.
    ///
    /// # Errors
    /// If the descriptor is none, or is no stream socket that listens.
    pub fn inherit(descriptor: RawFd) -> io::Result<Self> {
        // SAFETY: borrowed for two calls that fail on a number that is no open socket.
        #[allow(unsafe_code)]
        let borrowed = unsafe { BorrowedFd::borrow_raw(descriptor) };
        let listens =
            socket_type(borrowed)? == rustix::net::SocketType::STREAM && socket_acceptconn(borrowed)?;
        if !listens {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no stream socket that listens"));
        }
        // SAFETY: it is open, and it is nobody else's: this process has made no listening socket under a number that
        // its configuration names, since no address is named twice.
        #[allow(unsafe_code)]
        let owned = unsafe { OwnedFd::from_raw_fd(descriptor) };
        fcntl_setfd(&owned, FdFlags::CLOEXEC)?;
        let socket = socket2::Socket::from(owned);
        socket.set_nonblocking(true)?;
        let local = socket.local_addr()?;
        let address = match (local.as_socket(), local.as_pathname()) {
            (Some(address), _) => Address::Tcp(address),
            (None, Some(path)) => Address::Unix(path.to_owned()),
            // An abstract name, which is no path.
            (None, None) => Address::Unix(PathBuf::from("@")),
        };
        Ok(Self { socket, address, _file: None })
    }

    /// Where it can be reached.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The same socket for one more thread.
    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { socket: self.socket.try_clone()?, address: self.address.clone(), _file: None })
    }

    /// Accepts connections until `stopped`, and serves each in a task of its own, on the thread this runs on.
    ///
    /// # Errors
    /// If the socket cannot be registered with the thread's event loop.
    pub(crate) async fn serve(
        self,
        shared: Arc<Shared>,
        stopped: impl Future<Output = ()>,
    ) -> io::Result<()> {
        tokio::pin!(stopped);
        let accepting = match &self.address {
            Address::Tcp(_) => Accepting::Tcp(TcpListener::from_std(self.socket.into())?),
            Address::Unix(_) => Accepting::Unix(UnixListener::from_std(self.socket.into())?),
        };
        let mut complained: Option<Instant> = None;
        let begin = |(socket, ends)| tokio::spawn(Connection::new(socket, ends, Arc::clone(&shared)).serve());
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut stopped => break,
                accepted = async {
                    shared.connections.room().await;
                    accepting.accept(&self.address).await
                } => accepted,
            };
            match accepted {
                Ok(accepted) => drop(begin(accepted)),
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    if complained.is_none_or(|last| last.elapsed() >= COMPLAINT_PAUSE) {
                        tracing::warn!(address = %self.address, "cannot accept a connection: {error}");
                        complained = Some(Instant::now());
                    }
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        // The system has let them in, and would cut them off now.
        while shared.connections.has_room()
            && let Some(waiting) = accepting.accept_waiting(&self.address)
        {
            begin(waiting);
        }
        Ok(())
    }
}

/// An error that the connection had which was to be accepted, not the listener.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Removes a Unix socket's file if nobody listens there.
fn remove_stale(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::FileTypeExt as _;
    let Ok(metadata) = fs::symlink_metadata(path) else { return Ok(()) };
    if !metadata.file_type().is_socket() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "a file that is no socket is in the way"));
    }
    match std::os::unix::net::UnixStream::connect(path) {
        Ok(_) => Err(io::ErrorKind::AddrInUse.into()),
        Err(_) => fs::remove_file(path),
    }
}

enum Accepting {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Accepting {
    async fn accept(&self, address: &Address) -> io::Result<(Socket, Ends)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                of_tcp(stream, peer, address)
            }
            Self::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                of_unix(stream, address)
            }
        }
    }

    /// One that waits in the system's queue. `None` if none does, or it is gone.
    fn accept_waiting(&self, address: &Address) -> Option<(Socket, Ends)> {
        let (socket, peer) = match self {
            Self::Tcp(listener) => SockRef::from(listener).accept(),
            Self::Unix(listener) => SockRef::from(listener).accept(),
        }
        .ok()?;
        socket.set_nonblocking(true).ok()?;
        match self {
            Self::Tcp(_) => of_tcp(TcpStream::from_std(socket.into()).ok()?, peer.as_socket()?, address).ok(),
            Self::Unix(_) => of_unix(UnixStream::from_std(socket.into()).ok()?, address).ok(),
        }
    }
}

fn of_tcp(stream: TcpStream, peer: SocketAddr, address: &Address) -> io::Result<(Socket, Ends)> {
    stream.set_nodelay(true)?;
    let local = match address {
        Address::Tcp(bound) if !bound.ip().is_unspecified() => *bound,
        _ => stream.local_addr()?,
    };
    Ok((Socket::Tcp(stream), Ends::Tcp { peer, local }))
}

fn of_unix(stream: UnixStream, address: &Address) -> io::Result<(Socket, Ends)> {
    let Address::Unix(path) = address else { return Err(io::ErrorKind::Other.into()) };
    Ok((Socket::Unix(stream), Ends::Unix { path: path.clone() }))
}

/// A client connection's socket.
#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Socket {
    /// Closes at once, so that the client sees an error and not an end.
    pub(crate) fn reset(&self) {
        let descriptor = match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Unix(stream) => stream.as_fd(),
        };
        // Where the system does not know the option the connection is closed in the usual way.
        let _ = SockRef::from(&descriptor).set_linger(Some(Duration::ZERO));
    }
}

impl AsyncRead for Socket {
    #[inline]
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Unix(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Socket {
    #[inline]
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Unix(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
