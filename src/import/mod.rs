//! Evidence that others collected: from a HAR, a curl trace, a raw response, an event stream or an error text to transcripts, by the same
//! road as our own recordings. What such a source does not show is said in `asked.lost`, so that no rule takes it for a fact.

mod body;
mod curl;
mod exchange;
mod har;
mod logs;
mod paste;
mod raw;
mod recognise;
mod said;
mod secrets;
mod trace;

use std::io::{BufRead, Read as _};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::exchange::recording::{Line, Lines};
use crate::exchange::source::Source;
use crate::wire::reader::Reader;
use crate::wire::transcript::Transcript;
use exchange::Exchange;
pub use recognise::recognise;

/// Our own recordings are read line by line and may have any size; all else is read whole, up to this.
pub const LARGEST: u64 = 64 * 1024 * 1024;
/// What a source is shows at its beginning.
const TELLING: u64 = 64 * 1024;

/// Reads all that `input` holds. Every exchange goes to `each`; the attempts of a recording are several of them.
///
/// # Errors
/// When the input cannot be read, is empty, too large, or is damaged where its form allows no damage (a HAR that is no JSON).
pub fn read(mut input: impl BufRead, mut each: impl FnMut(Transcript)) -> Result<Source> {
    let mut bytes = Vec::new();
    input.by_ref().take(TELLING).read_to_end(&mut bytes).context("it cannot be read")?;
    if paste::plain(&bytes).trim_ascii().is_empty() {
        bail!(
            "it is empty; give a recording, a HAR, the output of curl -v, curl -i or curl --trace, a response, an event stream or an error text"
        );
    }
    let source = recognise(&bytes);
    if source == Source::Recording {
        // Editors may put a byte order mark in front.
        let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes);
        recording(bytes.chain(input), each)?;
        return Ok(source);
    }
    input.take(LARGEST + 1 - bytes.len() as u64).read_to_end(&mut bytes).context("it cannot be read")?;
    if bytes.len() as u64 > LARGEST {
        bail!("it is larger than {} MiB; only recordings made with --record may be", LARGEST / (1024 * 1024));
    }
    let bytes = paste::without_meter(&paste::plain(&bytes)).into_owned();
    // Recognised again: a body that is cut off at the telling part looks like another.
    let source = recognise(&bytes);
    let exchanges = match source {
        // As UTF-16.
        Source::Recording => {
            recording(bytes.as_slice(), each)?;
            return Ok(source);
        }
        Source::RawResponse if logs::is_log(&bytes) => logs::exchanges(&bytes),
        Source::RawResponse => raw::responses(&bytes),
        Source::CurlVerbose => curl::exchanges(&bytes),
        Source::CurlTrace => trace::exchanges(&bytes),
        Source::Har => har::exchanges(&bytes)?,
        Source::Body => body::exchanges(&bytes),
        Source::Text => vec![body::of_text(bytes)],
    };
    exchanges.into_iter().map(Exchange::into_transcript).for_each(&mut each);
    Ok(source)
}

/// The transcript of every attempt in the recording.
fn recording(input: impl BufRead, mut each: impl FnMut(Transcript)) -> Result<()> {
    let mut reader: Option<Reader> = None;
    for line in Lines::new(input) {
        match line? {
            Line::Asked(asked) => reader.replace(Reader::new(*asked)).map(finished).into_iter().for_each(&mut each),
            Line::Event(event) => {
                let reader = reader.as_mut().context("an event stands before the first line {\"llmcheck\":\"recording/1\",…}")?;
                reader.hear(&event);
                // Nobody prints it here; left alone it would grow with the stream.
                reader.take_fresh_text();
            }
        }
    }
    reader.map(finished).into_iter().for_each(each);
    Ok(())
}

/// A recording that does not say which model was asked for is another program's; the request that was sent says what it wanted.
fn finished(reader: Reader) -> Transcript {
    let mut transcript = reader.finish();
    if transcript.asked.model.is_none()
        && let Some(head) = &transcript.request
        && let Ok(body) = serde_json::from_slice::<Value>(&transcript.sent.beginning()[head.span.end as usize..])
    {
        let asked = &mut transcript.asked;
        let stream = asked.stream;
        paste::of_request(&body, asked);
        asked.stream |= stream;
    }
    transcript
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_was_asked_is_read_from_the_request_where_the_recording_does_not_say() {
        let recording = |asked: &str, body: &str| {
            let sent = serde_json::to_string(&format!("POST /v1 HTTP/1.1\r\n\r\n{body}")).unwrap();
            let mut read = None;
            super::read(format!("{{\"llmcheck\":\"recording/1\",\"asked\":{asked}}}\n[0,0,\">\",{sent}]\n").as_bytes(), |transcript| {
                read = Some((transcript.asked.model, transcript.asked.stream))
            })
            .unwrap();
            read.unwrap()
        };
        let body = r#"{"model":"m","stream":true}"#;
        assert_eq!(recording("{}", body), (Some("m".into()), true));
        assert_eq!(recording("null", body), (Some("m".into()), true));
        assert_eq!(recording(r#"{"model":"n","stream":false}"#, body), (Some("n".into()), false));
        assert_eq!(recording(r#"{"stream":true}"#, "{}"), (None, true));
        assert_eq!(recording("{}", "no JSON"), (None, false));
    }
}
