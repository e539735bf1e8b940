//! A limit that does not tell what is left, watched from its first refusal on: some requests are sent a little too early, to see what is let
//! through in which time. No answer to one of them is waited for longer than refusals take.

use std::collections::VecDeque;
use std::time::Duration;

use super::even::Even;
use super::{Amounts, Counted, Ticket};

/// Between two attempts, at least.
const SHORTEST_STEP: Duration = Duration::from_millis(1);
/// A step is this share of what lies between two that are let through, or of the time since the last one.
const STEPS: u32 = 8;
/// A refusal takes no longer; what is not refused by then was let through.
const LONGEST_REFUSAL: Duration = Duration::from_secs(2);
const SHORTEST_PATIENCE: Duration = Duration::from_millis(20);
/// What is let through bit by bit is measured between so many, or so exactly.
const ENOUGH: usize = 12;
const EXACT: f64 = 0.03;
const TRIALS: u32 = 6;
/// A server that counts in so long lets some through that are earlier by less.
const CLOCK: Duration = Duration::from_millis(1);
const MOST_DISTANCES: usize = 100;
/// One in so many may contradict what the others show.
const FEW_WRONG: usize = 8;
/// More in a row than this is a window.
const FEW: u64 = 4;
/// After so long less is enough.
const LONG: Duration = Duration::from_secs(10);
const LONGEST: Duration = Duration::from_secs(180);
/// Without any refusal for so long there is no limit.
const FORGOTTEN: Duration = Duration::from_secs(90);
const MOST_TRIES: usize = 20_000;

/// Who is to wait a second may have to wait for less: no shorter wait can be told in seconds.
const SHORTEST_WAIT: f64 = 1.0;

/// Windows are this many seconds long.
const USUAL_WINDOWS: [f64; 14] = [1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0];

/// Whoever limits to more than can be measured well sets a round number a second; what was measured is no further from it.
const ROUND: [f64; 15] = [20.0, 25.0, 30.0, 40.0, 50.0, 60.0, 80.0, 100.0, 120.0, 150.0, 200.0, 250.0, 300.0, 400.0, 500.0];
const NEAR: f64 = 0.07;

/// Seconds for one of the round number that was meant, as far as can be told.
fn rounded(measured: Duration) -> f64 {
    let measured = measured.as_secs_f64();
    let meant = ROUND.iter().map(|rate| 1.0 / rate).find(|seconds| (measured / seconds - 1.0).abs() < NEAR);
    meant.unwrap_or(measured)
}

#[derive(Clone, Debug)]
pub struct Watch {
    counted: Counted,
    /// Seconds for one, as an error told.
    told: Option<f64>,
    began: Duration,
    /// In the order in which they were sent.
    tries: VecDeque<Try>,
    /// How long refusals took, sorted.
    refusals: Vec<Duration>,
    /// What the next attempt is for.
    planned: Purpose,
    trials: u32,
    /// After a wait that was told so many go without steps.
    free: u64,
    next: Duration,
}

/// Once it seems that nothing is saved up between two that are let through, their distance is halved in on: each trial comes after one
/// that is sure to be let through.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Purpose {
    Look,
    BeSure,
    Trial,
    /// Much too early, after one that was late: where something is saved up it is let through.
    Check,
}

#[derive(Clone, Copy, Debug)]
struct Try {
    /// When it had leave, and when it was written as far as that is known.
    leave: Duration,
    sent: Duration,
    amount: u64,
    purpose: Purpose,
    verdict: Verdict,
    /// When its answer came.
    ended: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Verdict {
    Unknown,
    Accepted,
    /// With the end that was told.
    Refused(Option<Until>),
}

/// The end lies between the two.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Until {
    earliest: Duration,
    latest: Duration,
}

/// A refusal came before it, and it was let through.
#[derive(Clone, Copy, Debug)]
struct Opening {
    after: Duration,
    at: Duration,
    /// What had been let through before, and in how many requests.
    before: u64,
    requests: u64,
}

/// A limit: seconds that it needs for one, and how long its window is, if it seems to have one.
struct Found {
    seconds: f64,
    window: Option<f64>,
}

/// What the attempts show.
#[derive(Default)]
struct Survey {
    openings: Vec<Opening>,
    accepted: u64,
    requests: u64,
    /// The last one that was let through, and how long after the one before it.
    last: Option<Duration>,
    gap: Option<Duration>,
    /// In a row, at the end.
    refused: u32,
    /// How much later one may arrive than the next.
    overtaking: Duration,
    refused_first: Duration,
    let_through: u64,
    /// As `let_through`, of the last row that was ended.
    row: u64,
    last_refusal: Option<Duration>,
    until: Option<Until>,
    /// The end that was told has come, and no refusal since.
    opened: Option<Duration>,
    /// How long after the last one that was let through, and whether it was.
    distances: Vec<(Duration, bool)>,
    /// How many came much too early, and how many of them were let through.
    checks: usize,
    passed: usize,
}

impl Watch {
    /// Begins with a refusal that may have told the seconds for one; so many may go at once when the wait is over.
    pub fn begin(ticket: Ticket, wait: Option<Duration>, counted: Counted, told: Option<f64>, free: u64, now: Duration) -> Watch {
        let mut watch = Watch {
            counted,
            told,
            began: ticket.sent,
            tries: VecDeque::new(),
            refusals: Vec::new(),
            planned: Purpose::Look,
            trials: 0,
            free,
            next: now,
        };
        watch.refused(ticket, wait, now);
        // The others that are under way were sent in a crowd, and arrive in any order.
        watch.began = now;
        watch
    }

    pub fn ready_at(&self) -> Duration {
        self.next
    }

    pub fn go(&mut self, amounts: Amounts, now: Duration) {
        let amount = amounts.of(self.counted);
        self.tries.push_back(Try { leave: now, sent: now, amount, purpose: self.planned, verdict: Verdict::Unknown, ended: None });
        if self.tries.len() > MOST_TRIES {
            self.tries.pop_front();
        }
        self.trials += u32::from(matches!(self.planned, Purpose::Trial | Purpose::Check));
        self.plan(now);
    }

    /// It is written only now: all is measured from here.
    pub fn departed(&mut self, ticket: Ticket, now: Duration) {
        let place = self.tries.partition_point(|known| known.leave < ticket.sent);
        if let Some(known) = self.tries.get_mut(place).filter(|known| known.leave == ticket.sent) {
            known.sent = now;
            self.plan(now);
        }
    }

    pub fn accepted(&mut self, ticket: Ticket, now: Duration) {
        self.note(ticket, Verdict::Accepted, now);
        self.plan(now);
    }

    pub fn refused(&mut self, ticket: Ticket, wait: Option<Duration>, now: Duration) {
        let took = now.saturating_sub(ticket.sent).min(LONGEST_REFUSAL);
        if self.refusals.len() < MOST_TRIES {
            self.refusals.insert(self.refusals.partition_point(|known| *known < took), took);
        }
        let until = wait.map(|wait| {
            // Whole seconds are rounded up.
            let grain = Duration::from_millis(if wait.subsec_nanos() == 0 { 1000 } else { 2 });
            Until { earliest: (ticket.sent + wait).saturating_sub(grain), latest: now + wait }
        });
        self.note(ticket, Verdict::Refused(until), now);
        self.plan(now);
    }

    fn note(&mut self, ticket: Ticket, verdict: Verdict, now: Duration) {
        let place = self.tries.partition_point(|known| known.leave < ticket.sent);
        let known = self.tries.range_mut(place..).find(|known| known.leave == ticket.sent && known.verdict == Verdict::Unknown);
        match known {
            Some(known) => (known.verdict, known.ended) = (verdict, Some(now)),
            // It was under way before the watch began.
            None if ticket.sent >= self.began => {
                let amount = ticket.amounts.of(self.counted);
                self.tries.insert(
                    place,
                    Try { leave: ticket.sent, sent: ticket.sent, amount, purpose: Purpose::Look, verdict, ended: Some(now) },
                );
            }
            None => {}
        }
    }

    /// The time within which this share of the refusals came.
    fn refused_within(&self, share: f64) -> Duration {
        let last = self.refusals.len().saturating_sub(1);
        self.refusals.get((last as f64 * share) as usize).copied().unwrap_or_default()
    }

    fn patience(&self) -> Duration {
        (self.refused_within(0.9) * 2).max(SHORTEST_PATIENCE)
    }

    fn survey(&self, now: Duration) -> Survey {
        let mut survey = Survey { overtaking: self.refused_within(0.5) - self.refused_within(0.0), ..Survey::default() };
        for (place, attempt) in self.tries.iter().enumerate() {
            if self.counted == Counted::Tokens && survey.refused == 0 && matches!(attempt.verdict, Verdict::Refused(_)) {
                survey.accepted -= self.uncounted(place, attempt.sent).min(survey.accepted);
            }
            match attempt.verdict {
                Verdict::Unknown if now < attempt.sent + self.patience() => break,
                Verdict::Unknown | Verdict::Accepted => survey.accept(attempt),
                Verdict::Refused(until) => survey.refuse(attempt.sent, until),
            }
            if attempt.purpose == Purpose::Check {
                survey.checks += 1;
                survey.passed += usize::from(!matches!(attempt.verdict, Verdict::Refused(_)));
            }
        }
        survey
    }

    /// Tokens may be counted when they are known: what was under way at a refusal was let through above the limit.
    fn uncounted(&self, before: usize, refused: Duration) -> u64 {
        let is_accepted = |attempt: &Try| !matches!(attempt.verdict, Verdict::Refused(_));
        let is_uncounted = |attempt: &&Try| is_accepted(attempt) && attempt.ended.is_none_or(|ended| ended > refused);
        self.tries.range(..before).filter(is_uncounted).map(|attempt| attempt.amount).sum()
    }

    /// Says when the next attempt is due.
    fn plan(&mut self, now: Duration) {
        let survey = self.survey(now);
        let Some(latest) = self.tries.back() else {
            return;
        };
        if let Some(opens) = survey.until.map(|until| until.latest).or(survey.opened) {
            let since = self.tries.iter().rev().take_while(|attempt| attempt.sent >= opens).count() as u64;
            self.next = match since {
                0 if survey.until.is_some() => opens,
                // The first one goes alone: the wait may have been told too short.
                _ if survey.until.is_some() => latest.sent + self.patience(),
                _ if since < self.free => latest.sent,
                _ => latest.sent + self.step(&survey, now),
            };
            return;
        }
        self.planned = Purpose::Look;
        if let Some((refused, accepted)) = survey.narrowed() {
            let (wait, purpose) = match latest.purpose {
                Purpose::BeSure if self.trials % 2 == 1 => (refused.mul_f64(0.75), Purpose::Check),
                Purpose::BeSure => (((refused + accepted) / 2).min(accepted.mul_f64(1.0 - EXACT)), Purpose::Trial),
                _ if self.trials % 2 == 1 => (accepted * 2, Purpose::BeSure),
                _ => (accepted.mul_f64(1.05), Purpose::BeSure),
            };
            (self.next, self.planned) = (latest.sent + wait, purpose);
            return;
        }
        self.next = latest.sent + self.step(&survey, now);
        // The next one cannot come yet.
        if let (Some(last), Some(gap), true) = (survey.last, survey.gap, survey.row == 1 && survey.let_through == 1) {
            self.next = self.next.max(last + gap.mul_f64(0.6));
        }
    }

    fn step(&self, survey: &Survey, now: Duration) -> Duration {
        let by_gap = survey.gap.unwrap_or_default() / STEPS;
        let by_refusal = if survey.let_through >= FEW { Duration::ZERO } else { self.refused_within(0.5) / 4 };
        let since = now.saturating_sub(survey.last.unwrap_or(self.began));
        let by_time = if survey.refused >= 2 { since / STEPS } else { Duration::ZERO };
        by_gap.max(by_refusal).max(by_time).max(SHORTEST_STEP)
    }

    /// What the attempts have shown, once it is enough: even steps, or that there is no limit any more.
    pub fn conclude(&self, now: Duration) -> Option<Option<Even>> {
        let survey = self.survey(now);
        if survey.last_refusal.is_none_or(|last| now.saturating_sub(last) > FORGOTTEN) && survey.until.is_none() {
            return Some(None);
        }
        let (last, until) = (survey.last.unwrap_or(now), survey.until);
        let narrowed = survey.narrowed().filter(|(refused, accepted)| {
            // The less exactly they arrive, the more of them it takes.
            let blur = (self.refused_within(0.9) - self.refused_within(0.0)).max(CLOCK);
            let times = 1 + (blur.as_secs_f64() / accepted.mul_f64(EXACT / 2.0).as_secs_f64().max(1e-9)) as u32;
            let enough = TRIALS * times.min(3);
            self.trials >= enough && accepted.saturating_sub(*refused) < accepted.mul_f64(EXACT) || self.trials >= 5 * TRIALS
        });
        // The limit is drawn on to its end: what follows comes a little later.
        let even = |seconds: f64| {
            let next = until.map_or_else(|| last + Duration::from_secs_f64(seconds * 2.0), |until| until.latest);
            Even::new(self.counted, seconds, next, now)
        };
        if let Some(told) = self.told {
            return (!survey.openings.is_empty()).then(|| Some(even(told)));
        }
        if let Some((refused, accepted)) = narrowed {
            return Some(Some(even(rounded((refused + accepted + CLOCK) / 2)).strict()));
        }
        let Found { seconds, window } = survey.measure(now.saturating_sub(self.began))?;
        let steps = match window {
            Some(window) if until.is_some() && window <= SHORTEST_WAIT => even(seconds).climbing(window / seconds),
            Some(window) => even(seconds).forgiving(Duration::from_secs_f64(window)),
            None => even(seconds),
        };
        Some(Some(steps))
    }
}

impl Survey {
    fn accept(&mut self, attempt: &Try) {
        self.accepted += attempt.amount;
        self.requests += 1;
        // It overtook a refusal.
        if self.until.is_some_and(|until| attempt.sent < until.earliest) {
            return;
        }
        let is_ordered = self.until.is_some() || attempt.sent > self.refused_first + self.overtaking;
        if let Some(after) = self.last_refusal.filter(|_| self.refused > 0 && is_ordered) {
            let after = self.until.map_or(after, |until| until.earliest.max(after).min(attempt.sent.max(after)));
            let (before, requests) = (self.accepted - attempt.amount, self.requests - 1);
            self.openings.push(Opening { after, at: attempt.sent, before, requests });
            self.opened = self.until.take().map(|until| until.latest);
            self.let_through = 0;
        }
        if let Some(last) = self.last {
            let gap = attempt.sent.saturating_sub(last);
            self.gap = Some(gap);
            self.distances.push((gap, true));
        }
        self.last = Some(attempt.sent);
        self.refused = 0;
        self.let_through += 1;
    }

    fn refuse(&mut self, sent: Duration, until: Option<Until>) {
        if let Some(last) = self.last {
            self.distances.push((sent.saturating_sub(last), false));
        }
        if self.refused == 0 {
            (self.row, self.refused_first) = (self.let_through, sent);
        }
        (self.last_refusal, self.opened) = (Some(sent), None);
        self.refused += 1;
        // Several that were under way together tell the same end.
        self.until = match (self.until, until) {
            (Some(known), Some(until)) if until.earliest < known.latest => {
                Some(Until { earliest: known.earliest.max(until.earliest), latest: known.latest.min(until.latest) })
            }
            (known, until) => until.or(known),
        };
    }

    /// Between which distances to the last one another begins to be let through, if that is all it depends on.
    fn narrowed(&self) -> Option<(Duration, Duration)> {
        let mut known = self.distances[self.distances.len().saturating_sub(MOST_DISTANCES)..].to_vec();
        if self.openings.len() < 3 || self.passed * 3 > self.checks {
            return None;
        }
        known.sort_unstable();
        // Some arrive late: the bound is where the fewest contradict it.
        let mut wrong = known.iter().filter(|(_, is_accepted)| !is_accepted).count();
        let mut best = (usize::MAX, 0);
        for (place, (_, is_accepted)) in known.iter().enumerate() {
            if *is_accepted && wrong < best.0 {
                best = (wrong, place);
            }
            wrong = if *is_accepted { wrong + 1 } else { wrong - 1 };
        }
        let (wrong, place) = best;
        let below = known[..place].iter().rev().find(|(_, is_accepted)| !is_accepted)?;
        (wrong * FEW_WRONG < known.len()).then_some((below.0, known[place].0))
    }

    /// What the openings show, once it is enough.
    fn measure(mut self, lasted: Duration) -> Option<Found> {
        // An end that was told is an opening that is still to come.
        if let Some(until) = self.until {
            self.openings.push(Opening { after: until.earliest, at: until.latest, before: self.accepted, requests: self.requests });
        }
        let (first, last) = (self.openings.first()?, self.openings.last()?);
        let (amount, requests) = (last.before - first.before, last.requests - first.requests);
        let rows = self.openings.len() - 1;
        if rows == 0 || amount == 0 {
            return None;
        }
        let least = last.after.saturating_sub(first.at).as_secs_f64();
        let most = last.at.saturating_sub(first.after).as_secs_f64();
        let is_exact = (most - least) / (most + least) <= EXACT;
        let is_window = requests / rows as u64 >= FEW;
        let window = |length: f64| is_window.then_some(length);
        // It is not exact where nothing is saved up, and one by one is let through: that takes longer to be ruled out.
        let is_saved_up = self.checks > 0 && self.passed * 3 > self.checks;
        let enough = if is_saved_up { ENOUGH } else { 2 * ENOUGH };
        if is_exact && self.narrowed().is_none() && (rows >= enough || is_window) {
            let length = (most + least) / 2.0;
            return Some(Found { seconds: length / amount as f64, window: window(length / rows as f64) });
        }
        let bounds = (least / rows as f64, most / rows as f64);
        let mut usual = USUAL_WINDOWS.iter().filter(|window| bounds.0 <= **window && **window <= bounds.1);
        if let (true, Some(length), None) = (is_window, usual.next(), usual.next()) {
            // After a wait that was told a row may reach into the next window.
            let shortest = self.openings.windows(2).map(|pair| pair[1].before - pair[0].before).min().unwrap_or(amount);
            let row = if self.until.is_some() { shortest as f64 } else { amount as f64 / rows as f64 };
            return Some(Found { seconds: length / row, window: window(*length) });
        }
        let is_enough = lasted >= LONG && self.narrowed().is_none() && requests >= 8 && most - least <= 0.2 * most || lasted >= LONGEST;
        is_enough.then(|| Found { seconds: most / amount as f64, window: window(bounds.1) })
    }
}
