//! A request body with something changed: what is not named stays byte for byte as it was, in its place. A body that is no JSON object
//! cannot be changed.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// The members of a JSON object in their order, their values as they stand.
#[derive(Debug)]
pub struct Body(Vec<(String, Box<RawValue>)>);

impl Body {
    /// `None` where the bytes are no JSON object.
    pub fn read(bytes: &[u8]) -> Option<Body> {
        serde_json::from_slice(bytes).ok()
    }

    pub fn into_bytes(self) -> Vec<u8> {
        // What was read as JSON is written as JSON.
        serde_json::to_vec(&self).unwrap_or_default()
    }

    pub fn get(&self, name: &str) -> Option<&RawValue> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }

    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    fn value<'a, T: Deserialize<'a>>(&'a self, name: &str) -> Option<T> {
        serde_json::from_str(self.get(name)?.get()).ok()
    }

    pub fn model(&self) -> Option<String> {
        self.value("model")
    }

    pub fn is_stream(&self) -> bool {
        self.value("stream").unwrap_or(false)
    }

    /// The bound on the answer, under either of its names.
    pub fn max_tokens(&self) -> Option<u64> {
        self.value("max_completion_tokens").or_else(|| self.value("max_tokens"))
    }

    /// A stream cannot carry all that a plain answer can as it is put together here: tools, and several choices.
    pub fn is_of_one_text(&self) -> bool {
        let asks_for_one = self.value::<u64>("n").is_none_or(|choices| choices == 1);
        asks_for_one && !["tools", "functions", "audio", "modalities"].iter().any(|name| self.has(name))
    }

    /// Puts a value in the place of the one of that name, or at the end.
    pub fn set(&mut self, name: &str, value: &Value) {
        // A value is always JSON.
        let Ok(raw) = serde_json::value::to_raw_value(value) else {
            return;
        };
        self.put(name, raw);
    }

    fn put(&mut self, name: &str, raw: Box<RawValue>) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = raw,
            None => self.0.push((name.to_string(), raw)),
        }
    }

    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }

    /// Asks for a stream or for a plain answer.
    pub fn set_stream(&mut self, stream: bool) {
        if stream {
            self.set("stream", &json!(true));
        } else {
            self.remove("stream");
            // Without a stream the API rejects its options.
            self.remove("stream_options");
        }
    }

    /// Bounds the answer, under the name that the body uses already.
    pub fn set_max_tokens(&mut self, max_tokens: u64) {
        let name = if self.has("max_completion_tokens") { "max_completion_tokens" } else { "max_tokens" };
        self.set(name, &json!(max_tokens));
    }

    /// The messages as they stand; `None` where there is no array of them.
    pub fn messages(&self) -> Option<Vec<Box<RawValue>>> {
        self.value("messages")
    }

    /// Puts a user's words in the place of the last message.
    pub fn ask_instead(&mut self, prompt: &str) {
        if let Some(mut messages) = self.messages() {
            messages.pop();
            self.set_messages(messages, &[("user", prompt)]);
        }
    }

    /// Adds messages at the end of the conversation; `false` where there is none.
    pub fn add_messages(&mut self, more: &[(&str, &str)]) -> bool {
        let messages = self.messages();
        let has_messages = messages.is_some();
        if let Some(messages) = messages {
            self.set_messages(messages, more);
        }
        has_messages
    }

    fn set_messages(&mut self, mut messages: Vec<Box<RawValue>>, more: &[(&str, &str)]) {
        let own = more.iter().map(|(role, content)| serde_json::value::to_raw_value(&json!({ "role": role, "content": content })));
        messages.extend(own.flatten());
        if let Ok(raw) = serde_json::value::to_raw_value(&messages) {
            self.put("messages", raw);
        }
    }
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Body, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Body;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Body, A::Error> {
                let mut members = Vec::with_capacity(map.size_hint().unwrap_or(8));
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Body(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

impl Serialize for Body {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(body: &str, edit: impl FnOnce(&mut Body)) -> String {
        let mut read = Body::read(body.as_bytes()).expect("an object");
        edit(&mut read);
        String::from_utf8(read.into_bytes()).unwrap()
    }

    const ASKED: &str = r#"{"model":"m","messages":[{"role":"user", "content":"\u4f60"}],"temperature":1.50,"max_completion_tokens":9}"#;

    #[test]
    fn what_is_not_named_stays_byte_for_byte() {
        assert_eq!(edited(ASKED, |_| ()), ASKED);
        assert_eq!(edited(ASKED, |body| body.set("model", &json!("n"))), ASKED.replace("\"m\"", "\"n\""));
        assert_eq!(edited(ASKED, |body| body.set_max_tokens(4)), ASKED.replace(":9", ":4"));
        assert_eq!(edited(ASKED, |body| body.set_stream(true)), ASKED.replace(":9}", ":9,\"stream\":true}"));
    }

    #[test]
    fn a_plain_answer_is_asked_for_without_the_options_of_a_stream() {
        let stream = r#"{"stream":true,"stream_options":{"include_usage":true},"model":"m"}"#;
        assert_eq!(edited(stream, |body| body.set_stream(false)), r#"{"model":"m"}"#);
    }

    #[test]
    fn messages_are_replaced_and_added_at_the_end() {
        let given = r#"{"messages":[{"role":"system","content":"s" },{"role":"user","content":"a"}]}"#;
        let replaced = r#"{"messages":[{"role":"system","content":"s" },{"content":"b\n","role":"user"}]}"#;
        assert_eq!(edited(given, |body| body.ask_instead("b\n")), replaced);
        let added = given.replace("]}", r#",{"content":"half","role":"assistant"},{"content":"go on","role":"user"}]}"#);
        assert_eq!(edited(given, |body| assert!(body.add_messages(&[("assistant", "half"), ("user", "go on")]))), added);
        let other = r#"{"prompt":"a"}"#;
        assert_eq!(edited(other, |body| assert!(!body.add_messages(&[("user", "go on")]))), other);
    }

    #[test]
    fn what_is_no_object_cannot_be_changed() {
        for body in ["", "[1]", "{", "\"a\"", "{\"a\":1}x"] {
            assert!(Body::read(body.as_bytes()).is_none(), "{body}");
        }
    }

    #[test]
    fn a_stream_is_put_together_again_only_where_it_is_one_text() {
        for (body, expected) in
            [("{\"n\":1}", true), ("{}", true), ("{\"n\":2}", false), ("{\"tools\":[]}", false), ("{\"modalities\":[\"audio\"]}", false)]
        {
            assert_eq!(Body::read(body.as_bytes()).unwrap().is_of_one_text(), expected, "{body}");
        }
    }
}
