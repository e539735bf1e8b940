//! An input that turns out to be too large is split where that is allowed, and the answers to its parts are joined by a last question.

use serde_json::json;

use crate::going_on::{conversations, notes};
use crate::parts::{asked, codes, split, text};
use crate::program::{lab, llmcheck, run_with_input};
use crate::server::{Server, cut, cut_stream, failing, good, response, whole_stream};

/// Refuses messages of more than so many characters as OpenAI does, in tokens of four characters.
fn refusing_more_than(most: usize) -> Server {
    Server::replying(move |number, request| {
        let content = request.json()["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap().to_string();
        let characters = content.chars().count();
        if characters <= most {
            return good(&format!("answer {number}"));
        }
        let (limit, asked) = (most / 4, characters / 4);
        let message = format!(
            "This model's maximum context length is {limit} tokens. However, your messages resulted in {asked} tokens. Please reduce the length of the messages."
        );
        let error = json!({"error": {"message": message, "type": "invalid_request_error", "code": "context_length_exceeded"}});
        response("400 Bad Request", "", error.to_string())
    })
}

#[test]
fn an_input_that_is_too_large_is_split_where_that_is_allowed() {
    let server = refusing_more_than(600);
    let input = text(10);
    let ask = |arguments: &[&str]| {
        run_with_input(llmcheck(["chat", "Sum up:", "--base-url", &server.url()].iter().chain(arguments)), input.as_bytes())
    };
    ask(&[]).ends_with(16).prints("");
    ask(&["--recover=wait,retry"]).ends_with(16).prints("");
    let before = server.requests().len();
    let ran = ask(&["--recover"]);
    ran.ends_with(0);
    assert_eq!(asked(&server)[before..], ["Sum up: abcdefghij", "Sum up: abc", "Sum up: def", "Sum up: ghi", "Sum up: j"]);
    ran.prints("answer 3\n\nanswer 4\n\nanswer 5\n\nanswer 6\n");
    let first = "attempt 1: context-too-long: ";
    assert!(notes(&ran)[0].starts_with(first) && notes(&ran)[0].ends_with("; asking in parts of at most 450 characters"), "{ran:?}");
    assert_eq!(notes(&ran)[1], "part 1 of 4: 366 characters");
    ran.tells("= tried:   part 1: context-too-long (not billed) → part by part: healthy").tells("= parts:   1–4 healthy");
    let report = ask(&["--recover=split", "--json"]).ends_with(0).report();
    assert_eq!((&report["recovery"]["worked"], &report["parts"][0]["attempts"]), (&json!("split"), &json!(2)));
    assert_eq!((codes(&report).len(), &report["recovered"]), (4, &json!(true)));
    let chinese = ask(&["--recover", "--lang", "zh"]);
    assert!(notes(&chinese)[0].ends_with("；改为分段请求，每段最多 450 个字符"), "{chinese:?}");
}

#[test]
fn a_part_that_is_still_too_large_is_made_smaller_and_so_are_the_next_ones() {
    let server = Server::replying(|number, request| match request.body.len() {
        0..=600 => good(&format!("answer {number}")),
        _ => response("413 Request Entity Too Large", "", "<html><head><title>413 Request Entity Too Large</title></head></html>"),
    });
    let arguments = ["chat", "--base-url", &server.url(), "--split", "1k", "--recover", "--json"];
    let report = run_with_input(llmcheck(arguments), text(10).as_bytes()).ends_with(0).report();
    assert_eq!(
        asked(&server),
        ["abcdefgh", "abcd", "abcd", "efgh", "ij"][..1].iter().chain(&["abcd", "efgh", "ij"]).copied().collect::<Vec<_>>()
    );
    assert_eq!(codes(&report), ["healthy"; 3]);
}

#[test]
fn what_cannot_be_made_smaller_is_asked_once_and_told() {
    let fence = format!("```\n{}```\n", "let a = 1;\n".repeat(100));
    let short = "short. ".repeat(50);
    for (input, argument) in [(fence.as_str(), "--recover"), (&short, "--recover"), (&fence, "--split=100")] {
        let server = refusing_more_than(10);
        let ran = run_with_input(llmcheck(["chat", "--base-url", &server.url(), "--recover", argument]), input.as_bytes());
        ran.ends_with(16).prints("");
        assert_eq!(server.requests().len(), 1, "{argument}");
    }
    // A long history is not made shorter by splitting a short question: that is found out in a few steps.
    let server = Server::always(response("413 Payload Too Large", "", "no"));
    let ran = run_with_input(llmcheck(["chat", "--base-url", &server.url(), "--recover", "--json"]), text(20).as_bytes());
    ran.ends_with(16);
    assert!(server.requests().len() <= 7, "{}", server.requests().len());
}

#[test]
fn the_lab_is_answered_in_parts() {
    for (scenario, prompt) in [("refuses-long-prompts", "说"), ("refuses-large-bodies", "Sum up:")] {
        let input = if prompt == "说" { "这是一句话，用来测试分段。".repeat(300) } else { text(26) + "\n\n" + &text(26) };
        for arguments in [&["--recover"][..], &["--recover", "--stream"], &["--split", "1k"], &["--recover", "--atomic"]] {
            let ran = run_with_input(llmcheck(["chat", prompt, "--lab", scenario].iter().chain(arguments)), input.as_bytes());
            ran.ends_with(0);
            let answers = ran.stdout.split("\n\n").count();
            assert!(answers >= 2 && ran.stdout.ends_with('\n') && !ran.stdout.ends_with("\n\n"), "{ran:?}");
        }
    }
}

#[test]
fn answers_are_joined_by_a_last_question() {
    let server = Server::replying(|number, _| good(&format!("answer {number}")));
    let arguments = ["chat", "Sum up:", "--base-url", &server.url(), "--split", "300", "--reduce-prompt", "Join {part}:"];
    let ran = run_with_input(llmcheck(arguments), text(5).as_bytes());
    ran.ends_with(0).prints("answer 3\n");
    let last = server.requests()[3].json()["messages"][0]["content"].clone();
    assert_eq!(last, "Join {part}:\n\nanswer 0\n\nanswer 1\n\nanswer 2");
    assert_eq!(notes(&ran)[3], "joining 3 answers into 1");
    let ran = run_with_input(llmcheck(arguments.iter().chain(&["--json", "--lang", "zh"])), text(5).as_bytes());
    let report = ran.tells("将 3 个回答合并为 1 个").report();
    assert_eq!(codes(&report), ["healthy", "healthy", "healthy", "joining: healthy"]);
    assert_eq!((&report["answer"]["text"], &report["answer"]["partial"]), (&json!("answer 7"), &json!(false)));
}

#[test]
fn answers_that_do_not_fit_in_one_question_are_joined_in_several() {
    let server = Server::replying(|number, _| good(&format!("{number} {}", "word ".repeat(20))));
    let arguments = ["chat", "--base-url", &server.url(), "--split", "130", "--reduce-prompt", "Join:", "--json"];
    let report = run_with_input(llmcheck(arguments), text(5).as_bytes()).ends_with(0).report();
    let joining = |n: usize| vec!["joining: healthy".to_string(); n];
    assert_eq!(codes(&report), [vec!["healthy".to_string(); 5], joining(3), joining(2), joining(1)].concat());
    assert!(report["answer"]["text"].as_str().unwrap().starts_with("10 word"));
}

#[test]
fn the_last_answer_is_streamed_and_gone_on_with_as_any_other() {
    let replies = [whole_stream(&["one"]), whole_stream(&["two"]), cut_stream(&["both "]), whole_stream(&["of ", "them"])];
    let (server, ran) = split(&replies, 3, &["--split", "300", "--reduce-prompt", "Join:", "--stream", "--continue", "1"]);
    ran.ends_with(0).prints("both of them\n").tells("the pieces meet behind character 5");
    assert_eq!(conversations(&server)[3], "user: Join:\n\none\n\ntwo | assistant: both  | user: …");
}

#[test]
fn answers_that_could_not_be_joined_are_given_as_they_are() {
    let arguments = ["--split", "300", "--reduce-prompt", "Join:"];
    for (last, code) in [(failing(), 17), (cut("both o"), 11)] {
        let replies = [good("one"), good("two"), last];
        let (_, ran) = split(&replies, 3, &arguments);
        ran.ends_with(code)
            .prints("one\n\ntwo\n")
            .tells("the answers to the parts could not be joined into one, and are given one after the other");
        let report = split(&replies, 3, &[&arguments[..], &["--json"]].concat()).1.ends_with(code).report();
        assert_eq!((&report["answer"]["text"], &report["answer"]["partial"]), (&json!("one\n\ntwo"), &json!(true)));
        let (_, ran) = split(&replies, 3, &[&arguments[..], &["--atomic", "--lang", "zh"]].concat());
        ran.ends_with(code).prints("").tells("各段的回答未能合并为一个").tells("收到了回答的 8 个字符，保留未输出");
    }
    // What is printed of the last answer cannot be taken back.
    let replies = [whole_stream(&["one"]), whole_stream(&["two"]), cut_stream(&["both o"])];
    split(&replies, 3, &["--split", "300", "--reduce-prompt", "Join:", "--stream"])
        .1
        .ends_with(11)
        .prints("both o\n")
        .tells("only a part: 6");
}

#[test]
fn lab_scenarios_are_never_split_for_another_cause() {
    for scenario in ["key-invalid", "gateway-timeout", "cut-by-close"] {
        let report = lab(scenario, &["--recover=split", "--json"]).report();
        assert!(report.get("parts").is_none(), "{scenario}");
    }
}
