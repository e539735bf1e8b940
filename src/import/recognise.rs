//! What a file or a paste is, by its first lines.

use crate::api::error::ApiError;
use crate::api::json::{self, Value};
use crate::exchange::source::Source;

/// The kind of evidence that begins with these bytes. Whatever is nothing else is text.
pub fn recognise(bytes: &[u8]) -> Source {
    let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes).trim_ascii_start();
    let first_line = text.split(|byte| *byte == b'\n').next().unwrap_or(text);
    if text.starts_with(b"{") {
        return of_json(text, first_line);
    }
    // An event of a recording whose beginning is lost: it is told as a damaged recording.
    if is_event(first_line) {
        return Source::Recording;
    }
    if text.starts_with(b"HTTP/") && is_status_line(first_line) && !bytes.starts_with(b"  HTTP/") {
        return Source::RawResponse;
    }
    let has_line = |test: fn(&[u8]) -> bool| text.split(|byte| *byte == b'\n').any(test);
    if has_line(|line| is_trace_mark(without_stamp(line))) {
        return Source::CurlTrace;
    }
    // The progress meter may stand before curl's first words.
    if has_line(|line| line.starts_with(b"< HTTP/")) || memchr::memmem::find(text, b"*   Trying ").is_some() && !text.starts_with(b"HTTP/")
    {
        return Source::CurlVerbose;
    }
    if super::body::start_of_stream(text).is_some()
        || is_event_stream(text)
        || text.starts_with(b"[") && json::parse(text).is_ok()
        || is_page(text)
    {
        return Source::Body;
    }
    if super::logs::is_log(bytes) || has_line(|line| line.starts_with(b"HTTP/") && is_status_line(line)) {
        return Source::RawResponse;
    }
    Source::Text
}

/// `[seconds, connection, kind, data]`
fn is_event(line: &[u8]) -> bool {
    let parts = || serde_json::from_slice::<(f64, u32, String, serde::de::IgnoredAny)>(line.trim_ascii());
    line.starts_with(b"[") && parts().is_ok_and(|(_, _, kind, _)| ["open", ">", "<", "end"].contains(&kind.as_str()))
}

/// `{"llmcheck":"recording/1","asked":{…}}`; the keys of an object have no order. In a string its quotation marks would be escaped.
fn is_head_of_recording(line: &[u8]) -> bool {
    const KEY: &[u8] = b"\"llmcheck\"";
    memchr::memmem::find_iter(line, KEY).any(|at| {
        let value = line[at + KEY.len()..].trim_ascii_start().strip_prefix(b":");
        let is_first = line[1..at].trim_ascii().is_empty();
        value.is_some_and(|value| is_first || value.trim_ascii_start().starts_with(b"\"recording/"))
    })
}

fn of_json(text: &[u8], first_line: &[u8]) -> Source {
    if is_head_of_recording(first_line) {
        return Source::Recording;
    }
    // HAR 1.2: {"log": {"version": …, "entries": […]}}, with more keys before the entries.
    let beginning = &text[..text.len().min(4096)];
    let log = memchr::memmem::find(beginning, b"\"log\"").filter(|at| text[1..*at].trim_ascii().is_empty());
    if log.is_some() && memchr::memmem::find(text, b"\"entries\"").is_some() {
        return Source::Har;
    }
    if let Ok(value) = json::parse(text) {
        let is_reply = ["choices", "candidates", "output", "content", "done"].iter().any(|key| value.get(key).is_some());
        return if is_reply || !is_log_line(&value) && ApiError::from_value(&value, true).is_some() { Source::Body } else { Source::Text };
    }
    // A reply or an error that is cut names what it is at its beginning.
    let keys: [&[u8]; 6] = [b"\"choices\"", b"\"error\"", b"\"chat.completion", b"\"candidates\"", b"\"object\"", b"\"id\""];
    let is_cut_reply = keys.iter().any(|key| memchr::memmem::find(beginning, key).is_some());
    if is_cut_reply && first_line.len() + 1 >= text.len().min(first_line.len() + 1) && !has_log_words(text) {
        Source::Body
    } else {
        Source::Text
    }
}

/// What programs write as JSON for whoever reads their logs.
pub fn is_log_line(value: &Value<'_>) -> bool {
    ["level", "severity", "ts", "time", "timestamp", "logger"].iter().any(|key| value.get(key).is_some())
}

/// Words after the JSON of a log line or an exception, on lines of their own.
fn has_log_words(text: &[u8]) -> bool {
    [b"Traceback".as_slice(), b"\n    at ", b"Error:", b"Exception"].iter().any(|words| memchr::memmem::find(text, words).is_some())
}

fn is_status_line(line: &[u8]) -> bool {
    let mut words = line.split(|byte| *byte == b' ');
    let version = words.next().unwrap_or_default();
    let status = words.next().unwrap_or_default().trim_ascii();
    version[5..].iter().all(|byte| byte.is_ascii_digit() || *byte == b'.') && status.len() == 3 && status.iter().all(u8::is_ascii_digit)
}

/// `== Info: `, `=> Send header, 116 bytes (0x74)`, `<= Recv data, …`
pub fn is_trace_mark(line: &[u8]) -> bool {
    [b"== Info: ".as_slice(), b"=> Send ", b"<= Recv "].iter().any(|mark| line.starts_with(mark))
}

/// A line of a trace without what `--trace-time` and `--trace-ids` put before it.
pub fn without_stamp(line: &[u8]) -> &[u8] {
    let mut line = line;
    let stamp = line.iter().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.')).count();
    if stamp >= 8 && line.get(stamp) == Some(&b' ') && line[..stamp].contains(&b':') {
        line = &line[stamp + 1..];
    }
    if line.starts_with(b"[")
        && let Some(close) = line.iter().take(24).position(|byte| *byte == b']')
        && line.get(close + 1) == Some(&b' ')
    {
        line = &line[close + 2..];
    }
    line
}

fn is_event_stream(text: &[u8]) -> bool {
    let fields: [&[u8]; 5] = [b"data:", b"event:", b"id:", b"retry:", b": "];
    let first = text.split(|byte| *byte == b'\n').next().unwrap_or(text);
    fields[..4].iter().any(|field| first.starts_with(field)) && memchr::memmem::find(text, b"data:").is_some()
        || first.starts_with(b":") && memchr::memmem::find(text, b"\ndata:").is_some()
}

fn is_page(text: &[u8]) -> bool {
    let first = text[..text.len().min(512)].to_ascii_lowercase();
    [b"<!doctype html".as_slice(), b"<html", b"<head", b"<title", b"<center", b"<?xml"].iter().any(|mark| first.starts_with(mark))
}
