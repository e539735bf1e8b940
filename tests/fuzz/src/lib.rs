//! What the fuzz targets share: how an input is cut into reads, how an exchange is made of it, and what must hold of every exchange
//! whatever its bytes are.
//!
//! A target for something that reads bytes is a file in `targets` with
//! `fuzz_target!(|bytes: &[u8]| …)`, a `[[bin]]` in Cargo.toml and, if it has good examples, a directory in `seeds`; `run` finds it by
//! itself. Where transcripts come out, [`judge`] checks all that follows them.

pub mod exchange;
pub mod judge;
pub mod pieces;

use llmcheck::wire::coding::Coding;

pub use exchange::Script;
pub use judge::judge;
pub use pieces::pieces;

/// The codings that an input of `coding` can choose, in the order of its first byte.
pub const CODINGS: [Coding; 4] = [Coding::Br, Coding::Deflate, Coding::Gzip, Coding::Zstd];

/// Seconds that this thread has used a processor: unlike the time on a clock, it does not depend on what else runs.
pub fn processor_time() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a timespec of our own.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
