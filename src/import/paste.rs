//! What terminals, shells and editors put around the bytes that somebody copied: colours, prompts, the command itself, UTF-16.

use std::borrow::Cow;

use serde_json::Value;

use crate::exchange::recording::Asked;
use crate::wire::json::{Closure, Scanner};

/// A prompt is not longer than this.
const LONGEST_PROMPT: usize = 160;

/// The bytes as UTF-8 without a byte order mark, and without the escape sequences that a terminal would have taken for colours and links
/// (curl prints the names of header fields bold since 7.61, and `Location` as a link since 8.0).
pub fn plain(bytes: &[u8]) -> Cow<'_, [u8]> {
    let units = |from: fn([u8; 2]) -> u16| bytes[2..].chunks_exact(2).map(|pair| from([pair[0], pair[1]])).collect::<Vec<u16>>();
    let bytes = match bytes {
        // PowerShell's redirection writes UTF-16.
        [0xff, 0xfe, ..] => Cow::Owned(String::from_utf16_lossy(&units(u16::from_le_bytes)).into_bytes()),
        [0xfe, 0xff, ..] => Cow::Owned(String::from_utf16_lossy(&units(u16::from_be_bytes)).into_bytes()),
        [0xef, 0xbb, 0xbf, rest @ ..] => Cow::Borrowed(rest),
        _ => Cow::Borrowed(bytes),
    };
    let bytes = without_terminal_line_ends(bytes);
    if memchr::memmem::find(&bytes, b"\x1b[").is_none() && memchr::memmem::find(&bytes, b"\x1b]").is_none() {
        return bytes;
    }
    let mut shown = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match escape_sequence(&bytes[at..]) {
            Some(length) => at += length,
            None => {
                shown.push(bytes[at]);
                at += 1;
            }
        }
    }
    Cow::Owned(shown)
}

/// A terminal's log (`script`) has CR before every line feed that a program wrote, so that CRLF stands there as CR CRLF.
fn without_terminal_line_ends(bytes: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    if memchr::memmem::find(&bytes, b"\r\r\n").is_none() {
        return bytes;
    }
    let mut shown = Vec::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_suffix(b"\r\n") {
            Some(text) => shown.extend_from_slice(&[text, b"\n"].concat()),
            None => shown.extend_from_slice(line),
        }
    }
    Cow::Owned(shown)
}

/// The length of a colour (`ESC [ 1 m`) or a link (`ESC ] 8 ; ; URL ESC \`).
fn escape_sequence(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [0x1b, b'[', rest @ ..] => {
            let parameters = rest.iter().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b';' | b'?' | b':')).count();
            rest.get(parameters).is_some_and(u8::is_ascii_alphabetic).then_some(2 + parameters + 1)
        }
        [0x1b, b']', rest @ ..] => {
            let end = rest.iter().take(4096).position(|byte| matches!(byte, 0x07 | 0x1b))?;
            Some(2 + end + if rest[end] == 0x07 { 1 } else { 2 })
        }
        _ => None,
    }
}

/// The output without the progress meter: rows of fixed width that overwrite each other, with anything behind them.
pub fn without_meter(bytes: &[u8]) -> Cow<'_, [u8]> {
    const NAMES: &[u8] = b"% Total    % Received % Xferd";
    // An answer may speak of curl: only at the beginning of a line is it curl that speaks.
    let begins_line = |at: &usize| matches!(bytes[..*at].iter().rev().find(|byte| **byte != b' '), None | Some(b'\n' | b'\r'));
    let Some(start) = memchr::memmem::find_iter(bytes, NAMES).find(begins_line) else { return Cow::Borrowed(bytes) };
    let mut kept = bytes[..start].trim_ascii_end().to_vec();
    let mut rest = &bytes[start..];
    // Its two lines of column names.
    for _ in 0..2 {
        rest = memchr::memchr(b'\n', rest).map_or(b"".as_slice(), |end| &rest[end + 1..]);
    }
    let mut at_start = true;
    while !rest.is_empty() {
        let row = rest.strip_prefix(b"\r").unwrap_or(rest);
        if (at_start || rest[0] == b'\r') && row.get(..METER).is_some_and(is_meter_row) {
            rest = &row[METER..];
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
            continue;
        }
        let next = memchr::memchr2(b'\n', b'\r', &rest[1..]).map_or(rest.len(), |at| at + 1);
        let end = if rest.get(next) == Some(&b'\n') { next + 1 } else { next };
        kept.extend_from_slice(&rest[..end]);
        at_start = kept.ends_with(b"\n");
        rest = &rest[end..];
    }
    Cow::Owned(kept)
}

/// The columns of a row of the meter.
const METER: usize = 78;

fn is_meter_row(row: &[u8]) -> bool {
    let is_of_meter =
        |byte: &u8| byte.is_ascii_digit() || matches!(byte, b' ' | b'.' | b':' | b'-' | b'k' | b'M' | b'G' | b'T' | b'P' | b'd' | b'h');
    row.iter().all(is_of_meter) && row.iter().filter(|byte| **byte == b':').count() >= 2
}

/// The body without what a shell printed behind it: a prompt, the output of `curl -w` or `time`. What may be a relay's word stays.
pub fn without_tail(body: &[u8]) -> &[u8] {
    if body.trim_ascii_start().starts_with(b"{") {
        let mut scanner = Scanner::default();
        scanner.feed(body);
        let Closure::Closed { end } = scanner.closure() else { return body };
        let (json, rest) = body.split_at(end as usize);
        let is_speech = matches!(rest.trim_ascii_start().first(), Some(b'{' | b'[' | b'<')) || memchr::memchr(b'"', rest).is_some();
        // The body's own final line feed stays with it.
        let kept = if rest.starts_with(b"\n") { 1 } else { 0 };
        return if is_speech || rest.trim_ascii().is_empty() { body } else { &body[..json.len() + kept] };
    }
    let start = memchr::memrchr(b'\n', body.trim_ascii_end()).map_or(0, |at| at + 1);
    if is_prompt(&body[start..]) { &body[..start] } else { body }
}

/// `user@host:~$ `, `PS C:\> `, `❯ `, `% `
pub fn is_prompt(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    let ends = [b"$".as_slice(), b"#", b"%", b">", "❯".as_bytes(), "➜".as_bytes()];
    let is_markup = line.starts_with(b"<") || memchr::memchr2(b'{', b'"', line).is_some();
    line.len() <= LONGEST_PROMPT && !is_markup && ends.iter().any(|end| line.ends_with(end))
}

/// What the command line in front of a paste tells of the request: its URL, and the JSON that it sends.
pub fn asked_in(prelude: &[u8], asked: &mut Asked) {
    let text = String::from_utf8_lossy(&prelude[..prelude.len().min(64 * 1024)]).into_owned();
    if !text.contains("curl") && !text.contains("http ") && !text.contains("xh ") && !text.contains("wget ") {
        return;
    }
    if asked.url.is_empty()
        && let Some(at) = ["https://", "http://"].iter().filter_map(|scheme| text.find(scheme)).min()
    {
        let url = &text[at..];
        let end = url.find(|c: char| c.is_whitespace() || matches!(c, '\'' | '"' | '\\' | '`')).unwrap_or(url.len());
        asked.url = url[..end].to_string();
    }
    for (at, _) in text.match_indices('{').take(16) {
        let value = serde_json::Deserializer::from_str(&text[at..]).into_iter::<Value>().next();
        if let Some(Ok(value)) = value
            && (value["messages"].is_array() || value["model"].is_string())
        {
            return of_request(&value, asked);
        }
    }
}

/// What a request's JSON says of the answer that it wants.
pub fn of_request(body: &Value, asked: &mut Asked) {
    asked.stream = body["stream"].as_bool().unwrap_or(false);
    asked.model = body["model"].as_str().map(str::to_string);
    asked.max_tokens = ["max_tokens", "max_completion_tokens"].iter().find_map(|key| body[*key].as_u64());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_links_and_utf_16_are_taken_off() {
        assert_eq!(&*plain(b"\x1b[1mServer\x1b[0m: x\x1b]8;;http://a/\x1b\\http://a\x1b]8;;\x1b\\"), b"Server: xhttp://a");
        assert_eq!(&*plain(b"\xff\xfeH\x00i\x00"), b"Hi");
        assert_eq!(&*plain(b"\xef\xbb\xbf{}"), b"{}");
        assert_eq!(&*plain(b"a\x1b"), b"a\x1b");
    }

    #[test]
    fn the_progress_meter_of_curl_is_taken_off_and_not_what_speaks_of_it() {
        let names = "  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n                                 Dload  Upload   Total   Spent    Left  Speed\n";
        let row = "\r100   355  100   282  100    73   620k   160k --:--:-- --:--:-- --:--:--  346k";
        assert_eq!(&*without_meter(format!("{names}{row}{row}\n{{\"a\":1}}").as_bytes()), b"{\"a\":1}");
        assert_eq!(&*without_meter(format!("{names}{row}HTTP/1.1 200 OK\r\n\r\nx").as_bytes()), b"HTTP/1.1 200 OK\r\n\r\nx");
        let answer = "{\"content\":\"  % Total    % Received % Xferd  Average\"}";
        assert_eq!(&*without_meter(answer.as_bytes()), answer.as_bytes());
    }

    #[test]
    fn what_a_shell_prints_behind_a_body_is_no_part_of_it() {
        for (body, rest) in [
            ("{\"a\":1}", "user@host:~$ "),
            ("{\"a\":1}\n", "200 0.512\n"),
            ("data: [DONE]\n\n", "user@host:~$ "),
            ("data: [DONE]\n\n", ""),
            ("{\"a\":1}\n\n{\"error\":1}", ""),
            ("{\"a\":1", ""),
        ] {
            assert_eq!(without_tail(format!("{body}{rest}").as_bytes()), body.as_bytes(), "{body}{rest}");
        }
    }

    #[test]
    fn the_command_in_front_tells_what_was_asked() {
        let mut asked = Asked::default();
        asked_in(
            b"$ curl -i 'https://api.example.com/v1/chat/completions' -d '{\"model\":\"m\",\"stream\":true,\"max_tokens\":5}'\n",
            &mut asked,
        );
        assert_eq!(asked.url, "https://api.example.com/v1/chat/completions");
        assert_eq!((asked.model.as_deref(), asked.stream, asked.max_tokens), (Some("m"), true, Some(5)));
    }
}
