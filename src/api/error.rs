//! Error envelopes: the many shapes in which providers, relays, gateways and inference servers say that something is wrong.

use serde_json::{Map, Value};

/// An error as an API tells it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApiError {
    pub message: String,
    /// `error.type`.
    pub kind: String,
    /// `error.code`, a number as its digits; where a more exact code stands deeper inside, that one.
    pub code: String,
    pub param: String,
    /// The whole error as JSON text, for words that stand elsewhere in it.
    pub raw: String,
}

impl ApiError {
    /// Reads the error that `value` tells, if it tells one. Whether a message of another kind (`{"message": …}`) is an error
    /// shows only in the status, which the caller knows: `status_is_error`.
    pub fn from_value(value: &Value, status_is_error: bool) -> Option<ApiError> {
        let mut error = match value {
            // Gemini's compatible endpoint wraps the object in an array.
            Value::Array(items) => {
                return items.first().filter(|_| items.len() == 1).and_then(|item| ApiError::from_value(item, status_is_error));
            }
            Value::Object(object) => read_object(object, status_is_error)?,
            _ => return None,
        };
        // Words are looked for at the beginning: a message of megabytes is an echo of the request.
        error.raw = value.to_string();
        truncate(&mut error.raw);
        truncate(&mut error.message);
        Some(error)
    }

    /// Any of the words stands in the code or the type, exactly.
    pub fn is_coded(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.code.eq_ignore_ascii_case(word) || self.kind.eq_ignore_ascii_case(word))
    }

    /// Any of the phrases stands in the message, in any case.
    pub fn says(&self, phrases: &[&str]) -> bool {
        let message = self.message.to_lowercase();
        phrases.iter().any(|phrase| message.contains(&phrase.to_lowercase()))
    }
}

fn truncate(text: &mut String) {
    const LONGEST: usize = 16 * 1024;
    let end = (0..=LONGEST.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.truncate(end);
}

fn read_object(object: &Map<String, Value>, status_is_error: bool) -> Option<ApiError> {
    match object.get("error") {
        Some(Value::Object(error)) => return Some(read_error(error)),
        // ollama, TGI, vLLM's key check.
        Some(Value::String(message)) => {
            return Some(ApiError { message: message.clone(), kind: text(object.get("error_type")), ..ApiError::default() });
        }
        _ => {}
    }
    let is_flat_error = object.get("object").and_then(Value::as_str) == Some("error")
        || (object.contains_key("message") && !object.contains_key("choices") && object.get("code").is_some_and(is_error_code));
    // MiniMax answers 200 with the error beside empty choices.
    if let Some(base) = object.get("base_resp").and_then(Value::as_object)
        && base.get("status_code").and_then(Value::as_i64).is_some_and(|code| code != 0)
    {
        return Some(ApiError { message: text(base.get("status_msg")), code: text(base.get("status_code")), ..ApiError::default() });
    }
    if is_flat_error {
        return Some(read_error(object));
    }
    if !status_is_error {
        return None;
    }
    match object.get("detail") {
        Some(Value::String(detail)) => return Some(ApiError { message: detail.clone(), ..ApiError::default() }),
        // FastAPI: [{"loc": […], "msg": "…", "type": "…"}].
        Some(Value::Array(items)) => {
            let messages: Vec<String> = items.iter().map(|item| text(item.get("msg"))).collect();
            return Some(ApiError { message: messages.join("; "), kind: "validation_error".into(), ..ApiError::default() });
        }
        _ => {}
    }
    ["message", "msg", "error_msg", "errorMessage"].iter().any(|key| object.contains_key(*key)).then(|| read_error(object))
}

/// Chinese services wrap good answers too: `{"code": 0, "message": "ok", …}`.
fn is_error_code(code: &Value) -> bool {
    !matches!(text(Some(code)).to_lowercase().as_str(), "" | "0" | "200" | "20000" | "ok" | "success")
}

fn read_error(error: &Map<String, Value>) -> ApiError {
    let message = ["message", "msg", "error_msg", "errorMessage"].iter().find_map(|key| error.get(*key).filter(|value| !value.is_null()));
    let inner = ["details", "innererror", "inner_error"].iter().find_map(|key| error.get(*key)).and_then(Value::as_object);
    let inner_code = inner.and_then(|inner| inner.get("error_code").or_else(|| inner.get("code"))).map(|code| text(Some(code)));
    let status = error.get("status").and_then(Value::as_str);
    ApiError {
        message: text(message),
        kind: match text(error.get("type")) {
            empty if empty.is_empty() => status.unwrap_or_default().to_string(),
            kind => kind,
        },
        code: inner_code.filter(|code| !code.is_empty()).unwrap_or_else(|| text(error.get("code"))),
        param: text(error.get("param")),
        raw: String::new(),
    }
}

fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<ApiError> {
        ApiError::from_value(&serde_json::from_str(json).unwrap(), true)
    }

    #[test]
    fn every_shape_of_error_is_read() {
        // envelope, message, type, code
        let cases = [
            (r#"{"error":{"message":"m","type":"t","param":null,"code":"c"}}"#, "m", "t", "c"),
            (r#"{"error":{"message":"m","type":"t","code":400}}"#, "m", "t", "400"),
            (r#"{"error":"m"}"#, "m", "", ""),
            (r#"{"error":"m","error_type":"overloaded"}"#, "m", "overloaded", ""),
            (r#"[{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED"}}]"#, "m", "RESOURCE_EXHAUSTED", "429"),
            (r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#, "Overloaded", "overloaded_error", ""),
            (r#"{"object":"error","message":"m","type":"BadRequestError","code":40003}"#, "m", "BadRequestError", "40003"),
            (r#"{"code":"Arrearage","message":"m","request_id":"r"}"#, "m", "", "Arrearage"),
            (r#"{"detail":"Not Found"}"#, "Not Found", "", ""),
            (r#"{"detail":[{"loc":["body"],"msg":"Field required","type":"missing"}]}"#, "Field required", "validation_error", ""),
            (r#"{"message":"Forbidden"}"#, "Forbidden", "", ""),
            (r#"{"base_resp":{"status_code":1004,"status_msg":"m"},"choices":null}"#, "m", "", "1004"),
            (r#"{"error":{"message":"m","type":"rate_limit_error","details":{"error_code":"x"}}}"#, "m", "rate_limit_error", "x"),
        ];
        for (json, message, kind, code) in cases {
            let error = read(json).unwrap_or_else(|| panic!("{json}"));
            assert_eq!((error.message.as_str(), error.kind.as_str(), error.code.as_str()), (message, kind, code), "{json}");
        }
    }

    #[test]
    fn an_answer_is_no_error() {
        for json in [r#"{"choices":[],"error":null}"#, r#"{"choices":[{"message":{"content":"error"}}]}"#, "[]", "3", r#"{"data":[]}"#] {
            assert_eq!(read(json), None, "{json}");
        }
        let wrapped = serde_json::json!({"code": 0, "message": "ok", "data": {}});
        assert_eq!(ApiError::from_value(&wrapped, false), None);
        let greeting = serde_json::json!({"message": "welcome"});
        assert_eq!(ApiError::from_value(&greeting, false), None);
    }
}
