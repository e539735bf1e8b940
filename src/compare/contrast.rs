//! Two targets against each other: what differs, whether chance explains it, and which of the two is better for that. All odds are
//! corrected together for their number (Holm), so that identical targets are told apart in one comparison of twenty at most.

use serde::Serialize;

use super::MOST_ROUNDS;
use super::standing::{Spread, Standing, more};
use crate::statistics::{Interval, Side, Z95, fisher_two_sided, holm, mann_whitney, newcombe, trials_to_part, z_of};

/// Chance is believed unless its odds are below this.
const LEVEL: f64 = 0.05;
/// A smaller difference of time or money is nobody's reason to change, however sure it is.
const TELLING_SHARE: f64 = 0.1;
/// Nobody notices less.
const TELLING_MS: f64 = 20.0;

/// By what one target is better than another, the weightiest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// It fails less often than the bound, and the other one more often.
    Bound,
    /// It fails less often.
    Success,
    /// Its whole answer comes sooner.
    Speed,
    /// It costs less, and nothing else tells them apart.
    Price,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Better {
    pub target: String,
    pub by: By,
}

/// One figure of two targets.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Contrast {
    pub first: f64,
    pub second: f64,
    /// The odds that chance alone makes such a difference, corrected for the number of tests.
    pub odds: f64,
    /// The difference is large enough to matter.
    pub matters: bool,
}

impl Contrast {
    fn is_shown(&self) -> bool {
        self.matters && self.odds < LEVEL
    }
}

#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct Pair {
    pub first: String,
    pub second: String,
    /// The shares of failures, by Fisher's exact test.
    pub failures: Contrast,
    /// The first's share of failures less the second's: Newcombe's interval at 95 %, for this pair alone.
    pub failures_difference: Interval,
    /// Medians of the time to the end of the answer in milliseconds, by Mann and Whitney's test.
    pub total_ms: Option<Contrast>,
    /// Medians of an answer's cost, by the same.
    pub cost: Option<Contrast>,
    pub better: Option<Better>,
    /// How many more rounds would tell which is better, if they go on like this; none where that is known, or not to be expected.
    pub more_rounds: Option<u64>,
}

/// Every two of them.
pub fn all(targets: &[Standing]) -> Vec<Pair> {
    let sides = |index: usize| targets[index + 1..].iter().map(move |second| (&targets[index], second));
    let sides: Vec<(&Standing, &Standing)> = (0..targets.len()).flat_map(sides).collect();
    let mut drafts: Vec<Draft> = sides.iter().map(|(first, second)| Draft::of(first, second)).collect();
    let odds: Vec<f64> = drafts.iter_mut().flat_map(Draft::contrasts).map(|contrast| contrast.odds).collect();
    let tests = odds.len();
    let corrected = holm(&odds);
    drafts.iter_mut().flat_map(Draft::contrasts).zip(corrected).for_each(|(contrast, odds)| contrast.odds = odds);
    drafts.into_iter().zip(sides).map(|(draft, (first, second))| draft.finish(first, second, tests)).collect()
}

/// Standard errors that a difference must show, if it is to be believed among all these tests.
pub fn level(pairs: &[Pair]) -> f64 {
    let tests = pairs.iter().map(|pair| 1 + usize::from(pair.total_ms.is_some()) + usize::from(pair.cost.is_some())).sum::<usize>();
    z_of(LEVEL / tests.max(1) as f64)
}

/// A pair before its odds are corrected.
struct Draft {
    failures: Contrast,
    total_ms: Option<Contrast>,
    /// In standard errors, as far as it went.
    total_z: f64,
    cost: Option<Contrast>,
}

impl Draft {
    fn of(first: &Standing, second: &Standing) -> Draft {
        let odds = fisher_two_sided(first.failed, first.requests, second.failed, second.requests);
        let failures = Contrast { first: first.error_rate.unwrap_or(0.0), second: second.error_rate.unwrap_or(0.0), odds, matters: true };
        let total = |standing: &Standing| standing.values(|sample| sample.total_ms);
        let (total_ms, total_z) = ranked(&total(first), &total(second), TELLING_MS).unzip();
        let cost = ranked(&first.costs(), &second.costs(), 0.0).map(|(contrast, _)| contrast);
        Draft { failures, total_ms, total_z: total_z.unwrap_or(0.0), cost }
    }

    fn contrasts(&mut self) -> impl Iterator<Item = &mut Contrast> {
        [Some(&mut self.failures), self.total_ms.as_mut(), self.cost.as_mut()].into_iter().flatten()
    }

    fn finish(self, first: &Standing, second: &Standing, tests: usize) -> Pair {
        let better = self.better(first, second);
        let z = z_of(LEVEL / tests.max(1) as f64);
        Pair {
            first: first.target.clone(),
            second: second.target.clone(),
            failures_difference: newcombe(first.failed, first.requests, second.failed, second.requests, Z95),
            more_rounds: if better.is_none() { self.more_rounds(first, second, z) } else { None },
            better,
            failures: self.failures,
            total_ms: self.total_ms,
            cost: self.cost,
        }
    }

    /// Success weighs more than speed, and speed more than money.
    fn better(&self, first: &Standing, second: &Standing) -> Option<Better> {
        let is_first = |contrast: &Contrast| contrast.first < contrast.second;
        let shown = |contrast: Option<&Contrast>| contrast.filter(|contrast| contrast.is_shown()).map(is_first);
        let (first_is_better, by) = match (first.side, second.side) {
            (Side::Under, Side::Over) => (true, By::Bound),
            (Side::Over, Side::Under) => (false, By::Bound),
            _ => shown(Some(&self.failures))
                .map(|is_first| (is_first, By::Success))
                .or_else(|| shown(self.total_ms.as_ref()).map(|is_first| (is_first, By::Speed)))
                .or_else(|| shown(self.cost.as_ref()).map(|is_first| (is_first, By::Price)))?,
        };
        let (winner, loser) = if first_is_better { (first, second) } else { (second, first) };
        // What fails too often is not made better by being fast.
        let is_worth_it = winner.side != Side::Over || loser.side == Side::Over;
        is_worth_it.then(|| Better { target: winner.target.clone(), by })
    }

    /// Until the first of the differences that are large enough would be beyond chance.
    fn more_rounds(&self, first: &Standing, second: &Standing, z: f64) -> Option<u64> {
        let done = first.requests.min(second.requests);
        let rates = first.error_rate.zip(second.error_rate);
        let by_success = rates.and_then(|(one, other)| more(trials_to_part(one, other, z, MOST_ROUNDS), done));
        // Standard errors shrink with the root of the number.
        let needed = (done as f64 * (z / self.total_z).powi(2)).ceil();
        let by_speed = self.total_ms.filter(|contrast| contrast.matters && needed <= MOST_ROUNDS as f64).map(|_| needed as u64);
        // Where one is over the bound, it is enough to know that the other is not.
        let by_bound = match (first.side, second.side) {
            (Side::Over, Side::Open) => second.more_rounds_for_side.filter(|_| second.error_rate < first.error_rate),
            (Side::Open, Side::Over) => first.more_rounds_for_side.filter(|_| first.error_rate < second.error_rate),
            _ => None,
        };
        by_success.into_iter().chain(more(by_speed, done)).chain(by_bound).min()
    }
}

/// Medians and the odds of chance, and by how many standard errors the ranks are off.
fn ranked(first: &[f64], second: &[f64], least: f64) -> Option<(Contrast, f64)> {
    let ranked = mann_whitney(first, second)?;
    let median = |values: &[f64]| Spread::of(values.iter().copied()).map(|spread| spread.p50);
    let (one, other) = (median(first)?, median(second)?);
    let difference = (one - other).abs();
    // Ranks may lean the other way than the medians; then neither is to be believed.
    let agrees = (one - other) * ranked.z > 0.0;
    let matters = agrees && difference >= TELLING_SHARE * one.max(other) && difference >= least;
    Some((Contrast { first: one, second: other, odds: ranked.odds, matters }, ranked.z))
}
