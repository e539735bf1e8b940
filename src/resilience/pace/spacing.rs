//! The distance between two requests where a limit saves nothing up. It is kept from the moment at which one was really sent, and from when
//! it seems to have arrived, not from when it had leave.

use std::collections::VecDeque;
use std::time::Duration;

/// Until whoever may not go yet looks again.
const LOOK: Duration = Duration::from_micros(500);
/// Answers from which is learned how soon one begins, and how many it takes.
const MOST_KNOWN: usize = 64;
const ENOUGH: usize = 20;
/// One that takes so many times longer than the median has arrived late for all that is known, and one that takes longer still is held up.
const LATE: u32 = 2;
const OVERDUE: u32 = 4;
/// Unless so many are: then answers are as different as that. And nothing is held up on its way for longer.
const MOST_LATE: f64 = 1.0 / 3.0;
const LATEST: Duration = Duration::from_millis(20);

#[derive(Clone, Debug, Default)]
pub struct Spacing {
    /// May be sent since then, and is not known to be.
    leaving: Option<(u64, Duration)>,
    /// The latest that was sent, as long as nothing was heard of it.
    latest: Option<(u64, Duration)>,
    not_before: Duration,
    /// When the next one may have leave.
    leave_at: Duration,
    /// How long it took until the latest answers began.
    took: VecDeque<Duration>,
}

impl Spacing {
    pub fn ready_at(&self) -> Duration {
        self.not_before.max(self.leave_at)
    }

    /// One has leave.
    pub fn granted(&mut self, least: Duration, now: Duration) {
        self.leave_at = now + least;
    }

    /// One that has leave is about to be sent, `least` after the one before it: when to ask again, or none if it may go now.
    pub fn depart(&mut self, number: u64, least: Duration, now: Duration) -> Option<Duration> {
        // Whoever is not sent in such a time must not keep the others.
        if self.leaving.is_some_and(|(other, since)| other != number && now < since + least) {
            return Some(now + LOOK);
        }
        if now < self.not_before {
            return Some(self.not_before);
        }
        let is_overdue = |sent: Duration| self.usual().is_some_and(|usual| sent + usual * OVERDUE < now) && now < sent + least * 3 / 2;
        if self.latest.is_some_and(|(_, sent)| is_overdue(sent)) {
            return Some(now + LOOK);
        }
        self.leaving = Some((number, now));
        None
    }

    pub fn sent(&mut self, number: u64, least: Duration, now: Duration) {
        let departed = self.leaving.filter(|(leaving, _)| *leaving == number).map_or(now, |(_, departed)| departed);
        self.give_back(number);
        self.latest = Some((number, departed));
        self.not_before = self.not_before.max(now + least);
    }

    /// Its answer begins: where that took longer than usual it may have arrived late, and the next one must not come too soon after it.
    /// Otherwise it arrived when it departed, however late it was known to be sent.
    pub fn heard(&mut self, number: u64, departed: Duration, least: Duration, now: Duration) {
        let took = now.saturating_sub(departed);
        if self.latest.is_some_and(|(latest, _)| latest == number) {
            self.latest = None;
            if let Some(usual) = self.usual() {
                let late = if took > usual * LATE { (took - usual).min(LATEST) } else { Duration::ZERO };
                self.not_before = departed + late + least;
            }
        }
        if self.took.len() >= MOST_KNOWN {
            self.took.pop_front();
        }
        self.took.push_back(took);
    }

    /// It is not sent.
    pub fn give_back(&mut self, number: u64) {
        self.leaving = self.leaving.filter(|(leaving, _)| *leaving != number);
    }

    /// How long it takes until an answer begins, where nearly all take about as long.
    fn usual(&self) -> Option<Duration> {
        if self.took.len() < ENOUGH {
            return None;
        }
        let mut known: Vec<Duration> = self.took.iter().copied().collect();
        known.sort_unstable();
        let (usual, long) = (known[known.len() / 2], known[(known.len() as f64 * (1.0 - MOST_LATE)) as usize]);
        (long <= usual * LATE).then_some(usual)
    }
}
