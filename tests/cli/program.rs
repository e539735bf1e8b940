//! Running llmcheck with nothing but what the test gives it, and what came of it.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// A run that takes longer than this hangs. It bounds failures only.
const LONGEST_RUN: Duration = Duration::from_secs(30);

pub fn path() -> (&'static str, String) {
    ("PATH", std::env::var("PATH").unwrap_or_default())
}

/// llmcheck with these arguments, an empty environment and an empty stdin.
pub fn llmcheck<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_llmcheck"));
    command.args(arguments).env_clear().envs([path()]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// `llmcheck chat hi` against this base URL.
pub fn chat(base_url: &str, arguments: &[&str]) -> Ran {
    run(llmcheck(["chat", "hi", "--base-url", base_url].iter().chain(arguments)))
}

/// `llmcheck chat hi` against the built-in lab.
pub fn lab(scenario: &str, arguments: &[&str]) -> Ran {
    run(llmcheck(["chat", "hi", "--lab", scenario].iter().chain(arguments)))
}

/// Runs a command to its end, which must come.
#[track_caller]
pub fn run(mut command: Command) -> Ran {
    finish(command.spawn().unwrap())
}

/// The same with this on stdin.
#[track_caller]
pub fn run_with_input(mut command: Command, input: &[u8]) -> Ran {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    finish(child)
}

/// Waits for a child's end and takes what it wrote.
#[track_caller]
pub fn finish(child: Child) -> Ran {
    let id = child.id();
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(child.wait_with_output()));
    let Ok(output) = receiver.recv_timeout(LONGEST_RUN) else {
        signal(id, "KILL");
        panic!("llmcheck did not end");
    };
    let ran = Ran::from(output.unwrap());
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    ran
}

/// Sends a signal to a child of ours.
pub fn signal(id: u32, name: &str) {
    let status = Command::new("sh").args(["-c", &format!("kill -{name} {id}")]).status();
    assert!(status.unwrap().success());
}

/// How a run ended.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Ran {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ran { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }
}

impl Ran {
    /// The report, which must be all that stdout carries, on one line.
    #[track_caller]
    pub fn report(&self) -> Value {
        assert_eq!(self.stdout.lines().count(), 1, "{self:?}");
        let report: Value = serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        assert_eq!(report["schema"], "llmcheck.report/1");
        report
    }

    /// Class and code of the report's verdict, and the exit code.
    #[track_caller]
    pub fn verdict(&self) -> (String, String, i32) {
        let verdict = &self.report()["verdict"];
        let word = |key: &str| verdict[key].as_str().unwrap().to_string();
        (word("class"), word("code"), self.code.unwrap())
    }

    #[track_caller]
    pub fn ends_with(&self, code: i32) -> &Ran {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }

    #[track_caller]
    pub fn tells(&self, words: &str) -> &Ran {
        assert!(self.stderr.contains(words), "{words:?} is not in\n{}", self.stderr);
        self
    }

    #[track_caller]
    pub fn prints(&self, text: &str) -> &Ran {
        assert_eq!(self.stdout, text, "stderr: {}", self.stderr);
        self
    }

    #[track_caller]
    pub fn is_silent(&self) -> &Ran {
        assert_eq!(self.stderr, "");
        self
    }
}

/// An empty directory for one test.
pub fn directory(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli").join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

/// A file in a directory of its own, named by the test.
pub fn file(test: &str, content: impl AsRef<[u8]>) -> String {
    let path = directory(test).join("file");
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_string()
}
