//! A report as a file to hand on: its format by its extension, written as a whole or not at all.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::model::Report;
use super::{html, markdown};
use crate::secret::Mask;
use crate::wire::transcript::Transcript;

/// The form in which a report is handed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Html,
    Markdown,
}

impl Format {
    /// The format that the extension names.
    ///
    /// # Errors
    /// For any other extension, or none.
    pub fn of(path: &Path) -> Result<Format> {
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
        match extension.as_deref() {
            Some("html" | "htm") => Ok(Format::Html),
            Some("md" | "markdown") => Ok(Format::Markdown),
            _ => bail!("{}: a report is written as .md, .markdown, .html or .htm", path.display()),
        }
    }
}

/// Writes the exchanges, in the order in which they were made, as one report in the format that the extension names. `mask` covers what
/// must not be shown. An older file is replaced; when anything fails, it is left as it was.
///
/// # Errors
/// When the extension names no format, or the file cannot be written.
pub fn write(path: &Path, exchanges: &[(&Report, &Transcript)], mask: &Mask) -> Result<()> {
    let text = text(Format::of(path)?, exchanges, mask);
    replace(path, text.as_bytes()).with_context(|| format!("the report {} cannot be written", path.display()))
}

/// The exchanges as one document of that format; see [`write()`].
pub fn text(format: Format, exchanges: &[(&Report, &Transcript)], mask: &Mask) -> String {
    match format {
        Format::Html => html::document(exchanges, mask),
        Format::Markdown => markdown::document(exchanges, mask),
    }
}

/// Writes beside the file first, so that whoever looks sees the old file or all of the new one.
///
/// # Errors
/// When it cannot be written; an older file is then left as it was.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let beside = beside(path)?;
    let written = create(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    });
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    Ok(written?)
}

/// A name of our own in the same directory.
fn beside(path: &Path) -> Result<PathBuf> {
    let name = path.file_name().context("this is no file name")?;
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{:08x}.tmp", fastrand::u32(..)));
    Ok(path.with_file_name(hidden))
}

/// A new file that only its owner can read.
fn create(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_names_the_format_in_any_letter_case() {
        let of = |name: &str| Format::of(Path::new(name)).ok();
        assert_eq!([of("a.md"), of("a.b.MARKDOWN")], [Some(Format::Markdown); 2]);
        assert_eq!([of("a.html"), of("/tmp/A.Htm")], [Some(Format::Html); 2]);
        assert_eq!([of("a.pdf"), of("a"), of(".md"), of("")], [None; 4]);
    }

    #[test]
    fn a_file_that_cannot_be_replaced_stays_and_nothing_is_left_beside_it() {
        let directory = std::env::temp_dir().join(format!("llmcheck-report-{:08x}", fastrand::u32(..)));
        fs::create_dir_all(directory.join("taken.md/full")).unwrap();
        assert!(replace(&directory.join("taken.md"), b"text").is_err());
        replace(&directory.join("new.md"), b"text").unwrap();
        let mut names: Vec<_> = fs::read_dir(&directory).unwrap().map(|item| item.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["new.md", "taken.md"]);
        assert_eq!(fs::read(directory.join("new.md")).unwrap(), b"text");
        fs::remove_dir_all(directory).unwrap();
    }
}
