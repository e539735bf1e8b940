//! How fast an endpoint may be asked: slowed down by what its answers say of their limits, before a limit is hit, or by what a limit
//! that says nothing lets through. Requests and tokens are paced alike. Times are measured from the start of the run.

use std::time::Duration;

use crate::api::limits::Limit;

/// Of what was measured or told this share is used: a clock that is a little fast must not hit the limit.
const SAFE_SHARE: f64 = 0.97;
/// How long a limit that says nothing is watched to learn what it lets through, and how many answers that takes.
const LONGEST_WATCH: Duration = Duration::from_secs(10);
const SHORTEST_WATCH: Duration = Duration::from_millis(500);
const ENOUGH_ACCEPTED: u32 = 40;
const FEW_ACCEPTED: u32 = 8;
/// Between two attempts at a limit that is being watched.
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(1);
/// A wait that nobody gave a length.
const UNTOLD_WAIT: Duration = Duration::from_secs(1);
const MINUTE: f64 = 60.0;

/// Whether a request may go now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permit {
    Go,
    NotBefore(Duration),
    /// Not before an answer to one of the requests under way has come.
    AfterAnAnswer,
}

/// What came of a request, as far as limits go.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome<'a> {
    /// It was let through: tokens that it cost, and the limits that the answer tells.
    Accepted { tokens: u64, limits: &'a [Limit] },
    /// It was over a limit of rate; the wait that was asked for, and whether the limit is said to count minutes.
    Refused { wait: Option<Duration>, is_per_minute: bool, limits: &'a [Limit] },
    /// Too many at the same time, or more than the endpoint can bear now.
    Crowded,
    /// It says nothing of limits.
    Other,
}

/// The pace of one endpoint.
#[derive(Clone, Debug, Default)]
pub struct Pace {
    requests: Meter,
    tokens: Meter,
    /// Nothing goes before this.
    paused_until: Duration,
    under_way: u32,
    tokens_under_way: u64,
    /// Most requests at the same time, where more were refused.
    most_under_way: Option<u32>,
    accepted_since_crowded: u32,
    /// What was let through in the window that is open.
    window: Window,
    watch: Option<Watch>,
    /// Evenly spaced requests, where a limit says nothing of itself.
    interval: Option<Duration>,
    next_slot: Duration,
}

impl Pace {
    /// Asks leave for a request that will cost about so many tokens; `Go` counts it as under way.
    pub fn ask(&mut self, tokens: u64, now: Duration) -> Permit {
        if now < self.paused_until {
            return Permit::NotBefore(self.paused_until);
        }
        if self.most_under_way.is_some_and(|most| self.under_way >= most) {
            return Permit::AfterAnAnswer;
        }
        let spaced = if self.watch.is_some() || self.interval.is_some() { self.next_slot } else { Duration::ZERO };
        let counted = [self.requests.ready_at(1.0, now), self.tokens.ready_at(tokens as f64, now)];
        let at = counted.into_iter().fold(spaced, Duration::max);
        if at > now {
            return Permit::NotBefore(at);
        }
        let interval = if self.watch.is_some() { Some(BETWEEN_ATTEMPTS) } else { self.interval };
        if let Some(interval) = interval {
            // Time that went by unused is not made up for: that would be a burst.
            self.next_slot = self.next_slot.max(now.saturating_sub(interval)) + interval;
        }
        self.requests.spend(1.0);
        self.tokens.spend(tokens as f64);
        self.under_way += 1;
        self.tokens_under_way += tokens;
        Permit::Go
    }

    /// A request for which leave was given was not sent, or ended without an answer.
    pub fn give_back(&mut self, tokens: u64) {
        self.under_way = self.under_way.saturating_sub(1);
        self.tokens_under_way = self.tokens_under_way.saturating_sub(tokens);
    }

    /// Takes the outcome of a request for which leave was given for so many tokens.
    pub fn answered(&mut self, asked_tokens: u64, outcome: &Outcome<'_>, now: Duration) {
        self.give_back(asked_tokens);
        match outcome {
            Outcome::Accepted { tokens, limits } => {
                self.window.accept(*tokens, now);
                self.accepted_since_crowded += 1;
                if self.accepted_since_crowded.is_multiple_of(20) {
                    self.most_under_way = self.most_under_way.map(|most| most + 1);
                }
                self.learn(limits, now);
                if let Some(watch) = &mut self.watch {
                    watch.accept(now);
                }
                self.end_watch(now);
            }
            Outcome::Refused { wait, is_per_minute, limits } => {
                let is_told = self.learn(limits, now);
                self.refused(*wait, *is_per_minute, is_told, now);
            }
            Outcome::Crowded => {
                self.most_under_way =
                    Some(self.most_under_way.unwrap_or(self.under_way + 1).min(self.under_way + 1).saturating_sub(1).max(1));
                self.accepted_since_crowded = 0;
            }
            Outcome::Other => {}
        }
    }

    fn refused(&mut self, wait: Option<Duration>, is_per_minute: bool, is_told: bool, now: Duration) {
        match wait {
            // The limit tells when it is fresh again: what it let through until now is what it lets through in a window.
            Some(wait) if !is_told => {
                let until = now + wait;
                if until > self.paused_until + Duration::from_millis(100) {
                    self.begin_window(until, is_per_minute, now);
                }
                self.paused_until = self.paused_until.max(until);
            }
            Some(wait) => self.paused_until = self.paused_until.max(now + wait.min(UNTOLD_WAIT * 60)),
            None if is_told => {}
            None if self.interval.is_some() && self.watch.is_none() => {
                // Measured too high, or the limit was lowered.
                self.interval = self.interval.map(|interval| interval.mul_f64(1.1));
                self.next_slot = self.next_slot.max(now + UNTOLD_WAIT.min(self.interval.unwrap_or_default() * 4));
            }
            None => {
                let watch = self.watch.get_or_insert_with(|| Watch::begin(now));
                watch.refused += 1;
                self.end_watch(now);
            }
        }
    }

    /// The window that was open ends: what follows is spread evenly over the next ones.
    fn begin_window(&mut self, until: Duration, is_per_minute: bool, now: Duration) {
        let accepted = f64::from(self.window.accepted);
        let since = self.window.boundary.or(self.window.first).unwrap_or(now);
        // What was measured from a boundary is exact; the first window may have been open before we came.
        let measured = until.saturating_sub(since).as_secs_f64();
        let length = if is_per_minute { MINUTE } else { measured.max(1.0) };
        if accepted >= 1.0 {
            let rate = accepted / length * SAFE_SHARE;
            let rate =
                if self.window.boundary.is_some() { self.interval.map_or(rate, |known| rate.min(1.0 / known.as_secs_f64())) } else { rate };
            self.interval = Some(Duration::from_secs_f64(1.0 / rate));
        }
        self.window = Window { boundary: Some(until), ..Window::default() };
        self.next_slot = until;
        self.watch = None;
    }

    fn end_watch(&mut self, now: Duration) {
        let Some(watch) = &self.watch else {
            return;
        };
        let lasted = now.saturating_sub(watch.began);
        let is_enough = watch.accepted >= ENOUGH_ACCEPTED && lasted >= SHORTEST_WATCH
            || watch.accepted >= FEW_ACCEPTED && lasted >= LONGEST_WATCH / 4
            || lasted >= LONGEST_WATCH;
        if !is_enough {
            return;
        }
        self.interval = Some(watch.interval(now));
        self.next_slot = now + self.interval.unwrap_or_default();
        self.watch = None;
    }

    /// Reads the limits that an answer tells; whether it tells any that count what we count.
    fn learn(&mut self, limits: &[Limit], now: Duration) -> bool {
        let (requests, tokens) = (f64::from(self.under_way), self.tokens_under_way as f64);
        let of_requests = tightest(limits, "requests").map(|limit| self.requests.learn(limit, requests, now));
        let of_tokens = tightest(limits, "tokens").map(|limit| self.tokens.learn(limit, tokens, now));
        of_requests.is_some() || of_tokens.is_some()
    }

    /// Requests a second that are let through evenly, where that was measured.
    pub fn rate(&self) -> Option<f64> {
        self.interval.map(|interval| 1.0 / interval.as_secs_f64())
    }

    pub fn under_way(&self) -> u32 {
        self.under_way
    }
}

/// Of several limits on the same the one with the least left, in share; those of a day are not paced by the second.
fn tightest<'a>(limits: &'a [Limit], what: &str) -> Option<&'a Limit> {
    let counts = |limit: &&Limit| {
        let name = limit.what.as_str();
        name == what || name == format!("{what}-per-minute") || name.ends_with(&format!("-{what}")) && !name.contains("output")
    };
    let share = |limit: &Limit| Some(limit.remaining? as f64 / limit.limit.filter(|limit| *limit > 0)? as f64);
    let complete = limits.iter().filter(counts).filter(|limit| limit.remaining.is_some() && limit.limit.is_some());
    complete.min_by(|a, b| share(a).unwrap_or(1.0).total_cmp(&share(b).unwrap_or(1.0)))
}

/// One limit as answers tell it: how much is left, and how that comes back.
#[derive(Clone, Debug, Default)]
struct Meter {
    told: Option<Told>,
    /// Spent since the last answer told what is left.
    spent: f64,
    /// How much comes back in a second, where it comes back bit by bit.
    refill: Option<f64>,
    /// A window was seen to end all at once.
    is_windowed: bool,
}

#[derive(Clone, Copy, Debug)]
struct Told {
    at: Duration,
    limit: f64,
    /// What was under way at that moment is taken off already.
    left: f64,
    fresh_at: Option<Duration>,
}

impl Meter {
    fn learn(&mut self, limit: &Limit, under_way: f64, now: Duration) {
        let (Some(all), Some(remaining)) = (limit.limit, limit.remaining) else {
            return;
        };
        let (all, remaining) = (all as f64, remaining as f64);
        let resets_in = limit.resets_in.filter(|seconds| *seconds > 0.0);
        if let (Some(before), Some(seconds)) = (&self.told, resets_in) {
            let fresh_at = now + Duration::from_secs_f64(seconds);
            let is_same_end = before
                .fresh_at
                .is_some_and(|known| known.abs_diff(fresh_at) < Duration::from_millis(250).max(Duration::from_secs_f64(seconds / 20.0)));
            // The end stays where it is while less is left: a window. A bucket's end moves with every request.
            self.is_windowed = is_same_end && now.saturating_sub(before.at) > Duration::from_millis(500) || self.is_windowed && is_same_end;
        }
        self.refill = match (limit.window, resets_in) {
            (Some(window), _) if window > 0.0 => Some(all / window),
            (_, Some(seconds)) if remaining < all && !self.is_windowed => Some((all - remaining) / seconds),
            _ => self.refill.filter(|_| !self.is_windowed),
        };
        let fresh_at = resets_in.map(|seconds| now + Duration::from_secs_f64(seconds));
        self.told = Some(Told { at: now, limit: all, left: remaining - under_way, fresh_at });
        self.spent = 0.0;
    }

    fn spend(&mut self, amount: f64) {
        self.spent += amount;
    }

    /// When this much is there.
    fn ready_at(&self, amount: f64, now: Duration) -> Duration {
        let Some(told) = &self.told else {
            return now;
        };
        // More than the whole limit at once can never be there: then it is for the server to say.
        let amount = amount.min(told.limit);
        let refill = self.refill.filter(|_| !self.is_windowed).map(|refill| refill * SAFE_SHARE);
        let since = now.saturating_sub(told.at).as_secs_f64();
        let left = (told.left + refill.unwrap_or(0.0) * since).min(told.limit) - self.spent;
        // A window that has ended is fresh.
        let left = if self.is_windowed && told.fresh_at.is_some_and(|fresh| now > fresh) { told.limit - self.spent } else { left };
        if left >= amount {
            return now;
        }
        match (refill, told.fresh_at) {
            (Some(refill), _) if refill > 0.0 => now + Duration::from_secs_f64(((amount - left) / refill).min(3600.0)),
            (_, Some(fresh)) if fresh > now => fresh + Duration::from_millis(50),
            // Nothing is known of how it comes back: one request will tell.
            _ => now,
        }
    }
}

/// What was let through since a limit was fresh.
#[derive(Clone, Debug, Default)]
struct Window {
    /// When it began, where that is known.
    boundary: Option<Duration>,
    first: Option<Duration>,
    accepted: u32,
}

impl Window {
    fn accept(&mut self, _: u64, now: Duration) {
        self.first.get_or_insert(now);
        // Answers of the last window that came late are not of this one.
        if self.boundary.is_none_or(|boundary| now >= boundary) {
            self.accepted += 1;
        }
    }
}

/// A limit that says nothing, watched while more is asked of it than it lets through.
#[derive(Clone, Debug)]
struct Watch {
    began: Duration,
    first: Option<Duration>,
    last: Duration,
    accepted: u32,
    refused: u32,
}

impl Watch {
    fn begin(now: Duration) -> Watch {
        Watch { began: now, first: None, last: now, accepted: 0, refused: 0 }
    }

    fn accept(&mut self, now: Duration) {
        self.first.get_or_insert(now);
        self.last = now;
        self.accepted += 1;
    }

    /// Between two requests that are let through.
    fn interval(&self, now: Duration) -> Duration {
        let (Some(first), true) = (self.first, self.accepted > 1) else {
            return now.saturating_sub(self.began).max(UNTOLD_WAIT);
        };
        let measured = self.last.saturating_sub(first) / (self.accepted - 1);
        // Each was let through a little after it could have been: at the next attempt, half the time between two attempts later.
        let attempts = self.accepted + self.refused;
        let gap = now.saturating_sub(self.began) / attempts.max(1);
        measured.saturating_sub((gap / 2).min(measured / 10)).div_f64(SAFE_SHARE)
    }
}

#[cfg(test)]
mod tests;
