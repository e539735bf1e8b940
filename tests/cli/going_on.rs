//! `--continue`: which conversations really arrive, what stands on stdout, and what is told of the pieces. A healthy answer, a tool call
//! and an answer without text are never gone on with.

use serde_json::{Value, json};

use crate::program::{Ran, chat, file, lab, llmcheck, run};
use crate::server::{
    STREAM_HEAD, Server, api_error, completion, cut, cut_stream, declaring, delta, failing, good, limited, response, whole_stream,
};

const GO_ON: &str = "Continue exactly where you stopped, even in the middle of a word. Do not repeat anything, and do not comment on it.";

/// A stream of these pieces that came to its token limit.
pub fn limited_stream(pieces: &[&str]) -> Vec<u8> {
    String::from_utf8(whole_stream(pieces)).unwrap().replace(r#""finish_reason":"stop""#, r#""finish_reason":"length""#).into_bytes()
}

/// The conversation of each request that came: `user: hi | assistant: Hel | user: …`, the words that ask for more as `…`.
pub fn conversations(server: &Server) -> Vec<String> {
    let message = |message: &Value| {
        let content = message["content"].as_str().unwrap();
        format!("{}: {}", message["role"].as_str().unwrap(), if content == GO_ON { "…" } else { content })
    };
    let of = |request: Value| request["messages"].as_array().unwrap().iter().map(message).collect::<Vec<_>>().join(" | ");
    server.requests().iter().map(|request| of(request.json())).collect()
}

pub fn trail(report: &Value) -> Vec<String> {
    let step = |attempt: &Value| match attempt["remedy"].as_str() {
        Some(remedy) => format!("{remedy}: {}", attempt["code"].as_str().unwrap()),
        None => attempt["code"].as_str().unwrap().to_string(),
    };
    report["attempts"].as_array().unwrap().iter().map(step).collect()
}

pub fn ask(replies: &[Vec<u8>], arguments: &[&str]) -> (Server, Ran) {
    let server = Server::in_turn(replies.to_vec());
    let ran = chat(&server.url(), arguments);
    (server, ran)
}

/// What stderr says about the run itself, in its order.
pub fn notes(ran: &Ran) -> Vec<&str> {
    ran.stderr.lines().filter_map(|line| line.strip_prefix("llmcheck: ")).collect()
}

#[test]
fn each_request_is_the_conversation_with_all_that_was_said_so_far() {
    let (server, ran) = ask(&[cut("The quick brown "), cut("fox ju"), good("mps over")], &["--continue", "5", "--system", "Be short."]);
    ran.ends_with(0).prints("The quick brown fox jumps over\n");
    assert_eq!(
        conversations(&server),
        [
            "system: Be short. | user: hi",
            "system: Be short. | user: hi | assistant: The quick brown  | user: …",
            "system: Be short. | user: hi | assistant: The quick brown fox ju | user: …",
        ]
    );
    assert_eq!(
        notes(&ran),
        ["16 characters, then cut-by-close; asking the model to go on", "22 characters, then cut-by-close; asking the model to go on"]
    );
    ran.tells("= joined:  the pieces meet behind characters 16, 22\n").tells("go on: healthy");
}

#[test]
fn the_notes_and_the_page_are_in_chinese_too() {
    let (_, ran) = ask(&[limited("从前有一座山，"), good("山里有座庙")], &["--continue", "1", "--lang", "zh"]);
    ran.ends_with(0).prints("从前有一座山，山里有座庙\n");
    assert_eq!(notes(&ran), ["收到 7 个字符后 token-limit-reached；请模型接着往下写"]);
    ran.tells("拼接： 两段在第 7 个字符之后相接\n").tells("续写：healthy");
}

#[test]
fn everything_else_in_the_body_stays_as_it_was() {
    let (server, _) = ask(&[limited("one "), good("two")], &["--continue", "1", "--max-tokens", "9", "--temperature", "0.5", "-m", "m"]);
    let bodies: Vec<Value> = server.requests().iter().map(|request| request.json()).collect();
    let without_messages = |body: &Value| {
        let mut body = body.clone();
        body.as_object_mut().unwrap().remove("messages");
        body
    };
    assert_eq!(without_messages(&bodies[0]), json!({"model": "m", "max_tokens": 9, "temperature": 0.5}));
    assert_eq!(without_messages(&bodies[1]), without_messages(&bodies[0]));
}

#[test]
fn a_whole_body_and_given_messages_are_gone_on_with_byte_for_byte() {
    let messages = r#"[{"role":"user","content":"a"}, {"role":"assistant","content":"b"},{"content":"\u4f60","role":"user" }]"#;
    let body = format!(r#"{{"messages":{messages}, "model":"m", "temperature":1.50}}"#);
    let added = |given: &str| {
        let more = format!(r#",{{"content":"one ","role":"assistant"}},{{"content":"{GO_ON}","role":"user"}}]"#);
        given.replace(", {", ",{").strip_suffix(']').unwrap().to_string() + &more
    };
    let server = Server::in_turn(vec![limited("one "), good("two")]);
    let path = file("going-on-body", &body);
    run(llmcheck(["chat", "--body", &path, "--base-url", &server.url(), "--continue", "1"])).ends_with(0).prints("one two\n");
    let asked: Vec<String> = server.requests().iter().map(|request| String::from_utf8(request.body.clone()).unwrap()).collect();
    assert_eq!(asked[0], body);
    assert_eq!(asked[1], format!(r#"{{"messages":{},"model":"m","temperature":1.50}}"#, added(messages)));

    let server = Server::in_turn(vec![limited("one "), good("two")]);
    let path = file("going-on-messages", messages);
    let arguments = ["chat", "c", "--messages", &path, "--keep-turns", "1", "--base-url", &server.url(), "--continue", "1"];
    run(llmcheck(arguments)).ends_with(0).prints("one two\n");
    assert_eq!(conversations(&server), ["user: 你 | user: c", "user: 你 | user: c | assistant: one  | user: …"]);
}

#[test]
fn a_body_without_messages_cannot_be_gone_on_with() {
    for (body, words) in [(r#"{"prompt":"a"}"#, "the body holds no messages"), ("[1]", "the body holds no messages")] {
        let server = Server::always(limited("one "));
        let path = file("going-on-no-messages", body);
        let ran = run(llmcheck(["chat", "--body", &path, "--base-url", &server.url(), "--continue", "3"]));
        ran.ends_with(0).prints("one \n").tells(words);
        assert_eq!(server.requests().len(), 1, "{body}");
    }
}

#[test]
fn a_healthy_answer_is_never_gone_on_with() {
    for (reply, arguments) in [
        (good("all of it"), &[][..]),
        (whole_stream(&["all of it"]), &["--stream"]),
        (good("all of it"), &["--recover", "--atomic"]),
        (response("200 OK", "", completion("all of it").replace("gpt-4o-mini", "other")), &[]),
        // All of it is there, for all that is wrong around it.
        (declaring(completion("all of it").len() + 100, "200 OK", "", completion("all of it")), &[]),
    ] {
        let (server, ran) = ask(&[reply], &[&["--continue", "3"], arguments].concat());
        assert_eq!((server.requests().len(), ran.stdout.as_str()), (1, "all of it\n"), "{arguments:?}");
        assert_eq!(notes(&ran), [""; 0]);
    }
}

#[test]
fn what_has_no_text_is_never_gone_on_with() {
    let empty = completion("~~~");
    for reply in [
        failing(),
        declaring(empty.len(), "200 OK", "", &empty[..empty.find("~~~").unwrap()]),
        response("200 OK", "", completion("").replace(r#""finish_reason":"stop""#, r#""finish_reason":"length""#)),
        response("200 OK", "", completion("filtered").replace(r#""finish_reason":"stop""#, r#""finish_reason":"content_filter""#)),
        response("429 Too Many Requests", "", api_error("slow down")),
        response("502 Bad Gateway", "", &completion("half of it")[..200]),
    ] {
        let (server, ran) = ask(&[reply], &["--continue", "3"]);
        assert_eq!((server.requests().len(), notes(&ran).len()), (1, 0), "{ran:?}");
    }
}

#[test]
fn a_tool_call_is_never_gone_on_with() {
    let message = r#""content":"Let me look.","tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"city\":\"Hang"}}]"#;
    let body = completion("").replace(r#""content":"""#, message);
    assert!(body.contains("tool_calls"));
    let within = body.find("Hang").unwrap();
    let call = json!([{"index": 0, "delta": {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f", "arguments": "{\"ci"}}]}}]);
    let event = format!("data: {}\n\n", json!({"choices": call}));
    let half = &event[..event.find("ci").unwrap()];
    for (reply, arguments) in [
        (response("200 OK", "", body.replace(r#""finish_reason":"stop""#, r#""finish_reason":"length""#)), &[][..]),
        (declaring(body.len(), "200 OK", "", &body[..within]), &[]),
        (format!("{STREAM_HEAD}{}{event}", delta("Let me look.")).into_bytes(), &["--stream"]),
        (format!("{STREAM_HEAD}{}{half}", delta("Let me look.")).into_bytes(), &["--stream"]),
    ] {
        let (server, ran) = ask(&[reply], &[&["--continue", "3"], arguments].concat());
        assert_eq!((server.requests().len(), ran.stdout.as_str()), (1, "Let me look.\n"), "{ran:?}");
    }
}

#[test]
fn a_stream_goes_on_where_it_stopped_and_nothing_is_doubled() {
    let replies =
        [cut_stream(&["The quick ", "brown fox ju"]), cut_stream(&["quick brown ", "fox jumps", " over"]), whole_stream(&[" the dog"])];
    let (server, ran) = ask(&replies, &["--continue", "5", "--stream"]);
    ran.ends_with(0).prints("The quick brown fox jumps over the dog\n").tells("the pieces meet behind characters 22, 30");
    assert_eq!(server.requests().len(), 3);
    assert_eq!(
        notes(&ran),
        [
            "22 characters, then stream-closed-without-finish; asking the model to go on",
            "30 characters, then stream-closed-without-finish; asking the model to go on"
        ]
    );
}

#[test]
fn the_report_has_the_whole_text_its_seams_and_every_attempt() {
    for (name, replies, arguments) in [
        ("plain", [limited("Once upon a time"), cut(" there was"), good(" a fox")], &[][..]),
        ("stream", [limited_stream(&["Once upon a time"]), cut_stream(&[" there was"]), whole_stream(&[" a fox"])], &["--stream"]),
        ("atomic", [limited("Once upon a time"), cut(" there was"), good(" a fox")], &["--atomic"]),
    ] {
        let (_, ran) = ask(&replies, &[&["--continue", "2", "--json"], arguments].concat());
        let report = ran.ends_with(0).report();
        let answer = &report["answer"];
        assert_eq!(answer["text"], "Once upon a time there was a fox", "{name}");
        assert_eq!((&answer["seams"], &answer["partial"]), (&json!([16, 26]), &json!(false)), "{name}");
        let cut = if name == "stream" { "stream-closed-without-finish" } else { "cut-by-close" };
        assert_eq!(trail(&report), ["token-limit-reached", &format!("continue: {cut}"), "continue: healthy"], "{name}");
        assert_eq!((&report["recovered"], &report["recovery"]["worked"]), (&json!(true), &json!("continue")));
        assert!(report.get("parts").is_none());
    }
}

#[test]
fn after_so_many_continuations_it_ends_with_what_there_is() {
    let (server, ran) = ask(&[limited("one "), limited("two "), limited("three "), good("four")], &["--continue", "2", "--json"]);
    let report = ran.ends_with(0).report();
    assert_eq!((&report["answer"]["text"], &report["answer"]["partial"]), (&json!("one two three "), &json!(false)));
    assert_eq!((&report["verdict"]["code"], server.requests().len()), (&json!("token-limit-reached"), 3));
    let (_, ran) = ask(&[cut("one "), cut("two ")], &["--continue", "1"]);
    ran.ends_with(11).prints("one two \n").tells("the answer on stdout is only a part: 8 characters arrived");
    let (_, strict) = ask(&[limited("one "), limited("two ")], &["--continue", "1", "--strict"]);
    strict.ends_with(21).prints("one two \n");
}

#[test]
fn where_a_continuation_fails_what_had_arrived_is_there_and_the_exit_code_is_the_faults() {
    for (first, arguments) in [(cut("half of "), &[][..]), (limited("half of "), &[]), (cut_stream(&["half of "]), &["--stream"])] {
        let (server, ran) = ask(&[first.clone(), failing()], &[&["--continue", "3"], arguments].concat());
        ran.ends_with(17).prints("half of \n").tells("the answer on stdout is only a part: 8 characters arrived");
        assert_eq!(server.requests().len(), 2);
        let (_, ran) = ask(&[first.clone(), failing()], &[&["--continue", "3", "--json"], arguments].concat());
        let answer = &ran.ends_with(17).report()["answer"];
        assert_eq!((&answer["text"], &answer["partial"], answer.get("seams")), (&json!("half of "), &json!(true), None));
        let (_, ran) = ask(&[first, failing()], &[&["--continue", "3", "--atomic"], arguments].concat());
        ran.ends_with(17).prints("").tells("8 characters of the answer arrived and were held back");
    }
}

#[test]
fn where_a_later_continuation_fails_all_pieces_are_there() {
    for (replies, arguments) in [
        ([cut("half "), cut("of "), failing()], &[][..]),
        ([cut_stream(&["half "]), cut_stream(&["of "]), failing()], &["--stream"]),
        // What came as a stream goes on as a plain answer, and the other way round.
        ([cut_stream(&["half "]), cut("of "), failing()], &["--stream"]),
        ([cut("half "), cut_stream(&["of "]), failing()], &["--stream"]),
        ([cut("half "), cut_stream(&["of "]), failing()], &[]),
    ] {
        let (server, ran) = ask(&replies, &[&["--continue", "3", "--lang", "zh"], arguments].concat());
        ran.ends_with(17).prints("half of \n").tells("stdout 上的回答只是一部分：收到了 8 个字符");
        assert_eq!(server.requests().len(), 3, "{arguments:?}");
    }
}

#[test]
fn a_stream_that_goes_on_in_another_mode_is_printed_once_and_in_order() {
    // That a plain answer comes where a stream was asked for is a fault of its own.
    for (replies, code) in [
        ([cut("one "), whole_stream(&["two ", "three"])], 0),
        ([cut_stream(&["one "]), good("two three")], 20),
        ([limited("one "), whole_stream(&["two ", "three"])], 0),
        ([limited("one "), good("two three")], 20),
    ] {
        let (server, ran) = ask(&replies, &["--continue", "3", "--stream"]);
        ran.ends_with(code).prints("one two three\n");
        assert_eq!(server.requests().len(), 2);
    }
    let replies = [cut_stream(&["one "]), cut("two "), cut_stream(&["three "]), good("four")];
    ask(&replies, &["--continue", "3", "--stream"]).1.ends_with(20).prints("one two three four\n");
}

#[test]
fn a_continuation_may_be_tried_again_and_is_joined_once() {
    let retry = ["--continue", "1", "--retry", "2", "--retry-base", "1ms"];
    let (server, ran) = ask(&[limited("one "), failing(), good("two")], &[&retry[..], &["--json"]].concat());
    let report = ran.ends_with(0).report();
    assert_eq!((&report["answer"]["text"], &report["answer"]["seams"]), (&json!("one two"), &json!([4])));
    assert_eq!(trail(&report), ["token-limit-reached", "continue: provider-error", "retry: healthy"]);
    let again = "user: hi | assistant: one  | user: …";
    assert_eq!(conversations(&server), ["user: hi", again, again]);
    // Of one that is on stdout already it is not said that nothing more is tried, when something is.
    let (_, ran) = ask(&[cut_stream(&["one "]), failing(), whole_stream(&["two"])], &[&retry[..], &["--stream"]].concat());
    ran.ends_with(0).prints("one two\n");
    assert_eq!(notes(&ran)[0], "4 characters, then stream-closed-without-finish; asking the model to go on");
    assert!(notes(&ran)[1].starts_with("attempt 1 of 3: provider-error") && notes(&ran).len() == 2, "{ran:?}");
}

#[test]
fn a_cut_is_tried_again_as_a_whole_first_where_nothing_is_printed_yet() {
    let retry = ["--continue", "1", "--retry", "1", "--retry-base", "1ms"];
    let (server, ran) = ask(&[cut("one "), good("one two")], &retry);
    ran.ends_with(0).prints("one two\n");
    assert_eq!(conversations(&server), ["user: hi", "user: hi"]);
    let (server, ran) = ask(&[cut("one "), cut("one tw"), good("o")], &retry);
    ran.ends_with(0).prints("one two\n");
    assert_eq!(conversations(&server), ["user: hi", "user: hi", "user: hi | assistant: one tw | user: …"]);
}

#[test]
fn a_continuation_is_asked_where_the_answer_came_from_and_elsewhere_if_that_fails() {
    let (first, second, third) =
        (Server::always(failing()), Server::in_turn(vec![limited("one "), failing()]), Server::always(good("two")));
    let config = file(
        "going-on-fallback",
        format!("[endpoints.second]\nbase_url = \"{}\"\n[endpoints.third]\nbase_url = \"{}\"\n", second.url(), third.url()),
    );
    let fallbacks = ["--fallback", "second", "--fallback", "third:other"];
    let common = ["chat", "hi", "--config", &config, "--base-url", &first.url(), "--continue", "1", "--json"];
    let report = run(llmcheck(common.iter().chain(&fallbacks))).ends_with(0).report();
    let elsewhere = ["endpoint: provider-error", "endpoint: healthy"];
    assert_eq!(trail(&report), [&["provider-error", "endpoint: token-limit-reached", "continue: provider-error"][..], &elsewhere].concat());
    assert_eq!(report["answer"]["text"], "one two");
    let longer = "user: hi | assistant: one  | user: …";
    assert_eq!(conversations(&first), ["user: hi", longer]);
    assert_eq!(conversations(&second), ["user: hi", longer]);
    assert_eq!(conversations(&third), [longer]);
    assert_eq!(third.request().json()["model"].as_str(), Some("other"));
}

#[test]
fn what_had_to_be_asked_otherwise_is_asked_so_by_every_continuation() {
    let empty = || declaring(600, "200 OK", "", "");
    let server = Server::replying(move |number, request| match (&request.json()["stream"], number) {
        (Value::Bool(true), 1) => limited_stream(&["one "]),
        (Value::Bool(true), 2) => limited_stream(&["two "]),
        (Value::Bool(true), _) => whole_stream(&["three"]),
        _ => empty(),
    });
    let report = chat(&server.url(), &["--continue", "3", "--recover", "--json"]).ends_with(0).report();
    assert_eq!(
        trail(&report),
        ["empty-body-after-overwrite", "stream: token-limit-reached", "continue: token-limit-reached", "continue: healthy"]
    );
    assert_eq!(report["answer"]["text"], "one two three");
}

#[test]
fn a_continuation_that_brings_nothing_ends_it() {
    for second in [good("quick brown fox"), good("the quick brown fox"), limited("quick brown fox"), cut("the quick brown fox")] {
        let (server, ran) = ask(&[limited("the quick brown fox"), second], &["--continue", "5"]);
        assert_eq!((server.requests().len(), ran.stdout.as_str()), (2, "the quick brown fox\n"), "{ran:?}");
    }
}

pub const STORY: &str = "Once upon a time there was a small server that lived on a loopback address.";

#[test]
fn an_answer_that_begins_anew_is_not_printed_twice() {
    let anew = format!("{} Every night it answered.", STORY.replace("loopback", "distant"));
    let (_, ran) = ask(&[cut(STORY), good(&anew)], &["--continue", "3", "--json"]);
    let answer = &ran.ends_with(0).report()["answer"];
    assert_eq!((answer["text"].as_str(), answer.get("seams")), (Some(anew.as_str()), None));
    // What is printed cannot be taken back: the other begins on a line of its own.
    let (_, ran) = ask(&[cut_stream(&[STORY]), whole_stream(&[&anew[..50], &anew[50..]])], &["--continue", "3", "--stream"]);
    ran.ends_with(0).prints(&format!("{STORY}\n{anew}\n"));
    // One that came less far is no gain.
    let (_, ran) = ask(&[cut(STORY), cut(&anew[..70])], &["--continue", "3"]);
    ran.ends_with(11).prints(&format!("{STORY}\n"));
    // The same from the first word.
    for arguments in [&[][..], &["--stream"]] {
        let ran = lab("restarts-when-continued", &[&["--continue", "3"], arguments].concat());
        ran.ends_with(0).tells("the pieces meet behind character 1");
        assert_eq!(ran.stdout, lab("healthy", &[]).stdout);
    }
}

#[test]
fn seams_of_a_text_that_was_replaced_are_forgotten() {
    let anew = STORY.replace("loopback", "distant");
    let replies = [cut(&STORY[..50]), cut(&STORY[50..]), cut(&(anew.clone() + " It")), good(" ended.")];
    let answer = ask(&replies, &["--continue", "3", "--json"]).1.ends_with(0).report()["answer"].clone();
    assert_eq!((&answer["text"], &answer["seams"]), (&json!(format!("{anew} It ended.")), &json!([anew.len() + 3])));
}

#[test]
fn the_lab_is_gone_on_with_to_the_end_in_both_modes_and_languages() {
    for scenario in ["cuts-long-answers", "continues-at-limit"] {
        for (prompt, arguments) in [("hello", &[][..]), ("hello", &["--stream"]), ("写个故事", &[]), ("写个故事", &["--stream"])] {
            let whole = run(llmcheck(["chat", prompt, "--lab", "healthy"])).stdout;
            let limit = if scenario == "continues-at-limit" { &["--max-tokens", "30"][..] } else { &[] };
            let ran = run(llmcheck(["chat", prompt, "--lab", scenario, "--continue", "9"].iter().chain(arguments).chain(limit)));
            ran.ends_with(0).prints(&whole);
        }
    }
}

#[test]
fn the_bounds_count_continuations_too() {
    let (server, ran) = ask(&[limited("one "), good("two")], &["--continue", "3", "--max-cost-tokens", "1", "--json"]);
    let report = ran.ends_with(0).tells("--max-cost-tokens").report();
    assert_eq!((server.requests().len(), &report["answer"]["text"]), (1, &json!("one ")));
    assert_eq!(report["recovery"]["stopped"], "out-of-tokens");
    let (server, ran) = ask(&[limited("one "), limited("two "), good("three")], &["--continue", "3", "--max-cost-tokens", "3"]);
    ran.ends_with(0).prints("one two \n").tells("--max-cost-tokens");
    assert_eq!(server.requests().len(), 2);
    let (server, ran) = ask(&[limited("one "), good("two")], &["--continue", "3", "--retry-max-time", "1ns"]);
    ran.ends_with(0).prints("one \n").tells("--retry-max-time");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn quiet_says_nothing_and_changes_nothing() {
    let (_, ran) = ask(&[cut_stream(&["one "]), whole_stream(&["two"])], &["--continue", "3", "--stream", "--quiet"]);
    ran.ends_with(0).prints("one two\n").is_silent();
}

#[test]
fn a_text_that_ends_with_a_line_feed_gets_no_second() {
    ask(&[limited("one\n"), good("two\n")], &["--continue", "1"]).1.prints("one\ntwo\n");
    ask(&[cut_stream(&["one\n"]), whole_stream(&["two", "\n"])], &["--continue", "1", "--stream"]).1.prints("one\ntwo\n");
    ask(&[cut_stream(&["one\n"]), failing()], &["--continue", "1", "--stream"]).1.prints("one\n");
}

#[cfg(unix)]
#[test]
fn for_nobody_who_reads_it_is_not_gone_on_with() {
    let server = Server::always(cut_stream(&["a long answer ".repeat(20_000).as_str(); 3]));
    let mut command = std::process::Command::new("sh");
    let typed = format!("{} chat hi --base-url {} --stream --continue 3 | head -c 10", env!("CARGO_BIN_EXE_llmcheck"), server.url());
    command.args(["-c", &typed]).env_clear().envs([crate::program::path()]);
    command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    run(command).ends_with(0).prints("a long ans").is_silent();
    assert_eq!(server.requests().len(), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_full_disk_it_is_not_gone_on_with() {
    for (flags, requests) in [(&["--stream"][..], 1), (&[], 2), (&["--json"], 2)] {
        let server = Server::replying(|number, request| match (&request.json()["stream"], number) {
            (Value::Bool(true), _) => cut_stream(&["one "]),
            (_, 0) => cut("one "),
            _ => good("two"),
        });
        let mut command = llmcheck(["chat", "hi", "--base-url", &server.url(), "--continue", "3"].iter().chain(flags));
        command.stdout(std::fs::File::options().write(true).open("/dev/full").unwrap());
        run(command).ends_with(1).tells("stdout cannot be written");
        assert_eq!(server.requests().len(), requests, "{flags:?}");
    }
}
