//! Two rings of bytes in a sealed memfd, one for each direction, with an eventfd to wake whoever sleeps.
//!
//! The least that is honest: bytes are copied in and out, positions are read once into private copies and checked, and
//! a reader that is awake is not woken.

use std::io;
use std::os::fd::OwnedFd;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use rustix::event::{EventfdFlags, eventfd};
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

use crate::measure::Transport;

/// A power of two, as wide as the socket's buffers together.
const RING_BYTES: usize = 1 << 20;
const PAGE_BYTES: usize = 4096;
const DIRECTION_BYTES: usize = PAGE_BYTES + RING_BYTES;
const MAP_BYTES: usize = 2 * DIRECTION_BYTES;

/// The head of a direction. Positions only grow; each stands on its own cache line.
#[repr(C)]
struct Positions {
    written: Line<AtomicU64>,
    read: Line<AtomicU64>,
    reader_sleeps: Line<AtomicU32>,
}

#[repr(C, align(64))]
struct Line<T>(T);

/// The memory, and for each direction the eventfd its reader sleeps on.
pub(crate) struct RingFds {
    memory: OwnedFd,
    wake_worker: OwnedFd,
    wake_front: OwnedFd,
}

impl RingFds {
    pub(crate) fn new() -> io::Result<Self> {
        let memory = memfd_create(c"ring", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
        ftruncate(&memory, MAP_BYTES as u64)?;
        fcntl_add_seals(&memory, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
        let wake = || eventfd(0, EventfdFlags::CLOEXEC);
        Ok(Self { memory, wake_worker: wake()?, wake_front: wake()? })
    }
}

impl From<[OwnedFd; 3]> for RingFds {
    fn from([memory, wake_worker, wake_front]: [OwnedFd; 3]) -> Self {
        Self { memory, wake_worker, wake_front }
    }
}

impl From<RingFds> for [OwnedFd; 3] {
    fn from(fds: RingFds) -> Self {
        [fds.memory, fds.wake_worker, fds.wake_front]
    }
}

/// One end of the two rings.
pub(crate) struct Ring {
    map: NonNull<u8>,
    out_at: usize,
    in_at: usize,
    wake_peer: OwnedFd,
    wake_self: OwnedFd,
}

impl Ring {
    pub(crate) fn front_end(fds: &RingFds) -> io::Result<Self> {
        let (wake_peer, wake_self) = (fds.wake_worker.try_clone()?, fds.wake_front.try_clone()?);
        Ok(Self { map: map(&fds.memory)?, out_at: 0, in_at: DIRECTION_BYTES, wake_peer, wake_self })
    }

    pub(crate) fn worker_end(fds: &RingFds) -> io::Result<Self> {
        let (wake_peer, wake_self) = (fds.wake_front.try_clone()?, fds.wake_worker.try_clone()?);
        Ok(Self { map: map(&fds.memory)?, out_at: DIRECTION_BYTES, in_at: 0, wake_peer, wake_self })
    }

    #[expect(unsafe_code, reason = "the positions live in memory that another process writes too")]
    fn positions(&self, at: usize) -> &Positions {
        // SAFETY: `at` is a page boundary within the mapping, which is sealed against shrinking and lives as long as
        // `self`; all fields are atomics, so that the other process may write them at any time.
        unsafe { self.map.add(at).cast::<Positions>().as_ref() }
    }

    /// Copies `bytes` to the position, around the ring's end where they meet it.
    #[expect(unsafe_code, reason = "there is no reference to memory that another process writes")]
    fn copy_in(&self, position: u64, bytes: &[u8]) {
        let at = position as usize & (RING_BYTES - 1);
        let first = bytes.len().min(RING_BYTES - at);
        // SAFETY: the caller has found room for `bytes`, which are at most RING_BYTES, so both parts lie in the ring;
        // the source is private memory and cannot overlap. The reader leaves them alone until `written` covers them.
        unsafe {
            let ring = self.map.add(self.out_at + PAGE_BYTES);
            ring.add(at).copy_from_nonoverlapping(NonNull::from(bytes).cast(), first);
            ring.copy_from_nonoverlapping(NonNull::from(&bytes[first..]).cast(), bytes.len() - first);
        }
    }

    /// Copies `count` bytes from the position to the end of `into`.
    #[expect(unsafe_code, reason = "there is no reference to memory that another process writes")]
    fn copy_out(&self, position: u64, count: usize, into: &mut Vec<u8>) {
        let at = position as usize & (RING_BYTES - 1);
        let first = count.min(RING_BYTES - at);
        into.reserve(count);
        // SAFETY: `count` is at most RING_BYTES, which the caller has checked, so both parts lie in the ring; `into` has
        // room for them, and its length grows by what was written.
        unsafe {
            let ring = self.map.add(self.in_at + PAGE_BYTES).as_ptr();
            let end = into.as_mut_ptr().add(into.len());
            end.copy_from_nonoverlapping(ring.add(at), first);
            end.add(first).copy_from_nonoverlapping(ring, count - first);
            into.set_len(into.len() + count);
        }
    }
}

impl Transport for Ring {
    /// Bytes beyond the ring's size are an error: a measured batch is far smaller and answered before the next.
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let positions = self.positions(self.out_at);
        let written = positions.written.0.load(Ordering::Relaxed);
        let waiting = written.wrapping_sub(positions.read.0.load(Ordering::Acquire)) as usize;
        if RING_BYTES.checked_sub(waiting).is_none_or(|room| bytes.len() > room) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.copy_in(written, bytes);
        positions.written.0.store(written.wrapping_add(bytes.len() as u64), Ordering::SeqCst);
        if positions.reader_sleeps.0.swap(0, Ordering::SeqCst) != 0 {
            rustix::io::write(&self.wake_peer, &1u64.to_ne_bytes())?;
        }
        Ok(())
    }

    fn receive(&mut self, into: &mut Vec<u8>) -> io::Result<usize> {
        let positions = self.positions(self.in_at);
        let read = positions.read.0.load(Ordering::Relaxed);
        let mut announced = false;
        loop {
            let count = positions.written.0.load(Ordering::SeqCst).wrapping_sub(read) as usize;
            if count > RING_BYTES {
                return Err(io::ErrorKind::InvalidData.into());
            }
            if count > 0 {
                self.copy_out(read, count, into);
                positions.read.0.store(read.wrapping_add(count as u64), Ordering::Release);
                if announced {
                    positions.reader_sleeps.0.store(0, Ordering::Relaxed);
                }
                return Ok(count);
            }
            // A writer that publishes after the second look finds the flag and wakes.
            if announced {
                rustix::io::read(&self.wake_self, &mut [0u8; 8])?;
                announced = false;
            } else {
                positions.reader_sleeps.0.store(1, Ordering::SeqCst);
                announced = true;
            }
        }
    }
}

impl Drop for Ring {
    #[expect(unsafe_code, reason = "the mapping ends with its owner")]
    fn drop(&mut self) {
        // SAFETY: `map` was mapped with this length, and no reference into it outlives `self`.
        let unmapped = unsafe { munmap(self.map.as_ptr().cast(), MAP_BYTES) };
        debug_assert_eq!(unmapped, Ok(()));
    }
}

#[expect(unsafe_code, reason = "mapping memory is")]
fn map(memory: &OwnedFd) -> io::Result<NonNull<u8>> {
    let protection = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: the kernel chooses the address; the file is sealed at MAP_BYTES, so no access within can fault.
    let start = unsafe { mmap(std::ptr::null_mut(), MAP_BYTES, protection, MapFlags::SHARED, memory, 0) }?;
    NonNull::new(start.cast()).ok_or_else(|| io::Error::other("mapped at 0"))
}
