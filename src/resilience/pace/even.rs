//! Even steps below a limit that was measured: they keep any window and any bucket of the same rate, whenever it began.

use std::time::Duration;

use super::spacing::Spacing;
use super::{Amounts, Counted, LONGEST_PAUSE};

/// Of what was measured this share is used: a clock that is a little fast must not hit the limit.
const SAFE_SHARE: f64 = 0.97;
/// And this where a step that is a little early is refused: on the way some are.
const STRICT_SHARE: f64 = 0.93;
/// Of such a step this share is kept between any two: one that comes late is made up for by the rest.
const LEAST_SHARE: f64 = 0.975;
const MOST_MADE_UP: f64 = 5.0;
/// A step over the limit slows all that follow by this factor.
const SLOWER: f64 = 1.02;
/// Slower than this share of what was measured is another limit than was measured.
const SLOWEST: f64 = 0.85;
/// So many accepted in a row pardon a step over the limit.
const PARDON: u32 = 100;
const MOST_STRIKES: u32 = 4;
/// Where a step that is a little early is refused, one that was held up on its way makes the next one early: that slows little, is pardoned
/// soon, and of those that are refused together one counts.
const SLOWER_ALONE: f64 = 1.005;
const PARDON_ALONE: u32 = 8;
const TOGETHER: f64 = 4.0;
/// While a limit is sought upwards, steps are so much faster after each of these times.
const FASTER: f64 = 1.1;
const CLIMB: Duration = Duration::from_millis(500);
/// Of what a bucket lets through in a second after a pause this much at least comes back in a second.
const A_BUCKETS_SHARE: f64 = 0.7;
/// No limit is sought for longer, or among more.
const LONGEST_CLIMB: Duration = Duration::from_secs(60);
const MOST_SENT: usize = 5000;

/// So long; nobody waits longer for one.
fn span(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds.clamp(0.0, LONGEST_PAUSE.as_secs_f64()))
}

#[derive(Clone, Debug)]
pub struct Even {
    counted: Counted,
    /// Seconds for one, as measured and as kept.
    measured: f64,
    step: f64,
    /// Nothing of the limit is saved up: a step that came late must not shorten the next one.
    spacing: Option<Spacing>,
    next: Duration,
    /// Refusals of what was sent before are no surprise.
    since: Duration,
    strikes: u32,
    accepted: u32,
    climb: Option<Climb>,
}

/// A refusal that asks for a second's wait may be of a bucket that fills up sooner: its rate is sought from below.
#[derive(Clone, Debug)]
struct Climb {
    began: Duration,
    raised: Duration,
    /// What is let through at once.
    burst: f64,
    sent: Vec<(Duration, u64)>,
}

impl Climb {
    /// The rate that let all through but the last: at most the burst was there beforehand, from whichever moment on it is counted.
    fn seconds_for_one(&self) -> Option<f64> {
        let (last, _) = self.sent.last()?;
        let mut amount = 0;
        let rates = self.sent.iter().rev().map(|(sent, one)| {
            amount += one;
            (amount as f64 - 1.0 - self.burst) / (*last - *sent).as_secs_f64().max(1e-3)
        });
        rates.reduce(f64::max).filter(|rate| *rate > 0.0).map(|rate| 1.0 / rate)
    }
}

impl Even {
    /// So many seconds for one, which is just within the limit; the first step may be made at `next`.
    pub fn new(counted: Counted, seconds: f64, next: Duration, now: Duration) -> Even {
        let step = seconds / SAFE_SHARE;
        Even { counted, measured: seconds, step, spacing: None, next, since: now, strikes: 0, accepted: 0, climb: None }
    }

    pub fn strict(self) -> Even {
        Even { spacing: Some(Spacing::default()), step: self.measured / STRICT_SHARE, ..self }
    }

    /// What was used up before may be counted for so long still.
    pub fn forgiving(self, grace: Duration) -> Even {
        Even { since: self.next + grace, ..self }
    }

    /// As much as this was let through at once; the limit may be higher.
    pub fn climbing(self, burst: f64) -> Even {
        let climb = Climb { began: self.next, raised: self.next, burst, sent: Vec::new() };
        Even { climb: Some(climb), ..self }
    }

    pub fn ready_at(&self) -> Duration {
        self.spacing.as_ref().map_or(self.next, |spacing| self.next.max(spacing.ready_at()))
    }

    pub fn is_strict(&self) -> bool {
        self.spacing.is_some()
    }

    /// Looks at the spacing where nothing is saved up, with the least distance between two.
    pub fn with_spacing<T>(&mut self, look: impl FnOnce(&mut Spacing, Duration) -> T) -> Option<T> {
        let least = span(self.step * LEAST_SHARE);
        self.spacing.as_mut().map(|spacing| look(spacing, least))
    }

    pub fn go(&mut self, amounts: Amounts, now: Duration) {
        let amount = amounts.of(self.counted);
        if let Some(climb) = &mut self.climb {
            climb.sent.push((now, amount));
            if now >= climb.raised + CLIMB {
                climb.raised = now;
                self.step /= FASTER;
            }
            if now >= climb.began + LONGEST_CLIMB || climb.sent.len() > MOST_SENT {
                self.climb = None;
            }
        }
        // A step that came late is made up for by the next one, but more would be a burst, unless the spacing prevents it.
        let saved = span(self.step * if self.is_strict() { MOST_MADE_UP } else { 1.0 });
        self.next = self.next.max(now.saturating_sub(saved)) + span(self.step * amount as f64);
        self.with_spacing(|spacing, least| spacing.granted(least, now));
    }

    pub fn accepted(&mut self) {
        self.accepted += 1;
        if self.is_strict() && self.accepted.is_multiple_of(PARDON_ALONE) {
            self.strikes = self.strikes.saturating_sub(1);
        }
        if self.accepted >= PARDON {
            self.strikes = 0;
        }
    }

    /// One was over the limit all the same; whether a little slower will do.
    pub fn refused(&mut self, sent: Duration, now: Duration) -> bool {
        if sent < self.since {
            self.next = self.next.max(now + span(self.step * 2.0));
            return true;
        }
        let is_with_others = self.is_strict() && sent < self.since + span(self.step * TOGETHER);
        self.since = now;
        if let Some(climb) = self.climb.take() {
            // A window lets no more through than it did at once.
            let is_bucket = |seconds: &f64| *seconds < self.measured / A_BUCKETS_SHARE;
            self.measured = climb.seconds_for_one().filter(is_bucket).unwrap_or(self.measured);
            self.step = self.measured / SAFE_SHARE;
            return true;
        }
        self.strikes += u32::from(!is_with_others);
        self.accepted = 0;
        self.step *= if self.is_strict() && (self.strikes <= 1 || is_with_others) { SLOWER_ALONE } else { SLOWER };
        self.next = self.next.max(now + span(self.step));
        self.strikes < MOST_STRIKES && self.measured / self.step > SLOWEST
    }

    pub fn requests_per_second(&self) -> Option<f64> {
        (self.counted == Counted::Requests).then(|| 1.0 / self.step)
    }
}
