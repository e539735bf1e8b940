//! Errors inside errors: relays and gateways quote their upstream's error in their own message, as JSON, as the `repr` of a Python
//! dict, as Go prints a struct, or as plain words behind the name of who said them.

use super::{ApiError, Speaker};
use crate::api::json::Value;

/// Another service's error inside an error.
#[derive(Clone, Debug, PartialEq)]
pub struct Quoted {
    /// Who said it, as the quoting side names it; empty where it does not.
    pub by: String,
    pub error: ApiError,
}

/// The error that `message` quotes; `depth` bounds how many more may lie inside it.
pub(super) fn in_message(message: &str, speaker: Speaker, depth: usize) -> Option<Quoted> {
    if depth == 0 {
        return None;
    }
    if let Some(error) = as_go_prints(message) {
        return Some(Quoted { by: String::new(), error });
    }
    // A prompt that is echoed has braces too; one that introduces an error stands behind a colon or dash, or at the beginning.
    if let Some(brace) = message.find('{') {
        let start = if message[..brace].trim_end().ends_with('[') { message[..brace].rfind('[').unwrap_or(brace) } else { brace };
        let before = message[..start].trim_end();
        let is_introduced = before.is_empty() || before.ends_with([':', '-', '=', ',', '>', '(', '\'', '"']);
        if let Some(value) = is_introduced.then(|| value_at(&message[start..])).flatten()
            && let Some(error) =
                ApiError::read(&value, false, depth - 1).filter(|error| !error.message.is_empty() || error.quoted.is_some())
        {
            return Some(Quoted { by: name_before(before).to_string(), error });
        }
    }
    in_words(message, speaker)
}

/// `litellm.AuthenticationError: AuthenticationError: OpenAIException - Incorrect API key provided`,
/// `openai error: Incorrect API key provided`.
fn in_words(message: &str, speaker: Speaker) -> Option<Quoted> {
    let separator = match speaker {
        Speaker::LiteLlm => "Exception - ",
        Speaker::Portkey => " error: ",
        _ => return None,
    };
    let (before, words) = message.split_once(separator)?;
    let by = before.rsplit([' ', ':']).next().unwrap_or(before);
    let words = words.split("Received Model Group=").next().unwrap_or(words).trim();
    let error = ApiError { message: words.to_string(), ..ApiError::default() };
    (!words.is_empty() && !by.is_empty()).then(|| Quoted { by: by.to_string(), error })
}

/// The name in `OpenAIException -`, `openai error:`, `Invalid response received from openai:`, `Error from provider (Console Go):`.
fn name_before(before: &str) -> &str {
    let before = before.trim_end_matches([' ', ':', '-', '=', '\'', '"', 'b']).trim_end();
    if let Some(inside) = before.strip_suffix(')').and_then(|rest| rest.rsplit_once('(')).map(|(_, inside)| inside) {
        return inside;
    }
    let words = before.strip_suffix(" error").unwrap_or(before);
    let last = words.rsplit([' ', ':']).next().unwrap_or(words);
    let is_named = words.len() < before.len() || words.trim_end_matches(last).ends_with(" from ");
    let exception = before.split([' ', ':']).rev().find_map(|word| word.strip_suffix("Exception"));
    exception.unwrap_or(if is_named { last } else { "" })
}

fn value_at(text: &str) -> Option<Value<'_>> {
    let json = serde_json::Deserializer::from_str(text).into_iter::<Value<'_>>().next().and_then(Result::ok);
    json.or_else(|| Python { rest: text, depth: 0 }.value())
}

/// A Python literal. LiteLLM and SDKs put `str(dict)` and `str(bytes)` into their messages: single quotes, `None`, `True`, and in the
/// latter case `\n` between the parts.
struct Python<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Python<'a> {
    const DEEPEST: usize = 32;

    fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest.trim_start();
            let rest = ["\\n", "\\r", "\\t"].iter().find_map(|escape| rest.strip_prefix(escape)).unwrap_or(rest);
            if rest.len() == self.rest.len() {
                return;
            }
            self.rest = rest;
        }
    }

    fn eat(&mut self, token: &str) -> bool {
        self.skip_blanks();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn value(&mut self) -> Option<Value<'a>> {
        self.depth += 1;
        if self.depth > Self::DEEPEST {
            return None;
        }
        self.skip_blanks();
        let value = match self.rest.chars().next()? {
            '{' => self.dict(),
            '[' => self.list('[', "]"),
            '(' => self.list('(', ")"),
            '\'' | '"' => self.string().map(|text| Value::String(text.into())),
            _ => self.word(),
        };
        self.depth -= 1;
        value
    }

    fn dict(&mut self) -> Option<Value<'a>> {
        let mut members = Vec::new();
        self.eat("{");
        while !self.eat("}") {
            self.skip_blanks();
            let key = self.string()?;
            if !self.eat(":") {
                return None;
            }
            members.push((key.into(), self.value()?));
            if !self.eat(",") {
                self.eat("}").then_some(())?;
                break;
            }
        }
        Some(Value::Object(members.into_iter().collect()))
    }

    fn list(&mut self, open: char, close: &str) -> Option<Value<'a>> {
        let mut items = Vec::new();
        self.rest = self.rest.strip_prefix(open)?;
        while !self.eat(close) {
            items.push(self.value()?);
            if !self.eat(",") {
                return self.eat(close).then_some(Value::Array(items));
            }
        }
        Some(Value::Array(items))
    }

    fn string(&mut self) -> Option<String> {
        let quote = self.rest.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        let mut text = String::new();
        let mut characters = self.rest.char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            match character {
                '\\' => match characters.next()?.1 {
                    'n' => text.push('\n'),
                    't' => text.push('\t'),
                    'r' => text.push('\r'),
                    'u' => {
                        let digits: String = characters.by_ref().take(4).map(|(_, digit)| digit).collect();
                        text.push(u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32).unwrap_or('\u{fffd}'));
                    }
                    other => text.push(other),
                },
                _ if character == quote => {
                    self.rest = &self.rest[at + 1..];
                    return Some(text);
                }
                _ => text.push(character),
            }
        }
        None
    }

    fn word(&mut self) -> Option<Value<'a>> {
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '-' | '+' | '_')).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        let value = match word {
            "None" | "null" => Value::Null,
            "True" | "true" => Value::Bool(true),
            "False" | "false" => Value::Bool(false),
            number => serde_json::from_str::<serde_json::Number>(number).ok().map(Value::Number)?,
        };
        self.rest = rest;
        Some(value)
    }
}

/// `&{Error:{Message:… Type:… Param:… Code:…} StatusCode:500}` and `&{{… shell_api_error  write_response_body_failed} 500 }`: what the
/// one-api family leaves of an error when it prints its own struct (Go's `%+v` and `%v`).
fn as_go_prints(text: &str) -> Option<ApiError> {
    let inside = &text[text.find("&{")? + 2..];
    let (fields, code, named) = match inside.strip_prefix("Error:{Message:") {
        Some(rest) => {
            let (fields, status) = rest.rsplit_once("} StatusCode:")?;
            (fields, status, true)
        }
        None => {
            let (fields, status) = inside.strip_prefix('{')?.rsplit_once("} ")?;
            (fields, status, false)
        }
    };
    code.chars().take(3).all(|digit| digit.is_ascii_digit()).then_some(())?;
    if named {
        let (rest, code) = fields.rsplit_once(" Code:")?;
        let (rest, param) = rest.rsplit_once(" Param:")?;
        let (rest, kind) = rest.rsplit_once(" Type:")?;
        let message = rest.split(" LocalizedMessage:").next().unwrap_or(rest);
        return Some(printed(message, kind, param, code));
    }
    // Without names the last three words are type, param (often nothing at all) and code.
    let mut words = fields.rsplitn(4, ' ');
    let (code, param, kind, message) = (words.next()?, words.next()?, words.next()?, words.next()?);
    kind.ends_with("_error").then(|| printed(message, kind, param, code))
}

fn printed(message: &str, kind: &str, param: &str, code: &str) -> ApiError {
    let empty_for_nil = |text: &str| if text == "<nil>" { String::new() } else { text.to_string() };
    ApiError {
        message: message.to_string(),
        kind: kind.to_string(),
        param: empty_for_nil(param),
        code: empty_for_nil(code),
        speaker: Speaker::OneApi,
        ..ApiError::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(message: &str) -> Option<(String, String, String)> {
        let speaker = if message.starts_with("litellm.") { Speaker::LiteLlm } else { Speaker::Unknown };
        in_message(message, speaker, 3).map(|quoted| {
            let error = quoted.error.innermost();
            (quoted.by.clone(), error.message.clone(), error.code.clone())
        })
    }

    #[test]
    fn an_error_in_a_message_is_read_in_every_spelling() {
        // message, who is named, inner message, inner code
        let cases = [
            (r#"{"error":{"message":"m","code":"c"}}"#, "", "m", "c"),
            (r#"openai error: {"error":{"message":"m","code":"c"}}"#, "openai", "m", "c"),
            (r#"Invalid response received from openai: {"error":{"message":"m","code":"c"}}"#, "openai", "m", "c"),
            (r#"Error from provider (Console Go): {"error":{"message":"m","code":"c"}}"#, "Console Go", "m", "c"),
            ("litellm.X: OpenAIException - Error code: 401 - {'error': {'message': 'm', 'code': 'c'}}", "OpenAI", "m", "c"),
            ("Error code: 429 - {'error': {'message': \"it's m\", 'param': None, 'code': 'c'}}", "", "it's m", "c"),
            (
                "litellm.RateLimitError: RateLimitError: OpenAIException - {'error': {'message': 'm', 'x': True, 'code': 'c'}}",
                "OpenAI",
                "m",
                "c",
            ),
            (
                r#"litellm.RateLimitError: VertexAIException - b'[{\n  "error": {\n "code": 429,\n "message": "m"\n }\n}]'"#,
                "VertexAI",
                "m",
                "429",
            ),
            (
                "litellm.AuthenticationError: AuthenticationError: OpenAIException - m. Received Model Group=x\nAvailable Model Group \
                 Fallbacks=None",
                "OpenAI",
                "m.",
                "",
            ),
            (
                "[&{{m Unknown error shell_api_error  write_response_body_failed} 500 }]",
                "",
                "m Unknown error",
                "write_response_body_failed",
            ),
            (
                "respErr is not nil: &{Error:{Message:m Type:one_api_error Param: Code:copy_response_body_failed} StatusCode:500}",
                "",
                "m",
                "copy_response_body_failed",
            ),
            (
                r#"{"error":{"message":"{\"error\":{\"message\":\"{\\\"error\\\":{\\\"message\\\":\\\"m\\\",\\\"code\\\":\\\"c\\\"}}\"}}"}}"#,
                "",
                "m",
                "c",
            ),
        ];
        for (message, by, inner, code) in cases {
            assert_eq!(read(message), Some((by.into(), inner.into(), code.into())), "{message}");
        }
    }

    #[test]
    fn words_with_braces_quote_no_error() {
        for message in [
            "Invalid value {\"role\":\"user\"}",
            "the text {\"error\":{\"message\":\"m\"}} is no JSON schema",
            "Unexpected token in: {\"role\": \"user\", \"content\": \"hi\"}",
            "{'error': ",
            "{{{{",
            "",
        ] {
            assert_eq!(read(message), None, "{message}");
        }
    }

    #[test]
    fn a_message_that_is_cut_anywhere_is_read_without_a_panic() {
        let whole = "litellm.X: é {OpenAIException - b'[{\\n'error': {'message': '\\u4f60\\x', \"k\": (1, [None, -2.5e3])}}]' &{Error:{Message:é Type:x_error Param: Code:c} StatusCode:500} &{{é a_error  c} 500 }";
        for start in (0..whole.len()).filter(|at| whole.is_char_boundary(*at)) {
            for end in (start..whole.len()).filter(|at| whole.is_char_boundary(*at)) {
                in_message(&whole[start..end], Speaker::LiteLlm, 3);
            }
        }
    }

    #[test]
    fn nesting_without_end_is_not_followed() {
        let mut message = "m".to_string();
        for _ in 0..6 {
            message = serde_json::json!({"error": {"message": message}}).to_string();
        }
        assert!(read(&message).unwrap().1.starts_with("{\"error\""));
        assert_eq!(read(&("{'a':".repeat(5000) + "1")), None);
    }
}
