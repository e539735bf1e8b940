//! Many processes on one cache, killed at any moment: what has its final name is whole, and every answer is the right one.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::cache::digest;
use crate::program::{directory, finish, llmcheck, run};

const PROCESSES: usize = 8;
const ROUNDS: usize = 40;
/// Of the prompts: a larger entry is longer in being written, and the last one long enough to be seen.
const SIZES: [usize; 5] = [10, 20, 10_000, 40_000, 800_000];
/// It bounds the test on a slow machine only.
const LONGEST: Duration = Duration::from_secs(25);

struct Crowd {
    place: PathBuf,
    prompts: Vec<PathBuf>,
    /// What the lab answers to each of them.
    answers: Vec<String>,
}

impl Crowd {
    fn new() -> Crowd {
        let place = directory("crowd");
        let prompts = SIZES.map(|size| {
            let path = place.join(format!("prompt-{size}"));
            fs::write(&path, "x".repeat(size)).unwrap();
            path
        });
        let prompts = prompts.to_vec();
        let mut crowd = Crowd { place, prompts, answers: Vec::new() };
        crowd.answers = (0..crowd.prompts.len())
            .map(|number| {
                let ran = run(crowd.command(number, &[]));
                ran.ends_with(0).stdout.clone()
            })
            .collect();
        crowd
    }

    fn command(&self, number: usize, more: &[&str]) -> Command {
        let mut command = llmcheck(["chat", "--lab", "healthy"].iter().chain(more));
        command.env("XDG_CACHE_HOME", &self.place).stdin(fs::File::open(&self.prompts[number]).unwrap());
        command
    }

    fn cache(&self) -> PathBuf {
        self.place.join("llmcheck").join("answers")
    }

    /// The files of the cache by name.
    fn files(&self) -> BTreeMap<String, PathBuf> {
        let items = fs::read_dir(self.cache()).into_iter().flatten().flatten();
        items.map(|item| (item.file_name().into_string().unwrap(), item.path())).collect()
    }

    /// Waits until this process is writing its entry; false when it has ended before that was seen.
    fn is_seen_writing(&self, child: &mut Child) -> bool {
        let mark = format!(".{}.", child.id());
        while child.try_wait().unwrap().is_none() {
            if self.files().keys().any(|name| name.starts_with(&mark)) {
                return true;
            }
        }
        false
    }
}

/// Whether a file with a final name is an entry, whole and of its own name.
fn is_whole(path: &Path) -> bool {
    let text = fs::read_to_string(path).unwrap();
    let Some((header, recording)) = text.split_once('\n') else { return false };
    let Ok(header) = serde_json::from_str::<Value>(header) else { return false };
    let word = |key: &str| header[key].as_str().unwrap_or("").to_string();
    let sha256 = digest(&word("request"), &word("stored"), recording);
    word("sha256") == sha256 && path.file_name().unwrap().to_str() == Some(&format!("{}.jsonl", word("request")))
}

#[test]
fn processes_killed_at_any_moment_leave_whole_entries_and_right_answers() {
    let crowd = Crowd::new();
    let (began, is_over) = (Instant::now(), AtomicBool::new(false));
    let [killed, seen_writing, finished] = [const { AtomicU32::new(0) }; 3];
    let usual = {
        let began = Instant::now();
        run(crowd.command(0, &["--cache"])).ends_with(0);
        began.elapsed()
    };
    thread::scope(|scope| {
        for process in 0..PROCESSES {
            let (crowd, is_over, killed, seen_writing, finished) = (&crowd, &is_over, &killed, &seen_writing, &finished);
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    if is_over.load(Ordering::Relaxed) {
                        break;
                    }
                    let watches = process == 0;
                    let number = if watches { SIZES.len() - 1 } else { fastrand::usize(..SIZES.len() - 1) };
                    // A short lifetime, so that there is always something to write.
                    let mut child = crowd.command(number, &["--cache=200ms"]).spawn().unwrap();
                    if watches {
                        let is_seen = crowd.is_seen_writing(&mut child);
                        seen_writing.fetch_add(u32::from(is_seen), Ordering::Relaxed);
                    } else if (process + round) % 3 == 0 {
                        finish(child).ends_with(0).prints(&crowd.answers[number]).is_silent();
                        finished.fetch_add(1, Ordering::Relaxed);
                        continue;
                    } else {
                        // Eight of them are slower than one.
                        thread::sleep(usual.mul_f64(fastrand::f64() * 8.0));
                    }
                    // SIGKILL, on unix.
                    let _ = child.kill();
                    child.wait().unwrap();
                    killed.fetch_add(1, Ordering::Relaxed);
                    is_over.fetch_or(began.elapsed() > LONGEST, Ordering::Relaxed);
                }
            });
        }
    });
    let [killed, seen_writing, finished] = [killed, seen_writing, finished].map(AtomicU32::into_inner);
    let files = crowd.files();
    let leftovers = files.keys().filter(|name| name.ends_with(".tmp")).count();
    println!("{killed} killed, {seen_writing} of them seen writing, {leftovers} half-written files, {finished} finished");
    assert!(killed > 50 && finished > 20);
    for (name, path) in &files {
        assert!(name.ends_with(".tmp") || is_whole(path), "{name}");
    }
    for _ in 0..2 {
        for (number, answer) in crowd.answers.iter().enumerate() {
            run(crowd.command(number, &["--cache"])).ends_with(0).prints(answer).is_silent();
        }
    }
    let report = run(crowd.command(0, &["--cache", "--json"])).report();
    assert!(report["cached"].is_object());
    let clear = {
        let mut command = llmcheck(["cache", "clear"]);
        command.env("XDG_CACHE_HOME", &crowd.place).stdin(Stdio::null());
        run(command)
    };
    clear.ends_with(0);
    assert!(crowd.files().is_empty());
}
