//! What an API tells in its own JSON when it does not answer: rate limits, quota, keys, requests it rejects, failures behind it.
//! One error means one thing: [`told`] decides which, by its code first, its words second, the status last.

use super::connection::status_marked;
use super::{AtFault, Class, Entry, Found, Severity, explain};
use crate::api::error::ApiError;
use crate::evidence::Evidence;
use crate::lang::{Text, text};
use crate::plan::KeyUse;

const WAIT: Text = text("wait as long as the response says; --retry N does so by itself", "按响应给出的时间等待；--retry N 会自动这样做");
const NEVER: Text = text("a retry cannot help", "重试没有用");
const SAYS: Text = text("The API says: «{message}»", "API 的原话：「{message}」");
const STATUS_LABEL: &[(&str, Text)] = &[("status", text("the answer's status", "响应状态"))];
const MODELS: &str = "curl -sS $OPENAI_BASE_URL/models -H \"Authorization: Bearer $OPENAI_API_KEY\"";

/// An entry whose function only asks whether this is what the error means.
macro_rules! told_entry {
    ($code:literal, $class:ident, $at_fault:ident, $retryable:literal, $title:expr, $advice:expr, $confirm:expr) => {
        Entry {
            code: $code,
            class: Class::$class,
            severity: Severity::Error,
            at_fault: AtFault::$at_fault,
            retryable: $retryable,
            title: $title,
            summary: SAYS,
            advice: $advice,
            confirm: $confirm,
            labels: STATUS_LABEL,
            follows: &[
                "relay-wrote-more-than-declared",
                "body-shorter-than-declared",
                "body-longer-than-declared",
                "conflicting-content-lengths",
                "length-and-chunked",
                "invalid-content-length",
                "key-missing",
            ],
            explain: explain!($code),
            examine: |evidence| (told(evidence) == Some($code)).then(|| told_found(evidence)),
        }
    };
}

pub(super) const ENTRIES: &[Entry] = &[
    told_entry!(
        "requests-per-minute",
        RateLimit,
        Client,
        true,
        text("too many requests per minute", "每分钟请求数超限"),
        &[WAIT, text("send fewer requests at a time, or ask for a higher limit", "降低请求频率，或申请更高限额")],
        "{command} --retry 3"
    ),
    told_entry!(
        "tokens-per-minute",
        RateLimit,
        Client,
        true,
        text("too many tokens per minute", "每分钟 token 数超限"),
        &[WAIT, text("lower --max-tokens: most providers count it in full beforehand", "调小 --max-tokens：多数服务商会预先按其全额计入")],
        "{command} --retry 3"
    ),
    told_entry!(
        "concurrency-limited",
        RateLimit,
        Client,
        true,
        text("too many requests at the same time", "并发请求过多"),
        &[text("run fewer requests side by side; a retry a little later succeeds", "减少并行请求；稍后重试即可")],
        "{command} --retry 3"
    ),
    told_entry!(
        "relay-saturated",
        RateLimit,
        Relay,
        true,
        text(
            "the relay says that its upstream is saturated, and hides the upstream's own words",
            "中转声称上游负载饱和，并隐去了上游的原话"
        ),
        &[
            text(
                "retry a few times; if it stays, the relay's own account may be out of quota: the same words cover any upstream 429",
                "可重试几次；若持续出现，可能是中转自己的账户额度用尽：任何上游 429 都会变成这句话"
            ),
            text("try another group, model or endpoint", "换分组、模型或 endpoint"),
        ],
        "{command} --retry 3"
    ),
    told_entry!(
        "rate-limited",
        RateLimit,
        Client,
        true,
        text("too many requests for now (429)", "暂时请求过多（429）"),
        &[WAIT],
        "{command} --retry 3"
    ),
    told_entry!(
        "stream-rate-limited",
        RateLimit,
        Client,
        true,
        text("a rate limit, told inside the stream", "流中途报告限流"),
        &[
            WAIT,
            text(
                "the status was 200: a client that looks at the status only takes this for success",
                "状态是 200：只看状态的客户端会当作成功"
            )
        ],
        "{command} --retry 3"
    ),
    told_entry!(
        "quota-exhausted",
        Quota,
        Client,
        false,
        text("the account's credit or quota is used up", "账户余额或额度已用尽"),
        &[text("top up, raise the limit in the provider's console, or use another key", "充值、在控制台提高限额，或换一个 key"), NEVER],
        "llmcheck explain quota-exhausted"
    ),
    told_entry!(
        "relay-quota-exhausted",
        Quota,
        Client,
        false,
        text("the account or token at the relay has no quota left", "中转上的账户或令牌没有剩余额度"),
        &[
            text(
                "top up at the relay, or lower --max-tokens: relays reserve its full price beforehand",
                "在中转充值，或调小 --max-tokens：中转会按其全价预扣"
            ),
            NEVER
        ],
        "llmcheck explain relay-quota-exhausted"
    ),
    told_entry!(
        "relay-token-rejected",
        Auth,
        Client,
        false,
        text("the relay does not know this token", "中转不认识这个令牌"),
        &[
            text(
                "check that key and base URL belong together: it is the relay that refuses, not the model's provider",
                "确认 key 与 base URL 属于同一家：拒绝的是中转，而不是模型厂商"
            ),
            NEVER
        ],
        MODELS
    ),
    told_entry!(
        "key-invalid",
        Auth,
        Client,
        false,
        text("the API key is not accepted", "API key 不被接受"),
        &[
            text(
                "check for a key of another service, a stale variable, or blanks at its ends; -v shows where it was read",
                "检查是否用了别家的 key、过期的变量或首尾空白；-v 会显示它从哪里读到"
            ),
            NEVER,
        ],
        MODELS
    ),
    told_entry!(
        "region-blocked",
        Auth,
        Client,
        false,
        text("the provider does not serve the region that this request came from", "服务商不向此请求的来源地区提供服务"),
        &[
            text(
                "what counts is the address that the provider sees: that of the proxy or relay, if there is one",
                "服务商看到的地址才算数：若有代理或中转，就是它的地址"
            ),
            NEVER
        ],
        "{command} -v"
    ),
    told_entry!(
        "access-denied",
        Auth,
        Client,
        false,
        text("the key is known, but not allowed to do this ({status})", "key 有效，但无权这样做（{status}）"),
        &[
            text(
                "check the key's permissions for this model and project, and the list of allowed addresses",
                "检查 key 对该模型和项目的权限，以及允许的 IP 列表"
            ),
            NEVER
        ],
        MODELS
    ),
    told_entry!(
        "relay-no-channel",
        UpstreamError,
        Relay,
        false,
        text("the relay has no channel for the model «{model}»", "中转没有可用于模型「{model}」的渠道"),
        &[
            text(
                "check the model's name against the relay's list, and the group of your token",
                "对照中转的模型列表检查名称，以及令牌所属的分组"
            ),
            text("to the operator: no enabled channel of this group offers the model", "给运维：该分组没有启用了此模型的渠道"),
        ],
        MODELS
    ),
    told_entry!(
        "model-not-found",
        InvalidRequest,
        Client,
        false,
        text("there is no model «{model}» for this key", "此 key 没有模型「{model}」"),
        &[text("list what there is at /models, and check the spelling", "在 /models 查看可用模型并检查拼写"), NEVER],
        MODELS
    ),
    told_entry!(
        "prompt-refused-by-filter",
        ContentFilter,
        Client,
        false,
        text("the prompt was refused by a content filter", "提示词被内容过滤拒绝"),
        &[
            text(
                "rephrase the prompt; the answer names the category where the provider tells it",
                "改写提示词；若服务商说明了类别，见其回答"
            ),
            NEVER
        ],
        "{command} -v"
    ),
    told_entry!(
        "context-too-long",
        InvalidRequest,
        Client,
        false,
        text("the prompt is longer than the model's context", "提示词超过模型的上下文长度"),
        &[
            text(
                "shorten the prompt or the history, lower --max-tokens, or use a model with a larger context",
                "缩短提示词或历史，调小 --max-tokens，或换上下文更长的模型"
            ),
            NEVER
        ],
        "{command} -v"
    ),
    told_entry!(
        "request-over-token-limit",
        InvalidRequest,
        Client,
        false,
        text("this single request is larger than the limit per minute", "单个请求就超过了每分钟限额"),
        &[text("waiting never helps: shorten the prompt or lower --max-tokens", "等待无用：缩短提示词或调小 --max-tokens"), NEVER],
        "{command} --max-tokens 100"
    ),
    told_entry!(
        "body-too-large",
        InvalidRequest,
        Client,
        false,
        text("the request body is too large (413)", "请求体过大（413）"),
        &[
            text("shorten the prompt, or send images by URL instead of base64", "缩短提示词，或以 URL 而非 base64 发送图片"),
            text(
                "to the operator of a proxy: nginx allows 1 MB unless client_max_body_size says more",
                "给代理运维：nginx 默认只允许 1 MB，除非设置 client_max_body_size"
            ),
        ],
        "{command} -v"
    ),
    told_entry!(
        "path-not-found",
        InvalidRequest,
        Client,
        false,
        text("there is no such path at this API ({status})", "该 API 没有这个路径（{status}）"),
        &[
            text(
                "the base URL usually ends with /v1, once: /v1/v1 and a missing /v1 are the common mistakes",
                "base URL 通常以一个 /v1 结尾：常见错误是缺少 /v1 或重复成 /v1/v1"
            ),
            NEVER
        ],
        "{command} -v"
    ),
    told_entry!(
        "parameter-rejected",
        InvalidRequest,
        Client,
        false,
        text("the API rejects a parameter of the request", "API 拒绝了请求中的某个参数"),
        &[
            text(
                "correct or leave out the parameter; newer models want --max-completion-tokens, and some no --temperature",
                "改正或去掉该参数；较新的模型要用 --max-completion-tokens，有的不接受 --temperature"
            ),
            NEVER
        ],
        "{command} -v"
    ),
    told_entry!(
        "request-rejected",
        InvalidRequest,
        Client,
        false,
        text("the API rejects the request ({status})", "API 拒绝了请求（{status}）"),
        &[text("read its words above: they name what is wrong", "看上面的原话：它说明了问题所在"), NEVER],
        "{command} -v"
    ),
    told_entry!(
        "provider-overloaded",
        UpstreamError,
        Provider,
        true,
        text("the provider is overloaded", "服务商过载"),
        &[text("retry slowly, or use another model or endpoint for a while", "放慢重试，或暂时换用其他模型或 endpoint")],
        "{command} --retry 5 --retry-base 5s"
    ),
    told_entry!(
        "relay-upstream-failed",
        UpstreamError,
        Relay,
        true,
        text("the relay says that its own upstream failed", "中转报告它的上游失败"),
        &[
            text("a retry may take another channel; each attempt may be billed", "重试可能换到别的渠道；每次都可能计费"),
            text(
                "to the operator: the upstream's own error stands in the relay's log under the request id",
                "给运维：上游的原始错误在中转日志中，按请求 id 查找"
            ),
        ],
        "{command} --retry 3"
    ),
    told_entry!(
        "provider-error",
        UpstreamError,
        Provider,
        true,
        text("the API reports a failure of its own ({status})", "API 报告自身故障（{status}）"),
        &[text("retry with backoff; if it stays, look at the provider's status page", "退避重试；若持续出现，查看服务商的状态页")],
        "{command} --retry 3"
    ),
    told_entry!(
        "error-in-success",
        UpstreamError,
        Relay,
        true,
        text("an error under the status {status}", "状态 {status} 之下却是一个错误"),
        &[
            text("programs that look at the status only take this for success and fail later", "只看状态的程序会当作成功，随后才出错"),
            text("a retry may succeed", "重试可能成功")
        ],
        "{command} --retry 3"
    ),
    told_entry!(
        "error-in-stream",
        StreamError,
        Provider,
        true,
        text("the stream carries an error in place of its end", "流以一个错误代替了结尾"),
        &[
            text("what came before the error is printed, and was billed; a retry may succeed", "错误之前的内容已输出并计费；重试可能成功"),
            text("use --no-stream: the same error then has a status", "改用 --no-stream：同样的错误会带上状态码")
        ],
        "{command} --no-stream"
    ),
];

fn told_found(evidence: &Evidence<'_>) -> Found {
    let found = match evidence.error.as_ref().map(|error| error.code.as_str()).filter(|code| !code.is_empty()) {
        Some(code) => Found::certain().value("error_code", super::excerpt(code)),
        None => Found::certain(),
    };
    let event = evidence.stream().and_then(|stream| stream.error.as_ref()).and_then(|(_, place)| place.clone());
    match event {
        Some(place) => found.mark("event", place),
        None => status_marked(found, evidence),
    }
}

/// What the error of this exchange means, as the code of its entry; `None` without an API's error.
pub(super) fn told(evidence: &Evidence<'_>) -> Option<&'static str> {
    let Some(error) = evidence.error.as_ref() else {
        return super::pages::status_without_words(evidence);
    };
    let status = evidence.status().unwrap_or(0);
    if is_gateway_json(error, status) {
        return None;
    }
    let meaning = money(error, status)
        .or_else(|| key(error, status, evidence))
        .or_else(|| request(error, status))
        .or_else(|| rate(error, status))
        .or_else(|| failure(error, status));
    let is_in_stream = evidence.stream().is_some() && evidence.is_success();
    Some(match meaning {
        Some("requests-per-minute" | "tokens-per-minute" | "concurrency-limited" | "rate-limited" | "relay-saturated") if is_in_stream => {
            "stream-rate-limited"
        }
        Some(meaning @ ("quota-exhausted" | "relay-quota-exhausted")) => meaning,
        _ if is_in_stream => "error-in-stream",
        Some(meaning) => meaning,
        None => by_status(error, status, evidence),
    })
}

/// A bare `{"message": …}` with a 5xx is how API gateways (Kong, AWS) speak for themselves.
pub(super) fn is_gateway_json(error: &ApiError, status: u16) -> bool {
    let is_bare = error.kind.is_empty() && error.code.is_empty() && error.raw.starts_with("{\"message\":");
    is_bare && (500..600).contains(&status)
}

fn money(error: &ApiError, status: u16) -> Option<&'static str> {
    const RELAY: [&str; 3] = ["insufficient_user_quota", "pre_consume_token_quota_failed", "budget_exceeded"];
    const RELAY_WORDS: [&str; 8] = [
        "令牌额度",
        "用户额度不足",
        "额度已用尽",
        "剩余额度",
        "insufficient user quota",
        "preconsumedquota",
        "budget has been exceeded",
        "exceededbudget",
    ];
    const CODES: [&str; 12] = [
        "insufficient_quota",
        "credit_balance_exhausted",
        "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
        "billing_hard_limit_reached",
        "billing_not_active",
        "enforced_spend_limit_reached",
        "billing_error",
        "exceeded_current_quota_error",
        "arrearage",
        "1113",
    ];
    const WORDS: [&str; 12] = [
        "exceeded your current quota",
        "insufficient balance",
        "credit balance is too low",
        "余额不足",
        "账户已欠费",
        "欠费",
        "insufficient credits",
        "usage limit for this period",
        "billing hard limit",
        "account is in good standing",
        "suspended due to insufficient balance",
        "requires more credits",
    ];
    if error.is_coded(&RELAY) || error.says(&RELAY_WORDS) {
        return Some("relay-quota-exhausted");
    }
    // Gemini: a quota per day; Azure: the free tier's wait of a day.
    let is_daily = error.raw.contains("PerDay") || error.says(&["retry after 86400 seconds"]);
    (error.is_coded(&CODES) || error.says(&WORDS) || status == 402 || is_daily).then_some("quota-exhausted")
}

fn key(error: &ApiError, status: u16, evidence: &Evidence<'_>) -> Option<&'static str> {
    const REGION_WORDS: [&str; 3] =
        ["country, region, or territory not supported", "location is not supported", "not available in your region"];
    const RELAY_WORDS: [&str; 8] = [
        "无效的令牌",
        "令牌验证失败",
        "令牌已过期",
        "该令牌状态不可用",
        "令牌不可用",
        "invalid proxy server token",
        "malformed api key passed in",
        "authentication error - expired key",
    ];
    const MISSING_WORDS: [&str; 7] = [
        "didn't provide an api key",
        "no api key passed in",
        "未提供令牌",
        "missing api key",
        "api key is missing",
        "no api key provided",
        "missing bearer",
    ];
    const KEY_CODES: [&str; 8] = [
        "invalid_api_key",
        "authentication_error",
        "invalid_authentication_error",
        "invalidapikey",
        "unauthenticated",
        "auth_error",
        "incorrect_api_key_error",
        "invalid_authentication",
    ];
    const KEY_WORDS: [&str; 8] = [
        "incorrect api key",
        "api key not valid",
        "api key expired",
        "invalid api key",
        "invalid api-key",
        "authentication fails",
        "invalid authentication",
        "invalid subscription key",
    ];
    const DENIED_CODES: [&str; 5] =
        ["permission_error", "permission_denied", "key_model_access_denied", "team_model_access_denied", "accessdenied"];
    const DENIED_WORDS: [&str; 7] = [
        "令牌无权",
        "用户已被封禁",
        "渠道已被禁用",
        "不在令牌允许访问的列表",
        "只能在指定网段",
        "ip not authorized",
        "must be a member of an organization",
    ];
    if error.is_coded(&["unsupported_country_region_territory"]) || error.says(&REGION_WORDS) {
        return Some("region-blocked");
    }
    if error.says(&RELAY_WORDS) || error.is_coded(&["token_not_found_in_db", "expired_key"]) {
        return Some("relay-token-rejected");
    }
    if error.says(&MISSING_WORDS) || (status == 401 && evidence.asked().key == KeyUse::NotNeeded && !has_authorization(evidence)) {
        return Some("key-missing");
    }
    if error.says(&DENIED_WORDS) || error.is_coded(&DENIED_CODES) {
        return Some("access-denied");
    }
    (error.is_coded(&KEY_CODES) || error.says(&KEY_WORDS)).then_some("key-invalid")
}

fn has_authorization(evidence: &Evidence<'_>) -> bool {
    let sensitive = ["authorization", "api-key", "x-api-key", "x-goog-api-key"];
    evidence.transcript.request.as_ref().is_some_and(|head| sensitive.iter().any(|name| head.get(name).is_some()))
}

fn request(error: &ApiError, status: u16) -> Option<&'static str> {
    const CHANNEL_WORDS: [&str; 5] = ["无可用渠道", "可用渠道失败", "可用渠道不存在", "no available channel", "no deployments available"];
    const FILTER_CODES: [&str; 8] = [
        "content_policy_violation",
        "content_filter",
        "datainspectionfailed",
        "data_inspection_failed",
        "1301",
        "sensitive_words_detected",
        "prompt_blocked",
        "responsibleaipolicyviolation",
    ];
    const FILTER_WORDS: [&str; 3] = ["content management policy", "rejected as a result of our safety system", "considered high risk"];
    const CONTEXT_CODES: [&str; 3] = ["context_length_exceeded", "exceed_context_size_error", "string_above_max_length"];
    const CONTEXT_WORDS: [&str; 7] = [
        "maximum context length",
        "context window",
        "prompt is too long",
        "exceeded model token limit",
        "available context size",
        "context length",
        "range of input length",
    ];
    const MODEL_CODES: [&str; 4] = ["model_not_found", "deploymentnotfound", "1211", "modelnotfound"];
    const MODEL_WORDS: [&str; 7] = [
        "try pulling it first",
        "model does not exist",
        "unknown model",
        "model not found",
        "not a valid model id",
        "模型不存在",
        "unsupported model",
    ];
    if error.is_coded(&["get_channel_failed", "channel:no_available_key"]) || error.says(&CHANNEL_WORDS) {
        return Some("relay-no-channel");
    }
    if error.is_coded(&FILTER_CODES) || error.says(&FILTER_WORDS) {
        return Some("prompt-refused-by-filter");
    }
    if error.says(&["request too large"]) || asks_for_more_than_its_limit(&error.message) {
        return Some("request-over-token-limit");
    }
    if error.is_coded(&CONTEXT_CODES) || error.says(&CONTEXT_WORDS) {
        return Some("context-too-long");
    }
    const PARAMETER_CODES: [&str; 6] =
        ["unsupported_parameter", "unsupported_value", "invalid_type", "invalid_value", "missing_required_parameter", "unknown_parameter"];
    const PARAMETER_WORDS: [&str; 3] = ["unsupported parameter", "unrecognized request argument", "unsupported value"];
    if matches!(status, 400 | 422) && (error.is_coded(&PARAMETER_CODES) || error.says(&PARAMETER_WORDS)) {
        return Some("parameter-rejected");
    }
    let message = error.message.to_lowercase();
    let model_is_absent = message.contains("model")
        && ["does not exist", "not found", "not supported", "no such"].iter().any(|words| message.contains(words));
    if error.is_coded(&MODEL_CODES) || error.says(&MODEL_WORDS) || (model_is_absent && matches!(status, 400 | 404)) {
        return Some("model-not-found");
    }
    (status == 413 || error.is_coded(&["request_too_large"]) || error.says(&["exceeds limit 2097152"])).then_some("body-too-large")
}

/// «Limit 30000, Requested 31538»: the request alone is over the limit, whatever was used before it.
fn asks_for_more_than_its_limit(message: &str) -> bool {
    let number_after = |word: &str| -> Option<u64> {
        let rest = &message[message.find(word)? + word.len()..];
        let digits: String = rest.trim_start_matches([' ', ':']).chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    };
    matches!((number_after("Limit"), number_after("Requested")), (Some(limit), Some(requested)) if requested > limit)
}

fn rate(error: &ApiError, status: u16) -> Option<&'static str> {
    const CODES: [&str; 12] = [
        "rate_limit_exceeded",
        "rate_limit_error",
        "rate_limited",
        "rate_limit_reached_error",
        "slow_down",
        "resource_exhausted",
        "throttling",
        "throttling_error",
        "throttling.ratequota",
        "limit_requests",
        "1303",
        "ratelimitreached",
    ];
    const TOKEN_WORDS: [&str; 5] = ["tokens per min", "(tpm)", "token rate limit", "tokens per minute", "tokens per day"];
    const REQUEST_WORDS: [&str; 8] = [
        "requests per min",
        "(rpm)",
        "request rate limit",
        "requests rate limit",
        "最多请求",
        "总请求数限制",
        "requests per minute",
        "call rate limit",
    ];
    if error.says(&["负载已饱和", "upstream load is saturated"]) {
        return Some("relay-saturated");
    }
    let is_overload = error.says(&["engine is currently overloaded", "model is overloaded", "overloaded"])
        || error.is_coded(&["overloaded_error", "overloaded", "engine_overloaded_error"]);
    if is_overload {
        return Some("provider-overloaded");
    }
    let is_rate = status == 429 || error.is_coded(&CODES) || matches!(error.code.as_str(), "429" | "1302");
    if !is_rate {
        return None;
    }
    Some(match () {
        () if error.code == "1302" || error.says(&["concurren", "并发"]) => "concurrency-limited",
        () if error.kind == "tokens" || error.says(&TOKEN_WORDS) => "tokens-per-minute",
        () if error.kind == "requests" || error.is_coded(&["limit_requests", "throttling.ratequota"]) || error.says(&REQUEST_WORDS) => {
            "requests-per-minute"
        }
        () => "rate-limited",
    })
}

fn failure(error: &ApiError, status: u16) -> Option<&'static str> {
    const RELAY_CODES: [&str; 13] = [
        "do_request_failed",
        "bad_response_status_code",
        "bad_response_body",
        "read_response_body_failed",
        "unmarshal_response_body_failed",
        "bad_response",
        "close_response_body_failed",
        "write_response_body_failed",
        "copy_response_body_failed",
        "one_api_panic",
        "new_api_panic",
        "upstream_error",
        "channel:response_time_exceeded",
    ];
    if status < 400 && status != 200 {
        return None;
    }
    if error.is_coded(&RELAY_CODES) || error.says(&["请求上游地址失败", "bad response status code"]) {
        return Some("relay-upstream-failed");
    }
    let is_busy = status == 529 || (status == 503 && error.says(&["server busy", "loading model", "high demand", "too busy"]));
    is_busy.then_some("provider-overloaded")
}

fn by_status(error: &ApiError, status: u16, evidence: &Evidence<'_>) -> &'static str {
    match status {
        401 => "key-invalid",
        403 => "access-denied",
        404 | 405 | 501 => "path-not-found",
        413 => "body-too-large",
        400..=499 if !error.param.is_empty() => "parameter-rejected",
        400..=499 => "request-rejected",
        500..=599 => "provider-error",
        _ if evidence.is_success() => "error-in-success",
        _ => "request-rejected",
    }
}
