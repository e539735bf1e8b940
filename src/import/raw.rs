//! A response as it stood on the wire, as `curl -i` prints it, or pasted.

use super::exchange::Exchange;
use crate::exchange::source::{Lost, Source};
use crate::wire::head::{Head, end_of_head};

/// The last response in the bytes; those before it (a proxy's word to CONNECT, a redirect) led to it.
pub fn responses(bytes: &[u8]) -> Vec<Exchange> {
    // What stands before the first status line is the prompt that it was pasted with.
    let start = if bytes.starts_with(b"HTTP/") { 0 } else { memchr::memmem::find(bytes, b"\nHTTP/").map_or(0, |at| at + 1) };
    let mut received = &bytes[start..];
    while let Some(rest) = end_of_head(received).map(|end| &received[end..]).filter(|rest| rest.starts_with(b"HTTP/") && leads_on(received))
    {
        received = rest;
    }
    let mut exchange = Exchange::of(Source::RawResponse);
    exchange.asked.lost = Lost { arrivals: true, end: true, ..lost(received) };
    exchange.received = received.to_vec();
    vec![exchange]
}

/// A head without a body of its own: 1xx, a redirect, a tunnel's 200.
fn leads_on(received: &[u8]) -> bool {
    let head = end_of_head(received).map(|end| Head::parse(&received[..end], 0)).unwrap_or_default();
    head.get("content-length").is_none_or(|length| length.trim() == "0") && head.get("transfer-encoding").is_none()
}

/// The declared length.
pub fn declared(received: &[u8]) -> Option<u64> {
    let head = Head::parse(&received[..end_of_head(received)?], 0);
    head.get("content-length")?.trim().parse().ok()
}

/// What these bytes have lost of the wire, by what the head says and the body is.
pub fn lost(received: &[u8]) -> Lost {
    let Some(end) = end_of_head(received) else {
        return Lost::default();
    };
    let head = Head::parse(&received[..end], 0);
    let body = &received[end..];
    let is_chunked = head.get("transfer-encoding").is_some_and(|value| value.to_ascii_lowercase().contains("chunked"));
    let is_coded = head.get("content-encoding").is_some_and(|value| !value.trim().eq_ignore_ascii_case("identity"));
    // A copy from a screen or through an editor has other line ends than the wire, and may have lost the last.
    let is_pasted = !received[..end].ends_with(b"\r\n\r\n");
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
