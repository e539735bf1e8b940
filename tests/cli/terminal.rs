//! What reaches a terminal: colours where they are wanted, and never a byte of a server's as it came.

use std::process::{Command, Stdio};

use crate::program::{Ran, chat, llmcheck, path, run};
use crate::server::{STREAM_HEAD, Server, api_error, completion, cut_stream, good, response, whole_stream};

/// Sets a title, hides text, turns it round, moves the cursor, and the same in eight-bit controls.
const HOSTILE: &str = "A\u{1b}]0;pwned\u{7}B\u{1b}[8mC\u{202e}D\r\u{8}E\u{9b}31mF\u{200b}G";

/// Whether any of that is left.
#[track_caller]
fn assert_tame(text: &str) {
    let pieces = ["\u{1b}]", "\u{1b}[8m", "\u{7}", "\u{202e}", "\u{8}", "\u{9b}", "\u{200b}", "D\r"];
    let left: Vec<&&str> = pieces.iter().filter(|piece| text.contains(**piece)).collect();
    assert!(left.is_empty(), "{left:?} in {text:?}");
}

/// Runs llmcheck with stdout and stderr on a terminal; none where there is no `script` of util-linux.
pub fn on_terminal(arguments: &[&str], variables: &[(&str, &str)]) -> Option<String> {
    let is_there =
        Command::new("script").arg("--version").output().is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("util-linux"));
    if !is_there {
        eprintln!("skipped: `script` of util-linux is not here, so there is no terminal to write to");
        return None;
    }
    let quoted: Vec<String> = arguments.iter().map(|argument| format!("'{argument}'")).collect();
    let mut command = Command::new("script");
    command.args(["-qec", &format!("{} {}", env!("CARGO_BIN_EXE_llmcheck"), quoted.join(" ")), "/dev/null"]);
    command.env_clear().envs([path(), ("TERM", "xterm".to_string()), ("SHELL", "/bin/sh".to_string())]).envs(variables.iter().copied());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let ran = run(command);
    Some(ran.stdout + &ran.stderr)
}

fn asked_on_terminal(server: &Server, arguments: &[&str]) -> Option<String> {
    on_terminal(&[&["chat", "hi", "--base-url", &server.url()], arguments].concat(), &[])
}

fn hostile_header() -> Vec<u8> {
    let mut bytes = response("200 OK", &format!("X-{HOSTILE}: x\r\nX-Value: {HOSTILE}\r\nServer: {HOSTILE}\r\n"), completion("ok"));
    bytes.extend(b"surplus");
    bytes
}

#[test]
fn hostile_text_on_a_terminal_is_shown_tame() {
    for (server, arguments) in
        [(Server::always(good(HOSTILE)), &[][..]), (Server::always(whole_stream(&[HOSTILE, "\u{1b}", "]0;x\u{7}"])), &["--stream"])]
    {
        let Some(shown) = asked_on_terminal(&server, arguments) else { return };
        assert_tame(&shown);
        assert!(shown.contains("pwned"), "{shown}");
    }
}

#[test]
fn a_terminal_never_gets_hostile_bytes_of_a_fault() {
    let faults = [
        response("401 Unauthorized", "", api_error(HOSTILE)),
        response(&format!("500 {HOSTILE}"), "", HOSTILE),
        hostile_header(),
        cut_stream(&[HOSTILE]),
        HOSTILE.into(),
        format!("{STREAM_HEAD}data: {{\"error\":{{\"message\":\"\\u001b]0;pwned\\u0007\"}}}}\n\n").into_bytes(),
    ];
    for fault in faults {
        let Some(shown) = asked_on_terminal(&Server::always(fault), &["--stream", "-v"]) else { return };
        assert_tame(&shown);
    }
}

#[test]
fn a_pipe_gets_the_answer_as_it_came() {
    chat(&Server::always(good(HOSTILE)).url(), &[]).prints(&format!("{HOSTILE}\n"));
    chat(&Server::always(whole_stream(&[HOSTILE, "\u{1b}"])).url(), &["--stream"]).prints(&format!("{HOSTILE}\u{1b}\n"));
}

fn assert_tame_stderr(bytes: impl Into<Vec<u8>>, arguments: &[&str]) -> Ran {
    let ran = chat(&Server::always(bytes).url(), arguments);
    assert!(!ran.stderr.chars().any(|c| c.is_control() && c != '\n'), "{:?}", ran.stderr);
    assert_tame(&ran.stderr);
    ran
}

#[test]
fn hostile_header_values_are_tame_on_stderr() {
    assert_tame_stderr(hostile_header(), &["-v"]).tells("pwned");
}

#[test]
fn hostile_error_messages_are_tame_on_stderr() {
    assert_tame_stderr(response("400 Bad Request", "", api_error(HOSTILE)), &["-v"]).tells("pwned");
    assert_tame_stderr(
        response("429 Too Many Requests", &format!("Retry-After: 999\r\nX: {HOSTILE}\r\n"), api_error(HOSTILE)),
        &["--retry", "2"],
    );
}

#[test]
fn hostile_bodies_and_status_lines_are_tame_on_stderr() {
    assert_tame_stderr(response(&format!("502 {HOSTILE}"), "", HOSTILE), &["-v"]);
    assert_tame_stderr(HOSTILE, &["-v"]);
    assert_tame_stderr(b"\x1b[2J\xff\xfe\x9b0m\x00".as_slice(), &["-v"]);
}

#[test]
fn a_hostile_report_is_ascii_safe_json() {
    let ran = chat(&Server::always(response("401 Unauthorized", &format!("X: {HOSTILE}\r\n"), api_error(HOSTILE))).url(), &["--json"]);
    ran.report();
    assert!(!ran.stdout.chars().any(|c| c < ' ' && c != '\n'), "{}", ran.stdout);
}

#[test]
fn a_report_on_a_terminal_is_tame_too() {
    let server = Server::always(good(HOSTILE));
    let Some(shown) = asked_on_terminal(&server, &["--json"]) else { return };
    assert_tame(&shown);
}

fn fault(variables: &[(&str, &str)]) -> String {
    let mut command = llmcheck(["chat", "hi", "--lab", "cut-by-close"]);
    command.envs(variables.iter().copied());
    run(command).stderr
}

#[test]
fn a_pipe_gets_no_colours_unless_forced() {
    assert!(!fault(&[]).contains('\u{1b}'));
    assert!(fault(&[("CLICOLOR_FORCE", "1")]).contains("\u{1b}["));
    assert!(!fault(&[("CLICOLOR_FORCE", "0")]).contains('\u{1b}'));
    assert!(!fault(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]).contains('\u{1b}'));
    assert!(fault(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "")]).contains("\u{1b}["));
}

#[test]
fn a_terminal_gets_colours_unless_refused() {
    let Some(coloured) = on_terminal(&["chat", "hi", "--lab", "cut-by-close"], &[]) else { return };
    assert!(coloured.contains("\u{1b}[1;31m"), "{coloured:?}");
    for refusal in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let plain = on_terminal(&["chat", "hi", "--lab", "cut-by-close"], &[refusal]).unwrap();
        assert!(!plain.contains("\u{1b}[1;31m"), "{refusal:?}: {plain:?}");
    }
}

#[test]
fn a_healthy_answer_on_a_terminal_is_followed_by_one_line() {
    let Some(shown) = on_terminal(&["chat", "hi", "--lab", "healthy"], &[("NO_COLOR", "1")]) else { return };
    assert!(shown.lines().last().unwrap().starts_with("ok: "), "{shown:?}");
}

#[test]
fn our_own_colours_are_not_mistaken_for_hostile_ones() {
    let mut command = llmcheck(["chat", "hi", "--lab", "healthy", "-v"]);
    command.env("CLICOLOR_FORCE", "1");
    let ran = run(command);
    assert!(!ran.stderr.contains('\u{241b}'), "{:?}", ran.stderr);
}

#[test]
fn narrow_terminals_get_narrow_pages() {
    for columns in ["20", "40", "1", "0", "x"] {
        let Some(shown) = on_terminal(&["chat", "hi", "--lab", "length-counts-characters", "-v"], &[("COLUMNS", columns)]) else { return };
        assert!(shown.contains("length-counts-characters") && !shown.contains("panicked"), "{columns}: {shown}");
    }
}

#[test]
fn a_dry_run_shows_a_whole_body_and_none_of_its_control_bytes() {
    let content = HOSTILE.replace('\u{1b}', "\\u001b").replace('\u{7}', "\\u0007").replace('\r', "\\r").replace('\u{8}', "\\b");
    let mut body = format!(r#"{{"model":"m","messages":[{{"role":"user","content":"{content} {}"}}]}}"#, "long ".repeat(9000)).into_bytes();
    body.extend_from_slice(b"\xff\x1b]0;pwned\x07\n");
    let path = crate::program::file("dry-run-terminal", &body);
    let Some(shown) = on_terminal(&["chat", "--body", &path, "--dry-run", "--base-url", "http://127.0.0.1:9/v1"], &[]) else { return };
    assert_tame(&shown.replace("\r\n", "\n"));
    assert!(shown.contains("POST /v1/chat/completions HTTP/1.1\r\ncontent-length: ") && shown.matches("long ").count() >= 9000);
    assert!(shown.contains("--data-binary @"), "{shown}");
}
