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

use crate::exchange::recording::{Asked, Event, Kind, Line, Lines};
use crate::exchange::source::Source;
use crate::wire::reader::Reader;
use crate::wire::transcript::Transcript;
use exchange::Exchange;
pub use recognise::recognise;
use secrets::Found;

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
    let mut replay: Option<Replay> = None;
    for line in Lines::new(input) {
        match line? {
            Line::Asked(asked) => replay.replace(Replay::of(*asked)).map(Replay::finish).into_iter().for_each(&mut each),
            Line::Event(event) => {
                replay.as_mut().context("an event stands before the first line {\"llmcheck\":\"recording/1\",…}")?.hear(event);
            }
        }
    }
    replay.map(Replay::finish).into_iter().for_each(each);
    Ok(())
}

/// An attempt that is read again. Our own recordings are masked; others need not be, and what they hold is shown and handed on.
struct Replay {
    reader: Reader,
    secrets: Found,
    /// Bytes sent one after another belong together: a credential may stand across their border.
    sent: Option<Event<'static>>,
}

impl Replay {
    /// A longer request is read in parts.
    const LONGEST: usize = 1024 * 1024;

    fn of(mut asked: Asked) -> Replay {
        let secrets = Found::default();
        secrets.cover_text(&mut asked.url);
        Replay { reader: Reader::new(asked), secrets, sent: None }
    }

    fn hear(&mut self, mut event: Event<'static>) {
        if let (Some(Event { connection, kind: Kind::Sent(sent), at }), Kind::Sent(bytes)) = (&mut self.sent, &event.kind)
            && *connection == event.connection
            && sent.len() < Replay::LONGEST
        {
            sent.to_mut().extend_from_slice(bytes);
            *at = event.at;
            return;
        }
        self.pass();
        match &mut event.kind {
            Kind::Sent(_) => {
                self.sent = Some(event);
                return;
            }
            Kind::Received(bytes) => self.secrets.cover(bytes.to_mut()),
            Kind::Open(_) | Kind::End(_) => {}
        }
        self.reader.hear(&event);
        // Nobody prints it here; left alone it would grow with the stream.
        self.reader.take_fresh_text();
    }

    /// Passes on what was sent.
    fn pass(&mut self) {
        if let Some(mut event) = self.sent.take() {
            if let Kind::Sent(bytes) = &mut event.kind {
                self.secrets.take_message(bytes.to_mut());
            }
            self.reader.hear(&event);
        }
    }

    fn finish(mut self) -> Transcript {
        self.pass();
        finished(self.reader)
    }
}

/// A recording that does not say which model was asked for is another program's; the request that was sent says what it wanted.
fn finished(reader: Reader) -> Transcript {
    let mut transcript = reader.finish();
    if transcript.asked.model.is_none()
        && let Some(body_start) = transcript.request().map(|head| head.span.end as usize)
        && let Ok(body) = serde_json::from_slice::<Value>(&transcript.sent.beginning()[body_start..])
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
    fn secrets_that_another_program_recorded_are_covered_also_where_a_line_ends_inside_one() {
        let recording = concat!(
            "{\"llmcheck\":\"recording/1\",\"asked\":{\"url\":\"http://a/v1?key=canary-0123456789\"}}\n",
            "[0,0,\">\",\"POST /v1?key=canary-0123456789 HTTP/1.1\\r\\nAuthorization: Bearer canary-abc\"]\n",
            "[0,0,\">\",\"def0123\\r\\nX-Api-Key: *******\\r\\n\\r\\n\"]\n",
            "[1,0,\"<\",\"HTTP/1.1 200 OK\\r\\n\\r\\nyour key is canary-abcdef0123\"]\n",
        );
        let mut read = None;
        super::read(recording.as_bytes(), |transcript| read = Some(transcript)).unwrap();
        let transcript = read.unwrap();
        let flows = [transcript.sent.beginning(), transcript.received.beginning(), transcript.asked.url.as_bytes()].concat();
        let text = String::from_utf8(flows).unwrap();
        assert!(!text.contains("canary") && !text.contains("0123"), "{text}");
        assert!(text.contains("X-Api-Key: *******\r\n\r\n"), "{text}");
    }

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
