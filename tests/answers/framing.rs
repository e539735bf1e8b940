//! Faults between the framing of HTTP and the content: codings on top of each other, framing within the content, foreign text around it.

use super::{CHAT, DONE, Given, chunked, completion, event, expect, finish, gzip, piece, plain, stream};
use llmcheck::exchange::recording::How;

fn text() -> String {
    completion("A text of some length, so that it takes more than one chunk, and \"quotes\" in it.")
}

fn events() -> String {
    piece("Hello ") + &piece("there") + &finish("stop") + DONE
}

#[test]
fn framing_of_chunks_within_the_content_is_found_and_undone() {
    let twice = |given: Given| given.field("Transfer-Encoding: chunked");
    let cases: &[(&str, Given, &[&str])] = &[
        ("json under a length", plain(chunked(text())), &["chunk-framing-in-content"]),
        ("stream under a length", stream(chunked(events())), &["chunk-framing-in-content"]),
        ("json in chunks twice", twice(plain(chunked(chunked(text())))), &["chunk-framing-in-content"]),
        ("stream in chunks twice", twice(stream(chunked(chunked(events())))), &["chunk-framing-in-content"]),
        ("hexadecimal text", plain("abc\r\nis a hexadecimal number"), &["not-text-or-json"]),
    ];
    expect(cases);
    for (name, given, _) in &cases[..4] {
        assert!(given.answer().0.starts_with(if given.stream { "Hello there" } else { "A text" }), "{name}");
    }
    let declared = chunked(text()).len() - 30;
    let clipped = Given { body: chunked(text())[..declared].to_vec(), ..plain("") };
    assert_eq!(clipped.codes()[0], "chunk-framing-in-content");
}

#[test]
fn codings_on_top_of_each_other_are_undone_in_order() {
    let labelled = |label: &str, body: Vec<u8>| plain(body).field(&format!("Content-Encoding: {label}"));
    expect(&[
        ("two, labelled", labelled("gzip, gzip", gzip(gzip(text()))), &[]),
        ("two, in two fields", labelled("gzip", gzip(gzip(text()))).field("Content-Encoding: gzip"), &[]),
        ("two, one labelled", labelled("gzip", gzip(gzip(text()))), &["coding-mislabelled"]),
        ("one, two labelled", labelled("gzip, gzip", gzip(text())), &["coding-mislabelled"]),
        ("identity in a list", labelled("identity, gzip", gzip(text())), &[]),
        ("the inner one cut", labelled("gzip, gzip", gzip(&gzip(text())[..100])), &["encoded-body-cut", "json-cut"]),
        ("none that is known", labelled("lz4", [b"\x04\x22\x4d\x18\n", events().as_bytes()].concat()), &["undiagnosed-failure"]),
        ("one, unlabelled", plain(gzip(text())), &["coding-mislabelled"]),
        ("two, unlabelled", plain(gzip(gzip(text()))), &["coding-mislabelled"]),
    ]);
}

#[test]
fn events_that_nothing_separates_are_told_apart_from_a_cut() {
    let single = events().replace("\n\n", "\n");
    let bare = events().replace("data: ", "").replace("\n\n", "\n").replace("[DONE]\n", "");
    let cut = &single[..single.len() - 60];
    expect(&[
        ("single line ends", stream(&single), &["events-misframed"]),
        ("single line ends, an empty line at last", stream(single.clone() + "\n"), &["events-misframed"]),
        ("cut inside the last", stream(cut), &["event-cut", "events-misframed"]),
        ("without «data:»", stream(bare), &["events-misframed"]),
        ("«data:» twice", stream(events().replace("data: ", "data: data: ")), &["malformed-event"]),
        (
            "half an event, framed as a whole",
            stream(piece("a") + &piece("b")[..40] + "\n\n"),
            &["stream-without-finish", "malformed-event"],
        ),
        ("a text as the last event", stream(piece("a") + "data: Internal Server Error\n\n"), &["malformed-event"]),
        ("carriage returns only", stream(events().replace('\n', "\r")), &[]),
        ("a datum of several lines", stream(events().replace(",\"choices\"", ",\ndata: \"choices\"")), &[]),
    ]);
    assert_eq!(stream(single).answer().0, "Hello there");
}

#[test]
fn depth_is_no_fault() {
    let deep = format!("{}1{}", "[".repeat(300), "]".repeat(300));
    let whole = completion("hi");
    let with_deep = whole.replacen('{', &format!("{{\"meta\":{deep},"), 1);
    expect(&[
        ("an answer with something deep beside it", plain(with_deep), &[]),
        ("something deep and nothing else", plain(format!("{{\"meta\":{deep}}}")), &["other-json"]),
    ]);
}

#[test]
fn text_before_the_json_is_found() {
    let before = |text: &str, after: &str| plain(format!("{text}{}{after}", completion("hi")));
    let warning = "<br />\n<b>Warning</b>:  Undefined array key \"x\" in <b>/www/api.php</b> on line <b>12</b><br />\n";
    expect(&[
        ("php's warning", before(warning, "").of_type("text/html"), &["text-before-json"]),
        ("a notice in plain text", before("\nNotice: Undefined index: id in /www/a.php on line 3\n", ""), &["text-before-json"]),
        ("jsonp", before("callback(", ");"), &["text-before-json"]),
        ("a guard against scripts", before(")]}',\n", ""), &["text-before-json"]),
        ("a byte order mark", before("\u{feff}", ""), &[]),
        ("an answer encoded twice", plain(serde_json::to_string(&completion("hi")).unwrap()), &["other-json"]),
        ("a notice before a stream", stream(format!("Notice: x in /a.php on line 3\n{}", events())), &[]),
        (
            "a page with a line like an event",
            plain("<html>\n<script>\ndata: {\"a\": 1}\n</script></html>\n").of_type("text/html"),
            &["web-page-not-api"],
        ),
        ("a page that quotes an answer", before("<html><body><pre>", "</pre></body></html>").of_type("text/html"), &["web-page-not-api"]),
    ]);
    let refused = plain(format!("{warning}{{\"error\":{{\"message\":\"Insufficient Balance\"}}}}")).with_status("402 Payment Required");
    assert_eq!(refused.codes(), ["quota-exhausted", "text-before-json"]);
}

const ERROR: &str = "{\"error\":{\"message\":\"upstream closed the connection\",\"type\":\"api_error\",\"code\":null}}";
const PAGE: &str = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n";
const PHP: &str =
    "<br />\n<b>Fatal error</b>:  Maximum execution time of 30 seconds exceeded in <b>/www/api.php</b> on line <b>88</b><br />\n";

#[test]
fn what_is_appended_to_a_cut_body_names_the_cause() {
    let half = &text()[..120];
    let begun = piece("Hello ") + &piece("there");
    let in_chunks = |body: String| Given { body: chunked(body), ..plain("") }.field("Transfer-Encoding: chunked");
    let overwrite =
        "{\"error\":{\"message\":\"http: wrote more than the declared Content-Length\",\"code\":\"copy_response_body_failed\"}}";
    expect(&[
        ("an error", plain(format!("{half}{ERROR}")), &["error-after-cut-body", "json-cut"]),
        ("an error, spaced", plain(format!("{half}{}", ERROR.replace(':', ": "))), &["error-after-cut-body", "json-cut"]),
        ("an error across chunks", in_chunks(format!("{half}{ERROR}")), &["error-after-cut-body", "json-cut"]),
        ("the relay's own", in_chunks(format!("{half}{overwrite}")), &["relay-wrote-more-than-declared", "json-cut"]),
        ("a page", plain(format!("{half}{PAGE}")), &["error-after-cut-body", "json-cut"]),
        ("php's last words", plain(format!("{half}{PHP}")), &["error-after-cut-body", "json-cut"]),
        (
            "a gateway's words in a stream",
            stream(format!("{begun}upstream connect error or disconnect/reset before headers")),
            &["error-after-cut-body", "event-cut"],
        ),
        ("half a field's name", stream(format!("{begun}dat")), &["event-cut"]),
        (
            "a page in a stream, then a reset",
            Given { how: How::Reset, ..stream(format!("{begun}{PAGE}")) }.field("Transfer-Encoding: identity"),
            &["error-after-cut-body", "cut-by-reset", "stream-without-finish"],
        ),
        ("a page in a stream", stream(format!("{begun}{PAGE}")), &["error-after-cut-body", "stream-without-finish"]),
        ("an error in a stream", stream(format!("{begun}{ERROR}\n")), &["error-in-stream"]),
        (
            "an error without framing",
            Given { body: [&chunked(half)[..chunked(half).len() - 5], ERROR.as_bytes()].concat(), ..plain("") }
                .field("Transfer-Encoding: chunked"),
            &["error-after-cut-body", "malformed-chunk", "json-cut"],
        ),
        (
            "an error behind half a coding",
            plain([&gzip(text())[..90], ERROR.as_bytes()].concat()).field("Content-Encoding: gzip"),
            &["error-after-cut-body", "json-cut", "coding-mislabelled"],
        ),
        (
            "an error behind the beginning of a coding",
            plain([&gzip(text())[..12], ERROR.as_bytes()].concat()).field("Content-Encoding: gzip"),
            &["error-after-cut-body", "coding-mislabelled", "empty-body"],
        ),
        ("an error inside an event", stream(format!("{begun}data: {{\"id\":\"c\",\"choi{ERROR}")), &["error-in-stream"]),
    ]);
}

#[test]
fn what_only_looks_like_an_appended_error_is_none() {
    let talks = completion("{\"error\":{\"message\":\"m\"}} and <html>\n<title>502</title>\n</html>");
    let nested = "{\"id\":\"c\",\"attempts\":[{\"error\":{\"message\":\"m\"}}";
    let page = &talks[..talks.len() - 90];
    expect(&[
        ("an answer about errors", plain(&talks), &[]),
        ("the same, cut", plain(page), &["json-cut"]),
        ("an error of an earlier attempt, cut behind it", plain(nested), &["json-cut"]),
        ("a script in a finished stream", stream(events() + "<script src=\"x.js\"></script>"), &["body-altered"]),
        ("a page behind a whole answer", plain(completion("a") + PAGE), &["body-altered"]),
        ("a second answer", plain(completion("a") + &completion("b")), &["json-malformed"]),
    ]);
}

#[test]
fn a_gateways_page_means_the_same_under_a_wrong_length() {
    let page = |status, extra: u64, how| {
        let given = plain(PAGE).of_type("text/html").with_status(status);
        Given { how, ..given.field(&format!("Content-Length: {}", PAGE.len() as u64 + extra)) }
    };
    expect(&[
        ("whole", page("502 Bad Gateway", 0, How::Fin), &["bad-gateway"]),
        ("too long", page("502 Bad Gateway", 40, How::Fin), &["bad-gateway", "cut-by-close"]),
        ("reset", page("504 Gateway Timeout", 40, How::Reset), &["gateway-timeout", "cut-by-reset"]),
        ("silent", page("503 Service Unavailable", 40, How::Idle), &["gateway-unavailable", "stalled-in-body"]),
        ("a web page", page("200 OK", 40, How::Fin), &["web-page-not-api", "cut-by-close"]),
    ]);
}

#[test]
fn a_line_of_the_head_that_is_no_field_is_found() {
    let with = |line: &str| plain(completion("hi")).field(line);
    expect(&[
        ("no colon", with("X-Error: upstream said\r\nconnection reset"), &["malformed-header-field"]),
        ("a blank in the name", with("X Error: a"), &["malformed-header-field"]),
        ("a blank before the colon", with("X-Error : a"), &[]),
        ("no name", with(": a"), &["malformed-header-field"]),
        ("a zero byte", with("X-Error: a\0b"), &["malformed-header-field"]),
        ("a folded line", with("X-Error: a\r\n\tb: c d"), &[]),
        ("no value", with("X-Error:"), &[]),
        ("every character of a name", with("x!#$%&'*+-.^_`|~09: a"), &[]),
        ("text beyond ASCII in a value", with("X-Error: 错误"), &[]),
    ]);
}

#[test]
fn long_lines_and_odd_heads_are_no_fault() {
    let long = |length: usize| stream(piece(&"a".repeat(length)) + &finish("stop") + DONE);
    expect(&[
        ("70 KiB", long(70 << 10), &[]),
        ("1.2 MiB", long(1_258_291), &[]),
        ("a folded field", plain(completion("hi")).field("X-Long: a\r\n b"), &[]),
        ("nothing but a usage chunk beside it", stream(piece("hi") + &finish("stop") + &event(serde_json::json!([])) + DONE), &[]),
    ]);
    assert!(CHAT.ends_with("/chat/completions"));
}

#[test]
fn what_was_told_before_the_cut_is_the_root() {
    let told = |error: &str, how: How| {
        let body = chunked(format!("{}{error}", piece("hi")));
        let unfinished = &body[..body.len() - "0\r\n\r\n".len()];
        Given { how, ..stream(unfinished) }.field("Transfer-Encoding: chunked")
    };
    let error = format!("data: {ERROR}\n\n");
    let rate = "data: {\"error\":{\"message\":\"Rate limit reached\",\"code\":\"rate_limit_exceeded\"}}\n\n";
    let redirect = |how| {
        let redirect = plain("").of_type("text/html").with_status("302 Found");
        Given { how, ..redirect }.field("Location: http://192.168.1.1/login").field("Content-Length: 50")
    };
    expect(&[
        ("an error, then a reset", told(&error, How::Reset), &["error-in-stream", "cut-by-reset"]),
        ("an error, then silence", told(&error, How::Idle), &["error-in-stream", "stalled-in-body"]),
        ("a limit, then a reset", told(rate, How::Reset), &["stream-rate-limited", "cut-by-reset"]),
        ("no error, then a reset", told("", How::Reset), &["cut-by-reset", "stream-without-finish"]),
        ("a redirect without its body", redirect(How::Fin), &["login-redirect", "cut-by-close"]),
        ("a redirect that falls silent", redirect(How::Idle), &["login-redirect", "stalled-in-body"]),
    ]);
}
