//! Every lab scenario through the binary: plain and streamed, over TCP and over TLS, live and again from its recording.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use llmcheck::diagnosis::{Class, entry};
use llmcheck::lab::{Expected, Reach, Scenario, scenarios};
use serde_json::Value;

/// Scenarios that take long or much for what they show; they have tests of their own.
const APART: [&str; 1] = ["huge-stream"];

struct Run {
    scenario: &'static Scenario,
    expected: Expected,
    stream: bool,
    tls: bool,
}

impl Run {
    fn name(&self) -> String {
        format!("{}{}{}", self.scenario.name, if self.stream { " --stream" } else { "" }, if self.tls { " --lab-tls" } else { "" })
    }

    fn recording(&self) -> PathBuf {
        let name = self.name().replace([' ', '-'], "_");
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.jsonl"))
    }

    fn live(&self) -> Output {
        let mut command = llmcheck();
        command.args(["chat", prompt(self.scenario), "--lab", self.scenario.name, "--json", "--retry", "3", "--retry-base", "10ms"]);
        command.arg("--record").arg(self.recording());
        command.args(self.stream.then_some("--stream")).args(self.tls.then_some("--lab-tls"));
        command.output().unwrap()
    }

    fn recorded(&self) -> Output {
        llmcheck().args(["diagnose", "--json"]).arg(self.recording()).output().unwrap()
    }

    /// What is wrong with this run, if anything is.
    fn fault(&self) -> Option<String> {
        let live = self.live();
        let Ok(report) = serde_json::from_slice::<Value>(&live.stdout) else {
            return Some(format!("{}: no report; stderr: {}", self.name(), String::from_utf8_lossy(&live.stderr)));
        };
        let verdict = &report["verdict"];
        let seen = (verdict["class"].as_str().unwrap_or(""), verdict["code"].as_str().unwrap_or(""));
        if seen != (self.expected.class, self.expected.code) {
            let codes: Vec<&str> = report["findings"].as_array().unwrap().iter().filter_map(|finding| finding["code"].as_str()).collect();
            return Some(format!(
                "{}: expected {:?}, got {seen:?}; findings {codes:?}",
                self.name(),
                (self.expected.class, self.expected.code)
            ));
        }
        let expected_exit = exit_code(verdict);
        if live.status.code() != Some(expected_exit) {
            return Some(format!("{}: exit code {:?}, not {expected_exit}", self.name(), live.status.code()));
        }
        let again = self.recorded();
        let replayed: Value = serde_json::from_slice(&again.stdout).unwrap_or_default();
        let mut without_live = report.clone();
        without_live.as_object_mut().unwrap().remove("settings");
        // Why nothing more was tried depends on what the user allowed.
        if let Some(recovery) = without_live.get_mut("recovery").and_then(Value::as_object_mut) {
            recovery.remove("stopped");
        }
        if report["attempts"].as_array().is_some_and(|attempts| attempts.len() == 1) {
            without_live.as_object_mut().unwrap().remove("recovery");
        }
        if replayed != without_live {
            return Some(format!("{}: the recording gives another report:\n{without_live}\n{replayed}", self.name()));
        }
        (again.status.code() != Some(expected_exit)).then(|| format!("{}: diagnose exits with {:?}", self.name(), again.status.code()))
    }
}

fn exit_code(verdict: &Value) -> i32 {
    let class = Class::ALL.into_iter().find(|class| class.name() == verdict["class"]).unwrap();
    if verdict["severity"] == "error" { i32::from(class.exit_code()) } else { 0 }
}

/// Some scenarios need a text that they can miscount.
fn prompt(scenario: &Scenario) -> &'static str {
    match scenario.name {
        "length-counts-utf16-units" => "说个笑话 😀",
        name if name.contains("characters") || name.contains("chinese") || name.contains("escapes") || name.contains("clipped") => "你好",
        _ => "hello",
    }
}

fn llmcheck() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_llmcheck"));
    command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path))).stdin(Stdio::null());
    command
}

fn runs(tls: bool) -> Vec<Run> {
    let mut runs = Vec::new();
    for scenario in scenarios().filter(|scenario| !APART.contains(&scenario.name)) {
        // A scenario that has one way only is reached that way in both tests; once is enough.
        let has_one_way = !matches!(scenario.reach, Reach::Http | Reach::Proxy(_));
        if tls && has_one_way {
            continue;
        }
        let modes = [(false, scenario.plain), (true, scenario.stream)];
        runs.extend(modes.into_iter().filter_map(|(stream, expected)| Some(Run { scenario, expected: expected?, stream, tls })));
    }
    runs
}

fn faults(runs: &[Run]) -> Vec<String> {
    side_by_side(runs, Run::fault)
}

/// Runs all of them side by side: most wait for a timer of theirs.
fn side_by_side<T: Sync>(runs: &[T], fault: impl Fn(&T) -> Option<String> + Sync) -> Vec<String> {
    const AT_ONCE: usize = 12;
    let (next, faults) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(run) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Some(fault) = fault(run) {
                        faults.lock().unwrap().push(fault);
                    }
                }
            });
        }
    });
    faults.into_inner().unwrap()
}

#[test]
fn every_scenario_over_tcp_gives_its_verdict_and_the_same_from_its_recording() {
    let faults = faults(&runs(false));
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn every_scenario_over_tls_gives_its_verdict_and_the_same_from_its_recording() {
    let faults = faults(&runs(true));
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// What a lab thread or llmcheck says on stderr when it breaks down with this prompt.
fn breakdown(scenario: &Scenario, prompt: &str, stream: bool) -> Option<String> {
    let mut command = llmcheck();
    command.args(["chat", prompt, "--lab", scenario.name, "--json"]).args(stream.then_some("--stream"));
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let is_well = serde_json::from_slice::<Value>(&output.stdout).is_ok() && !said.contains("panicked");
    (!is_well).then(|| format!("{} {prompt} {stream}: {said}", scenario.name))
}

#[test]
fn no_scenario_breaks_down_whatever_the_prompt_is_made_of() {
    // Of three lengths, so that what is cut at some byte is cut at each byte of a character.
    let asked = [("你好", false), ("你好吗", false), ("写个😀短故事", false), ("你好", true)];
    let runs: Vec<(&Scenario, &str, bool)> = scenarios()
        .filter(|scenario| !APART.contains(&scenario.name))
        .flat_map(|scenario| asked.map(|(prompt, stream)| (scenario, prompt, stream)))
        .collect();
    let faults = side_by_side(&runs, |(scenario, prompt, stream)| breakdown(scenario, prompt, *stream));
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn every_code_that_a_scenario_expects_is_in_the_catalogue_with_its_class() {
    for scenario in scenarios() {
        for expected in [scenario.plain, scenario.stream].into_iter().flatten() {
            let entry = entry(expected.code).unwrap_or_else(|| panic!("{}: no code {}", scenario.name, expected.code));
            assert_eq!(entry.class.name(), expected.class, "{}", scenario.name);
        }
    }
}

#[test]
fn no_scenario_is_warned_of_before_it_is_asked() {
    for scenario in scenarios() {
        for tls in [false, true] {
            let mut command = llmcheck();
            command.args(["chat", prompt(scenario), "--dry-run", "--json", "--lab", scenario.name]).args(tls.then_some("--lab-tls"));
            let output = command.output().unwrap();
            // Not every scenario can be reached over TLS.
            if tls && !output.status.success() {
                continue;
            }
            let request: Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(request["preflight"], serde_json::json!([]), "{}", scenario.name);
        }
    }
}
