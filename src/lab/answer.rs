//! What the lab's model says, as a chat completion and as the events of a stream.
//! JSON is written by hand here, because servers have an order of keys and `serde_json`'s map would sort it away.

use std::hash::{BuildHasher, RandomState};
use std::time::SystemTime;

use super::request::Asked;

const ENGLISH: &str = "this answer comes from the lab of llmcheck, a small server on this very computer. No model has seen the question; \
every byte was laid out in advance, so that whatever goes wrong on its way can be shown exactly.";
const CHINESE: &str = "这段回答来自 llmcheck 的实验服务器，它就运行在这台电脑上。没有任何模型读过这个问题，每一个字节都是事先排好的，\
因此途中出了什么差错，都能准确地指出来。";

/// A chat completion, complete and correct until a scenario changes it.
#[derive(Clone, Debug)]
pub(in crate::lab) struct Answer {
    id: String,
    created: u64,
    pub(in crate::lab) model: String,
    pub(in crate::lab) content: Option<String>,
    pub(in crate::lab) reasoning: Option<String>,
    pub(in crate::lab) refusal: Option<String>,
    pub(in crate::lab) tool_call: Option<ToolCall>,
    pub(in crate::lab) finish_reason: &'static str,
    pub(in crate::lab) prompt_tokens: usize,
    top_logprobs: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
pub(in crate::lab) struct ToolCall {
    pub(in crate::lab) name: &'static str,
    /// JSON, as the API sends it: inside a string.
    pub(in crate::lab) arguments: &'static str,
}

impl Answer {
    /// The fixed paragraph, in Chinese when the prompt holds any, no longer than the request allows.
    pub(in crate::lab) fn to(asked: &Asked) -> Answer {
        if asked.prompt.chars().any(is_cjk) { Answer::in_chinese(asked) } else { Answer::in_english(asked) }
    }

    pub(in crate::lab) fn in_english(asked: &Asked) -> Answer {
        Answer::saying(asked, &format!("You asked \"{}\": {ENGLISH}", first_words(&asked.prompt)))
    }

    pub(in crate::lab) fn in_chinese(asked: &Asked) -> Answer {
        Answer::saying(asked, &format!("你问的是“{}”：{CHINESE}", first_words(&asked.prompt)))
    }

    pub(in crate::lab) fn saying(asked: &Asked, text: &str) -> Answer {
        let all = tokens(text);
        let allowed = asked.max_tokens.unwrap_or(usize::MAX);
        let random = [random_word(), random_word(), random_word()].concat();
        Answer {
            id: format!("chatcmpl-{}", &random[..29]),
            created: SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs()),
            model: asked.model.clone(),
            content: Some(all.iter().take(allowed).copied().collect()),
            reasoning: None,
            refusal: None,
            tool_call: None,
            finish_reason: if all.len() > allowed { "length" } else { "stop" },
            top_logprobs: asked.top_logprobs,
            prompt_tokens: asked.messages.iter().map(|message| tokens(&message.text).len()).sum::<usize>() + 7,
        }
    }

    /// The response body of a request without stream: compact, as most servers write it.
    pub(in crate::lab) fn json(&self) -> String {
        let (id, created, model, reason) = (&self.id, self.created, quoted(&self.model), self.finish_reason);
        let opening = format!(r#"{{"id":"{id}","object":"chat.completion","created":{created},"model":{model},"#);
        let choice = format!(r#"{{"index":0,"message":{},"logprobs":{},"finish_reason":"{reason}"}}"#, self.message(), self.logprobs());
        let usage = self.usage();
        format!(r#"{opening}"system_fingerprint":"fp_llmchecklab","choices":[{choice}],"usage":{usage}}}"#)
    }

    fn logprobs(&self) -> String {
        let text = self.content.as_deref().unwrap_or_default();
        let of_tokens =
            self.top_logprobs.map(|top| tokens(text).into_iter().map(|token| logprob(token, top)).collect::<Vec<_>>().join(","));
        of_tokens.map_or("null".into(), |of_tokens| format!(r#"{{"content":[{of_tokens}],"refusal":null}}"#))
    }

    fn message(&self) -> String {
        let content = self.content.as_deref().map_or("null".into(), quoted);
        let mut message = format!(r#"{{"role":"assistant","content":{content}"#);
        for (name, text) in [("refusal", &self.refusal), ("reasoning_content", &self.reasoning)] {
            message.extend(text.iter().map(|text| format!(r#","{name}":{}"#, quoted(text))));
        }
        message.extend(self.tool_call.map(|call| format!(r#","tool_calls":[{}]"#, call.json(call.arguments))));
        message + "}"
    }

    /// The events of a stream, in order, each with its empty line.
    pub(in crate::lab) fn events(&self, include_usage: bool) -> Vec<Event> {
        let mut events = vec![self.delta(Part::Role, r#"{"role":"assistant","content":""}"#)];
        let mut speak = |name: &str, text: &Option<String>| {
            let pieces = text.iter().flat_map(|text| tokens(text));
            events.extend(pieces.map(|piece| self.piece(name, piece)));
        };
        speak("reasoning_content", &self.reasoning);
        speak("refusal", &self.refusal);
        speak("content", &self.content);
        if let Some(call) = self.tool_call {
            events.push(self.delta(Part::Content, &format!("{{\"tool_calls\":[{}]}}", call.json(""))));
            let arguments = tokens(call.arguments).into_iter();
            let piece = |piece| format!(r#"{{"tool_calls":[{{"index":0,"function":{{"arguments":{}}}}}]}}"#, quoted(piece));
            events.extend(arguments.map(|text| self.delta(Part::Content, &piece(text))));
        }
        events.push(self.event(Part::Finish, &format!(r#"[{{"index":0,"delta":{{}},"finish_reason":"{}"}}]"#, self.finish_reason), ""));
        if include_usage {
            events.push(self.event(Part::Usage, "[]", &format!(",\"usage\":{}", self.usage())));
        }
        events.push(Event { part: Part::Done, text: "data: [DONE]\n\n".into() });
        events
    }

    pub(in crate::lab) fn completion_tokens(&self) -> usize {
        let spoken = [&self.content, &self.reasoning, &self.refusal].into_iter().flatten().map(|text| tokens(text).len()).sum::<usize>();
        spoken + self.tool_call.map_or(0, |call| tokens(call.arguments).len())
    }

    fn usage(&self) -> String {
        let completion = self.completion_tokens();
        let (prompt, total) = (self.prompt_tokens, self.prompt_tokens + completion);
        format!(r#"{{"prompt_tokens":{prompt},"completion_tokens":{completion},"total_tokens":{total}}}"#)
    }

    fn piece(&self, name: &str, piece: &str) -> Event {
        let delta = format!("{{\"{name}\":{}}}", quoted(piece));
        let Some(top) = self.top_logprobs.filter(|_| name == "content") else {
            return self.delta(Part::Content, &delta);
        };
        let logprobs = format!(r#"{{"content":[{}],"refusal":null}}"#, logprob(piece, top));
        self.event(Part::Content, &format!(r#"[{{"index":0,"delta":{delta},"logprobs":{logprobs},"finish_reason":null}}]"#), "")
    }

    fn delta(&self, part: Part, delta: &str) -> Event {
        self.event(part, &format!(r#"[{{"index":0,"delta":{delta},"finish_reason":null}}]"#), "")
    }

    fn event(&self, part: Part, choices: &str, rest: &str) -> Event {
        let (id, created, model) = (&self.id, self.created, quoted(&self.model));
        let opening = format!(r#"{{"id":"{id}","object":"chat.completion.chunk","created":{created},"model":{model},"#);
        let json = format!(r#"{opening}"system_fingerprint":"fp_llmchecklab","choices":{choices}{rest}}}"#);
        Event { part, text: format!("data: {json}\n\n") }
    }
}

impl ToolCall {
    fn json(self, arguments: &str) -> String {
        let arguments = quoted(arguments);
        format!(r#"{{"index":0,"id":"call_llmchecklab","type":"function","function":{{"name":"{}","arguments":{arguments}}}}}"#, self.name)
    }
}

/// How likely a token was, and what else might have stood there: made up, but as long as the API's.
fn logprob(token: &str, top: usize) -> String {
    let entry = |rank: usize, rest: &str| {
        let bytes: Vec<String> = token.bytes().map(|byte| byte.to_string()).collect();
        let logprob = -0.000_123_4 - 1.25 * rank as f64;
        format!(r#"{{"token":{},"logprob":{logprob:.8},"bytes":[{}]{rest}}}"#, quoted(token), bytes.join(","))
    };
    let others: Vec<String> = (0..top).map(|rank| entry(rank, "")).collect();
    entry(0, &format!(r#","top_logprobs":[{}]"#, others.join(",")))
}

/// One event of a stream.
#[derive(Clone, Debug)]
pub(in crate::lab) struct Event {
    pub(in crate::lab) part: Part,
    pub(in crate::lab) text: String,
}

/// Which part of the answer an event carries; in the order of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub(in crate::lab) enum Part {
    Role,
    Content,
    Finish,
    Usage,
    Done,
}

/// The texts of the events, one after the other.
pub(in crate::lab) fn joined<'a>(events: impl IntoIterator<Item = &'a Event>) -> String {
    events.into_iter().map(|event| event.text.as_str()).collect()
}

/// A JSON string.
pub(in crate::lab) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Twelve or so characters that no other call returns.
pub(in crate::lab) fn random_word() -> String {
    // RandomState is the one source of randomness in std; every instance has other keys.
    format!("{:016x}", RandomState::new().hash_one(0))
}

/// The pieces that the lab counts as tokens: a word with the blanks before it, or one CJK character. Together they are the text.
pub(in crate::lab) fn tokens(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut last = None;
    for (at, character) in text.char_indices() {
        let starts_piece = |last: char| is_cjk(character) || is_cjk(last) || (character.is_whitespace() && !last.is_whitespace());
        if last.is_some_and(starts_piece) {
            pieces.push(&text[start..at]);
            start = at;
        }
        last = Some(character);
    }
    if start < text.len() {
        pieces.push(&text[start..]);
    }
    pieces
}

fn is_cjk(character: char) -> bool {
    let symbols_and_ideographs = '\u{2E80}'..='\u{9FFF}';
    let compatibility = '\u{F900}'..='\u{FAFF}';
    let full_width = '\u{FF00}'..='\u{FFEF}';
    let hangul = '\u{AC00}'..='\u{D7AF}';
    let further_planes = '\u{20000}'..='\u{3FFFF}';
    [symbols_and_ideographs, compatibility, full_width, hangul, further_planes].iter().any(|range| range.contains(&character))
}

fn first_words(prompt: &str) -> String {
    let words: String = tokens(prompt.trim()).into_iter().take(6).collect();
    words.chars().filter(|character| !character.is_control()).take(40).collect()
}
