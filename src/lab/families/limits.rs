//! Too much for now, and too much for the account: the several meanings of 429, in the words of those who say it.

use super::{Verdicts, both, scenario, stream_only};
use crate::lab::Scenario;
use crate::lab::answer::Part;
use crate::lab::link::Ending;
use crate::lang::text;

const TOO_MANY: &str = "429 Too Many Requests";

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario(
        "rate-limited",
        text("answers 429 and gives no detail, as Mistral does", "返回 429，不说明细节，与 Mistral 相同"),
        limit("rate-limited"),
        |exchange| exchange.refuse(TOO_MANY, &[], RATE_LIMITED),
    ),
    scenario(
        "rate-limited-without-body",
        text("answers 429 with an empty body, as one-api's own limiter does", "返回 429 且正文为空，与 one-api 自身的限流相同"),
        limit("rate-limited"),
        |exchange| exchange.say(TOO_MANY, &[], "text/plain", ""),
    ),
    scenario(
        "requests-per-minute",
        text("answers 429: too many requests per minute, as OpenAI does", "返回 429：每分钟请求数过多，与 OpenAI 相同"),
        limit("requests-per-minute"),
        |exchange| exchange.refuse(TOO_MANY, REQUESTS_USED_UP, OVER_THE_LIMIT),
    ),
    scenario(
        "relay-request-limit",
        text("answers 429 with the relay's own limit of requests", "返回 429 和中转自己的请求数限制"),
        limit("requests-per-minute"),
        |exchange| exchange.refuse(TOO_MANY, &[], RELAY_REQUEST_LIMIT),
    ),
    scenario(
        "tokens-per-minute",
        text("answers 429: too many tokens per minute, as OpenAI does", "返回 429：每分钟 token 数过多，与 OpenAI 相同"),
        limit("tokens-per-minute"),
        |exchange| exchange.refuse(TOO_MANY, TOKENS_USED_UP, TOKENS_PER_MINUTE),
    ),
    scenario(
        "azure-tokens-per-minute",
        text(
            "answers 429 in Azure's words: the token rate of the pricing tier is exceeded",
            "用 Azure 的措辞返回 429：超出定价层的 token 速率",
        ),
        limit("tokens-per-minute"),
        |exchange| {
            exchange.refuse(
                TOO_MANY,
                &[("Retry-After", "2"), ("retry-after-ms", "2000"), ("x-ms-region", "East US")],
                AZURE_TOKENS_PER_MINUTE,
            )
        },
    ),
    scenario(
        "concurrency-limited",
        text("answers 429: too many requests at the same time, as Zhipu does", "返回 429：并发过高，与智谱相同"),
        limit("concurrency-limited"),
        |exchange| exchange.refuse(TOO_MANY, &[], CONCURRENCY_LIMITED),
    ),
    scenario(
        "proxy-rate-limit",
        text("answers 429 with nginx's page", "返回 429 和 nginx 的页面"),
        limit("proxy-rate-limit"),
        |exchange| exchange.say(TOO_MANY, &[("Server", "nginx/1.22.1")], "text/html", super::nginx_page!("429 Too Many Requests")),
    ),
    scenario(
        "cloudflare-rate-limit",
        text("answers 429 with Cloudflare's error 1015", "返回 429 和 Cloudflare 的 1015 错误"),
        limit("proxy-rate-limit"),
        |exchange| {
            let fields = [("Server", "cloudflare"), ("CF-RAY", "8e7d0c2b1f3a4d5e-HKG"), ("Retry-After", "1")];
            exchange.say(TOO_MANY, &fields, "text/plain; charset=UTF-8", "error code: 1015")
        },
    ),
    scenario(
        "relay-saturated",
        text("answers 429 with the sentence that relays put over any upstream 429", "返回 429，正文是中转用来覆盖任何上游 429 的那句话"),
        limit("relay-saturated"),
        |exchange| exchange.refuse(TOO_MANY, &[], RELAY_SATURATED),
    ),
    scenario(
        "stream-rate-limited",
        text("reports the rate limit inside a stream that began well", "流正常开始，中途在流内报告限流"),
        stream_only("rate_limit", "stream-rate-limited"),
        |exchange| {
            let events = exchange.answer().events(false);
            let begun = events.iter().take_while(|event| event.part <= Part::Content).take(8).map(|event| event.text.as_str());
            let error = STREAM_RATE_LIMITED;
            exchange.give_chunks(begun.chain([error]))?;
            Ok(Ending::Close)
        },
    ),
    scenario(
        "quota-exhausted",
        text("answers 429: the quota of the account is used up, as OpenAI does", "返回 429：账户额度用尽，与 OpenAI 相同"),
        quota("quota-exhausted"),
        |exchange| exchange.refuse(TOO_MANY, &[], QUOTA_EXHAUSTED),
    ),
    scenario(
        "balance-exhausted",
        text("answers 402: insufficient balance, as DeepSeek does", "返回 402：余额不足，与 DeepSeek 相同"),
        quota("quota-exhausted"),
        |exchange| exchange.refuse("402 Payment Required", &[], BALANCE_EXHAUSTED),
    ),
    scenario(
        "arrears-as-429",
        text("answers 429 for an account in arrears, as Zhipu does", "账户欠费却返回 429，与智谱相同"),
        quota("quota-exhausted"),
        |exchange| exchange.refuse(TOO_MANY, &[], ARREARS_AS_429),
    ),
    scenario(
        "retry-after-a-day",
        text(
            "answers 429 and asks for a day of patience: a free tier of Azure is used up",
            "返回 429 并要求一天后再试：Azure 免费层已用尽",
        ),
        quota("quota-exhausted"),
        |exchange| exchange.refuse(TOO_MANY, &[("Retry-After", "86400")], RETRY_AFTER_A_DAY),
    ),
    scenario(
        "relay-quota-exhausted",
        text("answers 403: the account at the relay has no quota left", "返回 403：中转账户额度不足"),
        quota("relay-quota-exhausted"),
        |exchange| exchange.refuse("403 Forbidden", &[], RELAY_QUOTA_EXHAUSTED),
    ),
    scenario(
        "relay-token-exhausted",
        text("answers 403: the token at the relay has no quota left", "返回 403：中转令牌额度不足"),
        quota("relay-quota-exhausted"),
        |exchange| exchange.refuse("403 Forbidden", &[], RELAY_TOKEN_EXHAUSTED),
    ),
];

/// OpenAI's words for too many requests.
pub(super) const OVER_THE_LIMIT: &str = concat!(
    r#"{"error":{"message":"Rate limit reached for {model} in organization org-LlmcheckLab on requests per min (RPM): Limit 3, Used 3, "#,
    r#"Requested 1. Please try again in 1s. Visit https://platform.openai.com/account/rate-limits to learn more.","#,
    r#""type":"requests","param":null,"code":"rate_limit_exceeded"}}"#
);

const REQUESTS_USED_UP: &[(&str, &str)] = &[
    ("Retry-After", "1"),
    ("x-ratelimit-limit-requests", "3"),
    ("x-ratelimit-remaining-requests", "0"),
    ("x-ratelimit-reset-requests", "1s"),
];

const TOKENS_USED_UP: &[(&str, &str)] = &[
    ("retry-after-ms", "644"),
    ("x-ratelimit-limit-tokens", "30000"),
    ("x-ratelimit-remaining-tokens", "63"),
    ("x-ratelimit-reset-tokens", "644ms"),
];

const fn limit(code: &'static str) -> Verdicts {
    both("rate_limit", code)
}

const fn quota(code: &'static str) -> Verdicts {
    both("quota", code)
}

const RATE_LIMITED: &str = concat!(
    r#"{"object":"error","message":"Rate limit exceeded","type":"rate_limited","param":null,"code":"1300","#,
    r#""raw_status_code":429}"#
);

const RELAY_REQUEST_LIMIT: &str =
    concat!(r#"{"error":{"message":"您已达到请求数限制：1分钟内最多请求3次","type":"new_api_error","#, r#""param":"","code":""}}"#);

const TOKENS_PER_MINUTE: &str = concat!(
    r#"{"error":{"message":"Rate limit reached for {model} in organization org-LlmcheckLab on tokens per min (TPM): "#,
    r#"Limit 30000, Used 29937, Requested 385. Please try again in 644ms. Visit "#,
    r#"https://platform.openai.com/account/rate-limits to learn more.","type":"tokens","param":null,"#,
    r#""code":"rate_limit_exceeded"}}"#
);

const AZURE_TOKENS_PER_MINUTE: &str = concat!(
    r#"{"error":{"code":"429","message":"Requests to the ChatCompletions_Create Operation under Azure OpenAI API "#,
    r#"version 2024-05-01-preview have exceeded token rate limit of your current OpenAI S0 pricing tier. Please retry "#,
    r#"after 2 seconds. Please go here: https://aka.ms/oai/quotaincrease if you would like to further increase the "#,
    r#"default rate limit."}}"#
);

const CONCURRENCY_LIMITED: &str =
    concat!(r#"{"error":{"code":"1302","#, r#""message":"您当前使用该API的并发数过高，请降低并发，或联系客服增加限额"}}"#);

const RELAY_SATURATED: &str = concat!(
    r#"{"error":{"message":"当前分组上游负载已饱和，请稍后再试 (request id: {request_id})","#,
    r#""type":"upstream_error","param":"429","code":"bad_response_status_code"}}"#
);

const STREAM_RATE_LIMITED: &str = concat!(
    r#"data: {"error":{"message":"Rate limit reached for this model on tokens per min (TPM): Limit 30000, Used 29990, "#,
    r#"Requested 512. Please try again in 1.004s.","type":"tokens","param":null,"code":"rate_limit_exceeded"}}"#,
    "\n\n"
);

const QUOTA_EXHAUSTED: &str = concat!(
    r#"{"error":{"message":"You exceeded your current quota, please check your plan and billing details. For more "#,
    r#"information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.","#,
    r#""type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#
);

const BALANCE_EXHAUSTED: &str =
    r#"{"error":{"message":"Insufficient Balance","type":"unknown_error","param":null,"code":"invalid_request_error"}}"#;

const ARREARS_AS_429: &str = r#"{"error":{"code":"1113","message":"您的账户已欠费，请充值后重试"}}"#;

const RETRY_AFTER_A_DAY: &str = concat!(
    r#"{"error":{"code":"429","message":"Requests to the ChatCompletions_Create Operation under Azure OpenAI API "#,
    r#"version 2024-05-01-preview have exceeded call rate limit of your current AIServices F0 pricing tier. Please "#,
    r#"retry after 86400 seconds. Please contact Azure support service if you would like to further increase the "#,
    r#"default rate limit."}}"#
);

const RELAY_QUOTA_EXHAUSTED: &str = concat!(
    r#"{"error":{"message":"user [25359] quota [50264897] preConsumedQuota [154753475] is not enough","#,
    r#""localized_message":"Insufficient user quota","type":"shell_api_error","param":"","#,
    r#""code":"insufficient_user_quota"}}"#
);

const RELAY_TOKEN_EXHAUSTED: &str = concat!(
    r#"{"error":{"message":"该令牌额度已用尽 TokenStatusExhausted[sk-lab***lab] (request id: {request_id})","#,
    r#""type":"new_api_error","param":"","code":"pre_consume_token_quota_failed"}}"#
);
