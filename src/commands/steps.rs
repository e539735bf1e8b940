//! What is told between two attempts: why the one failed, and what the other does about it.

use std::time::Duration;

use super::console::Console;
use crate::cli::Remedy;
use crate::diagnosis::Diagnosis;
use crate::lang::{Text, text};
use crate::plan::Plan;
use crate::report::human;
use crate::resilience::recovery::{Reason, Step};

/// Why there is another attempt. `plan` is what it will send.
pub fn again(diagnosis: &Diagnosis, attempt: u32, of: Option<u32>, step: &Step, plan: &Plan, console: &Console) -> String {
    failed(diagnosis, attempt, of, next(step, plan, console), console)
}

/// Why the input, or a part of it, is asked for in parts of this size.
pub fn split(diagnosis: &Diagnosis, attempt: u32, size: usize, console: &Console) -> String {
    const SPLIT: Text = text("asking in parts of at most {n} characters", "改为分段请求，每段最多 {n} 个字符");
    failed(diagnosis, attempt, None, SPLIT.fill(console.lang, |_| Some(size.to_string())), console)
}

fn failed(diagnosis: &Diagnosis, attempt: u32, of: Option<u32>, next: String, console: &Console) -> String {
    const NUMBERED: Text = text("attempt {n} of {all}: {code}: {title}; {next}", "第 {n} 次（共 {all} 次）：{code}：{title}；{next}");
    const UNNUMBERED: Text = text("attempt {n}: {code}: {title}; {next}", "第 {n} 次：{code}：{title}；{next}");
    let words = if of.is_some() { NUMBERED } else { UNNUMBERED };
    words.fill(console.lang, |slot| {
        Some(match slot {
            "n" => attempt.to_string(),
            "all" => of?.to_string(),
            "code" => diagnosis.verdict.entry.code.to_string(),
            "title" => diagnosis.verdict.say(diagnosis.verdict.entry.title, console.lang),
            "next" => next.clone(),
            _ => return None,
        })
    })
}

fn next(step: &Step, plan: &Plan, console: &Console) -> String {
    let words = match (step.remedy, plan.stream) {
        (Remedy::Wait, _) => text("waiting {wait} as {source} says", "按 {source} 等待 {wait}"),
        (Remedy::Retry, _) => text("waiting {wait} (backoff)", "退避等待 {wait}"),
        (Remedy::Stream, true) => text("asking for a stream instead", "改用流式请求"),
        (Remedy::Stream, false) => text("asking for a plain answer instead", "改用非流式请求"),
        (Remedy::Identity, _) => text("asking without compression", "改为不压缩"),
        (Remedy::MaxTokens, _) => text("asking for at most {tokens} tokens", "将回答限制为最多 {tokens} 个 token"),
        (Remedy::Endpoint, _) => text("asking the endpoint {endpoint} ({model})", "改问 endpoint {endpoint}（{model}）"),
        (Remedy::Model, _) => text("asking the model {model}", "改问模型 {model}"),
        // Those have words of their own.
        (Remedy::Split | Remedy::Continue, _) => text("asking again", "再次请求"),
    };
    words.fill(console.lang, |slot| {
        Some(match slot {
            "wait" => human::milliseconds(step.wait.as_secs_f64() * 1000.0),
            "source" => step.source.clone().unwrap_or_default(),
            "tokens" => plan.max_tokens.unwrap_or_default().to_string(),
            "endpoint" => plan.endpoint.clone(),
            "model" => plan.model.clone().unwrap_or_default(),
            _ => return None,
        })
    })
}

/// Why there is no other attempt; nothing where that needs no words.
pub fn stop(reason: &Reason, attempts: u32, only_retries: bool, console: &Console) -> Option<String> {
    let words = match reason {
        Reason::Over => return None,
        Reason::Exhausted if attempts == 1 => text("nothing that is allowed is left to try", "允许的办法都已用完"),
        Reason::Exhausted => text("no attempt left after {n}", "已用完 {n} 次尝试"),
        Reason::Useless if only_retries => {
            text("not tried again: the same request would fail the same way", "不再重试：同样的请求会同样失败")
        }
        Reason::Useless => text("not tried again: nothing that is allowed can change this cause", "不再重试：允许的办法都改变不了这个原因"),
        Reason::Whole => text(
            "not tried again: the answer is whole, only its frame is wrong, and another one would be paid for again",
            "不再重试：回答是完整的，只是外层有错；再要一次会再付一次钱",
        ),
        Reason::Printed => text(
            "not tried again: part of the answer is on stdout already; --atomic holds it back and makes retries possible",
            "不再重试：部分回答已写到 stdout；--atomic 会先保留不输出，从而可以重试",
        ),
        Reason::AskedTooLong(_) => {
            text("not tried again: {source} asks to wait {wait}, until {until}", "不再重试：{source} 要求等待 {wait}，直到 {until}")
        }
        Reason::OutOfTime => {
            text("not tried again: the next attempt would begin after --retry-max-time", "不再重试：下一次会超过 --retry-max-time")
        }
        Reason::OutOfTokens => {
            text("not tried again: the attempts have cost what --max-cost-tokens allows", "不再重试：已用完 --max-cost-tokens 允许的 token")
        }
    };
    let wait = if let Reason::AskedTooLong(wait) = reason { Some(wait) } else { None };
    Some(words.fill(console.lang, |slot| {
        Some(match slot {
            "n" => attempts.to_string(),
            "source" => wait?.source.clone(),
            "wait" => humantime::format_duration(Duration::from_secs(wait?.duration.as_secs())).to_string(),
            "until" => {
                let until = jiff::Timestamp::now().checked_add(wait?.duration).ok()?;
                until.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
            }
            _ => return None,
        })
    }))
}
