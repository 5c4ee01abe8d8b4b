//! How much memory a worker holds: asked for now and then, of services that have a limit for it.

use std::fs;
use std::time::Duration;

use rustix::process::Pid;

/// Between two measurements. A leak that fills a machine in less is not helped by replacing its worker.
pub(super) const PERIOD: Duration = Duration::from_secs(5);

/// Resident memory of a process in bytes, shared pages included, without that of processes it has started. `None`
/// where the system does not tell: it has ended, or there is no `/proc` (macOS).
pub(super) fn resident_bytes(process: Pid) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", process.as_raw_nonzero())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn memory_that_is_written_to_is_counted() {
        let before = resident_bytes(rustix::process::getpid()).expect("a figure");
        let written = std::hint::black_box(vec![1u8; 64 << 20]);
        let after = resident_bytes(rustix::process::getpid()).expect("a figure");
        drop(written);
        // The other tests of this process have a few MiB of their own.
        assert!(after > before + (48 << 20), "{before} {after}");
    }
}
