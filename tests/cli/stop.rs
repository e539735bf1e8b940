//! Ctrl-C: a verdict that says that it was you, whatever was going on.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::thread;

use serde_json::Value;

use crate::program::{Ran, directory, finish, llmcheck, signal};
use crate::server::{STREAM_HEAD, Server, delta, read_request, response};

/// A server that sends these bytes, says so, and then waits until the client leaves.
fn stalling_after(bytes: impl Into<Vec<u8>>) -> (Server, mpsc::Receiver<()>) {
    let bytes = bytes.into();
    let (sender, receiver) = mpsc::channel();
    let server = Server::serving(move |_, stream| {
        let request = read_request(stream);
        stream.write_all(&bytes).unwrap();
        let _ = sender.send(());
        let _ = stream.read(&mut [0]);
        request
    });
    (server, receiver)
}

/// Asks that server and stops when all that it sends has been heard, as the recording shows.
fn stopped(test: &str, bytes: &str, arguments: &[&str]) -> Ran {
    let (server, stalls) = stalling_after(bytes);
    let recording = directory(test).join("r.jsonl");
    let mut command = llmcheck(["chat", "hi", "--base-url", &server.url()].iter().chain(arguments));
    let child = command.arg("--record").arg(&recording).spawn().unwrap();
    stalls.recv().unwrap();
    while !bytes.is_empty() && heard(&recording) < bytes.len() {
        thread::yield_now();
    }
    signal(child.id(), "INT");
    finish(child)
}

/// How many bytes of a response are in the recording, of which the last line may not be whole yet.
fn heard(recording: &Path) -> usize {
    let text = std::fs::read_to_string(recording).unwrap_or_default();
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line[2] == "<").map(|line| line[3].as_str().unwrap().len()).sum()
}

/// Waits until this text has come from the child's stderr, and leaves the rest unread.
fn wait_for_stderr(child: &mut Child, words: &str) {
    let mut reader = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains(words) {
        line.clear();
        assert_ne!(reader.read_line(&mut line).unwrap(), 0, "no {words:?} on stderr");
    }
    thread::spawn(move || std::io::copy(&mut reader, &mut std::io::sink()));
}

#[test]
fn an_interrupt_before_the_first_byte_is_a_report_that_says_so() {
    let ran = stopped("stop-before", "", &["--json"]);
    let report = ran.ends_with(130).report();
    assert_eq!((&report["verdict"]["class"], &report["ledger"]["end"]), (&"interrupted".into(), &"cancelled".into()));
    assert_ne!(report["verdict"]["at_fault"], "server");
}

#[test]
fn an_interrupt_in_the_body_describes_what_had_arrived() {
    let ran = stopped("stop-body", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"id\":", &["--json"]);
    let report = ran.ends_with(130).report();
    assert_eq!((&report["verdict"]["class"], &report["ledger"]["end"]), (&"interrupted".into(), &"cancelled".into()));
    assert_eq!(report["ledger"]["declared"], 500);
}

#[test]
fn an_interrupt_of_a_stream_leaves_its_text_and_is_told() {
    let ran = stopped("stop-stream", &format!("{STREAM_HEAD}{}", delta("Hel")), &["--stream"]);
    ran.ends_with(130).prints("Hel\n").tells("interrupted");
}

#[test]
fn an_interrupt_of_an_atomic_stream_prints_nothing() {
    stopped("stop-atomic", &format!("{STREAM_HEAD}{}", delta("Hel")), &["--stream", "--atomic"]).ends_with(130).prints("");
}

#[test]
fn an_interrupt_is_final_also_with_retries() {
    let report = stopped("stop-retry", "", &["--json", "--retry", "5", "--retry-base", "1ms"]).ends_with(130).report();
    assert_eq!(report["attempts"].as_array().unwrap().len(), 1);
}

#[test]
fn an_interrupt_while_waiting_to_try_again_is_a_report_that_says_so() {
    let server = Server::always(response("429 Too Many Requests", "Retry-After: 100\r\n", crate::server::api_error("slow down")));
    let mut child = llmcheck(["chat", "hi", "--base-url", &server.url(), "--json", "--retry", "3"]).spawn().unwrap();
    wait_for_stderr(&mut child, "waiting");
    signal(child.id(), "INT");
    let ran = finish(child);
    let report = ran.ends_with(130).report();
    assert_eq!((&report["verdict"]["class"], &report["ledger"]["end"]), (&"interrupted".into(), &"cancelled".into()));
    assert_eq!(report["attempts"][0]["class"], "rate_limit");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn an_interrupt_while_reading_the_prompt_ends_it() {
    let mut child = llmcheck(["chat", "--lab", "healthy"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // More than a pipe holds: once this is written, llmcheck is reading.
    stdin.write_all(&vec![b'x'; 1 << 20]).unwrap();
    signal(child.id(), "INT");
    let ran = finish(child);
    // Ended by the signal itself or with its exit code: to a shell both are 130.
    assert!(matches!(ran.code, None | Some(130)), "{ran:?}");
    ran.prints("");
}

#[test]
fn a_termination_is_told_like_an_interrupt() {
    let (server, stalls) = stalling_after("");
    let child = llmcheck(["chat", "hi", "--base-url", &server.url(), "--json"]).spawn().unwrap();
    stalls.recv().unwrap();
    signal(child.id(), "TERM");
    assert_eq!(finish(child).verdict(), ("interrupted".into(), "interrupted-by-user".into(), 130));
}
