//! What is kept of an answer in pieces: the cache, the recording and the reports to hand on, and that no half of a key stands in any of
//! them.

use serde_json::json;

use crate::cache::Place;
use crate::going_on::{STORY, ask, trail};
use crate::program::{chat, directory, file, llmcheck, run};
use crate::server::{Server, cut, cut_stream, failing, good, limited, whole_stream};

#[test]
fn the_cache_has_the_continuation_and_never_the_cut_answer() {
    let place = Place::new("going-on");
    let server = Server::replying(|_, request| match request.json()["messages"].as_array().unwrap().len() {
        1 => limited("one "),
        _ => good("two"),
    });
    for sent in [2, 3] {
        let report = place.ask(&server, &["--continue", "1", "--json"]).ends_with(0).report();
        assert_eq!((&report["answer"]["text"], &report["answer"]["seams"]), (&json!("one two"), &json!([4])));
        assert_eq!(trail(&report), ["token-limit-reached", "continue: healthy"]);
        // One request was made now: the answer as a whole is none out of the cache.
        assert_eq!((report.get("cached"), server.requests().len()), (None, sent));
        assert_eq!(report["attempts"][1]["billed"], if sent == 2 { "yes" } else { "no" });
    }
}

#[test]
fn the_recording_has_every_piece_and_gives_the_same_report() {
    let recording = directory("going-on-recorded").join("r.jsonl").to_str().unwrap().to_string();
    let retry = ["--retry", "1", "--retry-base", "1ms"];
    for (replies, arguments) in [
        (vec![limited("one "), cut("two "), good("three")], &[][..]),
        (vec![cut_stream(&["one "]), whole_stream(&["two"])], &["--stream"]),
        (vec![cut("one "), failing(), failing(), failing()], &retry),
        (vec![limited("one "), cut("two "), cut("two th"), good("three")], &retry),
        (vec![cut(STORY), good(&(STORY.replace("loopback", "distant")))], &[]),
    ] {
        let server = Server::in_turn(replies);
        let ran = chat(&server.url(), &[&["--continue", "2", "--json", "--record", &recording], arguments].concat());
        let mut live = ran.report();
        live.as_object_mut().unwrap().remove("settings");
        live["recovery"].as_object_mut().unwrap().remove("stopped");
        let again = run(llmcheck(["diagnose", "--json", &recording]));
        assert_eq!((again.code, again.report()), (ran.code, live));
    }
}

#[test]
fn reports_to_hand_on_have_every_exchange_and_say_where_the_pieces_meet() {
    for (lang, heading, words) in [
        ("en", "Exchanges in this report", "the pieces meet behind characters 4, 8"),
        ("zh", "本报告中的交换", "各段在第 4、8 个字符之后相接"),
    ] {
        let directory = directory(&format!("going-on-reports-{lang}"));
        let path = |name: &str| directory.join(name).to_str().unwrap().to_string();
        let (html, markdown) = (path("r.html"), path("r.md"));
        let arguments = ["--continue", "3", "--lang", lang, "--report", &html, "--report", &markdown];
        ask(&[limited("one "), cut("two "), good("three")], &arguments).1.ends_with(0);
        for path in [&html, &markdown] {
            let text = std::fs::read_to_string(path).unwrap();
            assert!(text.contains(words) && text.contains(heading), "{path}: {text}");
            for code in ["token-limit-reached", "cut-by-close", "healthy"] {
                assert!(text.contains(code), "{path}: {code}");
            }
        }
        assert!(std::fs::read_to_string(&markdown).unwrap().contains("3. "));
    }
}

const KEY: &str = "sk-proj-Zm9vYmFyQx7Lp2Vt9Kd4Rn8Ws1";

#[test]
fn a_key_that_is_split_over_a_seam_is_masked_wherever_it_is_shown() {
    let key = file("going-on-key", format!("{KEY}\n"));
    for there in [3, 7, 9, KEY.len() - 1, KEY.len()] {
        let (first, last) = KEY.split_at(there);
        let (first, last) = (format!("your key is {first}"), format!("{last}, you see"));
        for (name, replies, flags) in [
            ("plain", [cut(&first), good(&last)], &[][..]),
            ("stream", [cut_stream(&[&first]), whole_stream(&[&last])], &["--stream"]),
            ("events", [cut_stream(&[&first[..5], &first[5..]]), whole_stream(&[&last[..4], &last[4..]])], &["--stream"]),
            ("mixed", [cut_stream(&[&first]), good(&last)], &["--stream"]),
            ("json", [cut(&first), good(&last)], &["--json"]),
            ("verbose", [limited(&first), good(&last)], &["-v"]),
            ("cut", [cut(&first), cut(&last[..last.len() - 9])], &["--json"]),
        ] {
            let directory = directory("going-on-key-shown");
            let path = |name: &str| directory.join(name).to_str().unwrap().to_string();
            let (recording, html, markdown) = (path("r.jsonl"), path("r.html"), path("r.md"));
            let server = Server::in_turn(replies.to_vec());
            let common = ["chat", "hi", "--base-url", &server.url(), "--api-key-file", &key, "--continue", "3"];
            let files = ["--record", &recording, "--report", &html, "--report", &markdown];
            let ran = run(llmcheck(common.iter().chain(&files).chain(flags)));
            let mut shown = format!("{}{}", ran.stdout, ran.stderr);
            for path in [&recording, &html, &markdown] {
                shown += &std::fs::read_to_string(path).unwrap();
            }
            shown += &run(llmcheck(["diagnose", "--json", &recording])).stdout;
            assert!(shown.contains("your key is"), "{name}, {there}");
            // Neither the rest of it behind the seam nor what was handed back in the next request.
            for secret in [&KEY[..8], &KEY[8..], &KEY[there.min(KEY.len() - 8)..]] {
                assert!(!shown.contains(secret), "{name}, {there} bytes of it, {secret}: {shown}");
            }
        }
    }
}

#[test]
fn an_answer_that_was_cut_within_the_key_is_not_gone_on_with() {
    let key = file("going-on-within-key", format!("{KEY}\n"));
    let server = Server::always(cut(&format!("your key is {}", &KEY[..12])));
    let ran = run(llmcheck(["chat", "hi", "--base-url", &server.url(), "--api-key-file", &key, "--continue", "3"]));
    ran.ends_with(11).prints("your key is ************\n").tells("not asked to go on: the answer seems to be cut within your key");
    assert_eq!(server.requests().len(), 1);
}
