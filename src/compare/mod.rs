//! Several places asked the same in turn: how each stands, which differences chance does not explain, and which of them to use. Samples in,
//! a comparison out, which the printers here only read; nothing is asked from here.
//!
//! In the order of the data: `order` (whose turn it is), `standing` (one target's samples in figures), `contrast` (two targets against each
//! other), `judge` (which one to use, or how many rounds would tell), then `words`, `table`, `markdown` and `html`.

mod contrast;
mod figures;
pub mod file;
mod html;
mod judge;
mod markdown;
mod order;
mod plots;
mod standing;
mod table;
mod tables;
mod terms;
mod words;

pub use contrast::{Better, By, Pair};
pub use judge::Recommendation;
pub use order::Order;
pub use standing::{Asked, Failed, Spread, Standing, Taken};
pub use table::{Page, page};
pub use words::{conclusion, remarks};

use serde::Serialize;

use crate::lang::Lang;

/// No forecast looks further: who would run more rounds?
pub const MOST_ROUNDS: u64 = 5_000;

/// How it was measured.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct Setting {
    /// When the first request left, RFC 3339.
    pub started: String,
    /// Rounds that were to be.
    pub rounds_wanted: u64,
    /// Rounds that were completed.
    pub rounds: u64,
    /// Requests of one round at the same time.
    pub at_once: u16,
    /// Seed of the order within the rounds.
    pub seed: u64,
    /// The share of failures that is too much.
    pub max_error_rate: f64,
    /// Ended by the user before the last round.
    pub is_stopped: bool,
}

/// All that was measured and concluded.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct Comparison {
    pub schema: &'static str,
    /// What made it, with its version.
    pub tool: String,
    pub lang: &'static str,
    #[serde(flatten)]
    pub setting: Setting,
    pub recommendation: Recommendation,
    /// The recommendation in words.
    pub conclusion: String,
    /// What else should be known, in words.
    pub remarks: Vec<String>,
    pub targets: Vec<Standing>,
    /// Every two targets against each other.
    pub pairs: Vec<Pair>,
}

impl Comparison {
    /// `samples` are those of each target, in the same order.
    pub fn of(asked: Vec<Asked>, samples: Vec<Vec<Taken>>, setting: Setting, lang: Lang) -> Comparison {
        let bound = setting.max_error_rate;
        let targets: Vec<Standing> = asked.into_iter().zip(samples).map(|(asked, samples)| Standing::of(asked, samples, bound)).collect();
        let pairs = contrast::all(&targets);
        let recommendation = judge::recommend(&targets, &pairs);
        let mut comparison = Comparison {
            schema: "llmcheck.compare/1",
            tool: concat!("llmcheck ", env!("CARGO_PKG_VERSION")).into(),
            lang: lang.tag(),
            setting,
            recommendation,
            conclusion: String::new(),
            remarks: Vec::new(),
            targets,
            pairs,
        };
        comparison.conclusion = conclusion(&comparison, lang);
        comparison.remarks = remarks(&comparison, lang);
        comparison
    }

    /// 0 where one target at least answered and is not proven to be over the bound, else the exit code of the most frequent class of
    /// failure.
    pub fn exit_code(&self) -> u8 {
        if self.targets.iter().any(|standing| standing.is_eligible()) {
            return 0;
        }
        let mut failures: Vec<&Failed> = self.targets.iter().flat_map(|standing| &standing.failures).collect();
        failures.sort_by_key(|failed| failed.class);
        let of_class = |failed: &&Failed| failures.iter().filter(|other| other.class == failed.class).map(|other| other.count).sum::<u64>();
        failures.iter().max_by_key(|failed| of_class(failed)).map_or(0, |failed| failed.class.exit_code())
    }

    fn standing(&self, target: &str) -> Option<&Standing> {
        self.targets.iter().find(|standing| standing.target == target)
    }

    /// The two targets of a pair.
    fn of_pair(&self, pair: &Pair) -> Option<(&Standing, &Standing)> {
        Some((self.standing(&pair.first)?, self.standing(&pair.second)?))
    }
}

#[cfg(test)]
mod tests;
