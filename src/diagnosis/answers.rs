//! Complete answers that are nevertheless not what one wants: empty, stopped at the token limit, filtered.

use super::{AtFault, Class, Entry, Found, Severity, explain};
use crate::api::reply::{Finish, Usage};
use crate::evidence::Evidence;
use crate::lang::text;

/// What else explains an answer without content.
const NOT_EMPTY_BY_ITSELF: &[&str] = &[
    "other-json",
    "other-api-shape",
    "text-before-json",
    "events-misframed",
    "error-in-success",
    "error-in-stream",
    "stream-without-finish",
    "stream-closed-without-finish",
    "malformed-event",
    "event-cut",
];

/// What else explains that a part of the answer stops.
const CUT_BEFORE: &[&str] = &[
    "interrupted-by-user",
    "relay-wrote-more-than-declared",
    "deadline-passed",
    "stalled-in-body",
    "cut-by-reset",
    "cut-without-tls-close",
    "cut-by-close",
    "malformed-chunk",
    "chunks-without-end",
    "encoded-body-cut",
    "event-cut",
    "malformed-event",
    "done-without-finish",
];

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        code: "empty-body",
        class: Class::UpstreamError,
        severity: Severity::Error,
        at_fault: AtFault::Server,
        retryable: true,
        title: text("status {status}, and no body at all", "状态 {status}，却完全没有响应体"),
        summary: text(
            "No byte of content came. Clients fail with «Unexpected end of JSON input» or «Expecting value: line 1 column 1».",
            "没有收到任何内容。客户端会报「Unexpected end of JSON input」或「Expecting value: line 1 column 1」。",
        ),
        advice: &[
            text("retry once; then try the other mode (--stream or --no-stream)", "重试一次；再换另一种模式（--stream 或 --no-stream）"),
            text(
                "to the operator: a handler that returns without writing, or a proxy that drops the body",
                "给运维：处理函数没有写出内容就返回，或代理丢弃了响应体",
            ),
        ],
        confirm: "{command} -v",
        labels: &[],
        follows: &[
            "interrupted-by-user",
            "empty-body-after-overwrite",
            "conflicting-content-lengths",
            "length-and-chunked",
            "invalid-content-length",
            "cut-after-gateway-timeout",
            "cut-by-reset",
            "cut-without-tls-close",
            "cut-by-close",
            "malformed-chunk",
            "chunks-without-end",
            "stalled-in-body",
            "deadline-passed",
            "encoded-body-cut",
            "coding-mislabelled",
            "error-after-cut-body",
        ],
        explain: explain!("empty-body"),
        examine: |evidence| {
            let has_ended = evidence.framing_is_complete() || evidence.is_stopped_by_us() || evidence.how.is_some();
            let fits = evidence.is_success() && evidence.is_empty() && has_ended;
            fits.then(|| Found::certain().mark_status(evidence))
        },
    },
    Entry {
        code: "no-choices",
        class: Class::UpstreamError,
        severity: Severity::Error,
        at_fault: AtFault::Relay,
        retryable: true,
        title: text("a well-formed answer without a single choice: {what}", "格式正确的回答，却一个 choice 也没有：{what}"),
        summary: text(
            "The API promises at least one choice. Programs fail with an index error, or take it for an empty success. Relays leave this when their upstream fails and they drop its error.",
            "API 保证至少有一个 choice。程序会报索引错误，或当作空的成功。中转在上游失败而丢掉其错误时，会留下这样的回答。",
        ),
        advice: &[
            text("a retry may succeed; whether this attempt was billed stands in the relay's log", "重试可能成功；此次是否计费见中转日志"),
            text(
                "try the other mode (--stream or --no-stream), or another endpoint",
                "换另一种模式（--stream 或 --no-stream），或换 endpoint",
            ),
            text(
                "to the operator: the upstream's own answer is lost here; log it, and pass its error on",
                "给运维：上游的原始回答在这里丢失；请记录并透传它的错误",
            ),
        ],
        confirm: "{command} -v",
        labels: &[],
        follows: NOT_EMPTY_BY_ITSELF,
        explain: explain!("no-choices"),
        examine: |evidence| empty(evidence, false),
    },
    Entry {
        code: "empty-answer",
        class: Class::UpstreamError,
        severity: Severity::Error,
        at_fault: AtFault::Provider,
        retryable: true,
        title: text("a well-formed answer without content: {what}", "格式正确的回答，却没有内容：{what}"),
        summary: text(
            "There is neither text, nor a tool call, nor a refusal, nor reasoning in it. Programs take it for success and show nothing.",
            "其中没有文本、工具调用、拒绝或推理。程序会当作成功，却什么也显示不出来。",
        ),
        advice: &[
            text("a retry may succeed; it is billed", "重试可能成功，但会计费"),
            text(
                "if it repeats, try another model, or a shorter or plainer prompt: filters may empty answers silently",
                "若反复出现，换个模型，或用更短、更直白的提示词：过滤器可能悄悄清空回答",
            ),
        ],
        confirm: "{command} -v",
        labels: &[],
        follows: NOT_EMPTY_BY_ITSELF,
        explain: explain!("empty-answer"),
        examine: |evidence| empty(evidence, true),
    },
    Entry {
        code: "choice-without-finish",
        class: Class::Truncation,
        severity: Severity::Error,
        at_fault: AtFault::Provider,
        retryable: true,
        title: text("choice {which} of {choices} never finished", "{choices} 个 choice 中，第 {which} 号没有结束"),
        summary: text(
            "The other choices have a finish_reason, this one has none: its text stops where it happened to be. SDKs report success.",
            "其他 choice 都有 finish_reason，这一个没有：它的文本停在了半途。SDK 会报告成功。",
        ),
        advice: &[
            text("use the choices that finished; a retry is billed for all of them", "使用已结束的 choice；重试会对全部 choice 计费"),
            text("ask for one choice at a time (n = 1)", "每次只要一个 choice（n = 1）"),
            text(
                "to the operator: the end of one choice must not end the stream; look for a relay that stops at the first finish_reason",
                "给运维：一个 choice 的结束不应结束整个流；检查是否有中转在遇到第一个 finish_reason 时就停止",
            ),
        ],
        confirm: "{command} -v --record evidence.jsonl",
        labels: &[],
        follows: CUT_BEFORE,
        explain: explain!("choice-without-finish"),
        examine: choice_without_finish,
    },
    Entry {
        code: "tool-arguments-cut",
        class: Class::Truncation,
        severity: Severity::Error,
        at_fault: AtFault::Relay,
        retryable: true,
        title: text(
            "the arguments of tool call {call} stop inside their JSON, after {bytes} bytes",
            "第 {call} 个工具调用的参数在 JSON 中途停止，共 {bytes} 字节",
        ),
        summary: text(
            "finish_reason is «{reason}», as if all were said, and the arguments are an object that is never closed. Agents fail with a JSON error, or call the tool with half of its arguments.",
            "finish_reason 为「{reason}」，仿佛已经说完，参数却是一个没有闭合的对象。智能体会报 JSON 错误，或用一半的参数调用工具。",
        ),
        advice: &[
            text("do not run this tool call; a retry is billed", "不要执行这个工具调用；重试会计费"),
            text("raise --max-tokens: some providers call their limit a stop", "调大 --max-tokens：有的服务商到了上限也说是 stop"),
            text(
                "to the operator: a relay lost pieces of the stream (long lines, a broken upstream), or the model's output was not what its tool parser expects",
                "给运维：中转丢了流中的片段（过长的行、上游中断），或模型输出不符合工具解析器的预期",
            ),
        ],
        confirm: "{command} -v --record evidence.jsonl",
        labels: &[],
        follows: CUT_BEFORE,
        explain: explain!("tool-arguments-cut"),
        examine: tool_arguments_cut,
    },
    Entry {
        code: "content-filtered",
        class: Class::ContentFilter,
        severity: Severity::Warning,
        at_fault: AtFault::Provider,
        retryable: false,
        title: text("a content filter stopped the answer", "内容过滤中止了回答"),
        summary: text(
            "finish_reason is «{reason}»: what is printed is what the filter let through.",
            "finish_reason 为「{reason}」：输出的是过滤后剩下的部分。",
        ),
        advice: &[text("rephrase the prompt; a retry gives the same", "改写提示词；重试结果相同")],
        confirm: "{command} -v",
        labels: &[],
        follows: &[],
        explain: explain!("content-filtered"),
        examine: |evidence| {
            let reason = evidence.finish_reason()?;
            is_filter(reason).then(|| Found::certain().value("reason", super::excerpt(reason)))
        },
    },
    Entry {
        code: "token-limit-reached",
        class: Class::TokenLimit,
        severity: Severity::Warning,
        at_fault: AtFault::Client,
        retryable: false,
        title: text("the model stopped at its token limit{limit}", "模型到达 token 上限{limit}而停止"),
        summary: text(
            "finish_reason is «{reason}»: the answer arrived whole, but the model was not done. This is no truncation on the way.",
            "finish_reason 为「{reason}」：回答已完整到达，只是模型还没说完。这不是途中的截断。",
        ),
        advice: &[
            text("raise --max-tokens, or ask for a shorter answer", "调大 --max-tokens，或要求更短的回答"),
            text(
                "reasoning models spend the same budget on thinking: an empty answer here means that thinking used it up",
                "推理模型的思考也占用这份预算：此处回答为空，说明预算被思考用完了",
            ),
        ],
        confirm: "{command} --max-tokens 4096",
        labels: &[],
        follows: &[],
        explain: explain!("token-limit-reached"),
        examine: token_limit_reached,
    },
];

fn is_filter(reason: &str) -> bool {
    Finish::of(reason) == Finish::Filter
}

fn is_token_limit(evidence: &Evidence<'_>) -> bool {
    evidence.finish_reason().is_some_and(|reason| Finish::of(reason) == Finish::TokenLimit)
}

/// Some of several choices came to their end, and another did not.
fn choice_without_finish(evidence: &Evidence<'_>) -> Option<Found> {
    let said = &evidence.reply.as_ref().filter(|_| evidence.is_success() && evidence.error.is_none())?.said;
    let unfinished: Vec<String> =
        said.iter().filter(|choice| choice.finish_reason.is_none()).map(|choice| choice.index.to_string()).collect();
    if unfinished.is_empty() || unfinished.len() == said.len() || evidence.is_stopped_early() {
        return None;
    }
    Some(Found::certain().value("which", super::excerpt(&unfinished.join(", "))).value("choices", said.len()))
}

fn tool_arguments_cut(evidence: &Evidence<'_>) -> Option<Found> {
    let reason = evidence.finish_reason().filter(|reason| Finish::of(reason) == Finish::Stop)?;
    let (call, bytes) = evidence.cut_call().filter(|_| evidence.is_success() && evidence.error.is_none())?;
    Some(Found::likely().value("reason", super::excerpt(reason)).value("call", call + 1).value("bytes", bytes))
}

/// A finished answer without content, with a choice or without.
fn empty(evidence: &Evidence<'_>, with_choice: bool) -> Option<Found> {
    let reply = evidence.reply.as_ref().filter(|_| evidence.is_success() && evidence.error.is_none())?;
    let is_plain = evidence.document.is_some();
    let has_choices = reply.choices.is_some() || super::content::has_null_choices(evidence);
    // A stream that has not finished is told by how it ended.
    let is_over = is_plain || evidence.stream().is_some_and(|stream| stream.is_finished());
    let has_choice = reply.choices.is_some_and(|choices| choices > 0);
    if reply.has_content() || !has_choices || !is_over || has_choice != with_choice {
        return None;
    }
    let has_spent = evidence.usage().is_some_and(has_spent_tokens);
    let is_filtered = evidence.finish_reason().is_some_and(is_filter);
    if is_token_limit(evidence) && has_spent || is_filtered {
        return None;
    }
    let (key, words) = match reply.choices {
        Some(0) | None if is_plain => ("no-choices", text("«choices» is empty", "choices 为空")),
        Some(0) | None => ("no-chunks", text("no chunk has a choice", "没有任何分块带有 choice")),
        Some(_) => ("no-text", text("the text is empty", "文本为空")),
    };
    Some(Found::certain().word("what", key, words))
}

/// Tokens that were made and are not shown were spent on thinking. Gemini's compatible endpoint counts those in the total alone.
fn has_spent_tokens(usage: &Usage) -> bool {
    let completion = usage.completion_tokens.unwrap_or(0);
    let thought = usage.total_tokens.zip(usage.prompt_tokens).is_some_and(|(total, prompt)| total > prompt.saturating_add(completion));
    completion > 0 || thought
}

fn token_limit_reached(evidence: &Evidence<'_>) -> Option<Found> {
    let reason = evidence.finish_reason().filter(|_| is_token_limit(evidence))?;
    if empty(evidence, true).is_some() {
        return None;
    }
    let limit = evidence.asked().max_tokens.map_or_else(String::new, |limit| format!(" ({limit})"));
    Some(Found::certain().value("reason", reason).value("limit", limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of_the_total_that_are_neither_prompt_nor_completion_were_thought() {
        let spent = |prompt, completion, total| {
            has_spent_tokens(&Usage { prompt_tokens: prompt, completion_tokens: completion, total_tokens: total, ..Usage::default() })
        };
        assert!(spent(Some(10), Some(0), Some(500)) && spent(Some(10), None, Some(500)) && spent(None, Some(4), None));
        assert!(!spent(Some(10), Some(0), Some(10)) && !spent(None, None, Some(500)) && !spent(None, None, None));
    }
}
