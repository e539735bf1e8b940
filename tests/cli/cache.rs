//! `--cache`: the same answer to the same request, and whatever is not certainly that is a miss and never an error.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use ring::digest::{Context, SHA256};
use serde_json::{Value, json};

use crate::program::{Ran, directory, file, llmcheck, run};
use crate::server::{Server, good, whole_stream};

/// A cache of one test.
pub struct Place(pub PathBuf);

impl Place {
    pub fn new(test: &str) -> Place {
        Place(directory(&format!("cache-{test}")))
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = llmcheck(arguments);
        command.env("XDG_CACHE_HOME", &self.0);
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        run(self.command(arguments))
    }

    /// `llmcheck chat hi --cache` against this server.
    pub fn ask(&self, server: &Server, more: &[&str]) -> Ran {
        self.run(&[&["chat", "hi", "--cache", "--base-url", &server.url()], more].concat())
    }

    pub fn directory(&self) -> PathBuf {
        self.0.join("llmcheck").join("answers")
    }

    pub fn entries(&self) -> Vec<PathBuf> {
        let items = fs::read_dir(self.directory()).into_iter().flatten();
        items.map(|item| item.unwrap().path()).collect()
    }

    #[track_caller]
    pub fn entry(&self) -> PathBuf {
        let entries = self.entries();
        assert_eq!(entries.len(), 1, "{entries:?}");
        entries.into_iter().next().unwrap()
    }
}

/// A server that gives a new number with each answer.
pub fn counting() -> Server {
    Server::replying(|number, _| good(&number.to_string()))
}

/// The digest that an entry has in its first line.
pub fn digest(request: &str, stored: &str, recording: &str) -> String {
    let mut digest = Context::new(&SHA256);
    for part in ["llmcheck cache/1 entry", request, stored, recording] {
        digest.update(&(part.len() as u64).to_be_bytes());
        digest.update(part.as_bytes());
    }
    digest.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An entry of this time with the digest that fits.
fn entry_of(request: &str, stored: &str, recording: &str) -> String {
    let sha256 = digest(request, stored, recording);
    format!("{}\n{recording}", json!({"llmcheck": "cache/1", "request": request, "stored": stored, "sha256": sha256}))
}

/// Request and recording of an entry.
fn parts(entry: &Path) -> (String, String) {
    let text = fs::read_to_string(entry).unwrap();
    let (header, recording) = text.split_once('\n').unwrap();
    let header: Value = serde_json::from_str(header).unwrap();
    (header["request"].as_str().unwrap().to_string(), recording.to_string())
}

fn before_now(seconds: i64) -> String {
    (jiff::Timestamp::now() - jiff::SignedDuration::from_secs(seconds)).to_string()
}

#[test]
fn the_second_answer_is_the_first_and_nothing_is_sent_for_it() {
    let (place, server) = (Place::new("twice"), counting());
    for _ in 0..3 {
        place.ask(&server, &[]).ends_with(0).prints("0\n").is_silent();
    }
    server.request();
}

#[test]
fn without_the_flag_nothing_is_kept_or_looked_for() {
    let (place, server) = (Place::new("off"), counting());
    place.run(&["chat", "hi", "--base-url", &server.url()]).prints("0\n");
    assert!(place.entries().is_empty());
    place.ask(&server, &[]).prints("1\n");
    place.run(&["chat", "hi", "--base-url", &server.url()]).prints("2\n");
}

#[test]
fn a_hit_gives_the_report_that_diagnose_gives_of_its_recording() {
    for (name, reply, more) in [("plain", good("Hello, 世界"), &[][..]), ("stream", whole_stream(&["Hel", "lo"]), &["--stream"])] {
        let (place, server) = (Place::new(&format!("report-{name}")), Server::always(reply));
        let recordings = ["first", "second"].map(|name| place.0.join(name).to_str().unwrap().to_string());
        let [first, mut second] =
            [0, 1].map(|at: usize| place.ask(&server, &[&["--json", "--record", &recordings[at]], more].concat()).report());
        assert_eq!(fs::read(&recordings[0]).unwrap(), fs::read(&recordings[1]).unwrap());
        let cached = second.as_object_mut().unwrap().remove("cached").unwrap();
        assert!(cached["stored"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok() && cached["age_seconds"].is_u64(), "{cached}");
        assert!(first.get("cached").is_none());
        assert_eq!(first, second);
        second.as_object_mut().unwrap().remove("settings");
        assert_eq!(run(llmcheck(["diagnose", "--json", &recordings[1]])).report(), second);
        server.request();
    }
}

#[test]
fn a_healthy_line_says_that_it_comes_from_the_cache_and_how_old_it_is() {
    let (place, server) = (Place::new("line"), counting());
    let first = place.ask(&server, &["-v"]);
    assert!(!first.stderr.contains("cache"), "{}", first.stderr);
    let (request, recording) = parts(&place.entry());
    fs::write(place.entry(), entry_of(&request, &before_now(3600), &recording)).unwrap();
    place.ask(&server, &["-v"]).tells(" · from the cache, 1h").tells("old\n");
    place.ask(&server, &["-v", "--lang", "zh"]).tells("来自缓存，1h");
}

#[test]
fn a_report_to_hand_on_says_it_too() {
    let (place, server) = (Place::new("handed-on"), counting());
    place.ask(&server, &[]);
    let reports = ["r.md", "r.html"].map(|name| place.0.join(name).to_str().unwrap().to_string());
    place.ask(&server, &["--report", &reports[0], "--report", &reports[1]]).ends_with(0);
    for report in reports {
        assert!(fs::read_to_string(&report).unwrap().contains("from the cache, "), "{report}");
    }
}

#[test]
fn every_part_of_the_request_makes_another_answer() {
    let (place, server) = (Place::new("parts"), counting());
    let messages = file("messages-of-cache", r#"[{"role":"user","content":"before"}]"#);
    let body = file("body-of-cache", r#"{"model":"m","messages":[]}"#);
    let path = format!("{}/v2", server.url());
    let by_name = format!("http://localhost:{}/v1", server.address.port());
    let requests: [&[&str]; 20] = [
        &["hi"],
        &["hi!"],
        &["hi", "--model", "other"],
        &["hi", "--max-tokens", "10"],
        &["hi", "--max-tokens", "11"],
        &["hi", "--max-completion-tokens", "10"],
        &["hi", "--temperature", "0"],
        &["hi", "--temperature", "0.5"],
        &["hi", "--system", "be short"],
        &["hi", "--messages", &messages],
        &["--body", &body],
        &["hi", "--header", "X-Feature: a"],
        &["hi", "--header", "X-Feature: b"],
        &["hi", "--header", "X-Feature-2: a"],
        &["hi", "--header", "X-Feature: a", "--header", "X-Feature-2: a"],
        &["hi", "--header", "Content-Type: application/json; charset=utf-8"],
        &["hi", "--base-url", &path],
        &["hi", "--base-url", &by_name],
        &["hi", "--insecure"],
        &["hi", "--stream"],
    ];
    let ask = |request: &[&str]| place.run(&[&["chat", "--cache", "--base-url", &server.url()], request].concat()).stdout;
    let first = requests.map(ask);
    for (number, answer) in first.iter().enumerate() {
        assert_eq!(*answer, format!("{number}\n"), "{:?}", requests[number]);
    }
    // A plain answer to --stream is a fault, and not kept.
    let (healthy, _) = requests.split_at(19);
    assert!(healthy.iter().zip(&first).all(|(request, answer)| ask(request) == *answer));
    assert_eq!(server.requests().len(), 20);
}

#[test]
fn the_organization_and_the_project_make_another_answer() {
    let (place, server) = (Place::new("organization"), counting());
    for (number, variable) in ["OPENAI_ORG_ID", "OPENAI_PROJECT_ID"].into_iter().enumerate() {
        for _ in 0..2 {
            let mut command = place.command(&["chat", "hi", "--cache", "--base-url", &server.url()]);
            command.env(variable, "one");
            run(command).prints(&format!("{number}\n"));
        }
    }
}

#[test]
fn who_asks_by_which_way_and_how_it_is_shown_makes_no_other_answer() {
    let (place, server) = (Place::new("same"), counting());
    let key = file("key-of-another", "sk-another-key-0123456789");
    for more in [
        &[][..],
        &["--api-key-file", &key],
        &["--accept-encoding", "identity"],
        &["--header", "User-Agent: me"],
        &["--timeout", "1h"],
        &["--cache=2d"],
        &["--atomic", "--strict"],
        &["--retry", "2"],
        &["--no-proxy", "-q"],
    ] {
        place.ask(&server, more).ends_with(0).prints("0\n");
    }
    server.request();
}

#[test]
fn a_prompt_after_the_flag_is_the_prompt() {
    let (place, server) = (Place::new("prompt"), counting());
    place.run(&["chat", "--base-url", &server.url(), "--cache", "a prompt"]).ends_with(0);
    assert_eq!(server.request().json()["messages"][0]["content"], "a prompt");
}

#[test]
fn a_time_to_live_has_a_unit_and_is_not_nothing() {
    let place = Place::new("ttl-wrong");
    for wrong in ["--cache=", "--cache=5", "--cache=0s", "--cache=soon", "--cache=-1d"] {
        place.run(&["chat", "hi", "--lab", "healthy", wrong]).ends_with(2).prints("").tells("--cache");
    }
    assert!(place.entries().is_empty());
}

#[test]
fn an_answer_that_is_too_old_is_asked_for_again_and_renewed() {
    let (place, server) = (Place::new("ttl"), counting());
    place.ask(&server, &[]).prints("0\n");
    let (request, recording) = parts(&place.entry());
    let store = |age: i64| fs::write(place.entry(), entry_of(&request, &before_now(age), &recording)).unwrap();
    store(86_000);
    place.ask(&server, &[]).prints("0\n");
    place.ask(&server, &["--cache=1h"]).prints("1\n");
    store(86_500);
    place.ask(&server, &["--cache=2d"]).prints("0\n");
    place.ask(&server, &[]).prints("2\n");
    place.ask(&server, &["--cache=1h"]).prints("2\n");
    // A clock that was set back, or an entry from another computer.
    store(-3600);
    place.ask(&server, &[]).prints("3\n");
}

#[test]
fn a_damaged_entry_is_a_miss_and_never_an_error() {
    let (place, server) = (Place::new("damage"), Server::always(good("right")));
    let ask = || place.ask(&server, &[]).ends_with(0).prints("right\n").is_silent().code;
    ask();
    let path = place.entry();
    let whole = fs::read(&path).unwrap();
    let mut damaged: Vec<Vec<u8>> = (0..whole.len()).step_by(97).map(|length| whole[..length].to_vec()).collect();
    damaged.extend((13..whole.len()).step_by(97).map(|at| {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        flipped
    }));
    damaged.push([&whole[..], &whole].concat());
    damaged.push(vec![0xff; 4096]);
    let expected = server.requests().len() + damaged.len();
    for bytes in damaged {
        fs::write(&path, bytes).unwrap();
        ask();
    }
    assert_eq!(server.requests().len(), expected);
    fs::remove_file(&path).unwrap();
    fs::create_dir_all(path.join("full")).unwrap();
    ask();
    ask();
    assert_eq!(server.requests().len(), expected + 1);
}

#[test]
fn an_entry_of_another_request_is_a_miss() {
    let (place, server) = (Place::new("other"), counting());
    place.ask(&server, &[]).prints("0\n");
    let path = place.entry();
    place.ask(&server, &["--model", "other"]).prints("1\n");
    let other = place.entries().into_iter().find(|entry| *entry != path).unwrap();
    fs::copy(&other, &path).unwrap();
    place.ask(&server, &[]).prints("2\n").is_silent();
}

#[test]
fn an_entry_that_would_not_be_kept_today_is_a_miss() {
    let (place, server) = (Place::new("edited"), counting());
    place.ask(&server, &[]).prints("0\n");
    let (request, recording) = parts(&place.entry());
    let write = |recording: &str| fs::write(place.entry(), entry_of(&request, &before_now(1), recording)).unwrap();
    let edits = [
        // Cut, with a digest that fits.
        recording.replace("Content-Length: ", "Content-Length: 9"),
        recording.replace("\\\"finish_reason\\\":\\\"stop\\\"", "\\\"finish_reason\\\":\\\"length\\\""),
        recording.replace("HTTP/1.1 200 OK", "HTTP/1.1 500 OK"),
        recording.replace("recording/1", "recording/9"),
        format!("{recording}{recording}"),
        format!("{recording}no line of a recording\n"),
        "{}\n".to_string(),
        "{\"choices\":[]}".to_string(),
        "HTTP/1.1 200 OK\r\n\r\nhello".to_string(),
        String::new(),
    ];
    for (number, edited) in edits.iter().enumerate() {
        assert_ne!(*edited, recording);
        write(edited);
        place.ask(&server, &[]).ends_with(0).prints(&format!("{}\n", number + 1)).is_silent();
    }
}

#[test]
fn a_streamed_answer_from_the_cache_reads_like_a_live_one() {
    for (name, pieces, printed) in [("open", &["Hel", "lo"][..], "Hello\n"), ("ended", &["one\n", "two\n"], "one\ntwo\n")] {
        let (place, server) = (Place::new(&format!("stream-{name}")), Server::always(whole_stream(pieces)));
        for _ in 0..2 {
            place.ask(&server, &["--stream"]).ends_with(0).prints(printed).is_silent();
        }
        server.request();
    }
}

#[test]
fn a_hit_needs_no_key() {
    let place = Place::new("no-key");
    let server = counting();
    let (proxy, key) = (format!("http://{}", server.address), file("key-of-first-run", "sk-a-key-0123456789abcdef"));
    let arguments = ["chat", "hi", "--base-url", "http://api.example/v1", "--proxy", &proxy];
    let ask = |more: &[&str]| place.run(&[&arguments[..], more].concat());
    ask(&["--cache", "--api-key-file", &key]).ends_with(0).prints("0\n");
    ask(&["--cache"]).ends_with(0).prints("0\n").is_silent();
    ask(&[]).ends_with(15);
    server.request();
}

#[test]
fn an_entry_that_holds_the_key_of_this_run_is_a_miss() {
    let (place, server) = (Place::new("own-key"), Server::always(good("a word of many letters")));
    place.ask(&server, &[]).prints("a word of many letters\n");
    let key = file("key-of-own-run", "letters-0123456789");
    place.ask(&server, &["--api-key-file", &key]).ends_with(0);
    server.request();
    let (request, recording) = parts(&place.entry());
    fs::write(place.entry(), entry_of(&request, &before_now(1), &recording.replace("chat hi", "chat letters-0123456789"))).unwrap();
    place.ask(&server, &["--api-key-file", &key]).ends_with(0);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn the_cache_is_told_of_and_cleared() {
    let (place, server) = (Place::new("clear"), counting());
    place.run(&["cache", "clear"]).ends_with(0).prints("answers removed: 0 (0 bytes)\n").is_silent();
    let shown = place.directory().display().to_string();
    place.run(&["cache", "info"]).ends_with(0).prints(&format!("place    {shown}\nanswers  0\nbytes    0\n"));
    place.ask(&server, &[]);
    place.ask(&server, &["--model", "other"]);
    fs::write(place.directory().join(".1.0123456789abcdef.tmp"), "half").unwrap();
    let bytes: u64 = place.entries().iter().map(|entry| fs::metadata(entry).unwrap().len()).sum();
    let info = place.run(&["cache", "info"]).ends_with(0).stdout.clone();
    let lines: Vec<&str> = info.lines().collect();
    assert_eq!(lines[1..3], ["answers  2".to_string(), format!("bytes    {}", bytes - 4)]);
    assert!(lines.len() == 5 && lines[3].starts_with("oldest   20") && lines[4].starts_with("newest   20"), "{info}");
    place.run(&["cache", "clear", "--lang", "zh"]).ends_with(0).prints(&format!("已清除回答：2 个（{bytes} 字节）\n"));
    assert!(place.entries().is_empty());
    place.ask(&server, &[]).prints("2\n");
}

#[test]
fn a_cache_without_a_place_is_wrong_usage() {
    for command in ["clear", "info"] {
        run(llmcheck(["cache", command])).ends_with(2).prints("").tells("XDG_CACHE_HOME");
    }
    run(llmcheck(["cache"])).ends_with(2);
}
