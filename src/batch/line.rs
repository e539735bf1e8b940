//! An item's outcome as a line: the shape of the Batch API's output and error files, with what llmcheck knows beside it.

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::input::Item;
use crate::diagnosis::Diagnosis;
use crate::evidence::Evidence;
use crate::lang::Lang;

/// How an item came to its end.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Way<'a> {
    pub code: &'a str,
    pub endpoint: &'a str,
    pub attempts: u32,
    pub total_ms: Option<f64>,
}

#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    custom_id: &'a str,
    response: Option<Response<'a>>,
    error: Option<Error<'a>>,
    llmcheck: Way<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    partial: Option<&'a str>,
}

#[derive(Serialize)]
struct Response<'a> {
    status_code: u16,
    request_id: &'a str,
    body: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct Error<'a> {
    code: &'a str,
    message: String,
}

/// The line of an answered item; none where the answer cannot be put on one.
pub fn answer(item: &Item, id: &str, evidence: &Evidence<'_>, way: Way<'_>) -> Option<Vec<u8>> {
    let body = match one_line(evidence) {
        Some(document) => document,
        None => serde_json::to_vec(&of_stream(evidence)?).ok()?,
    };
    let response = Response { status_code: 200, request_id: request_id(evidence), body: None };
    let line = finished(&Line { id, custom_id: &item.custom_id, response: Some(response), error: None, llmcheck: way, partial: None });
    // The body was parsed already, and is put in as it is.
    const PLACE: &[u8] = br#""body":null"#;
    let at = memchr::memmem::rfind(&line, PLACE)? + PLACE.len() - b"null".len();
    Some([&line[..at], &body, &line[at + b"null".len()..]].concat())
}

/// The line of an item that failed.
pub fn failure(item: &Item, id: &str, evidence: &Evidence<'_>, diagnosis: &Diagnosis, way: Way<'_>) -> Vec<u8> {
    let document = one_line(evidence);
    let body = document.as_deref().and_then(|document| serde_json::from_slice(document).ok());
    let response = evidence.status().map(|status_code| Response { status_code, request_id: request_id(evidence), body });
    let verdict = &diagnosis.verdict;
    let error = Error { code: verdict.entry.code, message: verdict.say(verdict.entry.title, Lang::En) };
    let partial = evidence.reply.as_ref().map(|reply| reply.text.as_str()).filter(|text| !text.is_empty() && evidence.is_success());
    finished(&Line { id, custom_id: &item.custom_id, response, error: Some(error), llmcheck: way, partial })
}

fn finished(line: &Line<'_>) -> Vec<u8> {
    // Nothing in it can fail to be written as JSON.
    let mut bytes = serde_json::to_vec(line).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

fn request_id<'a>(evidence: &Evidence<'a>) -> &'a str {
    ["x-request-id", "request-id", "x-oneapi-request-id", "apim-request-id"].iter().find_map(|name| evidence.field(name)).unwrap_or("")
}

/// The answer's JSON as it came. Line ends stand between its tokens only: within a string they are escaped (RFC 8259 section 7).
fn one_line(evidence: &Evidence<'_>) -> Option<Vec<u8>> {
    let mut text = evidence.document.as_ref().and(evidence.content()?.document())?.trim_ascii().to_vec();
    for byte in &mut text {
        if matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
    let start = if text.starts_with("\u{feff}".as_bytes()) { 3 } else { 0 };
    Some(text.split_off(start))
}

/// What a plain answer would have said.
fn of_stream(evidence: &Evidence<'_>) -> Option<Value> {
    let stream = evidence.stream()?;
    if stream.text_is_cut_off() || stream.tool_calls > 0 || stream.has_other_content {
        return None;
    }
    Some(json!({
        "object": "chat.completion",
        "model": stream.model,
        "choices": [{
            "index": 0,
            "message": { "role": "assistant", "content": stream.text },
            "finish_reason": stream.finish_reason,
        }],
        "usage": stream.usage,
    }))
}
