//! Whose answer a JSON is: that of chat completions, or that of another API of the same trade. Recognised by the keys that only that
//! API has; a chat completion with foreign keys beside its choices is still one.

use super::json::Value;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    AnthropicMessages,
    ChatCompletions,
    GeminiContent,
    /// OpenAI's completions of before the chat: `choices[].text`.
    LegacyCompletions,
    OllamaChat,
    OpenaiResponses,
}

impl Shape {
    /// The shape of an answer, or of one event of a stream; `None` for what is neither.
    pub fn of(value: &Value<'_>) -> Option<Shape> {
        // Gemini streams without `alt=sse` as one array.
        if let Value::Array(items) = value {
            return items.first().and_then(Shape::of).filter(|shape| *shape == Shape::GeminiContent);
        }
        let kind = value.get("type").and_then(Value::as_str).unwrap_or_default();
        let object = value.get("object").and_then(Value::as_str).unwrap_or_default();
        let has = |key: &str| value.get(key).is_some_and(|part| !part.is_null());
        Some(match () {
            () if value.get("choices").is_some() => of_choices(value, object),
            () if ANTHROPIC_EVENTS.contains(&kind) => Shape::AnthropicMessages,
            () if kind == "message" && value.get("content").is_some_and(Value::is_array) && has("role") => Shape::AnthropicMessages,
            () if object == "response" && value.get("output").is_some_and(Value::is_array) => Shape::OpenaiResponses,
            () if kind.starts_with("response.") => Shape::OpenaiResponses,
            () if value.get("candidates").is_some_and(Value::is_array) => Shape::GeminiContent,
            () if has("promptFeedback") || (has("usageMetadata") && has("modelVersion")) => Shape::GeminiContent,
            () if value.get("done").is_some_and(Value::is_boolean)
                && (value.get("message").is_some_and(Value::is_object) || value.get("response").is_some_and(Value::is_string)) =>
            {
                Shape::OllamaChat
            }
            // A last event of usage alone.
            () if has("usage") && object.starts_with("chat.completion") => Shape::ChatCompletions,
            () => return None,
        })
    }

    /// The shape that a request to this address asks for. What is not known to be another API's path is taken for chat completions.
    pub fn asked_at(url: &str) -> Shape {
        let end = memchr::memchr2(b'?', b'#', url.as_bytes()).unwrap_or(url.len());
        let path = url[..end].trim_end_matches('/');
        let ends = |endings: &[&str]| endings.iter().any(|ending| path.ends_with(ending));
        match () {
            () if ends(&["/chat/completions"]) => Shape::ChatCompletions,
            () if ends(&["/messages", ":rawPredict", ":streamRawPredict"]) => Shape::AnthropicMessages,
            // A response that was made in the background is fetched below that path.
            () if ends(&["/responses"]) || path.contains("/responses/") => Shape::OpenaiResponses,
            () if ends(&[":generateContent", ":streamGenerateContent"]) => Shape::GeminiContent,
            () if ends(&["/api/chat", "/api/generate"]) => Shape::OllamaChat,
            () if ends(&["/completions"]) => Shape::LegacyCompletions,
            () => Shape::ChatCompletions,
        }
    }

    /// The API's name.
    pub fn name(self) -> &'static str {
        match self {
            Shape::AnthropicMessages => "Anthropic Messages",
            Shape::ChatCompletions => "OpenAI Chat Completions",
            Shape::GeminiContent => "Gemini generateContent",
            Shape::LegacyCompletions => "OpenAI Completions (legacy)",
            Shape::OllamaChat => "ollama /api/chat",
            Shape::OpenaiResponses => "OpenAI Responses",
        }
    }
}

/// Without `ping`, which others send too.
const ANTHROPIC_EVENTS: [&str; 6] =
    ["message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta", "message_stop"];

/// Relays label chat completions in many ways; what counts is where the text stands.
fn of_choices(value: &Value<'_>, object: &str) -> Shape {
    let choices = value.get("choices").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let is_legacy = |choice: &Value<'_>| choice.get("text").is_some() && choice.get("message").is_none() && choice.get("delta").is_none();
    let all_are_legacy = !choices.is_empty() && choices.iter().all(is_legacy);
    if all_are_legacy && object != "chat.completion" { Shape::LegacyCompletions } else { Shape::ChatCompletions }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_api_is_known_by_its_own_keys() {
        let cases = [
            (json!({"choices":[{"message":{"content":"a"}}]}), Some(Shape::ChatCompletions)),
            (json!({"choices":[],"type":"message_start","candidates":[]}), Some(Shape::ChatCompletions)),
            (json!({"choices":null}), Some(Shape::ChatCompletions)),
            (json!({"object":"text_completion","choices":[{"text":"a","index":0}]}), Some(Shape::LegacyCompletions)),
            (json!({"choices":[{"text":"a","message":{"content":"a"}}]}), Some(Shape::ChatCompletions)),
            (json!({"type":"message","role":"assistant","content":[]}), Some(Shape::AnthropicMessages)),
            (json!({"type":"message_stop"}), Some(Shape::AnthropicMessages)),
            (json!({"object":"response","status":"completed","output":[]}), Some(Shape::OpenaiResponses)),
            (json!({"type":"response.output_text.delta","delta":"a"}), Some(Shape::OpenaiResponses)),
            (json!({"candidates":[]}), Some(Shape::GeminiContent)),
            (json!([{"candidates":[]}]), Some(Shape::GeminiContent)),
            (json!({"promptFeedback":{"blockReason":"SAFETY"}}), Some(Shape::GeminiContent)),
            (json!({"model":"m","message":{"content":"a"},"done":false}), Some(Shape::OllamaChat)),
            (json!({"model":"m","response":"a","done":true}), Some(Shape::OllamaChat)),
            (json!({"type":"ping"}), None),
            (json!({"type":"message","text":"a page of a chat"}), None),
            (json!({"status":"ok","done":true}), None),
            (json!({"response":"ok"}), None),
            (json!([]), None),
        ];
        for (value, expected) in cases {
            assert_eq!(Shape::of(&value.clone().into()), expected, "{value}");
        }
    }

    #[test]
    fn the_path_says_which_shape_is_asked_for() {
        let cases = [
            ("https://api.openai.com/v1/chat/completions", Shape::ChatCompletions),
            ("https://x.openai.azure.com/openai/deployments/d/chat/completions?api-version=1", Shape::ChatCompletions),
            ("https://api.openai.com/v1/completions", Shape::LegacyCompletions),
            ("https://api.anthropic.com/v1/messages", Shape::AnthropicMessages),
            ("https://api.openai.com/v1/responses", Shape::OpenaiResponses),
            ("https://api.openai.com/v1/responses/resp_1", Shape::OpenaiResponses),
            ("https://api.anthropic.com/v1/messages?beta=true", Shape::AnthropicMessages),
            ("https://g.example/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse", Shape::GeminiContent),
            ("http://127.0.0.1:11434/api/chat", Shape::OllamaChat),
            ("http://127.0.0.1:8000/", Shape::ChatCompletions),
        ];
        for (url, expected) in cases {
            assert_eq!(Shape::asked_at(url), expected, "{url}");
        }
    }
}
