//! Credentials in what others exported, who masked nothing: they are found by the names that stand before them, and overwritten byte for
//! byte wherever they stand.

use crate::exchange::is_sensitive;
use crate::secret::{self, Mask, Secret};

/// Names of parameters in a query, and of keys in a JSON body, whose values are credentials.
const NAMES: [&str; 18] = [
    "key",
    "api_key",
    "apikey",
    "api-key",
    "x-api-key",
    "access_token",
    "refresh_token",
    "id_token",
    "auth_token",
    "token",
    "auth",
    "sig",
    "signature",
    "x-amz-signature",
    "x-amz-security-token",
    "secret",
    "client_secret",
    "password",
];

/// What credentials were found, to be covered in whatever belongs to the same exchange.
#[derive(Debug, Default)]
pub struct Found {
    values: Vec<String>,
}

impl Found {
    /// Covers all credentials that are known by now, and whatever looks like one; an answer may speak of fields and parameters.
    pub fn cover(&self, bytes: &mut [u8]) {
        let secrets: Vec<Secret> = self.values.iter().map(Secret::new).collect();
        Mask::of_responses(&secrets).cover(bytes);
        secret::cover_key_like(bytes);
    }

    pub fn cover_text(&self, text: &mut String) {
        let mut bytes = std::mem::take(text).into_bytes();
        cover(&mut bytes);
        self.cover(&mut bytes);
        // Only whole characters were overwritten.
        *text = String::from_utf8_lossy(&bytes).into_owned();
    }

    /// Covers the credentials of a message: its fields, its first line, a JSON body.
    pub fn take_message(&mut self, message: &mut [u8]) {
        for place in places(message, Context::Message) {
            let value = String::from_utf8_lossy(&message[place.clone()]).into_owned();
            // «Bearer ****»: a recording masks its secrets when it is made.
            if value.rsplit(' ').next().is_some_and(|last| !last.is_empty() && last.bytes().all(|byte| byte == b'*')) {
                continue;
            }
            // «Bearer …», «Basic …», «name=value; name=value»
            let parts = value.split([' ', ';']).map(|part| part.split_once('=').map_or(part, |(_, value)| value));
            let room = MOST.saturating_sub(self.values.len());
            self.values.extend(parts.filter(|part| part.len() >= SHORTEST).take(room).map(str::to_string));
            message[place].fill(b'*');
        }
        secret::cover_key_like(message);
    }
}

/// No request has more credentials; each is looked for in all of the answer.
const MOST: usize = 64;

/// A shorter part of a field's value («Bearer») is no credential by itself.
const SHORTEST: usize = 8;

/// Covers what stands behind the name of a credential, or looks like a key.
pub fn cover(bytes: &mut [u8]) {
    for place in places(bytes, Context::Prose) {
        bytes[place].fill(b'*');
    }
    secret::cover_key_like(bytes);
}

/// The text with its credentials overwritten.
pub fn covered(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    cover(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

type Place = std::ops::Range<usize>;

/// Where values of credentials stand in a text: after the name of a field at the beginning of a line or a quotation, in a query, in a JSON
/// body, before the `@` of a URL.
fn places(bytes: &[u8], context: Context) -> Vec<Place> {
    let mut places = fields(bytes, context);
    places.extend(parameters(bytes));
    places.extend(json_values(bytes));
    places.extend(user_infos(bytes));
    places
}

fn fields(bytes: &[u8], context: Context) -> Vec<Place> {
    memchr::memchr_iter(b':', bytes).filter_map(|colon| field(bytes, colon, context)).collect()
}

#[derive(Clone, Copy, PartialEq)]
enum Context {
    /// A field has its own line.
    Message,
    /// A field may be spoken of: its value ends where the sentence goes on.
    Prose,
}

/// A field whose name ends at the colon: `Authorization: Bearer …` up to the end of the line or of the quotation.
fn field(bytes: &[u8], colon: usize, context: Context) -> Option<Place> {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let start = colon - bytes[..colon].iter().rev().take(LONGEST_NAME).take_while(|byte| is_name(byte)).count();
    let name = std::str::from_utf8(&bytes[start..colon]).ok().filter(|name| name.len() >= 3)?;
    let before = start.checked_sub(1).map(|at| bytes[at]);
    let quote = before.filter(|byte| matches!(byte, b'"' | b'\''));
    let begins = start == 0 || quote.is_some() || matches!(before, Some(b'\n' | b' ' | b'\t' | b'{' | b','));
    // A sentence may say «token:»; a field's name is a whole word with its own line or quotation.
    let lower = name.to_ascii_lowercase();
    let is_word = ["authorization", "cookie", "apikey"].contains(&lower.as_str());
    // `x-ratelimit-remaining-tokens` counts.
    let is_credential = is_sensitive(name) && (name.contains('-') || is_word) && !lower.ends_with("tokens") && !lower.contains("ratelimit");
    if !begins || !is_credential {
        return None;
    }
    let blank = bytes[colon + 1..].iter().take_while(|byte| **byte == b' ').count();
    let from = colon + 1 + blank;
    let end = bytes[from..]
        .iter()
        .position(|byte| matches!(byte, b'\r' | b'\n') || Some(*byte) == quote || *byte == b'\\')
        .map_or(bytes.len(), |at| from + at);
    if lower == "set-cookie" {
        // «name=value; path=/»
        let value = &bytes[from..end];
        let start = memchr::memchr(b'=', value)? + 1;
        let length = memchr::memchr(b';', &value[start..]).unwrap_or(value.len() - start);
        return Some(from + start..from + start + length);
    }
    let is_cookie = lower.contains("cookie");
    if context == Context::Prose && !is_cookie {
        // «Bearer …», «Basic …», or the value itself.
        let words = &bytes[from..end];
        let schemes = [b"bearer ".as_slice(), b"basic ", b"token "];
        let scheme = schemes.iter().find(|scheme| words.get(..scheme.len()).is_some_and(|word| word.eq_ignore_ascii_case(scheme)));
        let start = scheme.map_or(0, |scheme| scheme.len());
        let length = words[start..].iter().take_while(|byte| !byte.is_ascii_whitespace() && !matches!(byte, b')' | b',' | b';')).count();
        return (length > 0).then_some(from + start..from + start + length);
    }
    (end > from).then_some(from..end)
}

const LONGEST_NAME: usize = 40;

/// `?key=…`, `&access_token=…`
fn parameters(bytes: &[u8]) -> Vec<Place> {
    let place = |at: usize| {
        let rest = &bytes[at + 1..];
        let equals = rest.iter().take(LONGEST_NAME).position(|byte| *byte == b'=')?;
        let name = std::str::from_utf8(&rest[..equals]).ok()?.to_ascii_lowercase();
        let from = at + 1 + equals + 1;
        let length = bytes[from..]
            .iter()
            .take_while(|byte| !byte.is_ascii_whitespace() && !matches!(byte, b'&' | b'#' | b'"' | b'\'' | b'<' | b'>' | b'\\'))
            .count();
        (NAMES.contains(&name.as_str()) && length > 0).then_some(from..from + length)
    };
    memchr::memchr2_iter(b'?', b'&', bytes).filter_map(place).collect()
}

/// `"api_key": "…"`
fn json_values(bytes: &[u8]) -> Vec<Place> {
    let place = |colon: usize| {
        let before = bytes[..colon].trim_ascii_end().strip_suffix(b"\"")?;
        let start =
            memchr::memrchr(b'"', &before[before.len().saturating_sub(LONGEST_NAME)..])? + before.len().saturating_sub(LONGEST_NAME) + 1;
        let name = std::str::from_utf8(&before[start..]).ok()?.to_ascii_lowercase();
        let is_credential = name.len() > 3 && (NAMES.contains(&name.as_str()) || ["authorization", "cookie"].contains(&name.as_str()));
        let blank = bytes[colon + 1..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let from = colon + 1 + blank;
        let text = bytes.get(from + 1..).filter(|_| is_credential && bytes.get(from) == Some(&b'"'))?;
        // A log probability's `"token"` and other single words are no credentials.
        let length = memchr::memchr(b'"', text).filter(|length| *length >= SHORTEST)?;
        Some(from + 1..from + 1 + length)
    };
    memchr::memchr_iter(b':', bytes).filter_map(place).collect()
}

/// `http://user:password@proxy`
fn user_infos(bytes: &[u8]) -> Vec<Place> {
    let place = |at: usize| {
        let from = at + 3;
        let host = bytes[from..]
            .iter()
            .take(256)
            .take_while(|byte| !byte.is_ascii_whitespace() && !matches!(byte, b'/' | b'?' | b'#' | b'"' | b'\''))
            .count();
        let at_sign = memchr::memrchr(b'@', &bytes[from..from + host])?;
        Some(from..from + at_sign)
    };
    memchr::memmem::find_iter(bytes, b"://").filter_map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_covered_by_the_names_before_them_and_nothing_else_is() {
        for (text, expected) in [
            ("Authorization: Basic dXNlcg==\r\nHost: a", "Authorization: Basic ********\r\nHost: a"),
            ("use Bearer auth (i.e. Authorization: Bearer YOUR_KEY), or", "use Bearer auth (i.e. Authorization: Bearer ********), or"),
            ("-H 'X-Api-Key: abc' -d x", "-H 'X-Api-Key: ***' -d x"),
            ("Cookie: a=b; c=d\n", "Cookie: ********\n"),
            ("Set-Cookie: a=bcd; domain=.example.com\n", "Set-Cookie: a=***; domain=.example.com\n"),
            ("x-ratelimit-reset-tokens: 6m0s\n", "x-ratelimit-reset-tokens: 6m0s\n"),
            ("POST /v1?key=abc&x=1 HTTP/1.1", "POST /v1?key=***&x=1 HTTP/1.1"),
            ("https_proxy == 'http://user:pw@127.0.0.1:1'", "https_proxy == 'http://*******@127.0.0.1:1'"),
            (r#"{"api_key":"0123456789"}"#, r#"{"api_key":"**********"}"#),
            (r#"{"token":" hello","total_tokens":5}"#, r#"{"token":" hello","total_tokens":5}"#),
            ("max_tokens: 5, mail a@b.example, see http://a.example/@b", "max_tokens: 5, mail a@b.example, see http://a.example/@b"),
        ] {
            assert_eq!(covered(text), expected);
        }
    }
}
