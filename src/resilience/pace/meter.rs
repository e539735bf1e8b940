//! One limit as answers tell it: what was left when the answer was written, what was asked since, and how it comes back. Whether bit by bit
//! or all at once at the end of a window is never told; it shows in how the told end moves.

use std::time::Duration;

use super::{Counted, Ticket, Totals};
use crate::api::limits::Limit;

/// After the end of a window, so that what is sent arrives in the next one.
const MARGIN: Duration = Duration::from_millis(30);
/// So many amounts do not agree by chance.
const AGREED: u32 = 5;
/// Of less nothing is kept in reserve.
const WORTH_A_RESERVE: f64 = 5.0;
/// Contradictions are forgotten by this share with each answer.
const REMEMBERED: f64 = 0.95;

/// What a limit counts, where its pace is ours to keep: those of a day are for the server to say, and one that tells no time is learned
/// from what it refuses.
pub fn counted(limit: &Limit) -> Option<Counted> {
    let has = |part: &str| limit.what.contains(part);
    let tells_all = limit.remaining.is_some() && limit.resets_in.is_some();
    if !tells_all || has("output") || ["hour", "day", "month"].iter().any(|long| limit.what.ends_with(&format!("per-{long}"))) {
        return None;
    }
    match () {
        () if has("token") => Some(Counted::Tokens),
        () if has("request") => Some(Counted::Requests),
        // The policies of the IETF draft bear any name.
        () if limit.source.starts_with("ratelimit") && !has("byte") => Some(Counted::Requests),
        () => None,
    }
}

#[derive(Clone, Debug)]
pub struct Meter {
    what: String,
    source: String,
    pub counted: Counted,
    /// The whole limit.
    all: f64,
    /// What was left at that time, and when the answer was asked for and heard that told it.
    left: f64,
    at: Duration,
    /// The least that was told in this window.
    least: f64,
    told: Option<(Duration, Duration)>,
    /// If it is a window: when it ends. If it is a bucket: seconds in which one comes back.
    end: Guess,
    unit: Guess,
    /// How often different amounts agreed on the unit, and the last of them.
    agreed: u32,
    used: f64,
    /// The same end, for a server that writes the fields when a request comes, not when it is answered.
    soonest_end: f64,
    writes_late: bool,
    /// At such an end not all was there again.
    comes_back_in_parts: bool,
    /// The end of the last window, and what had leave until then.
    rolled: Option<Rolled>,
    /// Waits were told in fractions of a second.
    is_fine: bool,
}

#[derive(Clone, Copy, Debug)]
struct Rolled {
    end: f64,
    at: Duration,
    /// Counted before, at the most.
    counted: u64,
}

/// A number between two bounds, and how often answers contradicted them.
#[derive(Clone, Copy, Debug, Default)]
struct Guess {
    bounds: Option<(f64, f64)>,
    breaks: f64,
}

impl Guess {
    fn is_wrong(&self) -> bool {
        self.breaks > 0.5
    }

    /// Whether the new bounds agree with those that are known.
    fn narrow(&mut self, low: f64, high: f64) -> bool {
        let (known_low, known_high) = self.bounds.unwrap_or((low, high));
        let agree = low <= known_high && high >= known_low;
        self.bounds = Some(if agree { (low.max(known_low), high.min(known_high)) } else { (low, high) });
        agree
    }
}

impl Meter {
    pub fn new(limit: &Limit, counted: Counted) -> Meter {
        Meter {
            what: limit.what.clone(),
            source: limit.source.clone(),
            counted,
            all: 0.0,
            left: 0.0,
            at: Duration::ZERO,
            least: f64::INFINITY,
            told: None,
            end: Guess::default(),
            unit: Guess::default(),
            agreed: 0,
            used: 0.0,
            soonest_end: f64::INFINITY,
            writes_late: false,
            comes_back_in_parts: false,
            rolled: None,
            is_fine: false,
        }
    }

    pub fn is_of(&self, limit: &Limit) -> bool {
        self.what == limit.what && self.source == limit.source
    }

    /// Whether these limits tell it still, so far as they are newer than what is known.
    pub fn is_told(&self, limits: &[Limit], ticket: Ticket) -> bool {
        !self.is_news(ticket) || limits.iter().any(|limit| self.is_of(limit))
    }

    /// It was asked for when all that is known had been heard.
    fn is_news(&self, ticket: Ticket) -> bool {
        self.told.is_none_or(|(_, heard)| ticket.sent >= heard)
    }

    /// Takes what the answer to this request tells.
    pub fn learn(&mut self, limit: &Limit, ticket: Ticket, totals: Totals, now: Duration) {
        let (Some(remaining), Some(seconds)) = (limit.remaining, limit.resets_in) else {
            return;
        };
        self.advance(totals, now);
        let all = limit.limit.map_or(self.all.max(remaining as f64), |all| all as f64).max(1.0);
        if all != self.all {
            (self.all, self.end, self.unit, self.least, self.told) = (all, Guess::default(), Guess::default(), f64::INFINITY, None);
        }
        let remaining = (remaining as f64).min(all);
        if seconds > 0.0 && !self.learn_return(remaining, seconds, ticket, totals, now) {
            return;
        }
        self.least = self.least.min(remaining);
        // Those that were under way together may have overtaken each other: any of them may not be counted yet.
        let beside = (totals.granted.of(self.counted) - ticket.then.ended.of(self.counted)) as f64;
        let (uncounted, low) = match self.counted {
            // A request is counted when it comes, and so is each that was answered.
            Counted::Requests => {
                let under_way = totals.under_way() as f64;
                (totals.granted.requests - ticket.then.granted.requests, (remaining - beside + 1.0).max(self.least - under_way))
            }
            // Tokens may be counted when they are known.
            Counted::Tokens => (totals.under_way_of(Counted::Tokens), remaining - beside),
        };
        let since = now.saturating_sub(ticket.sent).as_secs_f64();
        let high = (remaining + self.refill().unwrap_or(0.0) * since).min(self.all) - uncounted as f64;
        self.left = if self.told.is_some() { self.left.max(low).min(high.max(low)) } else { high };
        self.told = Some((ticket.sent, now));
    }

    /// Learns how it comes back; whether what is told is not of the past.
    fn learn_return(&mut self, remaining: f64, seconds: f64, ticket: Ticket, totals: Totals, now: Duration) -> bool {
        self.is_fine |= seconds.fract() != 0.0;
        let grain = if self.is_fine { 0.002 } else { 1.0 };
        let (sent, heard) = (ticket.sent.as_secs_f64(), now.as_secs_f64());
        let (earliest, latest) = (sent + seconds - grain, heard + seconds);
        let used = self.all - remaining;
        let known = self.end.bounds.unwrap_or((earliest, latest));
        let is_of_last = self.rolled.is_some_and(|rolled| ticket.sent < rolled.at && earliest <= rolled.end);
        if is_of_last || latest < known.0 && !self.is_news(ticket) {
            return false;
        }
        self.end.breaks *= REMEMBERED;
        self.unit.breaks *= REMEMBERED;
        // A fresh window has nothing but what was sent in it; and an end that moves before it has come is no window's.
        let granted = totals.granted.of(self.counted);
        let has_more = |rolled: Rolled| ticket.sent >= rolled.at && used > (granted - rolled.counted) as f64;
        let was_fresh = !self.rolled.is_some_and(has_more);
        if !was_fresh {
            (self.rolled, self.comes_back_in_parts) = (None, true);
        }
        let is_same_end = self.end.narrow(earliest, latest);
        if !is_same_end && heard < known.1 || !was_fresh {
            self.end.breaks += 1.0;
        }
        let early = sent + seconds;
        self.soonest_end = if is_same_end { self.soonest_end.min(early) } else { early };
        if used >= 1.0 {
            let (low, high) = ((seconds - grain).max(0.0) / used, seconds / (used - 1.0));
            if !self.unit.narrow(low, high) {
                self.unit.breaks += 1.0;
                self.agreed = 0;
            } else if high < 1.1 * low && (used - self.used).abs() > 0.1 * self.used {
                self.agreed += 1;
                self.used = used;
            }
        }
        true
    }

    /// How many come back in a second, where it is bit by bit.
    fn refill(&self) -> Option<f64> {
        let (_, slowest) = self.unit.bounds.filter(|_| !self.unit.is_wrong() && (self.end.is_wrong() || self.agreed >= AGREED))?;
        (slowest.is_finite() && slowest > 0.0).then(|| 1.0 / slowest)
    }

    /// When the window has surely ended.
    fn ends(&self) -> Option<Duration> {
        let (earliest, latest) = self.end.bounds?;
        let end = if self.writes_late { latest } else { self.soonest_end.clamp(earliest, latest) };
        Some(Duration::from_secs_f64(end.max(0.0)) + MARGIN)
    }

    /// What has come back until now.
    fn advance(&mut self, totals: Totals, now: Duration) {
        let since = now.saturating_sub(self.at).as_secs_f64();
        self.at = now;
        let refill = self.refill();
        if let Some(refill) = refill {
            self.left = (self.left + refill * since).min(self.all);
        }
        if let Some(end) = self.ends().filter(|end| now >= *end) {
            if refill.is_none() {
                // Unless it is known for a window, one request asks first.
                let is_window = self.unit.is_wrong() && !self.end.is_wrong() && !self.comes_back_in_parts;
                self.left = if is_window { self.all } else { self.left.max(1.0) };
                self.told = Some((now, now));
            }
            self.rolled = Some(Rolled { end: end.as_secs_f64(), at: now, counted: totals.ended.of(self.counted) });
            (self.end.bounds, self.soonest_end, self.least) = (None, f64::INFINITY, f64::INFINITY);
        }
    }

    pub fn spend(&mut self, amount: u64) {
        self.left -= amount as f64;
    }

    /// The request was not let through, and cost nothing.
    pub fn refund(&mut self, ticket: Ticket) {
        if self.told.is_some_and(|(sent, _)| ticket.sent > sent) {
            self.left = (self.left + ticket.amounts.of(self.counted) as f64).min(self.all);
        }
        let is_early =
            |rolled: Rolled| ticket.sent >= rolled.at && ticket.then.granted.of(self.counted) as f64 <= rolled.counted as f64 + self.all;
        if let Some(rolled) = self.rolled.filter(|rolled| is_early(*rolled)) {
            // The window had not ended yet, or it is none.
            let is_at_once = ticket.sent < rolled.at + MARGIN * 2 && !self.writes_late;
            (self.writes_late, self.comes_back_in_parts) = (self.writes_late || is_at_once, self.comes_back_in_parts || !is_at_once);
            self.rolled = None;
        }
    }

    /// When this much is there.
    pub fn ready_at(&mut self, need: u64, totals: Totals, now: Duration) -> Option<Duration> {
        self.advance(totals, now);
        // More than the whole limit can never be there: then it is for the server to say.
        let mut missing = (need as f64).min(self.all) - self.left;
        // What comes back bit by bit is not drawn on to its end: answers may overtake each other.
        if self.refill().is_some() && self.all >= WORTH_A_RESERVE {
            missing += 1.0;
        }
        if missing <= 0.0 {
            return Some(now);
        }
        match (self.refill(), self.ends()) {
            (Some(refill), _) => Some(now + Duration::from_secs_f64((missing / refill).min(3600.0))),
            (None, Some(end)) => Some(end),
            (None, None) if totals.under_way() > 0 => None,
            (None, None) => Some(now),
        }
    }
}
