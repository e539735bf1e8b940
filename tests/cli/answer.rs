//! stdout: the answer, all of it and nothing else.

use crate::program::{chat, lab};
use crate::server::{STREAM_END, STREAM_HEAD, Server, completion, cut_stream, declaring, delta, good, response, whole_stream};

#[test]
fn a_plain_answer_is_all_that_stdout_carries() {
    let server = Server::always(good("Hello, 世界"));
    chat(&server.url(), &[]).ends_with(0).prints("Hello, 世界\n").is_silent();
}

#[test]
fn an_answer_that_ends_with_a_line_feed_gets_no_second() {
    let server = Server::always(good("one\ntwo\n"));
    chat(&server.url(), &[]).prints("one\ntwo\n");
    let server = Server::always(whole_stream(&["one\n", "two\n"]));
    chat(&server.url(), &["--stream"]).prints("one\ntwo\n");
}

#[test]
fn a_streamed_answer_is_all_that_stdout_carries() {
    let server = Server::always(whole_stream(&["Hel", "lo, ", "世界"]));
    chat(&server.url(), &["--stream"]).ends_with(0).prints("Hello, 世界\n").is_silent();
}

#[test]
fn a_stream_with_crlf_and_comments_prints_the_same() {
    let events = [&delta("Hel"), ": ping\n\n", &delta("lo"), STREAM_END].concat().replace('\n', "\r\n");
    let server = Server::always(format!("{STREAM_HEAD}\u{feff}{events}"));
    chat(&server.url(), &["--stream"]).ends_with(0).prints("Hello\n");
}

#[test]
fn a_cut_stream_shows_what_came_and_fails() {
    let server = Server::always(cut_stream(&["Hel", "lo"]));
    chat(&server.url(), &["--stream"]).ends_with(11).prints("Hello\n").tells("stream-closed-without-finish");
}

#[test]
fn a_native_stream_of_another_api_is_told_as_that() {
    let server = Server::always(format!("{STREAM_HEAD}data: {{\"type\":\"message_start\"}}\n\ndata: [DONE]\n\n"));
    let report = chat(&server.url(), &["--stream", "--json"]).ends_with(25).report();
    assert_eq!(report["verdict"]["code"], "other-api-shape");
}

#[test]
fn atomic_prints_nothing_of_a_cut_stream() {
    let server = Server::always(cut_stream(&["Hel", "lo"]));
    chat(&server.url(), &["--stream", "--atomic"]).ends_with(11).prints("");
}

#[test]
fn atomic_prints_all_of_a_complete_stream() {
    let server = Server::always(whole_stream(&["Hel", "lo"]));
    chat(&server.url(), &["--stream", "--atomic"]).ends_with(0).prints("Hello\n");
}

#[test]
fn half_a_plain_answer_is_never_printed_by_atomic() {
    let body = completion("a complete sentence");
    let server = Server::always(declaring(body.len(), "200 OK", "", &body[..body.len() / 2]));
    chat(&server.url(), &["--atomic"]).ends_with(11).prints("");
}

#[test]
fn a_complete_answer_is_printed_though_its_length_was_declared_too_short() {
    let body = completion("all of it");
    let server = Server::always(declaring(body.len() - 30, "200 OK", "", &body));
    chat(&server.url(), &[]).ends_with(10).prints("all of it\n");
    chat(&server.url(), &["--atomic"]).ends_with(10).prints("all of it\n");
}

#[test]
fn a_complete_answer_is_printed_though_its_length_was_declared_too_long() {
    let body = completion("all of it");
    let server = Server::always(declaring(body.len() + 100, "200 OK", "", &body));
    chat(&server.url(), &[]).ends_with(10).prints("all of it\n");
}

#[test]
fn a_complete_stream_is_printed_though_its_length_is_wrong() {
    let events = [delta("all of it"), STREAM_END.to_string()].concat();
    let server = Server::always(declaring(events.len() - 100, "200 OK", "", &events));
    chat(&server.url(), &["--stream"]).ends_with(10).prints("all of it\n");
}

#[test]
fn an_error_is_no_answer() {
    for scenario in ["key-invalid", "provider-error", "html-instead-of-api", "error-in-success", "empty-answer", "other-json"] {
        let ran = lab(scenario, &[]);
        assert!(ran.code.unwrap() >= 10, "{scenario}: {ran:?}");
        ran.prints("");
    }
}

#[test]
fn a_gzip_answer_is_printed_decoded() {
    let plain = lab("healthy", &[]).stdout;
    lab("healthy-gzip", &[]).ends_with(0).prints(&plain);
    lab("healthy-gzip", &["--stream"]).ends_with(0).prints(&plain);
}

#[test]
fn an_answer_in_a_warning_is_printed() {
    let body = completion("as far as it got").replace("\"stop\"", "\"length\"");
    let server = Server::always(response("200 OK", "", body));
    chat(&server.url(), &[]).ends_with(0).prints("as far as it got\n").tells("token-limit-reached");
}
