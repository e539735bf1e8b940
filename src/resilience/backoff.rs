//! Exponential backoff with full jitter: each wait is drawn evenly between nothing and a bound that doubles.

use std::time::Duration;

#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    pub base: Duration,
    pub cap: Duration,
}

impl Backoff {
    /// The bound on the wait before retry number `retry`, from 0.
    pub fn bound(&self, retry: u32) -> Duration {
        let factor = 2u32.saturating_pow(retry);
        self.base.saturating_mul(factor).min(self.cap)
    }

    /// A wait before retry number `retry`. `jitter` is drawn evenly from 0 to 1.
    pub fn wait(&self, retry: u32, jitter: f64) -> Duration {
        self.bound(retry).mul_f64(jitter.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_doubles_up_to_its_cap() {
        let backoff = Backoff { base: Duration::from_secs(1), cap: Duration::from_secs(30) };
        let bounds: Vec<u64> = (0..8).map(|retry| backoff.bound(retry).as_secs()).collect();
        assert_eq!(bounds, [1, 2, 4, 8, 16, 30, 30, 30]);
        assert_eq!(backoff.bound(u32::MAX), Duration::from_secs(30));
        assert_eq!(backoff.wait(1, 0.25), Duration::from_millis(500));
    }
}
