//! A comparison as a file to hand on, in the format that the extension names.

use std::path::Path;

use anyhow::{Context as _, Result};

use super::{Comparison, html, markdown};
use crate::lang::Lang;
use crate::report::file::{Format, replace};
use crate::secret::Mask;

/// An older file is replaced; when anything fails, it is left as it was.
///
/// # Errors
/// When the extension names no format, or the file cannot be written.
pub fn write(path: &Path, comparison: &Comparison, mask: &Mask, lang: Lang) -> Result<()> {
    let text = match Format::of(path)? {
        Format::Html => html::document(comparison, mask, lang),
        Format::Markdown => markdown::document(comparison, mask, lang),
    };
    replace(path, text.as_bytes()).with_context(|| format!("the report {} cannot be written", path.display()))
}
