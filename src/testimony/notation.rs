//! Objects as programs print them: JSON, Python's `repr`, JavaScript's `util.inspect`, Ruby's hashes, and JSON inside a JSON string.

use serde_json::{Map, Value};

/// Deeper nesting is no error envelope.
const DEEPEST: usize = 32;

/// The object or list that begins `text`, and its length in bytes.
pub fn read(text: &str) -> Option<(Value, usize)> {
    if let Some(inside) = escaped(text) {
        let value = read(&inside.0)?.0;
        return Some((value, inside.1));
    }
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    (value.is_object() || value.is_array()).then_some((value, reader.at))
}

/// The text of a JSON string from its `{\"` to the quotation mark that ends the string, unescaped once.
fn escaped(text: &str) -> Option<(String, usize)> {
    text.strip_prefix("{\\").filter(|rest| rest.trim_start_matches(['\\', 'n', ' ']).starts_with('"'))?;
    let mut is_escaped = false;
    let end = text.bytes().position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    });
    let inside = &text[..end.unwrap_or(text.len())];
    let unescaped = serde_json::from_str(&format!("\"{inside}\"")).ok()?;
    Some((unescaped, inside.len()))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn skip_blank(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn takes(&mut self, token: &str) -> bool {
        let is_next = self.rest().starts_with(token);
        self.at += if is_next { token.len() } else { 0 };
        is_next
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        self.skip_blank();
        match self.rest().chars().next().filter(|_| depth < DEEPEST)? {
            '{' => self.object(depth),
            '[' => self.list(depth),
            '"' | '\'' | '`' => self.strings().map(Value::String),
            c if c.is_ascii_digit() || c == '-' => self.number(),
            _ => self.word(depth),
        }
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        let mut object = Map::new();
        self.at += 1;
        loop {
            self.skip_blank();
            if self.takes("}") {
                return Some(Value::Object(object));
            }
            let key = self.key()?;
            self.skip_blank();
            // Java's toString writes names and texts without quotation marks; elsewhere such a value is an expression of a program.
            let separator = ["=>", ":", "="].into_iter().find(|separator| self.takes(separator))?;
            let value = self.value(depth + 1)?;
            if separator != "=" && self.text[..self.at].ends_with(|c: char| c.is_alphanumeric()) && is_expression(&value) {
                return None;
            }
            object.insert(key, value);
            self.skip_blank();
            if !self.takes(",") && !self.rest().starts_with('}') {
                return None;
            }
        }
    }

    fn list(&mut self, depth: usize) -> Option<Value> {
        let mut items = Vec::new();
        self.at += 1;
        loop {
            self.skip_blank();
            if self.takes("]") {
                return Some(Value::Array(items));
            }
            items.push(self.value(depth + 1)?);
            self.skip_blank();
            if !self.takes(",") && !self.rest().starts_with(']') {
                return None;
            }
        }
    }

    /// A key, quoted, a Ruby symbol or bare.
    fn key(&mut self) -> Option<String> {
        self.takes(":");
        if self.rest().starts_with(['"', '\'']) {
            return self.string();
        }
        let key: String = self.rest().chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '-')).collect();
        self.at += key.len();
        (!key.is_empty()).then_some(key)
    }

    /// Strings joined by `+`, as `util.inspect` writes long ones, or standing side by side.
    fn strings(&mut self) -> Option<String> {
        let mut whole = self.string()?;
        loop {
            let before = self.at;
            self.skip_blank();
            if !self.takes("+") {
                self.at = before;
                return Some(whole);
            }
            self.skip_blank();
            whole.push_str(&self.string()?);
        }
    }

    fn string(&mut self) -> Option<String> {
        let quote = self.rest().chars().next()?;
        let mut value = String::new();
        let mut characters = self.rest()[1..].char_indices();
        while let Some((offset, character)) = characters.next() {
            match character {
                '\\' => match characters.next()?.1 {
                    'n' => value.push('\n'),
                    't' => value.push('\t'),
                    'r' => value.push('\r'),
                    'u' => value.push(unit(&mut characters, 4)?),
                    'x' => value.push(unit(&mut characters, 2)?),
                    other => value.push(other),
                },
                end if end == quote => {
                    self.at += 1 + offset + 1;
                    return Some(value);
                }
                other => value.push(other),
            }
        }
        None
    }

    fn number(&mut self) -> Option<Value> {
        let length = self.rest().bytes().take_while(|byte| byte.is_ascii_alphanumeric() || b"+-._".contains(byte)).count();
        let number = self.rest()[..length].to_string();
        self.at += length;
        // Dates and identifiers without quotation marks are text.
        Some(serde_json::from_str::<serde_json::Number>(&number).map_or(Value::String(number), Value::Number))
    }

    /// `None`, `true`, `nil`, `[Object]` has been read as a list; `Headers { … }` is its object.
    fn word(&mut self, depth: usize) -> Option<Value> {
        let is_part = |c: &char| c.is_alphanumeric() || matches!(c, '_' | '.' | '$');
        let word: String = self.rest().chars().take_while(is_part).collect();
        self.at += word.len();
        Some(match word.as_str() {
            "" => return None,
            "null" | "None" | "nil" | "undefined" => Value::Null,
            "true" | "True" => Value::Bool(true),
            "false" | "False" => Value::Bool(false),
            _ => {
                let is_class = self.rest().trim_start().starts_with('{');
                if is_class {
                    self.skip_blank();
                    self.object(depth + 1)?
                } else {
                    Value::String(word)
                }
            }
        })
    }
}

/// A bare word other than those that every notation has.
fn is_expression(value: &Value) -> bool {
    value.as_str().is_some_and(|word| !word.starts_with(|c: char| c.is_ascii_digit()))
}

/// The character that so many hexadecimal digits name; half of a surrogate pair becomes the mark of replacement.
fn unit(characters: &mut std::str::CharIndices<'_>, digits: usize) -> Option<char> {
    let hex: String = characters.by_ref().take(digits).map(|(_, c)| c).collect();
    Some(char::from_u32(u32::from_str_radix(&hex, 16).ok()?).unwrap_or('\u{fffd}'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn objects_are_read_in_every_notation() {
        let cases = [
            (r#"{"a": [1, "x\u4f60"], "b": null} tail"#, json!({"a": [1, "x你"], "b": null})),
            (r#"{'a': "isn't", 'b': None, 'c': True}"#, json!({"a": "isn't", "b": null, "c": true})),
            ("{\n  a: 'x' +\n    'y',\n  b: [Object],\n  h: Headers { k: 1 },\n}", json!({"a": "xy", "b": ["Object"], "h": {"k": 1}})),
            (r#"{"a"=>{"b"=>"c"}, :d=>nil}"#, json!({"a": {"b": "c"}, "d": null})),
            (r#"{\"a\":\"it says \\\"b\\\"\"}","level":"x"}"#, json!({"a": "it says \"b\""})),
            ("{code=429, message=m}", json!({"code": 429, "message": "m"})),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text).map(|(value, _)| value), Some(expected), "{text}");
        }
        assert_eq!(read("{'a': 1} x").unwrap().1, 8);
        for text in ["{", "{}}".get(1..).unwrap(), "{braces}", "{'a': x y}", "[1"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
