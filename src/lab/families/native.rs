//! Good answers, each in the shape of another API than the one that was asked.

use super::{Verdicts, both, plain_only, scenario};
use crate::lab::Scenario;
use crate::lab::answer::{quoted, tokens};
use crate::lab::exchange::Exchange;
use crate::lab::link::Ending;
use crate::lang::text;

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario(
        "other-api-shape",
        text("answers as Anthropic's Messages API does", "以 Anthropic Messages API 的格式回答"),
        OTHER_SHAPE,
        |exchange| {
            let (model, content) = (model(exchange), content(exchange));
            let message = |content: &str, reason: &str| {
                format!(
                    r#"{{"id":"msg_llmchecklab","type":"message","role":"assistant","model":{model},"content":[{content}],"stop_reason":{reason},"stop_sequence":null,"usage":{{"input_tokens":9,"output_tokens":42}}}}"#
                )
            };
            if !exchange.asked.stream {
                let body = message(&format!(r#"{{"type":"text","text":{}}}"#, quoted(&content)), r#""end_turn""#);
                return exchange.say("200 OK", &[], "application/json", &body);
            }
            let mut events = vec![
                named("message_start", &format!(r#""message":{}"#, message("", "null"))),
                named("content_block_start", r#""index":0,"content_block":{"type":"text","text":""}"#),
            ];
            events.extend(tokens(&content).iter().map(|piece| {
                named("content_block_delta", &format!(r#""index":0,"delta":{{"type":"text_delta","text":{}}}"#, quoted(piece)))
            }));
            events.push(named("content_block_stop", r#""index":0"#));
            events.push(named("message_delta", r#""delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":42}"#));
            events.push(named("message_stop", r#""index":0"#));
            exchange.give_chunks(events)
        },
    ),
    scenario(
        "responses-shape",
        text("answers as OpenAI's Responses API does", "以 OpenAI Responses API 的格式回答"),
        OTHER_SHAPE,
        |exchange| {
            let (model, content) = (model(exchange), content(exchange));
            let response = |status: &str, output: &str| {
                format!(
                    r#"{{"id":"resp_llmchecklab","object":"response","status":"{status}","error":null,"model":{model},"output":[{output}]}}"#
                )
            };
            let output =
                format!(r#"{{"type":"message","role":"assistant","content":[{{"type":"output_text","text":{}}}]}}"#, quoted(&content));
            if !exchange.asked.stream {
                return exchange.say("200 OK", &[], "application/json", &response("completed", &output));
            }
            let mut events = vec![named("response.created", &format!(r#""response":{}"#, response("in_progress", "")))];
            events
                .extend(tokens(&content).iter().map(|piece| named("response.output_text.delta", &format!(r#""delta":{}"#, quoted(piece)))));
            events.push(named("response.completed", &format!(r#""response":{}"#, response("completed", &output))));
            exchange.give_chunks(events)
        },
    ),
    scenario(
        "gemini-shape",
        text("answers as Gemini's generateContent does", "以 Gemini generateContent 的格式回答"),
        OTHER_SHAPE,
        |exchange| {
            let (model, content) = (model(exchange), content(exchange));
            let part = |text: &str, reason: &str| {
                format!(
                    r#"{{"candidates":[{{"content":{{"parts":[{{"text":{}}}],"role":"model"}}{reason},"index":0}}],"modelVersion":{model}}}"#,
                    quoted(text)
                )
            };
            const STOP: &str = r#","finishReason":"STOP""#;
            if !exchange.asked.stream {
                return exchange.say("200 OK", &[], "application/json", &part(&content, STOP));
            }
            let pieces = tokens(&content);
            let events = pieces.iter().map(|piece| part(piece, "")).chain([part("", STOP)]).map(|json| format!("data: {json}\r\n\r\n"));
            exchange.give_chunks(events.collect::<Vec<_>>())
        },
    ),
    scenario(
        "ollama-shape",
        text("answers as ollama's own /api/chat does, a stream as lines of JSON", "以 ollama 自己的 /api/chat 格式回答，流为每行一个 JSON"),
        OTHER_SHAPE,
        |exchange| {
            let (model, content) = (model(exchange), content(exchange));
            let line = |text: &str, rest: &str| {
                format!("{{\"model\":{model},\"message\":{{\"role\":\"assistant\",\"content\":{}}},{rest}}}\n", quoted(text))
            };
            const LAST: &str = r#""done":true,"done_reason":"stop","prompt_eval_count":9,"eval_count":42"#;
            if !exchange.asked.stream {
                return exchange.say("200 OK", &[], "application/json; charset=utf-8", &line(&content, LAST));
            }
            let lines: String = tokens(&content).iter().map(|piece| line(piece, r#""done":false"#)).chain([line("", LAST)]).collect();
            let bytes = exchange.ok_as("application/x-ndjson").chunked(lines);
            exchange.send(bytes)?;
            Ok(Ending::Reuse)
        },
    ),
    scenario(
        "legacy-completion-shape",
        text("answers as the completions of before the chat", "以旧的 completions 格式回答"),
        plain_only("not_an_api", "other-api-shape"),
        |exchange| {
            let choice = format!(r#"{{"text":{},"index":0,"logprobs":null,"finish_reason":"stop"}}"#, quoted(&content(exchange)));
            let body = format!(r#"{{"id":"cmpl-lab","object":"text_completion","model":{},"choices":[{choice}]}}"#, model(exchange));
            exchange.say("200 OK", &[], "application/json", &body)
        },
    ),
];

const OTHER_SHAPE: Verdicts = both("not_an_api", "other-api-shape");

fn model(exchange: &Exchange) -> String {
    quoted(&exchange.asked.model)
}

fn content(exchange: &Exchange) -> String {
    exchange.answer().content.unwrap_or_default()
}

/// An event that says its name twice, as these APIs do.
fn named(name: &str, rest: &str) -> String {
    format!("event: {name}\ndata: {{\"type\":\"{name}\",{rest}}}\n\n")
}
