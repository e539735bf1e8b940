//! The recording of an attempt: in the file of `--record`, and in memory for the cache. It is its owner's alone, and holds no secret.

use std::fs::File;
use std::io::{self, ErrorKind, Seek as _, SeekFrom, Write};
use std::path::Path;

use anyhow::Context as _;

use super::Failure;
use crate::cache::LARGEST_ENTRY;
use crate::diagnosis::diagnose;
use crate::evidence::Evidence;
use crate::lang::{Lang, Text, text};
use crate::report::model::{Answer, Report};
use crate::secret::{Mask, Secret};
use crate::wire::transcript::Transcript;

pub const WITHDRAWN: Text = text(
    "the server sent your key back inside a compressed or chunked body, where it cannot be masked byte for byte: this attempt was taken out of the recording; to record it, add --accept-encoding identity",
    "服务器在压缩或分块的响应体里回传了你的 key，无法逐字节遮盖：此次尝试已从记录中移除；要记录它，请加 --accept-encoding identity",
);
pub const WITHDRAWN_AT_SEAM: Text = text(
    "the server sent your key back in two pieces, the second of which cannot be masked byte for byte: this attempt was taken out of the recording",
    "服务器分两次回传了你的 key，其中后一半无法逐字节遮盖：此次尝试已从记录中移除",
);

pub const TOO_LARGE: Text = text("an answer was too large to be recorded", "有一个回答过大，未记录");

/// A new file that only its owner can read.
///
/// # Errors
/// When it cannot be created.
pub fn create(path: &Path) -> anyhow::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).with_context(|| format!("the recording {} cannot be created", path.display()))?;
    #[cfg(unix)]
    if file.metadata().is_ok_and(|metadata| metadata.is_file()) {
        use std::os::unix::fs::PermissionsExt as _;
        let _ = file.set_permissions(std::fs::Permissions::from_mode(0o600));
    }
    Ok(file)
}

/// Takes back all that was recorded since the file had this length.
///
/// # Errors
/// When the file cannot be cut.
pub fn withdraw(mut file: &File, length: u64) -> Result<(), Failure> {
    let cut = file.set_len(length).and_then(|()| file.seek(SeekFrom::Start(length)));
    cut.map(drop).map_err(|error| Failure::Internal(anyhow::Error::new(error).context("your key is in the recording; delete the file")))
}

pub fn failure(error: io::Error) -> Failure {
    Failure::Internal(anyhow::Error::new(error).context("the recording cannot be written; it ends here"))
}

/// The decoded content, or the report that a recording of it would give, shows a secret that the mask on the wire could not see.
pub fn holds_a_secret(transcript: &Transcript, mask: &Mask) -> bool {
    let Some(content) = transcript.response.as_ref().map(|response| &response.content) else {
        return false;
    };
    let texts = [content.other_text(), content.stream().map(|stream| stream.text.as_bytes())];
    let is_in_document = content.document().is_some_and(|text| mask.finds_any_in_cut(text));
    if is_in_document || texts.into_iter().flatten().any(|text| mask.finds_any(text)) {
        return true;
    }
    // What `llmcheck diagnose` would print: the strings in it have lost the escapes that they had on the wire.
    let evidence = Evidence::gather(transcript);
    let report = Report::new(&evidence, &diagnose(&evidence), Vec::new(), Lang::En);
    let shows = |text: &String| report.answer.partial && mask.finds_any_in_cut(text.as_bytes());
    report.answer.text.as_ref().is_some_and(shows) || mask.finds_any(&serde_json::to_vec(&report).unwrap_or_default())
}

/// Halves of a secret, each of which is to be masked as one itself.
#[derive(Default)]
pub struct Halves {
    /// With this the answer begins, where the text before it has begun a secret.
    pub rest: Option<Secret>,
    /// With this it ends, where it stops within a secret.
    pub begun: Option<Secret>,
}

impl Halves {
    pub fn of(transcript: &Transcript, before: &str, mask: &Mask) -> Halves {
        let evidence = Evidence::gather(transcript);
        let arrived = Answer::arrived(&evidence, &diagnose(&evidence));
        let continued = mask.cover_after(before, &arrived);
        let rest = continued.len() - continued.trim_start_matches('*').len();
        Halves {
            rest: (continued != mask.cover_cut_text(&arrived)).then(|| Secret::new(&arrived[..rest])),
            begun: mask.begun_in(&arrived).map(Secret::new),
        }
    }
}

/// What `llmcheck diagnose` would print.
pub fn report(transcript: &Transcript) -> Vec<u8> {
    let evidence = Evidence::gather(transcript);
    serde_json::to_vec(&Report::new(&evidence, &diagnose(&evidence), Vec::new(), Lang::En)).unwrap_or_default()
}

/// A recording in memory. One that outgrows an entry of the cache is given up.
#[derive(Default)]
pub struct Kept {
    pub bytes: Vec<u8>,
}

impl Write for Kept {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + piece.len() > LARGEST_ENTRY {
            return Err(ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
