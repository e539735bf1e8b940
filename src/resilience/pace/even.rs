//! Even steps below a limit that was measured: they keep any window and any bucket of the same rate, whenever it began.

use std::time::Duration;

use super::{Amounts, Counted};

/// Of what was measured this share is used: a clock that is a little fast must not hit the limit.
pub const SAFE_SHARE: f64 = 0.97;
/// A step over the limit slows all that follow by this factor.
const SLOWER: f64 = 1.03;
/// Slower than this share of what was measured is another limit than was measured.
const SLOWEST: f64 = 0.88;
/// So many accepted in a row pardon a step over the limit.
const PARDON: u32 = 100;
const MOST_STRIKES: u32 = 3;

#[derive(Clone, Debug)]
pub struct Even {
    counted: Counted,
    /// Seconds for one, as measured and as kept.
    measured: f64,
    step: f64,
    /// Nothing of the limit is saved up: a step that came late must not shorten the next one.
    is_strict: bool,
    next: Duration,
    since: Duration,
    strikes: u32,
    accepted: u32,
}

impl Even {
    /// So many seconds for one, which is just within the limit; the first step may be made at `next`.
    pub fn new(counted: Counted, seconds: f64, is_strict: bool, next: Duration, now: Duration) -> Even {
        Even { counted, measured: seconds, step: seconds / SAFE_SHARE, is_strict, next, since: now, strikes: 0, accepted: 0 }
    }

    pub fn ready_at(&self) -> Duration {
        self.next
    }

    pub fn go(&mut self, amounts: Amounts, now: Duration) {
        // A step that came late is made up for by the next one, but more would be a burst.
        let saved = if self.is_strict { Duration::ZERO } else { Duration::from_secs_f64(self.step) };
        self.next = self.next.max(now.saturating_sub(saved)) + Duration::from_secs_f64(self.step * amounts.of(self.counted) as f64);
    }

    pub fn accepted(&mut self) {
        self.accepted += 1;
        if self.accepted >= PARDON {
            self.strikes = 0;
        }
    }

    /// One was over the limit all the same; whether a little slower will do.
    pub fn refused(&mut self, sent: Duration, now: Duration) -> bool {
        if sent < self.since {
            return true;
        }
        self.strikes += 1;
        self.accepted = 0;
        self.step *= SLOWER;
        self.since = now;
        self.next = self.next.max(now + Duration::from_secs_f64(self.step));
        self.strikes < MOST_STRIKES && self.measured / self.step > SLOWEST
    }

    pub fn requests_per_second(&self) -> Option<f64> {
        (self.counted == Counted::Requests).then(|| 1.0 / self.step)
    }
}
