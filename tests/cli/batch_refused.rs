//! What a batch refuses: every mistake of an input is named and nothing is sent; nothing that belongs to somebody else is written over.

use std::fs;
use std::process::Command;

use crate::batch::{Batch, request, requests};
use crate::program::{Ran, finish, run};
use crate::relay::Relay;

/// Refused with this exit code before anything was sent or written.
#[track_caller]
fn refused(batch: &Batch, code: i32, words: &[&str]) -> Ran {
    let relay = Relay::echoing();
    let mut command = batch.command();
    command.args(["--base-url", &relay.url()]);
    let ran = run(command);
    ran.ends_with(code).prints("");
    words.iter().for_each(|word| {
        ran.tells(word);
    });
    assert_eq!(relay.count_of_requests(), 0);
    ran
}

#[test]
fn a_mistake_in_a_line_is_named_with_its_line() {
    let good = request("a", "A");
    let long = "x".repeat(65 * 1024 * 1024);
    for (number, (line, words)) in [
        ("hello", "--plain"),
        ("{\"custom_id\":\"b\"", "EOF"),
        ("[]", "not a request"),
        ("{\"custom_id\":7,\"body\":{\"messages\":[{}]}}", "expected a string"),
        ("{\"custom_id\":\"\",\"body\":{\"messages\":[{}]}}", "no custom_id"),
        ("{\"body\":{\"messages\":[{}]}}", "no custom_id"),
        ("{\"custom_id\":\"b\"}", "no body"),
        ("{\"custom_id\":\"b\",\"body\":[]}", "no object"),
        ("{\"custom_id\":\"b\",\"body\":{\"messages\":[]}}", "no messages"),
        ("{\"custom_id\":\"b\",\"body\":{\"input\":\"x\"},\"url\":\"/v1/embeddings\"}", "/v1/embeddings"),
        ("{\"custom_id\":\"b\",\"method\":\"GET\",\"body\":{\"messages\":[{}]}}", "GET"),
        ("{\"custom_id\":\"\\ud800\",\"body\":{\"messages\":[{}]}}", "not a request"),
        (good.trim_end(), "stands in an earlier line too"),
        (&long, "64 MiB"),
    ]
    .into_iter()
    .enumerate()
    {
        let batch = Batch::new(&format!("mistake-{number}"), format!("{good}\n{line}\n{}", request("c", "C")));
        let ran = refused(&batch, 2, &["in.jsonl", "line 3", words, "nothing was sent"]);
        assert!(!ran.stderr.contains("line 1"), "{}", ran.stderr);
        assert!(!batch.output().exists());
        fs::remove_dir_all(&batch.place).unwrap();
    }
}

#[test]
fn bytes_that_are_no_text_are_named() {
    for (test, input, words) in [("latin", &b"caf\xe9\n"[..], "not UTF-8 at byte 4"), ("utf16", b"\xff\xfeh\0i\0\n\0", "UTF-16")] {
        refused(&Batch::new(test, input).with(&["--plain"]), 2, &["line 1", words]);
    }
}

#[test]
fn of_many_mistakes_the_first_are_named() {
    let ran = refused(&Batch::new("mistakes", "x\n".repeat(100)), 2, &["line 1:", "line 5:", "and more"]);
    assert!(!ran.stderr.contains("line 6") && ran.stderr.len() < 3000, "{}", ran.stderr);
}

#[test]
fn what_a_line_is_is_said_once() {
    let hint = |ran: &Ran| ran.stderr.matches("a line is {").count();
    let three = refused(&Batch::new("no-requests", "{\nx\n[\n"), 2, &["line 1: not a request", "line 3: not a request", "--plain takes"]);
    assert_eq!(hint(&three), 1, "{}", three.stderr);
    let other = refused(&Batch::new("no-id", "{}\n"), 2, &["line 1: there is no custom_id"]);
    assert_eq!(hint(&other), 0, "{}", other.stderr);
}

#[test]
fn a_directory_that_is_not_there_is_wrong_usage() {
    let batch = Batch::new("nowhere", "hi\n");
    let ran = run(instead(&batch, "in.jsonl", "nowhere/out.jsonl"));
    ran.ends_with(2).prints("").tells("the output nowhere/out.jsonl cannot be written: there is no directory nowhere");
    let chat = run(crate::program::llmcheck(["chat", "hi", "--lab", "healthy", "--record", "/nowhere/r.jsonl"]));
    chat.ends_with(2).prints("").tells("the recording /nowhere/r.jsonl cannot be written: there is no directory /nowhere");
}

#[test]
fn an_input_without_a_request_is_refused() {
    for (test, input) in [("empty", ""), ("blank", "\n \r\n\n"), ("mark", "\u{feff}")] {
        refused(&Batch::new(test, input), 2, &["holds no request"]);
    }
}

/// The command with another input or output in place of its own.
fn instead(batch: &Batch, input: &str, output: &str) -> Command {
    let mut command = crate::program::llmcheck(["batch", input, "-o", output, "--lab", "healthy", "--plain"]);
    command.current_dir(&batch.place);
    command
}

#[test]
fn what_cannot_be_read_more_than_once_is_no_input() {
    let batch = Batch::new("no-input", "x\n");
    for (input, words) in [("nothing.jsonl", "cannot be opened"), (".", "is a directory"), ("-", "must be a file")] {
        run(instead(&batch, input, "out.jsonl")).ends_with(2).tells(words);
        assert!(!batch.output().exists(), "{input}");
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_is_no_input_and_no_output() {
    let batch = Batch::new("pipe", "x\n");
    assert!(Command::new("mkfifo").arg(batch.place.join("pipe")).status().unwrap().success());
    run(instead(&batch, "pipe", "out.jsonl")).ends_with(2).tells("must be a file");
    run(instead(&batch, "in.jsonl", "pipe")).ends_with(2).tells("must be a file");
    run(instead(&batch, "in.jsonl", "/dev/full")).ends_with(2).tells("must be a file");
}

#[test]
fn the_input_is_never_written_over() {
    let batch = Batch::new("same", "precious\n");
    fs::write(batch.place.join("x.errors.jsonl"), "precious\n").unwrap();
    fs::hard_link(batch.place.join("in.jsonl"), batch.place.join("linked.jsonl")).unwrap();
    for (input, output, words) in [
        ("in.jsonl", "in.jsonl", "is the input"),
        ("in.jsonl", "./../batch-same/in.jsonl", "is the input"),
        ("in.jsonl", "linked.jsonl", "is the input"),
        ("x.errors.jsonl", "x.jsonl", "where the failures go"),
    ] {
        run(instead(&batch, input, output)).ends_with(2).tells(words).tells("name another output");
        assert_eq!(fs::read_to_string(batch.place.join(input)).unwrap(), "precious\n", "{output}");
    }
}

#[test]
fn what_is_something_else_is_never_written_over() {
    for (number, text) in ["name,age\n", "precious", "{\"a\":1}\n", "{\"a\":1}"].iter().enumerate() {
        let batch = Batch::new(&format!("else-{number}"), requests(1));
        fs::write(batch.output(), text).unwrap();
        refused(&batch, 2, &["out.jsonl", "line 1", "name another output"]);
        assert_eq!(fs::read_to_string(batch.output()).unwrap(), *text);
        fs::remove_file(batch.output()).unwrap();
        fs::write(batch.failures_path(), text).unwrap();
        refused(&batch, 2, &["out.errors.jsonl", "something else"]);
        assert_eq!(fs::read_to_string(batch.failures_path()).unwrap(), *text);
    }
}

#[test]
fn an_output_that_cannot_be_is_told_before_anything_is_sent() {
    let batch = Batch::new("nowhere", "x\n");
    run(instead(&batch, "in.jsonl", ".")).ends_with(2).tells("is a directory");
    run(instead(&batch, "in.jsonl", "no/such/place.jsonl")).ends_with(2).tells("there is no directory no/such");
    fs::create_dir(batch.failures_path()).unwrap();
    run(instead(&batch, "in.jsonl", "out.jsonl")).ends_with(2).tells("out.errors.jsonl");
    assert!(!batch.output().exists());
}

#[test]
fn two_runs_never_share_an_output() {
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let receiver = std::sync::Mutex::new(receiver);
    let relay = Relay::replying(move |asked| {
        let _ = receiver.lock().unwrap().recv();
        crate::relay::kept(&asked.prompt)
    });
    let batch = Batch::new("two-runs", requests(1)).at(&relay);
    let first = batch.command().spawn().unwrap();
    while relay.count_of_requests() == 0 {
        std::thread::yield_now();
    }
    batch.run().ends_with(1).tells("is being written by another run");
    sender.send(()).unwrap();
    finish(first).ends_with(0);
    assert_eq!((batch.answers().len(), relay.count_of_requests()), (1, 1));
}

#[test]
fn flags_that_would_be_ignored_are_refused() {
    for arguments in [&["--system", "x"][..], &["--max-tokens", "5"], &["--temperature", "1"], &["--max-completion-tokens", "5"]] {
        refused(&Batch::new("ignored", requests(1)).with(arguments), 2, &[arguments[0], "--plain"]);
    }
    refused(&Batch::new("no-split", requests(1)).with(&["--recover=retry,split"]), 2, &["split", "--recover"]);
    refused(&Batch::new("no-price", requests(1)).with(&["--prefer", "cheapest"]), 2, &["--prefer cheapest", "price"]);
}

/// A disk that is full after so many blocks of 512 bytes: the limit is inherited, and so is that its signal is ignored.
#[cfg(target_os = "linux")]
fn with_little_room(batch: &Batch, blocks: u32) -> Ran {
    let plain = batch.command();
    let words: Vec<String> = plain.get_args().map(|word| format!("'{}'", word.to_str().unwrap())).collect();
    let mut command = Command::new("sh");
    let line = format!("trap '' XFSZ; ulimit -f {blocks}; exec '{}' {}", env!("CARGO_BIN_EXE_llmcheck"), words.join(" "));
    command.args(["-c", &line]).current_dir(&batch.place).env_clear().envs([crate::program::path()]);
    command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    run(command)
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_full_disk_no_half_of_a_line_is_left_and_the_next_run_goes_on() {
    let relay = Relay::echoing();
    let batch = Batch::new("full", requests(200)).at(&relay);
    let ran = with_little_room(&batch, 20);
    ran.ends_with(1).tells("the output cannot be written").tells("goes on from here");
    let (written, asked) = (batch.texts().len(), relay.count_of_requests());
    assert!(written > 5 && written < 200 && asked < 200, "{written} {asked}");
    batch.run().ends_with(0);
    assert_eq!(batch.texts().len(), 200);
    assert!(relay.asked().values().filter(|times| **times > 1).count() <= asked - written);
}
