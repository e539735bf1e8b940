//! Connections that carry one request after the other: whatever a server sends beyond its answer, no item gets another item's.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use crate::batch::{Batch, requests};
use crate::relay::kept;
use crate::server::read_request;

/// A server that answers each request with its prompt, and after this time writes this once more behind it, if anything.
fn server(late: Option<(Duration, Vec<u8>)>, closes: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (mut stream, late) = (stream, late.clone());
            thread::spawn(move || {
                let _ = stream.set_nodelay(true);
                while let Some(request) = read_request(&mut stream) {
                    let prompt = request.json()["messages"][0]["content"].as_str().unwrap().to_string();
                    if stream.write_all(&kept(&prompt)).is_err() {
                        return;
                    }
                    if let Some((after, bytes)) = &late {
                        thread::sleep(*after);
                        let _ = stream.write_all(bytes);
                    }
                    if closes || request.field("connection").is_some_and(|value| value == "close") {
                        let _ = stream.shutdown(std::net::Shutdown::Write);
                        let _ = std::io::copy(&mut stream, &mut std::io::sink());
                        return;
                    }
                }
            });
        }
    });
    url
}

/// The text that each item got, after a run with so many workers, which tells of surplus or does not.
fn answers(test: &str, url: &str, jobs: &str, is_told: bool) -> BTreeMap<String, String> {
    let batch = Batch::new(test, requests(40)).with(&["--base-url", url, "-j", jobs, "--retry-base", "1ms"]);
    let ran = batch.run();
    ran.ends_with(0);
    assert_eq!(ran.stderr.contains("sent more than its answers"), is_told, "{}", ran.stderr);
    batch.texts()
}

#[track_caller]
fn each_has_its_own(answers: &BTreeMap<String, String>) {
    assert_eq!(answers.len(), 40);
    for (item, text) in answers {
        assert_eq!(text.strip_prefix("prompt-"), item.strip_prefix("item-"), "{item}");
    }
}

#[test]
fn what_a_server_writes_behind_its_answers_is_taken_for_no_answer() {
    let stray = kept("a stray answer");
    for (name, after, bytes) in [
        ("at-once", Duration::ZERO, stray.clone()),
        ("soon", Duration::from_millis(2), stray.clone()),
        ("later", Duration::from_millis(20), stray),
        ("newlines", Duration::from_millis(1), b"\r\n\r\n".to_vec()),
        ("half", Duration::from_millis(1), b"HTTP/1.1 200 OK\r\nContent-Le".to_vec()),
    ] {
        let url = server(Some((after, bytes)), false);
        for jobs in ["1", "8"] {
            each_has_its_own(&answers(&format!("kept-{name}-{jobs}"), &url, jobs, true));
        }
    }
}

#[test]
fn a_connection_that_the_server_closes_without_a_word_is_no_failure() {
    let url = server(None, true);
    for jobs in ["1", "8"] {
        each_has_its_own(&answers(&format!("kept-closing-{jobs}"), &url, jobs, false));
    }
}

#[test]
fn a_connection_that_is_kept_carries_all_of_a_workers_requests() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let connections = thread::spawn(move || {
        let mut count = 0;
        listener.set_nonblocking(false).unwrap();
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            count += 1;
            let mut answered = 0;
            while let Some(request) = read_request(&mut stream) {
                let prompt = request.json()["messages"][0]["content"].as_str().unwrap().to_string();
                stream.write_all(&kept(&prompt)).unwrap();
                answered += 1;
            }
            if answered > 0 {
                return (count, answered);
            }
        }
        (count, 0)
    });
    each_has_its_own(&answers("kept-carries", &url, "1", false));
    assert_eq!(connections.join().unwrap(), (1, 40));
}
