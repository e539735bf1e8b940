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
        "daily-limit-reached",
        text("answers 429: too many requests per day, as OpenAI does", "返回 429：每日请求数超限，与 OpenAI 相同"),
        limit("daily-limit-reached"),
        |exchange| exchange.refuse(TOO_MANY, &[], DAILY_LIMIT_REACHED),
    ),
    scenario(
        "openrouter-daily-limit",
        text(
            "answers 429 in OpenRouter's words: the free requests of the day are used up",
            "用 OpenRouter 的措辞返回 429：当天的免费请求已用完",
        ),
        limit("daily-limit-reached"),
        |exchange| {
            exchange.refuse(
                TOO_MANY,
                &[("X-RateLimit-Limit", "50"), ("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", "1795478400000")],
                OPENROUTER_DAILY_LIMIT,
            )
        },
    ),
    scenario(
        "gemini-requests-per-minute",
        text("answers 429 with an array and the id of a quota per minute, as Gemini does", "像 Gemini 那样返回 429、数组和每分钟配额的 id"),
        limit("requests-per-minute"),
        |exchange| exchange.refuse(TOO_MANY, &[], GEMINI_REQUESTS_PER_MINUTE),
    ),
    scenario(
        "gemini-quota-per-day",
        text("answers 429 with an array and the id of a quota per day, as Gemini does", "像 Gemini 那样返回 429、数组和每日配额的 id"),
        quota("quota-exhausted"),
        |exchange| exchange.refuse(TOO_MANY, &[], GEMINI_QUOTA_PER_DAY),
    ),
    scenario(
        "anthropic-tokens-per-minute",
        text(
            "answers 429 in Anthropic's JSON and fields: input tokens per minute",
            "用 Anthropic 的 JSON 和头字段返回 429：每分钟输入 token",
        ),
        limit("tokens-per-minute"),
        |exchange| exchange.refuse(TOO_MANY, ANTHROPIC_TOKENS_USED_UP, ANTHROPIC_TOKENS_PER_MINUTE),
    ),
    scenario(
        "minimax-rate-in-success",
        text("answers 200 with the rate limit in base_resp, as MiniMax does", "像 MiniMax 那样返回 200，限流写在 base_resp 里"),
        limit("requests-per-minute"),
        |exchange| exchange.refuse("200 OK", &[], MINIMAX_RATE_IN_SUCCESS),
    ),
    scenario(
        "dashscope-requests-per-minute",
        text("answers 429 with flat JSON, as DashScope does", "像百炼那样用扁平 JSON 返回 429"),
        limit("requests-per-minute"),
        |exchange| exchange.refuse(TOO_MANY, &[], DASHSCOPE_REQUESTS_PER_MINUTE),
    ),
    scenario(
        "litellm-parallel-limit",
        text("answers 429 with LiteLLM's own limit of parallel requests", "返回 429 和 LiteLLM 自身的并发限制"),
        limit("concurrency-limited"),
        |exchange| exchange.refuse(TOO_MANY, &[], LITELLM_PARALLEL_LIMIT),
    ),
    scenario(
        "relay-cooldown",
        text("answers 429: LiteLLM rests all deployments of the model", "返回 429：LiteLLM 让该模型的全部部署冷却"),
        limit("relay-cooldown"),
        |exchange| exchange.refuse(TOO_MANY, &[("x-litellm-version", "1.109.1")], RELAY_COOLDOWN),
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
        "plan-limit-reached",
        text(
            "answers 429 and speaks of overload, while the plan's period is used up, as Kimi for Coding does",
            "返回 429 并声称过载，实为套餐周期额度用完，与 Kimi for Coding 相同",
        ),
        quota("plan-limit-reached"),
        |exchange| exchange.refuse(TOO_MANY, &[], PLAN_LIMIT_REACHED),
    ),
    scenario(
        "zhipu-plan-limit",
        text("answers 429: five hours of the coding plan are used up, as Zhipu does", "返回 429：编程套餐的五小时额度已用完，与智谱相同"),
        quota("plan-limit-reached"),
        |exchange| exchange.refuse(TOO_MANY, &[], ZHIPU_PLAN_LIMIT),
    ),
    scenario(
        "volcengine-overdue",
        text("answers 403: the account is overdue, as Volcengine does", "返回 403：账户欠费，与火山引擎相同"),
        quota("quota-exhausted"),
        |exchange| exchange.refuse("403 Forbidden", &[], VOLCENGINE_OVERDUE),
    ),
    scenario(
        "openrouter-upstream-quota",
        text(
            "answers 429 and passes on that the provider's own account has no quota, as OpenRouter does",
            "像 OpenRouter 那样返回 429，并转述供应商账户额度用尽",
        ),
        quota("quota-exhausted"),
        |exchange| exchange.refuse(TOO_MANY, &[], OPENROUTER_UPSTREAM_QUOTA),
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

const DAILY_LIMIT_REACHED: &str = concat!(
    r#"{"error":{"message":"Rate limit reached for {model} in organization org-LlmcheckLab on requests per "#,
    r#"day (RPD): Limit 200, Used 200, Requested 1. Please try again in 7m12s. Visit https://platform.opena"#,
    r#"i.com/account/rate-limits to learn more.","type":"requests","param":null,"code":"rate_limit_exceeded"#,
    r#""}}"#
);

const OPENROUTER_DAILY_LIMIT: &str = concat!(
    r#"{"error":{"message":"Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free mo"#,
    r#"del requests per day","code":429,"metadata":{"headers":{"X-RateLimit-Limit":"50","X-RateLimit-Remain"#,
    r#"ing":"0","X-RateLimit-Reset":"1795478400000"},"provider_name":null}},"user_id":"user_lab"}"#
);

const GEMINI_REQUESTS_PER_MINUTE: &str = concat!(
    r#"[{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing"#,
    r#" details.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFa"#,
    r#"ilure","violations":[{"quotaMetric":"generativelanguage.googleapis.com/generate_content_free_tier_re"#,
    r#"quests","quotaId":"GenerateRequestsPerMinutePerProjectPerModel-FreeTier","quotaValue":"10"}]},{"@typ"#,
    r#"e":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"0.2s"}]}}]"#
);

const GEMINI_QUOTA_PER_DAY: &str = concat!(
    r#"[{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing"#,
    r#" details.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFa"#,
    r#"ilure","violations":[{"quotaMetric":"generativelanguage.googleapis.com/generate_content_free_tier_re"#,
    r#"quests","quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier","quotaValue":"250"}]},{"@type""#,
    r#":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34s"}]}}]"#
);

const ANTHROPIC_TOKENS_PER_MINUTE: &str = concat!(
    r#"{"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed the rate lim"#,
    r#"it for your organization (llmcheck-lab) of 20,000 input tokens per minute. For details, refer to: ht"#,
    r#"tps://docs.anthropic.com/en/api/rate-limits."},"request_id":"req_011CLlmcheckLab"}"#
);

const MINIMAX_RATE_IN_SUCCESS: &str = concat!(
    r#"{"id":"lab","choices":null,"created":0,"model":"{model}","usage":{"total_tokens":0},"base_resp":{"st"#,
    r#"atus_code":1002,"status_msg":"rate limit exceeded(RPM)"}}"#
);

const DASHSCOPE_REQUESTS_PER_MINUTE: &str = concat!(
    r#"{"code":"Throttling.RateQuota","message":"Requests rate limit exceeded, please try again later.","re"#,
    r#"quest_id":"7574ee8f-lab"}"#
);

const LITELLM_PARALLEL_LIMIT: &str = concat!(
    r#"{"error":{"message":"Max parallel request limit reached Hit limit for api_key: 3ec122b3lab. tpm_limi"#,
    r#"t: 200, current_tpm 80 , rpm_limit: 4 current rpm 4","type":"None","param":"None","code":"429"}}"#
);

const RELAY_COOLDOWN: &str = concat!(
    r#"{"error":{"message":"No deployments available for selected model, Try again in 1 seconds. Passed mod"#,
    r#"el={model}. pre-call-checks=False, cooldown_list=[]","type":"None","param":"None","code":"429"}}"#
);

const ANTHROPIC_TOKENS_USED_UP: &[(&str, &str)] = &[
    ("retry-after", "1"),
    ("anthropic-ratelimit-requests-limit", "50"),
    ("anthropic-ratelimit-requests-remaining", "49"),
    ("anthropic-ratelimit-input-tokens-limit", "20000"),
    ("anthropic-ratelimit-input-tokens-remaining", "0"),
    ("request-id", "req_011CLlmcheckLab"),
];

const PLAN_LIMIT_REACHED: &str =
    concat!(r#"{"error":{"message":"The engine is currently overloaded, please try again later","type":"rate_limit_"#, r#"error"}}"#);

const ZHIPU_PLAN_LIMIT: &str = r#"{"error":{"code":"1308","message":"已达到 5 小时的使用上限。您的限额将在 2026-11-23 15:00:00 重置"}}"#;

const VOLCENGINE_OVERDUE: &str = concat!(
    r#"{"error":{"code":"AccountOverdueError","message":"The request failed because your account has an ove"#,
    r#"rdue balance. Request ID: {request_id}","param":"","type":"Forbidden"}}"#
);

const OPENROUTER_UPSTREAM_QUOTA: &str = concat!(
    r#"{"error":{"message":"Provider returned error","code":429,"metadata":{"raw":"{\"error\":{\"message\":"#,
    r#"\"You exceeded your current quota, please check your plan and billing details.\",\"type\":\"insuffic"#,
    r#"ient_quota\",\"code\":\"insufficient_quota\"}}","provider_name":"Lab"}}}"#
);
