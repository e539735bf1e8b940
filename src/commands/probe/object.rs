//! All that a probe brought as one JSON object, `llmcheck.probe/1`. Keys are only ever added.

use serde_json::{Value, json};

use super::Probed;
use super::drive::{Driven, Ended};
use crate::lang::Lang;
use crate::probe::belief::Cause;
use crate::probe::experiment::Explanation;
use crate::probe::words::way_around;

pub fn of(probed: &Probed<'_>, lang: Lang) -> Value {
    let here = &probed.requests.here;
    let class = probed.class();
    json!({
        "schema": "llmcheck.probe/1",
        "tool": concat!("llmcheck ", env!("CARGO_PKG_VERSION")),
        "endpoint": here.endpoint,
        "url": here.target.url(),
        "model": here.model,
        "proxy": here.proxy.as_ref().map(|proxy| proxy.url()),
        "against": probed.requests.there.as_ref().map(|there| there.endpoint.clone()),
        "class": class,
        "exit_code": class.exit_code(),
        "stages": probed.walk.stages,
        "stage_requests": probed.walk.requests,
        "experiment": probed.driven.map(|driven| experiment(probed, driven, lang)),
        "out_of_time": probed.is_out_of_time || probed.driven.is_some_and(|driven| driven.ended == Ended::OutOfTime),
        "experiment_left_out": probed.is_left_out,
        "difference": probed.difference.map(|compared| json!({ "a": compared.ways[0], "b": compared.ways[1], "difference": compared.difference })),
        "recordings": probed.recordings.map(|directory| directory.display().to_string()),
        "command": probed.command,
        "lang": lang.tag(),
    })
}

fn experiment(probed: &Probed<'_>, driven: &Driven, lang: Lang) -> Value {
    let explanations: Vec<Value> = driven.experiment.explain().iter().map(|one| explanation(probed, driven, one, lang)).collect();
    json!({
        "explanations": explanations,
        "factors": driven.experiment.space().factors.iter().map(|(factor, levels)| json!({ "factor": factor, "levels": levels })).collect::<Vec<_>>(),
        "given_up": driven.given_up,
        "requests": driven.requests,
        "most_requests": driven.most_requests,
        "tokens": driven.tokens,
        "stopped_by": driven.stopper.as_ref().map(|(code, told)| json!({ "code": code, "told": told })),
        "seed": driven.seed,
        "ended": driven.ended,
        "trials": driven.trials,
    })
}

fn explanation(probed: &Probed<'_>, driven: &Driven, explanation: &Explanation, lang: Lang) -> Value {
    let (kind, trigger) = match &explanation.cause {
        Cause::Nothing => ("nothing", None),
        Cause::Trigger(trigger) if trigger.0.is_empty() => ("everywhere", Some(trigger)),
        Cause::Trigger(trigger) => ("trigger", Some(trigger)),
    };
    let around = trigger.and_then(|trigger| way_around(trigger, driven.experiment.space(), driven.experiment.outcomes(), &probed.names));
    let codes: Vec<Value> =
        explanation.codes.iter().map(|(code, n)| json!({ "code": code, "count": n, "told": driven.told.get(code) })).collect();
    json!({
        "cause": kind,
        "trigger": trigger.map(|trigger| &trigger.0),
        "constant": explanation.within.of > 0 && explanation.is_constant(),
        "sure": explanation.is_sure(),
        "probability": explanation.probability,
        "within": explanation.within,
        "outside": explanation.outside,
        "codes": codes,
        "sentence": probed.names.sentence(explanation, lang),
        "use": around,
        "via": driven.via(explanation),
    })
}
