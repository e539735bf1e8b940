//! An item's outcome as a line: the shape of the Batch API's output and error files, with what llmcheck knows beside it.

use std::borrow::Cow;
use std::sync::LazyLock;
use std::time::UNIX_EPOCH;

use memchr::memmem::Finder;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::input::Item;
use crate::diagnosis::Diagnosis;
use crate::evidence::Evidence;
use crate::lang::{Lang, Text, text};
use crate::resilience::wait;
use crate::secret::Mask;
use crate::wire::calls::WholeCall;
use crate::wire::content::Form;

/// The code of an answer that is whole and cannot be written down as one.
pub const UNJOINED: &str = "stream-not-joined";
pub const UNJOINED_TITLE: Text =
    text("the answer came as a stream that cannot be put together as one completion", "回答以流式到达，无法拼成一个 completion");
pub const UNJOINED_EXPLAINED: Text = Text { en: include_str!("stream-not-joined.en.md"), zh: include_str!("stream-not-joined.zh.md") };

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
        None => Cow::Owned(of_stream(id, evidence)?.to_string()),
    };
    let response = Response { status_code: 200, request_id: request_id(evidence), body: None };
    let line = finished(&Line { id, custom_id: &item.custom_id, response: Some(response), error: None, llmcheck: way, partial: None });
    // The body was parsed already, and is put in as it is.
    static PLACE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(r#""body":null"#));
    let end = PLACE.find(&line)? + PLACE.needle().len();
    Some([&line[..end - b"null".len()], body.as_bytes(), &line[end..]].concat())
}

/// The line of an item that failed.
pub fn failure(item: &Item, id: &str, evidence: &Evidence<'_>, diagnosis: &Diagnosis, mask: &Mask, way: Way<'_>) -> Vec<u8> {
    let document = one_line(evidence);
    let body = document.as_deref().and_then(|document| serde_json::from_str(document).ok());
    let response = evidence.status().map(|status_code| Response { status_code, request_id: request_id(evidence), body });
    let verdict = &diagnosis.verdict;
    let message = match way.code {
        UNJOINED => UNJOINED_TITLE.get(Lang::En).to_string(),
        _ => verdict.say(verdict.entry.title, Lang::En),
    };
    let error = Error { code: way.code, message };
    let partial = evidence.reply.as_ref().map(|reply| reply.text.as_str()).filter(|text| !text.is_empty() && evidence.is_success());
    // It may have been cut within a key.
    let partial = partial.map(|text| mask.cover_cut_text(text));
    finished(&Line { id, custom_id: &item.custom_id, response, error: Some(error), llmcheck: way, partial: partial.as_deref() })
}

/// Overwrites every secret in a line, also one that its JSON hides behind escapes of plain characters.
pub fn cover(mask: &Mask, line: &mut Vec<u8>) {
    mask.cover(line);
    if memchr::memmem::find(line, b"\\u00").is_none() {
        return;
    }
    let Ok(mut value) = crate::api::json::parse(line).map(Value::from) else {
        return;
    };
    if cover_strings(mask, &mut value) {
        *line = value.to_string().into_bytes();
        line.push(b'\n');
    }
}

/// Says whether there was one.
fn cover_strings(mask: &Mask, value: &mut Value) -> bool {
    let mut has_any = false;
    match value {
        Value::String(text) if mask.finds_any(text.as_bytes()) => {
            has_any = true;
            *text = mask.cover_text(text).into_owned();
        }
        Value::Array(items) => items.iter_mut().for_each(|item| has_any |= cover_strings(mask, item)),
        Value::Object(fields) => fields.values_mut().for_each(|item| has_any |= cover_strings(mask, item)),
        _ => {}
    }
    has_any
}

fn finished(line: &Line<'_>) -> Vec<u8> {
    const USUAL: usize = 512;
    let mut bytes = Vec::with_capacity(USUAL);
    // Nothing in it can fail to be written as JSON.
    let _ = serde_json::to_writer(&mut bytes, line);
    bytes.push(b'\n');
    bytes
}

fn request_id<'a>(evidence: &Evidence<'a>) -> &'a str {
    ["x-request-id", "request-id", "x-oneapi-request-id", "apim-request-id"].iter().find_map(|name| evidence.field(name)).unwrap_or("")
}

/// The answer's JSON as it came. Line ends stand between its tokens only: within a string they are escaped (RFC 8259 section 7).
fn one_line<'a>(evidence: &Evidence<'a>) -> Option<Cow<'a, str>> {
    let content = evidence.document.as_ref().and(evidence.content())?;
    // What stands behind the document would break the line.
    if matches!(&content.form, Form::Json(document) if document.trailing().is_some()) {
        return None;
    }
    let text = std::str::from_utf8(content.document()?).ok()?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim_ascii();
    let has_lines = memchr::memchr2(b'\n', b'\r', text.as_bytes()).is_some();
    Some(if has_lines { Cow::Owned(text.replace(['\n', '\r'], " ")) } else { Cow::Borrowed(text) })
}

/// The stream as the plain answer would have been, with everything that clients of the API look for; none where something of it would
/// be missing.
fn of_stream(id: &str, evidence: &Evidence<'_>) -> Option<Value> {
    let stream = evidence.stream()?;
    let is_broken = stream.malformed.is_some() || stream.error.is_some() || stream.text_is_cut_off();
    if is_broken || stream.has_refusal || stream.has_other_content || stream.choices.len() > 1 {
        return None;
    }
    let calls = stream.calls.whole()?;
    let has_calls = !calls.is_empty();
    let mut message = json!({ "role": "assistant", "content": stream.text, "refusal": null });
    if has_calls {
        let call = |call: WholeCall<'_>| json!({ "id": call.id, "type": "function", "function": { "name": call.name, "arguments": call.arguments } });
        message["tool_calls"] = calls.into_iter().map(call).collect();
    }
    if has_calls && stream.text.is_empty() {
        message["content"] = Value::Null;
    }
    let asked = evidence.asked();
    Some(json!({
        "id": stream.id.clone().unwrap_or_else(|| format!("chatcmpl-{}", id.trim_start_matches("batch_req_"))),
        "object": "chat.completion",
        "created": stream.created.or_else(|| wait::clock_of(evidence)?.duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs())).unwrap_or(0),
        "model": stream.model.as_deref().or(asked.model.as_deref()).unwrap_or_default(),
        "choices": [{ "index": 0, "message": message, "logprobs": null, "finish_reason": stream.finish_reason }],
        "usage": stream.usage,
    }))
}
