//! One target's samples in figures: how often it failed and how, how long its answers took, how long they were and what they cost.

use std::collections::BTreeMap;

use serde::Serialize;

use super::MOST_ROUNDS;
use crate::batch::Price;
use crate::diagnosis::{AtFault, Class, Severity};
use crate::sample::Sample;
use crate::statistics::{Interval, Side, Z95, quantile, side_of, trials_to_place, wilson};

/// A target and what it was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    pub target: String,
    pub model: Option<String>,
    /// Secrets masked.
    pub url: String,
    pub price: Option<Price>,
}

/// A sample and when it was taken.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct Taken {
    /// From 1 on.
    pub round: u64,
    /// The place in the round, from 1 on.
    pub place: usize,
    #[serde(flatten)]
    pub sample: Sample,
}

/// How many failures had this code.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Failed {
    pub code: &'static str,
    pub class: Class,
    pub at_fault: AtFault,
    pub count: u64,
}

/// How values are spread.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Spread {
    pub count: usize,
    pub min: f64,
    pub p25: f64,
    pub p50: f64,
    pub p75: f64,
    pub p95: f64,
    pub p99: f64,
    pub max: f64,
}

impl Spread {
    /// None of no values.
    pub fn of(values: impl Iterator<Item = f64>) -> Option<Spread> {
        let mut sorted: Vec<f64> = values.collect();
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| quantile(&sorted, share);
        Some(Spread {
            count: sorted.len(),
            min: at(0.0)?,
            p25: at(0.25)?,
            p50: at(0.5)?,
            p75: at(0.75)?,
            p95: at(0.95)?,
            p99: at(0.99)?,
            max: at(1.0)?,
        })
    }
}

/// One target's figures. Times and lengths are those of the requests that did not fail; warnings are no failures.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct Standing {
    pub target: String,
    pub model: Option<String>,
    pub url: String,
    pub requests: u64,
    pub failed: u64,
    /// The share of failures; none where nothing was asked.
    pub error_rate: Option<f64>,
    /// Wilson's interval of it, at 95 %.
    pub error_rate_interval: Interval,
    /// On which side of the bound it lies.
    pub side: Side,
    /// How many more rounds would tell on which side, if it goes on like this.
    pub more_rounds_for_side: Option<u64>,
    /// The most frequent first.
    pub failures: Vec<Failed>,
    pub warnings: Vec<Failed>,
    pub first_byte_ms: Option<Spread>,
    pub first_token_ms: Option<Spread>,
    pub total_ms: Option<Spread>,
    pub tokens_per_second: Option<Spread>,
    pub answer_tokens: Option<Spread>,
    /// The server did not count all of them.
    pub tokens_are_estimated: bool,
    pub answer_characters: Option<Spread>,
    /// Of a thousand answers, failures that were billed included, in the money of the price; none without a price or an answer.
    pub cost_per_1000: Option<f64>,
    #[serde(skip)]
    pub price: Option<Price>,
    pub samples: Vec<Taken>,
}

impl Standing {
    pub fn of(asked: Asked, samples: Vec<Taken>, bound: f64) -> Standing {
        let requests = samples.len() as u64;
        let failed = samples.iter().filter(|taken| taken.sample.has_failed()).count() as u64;
        let error_rate = (requests > 0).then(|| failed as f64 / requests as f64);
        let side = side_of(failed, requests, bound);
        let answers = || samples.iter().map(|taken| &taken.sample).filter(|sample| !sample.has_failed());
        let spread = |value: fn(&Sample) -> Option<f64>| Spread::of(answers().filter_map(value));
        Standing {
            target: asked.target,
            model: asked.model,
            url: asked.url,
            requests,
            failed,
            error_rate,
            error_rate_interval: wilson(failed, requests, Z95),
            side,
            more_rounds_for_side: error_rate
                .filter(|_| side == Side::Open)
                .and_then(|rate| more(trials_to_place(rate, bound, MOST_ROUNDS), requests)),
            failures: tally(&samples, Severity::Error),
            warnings: tally(&samples, Severity::Warning),
            first_byte_ms: spread(|sample| sample.first_byte_ms),
            first_token_ms: spread(|sample| sample.first_token_ms),
            total_ms: spread(|sample| sample.total_ms),
            tokens_per_second: spread(Sample::tokens_per_second),
            answer_tokens: spread(|sample| Some(sample.answer_tokens.count as f64)),
            tokens_are_estimated: answers().any(|sample| sample.answer_tokens.is_estimate),
            answer_characters: spread(|sample| Some(sample.characters as f64)),
            cost_per_1000: asked.price.and_then(|price| cost(&samples, price)),
            price: asked.price,
            samples,
        }
    }

    pub fn answered(&self) -> u64 {
        self.requests - self.failed
    }

    /// It answers, and nothing proves that it fails too often.
    pub fn is_eligible(&self) -> bool {
        self.side != Side::Over && self.answered() > 0
    }

    /// One value of each answer.
    pub fn values(&self, value: impl Fn(&Sample) -> Option<f64>) -> Vec<f64> {
        self.samples.iter().map(|taken| &taken.sample).filter(|sample| !sample.has_failed()).filter_map(value).collect()
    }

    /// What each answer cost.
    pub fn costs(&self) -> Vec<f64> {
        self.price.map(|price| self.values(|sample| Some(money(sample, price)))).unwrap_or_default()
    }

    /// Failures that are rate limits.
    pub fn rate_limited(&self) -> u64 {
        self.failures.iter().filter(|failed| failed.class == Class::RateLimit).map(|failed| failed.count).sum()
    }
}

/// How many are missing of a forecast, one at least.
pub fn more(forecast: Option<u64>, done: u64) -> Option<u64> {
    forecast.map(|trials| trials.saturating_sub(done).max(1))
}

fn tally(samples: &[Taken], severity: Severity) -> Vec<Failed> {
    let mut counted: BTreeMap<&'static str, Failed> = BTreeMap::new();
    for Taken { sample, .. } in samples.iter().filter(|taken| taken.sample.severity == severity) {
        let fresh = Failed { code: sample.code, class: sample.class, at_fault: sample.at_fault, count: 0 };
        counted.entry(sample.code).or_insert(fresh).count += 1;
    }
    let mut tally: Vec<Failed> = counted.into_values().collect();
    tally.sort_by_key(|failed| std::cmp::Reverse(failed.count));
    tally
}

/// Of one request, as far as it was billed. Where the server counts no tokens they are estimated.
fn money(sample: &Sample, price: Price) -> f64 {
    if sample.billed_tokens.count == 0 {
        return 0.0;
    }
    let answer = sample.answer_tokens.count;
    let prompt = sample.prompt_tokens.unwrap_or_else(|| sample.billed_tokens.count.saturating_sub(answer));
    (prompt as f64 * price.input + answer as f64 * price.output) / 1e6
}

fn cost(samples: &[Taken], price: Price) -> Option<f64> {
    let answers = samples.iter().filter(|taken| !taken.sample.has_failed()).count();
    let all: f64 = samples.iter().map(|taken| money(&taken.sample, price)).sum();
    (answers > 0).then(|| all / answers as f64 * 1000.0)
}
