//! The log of checks on disk: one whole line for each, appended in one write, so that a kill leaves at most a beginning behind, which the
//! next run takes out. While the disk refuses, lines wait in memory.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::anyhow;

use super::super::Failure;
use crate::monitor::Memory;
use crate::monitor::log::Tail;

/// Lines that wait for the disk are kept up to so many bytes: some thousand checks.
const MOST_WAITING: usize = 1 << 20;
/// No line of ours is nearly as long.
const LONGEST_LINE: u64 = 1 << 20;

pub struct Journal {
    path: PathBuf,
    file: File,
    waiting: Vec<u8>,
    lost: u64,
}

/// What a write changed about the log's state, to be told once.
#[derive(Debug)]
pub enum Turn {
    Refused(std::io::Error),
    Taken,
}

impl Journal {
    /// Takes in what earlier runs have written and keeps every other run from it.
    ///
    /// # Errors
    /// When it is something else, is being written by another run, or the disk does not let us.
    pub fn open(path: &Path, memory: &mut Memory) -> Result<Journal, Failure> {
        let barred = |error: std::io::Error| {
            Failure::Internal(anyhow::Error::new(error).context(format!("the log {} cannot be used", path.display())))
        };
        if std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(Failure::Usage(anyhow!("the log {} must be a file", path.display())));
        }
        let file = open(path).map_err(|error| {
            Failure::Usage(anyhow::Error::new(error).context(format!("the log {} cannot be used; name another", path.display())))
        })?;
        lock(&file).map_err(|error| match error {
            TryLockError::WouldBlock => Failure::Internal(anyhow!("the log {} is being written by another monitor", path.display())),
            TryLockError::Error(error) => barred(error),
        })?;
        let length = read(&file, memory).map_err(|error| Failure::Usage(error.context(format!("the log {}", path.display()))))?;
        let journal = Journal { path: path.to_path_buf(), file, waiting: Vec::new(), lost: 0 };
        journal.file.set_len(length.whole).map_err(barred)?;
        if length.lacks_line_feed {
            (&journal.file).write_all(b"\n").map_err(barred)?;
        }
        Ok(journal)
    }

    /// Writes a line, and first those that wait. Says where that failed or works again.
    pub fn append(&mut self, line: &str) -> Option<Turn> {
        let waited = !self.waiting.is_empty();
        if self.waiting.len() + line.len() <= MOST_WAITING {
            self.waiting.extend_from_slice(line.as_bytes());
        } else {
            self.lost += 1;
        }
        match self.follow().and_then(|()| self.write()) {
            Ok(()) => {
                self.waiting.clear();
                waited.then_some(Turn::Taken)
            }
            Err(error) => (!waited).then_some(Turn::Refused(error)),
        }
    }

    /// Goes on in the file that has the log's name now: logrotate may have renamed ours, or somebody may have removed it.
    fn follow(&mut self) -> std::io::Result<()> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            let which = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
            let named = std::fs::metadata(&self.path).map(which).ok();
            if named == Some(self.file.metadata().map(which)?) {
                return Ok(());
            }
            let file = open(&self.path)?;
            lock(&file).map_err(std::io::Error::from)?;
            self.file = file;
        }
        Ok(())
    }

    fn write(&mut self) -> std::io::Result<()> {
        // Asked for anew each time: logrotate may have copied and truncated it.
        let length = self.file.metadata().map(|metadata| metadata.len());
        self.file.write_all(&self.waiting).inspect_err(|_| {
            // No half of a line stays behind, and none is written twice.
            let _ = length.and_then(|length| self.file.set_len(length));
        })
    }

    /// A handle by which what was written can be made to survive a loss of power, while others go on writing.
    ///
    /// # Errors
    /// When the system has no more handles.
    pub fn handle(&self) -> std::io::Result<File> {
        self.file.try_clone()
    }

    /// How it stands at the end.
    ///
    /// # Errors
    /// When lines are missing.
    pub fn finish(mut self) -> Result<(), Failure> {
        self.append("");
        if let Err(error) = self.file.sync_data() {
            return Err(Failure::Internal(anyhow!("the log {} could not be written: {error}", self.path.display())));
        }
        if self.waiting.is_empty() && self.lost == 0 {
            return Ok(());
        }
        let missing = self.lost + self.waiting.iter().filter(|byte| **byte == b'\n').count() as u64;
        Err(Failure::Internal(anyhow!("the log {} could not be written: {missing} checks are missing", self.path.display())))
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn lock(file: &File) -> Result<(), TryLockError> {
    match file.try_lock() {
        // Some file systems know no locks.
        Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => Ok(()),
        outcome => outcome,
    }
}

struct Length {
    /// Of whole lines, and of one that is whole but for its line feed.
    whole: u64,
    lacks_line_feed: bool,
}

fn read(file: &File, memory: &mut Memory) -> anyhow::Result<Length> {
    let mut lines = BufReader::with_capacity(256 * 1024, file);
    let (mut line, mut whole) = (Vec::new(), 0);
    loop {
        line.clear();
        if lines.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)? == 0 {
            return Ok(Length { whole, lacks_line_feed: false });
        }
        let is_too_long = line.len() as u64 == LONGEST_LINE;
        if !line.ends_with(b"\n") && !is_too_long {
            let lacks_line_feed = memory.take_tail(&line)? == Tail::Whole;
            return Ok(Length { whole: whole + if lacks_line_feed { line.len() as u64 } else { 0 }, lacks_line_feed });
        }
        memory.take(&line)?;
        whole += line.len() as u64;
    }
}
