//! Where the recordings of a probe are kept: a directory for each run, a file for each way to ask.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;

use super::super::{Failure, recording};
use crate::config;

/// So many runs stay in the directory that is llmcheck's own.
const KEPT_RUNS: usize = 20;
const FRESH: Duration = Duration::from_secs(3600);

pub struct Recordings {
    /// None where nothing can be kept.
    directory: Option<PathBuf>,
    files: BTreeMap<String, File>,
    /// Nobody named it.
    is_own: bool,
    /// Why no more is kept.
    failure: Option<Failure>,
}

impl Recordings {
    /// # Errors
    /// When the directory that was named cannot be made.
    pub fn to(named: Option<&Path>) -> Result<Recordings, Failure> {
        if let Some(directory) = named {
            let made = make(directory).with_context(|| format!("the directory {} cannot be made", directory.display()));
            made.map_err(Failure::Usage)?;
            return Ok(Recordings { directory: Some(directory.to_path_buf()), files: BTreeMap::new(), is_own: false, failure: None });
        }
        let own = state_directory().map(|state| state.join("llmcheck").join("probes"));
        let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
        let run = own.as_ref().map(|own| own.join(format!("{now}-{}", std::process::id())));
        // Not asked for: where it cannot be done there are none.
        let directory = run.filter(|run| make(run).is_ok());
        if let (Some(own), true) = (own, directory.is_some()) {
            forget_oldest(&own);
        }
        Ok(Recordings { directory, files: BTreeMap::new(), is_own: true, failure: None })
    }

    /// Where they are; none where there are none.
    pub fn directory(&self) -> Option<&Path> {
        self.directory.as_deref().filter(|_| !self.files.is_empty())
    }

    /// No more can be written.
    ///
    /// # Errors
    /// When somebody wanted it.
    pub fn give_up(&mut self, failure: Failure) -> Result<(), Failure> {
        if !self.is_own {
            return Err(failure);
        }
        // Nobody asked for it, and the probe is worth more than its recording.
        self.failure = Some(failure);
        Ok(())
    }

    /// Not all of it could be written.
    pub fn is_cut_off(&self) -> bool {
        self.failure.is_some()
    }

    /// The file for requests of this name.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn file(&mut self, name: &str) -> Result<Option<&File>, Failure> {
        let Some(directory) = self.directory.as_ref().filter(|_| self.failure.is_none()) else {
            return Ok(None);
        };
        if !self.files.contains_key(name) {
            match recording::create(&directory.join(format!("{name}.jsonl"))) {
                Ok(file) => drop(self.files.insert(name.to_string(), file)),
                // Nobody asked for it, and the probe is worth more than its recording.
                Err(_) if self.is_own => return Ok(None),
                Err(error) => return Err(Failure::Internal(error)),
            }
        }
        Ok(self.files.get(name))
    }
}

fn make(directory: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// As the XDG base directory specification has it.
fn state_directory() -> Option<PathBuf> {
    let named = config::environment("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    named.or_else(|| Some(PathBuf::from(config::environment("HOME")?).join(".local").join("state")))
}

impl Drop for Recordings {
    fn drop(&mut self) {
        if let Some(directory) = self.directory.as_ref().filter(|_| self.files.is_empty() && self.is_own) {
            // Nothing was recorded: nothing is left behind.
            let _ = fs::remove_dir(directory);
        }
    }
}

/// Names begin with the time: the first in order are the oldest. What is not of this form is not ours.
fn forget_oldest(own: &Path) {
    let is_run = |name: &str| name.len() > 16 && name.as_bytes()[8] == b'T' && name[..8].bytes().all(|byte| byte.is_ascii_digit());
    let entries = fs::read_dir(own).into_iter().flatten().flatten();
    let mut runs: Vec<PathBuf> = entries.filter(|entry| entry.file_name().to_str().is_some_and(is_run)).map(|entry| entry.path()).collect();
    runs.sort();
    // A run that has just begun may still be under way.
    let is_over =
        |run: &PathBuf| fs::metadata(run).and_then(|run| run.modified()).is_ok_and(|at| at.elapsed().is_ok_and(|age| age > FRESH));
    let surplus = runs.len().saturating_sub(KEPT_RUNS);
    // What cannot be removed stays.
    runs[..surplus].iter().filter(|run| is_over(run)).for_each(|run| drop(fs::remove_dir_all(run)));
}
