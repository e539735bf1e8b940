//! What is replayed: one attempt of a recording, or one exchange that another program exported, and the request in it.

use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde::de::IgnoredAny;

use super::request::{self, Request};
use crate::commands::console::Console;
use crate::exchange::source::Source;
use crate::import;
use crate::lang::{Text, text};
use crate::wire::transcript::Transcript;

const LAST_LINE_CUT: Text = text("the recording's last line is cut, and was left out", "记录的最后一行不完整，已略去");

/// One exchange of the file.
pub struct Recorded {
    pub transcript: Transcript,
    pub request: Request,
    /// Which one it is, from 1, and of how many.
    pub number: usize,
    pub of: usize,
}

impl Recorded {
    /// # Errors
    /// When the file cannot be read, has no such attempt, or none that can be sent again.
    pub fn read(path: &Path, attempt: Option<u32>, console: &Console) -> Result<Recorded> {
        let name = if path == Path::new("-") { "stdin".to_string() } else { path.display().to_string() };
        let mut bytes = Vec::new();
        match name.as_str() {
            "stdin" => std::io::stdin().lock().read_to_end(&mut bytes).map(drop).context("stdin cannot be read")?,
            _ => bytes = std::fs::read(path).with_context(|| format!("{name} cannot be read"))?,
        }
        if let Some(whole) = whole_lines(&bytes) {
            bytes.truncate(whole);
            console.note(LAST_LINE_CUT.get(console.lang));
        }
        Recorded::of(&bytes, attempt).context(name)
    }

    fn of(bytes: &[u8], attempt: Option<u32>) -> Result<Recorded> {
        let wanted = attempt.map(|attempt| attempt as usize);
        let (mut chosen, mut of) = (None, 0);
        let source = import::read(bytes, |transcript| {
            of += 1;
            if wanted.is_none_or(|wanted| wanted == of) {
                chosen = Some((of, transcript));
            }
        })?;
        let Some((number, transcript)) = chosen else {
            match wanted {
                Some(wanted) if of > 0 => bail!("there is no attempt {wanted} in it; it holds {of}"),
                _ => bail!("there is no exchange in it"),
            }
        };
        let is_whole = transcript.sent.beginning().len() as u64 == transcript.sent.length();
        let sent = match source {
            Source::Recording => request::sent(bytes, number).or_else(|error| {
                // As UTF-16 it is no lines of ours; what was read of it is there.
                if is_whole { Ok(transcript.sent.beginning().to_vec()) } else { Err(error) }
            })?,
            _ if is_whole => transcript.sent.beginning().to_vec(),
            _ => bail!("the request in it is larger than what is kept of an export; --record keeps all of it"),
        };
        let request = Request::read(&sent, &transcript.asked);
        let request =
            if of > 1 { request.with_context(|| format!("attempt {number} of {of} (--attempt K takes another)"))? } else { request? };
        Ok(Recorded { transcript, request, number, of })
    }
}

/// How much of a recording is whole lines, where its last line is not.
fn whole_lines(bytes: &[u8]) -> Option<usize> {
    if bytes.ends_with(b"\n") || import::recognise(&bytes[..bytes.len().min(64 * 1024)]) != Source::Recording {
        return None;
    }
    let start = memchr::memrchr(b'\n', bytes)? + 1;
    serde_json::from_slice::<IgnoredAny>(&bytes[start..]).is_err().then_some(start)
}
