//! The API's own error inside a text: JSON, a Python dictionary, a Go struct; and the status beside it.

use std::ops::Range;

use serde_json::Value;

use crate::api::error::ApiError;

/// An error stands at one of the first so many braces, or nowhere.
const MOST_BRACES: usize = 64;

/// The first error envelope in the text.
pub fn error(text: &str) -> Option<(ApiError, Range<usize>)> {
    go_struct(text).or_else(|| {
        let starts = memchr::memchr2_iter(b'{', b'[', text.as_bytes()).take(MOST_BRACES);
        starts.into_iter().find_map(|start| {
            let (value, length) = json(&text[start..]).or_else(|| python(&text[start..]))?;
            let error = ApiError::from_value(&value, true).filter(|error| !error.message.is_empty() || !error.code.is_empty())?;
            Some((error, start..start + length))
        })
    })
}

fn json(text: &str) -> Option<(Value, usize)> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let value = values.next()?.ok()?;
    (value.is_object() || value.is_array()).then(|| (value, values.byte_offset()))
}

/// A dictionary or list as Python's `repr` writes it.
fn python(text: &str) -> Option<(Value, usize)> {
    let bytes = text.as_bytes();
    let mut json = String::new();
    let mut at = 0;
    let mut depth = 0_usize;
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'\'' | b'"') => at = python_string(text, at, quote, &mut json)?,
            byte @ (b'{' | b'[') => {
                depth += 1;
                json.push(byte as char);
                at += 1;
            }
            byte @ (b'}' | b']') => {
                depth = depth.checked_sub(1)?;
                json.push(byte as char);
                at += 1;
                if depth == 0 {
                    return Some((serde_json::from_str(&json).ok()?, at));
                }
            }
            byte if byte.is_ascii_alphabetic() => {
                let length = bytes[at..].iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
                json.push_str(match &text[at..at + length] {
                    "None" => "null",
                    "True" => "true",
                    "False" => "false",
                    _ => return None,
                });
                at += length;
            }
            byte if byte.is_ascii() => {
                json.push(byte as char);
                at += 1;
            }
            _ => return None,
        }
    }
    None
}

/// Writes the string that begins at `at` as JSON, and says where it ends.
fn python_string(text: &str, at: usize, quote: u8, json: &mut String) -> Option<usize> {
    let mut value = String::new();
    let mut characters = text[at + 1..].char_indices();
    while let Some((offset, character)) = characters.next() {
        match character {
            '\\' => match characters.next()?.1 {
                'n' => value.push('\n'),
                't' => value.push('\t'),
                'r' => value.push('\r'),
                'x' | 'u' => value.push('\u{fffd}'),
                other => value.push(other),
            },
            end if end as u32 == u32::from(quote) => {
                json.push_str(&serde_json::to_string(&value).ok()?);
                return Some(at + 1 + offset + 1);
            }
            other => value.push(other),
        }
    }
    None
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
            let (found, _) = error(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((found.message.as_str(), found.kind.as_str(), found.code.as_str()), (message, kind, code), "{text}");
        }
        assert_eq!(error("no {braces} of [interest] here: {'a': x}"), None);
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
