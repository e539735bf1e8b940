//! Reports to hand on: what was told of a run, written to the files that `--report` names.

use std::path::{Path, PathBuf};

use anyhow::anyhow;

use super::Failure;
use crate::report::model::Report;
use crate::report::{self, file::Format};
use crate::secret::Mask;
use crate::wire::transcript::Transcript;

/// The files and what goes into them.
pub struct Handout<'a> {
    paths: &'a [PathBuf],
    exchanges: Vec<(Report, Transcript)>,
}

impl Handout<'_> {
    /// Says before anything is done what could not be done after it.
    ///
    /// # Errors
    /// When an extension names no format, or a directory is missing.
    pub fn to(paths: &[PathBuf]) -> Result<Handout<'_>, Failure> {
        for path in paths {
            Format::of(path).map_err(Failure::Usage)?;
            let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            if !directory.is_dir() {
                let reason = anyhow!("the report {} cannot be written: there is no directory {}", path.display(), directory.display());
                return Err(Failure::Internal(reason));
            }
        }
        Ok(Handout { paths, exchanges: Vec::new() })
    }

    /// Nothing is to be written.
    pub fn is_idle(&self) -> bool {
        self.paths.is_empty()
    }

    /// Puts an exchange in. A transcript holds up to some megabytes: of very many the last ones stay.
    pub fn keep(&mut self, report: Report, transcript: Transcript) {
        const MOST: usize = 20;
        if self.is_idle() {
            return;
        }
        if self.exchanges.len() == MOST {
            self.exchanges.remove(0);
        }
        self.exchanges.push((report, transcript));
    }

    /// Writes all that was put in to each of the files.
    ///
    /// # Errors
    /// When a file cannot be written; an older one is then left as it was.
    pub fn write(&self, mask: &Mask) -> Result<(), Failure> {
        if self.exchanges.is_empty() {
            return Ok(());
        }
        let exchanges: Vec<(&Report, &Transcript)> = self.exchanges.iter().map(|(report, transcript)| (report, transcript)).collect();
        self.paths.iter().try_for_each(|path| report::write(path, &exchanges, mask)).map_err(Failure::Internal)
    }
}
