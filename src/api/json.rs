//! JSON as the clients of these APIs read it: a value that borrows from the text what stands in it as it is meant. An answer is read once,
//! looked at and dropped, and most of what an owned value costs is copies of keys and words.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Error, Number};

/// A JSON value.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value<'a> {
    #[default]
    Null,
    Bool(bool),
    Number(Number),
    String(Cow<'a, str>),
    Array(Vec<Value<'a>>),
    Object(Object<'a>),
}

/// The members of an object, in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object<'a>(Vec<(Cow<'a, str>, Value<'a>)>);

/// A text that is borrowed where no escape stands in it. Within an `Option` serde borrows only what is of a type of its own.
#[derive(serde::Deserialize)]
pub struct Word<'a>(#[serde(borrow)] pub Cow<'a, str>);

impl<'a> Value<'a> {
    /// A member of an object; none of anything else.
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.as_object()?.get(key)
    }

    pub fn as_object(&self) -> Option<&Object<'a>> {
        if let Value::Object(object) = self { Some(object) } else { None }
    }

    pub fn as_array(&self) -> Option<&Vec<Value<'a>>> {
        if let Value::Array(items) = self { Some(items) } else { None }
    }

    pub fn as_str(&self) -> Option<&str> {
        if let Value::String(text) = self { Some(text) } else { None }
    }

    pub fn as_bool(&self) -> Option<bool> {
        if let Value::Bool(value) = self { Some(*value) } else { None }
    }

    pub fn as_u64(&self) -> Option<u64> {
        if let Value::Number(number) = self { number.as_u64() } else { None }
    }

    pub fn as_f64(&self) -> Option<f64> {
        if let Value::Number(number) = self { number.as_f64() } else { None }
    }

    /// With nothing borrowed, and its names sorted.
    pub fn into_owned(self) -> Value<'static> {
        serde_json::Value::from(self).into()
    }

    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    pub fn is_boolean(&self) -> bool {
        matches!(self, Value::Bool(_))
    }

    pub fn is_string(&self) -> bool {
        matches!(self, Value::String(_))
    }

    pub fn is_array(&self) -> bool {
        matches!(self, Value::Array(_))
    }

    pub fn is_object(&self) -> bool {
        matches!(self, Value::Object(_))
    }
}

impl<'a> Object<'a> {
    /// Of members of one name the last, as most parsers have it.
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.0.iter().rfind(|(name, _)| name == key).map(|(_, value)| value)
    }

    pub fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_ref())
    }
}

impl<'a> FromIterator<(Cow<'a, str>, Value<'a>)> for Object<'a> {
    fn from_iter<I: IntoIterator<Item = (Cow<'a, str>, Value<'a>)>>(members: I) -> Object<'a> {
        Object(members.into_iter().collect())
    }
}

impl From<serde_json::Value> for Value<'static> {
    fn from(value: serde_json::Value) -> Value<'static> {
        match value {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(value) => Value::Bool(value),
            serde_json::Value::Number(number) => Value::Number(number),
            serde_json::Value::String(text) => Value::String(text.into()),
            serde_json::Value::Array(items) => Value::Array(items.into_iter().map(Value::from).collect()),
            serde_json::Value::Object(members) => {
                Value::Object(members.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
            }
        }
    }
}

impl From<Value<'_>> for serde_json::Value {
    fn from(value: Value<'_>) -> serde_json::Value {
        match value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => serde_json::Value::Bool(value),
            Value::Number(number) => serde_json::Value::Number(number),
            Value::String(text) => serde_json::Value::String(text.into_owned()),
            Value::Array(items) => serde_json::Value::Array(items.into_iter().map(serde_json::Value::from).collect()),
            Value::Object(members) => {
                serde_json::Value::Object(members.0.into_iter().map(|(name, value)| (name.into_owned(), value.into())).collect())
            }
        }
    }
}

/// As JSON, the names of an object sorted.
impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        serde_json::Value::from(self.clone()).fmt(f)
    }
}

impl<'de> Deserialize<'de> for Value<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Value<'de>, D::Error> {
        deserializer.deserialize_any(Read)
    }
}

struct Read;

impl<'de> Visitor<'de> for Read {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any valid JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value<'de>, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value<'de>, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value<'de>, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value<'de>, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value<'de>, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::String(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value<'de>, E> {
        Ok(Value::String(Cow::Owned(text.to_string())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value<'de>, A::Error> {
        let mut read = Vec::new();
        while let Some(item) = items.next_element()? {
            read.push(item);
        }
        Ok(Value::Array(read))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value<'de>, A::Error> {
        let mut read = Vec::new();
        while let Some((Word(name), value)) = members.next_entry()? {
            read.push((name, value));
        }
        Ok(Value::Object(Object(read)))
    }
}

/// Parses a value. A `\uD800` without its second half is no character, and serde_json refuses it; Python and JavaScript read it, and
/// models that stream by tokens send the halves apart. It is read as the replacement character.
///
/// # Errors
/// When it is not JSON.
pub fn parse(text: &[u8]) -> Result<Value<'_>, Error> {
    // Checked as a whole, a text costs less than checked string by string.
    let value = std::str::from_utf8(text).map_or_else(|_| serde_json::from_slice(text), serde_json::from_str);
    match value {
        // The limit is the parser's, not JSON's. What lies so deep is nothing that we look at, but it is to be JSON too.
        Err(error) if error.to_string().starts_with("recursion limit") => {
            serde_json::from_slice::<IgnoredAny>(text)?;
            owned(&without_depths(text))
        }
        Err(error) => owned(&without_lone_surrogates(text).ok_or(error)?),
        value => value,
    }
}

fn owned(text: &[u8]) -> Result<Value<'static>, Error> {
    serde_json::from_slice::<serde_json::Value>(text).map(Value::from)
}

/// The text with `null` in place of all that is nested deeper than we look.
fn without_depths(text: &[u8]) -> Vec<u8> {
    const DEEPEST: usize = 100;
    let mut kept = Vec::with_capacity(text.len());
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    for &byte in text {
        let is_bracket = !in_string && matches!(byte, b'{' | b'[' | b'}' | b']');
        if is_bracket && matches!(byte, b'{' | b'[') {
            depth += 1;
            if depth == DEEPEST + 1 {
                kept.extend_from_slice(b"null");
            }
        }
        if depth <= DEEPEST {
            kept.push(byte);
        }
        if is_bracket && matches!(byte, b'}' | b']') {
            depth = depth.saturating_sub(1);
        }
        in_string = match byte {
            b'"' if !is_escaped => !in_string,
            _ => in_string,
        };
        is_escaped = in_string && byte == b'\\' && !is_escaped;
    }
    kept
}

/// The text with each lone surrogate escape replaced; `None` if there is none.
fn without_lone_surrogates(text: &[u8]) -> Option<Vec<u8>> {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6).filter(|escape| escape.starts_with(b"\\u"))?;
        u16::from_str_radix(std::str::from_utf8(&digits[2..]).ok()?, 16).ok()
    };
    let mut replaced = text.to_vec();
    let mut has_replaced = false;
    let mut at = 0;
    while let Some(offset) = memchr::memchr(b'\\', text.get(at..)?) {
        at += offset;
        let (first, second) = (unit(at), unit(at + 6));
        at += match (first, second) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                replaced[at..at + 6].copy_from_slice(b"\\ufffd");
                has_replaced = true;
                6
            }
            _ => 2,
        };
    }
    has_replaced.then_some(replaced)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_deep_is_left_out() {
        let deep = |depth: usize| format!("{{\"a\":\"]}}\\\"[\",\"deep\":{}1{},\"b\":2}}", "[".repeat(depth), "]".repeat(depth));
        for depth in [1, 99, 100, 101, 500, 100_000] {
            let text = deep(depth);
            let value = parse(text.as_bytes()).unwrap();
            let member = |key: &str| value.get(key).cloned().unwrap_or_default();
            assert_eq!((member("a").as_str(), member("b").as_u64()), (Some("]}\"["), Some(2)), "{depth}");
        }
        assert!(parse(deep(300).trim_end_matches('}').as_bytes()).is_err());
        assert!(parse(deep(300).replace('1', "one").as_bytes()).is_err());
    }

    #[test]
    fn halves_of_a_character_are_read_and_whole_ones_stay() {
        let read = |text: &'static [u8]| serde_json::Value::from(parse(text).unwrap());
        assert_eq!(read(br#"["\ud83d","\ude00"]"#), serde_json::json!(["\u{fffd}", "\u{fffd}"]));
        assert_eq!(read(br#"["\ud83d\ude00\\ud83d"]"#), serde_json::json!(["😀\\ud83d"]));
        assert!(parse(br#"["\ud83d]"#).is_err() && parse(b"{oops}").is_err());
    }

    /// serde_json's own value is the measure, also of numbers at their limits and of a name that stands twice.
    #[test]
    fn a_value_is_the_same_as_an_owned_one_and_borrows_what_it_can() {
        let texts = [
            r#"{"a":[1,-1,1.5,1e300,18446744073709551615,-9223372036854775808,18446744073709551616,-0],"b":{"c":null,"d":[]},"e":{}}"#,
            r#"{"a":1,"b":true,"a":"\u4f60 \"\n","\u0062":false}"#,
            r#" "text" "#,
            "[[],{}]",
        ];
        for text in texts {
            let owned: serde_json::Value = serde_json::from_str(text).unwrap();
            let value = parse(text.as_bytes()).unwrap();
            assert_eq!((serde_json::Value::from(value.clone()), value.to_string()), (owned.clone(), owned.to_string()));
            assert_eq!(value.get("a").map(Value::to_string), owned.get("a").map(serde_json::Value::to_string));
        }
        assert!(matches!(parse(br#""plain""#), Ok(Value::String(Cow::Borrowed("plain")))));
        for text in ["{", r#"{"a":}"#, "[1,]", "1e999", "\u{feff}{}", r#"{"a":"\x"}"#] {
            let owned = serde_json::from_str::<serde_json::Value>(text).unwrap_err();
            assert_eq!(parse(text.as_bytes()).unwrap_err().to_string(), owned.to_string());
        }
    }
}
