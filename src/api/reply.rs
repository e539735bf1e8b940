//! A chat completion, plain or one chunk of a stream, reduced to what a diagnosis looks at. Dialects are read leniently: a part that has
//! another shape than expected counts as absent. Answers of other APIs are read into the same facts.

use super::json::Value;
use super::native;
use super::shape::Shape;
use serde::Serialize;

/// What one JSON answer or one stream chunk says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reply {
    /// Whose answer it is; `None` where nothing of any is in it.
    pub shape: Option<Shape>,
    pub id: Option<String>,
    /// Seconds since 1970.
    pub created: Option<u64>,
    pub model: Option<String>,
    /// `None` where there is no `choices` array at all.
    pub choices: Option<usize>,
    /// The first choice's text.
    pub text: String,
    /// Characters of reasoning, which is not the answer.
    pub reasoning: usize,
    pub tool_calls: usize,
    /// The arguments of the tool calls, or the pieces of them.
    pub tools: Vec<ToolPiece>,
    pub has_refusal: bool,
    /// Other content than text, such as audio.
    pub has_other_content: bool,
    /// The first choice's.
    pub finish_reason: Option<String>,
    /// All choices, in their order.
    pub said: Vec<Choice>,
    pub usage: Option<Usage>,
    /// The content is that of the events before, once more as a whole.
    pub repeats: bool,
}

/// How far one of several choices is.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    pub index: u64,
    pub finish_reason: Option<String>,
}

/// Arguments of a tool call, or a piece of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToolPiece {
    /// The call's place among those of the answer.
    pub call: Option<u64>,
    pub id: Option<String>,
    /// The function's, where it is told here.
    pub name: Option<String>,
    /// JSON as text; empty where the arguments are no text, as some servers send them.
    pub arguments: String,
}

/// What a reason for the end means, whoever gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// The answer was filtered, or its prompt.
    Filter,
    /// The end that the model, or a stop sequence, wanted; also any word that is not known.
    Stop,
    TokenLimit,
}

impl Finish {
    /// Reads `finish_reason`, `stop_reason`, `done_reason`, `finishReason`, `blockReason` and what stands for them.
    pub fn of(reason: &str) -> Finish {
        const TOKEN_LIMIT: [&str; 4] = ["length", "max_tokens", "max_output_tokens", "model_context_window_exceeded"];
        const FILTER: [&str; 13] = [
            "content_filter",
            "sensitive",
            "safety",
            "recitation",
            "refusal",
            "blocklist",
            "prohibited_content",
            "spii",
            "image_prohibited_content",
            "image_recitation",
            "image_safety",
            "content_filtered",
            "guardrail_intervened",
        ];
        // Gemini's compatible endpoint says `content_filter: PROHIBITED_CONTENT`.
        let reason = reason.split(':').next().unwrap_or(reason);
        let is_any = |words: &[&str]| words.iter().any(|word| reason.eq_ignore_ascii_case(word));
        match () {
            () if is_any(&TOKEN_LIMIT) => Finish::TokenLimit,
            () if is_any(&FILTER) => Finish::Filter,
            () => Finish::Stop,
        }
    }
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
    /// Reads a completion. A value without any sign of one gives a reply without choices.
    pub fn from_value(value: &Value<'_>) -> Reply {
        Reply::read(value, ["message", "delta"])
    }

    /// Reads one chunk of a stream. Perplexity sends both forms in both: beside the piece the text so far, beside the message an empty piece.
    pub fn from_chunk(value: &Value<'_>) -> Reply {
        Reply::read(value, ["delta", "message"])
    }

    /// `forms`: where a choice's content stands, the first that is there.
    fn read(value: &Value<'_>, forms: [&str; 2]) -> Reply {
        let shape = Shape::of(value);
        if let Some(reply) = shape.and_then(|shape| native::read(shape, value)) {
            return reply;
        }
        let choices = value.get("choices").and_then(Value::as_array);
        let mut reply = Reply {
            shape,
            said: choices.into_iter().flatten().enumerate().map(|(at, choice)| Choice::from_value(choice, at)).collect(),
            id: value.get("id").and_then(Value::as_str).filter(|id| !id.is_empty()).map(str::to_string),
            created: value.get("created").and_then(Value::as_u64),
            model: value.get("model").and_then(Value::as_str).filter(|model| !model.is_empty()).map(str::to_string),
            choices: choices.map(Vec::len),
            usage: value.get("usage").and_then(Usage::from_value),
            ..Reply::default()
        };
        let first = choices.and_then(|choices| {
            let is_first = |choice: &&Value<'_>| choice.get("index").and_then(Value::as_u64).is_none_or(|index| index == 0);
            // A message alone is the answer, whatever its index; a piece of another choice is not.
            let is_alone = |choice: &&Value<'_>| choices.len() == 1 && choice.get("delta").is_none();
            choices.iter().find(is_first).or_else(|| choices.first().filter(is_alone))
        });
        if let Some(choice) = first {
            reply.read_choice(choice, forms);
        }
        reply
    }

    fn read_choice(&mut self, choice: &Value<'_>, forms: [&str; 2]) {
        self.finish_reason = choice.get("finish_reason").and_then(Value::as_str).filter(|reason| !reason.is_empty()).map(str::to_string);
        if let Some(text) = choice.get("text").and_then(Value::as_str) {
            self.text.push_str(text);
        }
        let Some((form, message)) = forms.iter().find_map(|form| Some((*form, choice.get(form).filter(|part| part.is_object())?))) else {
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
        let calls = message.get("tool_calls").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let call = message.get("function_call").filter(|call| call.is_object());
        self.tool_calls = calls.len() + usize::from(call.is_some());
        self.tools = calls.iter().chain(call).map(ToolPiece::from_value).collect();
        if form == "message" {
            self.tools.iter_mut().enumerate().for_each(|(at, tool)| tool.call = Some(at as u64));
        }
        self.has_refusal = message.get("refusal").and_then(Value::as_str).is_some_and(|text| !text.is_empty());
        self.has_other_content |= ["audio", "images"].iter().any(|key| message.get(key).is_some_and(|part| !part.is_null()));
    }

    /// Adds what the next piece of the same answer says.
    pub fn append(&mut self, next: Reply) {
        self.shape = self.shape.or(next.shape);
        self.model = self.model.take().or(next.model).filter(|model| !model.is_empty());
        self.choices = self.choices.max(next.choices);
        self.text.push_str(&next.text);
        self.reasoning += next.reasoning;
        self.tool_calls += next.tool_calls;
        self.tools.extend(next.tools);
        self.has_refusal |= next.has_refusal;
        self.has_other_content |= next.has_other_content;
        self.finish_reason = next.finish_reason.or(self.finish_reason.take());
        for choice in next.said {
            match self.said.iter_mut().find(|known| known.index == choice.index) {
                Some(known) => known.finish_reason = choice.finish_reason.or(known.finish_reason.take()),
                None => self.said.push(choice),
            }
        }
        self.usage = Usage::merge(self.usage.take(), next.usage);
    }

    /// The model said or did something, if only to refuse or to think.
    pub fn has_content(&self) -> bool {
        !self.text.is_empty() || self.tool_calls > 0 || self.has_refusal || self.has_other_content || self.reasoning > 0
    }
}

impl Choice {
    fn from_value(choice: &Value<'_>, at: usize) -> Choice {
        let finish_reason = choice.get("finish_reason").and_then(Value::as_str).filter(|reason| !reason.is_empty());
        let index = choice.get("index").and_then(Value::as_u64).unwrap_or(at as u64);
        Choice { index, finish_reason: finish_reason.map(str::to_string) }
    }
}

impl ToolPiece {
    fn from_value(call: &Value<'_>) -> ToolPiece {
        let function = call.get("function").unwrap_or(call);
        let arguments = function.get("arguments").and_then(Value::as_str).unwrap_or_default();
        ToolPiece {
            call: call.get("index").and_then(Value::as_u64),
            id: call.get("id").and_then(Value::as_str).filter(|id| !id.is_empty()).map(str::to_string),
            name: function.get("name").and_then(Value::as_str).filter(|name| !name.is_empty()).map(str::to_string),
            arguments: arguments.to_string(),
        }
    }
}

impl Usage {
    /// What was counted last; what the last count leaves out, an earlier one may have said.
    pub fn merge(before: Option<Usage>, now: Option<Usage>) -> Option<Usage> {
        let (Some(before), Some(now)) = (&before, &now) else {
            return now.or(before);
        };
        Some(Usage {
            prompt_tokens: now.prompt_tokens.or(before.prompt_tokens),
            completion_tokens: now.completion_tokens.or(before.completion_tokens),
            reasoning_tokens: now.reasoning_tokens.or(before.reasoning_tokens),
            total_tokens: now.total_tokens.or(before.total_tokens),
        })
    }

    fn from_value(value: &Value<'_>) -> Option<Usage> {
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

    fn read(value: serde_json::Value) -> Reply {
        Reply::from_value(&value.into())
    }

    fn chunk(value: serde_json::Value) -> Reply {
        Reply::from_chunk(&value.into())
    }

    #[test]
    fn a_plain_answer_and_a_chunk_are_read_alike() {
        let plain = read(json!({"model":"m","choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"stop"}],
            "usage":{"completion_tokens":3,"completion_tokens_details":{"reasoning_tokens":1}}}));
        assert_eq!((plain.text.as_str(), plain.finish_reason.as_deref(), plain.choices), ("hi", Some("stop"), Some(1)));
        assert_eq!(plain.usage.and_then(|usage| usage.reasoning_tokens), Some(1));
        let piece = read(json!({"choices":[{"delta":{"content":"hi"},"finish_reason":null}]}));
        assert_eq!((piece.text.as_str(), piece.finish_reason), ("hi", None));
    }

    #[test]
    fn where_both_forms_stand_side_by_side_each_counts_in_its_kind() {
        let both = |delta: &str, message: &str| json!({"choices":[{"index":0,"delta":{"content":delta},"message":{"content":message}}]});
        assert_eq!(read(both("", "Hello")).text, "Hello");
        assert_eq!(chunk(both("lo", "Hello")).text, "lo");
        assert_eq!(chunk(json!({"choices":[{"delta":null,"message":{"content":"Hello"}}]})).text, "Hello");
    }

    #[test]
    fn a_single_message_is_the_answer_whatever_its_index() {
        assert_eq!(read(json!({"choices":[{"index":1,"message":{"content":"hi"}}]})).text, "hi");
        assert_eq!(chunk(json!({"choices":[{"index":1,"delta":{"content":"hi"}}]})).text, "");
    }

    #[test]
    fn an_empty_name_names_no_model() {
        assert_eq!(read(json!({"model":"","choices":[]})).model, None);
    }

    #[test]
    fn every_word_for_the_end_has_its_meaning() {
        for reason in
            ["stop", "eos", "end_turn", "stop_sequence", "STOP", "tool_calls", "function_call", "tool_use", "pause_turn", "completed"]
        {
            assert_eq!(Finish::of(reason), Finish::Stop, "{reason}");
        }
        for reason in ["length", "max_tokens", "MAX_TOKENS", "max_output_tokens", "model_context_window_exceeded"] {
            assert_eq!(Finish::of(reason), Finish::TokenLimit, "{reason}");
        }
        for reason in [
            "content_filter",
            "sensitive",
            "SAFETY",
            "RECITATION",
            "PROHIBITED_CONTENT",
            "refusal",
            "BLOCKLIST",
            "SPII",
            "content_filter: PROHIBITED_CONTENT",
        ] {
            assert_eq!(Finish::of(reason), Finish::Filter, "{reason}");
        }
    }

    #[test]
    fn content_that_is_not_text_still_counts() {
        let parts = json!([{"type":"text","text":"a"},{"type":"image_url"}]);
        let reply = read(json!({"choices":[{"message":{"content":parts}}]}));
        assert_eq!((reply.text.as_str(), reply.has_other_content), ("a", true));
        for message in [
            json!({"content":null,"tool_calls":[{"id":"1"}]}),
            json!({"content":"","refusal":"no"}),
            json!({"content":"","reasoning_content":"hm"}),
            json!({"content":null,"audio":{"id":"a"}}),
        ] {
            assert!(read(json!({"choices":[{"message":message}]})).has_content());
        }
        for message in [json!({"content":""}), json!({"content":null,"tool_calls":[]}), json!(null), json!(3)] {
            assert!(!read(json!({"choices":[{"message":message}]})).has_content());
        }
    }
}
