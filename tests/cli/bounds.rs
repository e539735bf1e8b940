//! Memory stays bounded whatever a server sends, and the counts stay exact.
#![cfg(target_os = "linux")]

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::mpsc;

use crate::program::{finish, llmcheck, path, run};
use crate::server::{STREAM_END, STREAM_HEAD, Server, delta, read_request};

/// What a run may take at its peak.
const BOUND_KIB: u64 = 64 * 1024;

/// More than twice the bound, and little enough for a build without optimisation.
const MUCH: usize = 150 << 20;

fn peak_kib(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse().unwrap()
}

/// Sends `head`, then `block` until `total` bytes of it have gone, then `end`; gives the report and the client's peak before the end.
fn flooded(head: &'static str, block: Vec<u8>, total: usize, end: &'static str, arguments: &[&str]) -> (serde_json::Value, u64) {
    let ((to_server, ids), (sender, peaks)) = (mpsc::channel(), mpsc::channel());
    let server = Server::serving(move |_, stream| {
        let request = read_request(stream);
        let id = ids.recv().unwrap();
        let _ = stream.write_all(head.as_bytes());
        for _ in 0..total / block.len() {
            // A client that has seen enough may leave.
            if stream.write_all(&block).is_err() {
                break;
            }
        }
        let _ = sender.send(peak_kib(id));
        let _ = stream.write_all(end.as_bytes());
        request
    });
    let child = llmcheck(["chat", "hi", "--base-url", &server.url(), "--json"].iter().chain(arguments)).spawn().unwrap();
    to_server.send(child.id()).unwrap();
    let ran = finish(child);
    (ran.report(), peaks.recv().unwrap())
}

#[test]
fn a_long_stream_is_read_in_bounded_memory_with_exact_counts() {
    let block = delta(&"word ".repeat(100)).repeat(100).into_bytes();
    let (events, size) = (MUCH / block.len() * 100, MUCH / block.len() * block.len());
    let (report, peak) = flooded(STREAM_HEAD, block, MUCH, STREAM_END, &["--stream"]);
    assert!(peak < BOUND_KIB, "{peak} KiB");
    assert_eq!(report["verdict"]["class"], "healthy");
    assert_eq!(report["ledger"]["wire"], size + STREAM_END.len());
    assert_eq!(report["ledger"]["sse"]["events"], events + 2);
    assert!(report["ledger"]["not_kept"].as_u64().unwrap() > 0 && report["answer"]["cut_off"] == true);
}

#[test]
fn an_event_without_end_is_read_in_bounded_memory() {
    let (report, peak) = flooded(STREAM_HEAD, vec![b'x'; 1 << 20], MUCH, "", &["--stream"]);
    assert!(peak < BOUND_KIB, "{peak} KiB");
    assert_ne!(report["verdict"]["class"], "healthy");
}

#[test]
fn an_answer_without_end_is_read_in_bounded_memory() {
    const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"";
    let (report, peak) = flooded(HEAD, vec![b'x'; 1 << 20], MUCH, "", &[]);
    assert!(peak < BOUND_KIB, "{peak} KiB");
    assert_ne!(report["verdict"]["class"], "healthy");
}

#[test]
fn a_head_without_end_is_read_in_bounded_memory() {
    let block = "X-Field: value\r\n".repeat(1 << 16).into_bytes();
    let (report, peak) = flooded("HTTP/1.1 200 OK\r\n", block, MUCH, "", &["--timeout", "20s"]);
    assert!(peak < BOUND_KIB, "{peak} KiB");
    assert_ne!(report["verdict"]["class"], "healthy");
}

#[test]
fn blanks_without_end_are_read_in_bounded_memory() {
    const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";
    let (report, peak) = flooded(HEAD, b" \n".repeat(1 << 19), MUCH, "", &[]);
    assert!(peak < BOUND_KIB, "{peak} KiB");
    assert_ne!(report["verdict"]["class"], "healthy");
}

/// So much JSON that expands to more than is allowed, from a few bytes.
fn bomb() -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let piece = vec![b'x'; 1 << 20];
    encoder.write_all(b"{\"error\":\"").unwrap();
    (0..96).for_each(|_| encoder.write_all(&piece).unwrap());
    encoder.finish().unwrap()
}

#[test]
fn a_gzip_bomb_is_decoded_in_bounded_memory() {
    const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n\r\n";
    let bomb = bomb();
    let length = bomb.len();
    let (report, peak) = flooded(HEAD, bomb, length, "", &[]);
    assert!(peak < BOUND_KIB, "{peak} KiB");
    assert_ne!(report["verdict"]["class"], "healthy");
}

#[test]
#[cfg_attr(debug_assertions, ignore = "a gibibyte takes half a minute in a build without optimisation; run it with --release")]
fn the_labs_gibibyte_is_streamed_in_bounded_memory() {
    if !std::path::Path::new("/usr/bin/time").exists() {
        eprintln!("skipped: /usr/bin/time is not here to tell the peak");
        return;
    }
    let mut command = Command::new("/usr/bin/time");
    command.args(["-f", "%M", env!("CARGO_BIN_EXE_llmcheck"), "chat", "hi", "--lab", "huge-stream", "--stream", "--json"]);
    command.env_clear().envs([path()]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let ran = run(command);
    assert_eq!(ran.verdict(), ("healthy".into(), "healthy".into(), 0));
    assert!(ran.report()["ledger"]["wire"].as_u64().unwrap() > 1_000_000_000);
    assert!(ran.stderr.trim().parse::<u64>().unwrap() < BOUND_KIB, "{} KiB", ran.stderr);
}
