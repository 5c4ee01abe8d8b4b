//! The value of the Date field, made once a second.

use std::cell::Cell;
use std::time::{Duration, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};

use crate::h1::DATE_BYTES;

thread_local! {
    static CACHED: Cell<(i64, [u8; DATE_BYTES])> = const { Cell::new((i64::MIN, [b' '; DATE_BYTES])) };
}

/// The present time as an IMF-fixdate (RFC 9110 section 5.6.7).
#[inline]
pub(crate) fn date() -> [u8; DATE_BYTES] {
    #[cfg(target_os = "linux")]
    let clock = ClockId::RealtimeCoarse;
    #[cfg(not(target_os = "linux"))]
    let clock = ClockId::Realtime;
    let second = clock_gettime(clock).tv_sec;
    let (cached, text) = CACHED.get();
    if cached == second {
        return text;
    }
    let time = UNIX_EPOCH + Duration::from_secs(second.max(0).unsigned_abs());
    let mut text = [b' '; DATE_BYTES];
    let formatted = httpdate::fmt_http_date(time);
    if formatted.len() == DATE_BYTES {
        text.copy_from_slice(formatted.as_bytes());
    }
    CACHED.set((second, text));
    text
}
