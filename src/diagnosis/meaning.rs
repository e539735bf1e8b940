//! What an answer that is no answer means: one error, one meaning. An API's own error is judged by its code first, its words second, its
//! status last; what is not the API's, by its status and form.

use crate::api::error::ApiError;
use crate::evidence::Evidence;
use crate::plan::KeyUse;
use crate::wire::content::Form;

/// What the error of this exchange means, as the code of its entry; `None` without an API's error.
pub(super) fn told(evidence: &Evidence<'_>) -> Option<&'static str> {
    const FAILING: [&str; 3] = ["error", "network_error", "insufficient_system_resource"];
    if evidence.finish_reason().is_some_and(|reason| FAILING.contains(&reason)) {
        return Some(if evidence.stream().is_some() { "error-in-stream" } else { "error-in-success" });
    }
    let Some(error) = evidence.error.as_ref() else {
        return status_without_words(evidence);
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
fn is_gateway_json(error: &ApiError, status: u16) -> bool {
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
    const CODES: [&str; 14] = [
        "1304",
        "30001",
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
    const WORDS: [&str; 14] = [
        "used all available credits",
        "balance is insufficient",
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
    if error.raw.contains("PerMinute") && !is_daily {
        return None;
    }
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
    const FILTER_WORDS: [&str; 4] =
        ["contentpolicyviolation", "content management policy", "rejected as a result of our safety system", "considered high risk"];
    const CONTEXT_CODES: [&str; 4] = ["1261", "context_length_exceeded", "exceed_context_size_error", "string_above_max_length"];
    const CONTEXT_WORDS: [&str; 8] = [
        "input token count",
        "maximum context length",
        "context window",
        "prompt is too long",
        "exceeded model token limit",
        "available context size",
        "context length",
        "range of input length",
    ];
    const MODEL_CODES: [&str; 4] = ["model_not_found", "deploymentnotfound", "1211", "modelnotfound"];
    const MODEL_WORDS: [&str; 9] = [
        "model not exist",
        "invalid model name",
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
    let is_anthropic = error.kind == "not_found_error" && message.starts_with("model:");
    if is_anthropic || error.is_coded(&MODEL_CODES) || error.says(&MODEL_WORDS) || (model_is_absent && matches!(status, 400 | 404)) {
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
        // The gateway's or server's own wait or step failed, whatever the number says.
        408 | 424 => "provider-error",
        404 | 405 | 501 => "path-not-found",
        413 => "body-too-large",
        400..=499 if !error.param.is_empty() => "parameter-rejected",
        400..=499 => "request-rejected",
        500..=599 => "provider-error",
        _ if evidence.is_success() => "error-in-success",
        _ => "request-rejected",
    }
}

/// What an answer without an API's error or reply means.
pub(super) fn of_page(evidence: &Evidence<'_>) -> Option<&'static str> {
    let status = evidence.status().filter(|status| *status >= 200 && !(300..400).contains(status))?;
    let is_told = evidence.error.as_ref().is_some_and(|error| !is_gateway_json(error, status));
    if is_told || (evidence.is_success() && evidence.reply.is_some()) || status == 407 {
        return None;
    }
    let text = evidence.page().unwrap_or_default();
    // Under codings that we cannot undo nothing can be said of the content.
    let is_undecoded =
        evidence.content().is_some_and(|content| content.is_undecodable) && !super::entry_fires(evidence, &["coding-forced"]);
    if super::entry_fires(evidence, &["html-instead-of-api", "plain-http-on-tls-port", "relay-wrote-more-than-declared"]) {
        return None;
    }
    Some(match status {
        429 if evidence.is_empty() => return None,
        429 => "proxy-rate-limit",
        408 | 504 | 522 | 524 => "gateway-timeout",
        502 | 520 | 521 | 523 => "bad-gateway",
        503 => "gateway-unavailable",
        500..=599 if status != 501 => "gateway-failure",
        401 | 403 | 413 | 414 | 431 => return None,
        404 | 405 | 501 if !evidence.is_markup() => return None,
        _ if evidence.is_markup() => "web-page-not-api",
        200..=299 => match evidence.content().map(|content| &content.form) {
            Some(Form::Other(_)) if !text.is_empty() && !is_undecoded => "not-text-or-json",
            _ => return None,
        },
        _ => return None,
    })
}

/// Statuses that speak for themselves when no JSON does.
fn status_without_words(evidence: &Evidence<'_>) -> Option<&'static str> {
    if evidence.error.is_some() || super::entry_fires(evidence, &["html-instead-of-api", "plain-http-on-tls-port"]) {
        return None;
    }
    Some(match evidence.status()? {
        429 if evidence.is_empty() => "rate-limited",
        401 if evidence.asked().key == KeyUse::NotNeeded && !has_authorization(evidence) => "key-missing",
        401 => "key-invalid",
        403 => "access-denied",
        413 => "body-too-large",
        404 | 405 | 501 if !evidence.is_markup() => "path-not-found",
        400 | 414 | 415 | 422 | 431 if !evidence.is_markup() => "request-rejected",
        _ => return None,
    })
}
