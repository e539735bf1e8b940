//! The API's own error inside a text: an object in one of the notations, or what Go prints of one; and the status beside it.

use std::ops::Range;

use super::{notation, quoting};
use crate::api::error::ApiError;
use crate::api::json::Value;

/// So many bytes are read in search of an error, all attempts together.
const MOST_READ: usize = 4 * 1024 * 1024;

/// The first error envelope in the text that is not merely quoted.
/// `status` is the one that the text names.
pub fn error(text: &str, status: Option<u16>) -> Option<(ApiError, Range<usize>)> {
    go_struct(text).or_else(|| go_map(text)).or_else(|| objects(text, status))
}

fn objects(text: &str, status: Option<u16>) -> Option<(ApiError, Range<usize>)> {
    let mut left = MOST_READ;
    let mut from = 0;
    while let Some(start) = memchr::memchr2(b'{', b'[', &text.as_bytes()[from..]).map(|at| from + at) {
        from = start + 1;
        let window = &text[start..text.len().min(floor(text, start + LONGEST))];
        left = left.checked_sub(length_of_attempt(window))?;
        if !names_an_error(window) {
            continue;
        }
        if let Some((error, length)) = notation::read(window).and_then(|(value, length)| Some((read(&value.into(), status)?, length)))
            && !quoting::is_quoted(text, start)
        {
            return Some((error, start..start + length));
        }
    }
    None
}

/// An error with all that surrounds it is not longer.
const LONGEST: usize = 32 * 1024;

/// The end of the last whole character before `at`.
pub(super) fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// What an attempt costs: much only where an error's key stands at the beginning.
fn length_of_attempt(window: &str) -> usize {
    if names_an_error(window) { window.len() } else { 64 }
}

/// A key of error envelopes stands near the beginning.
fn names_an_error(window: &str) -> bool {
    const KEYS: [&str; 9] = ["error", "message", "detail", "code", "base_resp", "msg", "type", "status", "object"];
    let beginning = &window[..floor(window, 240)];
    KEYS.iter().any(|key| beginning.contains(key))
}

/// The error that an object tells. Loggers write objects with messages and errors of their own: those are not an API's.
fn read(value: &Value<'_>, status: Option<u16>) -> Option<ApiError> {
    const OF_A_LOGGER: [&str; 12] =
        ["level", "severity", "ts", "time", "timestamp", "@timestamp", "logger", "levelname", "lvl", "caller", "stream", "log"];
    let object = match value {
        Value::Array(items) => items.first()?.as_object()?,
        value => value.as_object()?,
    };
    if OF_A_LOGGER.iter().any(|key| object.contains_key(key)) {
        return None;
    }
    let has_envelope = object.get("error").is_some_and(|error| error.is_object() || error.is_string());
    let is_failing = status.is_some_and(|status| status >= 400);
    let is_bare = ["detail", "message", "msg"].iter().any(|key| object.get(key).is_some_and(Value::is_string)) && object.len() <= 6;
    let error = ApiError::from_value(value, is_failing && is_bare && !has_envelope)?;
    // An exception's text that stands for an answer is no error of an API: `{"error": "connect ECONNREFUSED …"}`.
    (!error.message.is_empty() || !error.code.is_empty()).then_some(error)
}

/// `map[error:map[code:insufficient_quota message:You exceeded … type:insufficient_quota]]`: what Go prints of decoded JSON; its keys
/// are sorted.
fn go_map(text: &str) -> Option<(ApiError, Range<usize>)> {
    let start = text.find("map[error:map[")?;
    let end = start + text[start..].find("]]")?;
    let inside = &text[start + "map[error:map[".len()..end];
    let field = |key: &str| {
        let at = if inside.starts_with(key) { 0 } else { inside.find(&format!(" {key}"))? + 1 } + key.len();
        let next = [" code:", " message:", " param:", " type:", " status:"].iter().filter_map(|next| inside[at..].find(next)).min();
        let value = &inside[at..next.map_or(inside.len(), |next| at + next)];
        Some(value.to_string()).filter(|value| value != "<nil>")
    };
    let error = ApiError {
        message: field("message:")?,
        kind: field("type:").unwrap_or_default(),
        code: field("code:").unwrap_or_default(),
        param: field("param:").unwrap_or_default(),
        raw: inside.to_string(),
        ..ApiError::default()
    };
    Some((error, start..end + 2))
}

/// `&{Error:{Message:… Type:… Param:… Code:…} StatusCode:500}` and `&{{… type param code} 500 }`: what Go prints of the error of a
/// relay of the one-api family with `%+v` and `%v`.
fn go_struct(text: &str) -> Option<(ApiError, Range<usize>)> {
    let start = ["&{Error:{Message:", "&{{"].iter().find_map(|opening| text.find(opening))?;
    let end = start + text[start..].find('}')?;
    let inside = text[start..end].trim_start_matches("&{Error:{").trim_start_matches("&{{");
    let error = match inside.strip_prefix("Message:") {
        Some(named) => {
            let message = [" LocalizedMessage:", " Type:"].iter().filter_map(|next| named.find(next)).min()?;
            ApiError {
                message: named[..message].to_string(),
                kind: after(named, " Type:", ' '),
                param: after(named, " Param:", ' '),
                code: after(named, " Code:", ' '),
                raw: inside.to_string(),
                ..ApiError::default()
            }
        }
        None => {
            let mut words = inside.rsplit(' ');
            let code = words.next()?.to_string();
            let before: Vec<&str> = words.take(2).collect();
            let kind = before.iter().find(|word| word.ends_with("_error")).copied().unwrap_or_default().to_string();
            let message = inside.split(&kind).next().filter(|_| !kind.is_empty())?.trim().to_string();
            ApiError { message, kind, code, raw: inside.to_string(), ..ApiError::default() }
        }
    };
    let whole_end =
        text[end..].find("} ").or_else(|| text[end + 1..].find('}').map(|close| close + 1)).map_or(end + 1, |close| end + close + 1);
    Some((error, start..whole_end.min(text.len())))
}

/// The word after a mark, up to `stop`.
fn after(text: &str, mark: &str, stop: char) -> String {
    text.find(mark).map_or_else(String::new, |at| text[at + mark.len()..].split(stop).next().unwrap_or("").to_string())
}

/// The status that goes with an error whose text names none: the relays of the one-api family answer 500 where a step of theirs failed.
pub fn status_of(error: &ApiError) -> Option<u16> {
    let is_of_relay = error.kind.ends_with("_api_error") && error.code.ends_with("_failed");
    is_of_relay.then_some(500)
}

/// The status of a response that the text names.
pub fn status(text: &str) -> Option<u16> {
    const MARKS: [&str; 14] = [
        "error code: ",
        "statuscode:",
        "statuscode: ",
        "status code: ",
        "status code ",
        "status_code=",
        "status_code: ",
        "status=",
        "status: ",
        "http status ",
        "http error ",
        "http/1.1\" ",
        "http/1.1 ",
        "http/2 ",
    ];
    let lower = text.to_ascii_lowercase();
    let mut found: Vec<(usize, u16)> = MARKS.iter().flat_map(|mark| places(&lower, mark)).collect();
    found.sort_unstable();
    found.into_iter().map(|(_, status)| status).find(|status| *status >= 300).or_else(|| titled(&lower))
}

fn places<'a>(text: &'a str, mark: &'a str) -> impl Iterator<Item = (usize, u16)> {
    text.match_indices(mark).filter_map(move |(at, _)| Some((at, number(&text[at + mark.len()..])?)))
}

/// `<title>502 Bad Gateway</title>`, `<h1>503 Service…`.
fn titled(lower: &str) -> Option<u16> {
    ["<title>", "<h1>"].iter().find_map(|mark| number(&lower[lower.find(mark)? + mark.len()..]))
}

/// Three digits that are a status, and no more of them.
fn number(text: &str) -> Option<u16> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let status: u16 = text.get(..3).filter(|_| digits == 3)?.parse().ok()?;
    (100..600).contains(&status).then_some(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_found_in_the_notations_that_logs_use() {
        // text, message, type, code
        let cases = [
            (
                r#"Error code: 429 - {'error': {'message': "You exceeded your \"quota\", isn't it", 'type': 'insufficient_quota', 'param': None, 'code': 'insufficient_quota'}}"#,
                "You exceeded your \"quota\", isn't it",
                "insufficient_quota",
                "insufficient_quota",
            ),
            (r#"2026/11/23 [relay] body: {"error":{"message":"m","type":"t","code":"c"}} done"#, "m", "t", "c"),
            (
                "respErr is not nil: &{Error:{Message:http: wrote more than the declared Content-Length Type:one_api_error Param: Code:copy_response_body_failed} StatusCode:500}",
                "http: wrote more than the declared Content-Length",
                "one_api_error",
                "copy_response_body_failed",
            ),
            (
                "&{Error:{Message:http: wrote more than the declared Content-Length LocalizedMessage:Unknown error Type:shell_api_error Param: Code:copy_response_body_failed} StatusCode:500}",
                "http: wrote more than the declared Content-Length",
                "shell_api_error",
                "copy_response_body_failed",
            ),
            (
                "[&{{write tcp ip:port->ip:port: write: connection reset by peer Unknown error shell_api_error  write_response_body_failed} 500 }]",
                "write tcp ip:port->ip:port: write: connection reset by peer Unknown error",
                "shell_api_error",
                "write_response_body_failed",
            ),
        ];
        for (text, message, kind, code) in cases {
            let (found, _) = error(text, None).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((found.message.as_str(), found.kind.as_str(), found.code.as_str()), (message, kind, code), "{text}");
        }
        let none = [
            "no {braces} of [interest] here: {'a': x}",
            r#"{"level":"error","msg":"upstream failed","error":"dial tcp: connection refused"}"#,
            r#"{"id":"x","choices":[],"error":null}"#,
            "return json({ error: { message: 'm', type: 't' } })",
            r#"{"message":"request completed","code":0}"#,
        ];
        for text in none {
            assert_eq!(error(text, None), None, "{text}");
        }
    }

    #[test]
    fn a_status_is_a_number_of_three_digits_where_one_is_named() {
        let cases = [
            ("Error code: 429 - {}", Some(429)),
            ("\"POST /v1/chat/completions HTTP/1.1\" 502 150", Some(502)),
            ("HTTP/1.1 200 OK then HTTP/1.1 503 x", Some(503)),
            ("StatusCode:500}", Some(500)),
            ("<title>502 Bad Gateway</title>", Some(502)),
            ("status: 20000", None),
            ("port 443", None),
        ];
        for (text, expected) in cases {
            assert_eq!(status(text), expected, "{text}");
        }
    }
}
