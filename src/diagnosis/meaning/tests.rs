//! The words of every vendor against what they mean, and words that look alike and do not mean it.

use std::collections::HashSet;

use super::*;

/// What the body means under this status.
fn meaning(status: u16, body: &str) -> Option<&'static str> {
    let value: crate::api::json::Value<'_> = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"));
    let error = ApiError::from_value(&value, status >= 400)?;
    meaning_of(&error, Some(status))
}

#[track_caller]
fn check(cases: &[(u16, &str, &str)]) {
    let wrong: Vec<String> = cases
        .iter()
        .filter(|(status, body, expected)| meaning(*status, body) != Some(*expected))
        .map(|(status, body, expected)| format!("{status} {body}\n  expected {expected}, got {:?}", meaning(*status, body)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// OpenAI's envelope.
macro_rules! openai {
    ($message:literal, $kind:literal, $code:literal) => {
        concat!(r#"{"error":{"message":""#, $message, r#"","type":""#, $kind, r#"","param":null,"code":""#, $code, r#""}}"#)
    };
}

/// The envelope of Azure, Zhipu and LiteLLM: a code that is a string, and no type.
macro_rules! coded {
    ($code:literal, $message:literal) => {
        concat!(r#"{"error":{"code":""#, $code, r#"","message":""#, $message, r#""}}"#)
    };
}

macro_rules! anthropic {
    ($kind:literal, $message:literal) => {
        concat!(r#"{"type":"error","error":{"type":""#, $kind, r#"","message":""#, $message, r#""},"request_id":"req_1"}"#)
    };
}

macro_rules! relay {
    ($message:literal, $code:literal) => {
        openai!($message, "new_api_error", $code)
    };
}

#[test]
fn openai() {
    check(&[
        (
            429,
            openai!(
                "Rate limit reached for gpt-4o in organization org-1 on tokens per min (TPM): Limit 30000, Used 29937, Requested 385. Please try again in 644ms.",
                "tokens",
                "rate_limit_exceeded"
            ),
            "tokens-per-minute",
        ),
        (
            429,
            openai!(
                "Rate limit reached for gpt-4o in organization org-1 on requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again in 20s.",
                "requests",
                "rate_limit_exceeded"
            ),
            "requests-per-minute",
        ),
        (
            429,
            openai!(
                "Rate limit reached for gpt-4o in organization org-1 on requests per day (RPD): Limit 200, Used 200, Requested 1. Please try again in 7m12s.",
                "requests",
                "rate_limit_exceeded"
            ),
            "daily-limit-reached",
        ),
        (
            429,
            openai!(
                "Request too large for gpt-4o in organization org-1 on tokens per min (TPM): Limit 30000, Requested 31538. The input or output tokens must be reduced in order to run successfully.",
                "tokens",
                "rate_limit_exceeded"
            ),
            "request-over-token-limit",
        ),
        (429, openai!("Request too large for gpt-4o", "tokens", "rate_limit_exceeded"), "request-over-token-limit"),
        (
            429,
            openai!(
                "You exceeded your current quota, please check your plan and billing details.",
                "insufficient_quota",
                "insufficient_quota"
            ),
            "quota-exhausted",
        ),
        (429, openai!("You have used all available credits.", "insufficient_quota", "credit_balance_exhausted"), "quota-exhausted"),
        (429, openai!("m", "insufficient_quota", "organization_spend_limit_exceeded"), "quota-exhausted"),
        (429, openai!("m", "x", "project_spend_limit_exceeded"), "quota-exhausted"),
        (429, openai!("m", "x", "organization_usage_limit_exceeded"), "quota-exhausted"),
        (429, openai!("m", "x", "billing_hard_limit_reached"), "quota-exhausted"),
        (429, openai!("Your requests rose too fast.", "rate_limit_error", "slow_down"), "rate-limited"),
        (429, openai!("The usage limit has been reached", "usage_limit_reached", ""), "plan-limit-reached"),
        (
            401,
            openai!(
                "Incorrect API key provided: sk-...abcd. You can find your API key at https://platform.openai.com/account/api-keys.",
                "invalid_request_error",
                "invalid_api_key"
            ),
            "key-invalid",
        ),
        (401, openai!("You didn't provide an API key.", "invalid_request_error", ""), "key-missing"),
        (401, openai!("You must be a member of an organization to use the API.", "invalid_request_error", ""), "access-denied"),
        (401, openai!("IP not authorized", "x", ""), "access-denied"),
        (
            403,
            openai!("Country, region, or territory not supported", "request_forbidden", "unsupported_country_region_territory"),
            "region-blocked",
        ),
        (
            404,
            openai!("The model `x` does not exist or you do not have access to it.", "invalid_request_error", "model_not_found"),
            "model-not-found",
        ),
        (404, openai!("Invalid URL (POST /v1/v1/chat/completions)", "invalid_request_error", ""), "path-not-found"),
        (
            400,
            openai!(
                "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens.",
                "invalid_request_error",
                "context_length_exceeded"
            ),
            "context-too-long",
        ),
        (
            400,
            openai!("Your request was rejected as a result of our safety system.", "invalid_request_error", "content_policy_violation"),
            "prompt-refused-by-filter",
        ),
        (
            400,
            openai!(
                "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
                "invalid_request_error",
                "unsupported_parameter"
            ),
            "parameter-rejected",
        ),
        (
            400,
            openai!("Unsupported value: 'temperature' does not support 0.2 with this model.", "invalid_request_error", "unsupported_value"),
            "parameter-rejected",
        ),
        (500, openai!("The server had an error while processing your request. Sorry about that!", "server_error", ""), "provider-error"),
        (503, openai!("That model is currently overloaded with other requests.", "server_error", ""), "provider-overloaded"),
        (503, openai!("The engine is currently overloaded, please try again later", "server_error", ""), "provider-overloaded"),
    ]);
}

#[test]
fn azure() {
    check(&[
        (
            429,
            coded!(
                "429",
                "Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-05-01-preview have exceeded token rate limit of your current OpenAI S0 pricing tier. Please retry after 7 seconds."
            ),
            "tokens-per-minute",
        ),
        (
            429,
            coded!(
                "429",
                "Requests to the ChatCompletions_Create Operation have exceeded call rate limit of your current OpenAI S0 pricing tier. Please retry after 2 seconds."
            ),
            "requests-per-minute",
        ),
        (
            429,
            coded!(
                "429",
                "Requests to the ChatCompletions_Create Operation have exceeded call rate limit of your current AIServices F0 pricing tier. Please retry after 86400 seconds."
            ),
            "quota-exhausted",
        ),
        (429, coded!("429", "Rate limit is exceeded. Try again in 2 seconds."), "rate-limited"),
        (429, coded!("429", "System is experiencing high demand"), "provider-overloaded"),
        (404, coded!("404", "Resource not found"), "path-not-found"),
        (404, coded!("DeploymentNotFound", "The API deployment for this resource does not exist."), "model-not-found"),
        (
            400,
            r#"{"error":{"message":"The response was filtered due to the prompt triggering Azure OpenAI's content management policy.","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{"hate":{"filtered":true}}}}}"#,
            "prompt-refused-by-filter",
        ),
        (401, coded!("401", "Access denied due to invalid subscription key or wrong API endpoint."), "key-invalid"),
        (
            401,
            r#"{"statusCode":401,"message":"Unauthorized. Access token is missing, invalid, audience is incorrect, or have expired."}"#,
            "key-invalid",
        ),
    ]);
}

#[test]
fn anthropic() {
    check(&[
        (
            429,
            anthropic!(
                "rate_limit_error",
                "This request would exceed the rate limit for your organization (o) of 20,000 input tokens per minute."
            ),
            "tokens-per-minute",
        ),
        (429, anthropic!("rate_limit_error", "Number of concurrent connections has exceeded your rate limit."), "concurrency-limited"),
        (
            429,
            anthropic!("rate_limit_error", "This request would exceed your account's rate limit. Please try again later."),
            "rate-limited",
        ),
        (
            429,
            r#"{"type":"error","error":{"type":"rate_limit_error","message":"m","details":{"error_code":"enforced_spend_limit_reached"}}}"#,
            "quota-exhausted",
        ),
        (400, anthropic!("invalid_request_error", "Your credit balance is too low to access the Anthropic API."), "quota-exhausted"),
        (400, anthropic!("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"), "context-too-long"),
        (400, anthropic!("invalid_request_error", "Output blocked by content filtering policy"), "prompt-refused-by-filter"),
        (400, anthropic!("invalid_request_error", "max_tokens: Field required"), "request-rejected"),
        (401, anthropic!("authentication_error", "invalid x-api-key"), "key-invalid"),
        (402, anthropic!("billing_error", "m"), "quota-exhausted"),
        (403, anthropic!("permission_error", "Your API key does not have permission to use the specified resource."), "access-denied"),
        (404, anthropic!("not_found_error", "model: claude-x"), "model-not-found"),
        (404, anthropic!("not_found_error", "Not found"), "path-not-found"),
        (413, anthropic!("request_too_large", "Request exceeds the maximum size"), "body-too-large"),
        (500, anthropic!("api_error", "Internal server error"), "provider-error"),
        (504, anthropic!("timeout_error", "m"), "provider-error"),
        (529, anthropic!("overloaded_error", "Overloaded"), "provider-overloaded"),
    ]);
}

#[test]
fn gemini() {
    check(&[
        (
            429,
            r#"[{"error":{"code":429,"message":"Resource has been exhausted (e.g. check quota).","status":"RESOURCE_EXHAUSTED"}}]"#,
            "rate-limited",
        ),
        (
            429,
            r#"[{"error":{"code":429,"message":"You exceeded your current quota","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}]}}]"#,
            "quota-exhausted",
        ),
        (
            429,
            r#"[{"error":{"code":429,"message":"You exceeded your current quota","status":"RESOURCE_EXHAUSTED","details":[{"violations":[{"quotaId":"GenerateRequestsPerMinutePerProjectPerModel-FreeTier"}]},{"retryDelay":"34s"}]}}]"#,
            "requests-per-minute",
        ),
        (
            429,
            r#"[{"error":{"code":429,"message":"You exceeded your current quota","status":"RESOURCE_EXHAUSTED","details":[{"violations":[{"quotaId":"GenerateContentInputTokensPerModelPerMinute-FreeTier"}]}]}}]"#,
            "tokens-per-minute",
        ),
        (
            400,
            r#"[{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}]"#,
            "key-invalid",
        ),
        (
            400,
            r#"[{"error":{"code":400,"message":"API key expired. Please renew the API key.","status":"INVALID_ARGUMENT"}}]"#,
            "key-invalid",
        ),
        (
            400,
            r#"[{"error":{"code":400,"message":"User location is not supported for the API use.","status":"FAILED_PRECONDITION"}}]"#,
            "region-blocked",
        ),
        (
            400,
            r#"[{"error":{"code":400,"message":"The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}]"#,
            "context-too-long",
        ),
        (
            403,
            r#"[{"error":{"code":403,"message":"Generative Language API has not been used in project 1","status":"PERMISSION_DENIED"}}]"#,
            "access-denied",
        ),
        (
            404,
            r#"[{"error":{"code":404,"message":"models/x is not found for API version v1main, or is not supported","status":"NOT_FOUND"}}]"#,
            "path-not-found",
        ),
        (499, r#"[{"error":{"code":499,"message":"The operation was cancelled.","status":"CANCELLED"}}]"#, "provider-error"),
        (
            503,
            r#"[{"error":{"code":503,"message":"The model is overloaded. Please try again later.","status":"UNAVAILABLE"}}]"#,
            "provider-overloaded",
        ),
    ]);
}

#[test]
fn deepseek_moonshot_and_mistral() {
    check(&[
        (401, openai!("Authentication Fails (no such user)", "authentication_error", "invalid_request_error"), "key-invalid"),
        (402, openai!("Insufficient Balance", "unknown_error", "invalid_request_error"), "quota-exhausted"),
        (400, openai!("Content Exists Risk", "invalid_request_error", "invalid_request_error"), "prompt-refused-by-filter"),
        (400, openai!("Model Not Exist", "invalid_request_error", "invalid_request_error"), "model-not-found"),
        (
            503,
            openai!(
                "Service is too busy. We advise users to temporarily switch to alternative LLM API service providers.",
                "service_unavailable_error",
                "invalid_request_error"
            ),
            "provider-overloaded",
        ),
        (401, r#"{"error":{"message":"Invalid Authentication","type":"invalid_authentication_error"}}"#, "key-invalid"),
        (
            400,
            r#"{"error":{"type":"content_filter","message":"The request was rejected because it was considered high risk"}}"#,
            "prompt-refused-by-filter",
        ),
        (
            429,
            r#"{"error":{"type":"rate_limit_error","message":"The engine is currently overloaded, please try again later"}}"#,
            "plan-limit-reached",
        ),
        (
            429,
            r#"{"error":{"type":"engine_overloaded_error","message":"The engine is currently overloaded, please try again later"}}"#,
            "provider-overloaded",
        ),
        (
            429,
            r#"{"error":{"type":"rate_limit_error","message":"We're receiving too many requests at the moment. Please wait a moment and try again."}}"#,
            "provider-overloaded",
        ),
        (
            403,
            r#"{"error":{"type":"access_terminated_error","message":"You've reached your usage limit for this period."}}"#,
            "plan-limit-reached",
        ),
        (
            429,
            r#"{"error":{"type":"exceeded_current_quota_error","message":"Your account is suspended due to insufficient balance"}}"#,
            "quota-exhausted",
        ),
        (
            429,
            r#"{"error":{"type":"rate_limit_reached_error","message":"Your account org-1 request reached max request: 3, please try again after 1 seconds"}}"#,
            "rate-limited",
        ),
        (
            429,
            r#"{"error":{"type":"rate_limit_reached_error","message":"Your account reached organization max concurrency: 1"}}"#,
            "concurrency-limited",
        ),
        (
            400,
            r#"{"error":{"type":"invalid_request_error","message":"Invalid request: Your request exceeded model token limit: 262144"}}"#,
            "context-too-long",
        ),
        (
            400,
            r#"{"error":{"type":"invalid_request_error","message":"total message size 3000000 exceeds limit 2097152"}}"#,
            "body-too-large",
        ),
        (
            429,
            r#"{"object":"error","message":"Rate limit exceeded","type":"rate_limited","param":null,"code":"1300","raw_status_code":429}"#,
            "rate-limited",
        ),
        (
            429,
            r#"{"object":"error","message":"Service tier capacity exceeded for this model.","type":"service_tier_capacity_exceeded","param":null,"code":"3505"}"#,
            "provider-overloaded",
        ),
        (401, r#"{"message":"Unauthorized","request_id":"r"}"#, "key-invalid"),
        (
            422,
            r#"{"object":"error","message":{"detail":[{"type":"extra_forbidden","loc":["body","foo"],"msg":"Extra inputs are not permitted"}]},"type":"invalid_request_error"}"#,
            "parameter-rejected",
        ),
    ]);
}

#[test]
fn groq_cohere_and_hugging_face() {
    check(&[
        (
            413,
            openai!(
                "Request too large for model `x` in organization `o` service tier `on_demand` on tokens per minute (TPM): Limit 12000, Requested 15318, please reduce your message size and try again.",
                "tokens",
                "rate_limit_exceeded"
            ),
            "request-over-token-limit",
        ),
        (
            429,
            openai!(
                "Rate limit reached for model `x` in organization `o` on tokens per day (TPD): Limit 100000, Used 99939, Requested 200. Please try again in 2m0.1s.",
                "tokens",
                "rate_limit_exceeded"
            ),
            "daily-limit-reached",
        ),
        (
            400,
            openai!("The model `x` has been decommissioned and is no longer supported.", "invalid_request_error", "model_decommissioned"),
            "model-not-found",
        ),
        (401, r#"{"message":"invalid api token","id":"i"}"#, "key-invalid"),
        (
            404,
            r#"{"id":"i","message":"model 'x' not found, make sure the correct model ID was used and that you have access to the model."}"#,
            "model-not-found",
        ),
        (429, r#"{"message":"You are using a Trial key, which is limited to 20 API calls / minute.","id":"i"}"#, "rate-limited"),
        (503, r#"{"error":"Model x is currently loading","estimated_time":20.0}"#, "provider-overloaded"),
        (
            402,
            r#"{"error":"You have exceeded your monthly included credits for Inference Providers. Subscribe to PRO."}"#,
            "quota-exhausted",
        ),
        (
            400,
            r#"{"error":{"message":"The requested model 'x' is not supported by any provider you have enabled.","type":"invalid_request_error","param":"model","code":"model_not_supported"}}"#,
            "model-not-found",
        ),
    ]);
}

#[test]
fn zhipu_and_dashscope() {
    check(&[
        (429, coded!("1302", "您当前使用该API的并发数过高，请降低并发，或联系客服增加限额"), "concurrency-limited"),
        (429, coded!("1303", "您当前使用该API的频率过高，请降低频率，或联系客服增加限额"), "requests-per-minute"),
        (429, coded!("1304", "该API已达今日调用次数限额，如有更多需求，请联系客服购买"), "daily-limit-reached"),
        (429, coded!("1305", "该API已触发流量限制"), "rate-limited"),
        (429, coded!("1308", "已达到 5 小时的使用上限。您的限额将在 2026-11-23 12:00:00 重置"), "plan-limit-reached"),
        (429, coded!("1312", "该模型当前访问量过大，请您稍后再试"), "provider-overloaded"),
        (429, coded!("1113", "您的账户已欠费，请充值后重试"), "quota-exhausted"),
        (429, coded!("1112", "您的账户已被锁定，请联系客服解锁"), "access-denied"),
        (401, coded!("1000", "身份验证失败"), "key-invalid"),
        (401, coded!("1001", "Header中未收到Authorization参数，无法进行身份验证"), "key-missing"),
        (400, coded!("1211", "模型不存在，请检查模型代码"), "model-not-found"),
        (400, coded!("1210", "API 调用参数有误，请检查文档"), "parameter-rejected"),
        (400, coded!("1261", "Prompt 超长"), "context-too-long"),
        (
            400,
            r#"{"contentFilter":[{"level":1,"role":"user"}],"error":{"code":"1301","message":"系统检测到输入或生成内容可能包含不安全或敏感内容"}}"#,
            "prompt-refused-by-filter",
        ),
        (500, r#"{"code":500,"msg":"404 NOT_FOUND","success":false}"#, "provider-error"),
        (429, r#"{"code":"Throttling","message":"Requests throttling triggered.","request_id":"r"}"#, "rate-limited"),
        (
            429,
            r#"{"code":"Throttling.RateQuota","message":"Requests rate limit exceeded, please try again later.","request_id":"r"}"#,
            "requests-per-minute",
        ),
        (
            429,
            r#"{"code":"Throttling.AllocationQuota","message":"Allocated quota exceeded, please increase your quota limit.","request_id":"r"}"#,
            "quota-exhausted",
        ),
        (
            400,
            r#"{"code":"Arrearage","message":"Access denied, please make sure your account is in good standing.","request_id":"r"}"#,
            "quota-exhausted",
        ),
        (
            400,
            r#"{"code":"DataInspectionFailed","message":"Input data may contain inappropriate content.","request_id":"r"}"#,
            "prompt-refused-by-filter",
        ),
        (401, r#"{"code":"InvalidApiKey","message":"Invalid API-key provided.","request_id":"r"}"#, "key-invalid"),
        (403, r#"{"code":"AccessDenied","message":"Access denied.","request_id":"r"}"#, "access-denied"),
        (400, r#"{"code":"InvalidParameter","message":"Range of input length should be [1, 30720]","request_id":"r"}"#, "context-too-long"),
        (
            500,
            r#"{"code":"InternalError.Algo","message":"An internal error has occured during execution, please try again later.","request_id":"r"}"#,
            "provider-error",
        ),
        (429, openai!("You exceeded your current requests list", "limit_requests", "limit_requests"), "requests-per-minute"),
        (
            400,
            openai!("Input data may contain inappropriate content.", "data_inspection_failed", "data_inspection_failed"),
            "prompt-refused-by-filter",
        ),
        (
            404,
            openai!("The model `qwen-x` does not exist or you do not have access to it.", "invalid_request_error", "model_not_found"),
            "model-not-found",
        ),
    ]);
}

#[test]
fn volcengine_siliconflow_minimax_baidu_and_xunfei() {
    check(&[
        (
            403,
            r#"{"error":{"code":"AccountOverdueError","message":"The request failed because your account has an overdue balance. Request ID: 1","param":"","type":"Forbidden"}}"#,
            "quota-exhausted",
        ),
        (
            404,
            r#"{"error":{"code":"ModelNotOpen","message":"Your account 1 has not activated the model x. Please activate the model service in the Ark Console.","param":"","type":"NotFound"}}"#,
            "access-denied",
        ),
        (
            404,
            r#"{"error":{"code":"InvalidEndpointOrModel.NotFound","message":"The model or endpoint x does not exist or you do not have access to it.","param":"","type":"NotFound"}}"#,
            "model-not-found",
        ),
        (
            429,
            r#"{"error":{"code":"ServerOverloaded","message":"The service is currently unable to handle additional requests due to server overload.","param":"","type":"TooManyRequests"}}"#,
            "provider-overloaded",
        ),
        (
            429,
            r#"{"error":{"code":"ModelAccountTpmRateLimitExceeded","message":"TPM (Tokens Per Minute) limit of the associated account has been exceeded.","param":"","type":"TooManyRequests"}}"#,
            "tokens-per-minute",
        ),
        (
            429,
            r#"{"error":{"code":"RateLimitExceeded.EndpointRPMExceeded","message":"m","param":"","type":"TooManyRequests"}}"#,
            "requests-per-minute",
        ),
        (400, r#"{"error":{"code":"SensitiveContentDetected","message":"m","param":"","type":"BadRequest"}}"#, "prompt-refused-by-filter"),
        (
            401,
            r#"{"error":{"code":"AuthenticationError","message":"The API key or AK/SK in the request is missing or invalid.","param":"","type":"Unauthorized"}}"#,
            "key-invalid",
        ),
        (403, r#"{"code":30001,"message":"Sorry, your account balance is insufficient","data":null}"#, "quota-exhausted"),
        (400, r#"{"code":20012,"message":"Model does not exist. Please check it carefully.","data":null}"#, "model-not-found"),
        (
            400,
            r#"{"code":20015,"message":"length of prompt_tokens (68957) must be less than max_seq_len (65536).","data":null}"#,
            "context-too-long",
        ),
        (503, r#"{"code":50505,"message":"Model service overloaded. Please try again later.","data":null}"#, "provider-overloaded"),
        (429, r#"{"message":"Request was rejected due to rate limiting. Details: TPM limit reached.","data":null}"#, "tokens-per-minute"),
        (401, r#""Invalid token""#, "key-invalid"),
        (200, r#"{"base_resp":{"status_code":1002,"status_msg":"rate limit exceeded(RPM)"},"choices":null}"#, "requests-per-minute"),
        (200, r#"{"base_resp":{"status_code":1008,"status_msg":"insufficient balance"},"choices":null}"#, "quota-exhausted"),
        (
            200,
            r#"{"base_resp":{"status_code":1004,"status_msg":"login fail: Please carry the API secret key"},"choices":null}"#,
            "key-invalid",
        ),
        (200, r#"{"base_resp":{"status_code":1026,"status_msg":"input new_sensitive"},"choices":null}"#, "prompt-refused-by-filter"),
        (200, r#"{"base_resp":{"status_code":1039,"status_msg":"token limit exceeded"},"choices":null}"#, "tokens-per-minute"),
        (200, r#"{"error_code":17,"error_msg":"Open api daily request limit reached"}"#, "daily-limit-reached"),
        (200, r#"{"error_code":18,"error_msg":"Open api qps request limit reached"}"#, "requests-per-minute"),
        (200, r#"{"error_code":110,"error_msg":"Access token invalid or no longer valid"}"#, "key-invalid"),
        (200, r#"{"code":10013,"message":"input content audit failed","sid":"cha000b0003@dx"}"#, "prompt-refused-by-filter"),
        (200, r#"{"code":11202,"message":"licc limit","sid":"s"}"#, "requests-per-minute"),
        (401, r#"{"error":{"message":"AppIdNoAuthError","type":"api_error","param":null,"code":"11200"}}"#, "key-invalid"),
    ]);
}

#[test]
fn openrouter_and_other_relays_in_their_own_words() {
    check(&[
        (
            403,
            r#"{"code":"The caller does not have permission to execute the specified operation","error":"Your newly created team doesn't have any credits or licenses yet. You can purchase those on https://console.x.ai"}"#,
            "quota-exhausted",
        ),
        (
            412,
            r#"{"error":{"message":"Account acme is suspended, possibly due to reaching the monthly spending limit or failure to pay past invoices.","type":"api_error"}}"#,
            "quota-exhausted",
        ),
        (
            402,
            r#"{"error":{"code":402,"message":"Insufficient credits. Add more using https://openrouter.ai/credits"}}"#,
            "quota-exhausted",
        ),
        (
            402,
            r#"{"error":{"code":402,"message":"This request requires more credits, or fewer max_tokens. You requested up to 65536 tokens, but can only afford 1000."}}"#,
            "quota-exhausted",
        ),
        (200, r#"{"error":{"code":402,"message":"m"}}"#, "quota-exhausted"),
        (402, r#"{"error":{"code":402,"message":"m","metadata":{"limit_source":"openrouter_in_flight_budget"}}}"#, "concurrency-limited"),
        (401, r#"{"error":{"code":401,"message":"No auth credentials found"}}"#, "key-missing"),
        (
            403,
            r#"{"error":{"code":403,"message":"x requires moderation on P. Your input was flagged for \"violence\". No credits were charged.","metadata":{"reasons":["violence"],"provider_name":"P"}}}"#,
            "prompt-refused-by-filter",
        ),
        (404, r#"{"error":{"code":404,"message":"No endpoints found for x/y."}}"#, "relay-no-channel"),
        (400, r#"{"error":{"code":400,"message":"x/y is not a valid model ID"}}"#, "model-not-found"),
        (
            429,
            r#"{"error":{"code":429,"message":"Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model requests per day","metadata":{"headers":{"X-RateLimit-Limit":"50","X-RateLimit-Remaining":"0","X-RateLimit-Reset":"1795478400000"},"provider_name":null}}}"#,
            "daily-limit-reached",
        ),
        (429, r#"{"error":{"code":429,"message":"Rate limit exceeded: free-models-per-min. "}}"#, "requests-per-minute"),
        (408, r#"{"error":{"code":408,"message":"Request timed out"}}"#, "provider-error"),
        (502, r#"{"error":{"code":502,"message":"Provider returned error"}}"#, "provider-error"),
        (
            408,
            r#"{"error":{"message":"Request exceeded the timeout sent in the request: 5000ms","type":"timeout_error","param":null,"code":null}}"#,
            "provider-error",
        ),
        (400, r#"{"status":"failure","message":"Either x-portkey-config or x-portkey-provider header is required"}"#, "request-rejected"),
        (
            429,
            coded!(
                "429",
                "No deployments available for selected model, Try again in 5 seconds. Passed model=x. pre-call-checks=False, cooldown_list=[...]"
            ),
            "relay-cooldown",
        ),
        (
            429,
            coded!("429", "litellm.RateLimitError: No deployments available for selected model, Try again in 5 seconds."),
            "relay-cooldown",
        ),
        (
            400,
            coded!(
                "400",
                "litellm.BadRequestError: You passed in model=x. There are no healthy deployments for this model. Received Model Group=x\\nAvailable Model Group Fallbacks=None"
            ),
            "relay-no-channel",
        ),
        (401, openai!("Authentication Error, Invalid proxy server token passed", "token_not_found_in_db", "401"), "relay-token-rejected"),
        (401, openai!("Authentication Error, No api key passed in.", "auth_error", "401"), "key-missing"),
        (400, openai!("Authentication Error - Expired Key.", "expired_key", "400"), "relay-token-expired"),
        (400, openai!("Budget has been exceeded! Current cost: 11, Max budget: 10", "budget_exceeded", "400"), "relay-quota-exhausted"),
        (
            401,
            openai!("key not allowed to access model. This key can only access models=['a']", "key_model_access_denied", "401"),
            "access-denied",
        ),
        (
            429,
            openai!("Max parallel request limit reached Hit limit for api_key: 3ec1. tpm_limit: 200, current_tpm 80", "None", "429"),
            "concurrency-limited",
        ),
        (
            429,
            openai!("Rate limit exceeded for api_key: 3ec1. Limit type: tokens. Current limit: 10, Remaining: 0", "None", "429"),
            "tokens-per-minute",
        ),
        (
            400,
            openai!(
                "/chat/completions: Invalid model name passed in model=x. Call `/v1/models` to view available models for your key.",
                "invalid_request_error",
                "400"
            ),
            "model-not-found",
        ),
    ]);
}

#[test]
fn the_one_api_family() {
    check(&[
        (401, relay!("无效的令牌 (request id: 1)", ""), "relay-token-rejected"),
        (401, relay!("未提供令牌", ""), "key-missing"),
        (401, relay!("该令牌已过期", ""), "relay-token-expired"),
        (401, relay!("该令牌状态不可用", ""), "relay-token-rejected"),
        (403, relay!("该令牌额度已用尽", "pre_consume_token_quota_failed"), "relay-quota-exhausted"),
        (401, relay!("该令牌额度已用尽 TokenStatusExhausted[sk-x]", ""), "relay-quota-exhausted"),
        (403, relay!("user quota is not enough", "insufficient_user_quota"), "relay-quota-exhausted"),
        (403, relay!("该令牌无权使用模型：x", ""), "access-denied"),
        (403, relay!("该令牌无权访问模型 x", ""), "access-denied"),
        (403, relay!("用户已被封禁", ""), "access-denied"),
        (403, relay!("您的 IP 不在令牌允许访问的列表中", ""), "access-denied"),
        (503, relay!("当前分组 default 下对于模型 x 无可用渠道", "model_not_found"), "relay-no-channel"),
        (503, relay!("分组 default 下模型 x 的可用渠道不存在（retry）", "get_channel_failed"), "relay-no-channel"),
        (429, relay!("当前分组上游负载已饱和，请稍后再试", "bad_response_status_code"), "relay-saturated"),
        (429, relay!("您已达到请求数限制：1分钟内最多请求3次", ""), "requests-per-minute"),
        (429, relay!("您已达到总请求数限制：1分钟内最多请求3次，包括失败次数", ""), "requests-per-minute"),
        (500, relay!("请求上游地址失败", "do_request_failed"), "relay-upstream-failed"),
        (500, relay!("unexpected EOF", "read_response_body_failed"), "relay-upstream-failed"),
        (500, relay!("unexpected end of JSON input", "unmarshal_response_body_failed"), "relay-upstream-failed"),
        (502, openai!("bad response status code 502", "upstream_error", "bad_response_status_code"), "relay-upstream-failed"),
        (
            500,
            openai!(
                "Panic detected, error: runtime error: index out of range. Please submit an issue here: https://github.com/songquanpeng/one-api",
                "one_api_panic",
                ""
            ),
            "relay-crashed",
        ),
        (500, openai!("Panic detected, error: nil map", "new_api_panic", ""), "relay-crashed"),
        (501, openai!("API not implemented", "one_api_error", "api_not_implemented"), "path-not-found"),
        (400, relay!("user input contains sensitive words", "sensitive_words_detected"), "prompt-refused-by-filter"),
        (400, relay!("m", "prompt_blocked"), "prompt-refused-by-filter"),
        (500, relay!("m", "channel:no_available_key"), "relay-no-channel"),
        (500, relay!("m", "channel:invalid_key"), "relay-upstream-failed"),
        (404, openai!("Invalid URL (POST /v1/v1/chat/completions)", "invalid_request_error", ""), "path-not-found"),
        (
            403,
            r#"{"error":{"message":"user [25359] quota [50264897] preConsumedQuota [154753475] is not enough","localized_message":"Insufficient user quota","type":"shell_api_error","param":"","code":"insufficient_user_quota"}}"#,
            "relay-quota-exhausted",
        ),
        (
            502,
            r#"{"error":{"message":"","type":"shell_api_error","param":"502","code":"bad_response_status_code"}}"#,
            "relay-upstream-failed",
        ),
        (
            500,
            r#"{"error":{"message":"[&{{write tcp 10.0.0.1:1->10.0.0.2:2: write: connection reset by peer Unknown error shell_api_error  write_response_body_failed} 500 }]","type":"shell_api_error","param":"","code":""}}"#,
            "relay-upstream-failed",
        ),
    ]);
}

#[test]
fn servers_of_ones_own() {
    check(&[
        (200, r#"{"error":"Unexpected endpoint or method. (POST /chat/completions)"}"#, "path-not-found"),
        (
            422,
            r#"{"error":"Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens and 100 `max_new_tokens`","error_type":"validation"}"#,
            "context-too-long",
        ),
        (
            400,
            r#"{"error":{"message":"This model's maximum context length is 16384 tokens. However, you requested 8192 output tokens","type":"BadRequestError","param":null,"code":400}}"#,
            "context-too-long",
        ),
        (
            404,
            r#"{"object":"error","message":"The model `x` does not exist.","type":"NotFoundError","param":null,"code":404}"#,
            "model-not-found",
        ),
        (401, r#"{"error":"Unauthorized"}"#, "key-invalid"),
        (400, r#"{"error":{"message":"m","type":"Bad Request","param":"temperature","code":400}}"#, "parameter-rejected"),
        (404, r#"{"error":"model \"x\" not found, try pulling it first"}"#, "model-not-found"),
        (404, r#"{"error":{"message":"model 'x' not found","type":"not_found_error","param":null,"code":null}}"#, "model-not-found"),
        (
            503,
            r#"{"error":{"message":"server busy, please try again.  maximum pending requests exceeded","type":"api_error","param":null,"code":null}}"#,
            "provider-overloaded",
        ),
        (499, r#"{"error":"request canceled"}"#, "provider-error"),
        (
            400,
            r#"{"error":{"code":400,"message":"request (13392 tokens) exceeds the available context size (8192 tokens), try increasing it","type":"exceed_context_size_error","n_prompt_tokens":13392,"n_ctx":8192}}"#,
            "context-too-long",
        ),
        (401, r#"{"error":{"code":401,"message":"Invalid API Key","type":"authentication_error"}}"#, "key-invalid"),
        (
            501,
            r#"{"error":{"code":501,"message":"This server does not support completions.","type":"not_supported_error"}}"#,
            "path-not-found",
        ),
        (503, r#"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#, "provider-overloaded"),
        (429, r#"{"error":"Model is overloaded","error_type":"overloaded"}"#, "provider-overloaded"),
        (
            422,
            r#"{"error":"Input validation error: `inputs` must have less than 1024 tokens.","error_type":"validation"}"#,
            "context-too-long",
        ),
        (
            422,
            r#"{"error":"Input validation error: `temperature` must be strictly positive","error_type":"validation"}"#,
            "request-rejected",
        ),
        (424, r#"{"error":"Request failed during generation: CUDA out of memory","error_type":"generation"}"#, "provider-error"),
        (404, r#"{"detail":"Not Found"}"#, "path-not-found"),
        (405, r#"{"detail":"Method Not Allowed"}"#, "path-not-found"),
        (403, r#"{"detail":"Not authenticated"}"#, "key-missing"),
        (422, r#"{"detail":[{"type":"missing","loc":["body","session_id"],"msg":"Field required"}]}"#, "request-rejected"),
        (
            422,
            r#"{"detail":[{"type":"less_than_equal","loc":["body","temperature"],"msg":"Input should be less than or equal to 2"}]}"#,
            "parameter-rejected",
        ),
        (400, r#"{"object":"error","message":"m","code":40303}"#, "context-too-long"),
        (400, r#"{"object":"error","message":"m","code":42903}"#, "provider-overloaded"),
    ]);
}

#[test]
fn gateways_and_clouds() {
    check(&[
        (403, r#"{"message":"Forbidden"}"#, "access-denied"),
        (403, r#"{"message":"Missing Authentication Token"}"#, "path-not-found"),
        (429, r#"{"message":"Too Many Requests"}"#, "rate-limited"),
        (
            400,
            r#"{"__type":"com.amazon.coral.service#ThrottlingException","message":"Too many requests, please wait before trying again."}"#,
            "rate-limited",
        ),
        (
            403,
            r#"{"__type":"AccessDeniedException","Message":"You don't have access to the model with the specified model ID."}"#,
            "access-denied",
        ),
        (
            403,
            r#"{"__type":"UnrecognizedClientException","message":"The security token included in the request is invalid."}"#,
            "key-invalid",
        ),
        (401, r#"{"message":"No API key found in request"}"#, "key-missing"),
        (429, r#"{"message":"API rate limit exceeded"}"#, "rate-limited"),
        (404, r#"{"message":"no Route matched with those values"}"#, "path-not-found"),
        (404, r#"{"error_msg":"404 Route Not Found"}"#, "path-not-found"),
        (400, r#"{"success":false,"errors":[{"code":5007,"message":"No such model @cf/x"}],"result":null}"#, "model-not-found"),
        (
            429,
            r#"{"success":false,"errors":[{"code":3036,"message":"you have used up your daily free allocation of 10,000 neurons"}],"result":null}"#,
            "daily-limit-reached",
        ),
        (401, r#"{"success":false,"errors":[{"code":10000,"message":"Authentication error"}],"result":null}"#, "key-invalid"),
        (
            446,
            r#"{"error":{"message":"The guardrail checks defined in the config failed. You can find more information in the `hook_results` object.","type":"hooks_failed"}}"#,
            "prompt-refused-by-filter",
        ),
    ]);
}

#[test]
fn an_error_that_is_passed_on_means_what_its_maker_said() {
    check(&[
        (
            429,
            r#"{"error":{"message":"Provider returned error","code":429,"metadata":{"raw":"{\"error\":{\"message\":\"You exceeded your current quota\",\"type\":\"insufficient_quota\",\"code\":\"insufficient_quota\"}}","provider_name":"OpenAI"}}}"#,
            "quota-exhausted",
        ),
        (
            429,
            r#"{"error":{"message":"Provider returned error","code":429,"metadata":{"raw":"x is temporarily rate-limited upstream. Please retry shortly","provider_name":"BaseTen"}}}"#,
            "rate-limited",
        ),
        (
            502,
            r#"{"error":{"message":"Provider returned error","code":502,"metadata":{"raw":"{\"error\":{\"message\":\"model overloaded\",\"type\":\"overloaded\"}}","provider_name":"P"}}}"#,
            "provider-overloaded",
        ),
        (
            400,
            r#"{"error":{"message":"Provider returned error","code":400,"metadata":{"raw":"{\"error\":{\"message\":\"This endpoint's maximum context length is 8192 tokens\"}}","provider_name":"P"}}}"#,
            "context-too-long",
        ),
        (
            429,
            r#"{"error":{"message":"litellm.RateLimitError: RateLimitError: OpenAIException - Error code: 429 - {'error': {'message': 'You exceeded your current quota', 'type': 'insufficient_quota', 'param': None, 'code': 'insufficient_quota'}}. Received Model Group=x","type":"throttling_error","param":null,"code":"429"}}"#,
            "quota-exhausted",
        ),
        (
            429,
            r#"{"error":{"message":"litellm.RateLimitError: VertexAIException - b'[{\\n \"error\": {\\n \"code\": 429,\\n \"message\": \"m\",\\n \"status\": \"RESOURCE_EXHAUSTED\",\\n \"details\": [{\"violations\": [{\"quotaId\": \"GenerateRequestsPerDayPerProjectPerModel-FreeTier\"}]}]\\n }\\n}]'","type":null,"param":null,"code":"429"}}"#,
            "quota-exhausted",
        ),
        (
            401,
            r#"{"error":{"message":"litellm.AuthenticationError: AuthenticationError: OpenAIException - Incorrect API key provided: sk-x. Received Model Group=x","type":null,"param":null,"code":"401"}}"#,
            "key-invalid",
        ),
        (
            400,
            r#"{"error":{"message":"litellm.ContextWindowExceededError: ContextWindowExceededError: OpenAIException - m","type":null,"param":null,"code":"400"}}"#,
            "context-too-long",
        ),
        (
            503,
            r#"{"error":{"message":"litellm.ServiceUnavailableError: AnthropicException - {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}","type":null,"param":null,"code":"503"}}"#,
            "provider-overloaded",
        ),
        (
            401,
            r#"{"error":{"message":"openai error: Incorrect API key provided: sk-x.","type":"invalid_request_error","param":null,"code":null},"provider":"openai"}"#,
            "key-invalid",
        ),
        (
            500,
            r#"{"error":{"message":"bad response status code 402, message: , body: {\"error\":{\"message\":\"Insufficient Balance\",\"code\":\"invalid_request_error\"}}","type":"upstream_error","param":"402","code":"bad_response_status_code"}}"#,
            "quota-exhausted",
        ),
        (
            500,
            r#"{"error":"{\"error\":{\"message\":\"{\\\"type\\\":\\\"error\\\",\\\"error\\\":{\\\"type\\\":\\\"rate_limit_error\\\",\\\"message\\\":\\\"too fast\\\"}}\"}}"}"#,
            "rate-limited",
        ),
        (
            429,
            r#"{"error":{"message":"litellm.RateLimitError: RateLimitError: OpenAIException - Token limit is exceeded. Try again in 11 seconds.. Received Model Group=x","type":"throttling_error","param":null,"code":"429"}}"#,
            "tokens-per-minute",
        ),
    ]);
}

#[test]
fn words_that_look_alike_and_do_not_mean_it() {
    check(
        &[
            (
                400,
                openai!("The code sample on concurrency limits in messages[0] is not valid UTF-8.", "invalid_request_error", ""),
                "request-rejected",
            ),
            (400, openai!("messages[3].content: tokens per minute must be a string", "invalid_request_error", ""), "request-rejected"),
            (
                403,
                openai!("Your account was suspended because its request rate and requests per minute looked automated.", "forbidden", ""),
                "access-denied",
            ),
            (403, openai!("Blocked: rate limiting policy 7", "forbidden", ""), "access-denied"),
            (400, openai!("response_format json_schema is not supported with this model", "invalid_request_error", ""), "request-rejected"),
            (
                400,
                openai!("This model does not support image input; content type image_url is not supported", "invalid_request_error", ""),
                "request-rejected",
            ),
            (400, openai!("tools are not found in the request of this model", "invalid_request_error", ""), "request-rejected"),
            (404, r#"{"error":{"message":"File not found","type":"invalid_request_error"}}"#, "path-not-found"),
            (400, openai!("messages[0] contains the text 'Limit 3, Used 3, Requested 1'", "invalid_request_error", ""), "request-rejected"),
            (500, openai!("worker 1302 crashed", "server_error", "1399"), "provider-error"),
            (400, openai!("the overloaded function f(x) has no body", "invalid_request_error", ""), "request-rejected"),
            (500, openai!("high demand for loading model pages", "server_error", ""), "provider-error"),
            (
                400,
                openai!(
                    "the text {\\\"error\\\":{\\\"code\\\":\\\"insufficient_quota\\\",\\\"message\\\":\\\"m\\\"}} is no JSON schema",
                    "invalid_request_error",
                    ""
                ),
                "request-rejected",
            ),
            (400, openai!("per day schedule must be a list", "invalid_request_error", ""), "request-rejected"),
            (200, r#"{"base_resp":{"status_code":1113,"status_msg":"m"},"choices":null}"#, ""),
            (400, r#"{"error_code":1113,"error_msg":"m"}"#, "request-rejected"),
            (400, r#"{"success":false,"errors":[{"code":1301,"message":"m"}]}"#, "request-rejected"),
            (429, r#"{"error":{"message":"Rate limit reached. Limit 30000, Requested 1","type":"x"}}"#, "rate-limited"),
            (429, coded!("429", "Please retry after 86 seconds."), "rate-limited"),
        ]
        .into_iter()
        .filter(|(_, _, expected)| !expected.is_empty())
        .collect::<Vec<_>>(),
    );
    assert_eq!(meaning(200, r#"{"base_resp":{"status_code":1113,"status_msg":"m"},"choices":null}"#), None);
}

#[test]
fn without_an_exchange_code_words_and_the_error_s_own_number_decide() {
    let error = |json: &str| ApiError::from_value(&serde_json::from_str(json).unwrap(), true).unwrap();
    assert_eq!(meaning_of(&error(coded!("429", "Too many requests")), None), Some("rate-limited"));
    assert_eq!(meaning_of(&error(coded!("", "Insufficient Balance")), None), Some("quota-exhausted"));
    assert_eq!(meaning_of(&error(coded!("503", "m")), None), Some("provider-error"));
    assert_eq!(meaning_of(&error(coded!("", "m")), None), None);
    for (name, meaning) in [
        ("RateLimitError", "rate-limited"),
        ("AuthenticationError", "key-invalid"),
        ("PaymentRequiredError", "quota-exhausted"),
        ("APIConnectionError", "relay-upstream-failed"),
        ("Timeout", "provider-error"),
    ] {
        let error = ApiError { message: format!("litellm.{name}: m"), ..ApiError::default() };
        assert_eq!(meaning_of(&error, None), Some(meaning), "{name}");
    }
}

#[test]
fn every_saying_names_its_speaker_and_source_and_an_entry() {
    for saying in SAYINGS {
        assert!(super::super::entry(saying.means).is_some(), "{}", saying.means);
        assert!(!saying.who.is_empty() && (saying.source.contains('/') || saying.source.starts_with("RFC")), "{}", saying.means);
        for text in saying.codes.iter().chain(saying.words) {
            assert_eq!(**text, text.to_lowercase(), "comparison is in lower case");
        }
    }
}

#[test]
fn no_saying_hides_behind_an_earlier_one() {
    for saying in SAYINGS {
        let status = match saying.when {
            When::Rate => 429,
            When::Status(statuses) => statuses[0],
            When::Always | When::SaidBy(_) => 400,
        };
        let speaker = if let When::SaidBy(speaker) = saying.when { speaker } else { crate::api::error::Speaker::Unknown };
        let codes = if saying.codes.is_empty() { &[""][..] } else { saying.codes };
        let words = if saying.words.is_empty() { &[""][..] } else { saying.words };
        for (code, phrase) in codes.iter().flat_map(|code| words.iter().map(move |phrase| (code, phrase))) {
            let message = phrase.replace(" * ", " x ");
            let error = ApiError { message, code: code.to_string(), speaker, ..ApiError::default() };
            assert_eq!(meaning_of(&error, Some(status)), Some(saying.means), "{code:?} {phrase:?}");
        }
    }
}

#[test]
fn no_code_stands_twice_where_it_decides_alone() {
    let mut seen = HashSet::new();
    for saying in SAYINGS.iter().filter(|saying| saying.words.is_empty() && saying.when == When::Always) {
        for code in saying.codes {
            assert!(seen.insert(code), "{code}");
        }
    }
}
