//! Streams that break their own promise, and answers that end early on purpose: the token limit and the content filter.

use super::{both, plain_only, scenario, stream_only};
use crate::lab::Scenario;
use crate::lab::answer::{Event, Part, joined};
use crate::lab::exchange::Exchange;
use crate::lang::text;

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario(
        "error-in-stream",
        text("sends an error in the middle of the stream and then [DONE], as LiteLLM does", "流中途发送错误再发 [DONE]，与 LiteLLM 相同"),
        stream_only("stream_error", "error-in-stream"),
        |exchange| exchange.give_chunks([&beginning(exchange), ERROR_IN_STREAM]),
    ),
    scenario(
        "error-event-in-stream",
        text("ends the stream with an error event, as Anthropic does", "以错误事件结束流，与 Anthropic 相同"),
        stream_only("stream_error", "error-in-stream"),
        |exchange| exchange.give_chunks([&beginning(exchange), ERROR_EVENT_IN_STREAM]),
    ),
    scenario(
        "error-finish-in-stream",
        text("ends the stream with finish_reason error, as OpenRouter does", "以 finish_reason 为 error 结束流，与 OpenRouter 相同"),
        stream_only("stream_error", "error-in-stream"),
        |exchange| exchange.give_chunks([&beginning(exchange), ERROR_FINISH_IN_STREAM]),
    ),
    scenario(
        "malformed-event",
        text("breaks the JSON of one event, and goes on to the end", "其中一个事件的 JSON 破损，其余照常发完"),
        stream_only("stream_error", "malformed-event"),
        |exchange| {
            let mut events = exchange.answer().events(exchange.asked.include_usage);
            let middle = events.len() / 2;
            if let Some(at) = events[middle].text.find(",\"choices\"") {
                events[middle].text.replace_range(at.., "\n\n");
            }
            exchange.give_chunks(events.into_iter().map(|event| event.text))
        },
    ),
    scenario(
        "events-misframed",
        text("puts one line end behind each event instead of two", "每个事件之后只有一个换行，而不是两个"),
        stream_only("stream_error", "events-misframed"),
        |exchange| {
            let body = exchange.body().replace("\n\n", "\n");
            exchange.give_chunks([body])
        },
    ),
    scenario(
        "events-without-data-field",
        text("sends the chunks as bare lines of JSON, without the data field", "把分块当作裸的 JSON 行发送，没有「data:」"),
        stream_only("stream_error", "events-misframed"),
        |exchange| {
            let events = exchange.answer().events(exchange.asked.include_usage);
            let lines = events.iter().filter(|event| event.part != Part::Done);
            let bare = joined(lines).replace("data: ", "").replace("\n\n", "\n");
            exchange.give_chunks([bare])
        },
    ),
    scenario(
        "stream-ignored",
        text("answers with plain JSON although a stream was asked for", "要求流式，却返回普通 JSON"),
        stream_only("stream_error", "stream-ignored"),
        |exchange| {
            exchange.asked.stream = false;
            exchange.give(&exchange.answer())
        },
    ),
    scenario(
        "stream-unasked",
        text("streams although a plain answer was asked for", "没有要求流式，却以流式返回"),
        plain_only("stream_error", "stream-unasked"),
        |exchange| {
            exchange.asked.stream = true;
            exchange.give(&exchange.answer())
        },
    ),
    scenario(
        "stream-of-comments",
        text("sends nothing but keep-alive comments, and ends", "只发送保活注释，然后结束"),
        stream_only("truncation", "stream-without-finish"),
        |exchange| exchange.give_chunks([": OPENROUTER PROCESSING\n\n"; 20]),
    ),
    scenario(
        "token-limit-reached",
        text("stops after 8 tokens, with finish_reason length", "8 个 token 后停止，finish_reason 为 length"),
        both("token_limit", "token-limit-reached"),
        |exchange| {
            exchange.asked.max_tokens = Some(exchange.asked.max_tokens.map_or(8, |allowed| allowed.min(8)));
            exchange.give(&exchange.answer())
        },
    ),
    scenario(
        "content-filtered",
        text("stops after 8 tokens, with finish_reason content_filter", "8 个 token 后停止，finish_reason 为 content_filter"),
        both("content_filter", "content-filtered"),
        |exchange| {
            exchange.asked.max_tokens = Some(8);
            let mut answer = exchange.answer();
            answer.finish_reason = "content_filter";
            exchange.give(&answer)
        },
    ),
];

/// The role and the first words of a good stream.
fn beginning(exchange: &Exchange) -> String {
    let events = exchange.answer().events(false);
    joined(events.iter().take_while(|event: &&Event| event.part <= Part::Content).take(9))
}

const ERROR_IN_STREAM: &str = concat!(
    r#"data: {"error":{"message":"litellm.MidStreamFallbackError: litellm.APIConnectionError: APIConnectionError: "#,
    r#"OpenAIException - peer closed connection without sending complete message body (incomplete chunked read)","#,
    r#""type":null,"param":null,"code":"500"}}"#,
    "\n\ndata: [DONE]\n\n"
);

const ERROR_FINISH_IN_STREAM: &str = concat!(
    r#"data: {"id":"gen-llmchecklab","object":"chat.completion.chunk","created":1732338000,"#,
    r#""provider":"Lab","error":{"code":502,"message":"Provider disconnected"},"choices":[{"index":0,"#,
    r#""delta":{"content":""},"finish_reason":"error"}]}"#,
    "\n\ndata: [DONE]\n\n"
);

const ERROR_EVENT_IN_STREAM: &str =
    concat!("event: error\n", r#"data: {"type":"error","error":{"type":"api_error","message":"Internal server error"}}"#, "\n\n");
