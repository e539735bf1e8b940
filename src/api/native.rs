//! Answers of the APIs beside chat completions, whole or as one event of a stream, reduced to the same facts: Anthropic's Messages,
//! OpenAI's Responses, Gemini's generateContent and ollama's own chat.

use super::error::ApiError;
use super::json::Value;
use super::reply::{Choice, Reply, ToolPiece, Usage};
use super::shape::Shape;

/// Reads an answer or event of a known shape; `None` for chat and legacy completions, which `Reply` reads itself.
pub fn read(shape: Shape, value: &Value<'_>) -> Option<Reply> {
    let reply = match shape {
        Shape::AnthropicMessages => anthropic(value),
        Shape::GeminiContent => gemini(value),
        Shape::OllamaChat => ollama(value),
        Shape::OpenaiResponses => responses(value),
        Shape::ChatCompletions | Shape::LegacyCompletions => return None,
    };
    let choice = Choice { index: 0, finish_reason: reply.finish_reason.clone() };
    Some(Reply { shape: Some(shape), said: if reply.said.is_empty() { vec![choice] } else { reply.said }, ..reply })
}

/// An error in a shape that only these APIs have.
pub fn error(value: &Value<'_>) -> Option<ApiError> {
    let nested = match (value, kind(value)) {
        (_, "error") if value.get("message").is_some() => value,
        (_, "response.failed") => value.get("response")?.get("error")?,
        // Gemini's stream as an array: the error is its last item.
        (Value::Array(items), _) => items.last().filter(|_| Shape::of(value).is_some())?.get("error")?,
        _ => return None,
    };
    ApiError::from_value(&Value::Object([("error".into(), nested.clone())].into_iter().collect()), true)
}

/// The event by which a stream says that it is over; what the model's reason was stood in an earlier one.
pub fn end_marker(value: &Value<'_>) -> Option<&'static str> {
    (kind(value) == "message_stop").then_some("message_stop")
}

fn kind<'a>(value: &'a Value<'_>) -> &'a str {
    text(value, "type")
}

fn text<'a>(value: &'a Value<'_>, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn owned(value: &Value<'_>, key: &str) -> Option<String> {
    Some(text(value, key)).filter(|text| !text.is_empty()).map(str::to_string)
}

fn items<'a, 'b>(value: &'a Value<'b>, key: &str) -> &'a [Value<'b>] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn length(text: &str) -> usize {
    text.chars().count()
}

fn number(value: &Value<'_>, key: &str) -> Option<u64> {
    value.get(key).and_then(Value::as_u64)
}

// Anthropic: docs.anthropic.com, «Messages» and «Streaming messages».

fn anthropic(value: &Value<'_>) -> Reply {
    let mut reply = Reply { choices: Some(1), ..Reply::default() };
    // The first event holds the message without its content.
    let message = value.get("message").unwrap_or(value);
    reply.model = owned(message, "model");
    reply.finish_reason = owned(message, "stop_reason").or_else(|| owned(value.get("delta")?, "stop_reason"));
    reply.usage = value.get("usage").or_else(|| message.get("usage")).map(anthropic_usage);
    for block in items(message, "content").iter().chain(value.get("content_block")) {
        anthropic_block(&mut reply, block, number(value, "index"));
    }
    if let Some(delta) = value.get("delta") {
        reply.text.push_str(text(delta, "text"));
        reply.reasoning += length(text(delta, "thinking"));
        if let Some(arguments) = owned(delta, "partial_json") {
            reply.tools.push(ToolPiece { call: number(value, "index"), arguments, ..ToolPiece::default() });
        }
    }
    reply
}

fn anthropic_block(reply: &mut Reply, block: &Value<'_>, index: Option<u64>) {
    match kind(block) {
        "text" => reply.text.push_str(text(block, "text")),
        "thinking" => reply.reasoning += length(text(block, "thinking")),
        // What is hidden is still thought.
        "redacted_thinking" => reply.reasoning += 1,
        "tool_use" => {
            reply.tool_calls += 1;
            reply.tools.push(ToolPiece { call: index, id: owned(block, "id"), ..ToolPiece::default() });
        }
        "" => {}
        // Server tools, their results, and what is to come.
        _ => reply.has_other_content = true,
    }
}

fn anthropic_usage(usage: &Value<'_>) -> Usage {
    Usage { prompt_tokens: number(usage, "input_tokens"), completion_tokens: number(usage, "output_tokens"), ..Usage::default() }
}

// OpenAI Responses: platform.openai.com, «Responses» and «Streaming events».

fn responses(value: &Value<'_>) -> Reply {
    let kind = kind(value);
    let mut reply = Reply { choices: Some(1), ..Reply::default() };
    let delta = text(value, "delta");
    match kind {
        "response.output_text.delta" => reply.text.push_str(delta),
        "response.refusal.delta" => reply.has_refusal = !delta.is_empty(),
        "response.reasoning_text.delta" | "response.reasoning_summary_text.delta" => reply.reasoning = length(delta),
        "response.function_call_arguments.delta" => {
            reply.tools.push(ToolPiece { call: number(value, "output_index"), arguments: delta.into(), ..ToolPiece::default() });
        }
        "response.output_item.added" | "response.output_item.done" => {
            // The arguments come as deltas, and again as a whole.
            let is_call = value.get("item").is_some_and(|item| text(item, "type") == "function_call");
            reply.tool_calls = usize::from(is_call && kind.ends_with("added"));
            reply.has_other_content = value.get("item").is_some_and(|item| has_other_output(text(item, "type")));
        }
        // An event's response, or the answer itself.
        _ => {
            if let Some(response) = value.get("response").or((text(value, "object") == "response").then_some(value)) {
                whole_response(&mut reply, response);
                reply.repeats = kind.starts_with("response.");
            }
        }
    }
    reply
}

fn whole_response(reply: &mut Reply, response: &Value<'_>) {
    reply.model = owned(response, "model");
    reply.usage = response.get("usage").filter(|usage| usage.is_object()).map(responses_usage);
    reply.finish_reason = match text(response, "status") {
        "incomplete" => response.get("incomplete_details").and_then(|details| owned(details, "reason")).or(Some("incomplete".into())),
        status @ ("completed" | "failed" | "cancelled") => Some(status.into()),
        // Queued, or in progress: a background answer that is fetched later.
        _ => None,
    };
    for (at, item) in items(response, "output").iter().enumerate() {
        match text(item, "type") {
            "message" => {
                for part in items(item, "content") {
                    reply.text.push_str(text(part, "text"));
                    reply.has_refusal |= !text(part, "refusal").is_empty();
                }
            }
            // Reasoning is often hidden: the item alone says that there was some.
            "reasoning" => reply.reasoning += 1,
            "function_call" => {
                reply.tool_calls += 1;
                reply.tools.push(ToolPiece {
                    call: Some(at as u64),
                    id: owned(item, "call_id"),
                    arguments: text(item, "arguments").into(),
                    ..ToolPiece::default()
                });
            }
            other => reply.has_other_content |= has_other_output(other),
        }
    }
    // There is nothing to be had yet of an answer in the background.
    reply.has_other_content |= response.get("background").and_then(Value::as_bool) == Some(true);
}

fn has_other_output(kind: &str) -> bool {
    !matches!(kind, "" | "message" | "reasoning" | "function_call")
}

fn responses_usage(usage: &Value<'_>) -> Usage {
    let details = usage.get("output_tokens_details");
    Usage {
        prompt_tokens: number(usage, "input_tokens"),
        completion_tokens: number(usage, "output_tokens"),
        reasoning_tokens: details.and_then(|details| number(details, "reasoning_tokens")),
        total_tokens: number(usage, "total_tokens"),
    }
}

// Gemini: ai.google.dev, «GenerateContentResponse».

fn gemini(value: &Value<'_>) -> Reply {
    if let Value::Array(parts) = value {
        let mut whole = Reply::default();
        parts.iter().map(gemini).for_each(|part| whole.append(part));
        return whole;
    }
    let candidates = items(value, "candidates");
    let mut reply = Reply { choices: Some(candidates.len()), model: owned(value, "modelVersion"), ..Reply::default() };
    reply.usage = value.get("usageMetadata").map(gemini_usage);
    for (at, candidate) in candidates.iter().enumerate() {
        let index = number(candidate, "index").unwrap_or(at as u64);
        let finish_reason = owned(candidate, "finishReason").filter(|reason| reason != "FINISH_REASON_UNSPECIFIED");
        if index == 0 {
            reply.finish_reason.clone_from(&finish_reason);
            candidate
                .get("content")
                .map_or(&[][..], |content| items(content, "parts"))
                .iter()
                .for_each(|part| gemini_part(&mut reply, part));
        }
        reply.said.push(Choice { index, finish_reason });
    }
    // A prompt that is blocked has no candidates.
    let blocked = value.get("promptFeedback").and_then(|feedback| owned(feedback, "blockReason"));
    reply.finish_reason = reply.finish_reason.or(blocked);
    reply
}

fn gemini_part(reply: &mut Reply, part: &Value<'_>) {
    match part.get("text").and_then(Value::as_str) {
        Some(thought) if part.get("thought").and_then(Value::as_bool) == Some(true) => reply.reasoning += length(thought),
        Some(text) => reply.text.push_str(text),
        None if part.get("functionCall").is_some() => reply.tool_calls += 1,
        None => reply.has_other_content |= part.as_object().is_some_and(|part| part.keys().any(|key| key != "thoughtSignature")),
    }
}

fn gemini_usage(usage: &Value<'_>) -> Usage {
    Usage {
        prompt_tokens: number(usage, "promptTokenCount"),
        completion_tokens: number(usage, "candidatesTokenCount"),
        reasoning_tokens: number(usage, "thoughtsTokenCount"),
        total_tokens: number(usage, "totalTokenCount"),
    }
}

// ollama: docs/api.md, «Generate a chat completion» and «Generate a completion».

fn ollama(value: &Value<'_>) -> Reply {
    let message = value.get("message").unwrap_or(&Value::Null);
    let is_done = value.get("done").and_then(Value::as_bool) == Some(true);
    // Before 0.1.30 there was no reason.
    let reason = is_done.then(|| owned(value, "done_reason").unwrap_or_else(|| "stop".into()));
    let count = |key: &str| number(value, key).filter(|_| is_done);
    Reply {
        choices: Some(1),
        model: owned(value, "model"),
        text: format!("{}{}", text(message, "content"), text(value, "response")),
        reasoning: length(text(message, "thinking")) + length(text(value, "thinking")),
        tool_calls: items(message, "tool_calls").len(),
        has_other_content: !items(message, "images").is_empty() || value.get("image").is_some_and(Value::is_string),
        finish_reason: reason,
        usage: is_done.then(|| Usage {
            prompt_tokens: count("prompt_eval_count"),
            completion_tokens: count("eval_count"),
            ..Usage::default()
        }),
        ..Reply::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Text, finish reason, completion tokens, reasoning, tool calls.
    fn facts(value: serde_json::Value) -> (String, Option<String>, Option<u64>, usize, usize) {
        let reply = Reply::from_value(&value.clone().into());
        assert!(reply.shape.is_some() && reply.choices.is_some(), "{value}");
        (reply.text, reply.finish_reason, reply.usage.and_then(|usage| usage.completion_tokens), reply.reasoning, reply.tool_calls)
    }

    fn said(text: &str, finish: &str, tokens: u64, reasoning: usize, tools: usize) -> (String, Option<String>, Option<u64>, usize, usize) {
        (text.into(), Some(finish.into()), Some(tokens), reasoning, tools)
    }

    #[test]
    fn whole_answers_are_read() {
        let anthropic = json!({"type":"message","role":"assistant","model":"c","stop_reason":"tool_use","usage":{"input_tokens":3,"output_tokens":4},
            "content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"hi"},{"type":"tool_use","id":"t","name":"f","input":{"a":1}}]});
        assert_eq!(facts(anthropic), said("hi", "tool_use", 4, 2, 1));
        let responses = json!({"object":"response","status":"completed","model":"m","error":null,"usage":{"output_tokens":4},"output":[
            {"type":"reasoning","summary":[]},{"type":"message","content":[{"type":"output_text","text":"hi"}]},
            {"type":"function_call","name":"f","call_id":"c","arguments":"{}"}]});
        assert_eq!(facts(responses), said("hi", "completed", 4, 1, 1));
        let incomplete = json!({"object":"response","status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},
            "usage":{"output_tokens":4},"output":[{"type":"message","content":[{"type":"output_text","text":"hi"}]}]});
        assert_eq!(facts(incomplete), said("hi", "max_output_tokens", 4, 0, 0));
        let gemini = json!({"candidates":[{"content":{"parts":[{"text":"hm","thought":true},{"text":"h"},{"text":"i"},
            {"functionCall":{"name":"f","args":{}}}]},"finishReason":"STOP"}],"usageMetadata":{"candidatesTokenCount":4},"modelVersion":"g"});
        assert_eq!(facts(gemini), said("hi", "STOP", 4, 2, 1));
        let ollama = json!({"model":"l","message":{"role":"assistant","content":"hi","thinking":"hm"},"done":true,"done_reason":"length","eval_count":4});
        assert_eq!(facts(ollama), said("hi", "length", 4, 2, 0));
    }

    #[test]
    fn a_stream_as_an_array_is_one_answer() {
        let part = |text: &str| json!({"candidates":[{"content":{"parts":[{"text":text}]}}]});
        let last = json!({"candidates":[{"content":{"parts":[{"text":"!"}]},"finishReason":"MAX_TOKENS"}],"usageMetadata":{"candidatesTokenCount":3}});
        assert_eq!(facts(json!([part("h"), part("i"), last])), said("hi!", "MAX_TOKENS", 3, 0, 0));
    }

    #[test]
    fn a_blocked_prompt_has_its_reason_and_no_choice() {
        let blocked = json!({"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":4}});
        let reply = Reply::from_value(&blocked.into());
        assert_eq!((reply.choices, reply.finish_reason.as_deref()), (Some(0), Some("SAFETY")));
    }

    #[test]
    fn errors_of_their_own_are_found() {
        let cases = [
            (json!({"type":"error","code":null,"message":"m","param":null}), Some("m")),
            (json!({"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"m"}}}), Some("m")),
            (json!([{"candidates":[]},{"error":{"code":503,"message":"m","status":"UNAVAILABLE"}}]), Some("m")),
            (json!({"type":"response.completed","response":{"error":null}}), None),
            (json!({"type":"message_stop"}), None),
        ];
        for (value, expected) in cases {
            assert_eq!(error(&value.clone().into()).map(|error| error.message).as_deref(), expected, "{value}");
        }
    }
}
