//! What a thread waits for without the GIL.

/// A signal came before what was waited for: Python's handlers are due.
#[derive(Debug)]
pub(crate) struct Interrupted;

pub(crate) use implementation::Permit;

#[cfg(target_os = "linux")]
mod implementation {
    use std::sync::atomic::{AtomicU32, Ordering};

    use rustix::io::Errno;
    use rustix::thread::futex;

    use super::Interrupted;

    /// Something threads wait for, given before or after the wait begins.
    ///
    /// A futex rather than a condition variable, which hides signals: the main thread has to come back for Python's
    /// handlers.
    #[derive(Debug, Default)]
    pub(crate) struct Permit(AtomicU32);

    impl Permit {
        pub(crate) fn give(&self) {
            self.0.fetch_add(1, Ordering::Release);
            // Fails for addresses that are none.
            let _woken = futex::wake(&self.0, futex::Flags::PRIVATE, 1);
        }

        /// Waits for one. Not to be called with the GIL.
        pub(crate) fn take(&self) -> Result<(), Interrupted> {
            let one_less = |count: u32| count.checked_sub(1);
            while self.0.fetch_update(Ordering::Acquire, Ordering::Relaxed, one_less).is_err() {
                if futex::wait(&self.0, futex::Flags::PRIVATE, 0, None) == Err(Errno::INTR) {
                    return Err(Interrupted);
                }
            }
            Ok(())
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod implementation {
    use std::sync::{Condvar, Mutex, PoisonError};

    use super::Interrupted;

    /// Something threads wait for, given before or after the wait begins. Signals wait as well: these systems are for
    /// development.
    #[derive(Debug, Default)]
    pub(crate) struct Permit {
        count: Mutex<u32>,
        given: Condvar,
    }

    impl Permit {
        pub(crate) fn give(&self) {
            *self.count.lock().unwrap_or_else(PoisonError::into_inner) += 1;
            self.given.notify_one();
        }

        /// Waits for one. Not to be called with the GIL.
        pub(crate) fn take(&self) -> Result<(), Interrupted> {
            let count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
            let waited = self.given.wait_while(count, |count| *count == 0);
            *waited.unwrap_or_else(PoisonError::into_inner) -= 1;
            Ok(())
        }
    }
}
