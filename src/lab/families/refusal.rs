//! Requests that the API refuses for what they are: the key, the permission, the model, the parameters, the size.

use super::{Verdicts, both, scenario};
use crate::lab::Scenario;
use crate::lang::text;

const BAD_REQUEST: &str = "400 Bad Request";
const FORBIDDEN: &str = "403 Forbidden";
const NOT_FOUND: &str = "404 Not Found";
const UNAUTHORIZED: &str = "401 Unauthorized";

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario(
        "key-missing",
        text("answers 401: no API key was given", "返回 401：没有提供 API 密钥"),
        auth("key-missing"),
        |exchange| exchange.refuse(UNAUTHORIZED, &[("WWW-Authenticate", "Bearer realm=\"OpenAI API\"")], KEY_MISSING),
    ),
    scenario("key-invalid", text("answers 401: the API key is wrong", "返回 401：API 密钥错误"), auth("key-invalid"), |exchange| {
        exchange.refuse(UNAUTHORIZED, &[], KEY_INVALID)
    }),
    scenario(
        "relay-token-rejected",
        text("answers 401: the relay does not know this token", "返回 401：中转不认识这个令牌"),
        auth("relay-token-rejected"),
        |exchange| exchange.refuse(UNAUTHORIZED, &[], RELAY_TOKEN_REJECTED),
    ),
    scenario(
        "relay-token-expired",
        text("answers 401: the relay's token has expired", "返回 401：中转令牌已过期"),
        auth("relay-token-expired"),
        |exchange| exchange.refuse(UNAUTHORIZED, &[], RELAY_TOKEN_EXPIRED),
    ),
    scenario(
        "litellm-upstream-key",
        text(
            "answers 401: the relay's upstream does not accept the relay's key, in a Python dict",
            "返回 401：中转的上游不接受中转的 key，写成 Python 字典",
        ),
        auth("key-invalid"),
        |exchange| exchange.refuse(UNAUTHORIZED, &[], LITELLM_UPSTREAM_KEY),
    ),
    scenario(
        "volcengine-model-not-open",
        text("answers 404: the account has not activated the model, as Volcengine does", "返回 404：账户未开通该模型，与火山引擎相同"),
        auth("access-denied"),
        |exchange| exchange.refuse(NOT_FOUND, &[], VOLCENGINE_MODEL_NOT_OPEN),
    ),
    scenario(
        "access-denied",
        text("answers 403: the key may not use this model, as Anthropic says it", "返回 403：密钥无权使用该模型，Anthropic 的措辞"),
        auth("access-denied"),
        |exchange| exchange.refuse(FORBIDDEN, &[], ACCESS_DENIED),
    ),
    scenario(
        "relay-model-not-allowed",
        text("answers 403: the relay's token may not use this model", "返回 403：中转令牌无权访问该模型"),
        auth("access-denied"),
        |exchange| exchange.refuse(FORBIDDEN, &[], RELAY_MODEL_NOT_ALLOWED),
    ),
    scenario(
        "region-blocked",
        text("answers 403: this country or region is not supported", "返回 403：不支持所在的国家或地区"),
        auth("region-blocked"),
        |exchange| exchange.refuse(FORBIDDEN, &[], REGION_BLOCKED),
    ),
    scenario(
        "gemini-region-blocked",
        text("answers 400 with an array, as Gemini does: the location is not supported", "像 Gemini 那样返回 400 和数组：不支持所在位置"),
        auth("region-blocked"),
        |exchange| exchange.refuse(BAD_REQUEST, &[], GEMINI_REGION_BLOCKED),
    ),
    scenario(
        "model-not-found",
        text("answers 404: there is no such model", "返回 404：没有这个模型"),
        invalid("model-not-found"),
        |exchange| exchange.refuse(NOT_FOUND, &[], MODEL_NOT_FOUND),
    ),
    scenario(
        "ollama-model-not-found",
        text("answers 404 in ollama's words: the model must be pulled first", "用 ollama 的措辞返回 404：要先拉取模型"),
        invalid("model-not-found"),
        |exchange| exchange.refuse(NOT_FOUND, &[], OLLAMA_MODEL_NOT_FOUND),
    ),
    scenario(
        "context-too-long",
        text("answers 400: the messages exceed the context of the model", "返回 400：消息超出模型的上下文长度"),
        invalid("context-too-long"),
        |exchange| exchange.refuse(BAD_REQUEST, &[], CONTEXT_TOO_LONG),
    ),
    scenario(
        "llama-cpp-context-too-long",
        text("answers 400 in llama.cpp's words: the request exceeds the context", "用 llama.cpp 的措辞返回 400：请求超出上下文"),
        invalid("context-too-long"),
        |exchange| exchange.refuse(BAD_REQUEST, &[("Server", "llama.cpp")], LLAMA_CPP_CONTEXT_TOO_LONG),
    ),
    scenario(
        "request-over-token-limit",
        text("answers 429: this one request is larger than the limit per minute", "返回 429：单个请求就超过了每分钟上限"),
        invalid("request-over-token-limit"),
        |exchange| exchange.refuse("429 Too Many Requests", &[], REQUEST_OVER_TOKEN_LIMIT),
    ),
    scenario(
        "parameter-rejected",
        text("answers 400: max_tokens is not supported by this model", "返回 400：该模型不支持 max_tokens"),
        invalid("parameter-rejected"),
        |exchange| exchange.refuse(BAD_REQUEST, &[], PARAMETER_REJECTED),
    ),
    scenario(
        "body-too-large",
        text("answers 413 with nginx's page: the request is larger than it lets through", "返回 413 和 nginx 的页面：请求超过它放行的大小"),
        invalid("body-too-large"),
        |exchange| {
            exchange.say(
                "413 Request Entity Too Large",
                &[("Server", "nginx/1.22.1")],
                "text/html",
                super::nginx_page!("413 Request Entity Too Large"),
            )
        },
    ),
    scenario(
        "path-not-found",
        text("answers 404: /v1 stands twice in the path", "返回 404：路径中 /v1 出现了两次"),
        invalid("path-not-found"),
        |exchange| exchange.refuse(NOT_FOUND, &[], PATH_NOT_FOUND),
    ),
    scenario(
        "fastapi-path-not-found",
        text("answers 404 in FastAPI's words", "用 FastAPI 的措辞返回 404"),
        invalid("path-not-found"),
        |exchange| exchange.refuse(NOT_FOUND, &[("server", "uvicorn")], r#"{"detail":"Not Found"}"#),
    ),
    scenario(
        "request-rejected",
        text("answers 422 in FastAPI's words: a field is missing", "用 FastAPI 的措辞返回 422：缺少字段"),
        invalid("request-rejected"),
        |exchange| exchange.refuse("422 Unprocessable Entity", &[("server", "uvicorn")], REQUEST_REJECTED),
    ),
    scenario(
        "siliconflow-model-not-found",
        text("answers 400 with a number of its own, as SiliconFlow does", "像硅基流动那样返回 400 和自己的数字错误码"),
        invalid("model-not-found"),
        |exchange| exchange.refuse(BAD_REQUEST, &[], SILICONFLOW_MODEL_NOT_FOUND),
    ),
    scenario(
        "cloudflare-model-not-found",
        text("answers 400 with a list of errors, as Cloudflare Workers AI does", "像 Cloudflare Workers AI 那样返回 400 和错误列表"),
        invalid("model-not-found"),
        |exchange| exchange.refuse(BAD_REQUEST, &[], CLOUDFLARE_MODEL_NOT_FOUND),
    ),
    scenario(
        "fastapi-parameter-rejected",
        text("answers 422 in FastAPI's words: a value is too large", "用 FastAPI 的措辞返回 422：某个值过大"),
        invalid("parameter-rejected"),
        |exchange| exchange.refuse("422 Unprocessable Entity", &[], FASTAPI_PARAMETER_REJECTED),
    ),
    scenario(
        "aws-path-not-found",
        text("answers 403 in the words of AWS API Gateway, which mean a wrong path", "用 AWS API Gateway 的措辞返回 403，实为路径错误"),
        invalid("path-not-found"),
        |exchange| exchange.refuse(FORBIDDEN, &[], r#"{"message":"Missing Authentication Token"}"#),
    ),
    scenario(
        "dashscope-prompt-refused",
        text("answers 400: the prompt does not pass inspection, as DashScope does", "返回 400：提示词未通过审核，与百炼相同"),
        both("content_filter", "prompt-refused-by-filter"),
        |exchange| exchange.refuse(BAD_REQUEST, &[], DASHSCOPE_PROMPT_REFUSED),
    ),
    scenario(
        "openrouter-prompt-flagged",
        text("answers 403: the prompt was flagged, as OpenRouter does", "返回 403：提示词被标记，与 OpenRouter 相同"),
        both("content_filter", "prompt-refused-by-filter"),
        |exchange| exchange.refuse(FORBIDDEN, &[], OPENROUTER_PROMPT_FLAGGED),
    ),
    scenario(
        "prompt-refused-by-filter",
        text("answers 400 in Azure's words: the prompt triggers the content filter", "用 Azure 的措辞返回 400：提示词触发了内容过滤"),
        both("content_filter", "prompt-refused-by-filter"),
        |exchange| exchange.refuse(BAD_REQUEST, &[], PROMPT_REFUSED_BY_FILTER),
    ),
];

const fn auth(code: &'static str) -> Verdicts {
    both("auth", code)
}

const fn invalid(code: &'static str) -> Verdicts {
    both("invalid_request", code)
}

const KEY_MISSING: &str = concat!(
    r#"{"error":{"message":"You didn't provide an API key. You need to provide your API key in an Authorization header "#,
    r#"using Bearer auth (i.e. Authorization: Bearer YOUR_KEY), or as the password field (with blank username) if "#,
    r#"you're accessing the API from your browser and are prompted for a username and password. You can obtain an API "#,
    r#"key from https://platform.openai.com/account/api-keys.","type":"invalid_request_error","param":null,"#,
    r#""code":null}}"#
);

const KEY_INVALID: &str = concat!(
    r#"{"error":{"message":"Incorrect API key provided: sk-lab**********************0000. You can find your API key at "#,
    r#"https://platform.openai.com/account/api-keys.","type":"invalid_request_error","param":null,"#,
    r#""code":"invalid_api_key"}}"#
);

const RELAY_TOKEN_REJECTED: &str =
    r#"{"error":{"message":"无效的令牌 (request id: {request_id})","type":"new_api_error","param":"","code":""}}"#;

const ACCESS_DENIED: &str = concat!(
    r#"{"type":"error","error":{"type":"permission_error","message":"Your API key does not have permission to use the "#,
    r#"specified resource."},"request_id":"req_011CLlmcheckLab"}"#
);

const RELAY_MODEL_NOT_ALLOWED: &str = concat!(
    r#"{"error":{"message":"该令牌无权访问模型 {model} (request id: {request_id})","type":"new_api_error","#,
    r#""param":"","code":""}}"#
);

const REGION_BLOCKED: &str = concat!(
    r#"{"error":{"code":"unsupported_country_region_territory","message":"Country, region, or territory not supported","#,
    r#""param":null,"type":"request_forbidden"}}"#
);

const GEMINI_REGION_BLOCKED: &str = concat!(
    r#"[{"error":{"code":400,"message":"User location is not supported for the API use.","#,
    r#""status":"FAILED_PRECONDITION"}}]"#
);

/// OpenAI's words for a model that it does not have.
pub(super) const MODEL_NOT_FOUND: &str = concat!(
    r#"{"error":{"message":"The model `{model}` does not exist or you do not have access to it.","#,
    r#""type":"invalid_request_error","param":null,"code":"model_not_found"}}"#
);

const OLLAMA_MODEL_NOT_FOUND: &str = concat!(
    r#"{"error":{"message":"model \"{model}\" not found, try pulling it first","type":"not_found_error","param":null,"#,
    r#""code":null}}"#
);

const CONTEXT_TOO_LONG: &str = concat!(
    r#"{"error":{"message":"This model's maximum context length is 8192 tokens. However, your messages resulted in "#,
    r#"9001 tokens. Please reduce the length of the messages.","type":"invalid_request_error","param":"messages","#,
    r#""code":"context_length_exceeded"}}"#
);

const LLAMA_CPP_CONTEXT_TOO_LONG: &str = concat!(
    r#"{"error":{"code":400,"message":"request (13392 tokens) exceeds the available context size (8192 tokens), try "#,
    r#"increasing it","type":"exceed_context_size_error","n_prompt_tokens":13392,"n_ctx":8192}}"#
);

const REQUEST_OVER_TOKEN_LIMIT: &str = concat!(
    r#"{"error":{"message":"Request too large for {model} in organization org-LlmcheckLab on tokens per min (TPM): "#,
    r#"Limit 30000, Requested 31538. The input or output tokens must be reduced in order to run successfully. Visit "#,
    r#"https://platform.openai.com/account/rate-limits to learn more.","type":"tokens","param":null,"#,
    r#""code":"rate_limit_exceeded"}}"#
);

const PARAMETER_REJECTED: &str = concat!(
    r#"{"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this model. Use "#,
    r#"'max_completion_tokens' instead.","type":"invalid_request_error","param":"max_tokens","#,
    r#""code":"unsupported_parameter"}}"#
);

const PATH_NOT_FOUND: &str = concat!(
    r#"{"error":{"message":"Invalid URL (POST /v1/v1/chat/completions)","type":"invalid_request_error","param":"","#,
    r#""code":""}}"#
);

const REQUEST_REJECTED: &str = r#"{"detail":[{"type":"missing","loc":["body","session_id"],"msg":"Field required","input":null}]}"#;

const PROMPT_REFUSED_BY_FILTER: &str = concat!(
    r#"{"error":{"message":"The response was filtered due to the prompt triggering Azure OpenAI's content management "#,
    r#"policy. Please modify your prompt and retry. To learn more about our content filtering policies please read our "#,
    r#"documentation: https://go.microsoft.com/fwlink/?linkid=2198766","type":null,"param":"prompt","#,
    r#""code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation","#,
    r#""content_filter_result":{"hate":{"filtered":true,"severity":"high"},"self_harm":{"filtered":false,"#,
    r#""severity":"safe"}}}}}"#
);

const RELAY_TOKEN_EXPIRED: &str =
    concat!(r#"{"error":{"message":"该令牌已过期 (request id: {request_id})","type":"new_api_error","param":"","code":""}"#, r#"}"#);

const LITELLM_UPSTREAM_KEY: &str = concat!(
    r#"{"error":{"message":"litellm.AuthenticationError: AuthenticationError: OpenAIException - Error code:"#,
    r#" 401 - {'error': {'message': 'Incorrect API key provided: sk-lab***0000.', 'type': 'invalid_request_"#,
    r#"error', 'param': None, 'code': 'invalid_api_key'}}. Received Model Group={model}\nAvailable Model Gr"#,
    r#"oup Fallbacks=None","type":null,"param":null,"code":"401"}}"#
);

const VOLCENGINE_MODEL_NOT_OPEN: &str = concat!(
    r#"{"error":{"code":"ModelNotOpen","message":"Your account 2100000000 has not activated the model {mode"#,
    r#"l}. Please activate the model service in the Ark Console. Request id: {request_id}","param":"","type"#,
    r#"":"NotFound"}}"#
);

const SILICONFLOW_MODEL_NOT_FOUND: &str = r#"{"code":20012,"message":"Model does not exist. Please check it carefully.","data":null}"#;

const CLOUDFLARE_MODEL_NOT_FOUND: &str =
    concat!(r#"{"success":false,"errors":[{"code":5007,"message":"No such model {model} or task"}],"messages":[],"r"#, r#"esult":null}"#);

const FASTAPI_PARAMETER_REJECTED: &str = concat!(
    r#"{"detail":[{"type":"less_than_equal","loc":["body","temperature"],"msg":"Input should be less than o"#,
    r#"r equal to 2","input":9.0,"ctx":{"le":2.0}}]}"#
);

const DASHSCOPE_PROMPT_REFUSED: &str = concat!(
    r#"{"code":"DataInspectionFailed","message":"Input data may contain inappropriate content.","request_id"#,
    r#"":"7574ee8f-lab"}"#
);

const OPENROUTER_PROMPT_FLAGGED: &str = concat!(
    r#"{"error":{"message":"{model} requires moderation on Lab. Your input was flagged for \"violence\". No"#,
    r#" credits were charged.","code":403,"metadata":{"reasons":["violence"],"flagged_input":"...","provide"#,
    r#"r_name":"Lab","model_slug":"{model}"}}}"#
);
