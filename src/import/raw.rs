//! A response as it stood on the wire, as `curl -i` and other clients print it, or pasted.

use std::borrow::Cow;

use super::exchange::Exchange;
use super::paste;
use super::said::Said;
use super::secrets;
use crate::exchange::source::{Lost, Source};
use crate::testimony;
use crate::wire::head::{Head, end_of_head};
use crate::wire::json::{Closure, Scanner};

/// Every response in the bytes that none after it replaces: what a proxy says to CONNECT, a redirect and a refusal that was tried again led
/// to the next. A second response behind a success stays with it: then somebody sent more than was declared.
pub fn responses(bytes: &[u8]) -> Vec<Exchange> {
    let mut said = Said::default();
    let bytes = without_words(bytes, &mut said);
    let (prelude, mut received) = bytes.split_at(start_of_response(&bytes));
    while let Some(next) = next_response(received) {
        received = &received[next..];
    }
    let mut exchange = Exchange::of(Source::RawResponse);
    match request_in(prelude) {
        Some(sent) => exchange.sent = sent,
        None => paste::asked_in(prelude, &mut exchange.asked),
    }
    // Only a head, and that without its empty line: lost in the copy, unless the line ends are still the wire's.
    let head_only;
    if end_of_head(received).is_none() && memchr::memmem::find(received, b"\r\n").is_none() {
        head_only = [received.trim_ascii_end(), b"\n\n"].concat();
        received = &head_only;
    }
    let lost = Lost { arrivals: true, end: true, ..lost(received) };
    let (printed, notes) = cut_notes(self::body(received));
    let mut body: &[u8] = &printed;
    let head = &received[..received.len() - self::body(received).len()];
    let formatted = stream_on_lines(body);
    let is_formatted = formatted.is_some() || is_formatted(body) && declared(received) != Some(body.len() as u64);
    if let Some(stream) = &formatted {
        body = stream;
    }
    let lost = Lost { length: lost.length || is_formatted, ..lost };
    if lost.chunks {
        body = without_trailer(body, final_head(received));
    }
    let status = Head::parse(final_head(received), 0).status();
    if lost.length || lost.chunks || is_written_out(body, declared(received), status) {
        body = match declared(received).filter(|_| !lost.coding && !is_formatted) {
            Some(declared) if declared < body.len() as u64 && is_shell_output(&body[declared as usize..]) => &body[..declared as usize],
            _ => paste::without_tail(body),
        };
    }
    let is_accounted = declared(received).is_some_and(|declared| declared == body.len() as u64 + said.missing().unwrap_or(0));
    // A head alone may have been copied alone.
    let is_head = body.is_empty() && !is_bodiless(received) && !is_accounted;
    let (chunks, length) = (lost.chunks || is_head, lost.length && !is_accounted || is_head);
    exchange.asked.lost = Lost { body: is_head, chunks, length, ..lost };
    exchange.received = [head, body].concat();
    said.tell(&mut exchange);
    if !notes.is_empty() {
        exchange.testimony = Some(testimony::hear(&secrets::covered(&String::from_utf8_lossy(&notes))));
    }
    vec![exchange]
}

/// The body without what the program that printed it says around it, and that: HTTPie's errors, wget's line on the URL.
fn cut_notes(body: &[u8]) -> (Cow<'_, [u8]>, Vec<u8>) {
    let marks: [&[u8]; 3] = [b"http: error: ", b"http: LogLevel.", b"http: warning: "];
    let of_httpie = marks.iter().filter_map(|mark| memchr::memmem::rfind(body, mark)).filter(|at| *at == 0 || body[at - 1] == b'\n').min();
    // «2026-11-23 16:14:44 URL:http://… [564] -> "-" [1]»
    let of_wget = memchr::memmem::rfind(body, b" URL:http").and_then(|at| at.checked_sub("2026-11-23 16:14:44".len()));
    let of_wget = of_wget.filter(|at| body[*at..*at + 4].iter().all(u8::is_ascii_digit));
    let Some(at) = of_httpie.or(of_wget) else { return (Cow::Borrowed(body), Vec::new()) };
    let end = memchr::memchr(b'\n', &body[at..]).map_or(body.len(), |length| at + length + 1);
    let (before, behind) = (&body[..at], &body[end..]);
    let before = if of_httpie.is_some() && before.trim_ascii().is_empty() { b"" } else { before };
    (Cow::Owned([before, behind].concat()), body[at..end].to_vec())
}

/// HTTPie and xh indent what they print on a terminal: its size is then not the wire's.
fn is_formatted(body: &[u8]) -> bool {
    body.starts_with(b"{\n  ") || body.starts_with(b"[\n  ")
}

/// The stream with every event's JSON on one line again, if a program has indented it.
fn stream_on_lines(body: &[u8]) -> Option<Vec<u8>> {
    memchr::memmem::find(body, b"data: {\n  ")?;
    let mut stream = Vec::with_capacity(body.len());
    let mut scanner: Option<Scanner> = None;
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let text = line.strip_prefix(b"data: ").unwrap_or(line);
        if scanner.is_none() && line.starts_with(b"data: {") {
            scanner = Some(Scanner::default());
            stream.extend_from_slice(b"data: ");
        }
        let Some(json) = &mut scanner else {
            stream.extend_from_slice(line);
            continue;
        };
        json.feed(text);
        stream.extend_from_slice(text.trim_ascii());
        if json.closure() != Closure::Open {
            scanner = None;
            stream.push(b'\n');
        }
    }
    Some(stream)
}

/// What stands before the first status line is the request, or the prompt that it was pasted with.
fn start_of_response(bytes: &[u8]) -> usize {
    if bytes.starts_with(b"HTTP/") { 0 } else { memchr::memmem::find(bytes, b"\nHTTP/").map_or(0, |at| at + 1) }
}

/// The request in front of the response, as HTTPie, xh and REST clients print both.
fn request_in(prelude: &[u8]) -> Option<Vec<u8>> {
    const METHODS: [&[u8]; 4] = [b"POST ", b"GET ", b"PUT ", b"OPTIONS "];
    let mut at = 0;
    for line in prelude.split_inclusive(|byte| *byte == b'\n') {
        let has_version = memchr::memmem::find(line, b" HTTP/").is_some();
        if has_version && METHODS.iter().any(|method| line.starts_with(method)) {
            let request = &prelude[at..];
            let end = request.len() - request.iter().rev().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
            let mut request = request[..end].to_vec();
            if end_of_head(&request).is_none() {
                request.extend_from_slice(b"\r\n\r\n");
            }
            return Some(request);
        }
        at += line.len();
    }
    None
}

/// The bytes without the error that curl ends with (`curl: (18) transfer closed …`), which is heard. Where stdout is a pipe, it may stand
/// before the bytes or between them.
pub fn without_words<'a>(bytes: &'a [u8], said: &mut Said) -> Cow<'a, [u8]> {
    let Some(at) = memchr::memmem::rfind(bytes, b"curl: (") else { return Cow::Borrowed(bytes) };
    let line = bytes[at..].split(|byte| *byte == b'\n').next().unwrap_or_default();
    let is_error = line.get(7).is_some_and(u8::is_ascii_digit) && memchr::memchr2(b'"', b'\'', line).is_none();
    if !is_error || line.len() > LONGEST_WORDS {
        return Cow::Borrowed(bytes);
    }
    said.hear(&String::from_utf8_lossy(line));
    let behind = bytes.get(at + line.len() + 1..).unwrap_or_default();
    if behind.is_empty() { Cow::Borrowed(&bytes[..at]) } else { Cow::Owned([&bytes[..at], behind].concat()) }
}

const LONGEST_WORDS: usize = 400;

/// Where the response begins that this one led to.
fn next_response(received: &[u8]) -> Option<usize> {
    let end = end_of_head(received)?;
    let head = Head::parse(&received[..end], 0);
    let declared = head.get("content-length").map_or(Some(0), |length| length.trim().parse::<usize>().ok())?;
    let is_bodiless = declared == 0 && head.get("transfer-encoding").is_none();
    let is_refusal = head.status().is_some_and(|status| status >= 300);
    // curl -L prints the head of a redirect and leaves out its body.
    let mut places =
        [Some(end).filter(|_| is_bodiless || is_refusal), end.checked_add(declared).filter(|_| is_refusal)].into_iter().flatten();
    places.find(|at| received.get(*at..).is_some_and(|behind| behind.starts_with(b"HTTP/")))
}

/// Behind the declared bytes stands what `curl -w` prints, the status among it, or a prompt.
fn is_written_out(body: &[u8], declared: Option<u64>, status: Option<u16>) -> bool {
    let Some(rest) = declared.and_then(|declared| body.get(declared as usize..)).filter(|rest| !rest.is_empty() && rest.len() < 400) else {
        return false;
    };
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || byte.is_ascii_whitespace() || b"_.:=,;%-/()".contains(byte);
    let mut words = rest.split(|byte| !byte.is_ascii_alphanumeric());
    let has_status = status.is_some_and(|status| words.any(|word| word == status.to_string().as_bytes()));
    rest.iter().all(is_plain) && has_status || paste::is_prompt(rest)
}

/// Printed by a shell: a prompt, or numbers of `curl -w`.
fn is_shell_output(rest: &[u8]) -> bool {
    memchr::memchr2(b'{', b'<', rest).is_none()
}

/// curl prints the trailer of a chunked body behind the body.
fn without_trailer<'a>(body: &'a [u8], head: &[u8]) -> &'a [u8] {
    let head = Head::parse(head, 0);
    let Some(names) = head.get("trailer") else { return body };
    let mut kept = body;
    loop {
        let trimmed = kept.trim_ascii_end();
        let name = names.split(',').map(str::trim).find_map(|name| {
            let at = memchr::memmem::rfind(trimmed, format!("{name}:").as_bytes())?;
            memchr::memchr(b'\n', &trimmed[at..]).is_none().then_some(at)
        });
        match name {
            Some(at) => kept = &kept[..at],
            None => return kept,
        }
    }
}

/// The head that is no 1xx; empty where there is none.
pub fn final_head(received: &[u8]) -> &[u8] {
    cut(received).0
}

pub fn body(received: &[u8]) -> &[u8] {
    cut(received).1
}

/// The final head and what follows it.
fn cut(received: &[u8]) -> (&[u8], &[u8]) {
    let mut rest = received;
    while let Some(end) = end_of_head(rest) {
        let (head, behind) = rest.split_at(end);
        // 101 is final: what follows it is another protocol.
        if !Head::parse(head, 0).status().is_some_and(|status| (100..200).contains(&status) && status != 101) {
            return (head, behind);
        }
        rest = behind;
    }
    (b"", b"")
}

/// The head says that no body follows.
pub fn is_bodiless(received: &[u8]) -> bool {
    let head = final_head(received);
    head.is_empty() || declared(received) == Some(0) || matches!(Head::parse(head, 0).status(), Some(204 | 304))
}

/// The declared length.
pub fn declared(received: &[u8]) -> Option<u64> {
    let head = Head::parse(final_head(received), 0);
    head.get("content-length")?.trim().parse().ok()
}

/// What these bytes have lost of the wire, by what the head says and the body is.
pub fn lost(received: &[u8]) -> Lost {
    let head_bytes = final_head(received);
    if head_bytes.is_empty() {
        return Lost::default();
    }
    let head = Head::parse(head_bytes, 0);
    let body = self::body(received);
    let is_chunked = head.get("transfer-encoding").is_some_and(|value| value.to_ascii_lowercase().contains("chunked"));
    let is_coded = head.get("content-encoding").is_some_and(|value| !value.trim().eq_ignore_ascii_case("identity"));
    // A copy from a screen or through an editor has other line ends than the wire, and may have lost the last.
    let is_pasted = !head_bytes.ends_with(b"\r\n\r\n");
    let coding = is_coded && body.iter().take(16).all(|byte| matches!(byte, b'\t' | b'\r' | b'\n' | b' '..=b'~')) && !body.is_empty();
    Lost { chunks: is_chunked && !begins_with_chunk(body), coding, length: is_pasted || coding, ..Lost::default() }
}

/// RFC 9112 section 7.1: a size in hexadecimal digits, perhaps extensions, and a line end.
fn begins_with_chunk(body: &[u8]) -> bool {
    let line = body.split(|byte| *byte == b'\n').next().unwrap_or(body);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let rest = line[digits..].trim_ascii();
    digits > 0 && (rest.is_empty() || rest.starts_with(b";")) || body.is_empty()
}
