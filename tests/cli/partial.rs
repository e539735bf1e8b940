//! An answer that was cut: what arrived of it is on stdout once and in order, and stderr says that it is only a part.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::program::{Ran, chat, directory, file, lab, llmcheck, run};
use crate::server::{STREAM_END, STREAM_HEAD, Server, api_error, completion, cut_stream, declaring, delta, good, response, whole_stream};

/// A plain answer with this text that breaks off behind `last`.
fn cut_behind(text: &str, last: &str) -> Vec<u8> {
    let body = completion(text);
    let cut = body.find(last).unwrap() + last.len();
    declaring(body.len(), "200 OK", "", &body[..cut])
}

/// An event with this text that breaks off behind it.
fn half_event(text: &str) -> String {
    let event = delta(text);
    event[..event.find(text).unwrap() + text.len()].to_string()
}

/// A stream of these pieces that breaks off within the last of them.
fn stream_cut_inside(pieces: &[&str], last: &str) -> Vec<u8> {
    [&cut_stream(pieces)[..], half_event(last).as_bytes()].concat()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    // What is flushed can be decoded, however the rest is cut.
    encoder.flush().unwrap();
    encoder.get_ref().clone()
}

#[track_caller]
fn says_nothing_of_a_part(ran: &Ran) {
    assert!(!ran.stderr.contains("characters arrived") && !ran.stderr.contains("held back"), "{}", ran.stderr);
}

#[test]
fn a_cut_plain_answer_is_printed_as_far_as_it_came() {
    let server = Server::always(cut_behind("Hello, 世界! How are you?", "世界! "));
    let ran = chat(&server.url(), &[]);
    ran.ends_with(11).prints("Hello, 世界! \n");
    ran.tells("llmcheck: the answer on stdout is only a part: 11 characters arrived\n").tells("part of the answer 11 characters");
    let ran = chat(&server.url(), &["--lang", "zh"]);
    ran.ends_with(11).prints("Hello, 世界! \n").tells("llmcheck: stdout 上的回答只是一部分：收到了 11 个字符\n");
}

#[test]
fn a_part_that_ends_with_a_line_feed_gets_no_second() {
    let server = Server::always(cut_behind("one\ntwo", r"one\n"));
    chat(&server.url(), &[]).ends_with(11).prints("one\n").tells("4 characters");
}

#[test]
fn half_an_escape_is_no_character() {
    let body = completion("one").replace("one", r"one\ud83d\ude00");
    for cut in 1..r"\ud83d\ude00".len() {
        let there = body.find("one").unwrap() + 3 + cut;
        chat(&Server::always(declaring(body.len(), "200 OK", "", &body[..there])).url(), &[]).ends_with(11).prints("one\n");
    }
}

#[test]
fn a_cut_compressed_answer_is_printed_as_far_as_it_can_be_decoded() {
    let body = gzip(&completion("Hello, world")[..completion("").find("\"\"").unwrap() + 6]);
    let server = Server::always(response("200 OK", "Content-Encoding: gzip\r\n", body));
    chat(&server.url(), &[]).ends_with(11).prints("Hello\n").tells("encoded-body-cut").tells("5 characters arrived");
}

#[test]
fn an_answer_that_was_cut_before_its_text_has_no_part() {
    let body = completion("Hello");
    let server = Server::always(declaring(body.len(), "200 OK", "", &body[..body.find("Hello").unwrap()]));
    let ran = chat(&server.url(), &[]);
    says_nothing_of_a_part(ran.ends_with(11).prints(""));
    assert_eq!(chat(&server.url(), &["--json"]).report()["answer"]["text"], Value::Null);
}

#[test]
fn a_complete_answer_is_no_part_whatever_else_is_wrong() {
    let body = completion("all of it");
    let server = Server::always(declaring(body.len() + 100, "200 OK", "", &body));
    says_nothing_of_a_part(chat(&server.url(), &[]).ends_with(10).prints("all of it\n"));
    let finished = &STREAM_END[..STREAM_END.find("data: [DONE]").unwrap()];
    let whole = Server::always(format!("{STREAM_HEAD}{}{finished}data: {{\"cho", delta("all")));
    says_nothing_of_a_part(chat(&whole.url(), &["--stream"]).prints("all\n"));
}

#[test]
fn a_cut_stream_is_printed_with_its_half_event_once_and_in_order() {
    let server = Server::always(stream_cut_inside(&["one ", "two "], "thr"));
    let ran = chat(&server.url(), &["--stream"]);
    ran.ends_with(11).prints("one two thr\n").tells("llmcheck: the answer on stdout is only a part: 11 characters arrived\n");
    chat(&server.url(), &["--stream", "--lang", "zh"]).prints("one two thr\n").tells("stdout 上的回答只是一部分：收到了 11 个字符");
}

#[test]
fn a_last_event_without_its_empty_line_is_printed_too() {
    let server = Server::always(format!("{STREAM_HEAD}{}{}", delta("one "), delta("two").trim_end()));
    chat(&server.url(), &["--stream"]).ends_with(11).prints("one two\n").tells("7 characters");
}

#[test]
fn a_stream_that_nobody_asked_for_is_printed_as_far_as_it_came() {
    let server = Server::always(stream_cut_inside(&["one "], "tw"));
    chat(&server.url(), &[]).ends_with(11).prints("one tw\n").tells("only a part: 6 characters");
}

#[test]
fn a_plain_answer_to_who_asked_for_a_stream_is_printed_as_far_as_it_came() {
    let server = Server::always(cut_behind("Hello, world", "Hello"));
    chat(&server.url(), &["--stream"]).ends_with(11).prints("Hello\n").tells("only a part: 5 characters");
}

#[test]
fn atomic_holds_a_part_back_and_says_how_to_get_it() {
    for (bytes, flags) in [
        (cut_behind("Hello, world", "Hello"), &["--atomic"][..]),
        (cut_behind("Hello, world", "Hello"), &["--atomic", "--stream"]),
        (stream_cut_inside(&["Hel"], "lo"), &["--atomic", "--stream"]),
        (stream_cut_inside(&["Hel"], "lo"), &["--atomic"]),
    ] {
        let server = Server::always(bytes);
        let ran = chat(&server.url(), flags);
        ran.ends_with(11).prints("").tells(
            "llmcheck: 5 characters of the answer arrived and were held back: to get them, leave out --atomic, or read answer.text of --json\n",
        );
        let chinese = chat(&server.url(), &[flags, &["--lang", "zh"]].concat());
        chinese.ends_with(11).prints("").tells("llmcheck: 收到了回答的 5 个字符，保留未输出").tells("--atomic").tells("answer.text");
    }
}

#[test]
fn the_report_has_the_part_in_place_of_stdout_and_so_has_the_recording() {
    for (name, bytes, flags) in [
        ("part-plain", cut_behind("Hello, world", "Hello"), &["--json"][..]),
        ("part-atomic", cut_behind("Hello, world", "Hello"), &["--json", "--atomic"]),
        ("part-stream", stream_cut_inside(&["Hel"], "lo"), &["--json", "--stream"]),
    ] {
        let server = Server::always(bytes);
        let recording = directory(name).join("r.jsonl").to_str().unwrap().to_string();
        let ran = chat(&server.url(), &[flags, &["--record", &recording]].concat());
        let report = ran.ends_with(11).report();
        let answer = &report["answer"];
        assert_eq!(
            (&answer["text"], &answer["partial"], &answer["finish_reason"]),
            (&"Hello".into(), &true.into(), &Value::Null),
            "{name}"
        );
        ran.is_silent();
        assert_eq!(&run(llmcheck(["diagnose", "--json", &recording])).ends_with(11).report()["answer"], answer);
    }
}

#[test]
fn no_reason_for_the_end_is_taken_from_what_was_cut() {
    // The reason stands before the text here.
    let bytes = cut_behind("Hello, world", "Hello");
    assert!(String::from_utf8_lossy(&bytes).contains(r#""finish_reason":"stop","#));
    let report = chat(&Server::always(bytes).url(), &["--json"]).ends_with(11).report();
    assert_eq!((&report["answer"]["text"], &report["answer"]["finish_reason"]), (&"Hello".into(), &Value::Null));
}

#[test]
fn what_is_told_in_place_of_an_answer_is_none() {
    let error = api_error("Hello, world, you have no credits left");
    let cut_error = declaring(error.len(), "200 OK", "", &error[..50]);
    says_nothing_of_a_part(chat(&Server::always(cut_error).url(), &[]).prints(""));
    let body = completion("Hello, world");
    let cut = &body[..body.find(", world").unwrap()];
    for status in ["500 Internal Server Error", "404 Not Found", "302 Found"] {
        let server = Server::always(declaring(body.len(), status, "", cut));
        says_nothing_of_a_part(chat(&server.url(), &[]).prints(""));
    }
    let both = format!("{{\"error\":{{\"message\":\"no\"}},{}", &cut[1..]);
    says_nothing_of_a_part(chat(&Server::always(declaring(500, "200 OK", "", both)).url(), &[]).prints(""));
}

#[test]
fn what_was_written_behind_a_cut_answer_is_no_part_of_it() {
    let ran = lab("error-after-cut-body", &[]);
    assert!(ran.stdout.starts_with("You asked") && !ran.stdout.contains('{'), "{ran:?}");
    ran.ends_with(11).tells("upstream closed the stream").tells("is only a part");
    let ran = lab("page-after-cut-body", &[]);
    assert!(ran.stdout.starts_with("You asked") && !ran.stdout.contains('<'), "{ran:?}");
}

#[test]
fn a_part_that_another_attempt_replaces_is_not_printed() {
    let cut = cut_behind("Hello, world", "Hello");
    let retry = ["--retry", "1", "--retry-base", "1ms"];
    let server = Server::in_turn(vec![cut.clone(), good("Hello, world")]);
    says_nothing_of_a_part(chat(&server.url(), &retry).ends_with(0).prints("Hello, world\n"));
    let server = Server::in_turn(vec![cut, cut_behind("Hello again", "Hello ag")]);
    chat(&server.url(), &retry).ends_with(11).prints("Hello ag\n").tells("8 characters arrived");
}

#[test]
fn a_half_event_before_any_other_text_keeps_no_retry_from_being_made() {
    let retry = ["--stream", "--retry", "1", "--retry-base", "1ms"];
    let server = Server::in_turn(vec![stream_cut_inside(&[], "Hel"), whole_stream(&["Hel", "lo"])]);
    chat(&server.url(), &retry).ends_with(0).prints("Hello\n");
    let server = Server::always(stream_cut_inside(&[], "Hel"));
    chat(&server.url(), &retry).ends_with(11).prints("Hel\n").tells("3 characters arrived");
}

#[test]
fn quiet_leaves_the_part_and_not_the_mark() {
    let server = Server::always(cut_behind("Hello, world", "Hello"));
    chat(&server.url(), &["--quiet"]).ends_with(11).prints("Hello\n").is_silent();
}

#[test]
fn reports_to_hand_on_say_how_much_arrived() {
    let directory = directory("part-reports");
    let server = Server::always(cut_behind("Hello, world", "Hello"));
    for (name, lang, words) in [
        ("en.md", "en", ["Part of the answer", "5 characters"]),
        ("zh.md", "zh", ["收到的部分回答", "5 个字符"]),
        ("en.html", "en", ["Part of the answer", "5 characters"]),
        ("zh.html", "zh", ["收到的部分回答", "5 个字符"]),
    ] {
        let path = directory.join(name);
        chat(&server.url(), &["--lang", lang, "--report", path.to_str().unwrap()]).ends_with(11);
        let report = std::fs::read_to_string(path).unwrap();
        assert!(words.iter().all(|words| report.contains(words)), "{report}");
    }
}

const KEY: &str = "sk-proj-Zm9vYmFyQx7Lp2Vt9Kd4Rn8Ws1";

/// Everything that is shown of the answer of this server, by every way of asking it with the key.
fn shown(test: &str, server: &Server) -> String {
    let key = file(&format!("{test}-key"), format!("{KEY}\n"));
    let recording = directory(test).join("r.jsonl").to_str().unwrap().to_string();
    let mut shown = String::new();
    for flags in [&[][..], &["-v"], &["--json"], &["--stream"], &["--stream", "--json", "-v"], &["--record", &recording]] {
        let ran = run(llmcheck(["chat", "hi", "--base-url", &server.url(), "--api-key-file", &key].iter().chain(flags)));
        ran.ends_with(11);
        shown += &format!("{flags:?}: {}{}", ran.stdout, ran.stderr);
    }
    shown + &std::fs::read_to_string(&recording).unwrap() + &run(llmcheck(["diagnose", "--json", &recording])).stdout
}

#[test]
fn a_key_in_a_part_is_hidden_also_where_it_was_cut_itself() {
    for there in [9, KEY.len() - 1, KEY.len()] {
        let text = format!("your key is {}", &KEY[..there]);
        let body = completion(&format!("{text}~~~"));
        let part = &body[..body.find("~~~").unwrap()];
        let cut = body.len();
        // Over two events, so that the key is nowhere in one piece on the wire.
        let (first, last) = text.split_at(20);
        for (name, bytes) in [
            ("part-key", declaring(cut, "200 OK", "", part)),
            ("part-key-gzip", response("200 OK", "Content-Encoding: gzip\r\n", gzip(part))),
            ("part-key-stream", stream_cut_inside(&[], &text)),
            ("part-key-events", stream_cut_inside(&[first], last)),
        ] {
            let shown = shown(name, &Server::always(bytes));
            assert!(shown.contains("your key is"), "{shown}");
            assert!(!shown.contains(&KEY[..9]), "{name}, {there} bytes of it: {shown}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_reader_that_leaves_early_changes_no_verdict() {
    use std::io::Read as _;

    use crate::program::finish;
    let text = "a long answer ".repeat(100_000);
    let server = Server::always(cut_behind(&format!("{text}and its end"), &text));
    let mut child = llmcheck(["chat", "hi", "--base-url", &server.url()]).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0]).unwrap();
    drop(stdout);
    let ran = finish(child);
    says_nothing_of_a_part(ran.ends_with(11).tells("cut-by-close"));
    // stdout that was closed from the start takes nothing, and fails nothing.
    let server = Server::always(stream_cut_inside(&["one "], "tw"));
    for flags in ["", "--stream"] {
        let mut command = std::process::Command::new("sh");
        let typed = format!("{} chat hi --base-url {} {flags} | true", env!("CARGO_BIN_EXE_llmcheck"), server.url());
        command.args(["-c", &typed]).env_clear().envs([crate::program::path()]);
        command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        run(command).ends_with(0).prints("");
    }
}
