//! A chat completion, plain or one chunk of a stream, reduced to what a diagnosis looks at. Dialects are read leniently: a part that has
//! another shape than expected counts as absent.

use serde::Serialize;
use serde_json::Value;

/// What one JSON answer or one stream chunk says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reply {
    pub model: Option<String>,
    /// `None` where there is no `choices` array at all.
    pub choices: Option<usize>,
    /// The first choice's text.
    pub text: String,
    /// Characters of reasoning, which is not the answer.
    pub reasoning: usize,
    pub tool_calls: usize,
    pub has_refusal: bool,
    /// Other content than text, such as audio.
    pub has_other_content: bool,
    pub finish_reason: Option<String>,
    pub usage: Option<Usage>,
}

/// Tokens as the answer counts them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Usage {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completion_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_tokens: Option<u64>,
}

impl Reply {
    /// Reads a completion or a chunk. A value without any sign of either gives a reply without choices.
    pub fn from_value(value: &Value) -> Reply {
        let choices = value.get("choices").and_then(Value::as_array);
        let mut reply = Reply {
            model: value.get("model").and_then(Value::as_str).map(str::to_string),
            choices: choices.map(Vec::len),
            usage: value.get("usage").and_then(Usage::from_value),
            ..Reply::default()
        };
        let first = choices.and_then(|choices| {
            let is_first = |choice: &&Value| choice.get("index").and_then(Value::as_u64).is_none_or(|index| index == 0);
            choices.iter().find(is_first)
        });
        if let Some(choice) = first {
            reply.read_choice(choice);
        }
        reply
    }

    fn read_choice(&mut self, choice: &Value) {
        self.finish_reason = choice.get("finish_reason").and_then(Value::as_str).filter(|reason| !reason.is_empty()).map(str::to_string);
        if let Some(text) = choice.get("text").and_then(Value::as_str) {
            self.text.push_str(text);
        }
        let Some(message) = choice.get("delta").or_else(|| choice.get("message")) else {
            return;
        };
        match message.get("content") {
            Some(Value::String(text)) => self.text.push_str(text),
            Some(Value::Array(parts)) => {
                for part in parts {
                    match part.get("text").and_then(Value::as_str) {
                        Some(text) => self.text.push_str(text),
                        None => self.has_other_content = true,
                    }
                }
            }
            _ => {}
        }
        let characters = |key: &str| message.get(key).and_then(Value::as_str).map_or(0, |text| text.chars().count());
        self.reasoning = characters("reasoning_content") + characters("reasoning");
        self.tool_calls = message.get("tool_calls").and_then(Value::as_array).map_or(0, Vec::len);
        self.tool_calls += usize::from(message.get("function_call").is_some_and(Value::is_object));
        self.has_refusal = message.get("refusal").and_then(Value::as_str).is_some_and(|text| !text.is_empty());
        self.has_other_content |= ["audio", "images"].iter().any(|key| message.get(key).is_some_and(|part| !part.is_null()));
    }

    /// The model said or did something, if only to refuse or to think.
    pub fn has_content(&self) -> bool {
        !self.text.is_empty() || self.tool_calls > 0 || self.has_refusal || self.has_other_content || self.reasoning > 0
    }
}

impl Usage {
    fn from_value(value: &Value) -> Option<Usage> {
        let object = value.as_object()?;
        let number = |key: &str| object.get(key).and_then(Value::as_u64);
        let details = object.get("completion_tokens_details");
        Some(Usage {
            prompt_tokens: number("prompt_tokens"),
            completion_tokens: number("completion_tokens"),
            reasoning_tokens: details.and_then(|details| details.get("reasoning_tokens")).and_then(Value::as_u64),
            total_tokens: number("total_tokens"),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_plain_answer_and_a_chunk_are_read_alike() {
        let plain = Reply::from_value(&json!({"model":"m","choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"stop"}],
            "usage":{"completion_tokens":3,"completion_tokens_details":{"reasoning_tokens":1}}}));
        assert_eq!((plain.text.as_str(), plain.finish_reason.as_deref(), plain.choices), ("hi", Some("stop"), Some(1)));
        assert_eq!(plain.usage.and_then(|usage| usage.reasoning_tokens), Some(1));
        let chunk = Reply::from_value(&json!({"choices":[{"delta":{"content":"hi"},"finish_reason":null}]}));
        assert_eq!((chunk.text.as_str(), chunk.finish_reason), ("hi", None));
    }

    #[test]
    fn content_that_is_not_text_still_counts() {
        let parts = json!([{"type":"text","text":"a"},{"type":"image_url"}]);
        let reply = Reply::from_value(&json!({"choices":[{"message":{"content":parts}}]}));
        assert_eq!((reply.text.as_str(), reply.has_other_content), ("a", true));
        for message in [
            json!({"content":null,"tool_calls":[{"id":"1"}]}),
            json!({"content":"","refusal":"no"}),
            json!({"content":"","reasoning_content":"hm"}),
            json!({"content":null,"audio":{"id":"a"}}),
        ] {
            assert!(Reply::from_value(&json!({"choices":[{"message":message}]})).has_content());
        }
        for message in [json!({"content":""}), json!({"content":null,"tool_calls":[]}), json!(null), json!(3)] {
            assert!(!Reply::from_value(&json!({"choices":[{"message":message}]})).has_content());
        }
    }
}
