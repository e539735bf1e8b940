//! The experiment: which setting is asked next, when enough is known, and what explains the failures. It asks nobody itself; whoever
//! drives it performs the requests and tells what came of them.

use std::collections::{BTreeMap, BTreeSet};

use super::belief::{Belief, Cause, Count, Seen, Trigger};
use super::factor::{Level, Setting, Space};

/// An explanation is taken for true at this probability.
const SURE: f64 = 0.99;
/// That it depends on nothing accuses nobody: this much will do.
const SURE_OF_CHANCE: f64 = 0.9;
/// So many failures within a trigger, and so many successes outside of it, before it is named for certain.
const ENOUGH_WITHIN: u64 = 6;
const ENOUGH_OUTSIDE: u64 = 10;
/// Beside each claim, with all others kept: what shows that it takes all of them.
const ENOUGH_BESIDE: usize = 2;
/// What comes and goes takes more to be told from what depends on something.
const ENOUGH_SPORADIC: u64 = 24;
/// What comes and goes within a trigger only must be absent from so many outside of it.
const ENOUGH_ABSENT: u64 = 18;
/// So many without any failure, and each pair of levels among them, before it is called sound.
const ENOUGH_SOUND: usize = 16;

/// What came of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub setting: Setting,
    /// The verdict's code where it failed.
    pub failure: Option<&'static str>,
}

pub struct Experiment {
    space: Space,
    /// Before anything was seen.
    unbiased: Belief,
    outcomes: Vec<Outcome>,
    random: fastrand::Rng,
    /// Requests that may still be made.
    left: u32,
}

/// What explains failures, and how well.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    pub cause: Cause,
    pub probability: f64,
    pub within: Count,
    pub outside: Count,
    /// Codes of the failures that it explains, with their numbers, the most frequent first.
    pub codes: Vec<(&'static str, u64)>,
    /// All was seen that is wanted to be seen of it.
    pub is_settled: bool,
}

impl Explanation {
    /// It failed each time.
    pub fn is_constant(&self) -> bool {
        self.within.failed == self.within.of
    }

    /// Enough was seen to name it for certain.
    pub fn is_sure(&self) -> bool {
        let is_enough = self.within.of >= ENOUGH_WITHIN && !self.needs_more();
        self.is_likely() && self.outside.failed == 0 && (is_enough || self.cause == Cause::Nothing)
    }

    fn is_likely(&self) -> bool {
        self.probability >= if self.is_everywhere() { SURE_OF_CHANCE } else { SURE }
    }

    fn is_everywhere(&self) -> bool {
        matches!(&self.cause, Cause::Trigger(trigger) if trigger.0.is_empty())
    }

    fn needs_more(&self) -> bool {
        match (self.is_everywhere(), self.is_constant()) {
            (true, true) => self.within.of < ENOUGH_WITHIN + 2,
            (true, false) => self.within.of < ENOUGH_SPORADIC,
            (false, false) => self.within.of < ENOUGH_SPORADIC / 2 || self.outside.of < ENOUGH_ABSENT,
            (false, true) => self.within.of < ENOUGH_WITHIN,
        }
    }
}

impl Experiment {
    pub fn new(space: Space, most_requests: u32, seed: u64) -> Experiment {
        let unbiased = Belief::new(&space);
        Experiment { space, unbiased, outcomes: Vec::new(), random: fastrand::Rng::with_seed(seed), left: most_requests }
    }

    pub fn space(&self) -> &Space {
        &self.space
    }

    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// How many requests a setting takes: the second on a connection needs one before it.
    pub fn requests(&self, setting: &Setting) -> u32 {
        if self.space.has(setting, Level::Second) { 2 } else { 1 }
    }

    /// So many requests were made.
    pub fn spend(&mut self, requests: u32) {
        self.left = self.left.saturating_sub(requests);
    }

    pub fn tell(&mut self, outcome: Outcome) {
        self.outcomes.push(outcome);
    }

    /// This level is not to be had after all: what was seen there counts no more.
    pub fn give_up(&mut self, level: Level) {
        let narrower = self.space.without(level);
        let kept = self.outcomes.iter().filter(|outcome| !self.space.has(&outcome.setting, level));
        let moved = kept.map(|outcome| {
            let levels: Vec<Level> = self.space.levels(&outcome.setting).collect();
            let setting = levels.into_iter().fold(narrower.usual(), |setting, level| narrower.with(&setting, level));
            Outcome { setting, failure: outcome.failure }
        });
        self.outcomes = moved.collect();
        self.unbiased = Belief::new(&narrower);
        self.space = narrower;
    }

    /// What is asked next; none where enough is known or no more may be asked.
    pub fn next_setting(&mut self) -> Option<Setting> {
        if self.left == 0 {
            return None;
        }
        let usual = self.space.usual();
        if self.outcomes.is_empty() {
            return Some(usual);
        }
        let (belief, outcomes) = self.open_question()?;
        let (cause, probability, ..) = belief.likeliest();
        let next = match cause {
            Cause::Trigger(trigger) if probability >= SURE => self.confirming(&trigger.clone(), &outcomes),
            _ => None,
        };
        next.or_else(|| self.telling(&belief)).filter(|setting| self.requests(setting) <= self.left)
    }

    /// The failures that are not explained well enough yet, and what is believed of them.
    fn open_question(&self) -> Option<(Belief, Vec<Outcome>)> {
        let together = self.judge(&self.outcomes);
        if self.is_open(&together) {
            return Some(together);
        }
        if self.needs_division(&together.0) {
            return self.codes().into_iter().map(|code| self.judge(&self.only(code))).find(|judged| self.is_open(judged));
        }
        None
    }

    fn is_open(&self, (belief, outcomes): &(Belief, Vec<Outcome>)) -> bool {
        let explanation = explanation(belief, outcomes);
        match &explanation.cause {
            Cause::Nothing => {
                outcomes.iter().any(|outcome| outcome.failure.is_some())
                    || outcomes.len() < ENOUGH_SOUND
                    || self.untried_outside(None, outcomes)
            }
            Cause::Trigger(_) if !explanation.is_likely() => true,
            Cause::Trigger(trigger) => {
                explanation.needs_more()
                    || self.missing_beside(trigger, outcomes).is_some()
                    || explanation.is_constant() && self.untried_outside(Some(trigger), outcomes)
            }
        }
    }

    /// Several codes, and no single cause explains them all.
    fn needs_division(&self, together: &Belief) -> bool {
        let (cause, probability, within, outside) = together.likeliest();
        let is_clear = *cause != Cause::Nothing && probability >= SURE && within.failed == within.of && outside.failed == 0;
        self.codes().len() > 1 && !is_clear
    }

    fn judge(&self, outcomes: &[Outcome]) -> (Belief, Vec<Outcome>) {
        let seen: Vec<Seen> =
            outcomes.iter().map(|outcome| Seen { setting: outcome.setting.clone(), has_failed: outcome.failure.is_some() }).collect();
        (self.unbiased.after(&seen), outcomes.to_vec())
    }

    /// Failures with this code and successes: what other failures hide is not known.
    fn only(&self, code: &str) -> Vec<Outcome> {
        self.outcomes.iter().filter(|outcome| outcome.failure.is_none_or(|own| own == code)).cloned().collect()
    }

    fn codes(&self) -> Vec<&'static str> {
        tally(&self.outcomes).into_iter().map(|(code, _)| code).collect()
    }

    fn telling(&mut self, belief: &Belief) -> Option<Setting> {
        let (random, space, left) = (&mut self.random, &self.space, self.left);
        let cost = |setting: &Setting| {
            let (requests, weight) = match space.has(setting, Level::Second) {
                true => (2, 2.0),
                false => (1, 1.0),
            };
            let weight = if space.has(setting, Level::Long) { weight * 1.3 } else { weight };
            (requests <= left).then_some(weight)
        };
        belief.most_telling(cost, |order| random.shuffle(order)).cloned()
    }

    /// The setting that is still missing before this trigger can be named for certain.
    fn confirming(&mut self, trigger: &Trigger, outcomes: &[Outcome]) -> Option<Setting> {
        if let Some(beside) = self.missing_beside(trigger, outcomes) {
            return Some(beside);
        }
        let within = outcomes.iter().filter(|outcome| trigger.holds(&self.space, &outcome.setting)).count() as u64;
        let outside = outcomes.len() as u64 - within;
        let is_thin = self.untried_outside(Some(trigger), outcomes) || outside < ENOUGH_ABSENT && within > outside;
        if !trigger.0.is_empty() && within >= ENOUGH_WITHIN && is_thin {
            return self.widest(Some(trigger), outcomes);
        }
        let mut candidates: Vec<Setting> = self.space.settings();
        candidates.retain(|setting| trigger.holds(&self.space, setting));
        // Without need no request is made twice for one observation.
        let has_cheap = candidates.iter().any(|setting| self.requests(setting) == 1);
        candidates.retain(|setting| !has_cheap || self.requests(setting) == 1);
        self.random.choice(candidates)
    }

    /// Some two levels that can be had together outside of the trigger were not asked for together there.
    fn untried_outside(&self, trigger: Option<&Trigger>, outcomes: &[Outcome]) -> bool {
        let is_outside = |setting: &Setting| trigger.is_none_or(|trigger| !trigger.holds(&self.space, setting));
        let mut tried = BTreeSet::new();
        outcomes.iter().filter(|outcome| is_outside(&outcome.setting)).for_each(|outcome| tried.extend(self.pairs(&outcome.setting)));
        self.space
            .settings()
            .iter()
            .filter(|setting| is_outside(setting))
            .any(|setting| self.pairs(setting).any(|pair| !tried.contains(&pair)))
    }

    /// The setting outside of the trigger with the most pairs of levels that were not tried there.
    fn widest(&mut self, trigger: Option<&Trigger>, outcomes: &[Outcome]) -> Option<Setting> {
        let is_outside = |setting: &Setting| trigger.is_none_or(|trigger| !trigger.holds(&self.space, setting));
        let mut tried = BTreeSet::new();
        outcomes.iter().filter(|outcome| is_outside(&outcome.setting)).for_each(|outcome| tried.extend(self.pairs(&outcome.setting)));
        let mut candidates: Vec<Setting> = self.space.settings();
        candidates.retain(|setting| is_outside(setting) && self.requests(setting) <= self.left);
        self.random.shuffle(&mut candidates);
        let fresh = |setting: &Setting| self.pairs(setting).filter(|pair| !tried.contains(pair)).count();
        candidates.into_iter().max_by_key(|setting| fresh(setting) * 2 / self.requests(setting) as usize)
    }

    fn pairs<'a>(&'a self, setting: &'a Setting) -> impl Iterator<Item = (Level, Level)> + 'a {
        self.space
            .levels(setting)
            .enumerate()
            .flat_map(move |(at, level)| self.space.levels(setting).skip(at + 1).map(move |other| (level, other)))
    }

    /// A setting in which all claims but one hold, where too few of these were seen: with the usual levels elsewhere.
    fn missing_beside(&self, trigger: &Trigger, outcomes: &[Outcome]) -> Option<Setting> {
        let outside = outcomes.iter().filter(|outcome| !trigger.holds(&self.space, &outcome.setting)).count() as u64;
        for (at, claim) in trigger.0.iter().enumerate() {
            let others = || trigger.0.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, claim)| claim);
            let is_beside =
                |setting: &Setting| !claim.holds(&self.space, setting) && others().all(|other| other.holds(&self.space, setting));
            let seen = outcomes.iter().filter(|outcome| is_beside(&outcome.setting)).count();
            if seen < ENOUGH_BESIDE || outside < ENOUGH_OUTSIDE {
                let (_, levels) = self.space.factors.iter().find(|(factor, _)| *factor == claim.factor)?;
                let other = levels.iter().find(|level| !claim.levels.contains(level))?;
                // In turn with the usual levels elsewhere and with those that were seen to fail.
                let failing =
                    outcomes.iter().rev().find(|outcome| outcome.failure.is_some() && trigger.holds(&self.space, &outcome.setting));
                let base = failing.filter(|_| seen % 2 == 0).map_or_else(|| self.space.usual(), |outcome| outcome.setting.clone());
                let kept = others().fold(base, |setting, other| {
                    if other.holds(&self.space, &setting) { setting } else { self.space.with(&setting, other.levels[0]) }
                });
                return Some(self.space.with(&kept, *other));
            }
        }
        None
    }

    /// What explains the failures: one cause, or one for each code where no single one explains them all. Where nothing failed, that
    /// nothing is wrong.
    pub fn explain(&self) -> Vec<Explanation> {
        let (belief, outcomes) = self.judge(&self.outcomes);
        let explain = |judged: (Belief, Vec<Outcome>)| {
            let explanation = explanation(&judged.0, &judged.1);
            Explanation { is_settled: !self.is_open(&judged), ..explanation }
        };
        if !self.needs_division(&belief) {
            return vec![explain((belief, outcomes))];
        }
        let of_code = |code| explain(self.judge(&self.only(code)));
        let divided: Vec<Explanation> = self.codes().into_iter().map(of_code).collect();
        // Several codes of what comes and goes are one trouble.
        if divided.iter().all(Explanation::is_everywhere) {
            return vec![explain((belief, outcomes))];
        }
        divided
    }
}

fn explanation(belief: &Belief, outcomes: &[Outcome]) -> Explanation {
    let (cause, probability, within, outside) = belief.likeliest();
    // Too few failures to be likelier than accidents: they are what they are, and depend on nothing that is known.
    let (cause, within, outside) = match cause {
        Cause::Nothing if outside.failed > 0 => (&Cause::Trigger(Trigger::default()), outside, Count::default()),
        _ => (cause, within, outside),
    };
    let holds = |setting: &Setting| matches!(cause, Cause::Trigger(trigger) if trigger.holds(belief.space(), setting));
    let explained: Vec<Outcome> = outcomes.iter().filter(|outcome| holds(&outcome.setting)).cloned().collect();
    Explanation { cause: cause.clone(), probability, within, outside, codes: tally(&explained), is_settled: false }
}

/// Codes of failures with their numbers, the most frequent first.
fn tally(outcomes: &[Outcome]) -> Vec<(&'static str, u64)> {
    let mut numbers: BTreeMap<&'static str, u64> = BTreeMap::new();
    outcomes.iter().filter_map(|outcome| outcome.failure).for_each(|code| *numbers.entry(code).or_default() += 1);
    let mut sorted: Vec<_> = numbers.into_iter().collect();
    sorted.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
    sorted
}

#[cfg(test)]
mod tests;
