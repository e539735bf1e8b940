//! `--split` and the split remedy: which parts really arrive, in which order, what stands on stdout between their answers, and what is told
//! where one of them goes wrong.

use serde_json::{Value, json};

use crate::cache::Place;
use crate::going_on::{conversations, notes};
use crate::program::{Ran, directory, file, lab, llmcheck, run, run_with_input};
use crate::server::{Server, completion, cut, cut_stream, declaring, failing, good, limited, response, whole_stream};

/// A text of paragraphs `a a a … a.`, `b b b … b.` and so on, each of 120 characters and a blank line.
pub fn text(paragraphs: usize) -> String {
    let letters = ('a'..='z').take(paragraphs);
    letters.map(|letter| format!("{}{letter}.", format!("{letter} ").repeat(59))).collect::<Vec<_>>().join("\n\n")
}

/// What was asked in each request, told by the letters in it: `Sum up: ab`.
pub fn asked(server: &Server) -> Vec<String> {
    let short = |content: &str| {
        let (instruction, text) =
            content.split_once("\n\n").filter(|(first, _)| first.len() > 120 || !first.ends_with('.')).unwrap_or(("", content));
        let letters: String = text.split("\n\n").filter_map(|paragraph| paragraph.chars().next()).collect();
        format!("{instruction} {letters}").trim().to_string()
    };
    server
        .requests()
        .iter()
        .map(|request| short(request.json()["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap()))
        .collect()
}

/// Asks part by part, with a text of so many paragraphs on stdin.
pub fn split(replies: &[Vec<u8>], paragraphs: usize, arguments: &[&str]) -> (Server, Ran) {
    let server = Server::in_turn(replies.to_vec());
    let common = ["chat", "--base-url", &server.url(), "--retry-base", "1ms"];
    let ran = run_with_input(llmcheck(common.iter().chain(arguments)), text(paragraphs).as_bytes());
    (server, ran)
}

pub fn numbered(answers: &[&str]) -> Vec<Vec<u8>> {
    answers.iter().map(|answer| good(answer)).collect()
}

pub fn codes(report: &Value) -> Vec<String> {
    let of = |part: &Value| {
        let code = part["code"].as_str().unwrap();
        if part["reduces"] == true { format!("joining: {code}") } else { code.to_string() }
    };
    report["parts"].as_array().unwrap().iter().map(of).collect()
}

#[test]
fn parts_are_asked_in_order_with_progress_and_answered_one_after_the_other() {
    let (server, ran) = split(&numbered(&["one", "two", "three"]), 5, &["--split", "300", "Sum up:", "--system", "Be short."]);
    ran.ends_with(0).prints("one\n\ntwo\n\nthree\n");
    assert_eq!(asked(&server), ["Sum up: ab", "Sum up: cd", "Sum up: e"]);
    assert!(server.requests().iter().all(|request| request.json()["messages"][0] == json!({"role": "system", "content": "Be short."})));
    assert_eq!(notes(&ran), ["part 1 of 3: 244 characters", "part 2 of 3: 244 characters", "part 3 of 3: 120 characters"]);
    let (_, ran) = split(&numbered(&["一", "二"]), 3, &["--split", "300", "--lang", "zh"]);
    ran.ends_with(0).prints("一\n\n二\n");
    assert_eq!(notes(&ran), ["第 1 段，共 2 段：244 个字符", "第 2 段，共 2 段：120 个字符"]);
}

#[test]
fn an_instruction_of_each_part_takes_the_place_of_the_prompt_and_knows_its_number() {
    let (server, _) = split(&numbered(&["one"]), 3, &["--split", "300", "--split-prompt", "Part {part} of {parts}:", "ignored"]);
    assert_eq!(asked(&server), ["Part 1 of 2: ab", "Part 2 of 2: c"]);
    // A prompt means what it says.
    let (server, _) = split(&numbered(&["one"]), 3, &["--split", "300", "What is {part}?"]);
    assert_eq!(asked(&server), ["What is {part}? ab", "What is {part}? c"]);
    let server = Server::always(good("one"));
    run(llmcheck(["chat", &text(3), "--split", "300", "--base-url", &server.url()])).ends_with(0).prints("one\n\none\n");
    assert_eq!(asked(&server), ["ab", "c"]);
}

#[test]
fn the_conversation_stays_before_every_part() {
    let messages =
        file("parts-messages", r#"[{"role":"user","content":"x"},{"role":"user","content":"a"},{"role":"assistant","content":"b"}]"#);
    let (server, ran) = split(&numbered(&["one", "two"]), 3, &["-", "--split", "300", "--messages", &messages, "--keep-turns", "1"]);
    ran.ends_with(0).prints("one\n\ntwo\n");
    let first = format!("user: a | assistant: b | user: {}", text(2));
    assert_eq!(conversations(&server)[0], first);
    assert!(conversations(&server)[1].starts_with("user: a | assistant: b | user: c c"));
}

#[test]
fn a_character_and_a_fenced_block_are_never_cut() {
    let fence = format!("```\n{}```\n", "let a = 1;\n".repeat(30));
    let prose = "第一句话说完了。第二句话也说完了！".repeat(12);
    let server = Server::always(good("one"));
    let input = format!("{prose}\n\n{fence}\n{prose}");
    let command = llmcheck(["chat", "--split", "150", "--base-url", &server.url()]);
    run_with_input(command, input.as_bytes()).ends_with(0);
    let parts: Vec<String> =
        server.requests().iter().map(|request| request.json()["messages"][0]["content"].as_str().unwrap().to_string()).collect();
    assert!(parts.contains(&fence.trim_end().to_string()), "{parts:?}");
    assert!(parts.iter().filter(|part| !part.contains("```")).all(|part| part.chars().count() <= 150 && part.ends_with(['。', '！'])));
    assert_eq!(parts.concat().replace('\n', ""), input.replace('\n', ""));
}

#[test]
fn a_text_that_fits_is_one_part_and_blank_lines_are_none() {
    let (server, ran) = split(&numbered(&["one"]), 2, &["--split", "4k"]);
    ran.ends_with(0).prints("one\n");
    assert_eq!((server.requests().len(), notes(&ran)), (1, vec!["part 1 of 1: 242 characters"]));
    let server = Server::always(good("one"));
    let command = llmcheck(["chat", "--split", "100", "--base-url", &server.url()]);
    run_with_input(command, format!("one.{}two.", "\n".repeat(500)).as_bytes()).ends_with(0).prints("one\n\none\n");
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn streams_are_printed_as_they_come_with_one_blank_line_between() {
    let replies = [whole_stream(&["one", " more"]), whole_stream(&["two\n"]), whole_stream(&["three"])];
    let (_, ran) = split(&replies, 5, &["--split", "300", "--stream"]);
    ran.ends_with(0).prints("one more\n\ntwo\n\nthree\n");
    for arguments in [&["--split", "300"][..], &["--split", "300", "--stream"]] {
        let ran = run_with_input(llmcheck(["chat", "--lab", "healthy"].iter().chain(arguments)), text(5).as_bytes());
        assert_eq!((ran.stdout.matches("You asked").count(), ran.stdout.matches("\n\nYou asked").count()), (3, 2), "{ran:?}");
        assert!(ran.stdout.ends_with("exactly.\n"));
    }
}

#[test]
fn the_report_has_every_part_and_all_answers() {
    let (_, ran) = split(&numbered(&["one", "two", "three"]), 5, &["--split", "300", "--json"]);
    let report = ran.ends_with(0).report();
    let part = |characters: u64| json!({"characters": characters, "class": "healthy", "code": "healthy", "attempts": 1});
    assert_eq!(report["parts"], json!([part(244), part(244), part(120)]));
    assert_eq!((&report["answer"]["text"], &report["answer"]["partial"]), (&json!("one\n\ntwo\n\nthree"), &json!(false)));
    assert_eq!((report["attempts"].as_array().unwrap().len(), &report["recovered"]), (3, &json!(false)));
    assert_eq!((&report["recovery"]["worked"], &report["recovery"]["billed_attempts"]), (&Value::Null, &json!(3)));
}

#[test]
fn where_a_part_fails_the_answers_before_it_stand_and_no_other_is_asked() {
    for (replies, arguments, printed, arrived) in [
        ([good("one"), failing(), good("three")], &[][..], "one\n", 3),
        ([whole_stream(&["one"]), failing(), good("three")], &["--stream"], "one\n", 3),
        ([good("one"), cut("half of tw"), good("three")], &[], "one\n\nhalf of tw\n", 15),
        ([whole_stream(&["one"]), cut_stream(&["half of tw"]), good("three")], &["--stream"], "one\n\nhalf of tw\n", 15),
    ] {
        let code = if printed.contains("half") { 11 } else { 17 };
        let (server, ran) = split(&replies, 5, &[&["--split", "300"], arguments].concat());
        ran.ends_with(code).prints(printed).tells(&format!("the answer on stdout is only a part: {arrived} characters arrived"));
        assert_eq!(server.requests().len(), 2);
        let (_, ran) = split(&replies, 5, &[&["--split", "300", "--atomic"], arguments].concat());
        ran.ends_with(code).prints("").tells(&format!("{arrived} characters of the answer arrived and were held back"));
        let (_, ran) = split(&replies, 5, &[&["--split", "300", "--json"], arguments].concat());
        let report = ran.ends_with(code).report();
        assert_eq!((&report["answer"]["text"], &report["answer"]["partial"]), (&json!(printed.trim_end()), &json!(true)));
        assert_eq!(codes(&report).len(), 2);
    }
    // The first one: nothing is there, not even an empty line.
    for arguments in [&[][..], &["--stream"], &["--atomic"]] {
        split(&[failing()], 5, &[&["--split", "300"], arguments].concat()).1.ends_with(17).prints("");
    }
}

#[test]
fn atomic_prints_all_answers_at_the_end() {
    split(&numbered(&["one", "two"]), 3, &["--split", "300", "--atomic"]).1.ends_with(0).prints("one\n\ntwo\n");
    split(&[whole_stream(&["one"]), whole_stream(&["two"])], 3, &["--split", "300", "--atomic", "--stream"]).1.prints("one\n\ntwo\n");
}

#[test]
fn a_part_that_is_answered_badly_is_not_forgotten_for_the_good_ones_after_it() {
    let longer = || [&response("200 OK", "", completion("one"))[..], b"surplus"].concat();
    let (_, ran) = split(&[limited("one"), good("two"), good("three")], 5, &["--split", "300", "--json"]);
    let report = ran.ends_with(0).report();
    assert_eq!(codes(&report), ["token-limit-reached", "healthy", "healthy"]);
    assert_eq!((&report["verdict"]["code"], &report["answer"]["partial"]), (&json!("token-limit-reached"), &json!(false)));
    let (_, ran) = split(&[good("one"), limited("two"), good("three")], 5, &["--split", "300", "--strict"]);
    ran.ends_with(21).prints("one\n\ntwo\n\nthree\n").tells("= parts:   1 healthy · 2 token-limit-reached · 3 healthy");
    let (server, ran) = split(&[longer(), limited("two"), good("three")], 5, &["--split", "300"]);
    ran.ends_with(10).prints("one\n\ntwo\n\nthree\n");
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn a_part_may_be_tried_again_and_its_attempts_are_counted() {
    let replies = [good("one"), failing(), good("two"), good("three")];
    let (server, ran) = split(&replies, 5, &["--split", "300", "--retry", "2", "--json"]);
    let report = ran.ends_with(0).report();
    assert_eq!(asked(&server), ["ab", "cd", "cd", "e"]);
    let attempts: Vec<u64> = report["parts"].as_array().unwrap().iter().map(|part| part["attempts"].as_u64().unwrap()).collect();
    assert_eq!((attempts, &report["recovered"], &report["recovery"]["worked"]), (vec![1, 2, 1], &json!(true), &json!("retry")));
    let (_, ran) = split(&replies, 5, &["--split", "300", "--retry", "2"]);
    ran.ends_with(0).prints("one\n\ntwo\n\nthree\n").tells("= tried:   part 2: provider-error (not billed) → retry: healthy (2 tokens)\n");
    ran.tells("= parts:   1–3 healthy\n");
    assert!(notes(&ran)[2].starts_with("attempt 1 of 3: provider-error"), "{ran:?}");
    let (_, ran) = split(&[good("one"), failing()], 5, &["--split", "300", "--retry", "1", "--json"]);
    assert_eq!(ran.ends_with(17).report()["recovery"]["stopped"], "exhausted");
    let (_, ran) = split(&replies, 5, &["--split", "300", "--retry", "2", "--lang", "zh"]);
    ran.tells("= 尝试： 第 2 段：provider-error（未计费） → 重试：healthy（2 个 token）\n").tells("= 分段： 1–3 healthy\n");
}

#[test]
fn what_one_part_had_to_be_asked_otherwise_the_next_ones_are_asked_so_at_once() {
    let server = Server::replying(|_, request| match (&request.json()["stream"], request.json()["model"].as_str()) {
        (Value::Bool(true), Some("other")) => whole_stream(&["one"]),
        (_, Some("other")) => declaring(600, "200 OK", "", ""),
        _ => response("404 Not Found", "", r#"{"error":{"message":"The model `x` does not exist","code":"model_not_found"}}"#),
    });
    let arguments = ["chat", "--base-url", &server.url(), "--split", "300", "--recover", "--fallback", ":other", "--json"];
    let report = run_with_input(llmcheck(arguments), text(5).as_bytes()).ends_with(0).report();
    let attempts: Vec<&str> = report["attempts"].as_array().unwrap().iter().map(|attempt| attempt["code"].as_str().unwrap()).collect();
    assert_eq!(attempts, ["model-not-found", "empty-body-after-overwrite", "healthy", "healthy", "healthy"]);
}

#[test]
fn parts_are_gone_on_with_and_the_seams_are_those_of_the_whole_text() {
    let replies = [limited("好, on"), good("e"), good("two"), limited("thr"), good("ee")];
    let (server, ran) = split(&replies, 5, &["--split", "300", "--continue", "2", "--json"]);
    let report = ran.ends_with(0).report();
    assert_eq!((&report["answer"]["text"], &report["answer"]["seams"]), (&json!("好, one\n\ntwo\n\nthree"), &json!([5, 16])));
    let attempts: Vec<u64> = report["parts"].as_array().unwrap().iter().map(|part| part["attempts"].as_u64().unwrap()).collect();
    assert_eq!((attempts, server.requests().len()), (vec![2, 1, 2], 5));
    let (_, ran) = split(&replies, 5, &["--split", "300", "--continue", "2"]);
    ran.ends_with(0).prints("好, one\n\ntwo\n\nthree\n").tells("the pieces meet behind characters 5, 16");
    let replies = [cut_stream(&["on"]), whole_stream(&["e"]), cut_stream(&["tw"]), failing()];
    let (_, ran) = split(&replies, 5, &["--split", "300", "--continue", "2", "--stream"]);
    ran.ends_with(17).prints("one\n\ntw\n").tells("only a part: 7 characters");
}

#[test]
fn the_bounds_stop_it_before_the_next_part_and_that_is_no_success() {
    let (server, ran) = split(&numbered(&["one", "two"]), 5, &["--split", "300", "--max-cost-tokens", "3", "--json"]);
    let report = ran.ends_with(1).tells("1 more requests were not made: --max-cost-tokens allows no more").report();
    assert_eq!((server.requests().len(), &report["answer"]["text"], &report["answer"]["partial"]), (2, &json!("one\n\ntwo"), &json!(true)));
    assert_eq!(report["recovery"]["stopped"], "out-of-tokens");
    let (server, ran) = split(&numbered(&["one", "two"]), 5, &["--split", "300", "--retry-max-time", "1ns"]);
    ran.ends_with(1).prints("one\n").tells("--retry-max-time").tells("the answer on stdout is only a part: 3 characters arrived");
    assert_eq!(server.requests().len(), 1);
    // Without the last question the answers are given as they are.
    let (server, ran) = split(&numbered(&["one", "two"]), 3, &["--split", "300", "--reduce-prompt", "Join:", "--max-cost-tokens", "4"]);
    ran.ends_with(1).prints("one\n\ntwo\n");
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn parts_of_the_cache_cost_nothing_and_the_others_are_asked() {
    let place = Place::new("parts");
    let server = Server::replying(|number, _| if number == 1 { failing() } else { good(&format!("answer {number}")) });
    let common = ["chat", "--cache", "--base-url", &server.url(), "--split", "300", "--json"];
    let input = text(3);
    run_with_input(place.command(&common), input.as_bytes()).ends_with(17);
    let report = run_with_input(place.command(&common), input.as_bytes()).ends_with(0).report();
    assert_eq!((&report["answer"]["text"], server.requests().len()), (&json!("answer 0\n\nanswer 2"), 3));
    assert_eq!((&report["parts"][0]["cached"], report["parts"][1].get("cached"), report.get("cached")), (&json!(true), None, None));
    assert_eq!((&report["attempts"][0]["billed"], &report["recovery"]["billed_attempts"]), (&json!("no"), &json!(1)));
    let report = run_with_input(place.command(&common), input.as_bytes()).ends_with(0).report();
    assert_eq!((server.requests().len(), report.get("cached").is_some()), (3, true));
    run_with_input(place.command(&common[..6]), input.as_bytes()).ends_with(0).prints("answer 0\n\nanswer 2\n");
}

#[test]
fn wrong_usage_is_told_before_anything_is_done() {
    let server = Server::always(good("one"));
    let recording = directory("parts-usage").join("r.jsonl");
    std::fs::write(&recording, "evidence").unwrap();
    let messages = file("parts-usage-messages", r#"[{"role":"user","content":"a"}]"#);
    let body = file("parts-usage-body", r#"{"messages":[{"role":"user","content":"a"}]}"#);
    for (arguments, words) in [
        (&["--split", "300", "--messages", &messages][..], "there is no text to split"),
        (&["--split", "300", " \n "], "there is no text to split"),
        (&["hi", "--split-prompt", "x"], "add --split SIZE, or --recover"),
        (&["hi", "--reduce-prompt", "x"], "add --split SIZE, or --recover"),
        (&["hi", "--reduce-prompt", "x", "--recover=retry"], "add --split SIZE, or --recover"),
        (&["--split", "300", "--body", &body], "cannot be used with"),
        (&["hi", "--split", "99"], "parts of less than 100 characters"),
        (&["hi", "--split", "many"], "write a number of characters"),
    ] {
        let record = recording.to_str().unwrap();
        let ran = run(llmcheck(["chat", "--base-url", &server.url(), "--record", record].iter().chain(arguments)));
        ran.ends_with(2).prints("").tells(words);
    }
    assert_eq!((server.requests().len(), std::fs::read_to_string(&recording).unwrap().as_str()), (0, "evidence"));
    run(llmcheck(["chat", "hi", "--base-url", &server.url(), "--reduce-prompt", "x", "--recover"])).ends_with(0).prints("one\n");
}

#[test]
fn a_dry_run_shows_the_first_part() {
    let common = ["chat", "Sum up:", "--base-url", "http://127.0.0.1:9/v1", "--split", "300", "--dry-run"];
    let ran = run_with_input(llmcheck(common), text(5).as_bytes());
    ran.ends_with(0).tells("llmcheck: this is the first of 3 parts; the others differ in their text\n");
    assert!(ran.stdout.contains("b b.\",\"role\":\"user\"}]}") && !ran.stdout.contains("c c"), "{}", ran.stdout);
    let ran = run_with_input(llmcheck(common.iter().chain(&["--json", "--lang", "zh"])), text(5).as_bytes());
    let draft: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(draft["parts"], 3);
    let whole = run(llmcheck(["chat", "hi", "--base-url", "http://127.0.0.1:9/v1", "--dry-run", "--json"]));
    assert_eq!(serde_json::from_str::<Value>(&whole.stdout).unwrap().get("parts"), None);
}

#[test]
fn what_is_wrong_with_the_request_is_asked_of_the_first_part() {
    let long = "word ".repeat(100_000);
    let server = Server::always(good("one"));
    let told = |arguments: &[&str]| {
        let common = ["chat", "--base-url", "https://api.openai.com/v1", "--dry-run", "--json", "-m", "gpt-4"];
        let ran = run_with_input(llmcheck(common.iter().chain(arguments)), long.as_bytes());
        serde_json::from_str::<Value>(&ran.stdout).unwrap()["preflight"].to_string()
    };
    assert!(told(&[]).contains("prompt-over-context-window"));
    assert!(!told(&["--split", "4k"]).contains("prompt-over-context-window"));
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn quiet_says_nothing_and_changes_nothing() {
    split(&numbered(&["one", "two"]), 3, &["--split", "300", "--quiet"]).1.ends_with(0).prints("one\n\ntwo\n").is_silent();
}

#[test]
fn reports_to_hand_on_have_every_part() {
    for (lang, words, number) in
        [("en", "1 healthy · 2 token-limit-reached · 3 healthy", "part 2"), ("zh", "1 healthy · 2 token-limit-reached", "第 2 段")]
    {
        let directory = directory(&format!("parts-reports-{lang}"));
        let path = |name: &str| directory.join(name).to_str().unwrap().to_string();
        let (html, markdown) = (path("r.html"), path("r.md"));
        let arguments = ["--split", "300", "--lang", lang, "--report", &html, "--report", &markdown];
        split(&[good("one"), limited("two"), good("three")], 5, &arguments).1.ends_with(0);
        for path in [&html, &markdown] {
            let text = std::fs::read_to_string(path).unwrap();
            assert!(text.contains(words) && text.contains(number), "{path}: {text}");
        }
        assert!(std::fs::read_to_string(&markdown).unwrap().contains("\n3. "));
    }
}

/// What the schema demands and the value lacks, and what the value has and the schema does not know.
pub fn strays(schema: &Value, of: &Value, value: &Value, path: &str) -> Vec<String> {
    let of = of["$ref"].as_str().map_or(of, |name| &schema["$defs"][name.rsplit('/').next().unwrap()]);
    if let Some(choices) = of["anyOf"].as_array() {
        return choices.iter().map(|choice| strays(schema, choice, value, path)).min_by_key(Vec::len).unwrap();
    }
    let inner = |name: &str, value: &Value, of: &Value| strays(schema, of, value, &format!("{path}.{name}"));
    match value {
        Value::Array(items) if of["items"].is_object() => items.iter().flat_map(|item| inner("[]", item, &of["items"])).collect(),
        Value::Object(members) if of["properties"].is_object() => {
            let required = of["required"].as_array().into_iter().flatten().map(|name| name.as_str().unwrap());
            let missing = required.filter(|name| !members.contains_key(*name)).map(|name| format!("{path}.{name} is missing"));
            let known = |(name, value): (&String, &Value)| match &of["properties"][name] {
                Value::Null => vec![format!("{path}.{name} is not known")],
                of => inner(name, value, of),
            };
            missing.chain(members.iter().flat_map(known)).collect()
        }
        _ => Vec::new(),
    }
}

#[test]
fn the_schema_knows_parts_and_pieces_and_demands_neither() {
    let schema: Value = serde_json::from_str(&run(llmcheck(["generate", "schema"])).stdout).unwrap();
    let reports = [
        lab("healthy", &["--json"]).report(),
        lab("cuts-long-answers", &["--json", "--continue", "9"]).report(),
        split(&[limited("one"), good("two"), good("three"), good("four")], 5, &["--split", "300", "--continue", "1", "--json"]).1.report(),
        split(&numbered(&["one", "two", "three"]), 3, &["--split", "300", "--reduce-prompt", "Join:", "--json"]).1.report(),
        split(&[good("one"), failing()], 3, &["--split", "300", "--json"]).1.report(),
    ];
    for report in reports {
        assert_eq!(strays(&schema, &schema, &report, "report"), [""; 0]);
    }
}

#[test]
fn the_recording_has_every_part() {
    let recording = directory("parts-recorded").join("r.jsonl").to_str().unwrap().to_string();
    split(&numbered(&["one", "two", "three"]), 5, &["--split", "300", "--record", &recording]).1.ends_with(0);
    let report = run(llmcheck(["diagnose", "--json", &recording])).ends_with(0).report();
    assert_eq!((report["attempts"].as_array().unwrap().len(), &report["recovered"]), (3, &json!(false)));
    let recorded = std::fs::read_to_string(&recording).unwrap();
    assert_eq!(recorded.matches("\"llmcheck\":\"recording/1\"").count(), 3);
}

#[test]
fn a_tool_call_is_no_text_and_leaves_no_blank_line() {
    let call = completion("").replace(
        r#""content":"""#,
        r#""content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]"#,
    );
    let call = || response("200 OK", "", call.replace(r#""finish_reason":"stop""#, r#""finish_reason":"tool_calls""#));
    split(&[call(), good("two"), call()], 5, &["--split", "300"]).1.ends_with(0).prints("two\n");
    split(&[call()], 5, &["--split", "300", "--reduce-prompt", "Join:"]).1.ends_with(0).prints("");
}

#[cfg(unix)]
#[test]
fn nobody_who_reads_is_a_reason_to_ask_no_more() {
    for flags in ["", "--stream"] {
        let server = Server::replying(|_, request| {
            let answer = "a long answer ".repeat(20_000);
            if request.json()["stream"] == true { whole_stream(&[&answer]) } else { good(&answer) }
        });
        let input = file("parts-no-reader", text(10));
        let mut command = std::process::Command::new("sh");
        let typed =
            format!("{} chat --base-url {} --split 130 {flags} <{input} | head -c 10", env!("CARGO_BIN_EXE_llmcheck"), server.url());
        command.args(["-c", &typed]).env_clear().envs([crate::program::path()]);
        command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let ran = run(command);
        ran.ends_with(0).prints("a long ans");
        assert_eq!(notes(&ran), ["part 1 of 10: 122 characters"], "{ran:?}");
        assert_eq!(server.requests().len(), 1, "{flags}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_ends_it_and_the_reports_are_written() {
    for flags in [&[][..], &["--stream"], &["--atomic"], &["--json"]] {
        let report = directory("parts-full-disk").join("r.md");
        let server = Server::replying(|_, request| if request.json()["stream"] == true { whole_stream(&["one"]) } else { good("one") });
        let common = ["chat", "--base-url", &server.url(), "--split", "300", "--report", report.to_str().unwrap()];
        let mut command = llmcheck(common.iter().chain(flags));
        command.stdout(std::fs::File::options().write(true).open("/dev/full").unwrap());
        run_with_input(command, text(5).as_bytes()).ends_with(1).tells("stdout cannot be written");
        let shows = flags.is_empty() || flags == ["--stream"];
        assert_eq!(server.requests().len(), if shows { 1 } else { 3 }, "{flags:?}");
        assert!(report.exists(), "{flags:?}");
    }
}
