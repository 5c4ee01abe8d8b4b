//! What V8 writes when its heap is full, and what to do about it.

use std::fmt;

/// What Node says as it ends itself for want of heap.
const FULL: &str = "JavaScript heap out of memory";
/// A heap that is smaller was made so by hand, or its size was not found: so much is suggested at least.
const SUGGESTED_MIB_MIN: u64 = 256;

/// A heap that was full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FullHeap {
    /// What it held in the end, where that was written.
    mib: Option<u64>,
}

impl FullHeap {
    /// Looks for it in the last lines of a worker's stderr.
    pub(crate) fn find_in(lines: &[String]) -> Option<Self> {
        let at = lines.iter().rposition(|line| line.contains(FULL))?;
        Some(Self { mib: lines[..at].iter().rev().find_map(|line| held_mib(line)) })
    }
}

/// `[7:0x1] 782 ms: Mark-Compact 41.5 (65.0) -> 40.9 (74.5) MB, …`: what was held after a collection, 40.
fn held_mib(line: &str) -> Option<u64> {
    let (before, after) = line.split_once(" -> ")?;
    before.contains(" ms: ").then_some(())?;
    let (held, rest) = after.split_once(" (")?;
    rest.contains(") MB").then_some(())?;
    held.split('.').next()?.parse().ok()
}

impl fmt::Display for FullHeap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("its JavaScript heap was full")?;
        if let Some(mib) = self.mib {
            write!(f, ", at {mib} MiB")?;
        }
        let suggested = self.mib.map_or(0, |mib| mib.saturating_mul(2)).max(SUGGESTED_MIB_MIN);
        write!(
            f,
            ". If it needs more: `node_args = [\"--max-old-space-size={suggested}\"]` (MiB). If it leaks: with `memory` \
             it is replaced before, and no request is lost"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<FullHeap> {
        FullHeap::find_in(&text.lines().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn a_full_heap_is_recognised_with_its_size() {
        let text = "<--- Last few GCs --->\n\n\
            [7:0x1d42]      782 ms: Scavenge 34.0 (51.2) -> 32.0 (65.0) MB, 61.65 / 0.00 ms  (average mu = 1.000)\n\
            [7:0x1d42]     1000 ms: Mark-Compact (reduce) 4041.5 (4065.0) -> 4040.9 (4074.5) MB, pooled: 0 MB, 164 ms\n\n\
            FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n\
            ----- Native stack trace -----\n 1: 0xb78db3 node::OOMErrorHandler";
        assert_eq!(found(text), Some(FullHeap { mib: Some(4040) }));
        let said = found(text).unwrap().to_string();
        assert!(said.contains("at 4040 MiB") && said.contains("--max-old-space-size=8080"), "{said}");
    }

    #[test]
    fn other_lines_are_not() {
        assert_eq!(found("a -> b\nFATAL ERROR: something else"), None);
        let unsized_heap =
            found("x -> 9.9 (1.0) MB\n -> \n ms: -> x (\nFATAL ERROR: JavaScript heap out of memory");
        assert_eq!(unsized_heap, Some(FullHeap { mib: None }));
        assert!(unsized_heap.unwrap().to_string().contains("size=256"));
    }
}
