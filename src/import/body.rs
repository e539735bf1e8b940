//! A body without its head: JSON, an event stream, a page, several answers line by line. And texts, which are none.

use super::exchange::Exchange;
use super::paste;
use super::raw;
use super::recognise::is_log_line;
use super::said::Said;
use super::secrets;
use crate::api::error::ApiError;
use crate::api::json::{self, Value};
use crate::exchange::source::Source;
use crate::testimony;

/// The body, or several of them where every line is an answer of its own.
pub fn exchanges(bytes: &[u8]) -> Vec<Exchange> {
    let mut said = Said::default();
    let bytes = raw::without_words(bytes, &mut said);
    let start = start_of_stream(&bytes).unwrap_or(0);
    let (prelude, body) = bytes.split_at(start);
    if let Some(lines) = answers_by_line(body) {
        return lines.into_iter().map(|line| Exchange { received: line.to_vec(), ..Exchange::of(Source::Body) }).collect();
    }
    let mut exchange = Exchange::of(Source::Body);
    paste::asked_in(prelude, &mut exchange.asked);
    exchange.received = with_blank_lines(paste::without_tail(body));
    said.tell(&mut exchange);
    // A page's title may tell the status.
    let first = body.trim_ascii_start().first();
    if first == Some(&b'<') {
        exchange.testimony = Some(testimony::hear(&secrets::covered(&String::from_utf8_lossy(body))));
    }
    vec![exchange]
}

/// A text that tells of an exchange. JSON in which nothing is told, neither an error nor known words, is what came as an answer.
pub fn of_text(bytes: Vec<u8>) -> Exchange {
    let testimony = testimony::hear(&secrets::covered(&String::from_utf8_lossy(&bytes)));
    let tells_nothing = testimony.statements.is_empty() && testimony.error.is_none() && testimony.status.is_none();
    // A logger's line and a request are no answers, whatever they tell.
    let may_be_answer = |value: Value<'_>| value.is_object() && !is_log_line(&value) && value.get("messages").is_none();
    let is_answer = |bytes: &[u8]| json::parse(bytes).is_ok_and(may_be_answer);
    if tells_nothing && is_answer(bytes.trim_ascii()) {
        return Exchange { received: bytes, ..Exchange::of(Source::Body) };
    }
    Exchange { testimony: Some(testimony), ..Exchange::of(Source::Text) }
}

/// Where an event stream begins that was pasted with the command before it.
pub fn start_of_stream(bytes: &[u8]) -> Option<usize> {
    let fields: [&[u8]; 2] = [b"\ndata:", b"\nevent:"];
    let first = fields.iter().filter_map(|field| memchr::memmem::find(bytes, field)).min()? + 1;
    let prelude = bytes[..first].trim_ascii();
    // The stream itself may begin with a comment or another field; a command does not look like one.
    let is_command = prelude.starts_with(b"curl ") || prelude.starts_with(b"$ ") || memchr::memmem::find(prelude, b"$ curl ").is_some();
    is_command.then_some(first)
}

/// The lines, if there are several and each is a whole chat answer: a batch, not a stream.
fn answers_by_line(body: &[u8]) -> Option<Vec<&[u8]>> {
    let lines: Vec<&[u8]> = body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()).collect();
    let is_answer = |line: &&[u8]| {
        let value = json::parse(line).unwrap_or_default();
        let is_chunk = value.get("object").and_then(Value::as_str) == Some("chat.completion.chunk") || value.get("done").is_some();
        !is_chunk && (value.get("choices").is_some_and(Value::is_array) || ApiError::from_value(&value, true).is_some())
    };
    (lines.len() > 1 && lines.iter().all(|line| line.starts_with(b"{")) && lines.iter().all(is_answer)).then_some(lines)
}

/// A stream that lost its empty lines on the way (`grep data:`) gets them back: every line then holds a JSON text of its own.
fn with_blank_lines(body: &[u8]) -> Vec<u8> {
    let lines: Vec<&[u8]> = body.split_inclusive(|byte| *byte == b'\n').collect();
    let data = |line: &[u8]| line.strip_prefix(b"data:").map(<[u8]>::trim_ascii).map(<[u8]>::to_vec);
    let is_lost = lines.len() > 1
        && lines.iter().all(|line| data(line).is_some_and(|data| is_whole(&data)) || *line == *lines.last().unwrap_or(line));
    if !is_lost || lines.iter().any(|line| data(line).is_none()) {
        return body.to_vec();
    }
    lines.iter().flat_map(|line| if line.ends_with(b"\n") { [*line, b"\n"].concat() } else { line.to_vec() }).collect()
}

fn is_whole(data: &[u8]) -> bool {
    data == b"[DONE]" || data.starts_with(b"{") && data.ends_with(b"}")
}
