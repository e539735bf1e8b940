//! What `--cache` keeps: healthy answers and nothing else, for nobody else to read, where there is a place for it.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use llmcheck::lab::scenarios;

use crate::cache::{Place, counting};
use crate::program::{file, llmcheck, run, run_with_input};
use crate::server::{Server, good, whole_stream};

#[test]
fn an_answer_is_kept_in_whatever_coding_and_framing_it_came() {
    let place = Place::new("codings");
    for scenario in ["healthy-gzip", "healthy-chunked", "healthy-chinese", "healthy-close-delimited"] {
        let ask = || place.run(&["chat", "hi", "--lab", scenario, "--cache", "--json"]).ends_with(0).report();
        let (first, second) = (ask(), ask());
        assert_eq!((first.get("cached"), &first["answer"]), (None, &second["answer"]), "{scenario}");
        assert!(second["cached"].is_object(), "{scenario}");
    }
}

/// What is wrong with what was kept of this scenario, if anything is.
fn fault(place: &Place, scenario: &str, stream: bool) -> Option<String> {
    let mode = if stream { "--stream" } else { "--no-stream" };
    // That one answers well whoever does not ask in Chinese.
    let prompt = if scenario == "breaks-plain-chinese" { "你好" } else { "hello" };
    let ask = || place.run(&["chat", prompt, "--lab", scenario, "--cache", "--json", mode]);
    let ran = ask();
    let report = ran.report();
    let is_healthy = report["verdict"]["severity"] == "ok" && report["findings"].as_array().unwrap().is_empty();
    let is_kept = !place.entries().is_empty();
    if is_kept && !(is_healthy && ran.code == Some(0)) {
        return Some(format!("{scenario} {mode}: {} was kept", report["verdict"]["code"]));
    }
    if !is_kept && is_healthy {
        return Some(format!("{scenario} {mode}: healthy, and not kept"));
    }
    let text = place.entries().iter().map(|entry| fs::read_to_string(entry).unwrap()).collect::<String>();
    if text.contains("lab-key-0123456789abcdef") {
        return Some(format!("{scenario} {mode}: the key is in the cache"));
    }
    if is_kept {
        let again = ask().report();
        if again["cached"].is_null() || again["answer"] != report["answer"] {
            return Some(format!("{scenario} {mode}: another answer from the cache: {again}"));
        }
    }
    None
}

#[test]
fn no_fault_of_the_lab_and_no_warning_is_ever_kept() {
    // It takes long and much, and is too large for an entry.
    let named = scenarios().filter(|scenario| scenario.name != "huge-stream");
    let modes = named.flat_map(|scenario| {
        let modes = [(false, scenario.plain), (true, scenario.stream)];
        modes.into_iter().filter_map(move |(stream, expected)| Some((scenario.name, stream, expected?.code)))
    });
    let runs: Vec<(&str, bool, &str)> = modes.collect();
    let (next, wrong, faults) = (AtomicUsize::new(0), Mutex::new(Vec::new()), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| {
                while let Some((scenario, stream, code)) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let place = Place::new(&format!("lab-{scenario}-{stream}"));
                    let fault = fault(&place, scenario, *stream);
                    if *code != "healthy" {
                        faults.fetch_add(1, Ordering::Relaxed);
                        let is_kept = !place.entries().is_empty();
                        wrong.lock().unwrap().extend(is_kept.then(|| format!("{scenario}: {code} was kept")));
                    }
                    wrong.lock().unwrap().extend(fault);
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty() && faults.into_inner() > 100, "{wrong:#?}");
}

#[test]
fn what_a_retry_recovered_is_kept_as_the_attempt_that_succeeded() {
    let place = Place::new("retry");
    let ask = || place.run(&["chat", "hi", "--lab", "flaky-500-twice", "--cache", "--json", "--retry", "3", "--retry-base", "1ms"]);
    let (first, second) = (ask().ends_with(0).report(), ask().ends_with(0).is_silent().report());
    assert_eq!((&first["recovered"], &second["recovered"]), (&true.into(), &false.into()));
    assert_eq!(second["attempts"].as_array().unwrap()[..], first["attempts"].as_array().unwrap()[2..]);
}

#[test]
fn an_answer_that_looks_like_a_key_is_shown_as_it_is_and_not_kept() {
    let text = "for example sk-proj-0123456789abcdefghij, or Bearer 0123456789abcdefghij";
    let (place, server) = (Place::new("key-like"), Server::always(good(text)));
    for _ in 0..2 {
        place.ask(&server, &[]).ends_with(0).prints(&format!("{text}\n"));
    }
    assert_eq!((server.requests().len(), place.entries().len()), (2, 0));
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_the_cache() {
    use std::os::unix::fs::PermissionsExt as _;
    let (place, server) = (Place::new("permissions"), counting());
    place.ask(&server, &[]);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&place.directory()), mode(&place.entry())), (0o700, 0o600));
}

/// With this variable the answer comes, and a note says why it was not kept.
#[track_caller]
fn notes(variables: &[(&str, &str)], words: &str, chinese: &str) {
    let server = counting();
    let ask = |more: &[&str]| {
        let mut command = llmcheck(["chat", "hi", "--cache", "--base-url", &server.url()].iter().chain(more));
        command.envs(variables.iter().copied());
        run(command)
    };
    let ran = ask(&[]);
    assert_eq!(ran.ends_with(0).prints("0\n").tells(words).stderr.lines().count(), 1);
    ask(&["--lang", "zh"]).ends_with(0).prints("1\n").tells(chinese);
    ask(&["--quiet"]).ends_with(0).prints("2\n").is_silent();
    assert!(ask(&["--json"]).ends_with(0).report().get("cached").is_none());
}

#[test]
fn a_place_that_cannot_be_used_is_a_note_and_no_failure() {
    let occupied = file("occupied-by-file", "");
    notes(&[("XDG_CACHE_HOME", &occupied)], "the answer was not cached: ", "回答未存入缓存：");
    notes(&[("XDG_CACHE_HOME", "/dev/null")], "/dev/null/llmcheck/answers: ", "回答未存入缓存：");
    notes(&[("HOME", &occupied)], "the answer was not cached: ", "回答未存入缓存：");
    notes(&[], "there is no cache: neither XDG_CACHE_HOME nor HOME", "没有缓存");
    notes(&[("XDG_CACHE_HOME", "relative"), ("HOME", "relative")], "there is no cache", "没有缓存");
}

#[cfg(unix)]
#[test]
fn a_disk_that_takes_nothing_is_a_note_and_leaves_nothing() {
    let (place, server) = (Place::new("full"), counting());
    let mut command = Command::new("sh");
    // A file may not grow; the signal that would tell of it is ignored, and writing fails.
    command.args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_llmcheck")]);
    command.args(["chat", "hi", "--cache", "--base-url", &server.url()]);
    command.env_clear().envs([crate::program::path()]).env("XDG_CACHE_HOME", &place.0);
    command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    run(command).ends_with(0).prints("0\n").tells("the answer was not cached: ");
    assert!(place.entries().is_empty());
}

#[test]
fn an_answer_too_large_for_an_entry_is_given_and_not_kept() {
    let text = "x".repeat(9 << 20);
    let (place, server) = (Place::new("large"), Server::always(whole_stream(&[&text[..1 << 15]; 300])));
    let ran = place.ask(&server, &["--stream"]);
    assert_eq!(ran.ends_with(0).is_silent().stdout.len(), (300 << 15) + 1);
    assert!(place.entries().is_empty());
}

#[test]
fn a_large_question_is_kept_with_its_answer() {
    let (place, server) = (Place::new("large-question"), counting());
    let question = "y".repeat(1 << 20);
    for _ in 0..2 {
        run_with_input(place.command(&["chat", "--cache", "--base-url", &server.url()]), question.as_bytes()).ends_with(0).prints("0\n");
    }
}
