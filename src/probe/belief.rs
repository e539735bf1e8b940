//! What failures depend on, as far as the observations tell: each explanation with its probability given what was seen.
//!
//! An explanation is a trigger: a conjunction of claims on at most three factors, or none («whatever the settings»), or that nothing is
//! wrong. Within its trigger a fault is either constant or comes and goes; outside of it failures are rare accidents. The likelihoods are
//! beta-binomial; simpler explanations are likelier beforehand, so that a complicated one needs more evidence.

use std::rc::Rc;

use super::factor::{Claim, Factor, Level, Setting, Space};

/// At most so many claims make a trigger.
const LONGEST: usize = 3;
/// How likely it is beforehand that nothing fails, that failures depend on no factor, on one, on two or on three.
const NOTHING: f64 = 0.5;
const BY_CLAIMS: [f64; LONGEST + 1] = [0.14, 0.2, 0.13, 0.03];
/// Within a trigger: how likely the fault is constant rather than sporadic.
const CONSTANT_SHARE: f64 = 0.6;
/// Beta parameters of the rate of failures: of a constant fault, of a sporadic one, and where there is none.
const CONSTANT: (f64, f64) = (80.0, 0.8);
const SPORADIC: (f64, f64) = (1.2, 1.5);
const SOUND: (f64, f64) = (0.3, 60.0);

/// More observations than this are not counted.
const MOST: usize = 1000;
/// Explanations less likely than this are not looked at when the next setting is chosen.
const NEGLIGIBLE: f64 = 1e-4;
/// Of so many settings, drawn at random, the most telling one is taken: nearly the best of all, for a fraction of the arithmetic.
const LOOKED_AT: usize = 96;

/// What was seen in one setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    pub setting: Setting,
    pub has_failed: bool,
}

/// A conjunction of claims, each on a factor of its own; of none, it holds always.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Trigger(pub Vec<Claim>);

impl Trigger {
    pub fn holds(&self, space: &Space, setting: &Setting) -> bool {
        self.0.iter().all(|claim| claim.holds(space, setting))
    }
}

/// An explanation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    Nothing,
    Trigger(Trigger),
}

/// How often it failed among how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Count {
    pub failed: u64,
    pub of: u64,
}

impl Count {
    fn add(&mut self, has_failed: bool) {
        self.of += 1;
        self.failed += u64::from(has_failed);
    }
}

/// All explanations within a space, weighed.
#[derive(Clone)]
pub struct Belief {
    space: Rc<Space>,
    settings: Rc<Vec<Setting>>,
    causes: Vec<Held>,
    odds: Rc<Odds>,
}

#[derive(Clone)]
struct Held {
    cause: Rc<Cause>,
    /// Logarithm of the probability beforehand.
    prior: f64,
    /// Which of the space's settings are within.
    members: Rc<[bool]>,
    within: Count,
    outside: Count,
    probability: f64,
}

impl Belief {
    pub fn new(space: &Space) -> Belief {
        let settings = space.settings();
        let by_claims = triggers(space);
        let mut causes = vec![(Cause::Nothing, NOTHING)];
        for (share, triggers) in BY_CLAIMS.iter().zip(by_claims) {
            let each = share / triggers.len().max(1) as f64;
            causes.extend(triggers.into_iter().map(|trigger| (Cause::Trigger(trigger), each)));
        }
        let masks: Vec<u32> = settings.iter().map(|setting| mask(space.levels(setting))).collect();
        let held = causes.into_iter().map(|(cause, prior)| {
            let needs: Option<Vec<u32>> = match &cause {
                Cause::Nothing => None,
                Cause::Trigger(trigger) => Some(trigger.0.iter().map(|claim| mask(claim.levels.iter().copied())).collect()),
            };
            let members =
                masks.iter().map(|levels| needs.as_ref().is_some_and(|needs| needs.iter().all(|need| need & levels != 0))).collect();
            Held {
                cause: Rc::new(cause),
                prior: prior.ln(),
                members,
                within: Count::default(),
                outside: Count::default(),
                probability: prior,
            }
        });
        let causes = held.collect();
        Belief { space: Rc::new(space.clone()), causes, settings: Rc::new(settings), odds: Rc::new(Odds::new()) }
    }

    /// What these observations leave of each explanation.
    pub fn after(&self, seen: &[Seen]) -> Belief {
        let mut belief = self.clone();
        seen.iter().for_each(|seen| belief.count(seen));
        belief.weigh();
        belief
    }

    fn count(&mut self, seen: &Seen) {
        let Some(place) = self.settings.iter().position(|setting| *setting == seen.setting) else {
            return;
        };
        for held in &mut self.causes {
            let side = if held.members[place] { &mut held.within } else { &mut held.outside };
            side.add(seen.has_failed);
        }
    }

    fn weigh(&mut self) {
        let logs: Vec<f64> = self.causes.iter().map(|held| held.prior + self.odds.of(held)).collect();
        let highest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = logs.iter().map(|log| (log - highest).exp()).sum();
        for (held, log) in self.causes.iter_mut().zip(logs) {
            held.probability = (log - highest).exp() / total;
        }
    }

    /// The likeliest explanation, its probability, and what was seen within its trigger and outside.
    pub fn likeliest(&self) -> (&Cause, f64, Count, Count) {
        let best = self.causes.iter().max_by(|a, b| a.probability.total_cmp(&b.probability));
        // There is always the explanation that nothing is wrong.
        best.map_or((&Cause::Nothing, 1.0, Count::default(), Count::default()), |held| {
            (&held.cause, held.probability, held.within, held.outside)
        })
    }

    /// The setting of which a look is expected to tell the most, for what it costs. `cost` gives a setting's, or none where it is not to
    /// be had; of equals the first in the order that `shuffle` makes.
    pub fn most_telling(&self, cost: impl Fn(&Setting) -> Option<f64>, shuffle: impl FnOnce(&mut Vec<usize>)) -> Option<&Setting> {
        let mut order: Vec<usize> = (0..self.settings.len()).collect();
        shuffle(&mut order);
        order.truncate(LOOKED_AT);
        let alive = self.causes.iter().filter(|held| held.probability > NEGLIGIBLE);
        let alive: Vec<(&Held, f64, f64)> = alive.map(|held| (held, self.odds.rate_within(held), rate_outside(held))).collect();
        let mut best: Option<(f64, usize)> = None;
        for place in order {
            let Some(cost) = cost(&self.settings[place]) else { continue };
            let gain = information(alive.iter().map(|(held, within, outside)| {
                let rate = if held.members[place] { *within } else { *outside };
                (held.probability, rate)
            })) / cost;
            if best.is_none_or(|(known, _)| gain > known + 1e-12) {
                best = Some((gain, place));
            }
        }
        best.map(|(_, place)| &self.settings[place])
    }

    pub fn space(&self) -> &Space {
        &self.space
    }
}

/// A bit for each level.
fn mask(levels: impl Iterator<Item = Level>) -> u32 {
    levels.fold(0, |mask, level| mask | 1 << level as u32)
}

/// The triggers of no claim, of one, of two and of three.
fn triggers(space: &Space) -> [Vec<Trigger>; LONGEST + 1] {
    let claims = space.claims();
    let mut all = [vec![Trigger::default()], Vec::new(), Vec::new(), Vec::new()];
    for length in 1..=LONGEST {
        // Claims come in the order of their factors: each next one is on a later factor.
        let longer = all[length - 1].iter().flat_map(|shorter| {
            let last = shorter.0.last().map(|claim| claim.factor);
            let later = claims.iter().filter(move |claim| last.is_none_or(|last| place(space, claim) > place_of(space, last)));
            later.map(|claim| Trigger([&shorter.0[..], std::slice::from_ref(claim)].concat()))
        });
        all[length] = longer.collect();
    }
    all
}

fn place(space: &Space, claim: &Claim) -> usize {
    place_of(space, claim.factor)
}

fn place_of(space: &Space, factor: Factor) -> usize {
    space.factors.iter().position(|(own, _)| *own == factor).unwrap_or(usize::MAX)
}

/// Logarithms that are needed again and again: of the rising factorials of the beta parameters.
struct Odds {
    constant: [Vec<f64>; 3],
    sporadic: [Vec<f64>; 3],
    sound: [Vec<f64>; 3],
}

impl Odds {
    fn new() -> Odds {
        let rising = |from: f64| {
            let mut sum = 0.0;
            let steps = (0..MOST).map(|step| {
                sum += (from + step as f64).ln();
                sum
            });
            std::iter::once(0.0).chain(steps).collect()
        };
        let of = |(a, b): (f64, f64)| [rising(a), rising(b), rising(a + b)];
        Odds { constant: of(CONSTANT), sporadic: of(SPORADIC), sound: of(SOUND) }
    }

    fn of(&self, held: &Held) -> f64 {
        self.within(held.within) + log_beta_binomial(held.outside, &self.sound)
    }

    /// Of a trigger that was never met nothing is known.
    fn within(&self, count: Count) -> f64 {
        let constant = CONSTANT_SHARE.ln() + log_beta_binomial(count, &self.constant);
        let sporadic = (1.0 - CONSTANT_SHARE).ln() + log_beta_binomial(count, &self.sporadic);
        let highest = constant.max(sporadic);
        highest + ((constant - highest).exp() + (sporadic - highest).exp()).ln()
    }

    /// The rate of failures that is to be expected within the trigger.
    fn rate_within(&self, held: &Held) -> f64 {
        let one_more = self.within(Count { failed: held.within.failed + 1, of: held.within.of + 1 });
        (one_more - self.within(held.within)).exp()
    }
}

/// How likely just this sequence of failures and successes is where the rate has a beta distribution.
fn log_beta_binomial(count: Count, [failures, successes, all]: &[Vec<f64>; 3]) -> f64 {
    let at = |sums: &Vec<f64>, steps: u64| sums[(steps as usize).min(MOST)];
    at(failures, count.failed) + at(successes, count.of - count.failed) - at(all, count.of)
}

fn rate_outside(held: &Held) -> f64 {
    (SOUND.0 + held.outside.failed as f64) / (SOUND.0 + SOUND.1 + held.outside.of as f64)
}

/// What a look that fails with these rates, each with its probability, is expected to tell of which of them it is: in nats.
fn information(rates: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (mut expected, mut known, mut all) = (0.0, 0.0, 0.0);
    for (probability, rate) in rates {
        expected += probability * rate;
        known += probability * entropy(rate);
        all += probability;
    }
    entropy(expected / all) - known / all
}

fn entropy(rate: f64) -> f64 {
    let part = |rate: f64| if rate <= 0.0 { 0.0 } else { -rate * rate.ln() };
    part(rate) + part(1.0 - rate)
}
