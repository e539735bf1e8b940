//! Readers that leave, disks that are full.
#![cfg(unix)]

use std::fs::File;
use std::io::Read as _;
use std::process::Command;

use crate::program::{Ran, finish, llmcheck, path, run};

/// Runs this and takes one byte of its stdout, no more.
fn one_byte_of(arguments: &[&str]) -> Ran {
    let mut child = llmcheck(arguments).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0]).unwrap();
    drop(stdout);
    finish(child)
}

#[test]
fn a_reader_that_has_seen_enough_of_a_stream_is_no_failure() {
    // The scenario would go on for 25 seconds.
    one_byte_of(&["chat", "hi", "--lab", "deadline-passed", "--timeout", "1m", "--stream"]).ends_with(0).is_silent();
}

#[test]
fn a_reader_that_leaves_early_changes_no_verdict() {
    one_byte_of(&["chat", "hi", "--lab", "healthy"]).ends_with(0).is_silent();
    one_byte_of(&["chat", "hi", "--lab", "cut-by-close", "--json"]).ends_with(11);
    one_byte_of(&["explain", "--list"]).ends_with(0).is_silent();
    one_byte_of(&["lab", "--list"]).ends_with(0).is_silent();
    one_byte_of(&["--help"]).ends_with(0).is_silent();
}

#[test]
fn a_stderr_that_nobody_reads_changes_no_verdict() {
    for arguments in [
        &["chat", "hi", "--lab", "cut-by-close"][..],
        &["chat", "hi", "--lab", "cut-by-close", "-v", "--retry", "2", "--retry-base", "1ms"],
    ] {
        let mut child = llmcheck(arguments).spawn().unwrap();
        drop(child.stderr.take());
        finish(child).ends_with(11);
    }
}

/// Runs llmcheck under a shell with this redirection.
fn redirected(arguments: &str, redirection: &str) -> Ran {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("exec {} {arguments} {redirection}", env!("CARGO_BIN_EXE_llmcheck"))]).env_clear().envs([path()]);
    command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    run(command)
}

#[test]
fn closed_channels_change_no_verdict() {
    redirected("chat hi --lab cut-by-close", "2>&-").ends_with(11);
    redirected("chat hi --lab cut-by-close --json", "2>&-").ends_with(11).report();
    redirected("chat hi --lab cut-by-close", ">&- 2>&-").ends_with(11);
    redirected("chat hi --lab healthy", "<&-").ends_with(0);
}

#[cfg(target_os = "linux")]
fn into_full_disk(arguments: &[&str]) -> Ran {
    run({
        let mut command = llmcheck(arguments);
        command.stdout(File::options().write(true).open("/dev/full").unwrap());
        command
    })
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_under_stdout_is_our_failure_and_is_told() {
    for arguments in
        [&["chat", "hi", "--lab", "healthy"][..], &["chat", "hi", "--lab", "healthy", "--json"], &["explain", "--list"], &["lab", "--list"]]
    {
        into_full_disk(arguments).ends_with(1).tells("stdout cannot be written").tells("No space left");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_under_a_streamed_answer_is_not_called_an_interrupt() {
    let ran = into_full_disk(&["chat", "hi", "--lab", "healthy", "--stream"]);
    ran.ends_with(1).tells("stdout cannot be written");
    assert!(!ran.stderr.contains("you stopped it"), "{}", ran.stderr);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_under_stderr_changes_no_verdict() {
    let mut command = llmcheck(["chat", "hi", "--lab", "cut-by-close", "-v"]);
    command.stderr(File::options().write(true).open("/dev/full").unwrap());
    run(command).ends_with(11);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_under_the_recording_is_our_failure_and_is_told() {
    let ran = run(llmcheck(["chat", "hi", "--lab", "healthy", "--record", "/dev/full"]));
    ran.ends_with(1).tells("recording cannot be written").tells("No space left");
    run(llmcheck(["chat", "hi", "--lab", "healthy", "-q", "--record", "/dev/full"])).ends_with(1).tells("recording cannot be written");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_under_completions_is_told() {
    run(llmcheck(["generate", "man", "--out", "/dev/full"])).ends_with(1).tells("/dev/full");
}
