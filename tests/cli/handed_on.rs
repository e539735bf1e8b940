//! Reports as files: which forms there are, when they are written, and what happens where they cannot be.

use std::fs;
use std::path::Path;

use crate::program::{chat, directory, lab, llmcheck, run};
use crate::server::{Server, completion, response};

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory).unwrap().map(|item| item.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn both_forms_are_written_at_once_in_the_language_of_the_run() {
    let directory = directory("reports");
    let (page, text) = (directory.join("r.html"), directory.join("r.md"));
    let ran = lab("cut-by-close", &["--lang", "zh", "--report", page.to_str().unwrap(), "--report", text.to_str().unwrap()]);
    ran.ends_with(11);
    let (page, text) = (fs::read_to_string(page).unwrap(), fs::read_to_string(text).unwrap());
    assert!(page.starts_with("<!DOCTYPE html>\n<html lang=\"zh-Hans\">") && page.ends_with("</html>"), "{page}");
    assert!(text.starts_with("# 错误：") && text.ends_with("。\n"), "{text}");
    for part in ["--lab cut-by-close", "OPENAI_API_KEY", "HTTP/1.1 200 OK", "truncation"] {
        assert!(page.contains(part) && text.contains(part), "{part}");
    }
    // Run again, the command must not write over what it made.
    assert!(!page.contains("--report") && !text.contains("--report"), "{text}");
    assert_eq!(names(&directory), ["r.html", "r.md"]);
}

#[test]
fn a_form_that_is_not_known_is_wrong_usage_before_anything_is_sent() {
    let server = Server::always(response("200 OK", "", completion("ok")));
    chat(&server.url(), &["--report", "r.pdf"]).ends_with(2).prints("").tells("r.pdf").tells(".html");
    chat(&server.url(), &["--report", "/nowhere/r.md"]).ends_with(2).prints("").tells("there is no directory /nowhere");
    assert!(server.requests().is_empty());
}

#[test]
fn a_report_that_cannot_be_written_ends_with_1_after_the_answer_and_leaves_nothing() {
    let directory = directory("report-in-the-way");
    fs::create_dir(directory.join("r.md")).unwrap();
    let path = directory.join("r.md");
    let ran = lab("healthy", &["--report", path.to_str().unwrap()]);
    ran.ends_with(1).tells("r.md cannot be written");
    assert!(!ran.stdout.is_empty());
    assert_eq!(names(&directory), ["r.md"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_the_older_report() {
    // A limit on the size of files is met in the same way as the end of a disk.
    let directory = directory("report-full-disk");
    let path = directory.join("r.html");
    fs::write(&path, "older").unwrap();
    let line =
        format!("trap '' XFSZ; ulimit -f 1; exec {} chat hi --lab healthy --report {}", env!("CARGO_BIN_EXE_llmcheck"), path.display());
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &line]).env_clear().stdin(std::process::Stdio::null());
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    run(command).ends_with(1).tells("r.html cannot be written");
    assert_eq!((fs::read_to_string(&path).unwrap().as_str(), names(&directory)), ("older", vec!["r.html".to_string()]));
}

#[cfg(unix)]
#[test]
fn a_report_is_for_its_owners_eyes_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let path = directory("report-mode").join("r.md");
    fs::write(&path, "older").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    lab("healthy", &["--report", path.to_str().unwrap()]).ends_with(0);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn every_attempt_is_in_the_report() {
    let path = directory("report-attempts").join("r.md");
    lab("flaky-500-twice", &["--retry", "3", "--retry-base", "1ms", "--report", path.to_str().unwrap()]).ends_with(0);
    let text = fs::read_to_string(path).unwrap();
    let headings: Vec<&str> = text.lines().filter(|line| line.starts_with("## ")).map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(headings, ["## Error", "## Error", "## OK"]);
}

#[test]
fn no_key_stands_in_a_report_wherever_the_server_puts_it() {
    let key = "sk-test-0123456789abcdefghij";
    let directory = directory("report-key");
    for scenario in ["echoes-key", "key-invalid"] {
        for extra in [&[][..], &["--stream"]] {
            let path = directory.join(format!("{scenario}{}.html", extra.len()));
            let beside = path.with_extension("md");
            let mut command = llmcheck(["chat", "hi", "--lab", scenario, "--header", &format!("X-Api-Key: {key}")]);
            command.arg("--report").arg(&path).arg("--report").arg(&beside).args(extra).env("OPENAI_API_KEY", key);
            run(command);
            for path in [path, beside] {
                assert!(!fs::read_to_string(&path).unwrap().contains("0123456789abcdefghij"), "{}", path.display());
            }
        }
    }
}

/// The command is what a shell makes of it: the request that it sends is the one that was recorded.
#[cfg(unix)]
#[test]
fn the_curl_command_sends_the_recorded_request() {
    if std::process::Command::new("curl").arg("--version").output().is_err() {
        return;
    }
    let server = Server::always(response("200 OK", "", completion("ok")));
    let path = directory("report-curl").join("r.md");
    let mut command = llmcheck(["chat", "it's `$HOME` \"你好\" \\ !\nnext", "--base-url", &server.url(), "-H", "X-Mine: a'b", "--report"]);
    command.arg(&path).env("OPENAI_API_KEY", "sk-test-0123456789abcdefghij");
    run(command).ends_with(0);
    let sent = server.request();
    let text = fs::read_to_string(&path).unwrap();
    let start = text.find("curl --http1.1").unwrap();
    let line = text[start..].split("\n```").next().unwrap();
    let again = std::process::Command::new("sh")
        .args(["-c", line])
        .current_dir(path.parent().unwrap())
        .env("OPENAI_API_KEY", "sk-test-0123456789abcdefghij")
        .output()
        .unwrap();
    assert!(again.status.success(), "{again:?}");
    let resent = server.requests().pop().unwrap();
    let fields = |head: &str| {
        let mut fields: Vec<String> = head.lines().filter(|line| !line.is_empty()).map(str::to_lowercase).collect();
        fields.sort();
        fields
    };
    assert_eq!(fields(&resent.head), fields(&sent.head));
    assert_eq!(resent.body, sent.body);
}
