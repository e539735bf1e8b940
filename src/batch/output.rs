//! The output: a line for each answered item, appended as it comes; and beside it the items that failed in the latest run. What is there
//! from an earlier run says what need not be sent again.

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result, anyhow, bail};
use serde::Deserialize;

use super::input::{id_of, short};
use super::tally::Tally;

/// How every line of ours begins.
const BEGINNING: &[u8] = b"{\"id\":\"batch_req_";

/// What an earlier run has answered: for each custom_id, which request it was.
#[derive(Debug, Default)]
pub struct Done(HashMap<u128, u128>);

impl Done {
    /// Whether this item was answered.
    ///
    /// # Errors
    /// When the answer under its custom_id is to another request.
    pub fn has(&self, custom_id: &str, body: &[u8]) -> Result<bool> {
        if self.0.is_empty() {
            return Ok(false);
        }
        match self.0.get(&short(custom_id)) {
            None => Ok(false),
            Some(known) if *known == short(&id_of(custom_id, body)) => Ok(true),
            Some(_) => {
                bail!("the output has an answer for {custom_id:?} that is to another request than this one; name another output")
            }
        }
    }
}

/// Why nothing can be written to an output.
#[derive(Debug)]
pub enum Unfit {
    /// Another one must be named.
    Named(anyhow::Error),
    /// The disk or another run is in the way.
    Barred(anyhow::Error),
}

/// An output that was looked at, and where nothing was changed yet.
pub struct Found {
    path: PathBuf,
    failures_path: PathBuf,
    /// None where it is to be made.
    file: Option<File>,
    /// How much of it is whole lines.
    whole: u64,
    pub done: Done,
}

impl Found {
    /// Looks at what is there, and keeps every other run from it.
    ///
    /// # Errors
    /// When it belongs to something else, or cannot be read and written.
    pub fn at(path: &Path, input: &Path) -> Result<Found, Unfit> {
        let failures_path = beside(path);
        let is_input = |path: &Path| is_same_file(path, input);
        if is_input(path) {
            return Err(Unfit::Named(anyhow!("the output {} is the input; name another output", path.display())));
        }
        if is_input(&failures_path) {
            let reason = "is where the failures go, and it is the input; name another output";
            return Err(Unfit::Named(anyhow!("{} {reason}", failures_path.display())));
        }
        if is_foreign(&failures_path) {
            let reason = "is where the failures go, and it holds something else; name another output";
            return Err(Unfit::Named(anyhow!("{} {reason}", failures_path.display())));
        }
        let mut found = Found { path: path.to_path_buf(), failures_path, file: None, whole: 0, done: Done::default() };
        match std::fs::metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(found),
            Err(error) => return Err(found.barred(error, "cannot be looked at")),
            Ok(metadata) if metadata.is_dir() => return Err(Unfit::Named(anyhow!("the output {} is a directory", path.display()))),
            Ok(metadata) if !metadata.is_file() => return Err(Unfit::Named(anyhow!("the output {} must be a file", path.display()))),
            Ok(_) => {}
        }
        let mut file = found.open(OpenOptions::new().read(true).append(true))?;
        found.lock(&file)?;
        (found.done, found.whole) = read(&mut file).map_err(|error| Unfit::Named(error.context(found.name())))?;
        found.file = Some(file);
        Ok(found)
    }

    /// Makes it ready to be written to. A last line that was cut is taken out: its item is asked again.
    ///
    /// # Errors
    /// When the disk does not let us.
    pub fn begin(mut self) -> Result<(Output, Done), Unfit> {
        let file = match self.file.take() {
            Some(file) => file,
            None => {
                let mut options = OpenOptions::new();
                options.read(true).append(true).create(true);
                #[cfg(unix)]
                std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
                let file = self.open(&mut options)?;
                self.lock(&file)?;
                if file.metadata().is_ok_and(|metadata| metadata.len() > 0) {
                    return Err(Unfit::Barred(anyhow!("{} was written by another run just now", self.name())));
                }
                file
            }
        };
        file.set_len(self.whole).map_err(|error| self.barred(error, "has a cut last line that cannot be taken out"))?;
        match std::fs::remove_file(&self.failures_path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                let place = format!("the failures of an earlier run, {}, cannot be removed", self.failures_path.display());
                return Err(Unfit::Barred(anyhow::Error::new(error).context(place)));
            }
            _ => {}
        }
        let answers = Appender::new(file, self.whole);
        let output = Output { answers, failures_path: self.failures_path, failures: Mutex::new(None), tally: Mutex::new(Tally::default()) };
        Ok((output, self.done))
    }

    fn open(&self, options: &mut OpenOptions) -> Result<File, Unfit> {
        options.open(&self.path).map_err(|error| self.barred(error, "cannot be opened"))
    }

    fn lock(&self, file: &File) -> Result<(), Unfit> {
        match file.try_lock() {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => Err(Unfit::Barred(anyhow!("{} is being written by another run", self.name()))),
            // Some file systems know no locks.
            Err(TryLockError::Error(error)) if error.kind() == std::io::ErrorKind::Unsupported => Ok(()),
            Err(TryLockError::Error(error)) => Err(self.barred(error, "cannot be locked")),
        }
    }

    fn name(&self) -> String {
        format!("the output {}", self.path.display())
    }

    fn barred(&self, error: std::io::Error, what: &str) -> Unfit {
        Unfit::Barred(anyhow::Error::new(error).context(format!("{} {what}", self.name())))
    }
}

/// Both names lead to the same file.
fn is_same_file(one: &Path, other: &Path) -> bool {
    #[cfg(unix)]
    if let (Ok(one), Ok(other)) = (std::fs::metadata(one), std::fs::metadata(other)) {
        use std::os::unix::fs::MetadataExt as _;
        return (one.dev(), one.ino()) == (other.dev(), other.ino());
    }
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// There is something, and its beginning is none of a line of ours.
fn is_foreign(path: &Path) -> bool {
    let Ok(metadata) = std::fs::metadata(path) else {
        return false;
    };
    let mut beginning = Vec::new();
    let is_read = metadata.is_file()
        && File::open(path)
            .is_ok_and(|file| std::io::Read::read_to_end(&mut std::io::Read::take(file, BEGINNING.len() as u64), &mut beginning).is_ok());
    !is_read || !is_cut_line(&beginning)
}

/// Where outcomes are written.
pub struct Output {
    answers: Appender,
    failures_path: PathBuf,
    failures: Mutex<Option<Appender>>,
    pub tally: Mutex<Tally>,
}

/// How an item ended, to be counted once it is written.
pub type Count = Box<dyn FnOnce(&mut Tally) + Send>;

impl Output {
    pub fn failures_path(&self) -> &Path {
        &self.failures_path
    }

    /// Writes the line of an answered item, then counts it.
    ///
    /// # Errors
    /// When it cannot be written; nothing of it is left behind then.
    pub fn answer(&self, line: Vec<u8>, count: Count) -> Result<()> {
        self.answers.append(line, count, &self.tally).context("the output cannot be written")
    }

    /// The same for an item that failed.
    ///
    /// # Errors
    /// As for an answer.
    pub fn failure(&self, line: Vec<u8>, count: Count) -> Result<()> {
        let mut failures = lock(&self.failures);
        let place = || format!("{} cannot be written", self.failures_path.display());
        if failures.is_none() {
            let mut options = OpenOptions::new();
            options.append(true).create(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            *failures = Some(Appender::new(options.open(&self.failures_path).with_context(place)?, 0));
        }
        failures.as_ref().map_or(Ok(()), |failures| failures.append(line, count, &self.tally)).with_context(place)
    }

    /// Makes what was written survive a loss of power too.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn sync(&self) -> Result<()> {
        self.answers.file.sync_data().context("the output cannot be written")?;
        if let Some(failures) = lock(&self.failures).as_ref() {
            failures.file.sync_data().context("the failures cannot be written")?;
        }
        Ok(())
    }
}

/// `answers.jsonl` has `answers.errors.jsonl` beside it.
fn beside(path: &Path) -> PathBuf {
    let is_usual = path.extension().is_some_and(|extension| extension == "jsonl");
    let stem = if is_usual { path.file_stem() } else { path.file_name() };
    let mut name = stem.unwrap_or_default().to_os_string();
    name.push(".errors.jsonl");
    path.with_file_name(name)
}

/// A file that several threads append whole lines to. Whoever comes while another writes leaves the line to that one: under load many
/// lines go out in one call.
struct Appender {
    file: File,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    counts: Vec<Count>,
    is_writing: bool,
    /// All that is written.
    length: u64,
    failure: Option<String>,
}

impl Appender {
    fn new(file: File, length: u64) -> Appender {
        Appender { file, waiting: Mutex::new(Waiting { length, ..Waiting::default() }) }
    }

    fn append(&self, line: Vec<u8>, count: Count, tally: &Mutex<Tally>) -> Result<()> {
        let mut waiting = lock(&self.waiting);
        if let Some(failure) = &waiting.failure {
            bail!("{failure}");
        }
        waiting.lines.extend_from_slice(&line);
        waiting.counts.push(count);
        if waiting.is_writing {
            return Ok(());
        }
        waiting.is_writing = true;
        while !waiting.lines.is_empty() {
            let mut lines = std::mem::take(&mut waiting.lines);
            let counts = std::mem::take(&mut waiting.counts);
            let length = waiting.length;
            drop(waiting);
            let written = (&self.file).write_all(&lines);
            if written.is_err() {
                // No half of a line stays behind.
                let _ = self.file.set_len(length);
            } else {
                let mut tally = lock(tally);
                counts.into_iter().for_each(|count| count(&mut tally));
            }
            waiting = lock(&self.waiting);
            if let Err(error) = written {
                waiting.failure = Some(error.to_string());
                waiting.is_writing = false;
                return Err(error.into());
            }
            waiting.length += lines.len() as u64;
            if waiting.lines.is_empty() {
                // Its room serves the next.
                lines.clear();
                waiting.lines = lines;
            }
        }
        waiting.is_writing = false;
        Ok(())
    }
}

/// What follows the last line end is the beginning of a line of ours; after a loss of power a file may end in zeros.
fn is_cut_line(text: &[u8]) -> bool {
    let length = text.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    BEGINNING.starts_with(&text[..length]) || text.starts_with(BEGINNING)
}

/// The answered items, and how much of the file is whole lines.
fn read(file: &mut File) -> Result<(Done, u64)> {
    #[derive(Deserialize)]
    struct Line {
        id: String,
        custom_id: String,
        response: Option<Response>,
    }
    #[derive(Deserialize)]
    struct Response {
        status_code: u16,
    }
    let mut done = Done::default();
    let mut whole = 0;
    let mut lines = BufReader::with_capacity(256 * 1024, file);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        if lines.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        if !line.ends_with(b"\n") {
            if !is_cut_line(&line) {
                bail!("line {number} is no answer of a batch; name another output");
            }
            break;
        }
        if !line.trim_ascii().is_empty() {
            let Ok(answer) = serde_json::from_slice::<Line>(&line) else {
                bail!("line {number} is no answer of a batch; name another output");
            };
            if answer.response.is_some_and(|response| response.status_code == 200) {
                done.0.insert(short(&answer.custom_id), short(&answer.id));
            }
        }
        whole += line.len() as u64;
    }
    Ok((done, whole))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(name: &str) -> PathBuf {
        let directory = std::env::temp_dir().join(format!("llmcheck-batch-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(&directory).unwrap();
        directory.join("answers.jsonl")
    }

    fn open(path: &Path) -> Result<(Output, Done), Unfit> {
        Found::at(path, Path::new("there is no input"))?.begin()
    }

    const BODY: &[u8] = b"{}";

    fn answer(custom_id: &str) -> String {
        let id = id_of(custom_id, BODY);
        format!("{{\"id\":\"{id}\",\"custom_id\":\"{custom_id}\",\"response\":{{\"status_code\":200,\"body\":{{}}}},\"error\":null}}\n")
    }

    fn has(done: &Done, custom_id: &str) -> bool {
        done.has(custom_id, BODY).unwrap()
    }

    #[test]
    fn a_line_that_was_cut_is_taken_out_and_what_is_whole_need_not_be_sent_again() {
        let path = path("cut");
        for cut in 0..answer("b").len() {
            std::fs::write(&path, format!("{}{}", answer("a"), &answer("b")[..cut])).unwrap();
            let (_, done) = open(&path).unwrap();
            assert!(has(&done, "a") && !has(&done, "b"), "cut at {cut}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), answer("a"));
        }
    }

    #[test]
    fn an_answer_to_another_request_is_no_answer_to_this_one() {
        let path = path("other");
        std::fs::write(&path, answer("a")).unwrap();
        let (_, done) = open(&path).unwrap();
        assert!(done.has("a", b"another").is_err());
    }

    #[test]
    fn a_file_that_is_something_else_is_left_alone() {
        let path = path("foreign");
        let long = format!("{}x", answer("a"));
        for text in ["name,age\n", "precious", "{\"id\":1}", "\n\0x", "{\"id\":\"x", &long] {
            std::fs::write(&path, text).unwrap();
            assert!(matches!(open(&path), Err(Unfit::Named(_))), "{text:?}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn zeros_that_a_loss_of_power_left_are_taken_out() {
        let path = path("zeros");
        for rest in ["\0\0\0\0", "{\"id\":\"ba\0\0", "{\"id\":\"batch_req_12\0\0"] {
            std::fs::write(&path, format!("{}{rest}", answer("a"))).unwrap();
            assert!(has(&open(&path).unwrap().1, "a"), "{rest:?}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), answer("a"));
        }
    }

    #[test]
    fn failures_of_something_else_are_left_alone() {
        let path = path("foreign-failures");
        for (text, is_ours) in [("name,age\n", false), (answer("a").as_str(), true), ("", true), ("{\"id\":\"ba", true)] {
            std::fs::write(beside(&path), text).unwrap();
            assert_eq!(open(&path).is_ok(), is_ours, "{text:?}");
        }
    }

    #[test]
    fn two_runs_do_not_write_to_one_file() {
        let path = path("two");
        let first = open(&path).unwrap();
        assert!(matches!(open(&path), Err(Unfit::Barred(_))));
        drop(first);
        assert!(open(&path).is_ok());
    }

    #[test]
    fn lines_of_many_threads_stay_whole_and_are_all_counted() {
        let path = path("threads");
        let (output, _) = open(&path).unwrap();
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let output = &output;
                scope.spawn(move || {
                    for number in 0..500 {
                        let line = format!("{}\n", format!("{thread}-{number};").repeat(20));
                        output.answer(line.into_bytes(), Box::new(|tally| tally.answered += 1)).unwrap();
                    }
                });
            }
        });
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!((text.lines().count(), lock(&output.tally).answered), (4000, 4000));
        assert!(text.lines().all(|line| line.split_once(';').is_some_and(|(first, _)| line == format!("{first};").repeat(20))));
    }

    #[test]
    fn failures_stand_beside_the_answers() {
        assert_eq!(beside(Path::new("a/out.jsonl")), Path::new("a/out.errors.jsonl"));
        assert_eq!(beside(Path::new("out")), Path::new("out.errors.jsonl"));
        assert_eq!(beside(Path::new("out.txt")), Path::new("out.txt.errors.jsonl"));
    }
}
