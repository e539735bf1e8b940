//! Ctrl-C: what is under way ends with a verdict, and waits end at once.

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Set by Ctrl-C.
pub static STOP: AtomicBool = AtomicBool::new(false);

/// A line that changes stands on the terminal, and must not be left behind.
pub static HAS_BAR: AtomicBool = AtomicBool::new(false);

pub const CLEAR_LINE: &[u8] = b"\r\x1b[K";

/// The first Ctrl-C ends the exchange with a verdict, the second ends llmcheck.
pub fn stop_on_interrupt() {
    // Without a handler Ctrl-C ends the process as ever: worse, but no reason not to ask.
    let _ = ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::Relaxed) {
            if HAS_BAR.load(Ordering::Relaxed) {
                let _ = std::io::stderr().write_all(CLEAR_LINE);
            }
            std::process::exit(130);
        }
    });
}

pub fn is_stopped() -> bool {
    STOP.load(Ordering::Relaxed)
}

/// Waits, unless Ctrl-C comes first.
pub fn pause(wait: Duration) {
    const SLICE: Duration = Duration::from_millis(50);
    let until = Instant::now() + wait;
    while !is_stopped() {
        match until.checked_duration_since(Instant::now()) {
            Some(left) if !left.is_zero() => std::thread::sleep(left.min(SLICE)),
            _ => break,
        }
    }
}
