//! The cases: recordings of exchanges with real software, and what llmcheck must find in each, no more and no less.
//! `tests/cases/make` made them; nothing of it is needed here.

#[path = "cases/replay.rs"]
mod replay;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;

use llmcheck::diagnosis::{self, diagnose};
use llmcheck::evidence::Evidence;
use llmcheck::exchange::recording::{Asked, Event, Kind, Line, Lines};
use llmcheck::plan::KeyUse;
use llmcheck::wire::reader::Reader;
use replay::Play;
use serde::Deserialize;
use serde_json::Value;

const FEWEST: usize = 150;
const LARGEST_RECORDING: u64 = 150 * 1024;
const LARGEST_OF_ALL: u64 = 3 * 1024 * 1024;

/// How many replays run at once: they wait more than they compute.
const PLAYERS: usize = 12;

/// `case.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expectation {
    /// What the software did, and why this is the truth.
    what: String,
    /// The command that makes the case again.
    made_by: String,
    /// With its version.
    software: String,
    class: String,
    code: String,
    /// The verdict's code first; none where all is well.
    findings: Vec<String>,
    /// The arguments of `llmcheck chat` beside those that say where.
    ask: Vec<String>,
    /// The verdict depends on when the bytes came.
    #[serde(default)]
    keeps_times: bool,
    /// Why it cannot be played back over a plain socket.
    replay: Option<String>,
}

struct Case {
    name: String,
    directory: PathBuf,
    expected: Expectation,
    asked: Asked,
    events: Vec<Event<'static>>,
}

/// A verdict and all findings.
#[derive(Clone, PartialEq, Debug)]
struct Judged {
    class: String,
    code: String,
    findings: BTreeSet<String>,
}

impl Case {
    fn read(directory: PathBuf) -> Case {
        let name = directory.file_name().expect("a name").to_string_lossy().into_owned();
        let expected = fs::read(directory.join("case.json")).unwrap_or_else(|error| panic!("{name}: case.json: {error}"));
        let expected = serde_json::from_slice(&expected).unwrap_or_else(|error| panic!("{name}: case.json: {error}"));
        let recording = File::open(directory.join("recording.jsonl")).unwrap_or_else(|error| panic!("{name}: {error}"));
        let (mut asked, mut events) = (None, Vec::new());
        for line in Lines::new(BufReader::new(recording)) {
            match line.unwrap_or_else(|error| panic!("{name}: {error:#}")) {
                Line::Asked(first) => assert!(asked.replace(*first).is_none(), "{name} holds more than one attempt"),
                Line::Event(event) => events.push(event),
            }
        }
        Case { asked: asked.unwrap_or_else(|| panic!("{name} is empty")), name, directory, expected, events }
    }

    fn expected(&self) -> Judged {
        let Expectation { class, code, findings, .. } = &self.expected;
        Judged { class: class.clone(), code: code.clone(), findings: findings.iter().cloned().collect() }
    }

    fn has_response(&self) -> bool {
        self.events.iter().any(|event| matches!(event.kind, Kind::Received(_)))
    }

    /// What the library finds in the recording.
    fn diagnosed(&self) -> Judged {
        let mut reader = Reader::new(self.asked.clone());
        for event in &self.events {
            reader.hear(event);
        }
        let transcript = reader.finish();
        let diagnosis = diagnose(&Evidence::gather(&transcript));
        Judged {
            class: diagnosis.verdict.entry.class.name().into(),
            code: diagnosis.verdict.entry.code.into(),
            findings: diagnosis.findings.iter().map(|finding| finding.entry.code.into()).collect(),
        }
    }

    /// What the program finds when the same bytes come over a socket; nothing where they cannot.
    fn replayed(&self) -> Option<Judged> {
        if self.expected.replay.is_some() {
            return None;
        }
        let play = Play::of(&self.asked, &self.events, self.expected.keeps_times)?;
        let asked = play.asked.clone();
        let played = format!("http://127.0.0.1:{}", play.start().expect("a loopback socket"));
        let path = asked.url.splitn(4, '/').nth(3).unwrap_or_default().trim_end_matches("/chat/completions");
        let mut command = Command::new(env!("CARGO_BIN_EXE_llmcheck"));
        command.env_clear().env("HOME", env!("CARGO_TARGET_TMPDIR")).stdin(Stdio::null());
        command.arg("chat").args(&self.expected.ask).args(["--json", "--retry", "0", "--base-url"]);
        match &asked.proxy {
            Some(_) => command.arg(asked.url.trim_end_matches("/chat/completions")).args(["--proxy", &played]),
            None => command.arg(format!("{played}/{path}")),
        };
        if asked.key == KeyUse::Sent {
            command.env("OPENAI_API_KEY", "sk-cases-0123456789abcdef");
        }
        let output = command.output().expect("llmcheck runs");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{}: {error}: {output:?}", self.name));
        let word = |pointer: &str| report.pointer(pointer).and_then(Value::as_str).expect("a word").to_owned();
        let findings = report["findings"].as_array().expect("findings").iter();
        let findings = findings.map(|finding| finding["code"].as_str().expect("a code").to_owned()).collect();
        Some(Judged { class: word("/verdict/class"), code: word("/verdict/code"), findings })
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

fn directories(of: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(of).unwrap_or_else(|error| panic!("{}: {error}", of.display()));
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_dir()).collect();
    found.sort();
    found
}

fn cases() -> Vec<Case> {
    let codes = directories(&root()).into_iter().filter(|code| !code.ends_with("make"));
    codes.flat_map(|code| directories(&code)).map(Case::read).collect()
}

/// Cases that llmcheck is known to judge wrongly: names before a colon, the reason behind it.
fn pending() -> BTreeSet<String> {
    let text = fs::read_to_string(root().join("PENDING")).unwrap_or_default();
    text.lines().filter_map(|line| line.split_once(':')).map(|(name, _)| name.trim().to_owned()).collect()
}

/// Compares, prints how often each class was taken for each, and fails on any difference that is not pending.
fn hold(results: &[(&Case, Judged)]) {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (case, got) in results {
        *counts.entry((&case.expected.class, &got.class)).or_default() += 1;
    }
    println!("{:<16} {:<16} cases", "expected", "got");
    for ((expected, got), count) in &counts {
        println!("{expected:<16} {got:<16} {count:>5}{}", if expected == got { "" } else { "  <- differ" });
    }
    let pending = pending();
    let mut wrong = Vec::new();
    for (case, got) in results {
        let expected = case.expected();
        match (expected == *got, pending.contains(&case.name)) {
            (false, false) => wrong.push(format!("{}\n  expected {expected:?}\n  got      {got:?}\n  {}", case.name, case.expected.what)),
            (true, true) => wrong.push(format!("{}: right now; take it from PENDING", case.name)),
            (false, true) => println!("pending: {}: got {got:?}", case.name),
            (true, false) => {}
        }
    }
    println!("{} of {} as expected", results.len() - wrong.len(), results.len());
    assert!(wrong.is_empty(), "{} cases differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_code_has_a_case() {
    // What only words can tell has no exchange; a capture without its body is no recording of ours.
    const OF_WORDS: [&str; 4] = ["reader-gone", "cause-hidden-by-client", "nothing-recognised", "body-not-shown"];
    let missing: Vec<&str> =
        diagnosis::catalogue().map(|entry| entry.code).filter(|code| !OF_WORDS.contains(code) && !root().join(code).is_dir()).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_case_says_what_it_is() {
    let cases = cases();
    for case in &cases {
        let Case { name, directory, expected, .. } = case;
        let files = fs::read_dir(directory).expect("a directory").count();
        assert_eq!(files, 2, "{name}: a recording and its expectation, nothing else");
        assert!(directory.parent().is_some_and(|parent| parent.ends_with(&expected.code)), "{name} stands under another code");
        let entry = diagnosis::entry(&expected.code).unwrap_or_else(|| panic!("{name}: no code {}", expected.code));
        assert_eq!(entry.class.name(), expected.class, "{name}");
        assert_eq!(expected.findings.first().map_or("healthy", String::as_str), expected.code, "{name}: the verdict comes first");
        assert!(expected.findings.iter().all(|code| diagnosis::entry(code).is_some()), "{name}: {:?}", expected.findings);
        assert!(expected.what.ends_with('.') && expected.software.contains('.'), "{name}: a sentence, and a version");
        assert_eq!(expected.made_by, format!("make/run {name}"));
        let cannot = case.has_response() && Play::of(&case.asked, &case.events, true).is_none();
        assert!(!cannot || expected.replay.is_some(), "{name} cannot be replayed and does not say why");
    }
    let names: BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), cases.len(), "a name stands for one case");
    assert!(pending().iter().all(|name| names.contains(name.as_str())), "PENDING names what is no case");
}

#[test]
fn there_are_many_cases_and_a_third_of_them_are_healthy() {
    let cases = cases();
    let healthy = cases.iter().filter(|case| case.expected.code == "healthy").count();
    assert!(cases.len() >= FEWEST && healthy * 3 >= cases.len(), "{healthy} of {} are healthy", cases.len());
    let size = |case: &Case| fs::metadata(case.directory.join("recording.jsonl")).expect("a recording").len();
    assert!(cases.iter().all(|case| size(case) <= LARGEST_RECORDING));
    assert!(cases.iter().map(size).sum::<u64>() <= LARGEST_OF_ALL);
}

#[test]
fn every_recording_shows_exactly_what_is_expected() {
    let cases = cases();
    let results: Vec<(&Case, Judged)> = cases.iter().map(|case| (case, case.diagnosed())).collect();
    hold(&results);
}

/// What a look at each request says before it is sent: nothing, but where the fault of the exchange can be seen there already.
#[test]
fn no_request_is_warned_of_but_those_that_can_be_known_to_fail() {
    const WARNED: [(&str, &[&str]); 3] = [
        ("lab-name-not-found", &["key-in-clear-text"]),
        ("lab-no-route", &["base-url-without-version", "key-in-clear-text"]),
        ("litellm-no-path", &["base-url-names-endpoint"]),
    ];
    for case in cases() {
        let mut command = Command::new(env!("CARGO_BIN_EXE_llmcheck"));
        command.env_clear().env("HOME", env!("CARGO_TARGET_TMPDIR")).stdin(Stdio::null());
        command.arg("chat").args(&case.expected.ask).args(["--dry-run", "--json", "--base-url"]);
        command.arg(case.asked.url.trim_end_matches("/chat/completions"));
        if let Some(proxy) = &case.asked.proxy {
            command.args(["--proxy", proxy]);
        }
        if case.asked.key == KeyUse::Sent {
            command.env("OPENAI_API_KEY", "sk-cases-0123456789abcdef");
        }
        let output = command.output().expect("llmcheck runs");
        let request: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{}: {error}: {output:?}", case.name));
        let warnings = request["preflight"].as_array().expect("a list").iter();
        let names: Vec<&str> =
            warnings.map(|warning| warning["name"].as_str().expect("a name")).filter(|name| *name != "key-missing").collect();
        let expected = WARNED.iter().find(|(name, _)| *name == case.name).map_or(&[][..], |(_, warnings)| warnings);
        assert_eq!(names, expected, "{}", case.name);
        assert!(names.is_empty() || case.expected.code != "healthy", "{}", case.name);
    }
}

#[test]
fn every_exchange_shows_the_same_over_a_socket() {
    let cases = cases();
    let (waiting, results) = (Mutex::new(cases.iter()), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..PLAYERS {
            scope.spawn(|| {
                loop {
                    let Some(case) = waiting.lock().expect("no panic").next() else { break };
                    if let Some(got) = case.replayed() {
                        results.lock().expect("no panic").push((case, got));
                    }
                }
            });
        }
    });
    let mut results = results.into_inner().expect("no panic");
    results.sort_by_key(|(case, _)| &case.name);
    hold(&results);
}
