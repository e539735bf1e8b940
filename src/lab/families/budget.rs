//! Limits that are kept: what is within them is answered well, what is above is refused until time has passed.
//! Each says as much of itself as one kind of server does, from fields on every answer to none at all.

use std::io;
use std::time::{Duration, Instant, SystemTime};

use super::{HEALTHY, answer_well, scenario};
use crate::lab::Scenario;
use crate::lab::answer::Answer;
use crate::lab::exchange::Exchange;
use crate::lab::link::Ending;
use crate::lab::memory::{Bucket, Limit, Memory};
use crate::lang::text;

const TOO_MANY: &str = "429 Too Many Requests";

const REQUESTS: Limit = Limit { burst: 20, unit: Duration::from_millis(50) };
const TOKENS: Limit = Limit { burst: 2000, unit: Duration::from_micros(500) };
const UNTOLD_REQUESTS: Limit = Limit { burst: 5, unit: Duration::from_millis(50) };

const WINDOW: Duration = Duration::from_secs(2);
const REQUESTS_IN_WINDOW: u32 = 20;

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario(
        "limits-requests",
        text(
            "allows 20 requests per second and says on every answer what is left, as OpenAI does",
            "每秒允许 20 个请求，每个回答都写明余量，与 OpenAI 相同",
        ),
        HEALTHY,
        |exchange| limit(exchange, Some(REQUESTS), None),
    ),
    scenario(
        "limits-tokens",
        text(
            "allows 2000 tokens per second and says on every answer what is left, as OpenAI does",
            "每秒允许 2000 个 token，每个回答都写明余量，与 OpenAI 相同",
        ),
        HEALTHY,
        |exchange| limit(exchange, None, Some(TOKENS)),
    ),
    scenario(
        "limits-both",
        text(
            "allows 20 requests and 2000 tokens per second and says on every answer what is left of both",
            "每秒允许 20 个请求和 2000 个 token，每个回答都写明两者的余量",
        ),
        HEALTHY,
        |exchange| limit(exchange, Some(REQUESTS), Some(TOKENS)),
    ),
    scenario(
        "limits-without-fields",
        text(
            "allows 20 requests per second, five at once, and above that answers 429 in a relay's words, without any field",
            "每秒允许 20 个请求，瞬时 5 个；超出时用中转的措辞返回 429，没有任何头字段",
        ),
        HEALTHY,
        |exchange| {
            let now = Instant::now();
            let wait = exchange.remember(|memory| {
                let wait = memory.requests.wait_for(1, UNTOLD_REQUESTS, now);
                if wait == Some(Duration::ZERO) {
                    memory.requests.take(1, UNTOLD_REQUESTS, now);
                }
                wait
            });
            if wait == Some(Duration::ZERO) { answer_well(exchange) } else { exchange.refuse(TOO_MANY, &[], RELAY_REQUEST_LIMIT) }
        },
    ),
    scenario(
        "limits-by-window",
        text(
            "allows 20 requests in each window of 2 s, and above that answers 429 with Retry-After, as LiteLLM does",
            "每 2 秒的窗口允许 20 个请求；超出时返回 429 和 Retry-After，与 LiteLLM 相同",
        ),
        HEALTHY,
        |exchange| match exchange.remember(|memory| memory.window.take(REQUESTS_IN_WINDOW, WINDOW, Instant::now())) {
            Ok(()) => answer_well(exchange),
            Err(left) => {
                let ends = jiff::Timestamp::try_from(SystemTime::now() + left).unwrap_or_default().strftime("%Y-%m-%d %H:%M:%S UTC");
                let json = WINDOW_USED_UP.replace("{limit}", &REQUESTS_IN_WINDOW.to_string()).replace("{ends}", &ends.to_string());
                exchange.refuse(TOO_MANY, &[("retry-after", &whole_seconds(left).to_string())], &json)
            }
        },
    ),
];

/// Too much of one thing.
struct Excess {
    is_of_tokens: bool,
    limit: Limit,
    remaining: u128,
    requested: u32,
    /// None when no wait would help.
    wait: Option<Duration>,
}

/// What a request costs, what is left, and the answer or the refusal that follows from it.
fn limit(exchange: &mut Exchange, requests: Option<Limit>, tokens: Option<Limit>) -> io::Result<Ending> {
    let (answer, now) = (exchange.answer(), Instant::now());
    let cost = cost_of(&answer, exchange.asked.max_tokens);
    let (excess, fields) = exchange.remember(|memory| {
        let excess = excess_of(&memory.requests, requests, 1, false, now).or_else(|| excess_of(&memory.tokens, tokens, cost, true, now));
        if excess.is_none() {
            requests.inspect(|&limit| memory.requests.take(1, limit, now));
            tokens.inspect(|&limit| memory.tokens.take(cost, limit, now));
        }
        (excess, fields_of(memory, requests, tokens, now))
    });
    exchange.fields = fields;
    match excess {
        None => exchange.give(&answer),
        Some(excess) => refuse(exchange, &excess),
    }
}

/// The tokens of the prompt, and those of the answer or as many as it was allowed to have.
fn cost_of(answer: &Answer, max_tokens: Option<usize>) -> u32 {
    let cost = answer.prompt_tokens.saturating_add(max_tokens.unwrap_or_else(|| answer.completion_tokens()));
    u32::try_from(cost).unwrap_or(u32::MAX)
}

fn excess_of(bucket: &Bucket, limit: Option<Limit>, requested: u32, is_of_tokens: bool, now: Instant) -> Option<Excess> {
    let limit = limit?;
    let wait = bucket.wait_for(requested, limit, now);
    let excess = Excess { is_of_tokens, limit, remaining: bucket.remaining(limit, now), requested, wait };
    (wait != Some(Duration::ZERO)).then_some(excess)
}

fn fields_of(memory: &Memory, requests: Option<Limit>, tokens: Option<Limit>, now: Instant) -> Vec<(&'static str, String)> {
    let mut fields = Vec::new();
    let mut tell = |names: [&'static str; 3], bucket: &Bucket, limit: Limit| {
        let values = [limit.burst.to_string(), bucket.remaining(limit, now).to_string(), duration(bucket.until_full(now))];
        fields.extend(names.into_iter().zip(values));
    };
    if let Some(limit) = requests {
        let names = ["x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"];
        tell(names, &memory.requests, limit);
    }
    if let Some(limit) = tokens {
        tell(["x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"], &memory.tokens, limit);
    }
    fields
}

fn refuse(exchange: &mut Exchange, excess: &Excess) -> io::Result<Ending> {
    let (what, kind) = if excess.is_of_tokens { ("tokens per min (TPM)", "tokens") } else { ("requests per min (RPM)", "requests") };
    let Some(wait) = excess.wait else {
        let numbers = format!("Limit {}, Requested {}", excess.limit.burst, excess.requested);
        return exchange.refuse(TOO_MANY, &[], &LARGER_THAN_THE_LIMIT.replace("{numbers}", &numbers));
    };
    let most = excess.limit.per_minute();
    let numbers = format!("Limit {most}, Used {}, Requested {}", most - excess.remaining, excess.requested);
    let words = [("{what}", what), ("{numbers}", &numbers), ("{wait}", &duration(wait)), ("{kind}", kind)];
    let json = words.iter().fold(ABOVE_THE_LIMIT.to_owned(), |json, (name, value)| json.replace(name, value));
    let milliseconds = wait.as_nanos().div_ceil(1_000_000).to_string();
    exchange.refuse(TOO_MANY, &[("retry-after-ms", &milliseconds), ("Retry-After", &whole_seconds(wait).to_string())], &json)
}

fn whole_seconds(wait: Duration) -> u128 {
    wait.as_nanos().div_ceil(1_000_000_000)
}

/// As OpenAI writes a wait, such as `50ms`, `1s` or `1.05s`; never shorter than it is.
fn duration(wait: Duration) -> String {
    let milliseconds = wait.as_nanos().div_ceil(1_000_000);
    if milliseconds < 1000 && milliseconds > 0 {
        return format!("{milliseconds}ms");
    }
    let fraction = format!("{:03}", milliseconds % 1000);
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{}{point}{fraction}s", milliseconds / 1000)
}

/// What OpenAI says above a limit.
const ABOVE_THE_LIMIT: &str = concat!(
    r#"{"error":{"message":"Rate limit reached for {model} in organization org-LlmcheckLab on {what}: {numbers}. "#,
    r#"Please try again in {wait}. Visit https://platform.openai.com/account/rate-limits to learn more.","#,
    r#""type":"{kind}","param":null,"code":"rate_limit_exceeded"}}"#
);

/// What OpenAI says when one request is more than the whole limit.
const LARGER_THAN_THE_LIMIT: &str = concat!(
    r#"{"error":{"message":"Request too large for {model} in organization org-LlmcheckLab on tokens per min (TPM): {numbers}. "#,
    r#"The input or output tokens must be reduced in order to run successfully. Visit "#,
    r#"https://platform.openai.com/account/rate-limits to learn more.","type":"tokens","param":null,"code":"rate_limit_exceeded"}}"#
);

/// What relays of the one-api family say.
const RELAY_REQUEST_LIMIT: &str =
    concat!(r#"{"error":{"message":"您已达到请求数限制：1分钟内最多请求1200次","type":"new_api_error","#, r#""param":"","code":""}}"#);

/// What LiteLLM says (proxy/hooks/parallel_request_limiter_v3.py).
const WINDOW_USED_UP: &str = concat!(
    r#"{"error":{"message":"Rate limit exceeded for api_key: 3ec122b3lab. Limit type: requests. Current limit: {limit}, "#,
    r#"Remaining: 0. Limit resets at: {ends}","type":"None","param":"None","code":"429"}}"#
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_written_as_openai_writes_them() {
        let written = [0, 1, 50, 999, 1000, 1050, 61_500].map(|milliseconds| duration(Duration::from_millis(milliseconds)));
        assert_eq!(written, ["0s", "1ms", "50ms", "999ms", "1s", "1.05s", "61.5s"]);
        assert_eq!(duration(Duration::from_nanos(1)), "1ms");
    }
}
