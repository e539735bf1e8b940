//! Node's http module, whose default is to send what the application writes and to count nothing.

use crate::upstream::{ask_for, node};

#[test]
#[ignore = "needs node"]
fn a_whole_answer_in_chinese_is_healthy() {
    let node = node();
    ask_for("whole", &node).expect_healthy();
    ask_for("slow-stream", &node).stream().expect_healthy();
}

#[test]
#[ignore = "needs node"]
fn what_node_counted_instead_of_bytes_is_named() {
    let node = node();
    let cases = [
        ("counts-characters", "length-counts-characters"),
        ("counts-characters-of-a-long-text", "length-counts-characters"),
        ("counts-utf16-units", "length-counts-utf16-units"),
        ("counts-before-gzip", "length-counts-decoded-bytes"),
        ("writes-more", "body-longer-than-declared"),
        ("writes-less", "body-shorter-than-declared"),
    ];
    for (handler, code) in cases {
        ask_for(handler, &node).expect("length_mismatch", &[code]);
    }
}

#[test]
#[ignore = "needs node"]
fn an_answer_that_is_whole_before_its_declared_end_is_not_called_a_stall() {
    let node = node();
    let silent = ask_for("writes-less-and-stays", &node).with(&["--idle-timeout", "1s"]);
    silent.expect("length_mismatch", &["body-shorter-than-declared"]).framed("content-length", "idle");
}

#[test]
#[ignore = "needs node"]
fn half_an_answer_and_then_silence_is_a_stall() {
    let node = node();
    ask_for("writes-half-and-stays", &node).with(&["--idle-timeout", "1s"]).expect("timeout", &["stalled-in-body"]);
}

#[test]
#[ignore = "needs node"]
fn a_label_of_gzip_on_a_plain_answer_is_named() {
    ask_for("keeps-gzip-label", &node()).expect("proxy_rewrite", &["coding-mislabelled"]);
}

#[test]
#[ignore = "needs node"]
fn a_socket_destroyed_midway_is_a_cut() {
    let node = node();
    ask_for("destroys-midway", &node).expect("truncation", &["cut-by-close", "json-cut"]).framed("content-length", "fin");
    ask_for("resets-midway", &node).expect("truncation", &["cut-by-reset", "json-cut"]).framed("content-length", "reset");
    ask_for("destroys-stream", &node).stream().expect("truncation", &["chunks-without-end", "stream-without-finish"]);
    ask_for("destroys-first", &node).expect("connect_error", &["closed-before-response"]);
}

#[test]
#[ignore = "needs node"]
fn an_end_long_after_the_head_is_a_cut_and_no_refused_write() {
    // A refused write closes at once. Varnish, too, leaves these bytes when its upstream is cut.
    ask_for("destroys-after-the-head", &node()).expect("truncation", &["cut-by-close", "empty-body"]);
}

#[test]
#[ignore = "needs node"]
fn node_told_to_count_refuses_to_write_more() {
    let node = node();
    ask_for("strict-in-one-write", &node).expect("connect_error", &["closed-before-response"]);
    ask_for("strict-in-two-writes", &node).expect("truncation", &["cut-by-close", "json-cut"]);
}

#[test]
#[ignore = "needs node"]
fn a_server_that_says_nothing_runs_into_the_bound() {
    ask_for("silent", &node()).with(&["--first-byte-timeout", "1s"]).expect("timeout", &["no-first-byte-in-time"]);
}
