//! Real captures of other programs, in `tests/imports/<kind>/`, and what `llmcheck diagnose` has to say of each exchange in them:
//! `expected.txt` has a line for every one, in order: file | source | class | code | other findings.
//!
//! They were taken with curl 7.88 and 8.23, wget, HTTPie, Python's `http.client`, mitmproxy, Playwright and plain sockets against the lab;
//! the HARs of browsers and other exporters are laid out as those write them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use llmcheck::diagnosis::{Class, diagnose};
use llmcheck::evidence::Evidence;
use llmcheck::import;
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/imports")
}

fn captures() -> Vec<String> {
    let mut names = Vec::new();
    for kind in std::fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        let kind_name = kind.file_name().unwrap().to_str().unwrap().to_string();
        let files = std::fs::read_dir(&kind).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.extend(files.map(|file| format!("{kind_name}/{file}")));
    }
    names.sort();
    names
}

fn diagnose_all(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_llmcheck"));
    command.current_dir(root()).env_clear().arg("diagnose").args(arguments).args(captures());
    command.output().unwrap()
}

/// file | source | class | code | other findings
fn told() -> Vec<String> {
    let output = diagnose_all(&["--json", "--lang", "en"]);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let reports = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let line = |report: &[u8]| {
        let report: Value = serde_json::from_slice(report).unwrap();
        let verdict = &report["verdict"];
        let text = |value: &Value| value.as_str().unwrap().to_string();
        let codes = report["findings"].as_array().unwrap().iter().map(|finding| text(&finding["code"]));
        let others: Vec<String> = codes.filter(|code| *code != text(&verdict["code"])).collect();
        let others = if others.is_empty() { "-".to_string() } else { others.join(" ") };
        let parts = [&report["file"], &report["source"]["kind"], &verdict["class"], &verdict["code"]].map(text);
        format!("{} | {others}", parts.join(" | "))
    };
    reports.map(line).collect()
}

fn expected() -> Vec<String> {
    std::fs::read_to_string(root().join("expected.txt")).unwrap().lines().map(str::to_string).collect()
}

#[test]
fn every_exchange_in_every_capture_is_told_as_expected() {
    let (told, expected) = (told(), expected());
    let class = |line: &str| line.split(" | ").nth(2).unwrap_or("?").to_string();
    let mut table: BTreeMap<(String, String), usize> = BTreeMap::new();
    for (expected, told) in expected.iter().zip(&told) {
        *table.entry((class(expected), class(told))).or_default() += 1;
    }
    for ((expected, told), count) in &table {
        println!("{expected:16} told as {told:16} {count:4}");
    }
    let wrong: Vec<String> = expected.iter().zip(&told).filter(|(a, b)| a != b).map(|(a, b)| format!("- {a}\n+ {b}")).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(told.len(), expected.len());
}

#[test]
fn every_capture_has_its_line_and_every_line_its_capture() {
    let of_table: BTreeSet<String> = expected().iter().map(|line| line.split(" | ").next().unwrap().to_string()).collect();
    assert_eq!(captures().into_iter().collect::<BTreeSet<_>>(), of_table);
}

/// What the captures were taken of stands in their names.
#[test]
fn what_is_named_healthy_is_so_wherever_its_body_is_shown() {
    let healthy: Vec<String> =
        expected().into_iter().filter(|line| line.split('/').nth(1).is_some_and(|name| name.starts_with("healthy"))).collect();
    assert!(healthy.len() > 40);
    for line in healthy {
        assert!(line.contains(" | healthy | healthy | -") || line.contains(" | unknown | body-not-shown | -"), "{line}");
    }
}

#[test]
fn no_credential_of_a_capture_is_in_any_output() {
    for arguments in [&["--json", "-v"][..], &["-v", "--lang", "zh"]] {
        let output = diagnose_all(arguments);
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(text.len() > 100_000);
        let line = text.lines().find(|line| line.contains("canary"));
        assert_eq!(line, None);
    }
}

#[test]
fn both_languages_say_what_was_recognised() {
    for (lang, words) in [
        ("en", ["the output of curl -v", "a curl trace", "a HAR", "a raw response", "a body without its head", "an error text"]),
        ("zh", ["curl -v 的输出", "curl 的 trace", "HAR 文件", "原始响应", "没有响应头的响应体", "错误文本"]),
    ] {
        let output = diagnose_all(&["--lang", lang]);
        let page = String::from_utf8(output.stderr).unwrap();
        for words in words {
            assert!(page.contains(words), "{lang}: {words}");
        }
    }
}

#[test]
fn several_exchanges_of_one_file_are_numbered_and_named() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_llmcheck"));
    let output = command.current_dir(root()).env_clear().args(["diagnose", "--lang", "en", "curl-verbose/two-v.txt"]).output().unwrap();
    let page = String::from_utf8(output.stderr).unwrap();
    for heading in [
        "==> curl-verbose/two-v.txt · 1 · POST http://127.0.0.1:8801/v1/chat/completions\nok: ",
        "==> curl-verbose/two-v.txt · 2 · POST http://127.0.0.1:8801/limit\nerror[requests-per-minute]: ",
    ] {
        assert!(page.contains(heading), "{page}");
    }
}

#[test]
fn what_cannot_be_read_does_not_take_the_others_with_it() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_llmcheck"));
    command.current_dir(root()).env_clear().args(["diagnose", "--json", "curl-verbose", "nowhere", "body/cut.json", "har/chrome.har"]);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("curl-verbose: ") && told.contains("nowhere cannot be read"), "{told}");
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 9);
}

/// The classes that are told of these bytes; none where they are refused.
fn classes(bytes: &[u8]) -> Vec<Class> {
    let mut classes = Vec::new();
    let _refused = import::read(bytes, |transcript| classes.push(diagnose(&Evidence::gather(&transcript)).verdict.entry.class));
    classes
}

/// Where the answer ends in a capture: behind these bytes nothing is needed to call it whole.
const ENDS: [(&str, &str); 9] = [
    ("curl-verbose/healthy.txt", "}}"),
    ("curl-verbose/healthy-chunked.txt", "}}"),
    ("curl-verbose/h2-stream.txt", "\"finish_reason\": \"stop\"}]}\n"),
    ("curl-verbose/tty-v-healthy.txt", "}}"),
    ("raw-response/healthy.txt", "}}"),
    ("raw-response/healthy-chunked-nc.bin", "0\r\nX-Checked: yes\r\n\r\n"),
    ("raw-response/healthy-pasted.txt", "}}"),
    ("body/healthy.json", "}}"),
    ("body/stream.txt", "\"finish_reason\":\"stop\"}]}\n"),
];

#[test]
fn a_capture_that_stops_before_its_end_is_never_healthy() {
    for (name, end) in ENDS {
        let bytes = std::fs::read(root().join(name)).unwrap();
        let whole = memchr::memmem::rfind(&bytes, end.as_bytes()).unwrap_or_else(|| panic!("{name} has no {end:?}")) + end.len();
        for cut in (0..whole - 1).step_by(97).chain([whole - 1]) {
            // The last line feed of a stream's event may be missing: its JSON is closed.
            let is_closed = end.ends_with('\n') && cut == whole - 1;
            assert!(is_closed || !classes(&bytes[..cut]).contains(&Class::Healthy), "{name} cut at {cut} of {whole}");
        }
        assert!(classes(&bytes).contains(&Class::Healthy), "{name}");
    }
}

#[test]
fn a_trace_that_stops_before_its_end_is_never_healthy() {
    for name in ["curl-trace/healthy.txt", "curl-trace/healthy-chunked-ascii.txt"] {
        let bytes = std::fs::read(root().join(name)).unwrap();
        // The body stands on its own behind the dump of it, which ends in front of curl's last words.
        let dumped = memchr::memmem::rfind(&bytes, b"\n0").unwrap();
        for cut in (0..dumped).step_by(97) {
            assert!(!classes(&bytes[..cut]).contains(&Class::Healthy), "{name} cut at {cut} of {dumped}");
        }
    }
}

#[test]
fn damage_of_any_kind_is_told_and_never_a_panic() {
    for name in captures() {
        let bytes = std::fs::read(root().join(&name)).unwrap();
        let step = (bytes.len() / 4).max(1);
        for at in (0..bytes.len()).step_by(step) {
            classes(&bytes[at..]);
            classes(&[&bytes[at..], &bytes[..at]].concat());
            let line_end = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |length| at + length + 1);
            classes(&[&bytes[..at], &bytes[line_end..]].concat());
            let mut changed = bytes.clone();
            changed[at] ^= 0x20;
            classes(&changed);
        }
    }
}
