//! All that a probe brought as one JSON object, `llmcheck.probe/1`: a contract. Keys are only ever added.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use super::drive::{Driven, Ended, Told, Trial};
use super::{Compared, Probed};
use crate::diagnosis::Class;
use crate::difference::Difference;
use crate::lang::Lang;
use crate::probe::belief::{Cause, Count, Trigger};
use crate::probe::experiment::Explanation;
use crate::probe::factor::{Claim, Factor, Level};
use crate::probe::stage::Stage;
use crate::probe::words::{WayAround, way_around};

#[derive(Debug, Serialize, JsonSchema)]
pub struct Object<'a> {
    schema: &'static str,
    tool: &'static str,
    endpoint: &'a str,
    url: String,
    model: Option<&'a str>,
    /// Without its credentials.
    proxy: Option<String>,
    /// The endpoint of `--against`.
    against: Option<&'a str>,
    /// The class of most failures.
    class: Class,
    exit_code: u8,
    stages: &'a [Stage],
    /// Requests that the stages took.
    stage_requests: u32,
    experiment: Option<ExperimentObject<'a>>,
    /// `--max-time` was over before enough was known.
    out_of_time: bool,
    /// It would have been of use, and was not made.
    experiment_left_out: bool,
    difference: Option<DifferenceObject<'a>>,
    /// The directory of the recordings.
    recordings: Option<String>,
    command: &'a str,
    lang: &'static str,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ExperimentObject<'a> {
    /// One, or one for each code where no single one explains all failures.
    explanations: Vec<ExplanationObject<'a>>,
    factors: Vec<FactorObject<'a>>,
    /// Levels that could not be had.
    given_up: &'a [Level],
    requests: u32,
    most_requests: u32,
    tokens: u64,
    stopped_by: Option<Stopper<'a>>,
    seed: u64,
    ended: Ended,
    trials: &'a [Trial],
}

#[derive(Debug, Serialize, JsonSchema)]
struct FactorObject<'a> {
    factor: Factor,
    levels: &'a [Level],
}

#[derive(Debug, Serialize, JsonSchema)]
struct Stopper<'a> {
    code: &'a str,
    told: &'a Told,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ExplanationObject<'a> {
    cause: CauseKind,
    /// The claims that hold together whenever it fails; empty where it fails however it is asked.
    trigger: Option<Vec<Claim>>,
    /// It failed each time within the trigger.
    constant: bool,
    sure: bool,
    probability: f64,
    within: Count,
    outside: Count,
    codes: Vec<CodeObject<'a>>,
    sentence: String,
    /// A way to ask that never failed.
    r#use: Option<WayAround>,
    /// Who shows in the failures' heads or certificates.
    via: Option<&'a str>,
}

#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum CauseKind {
    Nothing,
    Everywhere,
    Trigger,
}

#[derive(Debug, Serialize, JsonSchema)]
struct CodeObject<'a> {
    code: &'static str,
    count: u64,
    told: Option<&'a Told>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct DifferenceObject<'a> {
    /// The way that is thought to be clean.
    a: Level,
    /// The suspected one.
    b: Level,
    difference: &'a Difference,
}

impl<'a> Object<'a> {
    pub(super) fn of(probed: &'a Probed<'_>, lang: Lang) -> Object<'a> {
        let here = &probed.requests.here;
        let class = probed.class();
        Object {
            schema: "llmcheck.probe/1",
            tool: concat!("llmcheck ", env!("CARGO_PKG_VERSION")),
            endpoint: &here.endpoint,
            url: here.target.url(),
            model: here.model.as_deref(),
            proxy: here.proxy.as_ref().map(|proxy| proxy.url()),
            against: probed.requests.there.as_ref().map(|there| there.endpoint.as_str()),
            class,
            exit_code: class.exit_code(),
            stages: &probed.walk.stages,
            stage_requests: probed.walk.requests,
            experiment: probed.driven.map(|driven| ExperimentObject::of(probed, driven, lang)),
            out_of_time: probed.is_out_of_time || probed.driven.is_some_and(|driven| driven.ended == Ended::OutOfTime),
            experiment_left_out: probed.is_left_out,
            difference: probed.difference.map(|Compared { ways: [a, b], difference }| DifferenceObject { a: *a, b: *b, difference }),
            recordings: probed.recordings.map(Path::display).map(|directory| directory.to_string()),
            command: &probed.command,
            lang: lang.tag(),
        }
    }
}

impl<'a> ExperimentObject<'a> {
    fn of(probed: &Probed<'_>, driven: &'a Driven, lang: Lang) -> ExperimentObject<'a> {
        let factors = &driven.experiment.space().factors;
        ExperimentObject {
            explanations: driven.experiment.explain().iter().map(|one| ExplanationObject::of(probed, driven, one, lang)).collect(),
            factors: factors.iter().map(|(factor, levels)| FactorObject { factor: *factor, levels }).collect(),
            given_up: &driven.given_up,
            requests: driven.requests,
            most_requests: driven.most_requests,
            tokens: driven.tokens,
            stopped_by: driven.stopper.as_ref().map(|(code, told)| Stopper { code, told }),
            seed: driven.seed,
            ended: driven.ended,
            trials: &driven.trials,
        }
    }
}

impl<'a> ExplanationObject<'a> {
    fn of(probed: &Probed<'_>, driven: &'a Driven, explanation: &Explanation, lang: Lang) -> ExplanationObject<'a> {
        let (cause, trigger) = match &explanation.cause {
            Cause::Nothing => (CauseKind::Nothing, None),
            Cause::Trigger(trigger) if trigger.0.is_empty() => (CauseKind::Everywhere, Some(trigger)),
            Cause::Trigger(trigger) => (CauseKind::Trigger, Some(trigger)),
        };
        let around = |trigger: &Trigger| way_around(trigger, driven.experiment.space(), driven.experiment.outcomes(), &probed.names);
        ExplanationObject {
            cause,
            trigger: trigger.map(|trigger| trigger.0.clone()),
            constant: explanation.within.of > 0 && explanation.is_constant(),
            sure: explanation.is_sure(),
            probability: explanation.probability,
            within: explanation.within,
            outside: explanation.outside,
            codes: explanation.codes.iter().map(|(code, count)| CodeObject { code, count: *count, told: driven.told.get(code) }).collect(),
            sentence: probed.names.sentence(explanation, lang),
            r#use: trigger.and_then(around),
            via: driven.via(explanation),
        }
    }
}
