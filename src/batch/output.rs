//! The output: a line for each answered item, appended as it comes; and beside it the items that failed in the latest run. What is there
//! from an earlier run says what need not be sent again.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use super::input::short;
use super::tally::Tally;

/// What an earlier run has answered: for each custom_id, which request it was.
#[derive(Debug, Default)]
pub struct Done(HashMap<u128, u128>);

impl Done {
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this item was answered.
    ///
    /// # Errors
    /// When the answer under its custom_id is to another request.
    pub fn has(&self, custom_id: &str, id: &str) -> Result<bool> {
        match self.0.get(&short(custom_id)) {
            None => Ok(false),
            Some(known) if *known == short(id) => Ok(true),
            Some(_) => bail!("the output has an answer for {custom_id:?} that is to another request than the input's; name another output"),
        }
    }
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
    /// Opens the output and reads what is in it. A last line that was cut is taken out: its item is asked again.
    ///
    /// # Errors
    /// When it cannot be opened, belongs to something else, or another run is writing to it.
    pub fn open(path: &Path) -> Result<(Output, Done)> {
        let place = || format!("the output {}", path.display());
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).with_context(|| format!("{} cannot be opened", place()))?;
        if !file.metadata().is_ok_and(|metadata| metadata.is_file()) {
            bail!("{} must be a file", place());
        }
        if file.try_lock().is_err() {
            bail!("{} is being written by another run", place());
        }
        let (done, whole) = read(&mut file).with_context(place)?;
        file.set_len(whole).with_context(|| format!("the cut last line of {} cannot be taken out", place()))?;
        file.seek(SeekFrom::Start(whole))?;
        let failures_path = beside(path);
        match std::fs::remove_file(&failures_path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error)
                    .with_context(|| format!("the failures of an earlier run, {}, cannot be removed", failures_path.display()));
            }
            _ => {}
        }
        let tally = Mutex::new(Tally::default());
        Ok((Output { answers: Appender::new(file, whole), failures_path, failures: Mutex::new(None), tally }, done))
    }

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
    let stem = path.file_stem().unwrap_or_default().to_os_string();
    let mut name = stem;
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
            let lines = std::mem::take(&mut waiting.lines);
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
        }
        waiting.is_writing = false;
        Ok(())
    }
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
        if lines.read_until(b'\n', &mut line)? == 0 || !line.ends_with(b"\n") {
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

    const ANSWER: &str = "{\"id\":\"batch_req_1\",\"custom_id\":\"a\",\"response\":{\"status_code\":200,\"body\":{}},\"error\":null}\n";

    #[test]
    fn a_line_that_was_cut_is_taken_out_and_what_is_whole_need_not_be_sent_again() {
        let path = path("cut");
        for cut in 0..ANSWER.len() {
            std::fs::write(&path, format!("{ANSWER}{}", &ANSWER.replace("\"a\"", "\"b\"")[..cut])).unwrap();
            let (_, done) = Output::open(&path).unwrap();
            assert!(done.has("a", "batch_req_1").unwrap() && !done.has("b", "batch_req_1").unwrap(), "cut at {cut}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), ANSWER);
        }
    }

    #[test]
    fn an_answer_to_another_request_is_no_answer_to_this_one() {
        let path = path("other");
        std::fs::write(&path, ANSWER).unwrap();
        let (_, done) = Output::open(&path).unwrap();
        assert!(done.has("a", "batch_req_2").is_err());
    }

    #[test]
    fn a_file_that_is_something_else_is_left_alone() {
        let path = path("foreign");
        std::fs::write(&path, "name,age\n").unwrap();
        assert!(Output::open(&path).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "name,age\n");
    }

    #[test]
    fn two_runs_do_not_write_to_one_file() {
        let path = path("two");
        let first = Output::open(&path).unwrap();
        assert!(Output::open(&path).is_err());
        drop(first);
        assert!(Output::open(&path).is_ok());
    }

    #[test]
    fn lines_of_many_threads_stay_whole_and_are_all_counted() {
        let path = path("threads");
        let (output, _) = Output::open(&path).unwrap();
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
    }
}
