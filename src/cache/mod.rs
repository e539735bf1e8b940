//! Answers at hand: recordings of healthy exchanges, found by the request that was sent. What an entry says is judged again by whoever
//! finds it; here it is only whole, of this request, and young enough.
//!
//! Many processes may use one directory at once. A file gets its final name when it is complete, so that a reader sees all of an entry
//! or none of it, and nobody waits for anybody.

mod bounds;
mod entry;
mod key;

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use crate::config::Environment;
pub use bounds::LARGEST_ENTRY;
use bounds::{BOUNDS, Bounds, Listed};
pub use key::Key;

/// The directory in which the answers lie.
#[derive(Clone, Debug)]
pub struct Cache {
    directory: PathBuf,
    bounds: Bounds,
}

/// A recording that was found.
#[derive(Debug)]
pub struct Hit {
    pub recording: Vec<u8>,
    pub stored: Timestamp,
    pub age: Duration,
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Summary {
    pub entries: usize,
    pub bytes: u64,
    pub oldest: Option<SystemTime>,
    pub newest: Option<SystemTime>,
}

/// How much was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cleared {
    pub entries: usize,
    pub bytes: u64,
}

impl Cache {
    pub fn at(directory: impl Into<PathBuf>) -> Cache {
        Cache { directory: directory.into(), bounds: BOUNDS }
    }

    /// The user's cache, by the XDG Base Directory Specification; none where the environment names no place for it.
    pub fn open(environment: Environment<'_>) -> Option<Cache> {
        let place = |name: &str| environment(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = || Some(place("HOME").or_else(|| place("USERPROFILE"))?.join(".cache"));
        Some(Cache::at(place("XDG_CACHE_HOME").or_else(home)?.join("llmcheck").join("answers")))
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The recording of this request, if there is one that is no older than `longest`. One that is damaged is removed; one that is only too
    /// old for this run may do for another.
    pub fn find(&self, key: &Key, longest: Duration) -> Option<Hit> {
        self.find_at(key, longest, Timestamp::now())
    }

    fn find_at(&self, key: &Key, longest: Duration, now: Timestamp) -> Option<Hit> {
        let path = self.path(key);
        let metadata = fs::symlink_metadata(&path).ok()?;
        // Opening a pipe would wait for its writer.
        let read = if metadata.is_file() { read(&path).and_then(|bytes| entry::read(key, bytes)) } else { None };
        let Some((stored, recording)) = read else {
            remove(&path);
            return None;
        };
        // Negative, and so no duration, where it was stored in the future.
        let age = Duration::try_from(now.duration_since(stored)).ok().filter(|age| *age <= longest)?;
        Some(Hit { recording, stored, age })
    }

    /// Takes out an entry that turned out to be of no use.
    pub fn discard(&self, key: &Key) {
        remove(&self.path(key));
    }

    /// Keeps a recording for this request, in place of an older one. One that is too large is not kept.
    ///
    /// # Errors
    /// When the directory cannot be written. Nothing half-written is left behind.
    pub fn store(&self, key: &Key, recording: &[u8]) -> io::Result<()> {
        let bytes = entry::written(key, Timestamp::now(), recording);
        if bytes.len() > LARGEST_ENTRY {
            return Ok(());
        }
        self.write(key, &bytes)?;
        if bounds::is_look_due(bytes.len()) {
            self.sweep(SystemTime::now());
        }
        Ok(())
    }

    fn write(&self, key: &Key, bytes: &[u8]) -> io::Result<()> {
        self.create_directory()?;
        let unfinished = self.directory.join(format!(".{}.{:016x}{UNFINISHED}", std::process::id(), fastrand::u64(..)));
        // No sync: after a power cut the digest tells what is whole.
        let written = create(&unfinished).and_then(|mut file| file.write_all(bytes));
        let renamed = written.and_then(|()| match fs::rename(&unfinished, self.path(key)) {
            // Whoever cleared the cache meanwhile meant this one too.
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            renamed => renamed,
        });
        if renamed.is_err() {
            let _ = fs::remove_file(&unfinished);
        }
        renamed
    }

    /// Removes all entries, and what killed processes left behind; other files stay. Fine where there is nothing.
    ///
    /// # Errors
    /// When the directory cannot be read or a file of it cannot be removed; the others are removed all the same.
    pub fn clear(&self) -> io::Result<Cleared> {
        let mut cleared = Cleared::default();
        let mut failure = None;
        for file in self.list()? {
            match try_remove(&file.path) {
                Ok(()) => {
                    cleared.bytes += file.bytes;
                    cleared.entries += usize::from(!file.is_unfinished);
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        failure.map_or(Ok(cleared), Err)
    }

    /// How many entries there are, how large they are together, and when the first and the last of them were stored.
    ///
    /// # Errors
    /// When the directory is there and cannot be read.
    pub fn summary(&self) -> io::Result<Summary> {
        let files = self.list()?;
        let entries = || files.iter().filter(|file| !file.is_unfinished);
        Ok(Summary {
            entries: entries().count(),
            bytes: entries().map(|file| file.bytes).sum(),
            oldest: entries().map(|file| file.modified).min(),
            newest: entries().map(|file| file.modified).max(),
        })
    }

    /// Keeps the bounds. That it cannot is no failure of what was stored; the next look may.
    fn sweep(&self, now: SystemTime) {
        let files = self.list().unwrap_or_default();
        bounds::surplus(files, self.bounds, now).iter().for_each(|file| remove(&file.path));
    }

    /// The files that are ours by their names.
    fn list(&self) -> io::Result<Vec<Listed<PathBuf>>> {
        let items = match fs::read_dir(&self.directory) {
            Ok(items) => items,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        // What is gone again by now is not there.
        let listed = items.filter_map(Result::ok).filter_map(|item| {
            let is_unfinished = is_unfinished(item.file_name().to_str()?)?;
            let metadata = item.metadata().ok()?;
            Some(Listed {
                path: item.path(),
                bytes: metadata.len(),
                modified: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
                is_unfinished,
            })
        });
        Ok(listed.collect())
    }

    fn path(&self, key: &Key) -> PathBuf {
        self.directory.join(format!("{}{FINAL}", key.as_str()))
    }

    /// Prompts and answers are nobody else's to read.
    fn create_directory(&self) -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.directory)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(&self.directory)?.permissions().mode();
            if mode & 0o077 != 0 {
                fs::set_permissions(&self.directory, fs::Permissions::from_mode(mode & 0o700))?;
            }
        }
        Ok(())
    }
}

const FINAL: &str = ".jsonl";
const UNFINISHED: &str = ".tmp";

/// Whether a file of this name is unfinished; none where it is no file of ours.
fn is_unfinished(name: &str) -> Option<bool> {
    let is_key = |stem: &str| stem.len() == 64 && stem.bytes().all(|byte| byte.is_ascii_hexdigit());
    match (name.strip_suffix(FINAL), name.strip_suffix(UNFINISHED)) {
        (Some(stem), _) if is_key(stem) => Some(false),
        (_, Some(stem)) if stem.starts_with('.') => Some(true),
        _ => None,
    }
}

/// All of the file, unless it is larger than any entry.
fn read(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(LARGEST_ENTRY as u64 + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() <= LARGEST_ENTRY).then_some(bytes)
}

/// A new file that only its owner can read.
fn create(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn remove(path: &Path) {
    // What cannot be removed is a miss again the next time.
    let _ = try_remove(path);
}

/// Removes whatever has the name of an entry.
fn try_remove(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path)?.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
}

#[cfg(test)]
mod tests;
