//! How fast an endpoint may be asked: what its answers say of their limits is never overdrawn, and a limit that says nothing is watched
//! once and then kept by even steps. Requests and tokens are paced alike; without a limit nothing waits. Times count from the run's start.

mod crowd;
mod even;
mod meter;
mod spacing;
mod watch;

use std::time::Duration;

use crate::api::limits::Limit;

use crowd::Crowd;
use even::Even;
use meter::Meter;
use watch::Watch;

/// While nothing was heard yet, twice as many requests may be under way after each of these: the first answer may tell a limit.
const DOUBLING: Duration = Duration::from_millis(50);
/// No wait is longer, whatever was told: then one request asks again.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// Nobody means a limit of less than one in so many seconds.
const SLOWEST_TOLD: f64 = 86_400.0;
/// No request costs more, whatever is asked or told: sums of them must stay numbers.
const MOST_TOKENS: u64 = 1_000_000_000;

/// Whether a request may go now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permit {
    /// It counts as under way until its ticket comes back.
    Go(Ticket),
    NotBefore(Duration),
    /// Not before an answer to one of the requests under way has come.
    AfterAnAnswer,
}

/// What is counted of requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    pub requests: u64,
    pub tokens: u64,
}

impl Amounts {
    fn of(self, counted: Counted) -> u64 {
        match counted {
            Counted::Requests => self.requests,
            Counted::Tokens => self.tokens,
        }
    }

    fn plus(self, other: Amounts) -> Amounts {
        Amounts { requests: self.requests + other.requests, tokens: self.tokens + other.tokens }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    Requests,
    Tokens,
}

/// Leave for one request; it comes back with what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    sent: Duration,
    /// What it may cost at most, as far as is known.
    asked: u64,
    /// What it is counted as.
    amounts: Amounts,
    /// All that had leave then, itself among it, and all that had ended.
    then: Totals,
    /// The moments at which it is sent and answered are to be told.
    pub is_timed: bool,
}

impl Ticket {
    fn number(&self) -> u64 {
        self.then.granted.requests
    }
}

/// What came of a request, as far as limits go.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome<'a> {
    /// It was let through: tokens that it cost, and the limits that the answer tells.
    Accepted { tokens: u64, limits: &'a [Limit] },
    /// It was over a limit of rate: the wait that was asked for, what the limit is said to count, and how much of it a second.
    Refused { wait: Option<Duration>, counted: Counted, per_second: Option<f64>, limits: &'a [Limit] },
    /// Too many at the same time, which is the endpoint's limit, or more than it can bear now.
    Crowded { is_limit: bool },
    /// It says nothing of limits.
    Other,
}

/// All that ever had leave, and all of it that has come to its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Totals {
    granted: Amounts,
    ended: Amounts,
}

impl Totals {
    fn under_way(&self) -> u64 {
        self.under_way_of(Counted::Requests)
    }

    fn under_way_of(&self, counted: Counted) -> u64 {
        self.granted.of(counted).saturating_sub(self.ended.of(counted))
    }
}

/// The pace of one endpoint.
#[derive(Clone, Debug, Default)]
pub struct Pace {
    totals: Totals,
    accepted: u64,
    /// When the first was asked, as long as nothing was heard.
    began: Option<Duration>,
    has_heard: bool,
    /// Nothing goes before this.
    paused_until: Duration,
    /// Of the limits that answers tell, one each.
    meters: Vec<Meter>,
    /// Of a limit that does not tell what is left: it is watched first, and then kept.
    watch: Option<Watch>,
    even: Option<Even>,
    /// The rate that errors told did not hold.
    distrusts_words: bool,
    crowd: Crowd,
    /// Tokens that requests cost, in shares of what they may cost.
    share: Option<f64>,
    /// The limit counts what they may cost.
    counts_asked: bool,
}

impl Pace {
    /// Asks leave for a request that may cost so many tokens.
    pub fn ask(&mut self, tokens: u64, now: Duration) -> Permit {
        if now < self.paused_until {
            return Permit::NotBefore(self.paused_until);
        }
        if self.crowd.is_full(self.totals.under_way()) {
            return Permit::AfterAnAnswer;
        }
        if let Some(at) = self.after_slow_start(now) {
            return Permit::NotBefore(at);
        }
        let mut at = [self.watch.as_ref().map(Watch::ready_at), self.even.as_ref().map(Even::ready_at)]
            .into_iter()
            .flatten()
            .fold(now, Duration::max);
        for meter in &mut self.meters {
            let need = if meter.counted == Counted::Tokens { tokens } else { 1 };
            match meter.ready_at(need, self.totals, now) {
                Some(ready) => at = at.max(ready),
                None => return Permit::AfterAnAnswer,
            }
        }
        if at > now {
            return Permit::NotBefore(at.min(now + LONGEST_PAUSE));
        }
        let tokens = tokens.min(MOST_TOKENS);
        let amounts = Amounts { requests: 1, tokens: self.expected(tokens) };
        self.totals.granted = self.totals.granted.plus(amounts);
        self.meters.iter_mut().for_each(|meter| meter.spend(amounts.of(meter.counted)));
        self.even.iter_mut().for_each(|even| even.go(amounts, now));
        self.watch.iter_mut().for_each(|watch| watch.go(amounts, now));
        let is_timed = self.watch.is_some() || self.even.as_ref().is_some_and(Even::is_strict);
        Permit::Go(Ticket { sent: now, asked: tokens, amounts, then: self.totals, is_timed })
    }

    /// A request that has leave is about to be sent, its connection open: when to ask again, or none if it may go now.
    pub fn depart(&mut self, ticket: Ticket, now: Duration) -> Option<Duration> {
        self.watch.iter_mut().for_each(|watch| watch.departed(ticket, now));
        self.even.as_mut()?.with_spacing(|spacing, least| spacing.depart(ticket.number(), least, now)).flatten()
    }

    /// It is written to its connection.
    pub fn sent(&mut self, ticket: Ticket, now: Duration) {
        self.even.iter_mut().for_each(|even| {
            even.with_spacing(|spacing, least| spacing.sent(ticket.number(), least, now));
        });
    }

    /// The first of its answer came; it departed then.
    pub fn heard(&mut self, ticket: Ticket, departed: Duration, now: Duration) {
        self.even.iter_mut().for_each(|even| {
            even.with_spacing(|spacing, least| spacing.heard(ticket.number(), departed, least, now));
        });
    }

    /// When there may be one more, while nothing was heard.
    fn after_slow_start(&mut self, now: Duration) -> Option<Duration> {
        if self.has_heard {
            return None;
        }
        let began = *self.began.get_or_insert(now);
        let steps = now.saturating_sub(began).as_millis() / DOUBLING.as_millis();
        let most = 1u64.checked_shl(steps as u32).unwrap_or(u64::MAX);
        (self.totals.under_way() >= most).then(|| began + DOUBLING * (steps as u32 + 1))
    }

    fn expected(&self, tokens: u64) -> u64 {
        let share = self.share.filter(|_| !self.counts_asked).unwrap_or(1.0);
        ((tokens as f64 * share).ceil() as u64).min(MOST_TOKENS)
    }

    /// A request for which leave was given was not sent, or ended without an answer.
    pub fn give_back(&mut self, ticket: Ticket) {
        self.totals.ended = self.totals.ended.plus(ticket.amounts);
        self.even.iter_mut().for_each(|even| {
            even.with_spacing(|spacing, _| spacing.give_back(ticket.number()));
        });
    }

    /// Takes the outcome of a request for which leave was given.
    pub fn answered(&mut self, ticket: Ticket, outcome: &Outcome<'_>, now: Duration) {
        self.give_back(ticket);
        self.has_heard = true;
        match outcome {
            Outcome::Accepted { tokens, limits } => {
                self.accepted += 1;
                self.learn_cost(ticket, *tokens);
                self.learn(limits, ticket, now);
                self.meters.retain(|meter| meter.is_told(limits, ticket));
                self.crowd.accepted(self.totals.under_way(), now);
                self.even.iter_mut().for_each(Even::accepted);
                if let Some(watch) = &mut self.watch {
                    watch.accepted(ticket, now);
                    self.conclude(now);
                }
            }
            Outcome::Refused { wait, counted, per_second, limits } => {
                self.meters.iter_mut().for_each(|meter| meter.refund(ticket));
                self.learn(limits, ticket, now);
                self.refused(ticket, wait.map(|wait| wait.min(LONGEST_PAUSE)), *counted, *per_second, now);
            }
            Outcome::Crowded { is_limit } => self.crowd.refused(ticket.sent, *is_limit, self.totals.under_way(), now),
            Outcome::Other => {}
        }
    }

    fn learn_cost(&mut self, ticket: Ticket, tokens: u64) {
        if tokens > 0 && ticket.asked > 0 {
            let share = tokens.min(MOST_TOKENS) as f64 / ticket.asked as f64;
            self.share = Some(self.share.map_or(share, |known| known + 0.1 * (share - known)));
        }
    }

    fn learn(&mut self, limits: &[Limit], ticket: Ticket, now: Duration) {
        for limit in limits {
            let Some(counted) = meter::counted(limit) else {
                continue;
            };
            let known = self.meters.iter().position(|meter| meter.is_of(limit)).unwrap_or_else(|| {
                self.meters.push(Meter::new(limit, counted));
                self.meters.len() - 1
            });
            self.meters[known].learn(limit, ticket, self.totals, now);
        }
    }

    fn refused(&mut self, ticket: Ticket, wait: Option<Duration>, counted: Counted, per_second: Option<f64>, now: Duration) {
        let totals = self.totals;
        let mut short = self.meters.iter_mut().filter_map(|meter| {
            let need = if meter.counted == Counted::Tokens { ticket.asked } else { 1 };
            (meter.ready_at(need, totals, now) != Some(now)).then_some(meter.counted)
        });
        if let Some(counted) = short.next() {
            self.counts_asked |= counted == Counted::Tokens && ticket.amounts.tokens < ticket.asked;
            self.paused_until = self.paused_until.max(now + wait.unwrap_or_default());
            return;
        }
        if let Some(watch) = &mut self.watch {
            watch.refused(ticket, wait, now);
            return self.conclude(now);
        }
        if let Some(even) = &mut self.even {
            let is_explained = even.refused(ticket.sent, now);
            self.paused_until = self.paused_until.max(now + wait.unwrap_or_default());
            if is_explained {
                return;
            }
            self.distrusts_words = true;
        }
        self.even = None;
        // As many as were let through in such a time until now.
        let share = wait.map_or(0.0, |wait| (wait.as_secs_f64() / now.as_secs_f64().max(1e-3)).min(1.0));
        let free = (self.accepted as f64 * share) as u64;
        let told = per_second.filter(|_| !self.distrusts_words).map(|rate| 1.0 / rate).filter(|one| (1e-9..=SLOWEST_TOLD).contains(one));
        self.watch = Some(Watch::begin(ticket, wait, counted, told, free, now));
    }

    fn conclude(&mut self, now: Duration) {
        if let Some(found) = self.watch.as_ref().and_then(|watch| watch.conclude(now)) {
            self.even = found;
            self.watch = None;
        }
    }

    /// Requests a second that are let through evenly, where that was measured.
    pub fn rate(&self) -> Option<f64> {
        self.even.as_ref().and_then(Even::requests_per_second)
    }

    pub fn under_way(&self) -> u32 {
        u32::try_from(self.totals.under_way()).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests;
