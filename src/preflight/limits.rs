//! What the model's maker says against the request: a prompt that cannot fit, an answer that is too long, parameters that are refused.
//! Relays map names, rewrite parameters and clip prompts, so that only what is certain behind them too is said of them.

use serde_json::Value;

use super::host::{self, Place};
use super::{Draft, Entry, Warning};
use crate::api::families::{self, Family};
use crate::api::tokens;
use crate::lang::text;

pub(super) static PROMPT_OVER_WINDOW: Entry = Entry {
    name: "prompt-over-context-window",
    title: text(
        "the prompt is some {low} to {high} tokens by estimate; {model} takes {window}",
        "提示词估计有 {low} 至 {high} 个 token；{model} 最多接受 {window}",
    ),
    fix: text(
        "send less (--keep-turns trims a history), or choose a model with a longer window",
        "请减小请求（--keep-turns 可截短历史），或换用窗口更长的模型",
    ),
};

pub(super) static ANSWER_OVER_WINDOW: Entry = Entry {
    name: "answer-over-context-window",
    title: text(
        "the prompt (by estimate {low} to {high} tokens) and the {answer} asked for in max_tokens are more than the {window} of {model}",
        "提示词（估计 {low} 至 {high} 个 token）加上 max_tokens 要求的 {answer}，超过 {model} 的 {window}",
    ),
    fix: text("ask for fewer tokens, or send less", "请调小 max_tokens，或减小请求"),
};

pub(super) static ANSWER_OVER_MAXIMUM: Entry = Entry {
    name: "max-tokens-over-maximum",
    title: text(
        "max_tokens asks for {answer}; {maker} refuses more than {most} for {model}",
        "max_tokens 要求 {answer}；{maker} 对 {model} 最多接受 {most}",
    ),
    fix: text("ask for {most} or fewer", "请不超过 {most}"),
};

pub(super) static MAX_TOKENS_REFUSED: Entry = Entry {
    name: "max-tokens-refused",
    title: text("{maker} refuses max_tokens for {model}", "{maker} 对 {model} 拒绝 max_tokens"),
    fix: text(
        "use max_completion_tokens (--max-completion-tokens {answer})",
        "请改用 max_completion_tokens（--max-completion-tokens {answer}）",
    ),
};

pub(super) static SAMPLING_REFUSED: Entry = Entry {
    name: "sampling-refused",
    title: text(
        "{maker} refuses {parameters} for {model}, which takes only the default",
        "{maker} 对 {model} 拒绝 {parameters}，只接受默认值",
    ),
    fix: text("leave {parameters} out", "请去掉 {parameters}"),
};

pub(super) fn check(draft: &Draft<'_>, warnings: &mut Vec<Warning>) {
    let Some(family) = draft.plan.model.as_deref().and_then(families::find) else {
        return;
    };
    let api = host::known(&draft.plan.target.host);
    // OpenRouter leaves out the middle of a prompt that is too long for a small window, and Azure's names are the user's own.
    let takes_prompts_as_they_are = api.is_none_or(|api| !matches!(api.name, "Azure" | "OpenRouter"));
    let is_own_host = api.is_some_and(|api| api.maker == Some(family.maker));
    let longest_answer = longest_answer(draft, family).filter(|_| is_own_host);
    if draft.place == Place::Public && takes_prompts_as_they_are {
        // An answer that is too long for any prompt needs no other reason.
        warnings.extend(window(draft, family, longest_answer.is_none()));
    }
    warnings.extend(longest_answer);
    if is_own_host {
        warnings.extend(max_tokens_refused(draft, family));
        warnings.extend(sampling_refused(draft, family));
    }
}

/// The values that all of these name.
fn values<const N: usize>(draft: &Draft<'_>, family: &Family, more: [(&'static str, String); N]) -> Vec<(&'static str, String)> {
    let model = draft.plan.model.clone().unwrap_or_default();
    let common = [("model", model), ("maker", family.maker.name().to_string())];
    common.into_iter().chain(more).collect()
}

fn window(draft: &Draft<'_>, family: &Family, with_answer: bool) -> Option<Warning> {
    let window = family.window?;
    let prompt = tokens::of_request(&draft.body);
    let answer = answer(draft).filter(|_| with_answer && family.counts_answer).unwrap_or(0);
    let entry = if prompt.low > window { &PROMPT_OVER_WINDOW } else { &ANSWER_OVER_WINDOW };
    (prompt.low.saturating_add(answer) > window).then(|| {
        let numbers = [("low", prompt.low), ("high", prompt.high), ("answer", answer), ("window", window)];
        entry.with(values(draft, family, numbers.map(|(name, number)| (name, number.to_string()))))
    })
}

/// The length that the request asks for, under either name.
fn answer(draft: &Draft<'_>) -> Option<u64> {
    draft.body["max_tokens"].as_u64().or(draft.body["max_completion_tokens"].as_u64())
}

fn longest_answer(draft: &Draft<'_>, family: &Family) -> Option<Warning> {
    let (answer, most) = (answer(draft)?, family.longest_answer?);
    (answer > most).then(|| ANSWER_OVER_MAXIMUM.with(values(draft, family, [("answer", answer.to_string()), ("most", most.to_string())])))
}

fn max_tokens_refused(draft: &Draft<'_>, family: &Family) -> Option<Warning> {
    let asked = draft.body["max_tokens"].as_u64()?;
    family.refuses_max_tokens.then(|| MAX_TOKENS_REFUSED.with(values(draft, family, [("answer", asked.to_string())])))
}

fn sampling_refused(draft: &Draft<'_>, family: &Family) -> Option<Warning> {
    if !family.refuses_sampling {
        return None;
    }
    let body = &draft.body;
    let differs = |name: &str, default: f64| body[name].as_f64().is_some_and(|value| value != default);
    let numbers = [("temperature", 1.0), ("top_p", 1.0), ("presence_penalty", 0.0), ("frequency_penalty", 0.0)];
    let mut refused: Vec<&str> = numbers.iter().filter(|(name, default)| differs(name, *default)).map(|(name, _)| *name).collect();
    if body["logprobs"] == Value::Bool(true) {
        refused.push("logprobs");
    }
    if body["logit_bias"].as_object().is_some_and(|bias| !bias.is_empty()) {
        refused.push("logit_bias");
    }
    (!refused.is_empty()).then(|| SAMPLING_REFUSED.with(values(draft, family, [("parameters", refused.join(", "))])))
}
