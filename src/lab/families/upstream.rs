//! Failures of the provider, or of the relay's own upstream, told in the API's JSON; and answers without an answer.

use super::{Verdicts, both, plain_only, scenario};
use crate::lab::Scenario;
use crate::lab::link::Ending;
use crate::lang::text;

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario(
        "provider-error",
        text("answers 500 in OpenAI's JSON", "用 OpenAI 的 JSON 返回 500"),
        upstream("provider-error"),
        |exchange| {
            exchange.refuse(
                "500 Internal Server Error",
                &[("x-request-id", "req_llmchecklab"), ("openai-processing-ms", "1042")],
                SERVER_HAD_AN_ERROR,
            )
        },
    ),
    scenario(
        "provider-overloaded",
        text("answers 503 in OpenAI's JSON: overloaded", "用 OpenAI 的 JSON 返回 503：过载"),
        upstream("provider-overloaded"),
        |exchange| exchange.refuse("503 Service Unavailable", &[], PROVIDER_OVERLOADED),
    ),
    scenario(
        "anthropic-overloaded",
        text("answers 529 in Anthropic's JSON: overloaded", "用 Anthropic 的 JSON 返回 529：过载"),
        upstream("provider-overloaded"),
        |exchange| exchange.refuse("529 ", &[("x-should-retry", "true")], ANTHROPIC_OVERLOADED),
    ),
    scenario(
        "empty-answer",
        text("answers with an empty text and nothing in its place", "返回空文本，也没有别的内容代替"),
        upstream("empty-answer"),
        |exchange| {
            let mut answer = exchange.answer();
            answer.content = Some(String::new());
            answer.finish_reason = "stop";
            exchange.give(&answer)
        },
    ),
    scenario(
        "no-choices",
        text("answers without any choice", "返回的 choices 为空"),
        plain_only("upstream_error", "no-choices"),
        |exchange| exchange.refuse("200 OK", &[], ANSWER_WITHOUT_CHOICES),
    ),
    scenario(
        "empty-body",
        text("answers 200 with a declared length of 0", "返回 200，声明长度为 0"),
        upstream("empty-body"),
        |exchange| {
            let bytes = exchange.ok().whole("");
            exchange.send(bytes)?;
            Ok(Ending::Reuse)
        },
    ),
    scenario(
        "error-in-success",
        text("answers 200 with an error object, as OpenRouter may", "返回 200，正文却是错误对象，OpenRouter 可能如此"),
        upstream("error-in-success"),
        |exchange| exchange.refuse("200 OK", &[], ERROR_IN_SUCCESS),
    ),
    scenario(
        "error-beside-choices",
        text("answers 200 with the beginning of an answer and an error beside it", "返回 200，正文是回答的开头，旁边有一个错误"),
        plain_only("upstream_error", "error-in-success"),
        |exchange| {
            let error = r#"{"error":{"message":"Upstream idle timeout exceeded","code":504},"#;
            let bytes = exchange.ok().whole(exchange.answer().json().replacen('{', error, 1));
            exchange.send(bytes)?;
            Ok(Ending::Reuse)
        },
    ),
    scenario(
        "error-array-in-success",
        text("answers 200 with an error in an array", "返回 200，正文是数组里的错误"),
        upstream("error-in-success"),
        |exchange| {
            exchange.refuse("200 OK", &[], r#"[{"error":{"code":500,"message":"Internal error encountered.","status":"INTERNAL"}}]"#)
        },
    ),
    scenario(
        "json-malformed",
        text("answers with a Python dict where JSON should be", "本应是 JSON，却返回 Python 字典"),
        plain_only("upstream_error", "json-malformed"),
        |exchange| {
            let body = exchange.answer().json().replacen(r#""logprobs":null"#, r#""logprobs":None"#, 1);
            let bytes = exchange.ok_as("application/json").whole(body);
            exchange.send(bytes)?;
            Ok(Ending::Reuse)
        },
    ),
    scenario(
        "relay-crashed",
        text("answers 500: the relay's own program panicked", "返回 500：中转程序自身崩溃"),
        upstream("relay-crashed"),
        |exchange| exchange.refuse("500 Internal Server Error", &[], RELAY_CRASHED),
    ),
    scenario(
        "volcengine-overloaded",
        text("answers 429 for overload, as Volcengine does", "过载却返回 429，与火山引擎相同"),
        upstream("provider-overloaded"),
        |exchange| exchange.refuse("429 Too Many Requests", &[], VOLCENGINE_OVERLOADED),
    ),
    scenario(
        "hugging-face-loading",
        text("answers 503: the model is loading, as Hugging Face does", "返回 503：模型正在加载，与 Hugging Face 相同"),
        upstream("provider-overloaded"),
        |exchange| {
            exchange.refuse("503 Service Unavailable", &[], r#"{"error":"Model {model} is currently loading","estimated_time":0.2}"#)
        },
    ),
    scenario(
        "openrouter-upstream-overloaded",
        text(
            "answers 502 and passes on that the provider is overloaded, as OpenRouter does",
            "像 OpenRouter 那样返回 502，并转述供应商过载",
        ),
        upstream("provider-overloaded"),
        |exchange| exchange.refuse("502 Bad Gateway", &[], OPENROUTER_UPSTREAM_OVERLOADED),
    ),
    scenario(
        "relay-no-channel",
        text("answers 503: the relay has no channel for the model", "返回 503：中转没有该模型的可用渠道"),
        upstream("relay-no-channel"),
        |exchange| exchange.refuse("503 Service Unavailable", &[], RELAY_NO_CHANNEL),
    ),
    scenario(
        "relay-upstream-failed",
        text("answers 500: the relay could not reach its upstream", "返回 500：中转连不上它的上游"),
        upstream("relay-upstream-failed"),
        |exchange| exchange.refuse("500 Internal Server Error", &[], RELAY_UPSTREAM_FAILED),
    ),
    scenario(
        "relay-upstream-cut",
        text("answers 500: the answer that the relay received was cut", "返回 500：中转收到的回答被截断"),
        upstream("relay-upstream-failed"),
        |exchange| exchange.refuse("500 Internal Server Error", &[], RELAY_UPSTREAM_CUT),
    ),
    scenario(
        "relay-upstream-status",
        text("answers 502: the relay's upstream sent no JSON of the API", "返回 502：中转的上游没有返回 API 的 JSON"),
        upstream("relay-upstream-failed"),
        |exchange| exchange.refuse("502 Bad Gateway", &[], RELAY_UPSTREAM_STATUS),
    ),
];

/// OpenAI's 500.
pub(super) const SERVER_HAD_AN_ERROR: &str = concat!(
    r#"{"error":{"message":"The server had an error while processing your request. Sorry about that!","#,
    r#""type":"server_error","param":null,"code":null}}"#
);

const fn upstream(code: &'static str) -> Verdicts {
    both("upstream_error", code)
}

const PROVIDER_OVERLOADED: &str = concat!(
    r#"{"error":{"message":"That model is currently overloaded with other requests. You can retry your request, or "#,
    r#"contact us through our help center at help.openai.com if the error persists.","type":"server_error","#,
    r#""param":null,"code":null}}"#
);

const ANTHROPIC_OVERLOADED: &str =
    r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_011CLlmcheckLab"}"#;

const ANSWER_WITHOUT_CHOICES: &str = concat!(
    r#"{"id":"chatcmpl-llmchecklab","object":"chat.completion","created":1732338000,"model":"{model}","choices":[],"#,
    r#""usage":null}"#
);

const ERROR_IN_SUCCESS: &str = concat!(
    r#"{"error":{"message":"Provider returned error","code":502,"metadata":{"provider_name":"Lab","raw":"upstream "#,
    r#"connect error"}}}"#
);

const RELAY_NO_CHANNEL: &str = concat!(
    r#"{"error":{"message":"当前分组 default 下对于模型 {model} 无可用渠道 (request id: {request_id})","#,
    r#""type":"one_api_error","param":"","code":"model_not_found"}}"#
);

const RELAY_UPSTREAM_FAILED: &str = concat!(
    r#"{"error":{"message":"请求上游地址失败 (request id: {request_id})","type":"new_api_error","param":"","#,
    r#""code":"do_request_failed"}}"#
);

const RELAY_UPSTREAM_CUT: &str = concat!(
    r#"{"error":{"message":"unexpected EOF (request id: {request_id})","type":"one_api_error","param":"","#,
    r#""code":"read_response_body_failed"}}"#
);

const RELAY_UPSTREAM_STATUS: &str = concat!(
    r#"{"error":{"message":"bad response status code 502 (request id: {request_id})","type":"upstream_error","#,
    r#""param":"502","code":"bad_response_status_code"}}"#
);

const RELAY_CRASHED: &str = concat!(
    r#"{"error":{"message":"Panic detected, error: runtime error: index out of range [0] with length 0. Ple"#,
    r#"ase submit an issue here: https://github.com/songquanpeng/one-api","type":"one_api_panic"}}"#
);

const VOLCENGINE_OVERLOADED: &str = concat!(
    r#"{"error":{"code":"ServerOverloaded","message":"The service is currently unable to handle additional "#,
    r#"requests due to server overload. Request id: {request_id}","param":"","type":"TooManyRequests"}}"#
);

const OPENROUTER_UPSTREAM_OVERLOADED: &str = concat!(
    r#"{"error":{"message":"Provider returned error","code":502,"metadata":{"raw":"{\"error\":{\"message\":"#,
    r#"\"Overloaded\",\"type\":\"overloaded_error\"}}","provider_name":"Lab"}}}"#
);
