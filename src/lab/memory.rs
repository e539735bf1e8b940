//! What a lab remembers of one scenario from request to request: how often it was asked, and what is left of its limits.
//! The instants are given from outside, so that nothing here waits or looks at a clock.

use std::collections::HashMap;
use std::time::{Duration, Instant};

#[derive(Default)]
pub(in crate::lab) struct Memory {
    visits: u32,
    visits_by_prompt: HashMap<String, u32>,
    pub(in crate::lab) requests: Bucket,
    pub(in crate::lab) tokens: Bucket,
    pub(in crate::lab) window: Window,
}

impl Memory {
    /// How many visits came before this one, which is counted from now on.
    pub(in crate::lab) fn count_visit(&mut self) -> u32 {
        self.visits += 1;
        self.visits - 1
    }

    /// The same of the visits with this prompt.
    pub(in crate::lab) fn count_visit_with(&mut self, prompt: &str) -> u32 {
        let visits = self.visits_by_prompt.entry(prompt.to_owned()).or_default();
        *visits += 1;
        *visits - 1
    }
}

/// How much may be taken at once, and how long one unit of it takes to come back.
#[derive(Clone, Copy, Debug)]
pub(in crate::lab) struct Limit {
    pub(in crate::lab) burst: u32,
    pub(in crate::lab) unit: Duration,
}

impl Limit {
    pub(in crate::lab) fn per_minute(self) -> u128 {
        Duration::from_secs(60).as_nanos() / self.unit.as_nanos()
    }

    fn whole(self) -> Duration {
        self.unit * self.burst
    }
}

/// A token bucket that begins full. All that is to be known of it is when it is full again.
#[derive(Default)]
pub(in crate::lab) struct Bucket {
    full_at: Option<Instant>,
}

impl Bucket {
    /// How long to wait until `amount` can be taken: no time when it is there, nothing when it never will be.
    pub(in crate::lab) fn wait_for(&self, amount: u32, limit: Limit, now: Instant) -> Option<Duration> {
        let after = self.until_full(now) + limit.unit * amount;
        (amount <= limit.burst).then(|| after.saturating_sub(limit.whole()))
    }

    pub(in crate::lab) fn take(&mut self, amount: u32, limit: Limit, now: Instant) {
        self.full_at = Some(now + self.until_full(now) + limit.unit * amount);
    }

    pub(in crate::lab) fn until_full(&self, now: Instant) -> Duration {
        self.full_at.map_or(Duration::ZERO, |full_at| full_at.saturating_duration_since(now))
    }

    /// Whole units that are there.
    pub(in crate::lab) fn remaining(&self, limit: Limit, now: Instant) -> u128 {
        limit.whole().saturating_sub(self.until_full(now)).as_nanos() / limit.unit.as_nanos()
    }
}

/// A window of fixed length that opens with the first request after the last one has ended.
#[derive(Default)]
pub(in crate::lab) struct Window {
    ends_at: Option<Instant>,
    taken: u32,
}

impl Window {
    /// Counts a request, or says how long this window still lasts when `most` were counted in it.
    pub(in crate::lab) fn take(&mut self, most: u32, length: Duration, now: Instant) -> Result<(), Duration> {
        let left = self.ends_at.map_or(Duration::ZERO, |ends_at| ends_at.saturating_duration_since(now));
        if left.is_zero() {
            *self = Window { ends_at: Some(now + length), taken: 0 };
        } else if self.taken >= most {
            return Err(left);
        }
        self.taken += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit { burst: 20, unit: Duration::from_millis(50) };

    fn after(start: Instant, milliseconds: u64) -> Instant {
        start + Duration::from_millis(milliseconds)
    }

    #[test]
    fn a_bucket_gives_its_burst_and_then_what_comes_back() {
        let (mut bucket, start) = (Bucket::default(), Instant::now());
        for taken in 0..20 {
            assert_eq!(bucket.remaining(LIMIT, start), 20 - taken);
            assert_eq!(bucket.wait_for(1, LIMIT, start), Some(Duration::ZERO));
            bucket.take(1, LIMIT, start);
        }
        assert_eq!(bucket.wait_for(1, LIMIT, start), Some(Duration::from_millis(50)));
        assert_eq!(bucket.wait_for(3, LIMIT, after(start, 30)), Some(Duration::from_millis(120)));
        assert_eq!(bucket.wait_for(1, LIMIT, after(start, 50)), Some(Duration::ZERO));
        assert_eq!((bucket.remaining(LIMIT, after(start, 99)), bucket.until_full(start)), (1, Duration::from_secs(1)));
        assert_eq!(bucket.remaining(LIMIT, after(start, 5000)), 20);
    }

    #[test]
    fn more_than_the_burst_is_never_there() {
        assert_eq!(Bucket::default().wait_for(21, LIMIT, Instant::now()), None);
    }

    #[test]
    fn a_window_opens_with_a_request_and_closes_after_its_length() {
        let (mut window, start, length) = (Window::default(), Instant::now(), Duration::from_secs(2));
        assert_eq!([0, 10, 20].map(|at| window.take(2, length, after(start, at))), [Ok(()), Ok(()), Err(Duration::from_millis(1980))]);
        assert_eq!([2000, 2500, 3999].map(|at| window.take(2, length, after(start, at)).is_ok()), [true, true, false]);
    }

    #[test]
    fn visits_are_counted_for_each_prompt() {
        let mut memory = Memory::default();
        assert_eq!(["a", "b", "a", "a"].map(|prompt| memory.count_visit_with(prompt)), [0, 0, 1, 2]);
        assert_eq!(memory.count_visit(), 0);
    }
}
