//! Ctrl-C: a verdict that says that it was you, whatever was going on.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::program::{Ran, directory, finish, llmcheck, signal};
use crate::server::{STREAM_HEAD, Server, cut, cut_stream, delta, good, limited, read_request, response, whole_stream};

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

/// A shell starts its background jobs with SIGINT ignored, and so all that they start: until llmcheck listens to it itself, which it does
/// not while it reads the prompt, nothing ends it. GNU's env can undo that; none where another env cannot and it is needed.
fn with_default_interrupt(command: Command) -> Option<Command> {
    const RESET: &str = "--default-signal=INT";
    let can_reset = || Command::new("env").args([RESET, "true"]).stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    if !can_reset() {
        return if is_interrupt_ignored() { None } else { Some(command) };
    }
    let mut wrapped = Command::new("env");
    wrapped.arg(RESET).arg(command.get_program()).args(command.get_args()).env_clear();
    wrapped.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    wrapped.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Some(wrapped)
}

/// As Linux says; elsewhere it is taken for heard.
fn is_interrupt_ignored() -> bool {
    const INTERRUPT: u64 = 1 << 1;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & INTERRUPT != 0)
}

#[test]
fn an_interrupt_while_reading_the_prompt_ends_it() {
    let Some(mut command) = with_default_interrupt(llmcheck(["chat", "--lab", "healthy"])) else {
        eprintln!("skipped: SIGINT is ignored here, and this env cannot undo that");
        return;
    };
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
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

/// Asks a server that gives these replies in turn and then waits, with this on stdin, and stops while it waits.
fn stopped_behind(replies: Vec<Vec<u8>>, arguments: &[&str], input: &str) -> (Server, Ran) {
    let (sender, stalls) = mpsc::channel();
    let server = Server::serving(move |number, stream| {
        let request = read_request(stream);
        match replies.get(number) {
            Some(reply) => stream.write_all(reply).unwrap(),
            None => {
                let _ = sender.send(());
                let _ = stream.read(&mut [0]);
            }
        }
        request
    });
    let common = ["chat", "--base-url", &server.url()];
    let mut child = llmcheck(common.iter().chain(arguments)).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    stalls.recv().unwrap();
    signal(child.id(), "INT");
    let ran = finish(child);
    (server, ran)
}

#[test]
fn an_interrupt_of_a_continuation_leaves_what_had_come_before_it() {
    for (reply, arguments) in [(cut("half of "), &[][..]), (cut_stream(&["half of "]), &["--stream"]), (limited("half of "), &[])] {
        let (_, ran) = stopped_behind(vec![reply.clone()], &[&["--continue", "3"], arguments].concat(), "hi");
        ran.ends_with(130).prints("half of \n").tells("interrupted").tells("the answer on stdout is only a part: 8 characters arrived");
        let (_, ran) = stopped_behind(vec![reply.clone()], &[&["--continue", "3", "--json"], arguments].concat(), "hi");
        let report = ran.ends_with(130).report();
        assert_eq!((&report["answer"]["text"], &report["answer"]["partial"]), (&"half of ".into(), &true.into()));
        let (_, ran) = stopped_behind(vec![reply], &[&["--continue", "3", "--atomic"], arguments].concat(), "hi");
        ran.ends_with(130).prints("").tells("8 characters of the answer arrived and were held back");
    }
}

#[test]
fn an_interrupt_of_a_part_leaves_the_answers_before_it_and_asks_for_no_other() {
    let text = "A sentence of some length, to be split. ".repeat(30);
    for (reply, arguments) in
        [(good("one"), &[][..]), (whole_stream(&["one"]), &["--stream"]), (good("one"), &["--reduce-prompt", "Join:"])]
    {
        let (server, ran) = stopped_behind(vec![reply.clone()], &[&["--split", "300"], arguments].concat(), &text);
        ran.ends_with(130).prints("one\n").tells("interrupted").tells("part 2 of 5").tells("the answer on stdout is only a part");
        assert!(!ran.stderr.contains("part 3 of 5") && server.requests().len() == 2, "{ran:?}");
        let (_, ran) = stopped_behind(vec![reply], &[&["--split", "300", "--json"], arguments].concat(), &text);
        let report = ran.ends_with(130).report();
        let codes: Vec<&str> = report["parts"].as_array().unwrap().iter().map(|part| part["code"].as_str().unwrap()).collect();
        assert_eq!((codes, &report["answer"]["text"]), (vec!["healthy", "interrupted-by-user"], &"one".into()));
    }
}

/// What came of a run that was suspended while its whole answer arrived, and its recording.
fn suspended(test: &str, time: Duration, arguments: &[&str]) -> (Ran, String) {
    let (sender, receiver) = mpsc::channel();
    let (go, gone) = mpsc::channel::<()>();
    let gone = Mutex::new(gone);
    let server = Server::serving(move |_, stream| {
        let request = read_request(stream);
        sender.send(()).unwrap();
        gone.lock().unwrap().recv().unwrap();
        stream.write_all(&whole_stream(&["word "; 80])).unwrap();
        request
    });
    let recording = directory(test).join("r.jsonl");
    let mut command = llmcheck(["chat", "hi", "--stream", "--json", "--base-url", &server.url()].iter().chain(arguments));
    let child = command.arg("--record").arg(&recording).spawn().unwrap();
    receiver.recv().unwrap();
    signal(child.id(), "STOP");
    go.send(()).unwrap();
    thread::sleep(time);
    signal(child.id(), "CONT");
    (finish(child), std::fs::read_to_string(&recording).unwrap())
}

/// Ctrl-Z, a laptop's lid, a disk that takes its time: what arrived meanwhile is read in one burst, which is nobody's fault.
#[test]
fn a_run_that_was_suspended_accuses_nobody_of_holding_back_the_stream() {
    let (ran, recording) = suspended("suspended", Duration::from_millis(2500), &[]);
    let codes: Vec<String> = ran.report()["findings"].as_array().unwrap().iter().map(|finding| finding["code"].to_string()).collect();
    assert_eq!((ran.code, codes), (Some(0), Vec::new()), "{}", ran.stderr);
    assert!(recording.contains("\"held-up\":{\"milliseconds\":2"), "{recording}");
}

#[test]
fn a_run_that_was_suspended_beyond_its_bound_reads_what_had_come_in_time() {
    let (ran, _) = suspended("suspended-beyond", Duration::from_millis(2500), &["--first-byte-timeout", "1s"]);
    assert_eq!(ran.verdict(), ("healthy".into(), "healthy".into(), 0), "{}", ran.stderr);
}
