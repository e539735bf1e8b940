//! nginx: as a proxy that changes nothing, as one that rewrites, and in its own words.

use crate::ask::ask;
use crate::python::uvicorn;
use crate::server::{Place, Server, free_port};
use crate::upstream::{FRAMINGS, ask_for, expect_cuts_to_show, expect_digest_to_hold, expect_no_false_alarm, lab, node, port_of};

/// nginx with these directives in its server block.
fn nginx(directives: &str) -> Server {
    nginx_at(Place::new(), "", directives)
}

/// The same in a place that may hold certificates; `tls` is `ssl` where they are to be used.
pub fn nginx_at(place: Place, tls: &str, directives: &str) -> Server {
    let configuration = format!(
        "daemon off; master_process off; pid nginx.pid; error_log stderr;
        events {{ worker_connections 64; }}
        http {{
            access_log off;
            client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
            limit_req_zone $server_port zone=one:32k rate=1r/m;
            server {{ listen 127.0.0.1:{} {tls}; {directives} }}
        }}",
        place.port
    );
    let (file, prefix) = (place.write("nginx.conf", &configuration), place.path());
    Server::start(place, "nginx", &["-e", "stderr", "-p", &prefix, "-c", &file])
}

/// nginx before this port of 127.0.0.1, with further directives.
pub fn proxy_to(port: impl std::fmt::Display, directives: &str) -> Server {
    nginx(&format!("location / {{ proxy_pass http://127.0.0.1:{port}; {directives} }}"))
}

const COMPRESSION: &str = "gzip on; gzip_min_length 1; gzip_types application/json text/event-stream;";

#[test]
#[ignore = "needs nginx"]
fn good_answers_pass_nginx_however_it_forwards_them() {
    let lab = lab();
    for directives in ["", "proxy_buffering off;", "proxy_http_version 1.1;", "proxy_http_version 1.1; proxy_buffering off;", COMPRESSION] {
        expect_no_false_alarm(&proxy_to(port_of(&lab), directives), &FRAMINGS);
    }
}

#[test]
#[ignore = "needs nginx"]
fn a_digest_holds_though_nginx_compresses() {
    let lab = lab();
    for directives in ["", COMPRESSION] {
        expect_digest_to_hold(&proxy_to(port_of(&lab), directives));
    }
}

#[test]
#[ignore = "needs nginx"]
fn cuts_show_behind_nginx_though_it_frames_some_of_them_anew() {
    let lab = lab();
    for directives in ["", "proxy_buffering off;", "proxy_http_version 1.1;"] {
        expect_cuts_to_show(&proxy_to(port_of(&lab), directives), "chunked");
    }
}

#[test]
#[ignore = "needs nginx"]
fn a_reset_behind_nginx_looks_like_a_close() {
    let lab = lab();
    let passing = proxy_to(port_of(&lab), "proxy_buffering off;");
    ask_for("cut-by-reset", &passing).expect("truncation", &["cut-by-close", "json-cut"]);
    ask_for("cut-by-reset-in-chunks", &passing).expect("truncation", &["chunks-without-end", "json-cut"]);
    ask_for("cut-by-reset-undeclared", &passing).expect("truncation", &["chunks-without-end", "json-cut"]);
}

#[test]
#[ignore = "needs nginx and uvicorn"]
fn an_empty_body_behind_nginx_may_be_a_refused_write_or_a_reset() {
    let (lab, uvicorn) = (lab(), uvicorn("h11"));
    let (reset, refused) = (proxy_to(port_of(&lab), ""), proxy_to(uvicorn.port(), ""));
    for ask in [ask_for("cut-by-reset", &reset), ask_for("writes-more", &refused)] {
        let report = ask.expect("length_mismatch", &["empty-body-after-overwrite", "empty-body"]);
        assert_eq!(report.word("/verdict/confidence"), "possible", "{report}");
    }
}

#[test]
#[ignore = "needs nginx"]
fn nginx_settles_what_its_upstream_contradicts() {
    let lab = lab();
    let nginx = proxy_to(port_of(&lab), "");
    ask_for("conflicting-content-lengths", &nginx).expect_healthy();
    ask_for("length-and-chunked", &nginx).expect_healthy();
}

#[test]
#[ignore = "needs nginx and node"]
fn a_stream_that_node_destroyed_looks_whole_to_http_behind_nginx_with_http_1_0() {
    let node = node();
    let by_1_0 = proxy_to(node.port(), "");
    ask_for("destroys-stream", &by_1_0).stream().expect("truncation", &["stream-without-finish"]).framed("chunked", "fin");
    let by_1_1 = proxy_to(node.port(), "proxy_http_version 1.1;");
    ask_for("destroys-stream", &by_1_1).stream().expect("truncation", &["chunks-without-end", "stream-without-finish"]);
}

#[test]
#[ignore = "needs nginx"]
fn a_word_replaced_by_nginx_breaks_the_digest() {
    let lab = lab();
    let nginx = proxy_to(port_of(&lab), "sub_filter llmchecklab LLMCHECKLAB; sub_filter_types application/json text/event-stream;");
    ask_for("healthy-digest", &nginx).expect("proxy_rewrite", &["digest-mismatch"]);
    ask_for("healthy-digest", &nginx).stream().expect("proxy_rewrite", &["digest-mismatch"]);
    ask_for("healthy", &nginx).expect_healthy();
}

#[test]
#[ignore = "needs nginx and node"]
fn a_word_replaced_by_nginx_breaks_the_md5_of_old() {
    let node = node();
    ask_for("md5", &node).expect_healthy();
    let nginx = proxy_to(node.port(), "sub_filter small large; sub_filter_types application/json;");
    ask_for("md5", &nginx).expect("proxy_rewrite", &["digest-mismatch"]);
}

#[test]
#[ignore = "needs nginx"]
fn a_script_that_nginx_inserts_is_named() {
    let lab = lab();
    let script = "<script src=\"http://10.10.34.34/inject.js\"></script>";
    let inserting = |before: &str, separator: &str| {
        let filter = format!("sub_filter '{before}' '{script}{separator}{before}'; sub_filter_types application/json text/event-stream;");
        proxy_to(port_of(&lab), &filter)
    };
    ask_for("healthy", &inserting("\"choices\":", "")).expect("proxy_rewrite", &["body-altered", "json-malformed"]);
    ask_for("healthy", &inserting("data: [DONE]", "\n")).stream().expect("proxy_rewrite", &["body-altered"]);
}

#[test]
#[ignore = "needs nginx"]
fn a_script_behind_the_json_is_named() {
    let lab = lab();
    // The JSON's last key, so that the text behind it is the end of the body.
    let filter = "sub_filter_types application/json; sub_filter '}}' '}}<script src=\"http://10.10.34.34/inject.js\"></script>';";
    ask_for("healthy-chunked", &proxy_to(port_of(&lab), filter)).expect("proxy_rewrite", &["body-altered"]);
}

#[test]
#[ignore = "needs nginx and node"]
fn a_slow_stream_that_nginx_passes_on_in_blocks_is_healthy() {
    let node = node();
    ask_for("slow-stream", &proxy_to(node.port(), "proxy_buffering on;")).stream().expect_healthy();
    ask_for("slow-stream", &proxy_to(node.port(), "proxy_buffering off;")).stream().expect_healthy();
}

#[test]
#[ignore = "needs nginx and node"]
fn a_slow_stream_smaller_than_the_block_of_nginx_accuses_nobody() {
    let node = node();
    // Held back whole it is the same bytes at the same times as a fast model that thought first: nothing proves a store.
    for buffering in ["proxy_buffering on;", "proxy_buffering off;"] {
        let nginx = proxy_to(node.port(), buffering);
        ask_for("slow-stream-of-few-bytes", &nginx).stream().expect_healthy();
    }
}

#[test]
#[ignore = "needs nginx and node"]
fn nginx_clips_a_body_to_its_wrong_length() {
    let node = node();
    let nginx = proxy_to(node.port(), "");
    ask_for("writes-more", &nginx).expect("truncation", &["json-cut"]);
    ask_for("counts-characters", &nginx).expect("truncation", &["json-cut"]);
    ask_for("counts-characters-of-a-long-text", &nginx).expect("length_mismatch", &["body-clipped-to-declared", "json-cut"]);
    ask_for("writes-less", &nginx).expect("length_mismatch", &["body-shorter-than-declared"]);
}

#[test]
#[ignore = "needs nginx and node"]
fn nginx_cuts_a_body_whose_rest_does_not_come_in_time() {
    let node = node();
    let nginx = proxy_to(node.port(), "proxy_buffering off; proxy_read_timeout 1s;");
    ask_for("writes-half-and-stays", &nginx).expect("truncation", &["cut-by-close", "json-cut"]);
    ask_for("writes-less-and-stays", &nginx).expect("length_mismatch", &["body-shorter-than-declared"]);
}

#[test]
#[ignore = "needs nginx and node"]
fn the_pages_of_a_gateway_that_reaches_nobody() {
    ask_for("healthy", &proxy_to(free_port(), "")).expect("gateway_error", &["bad-gateway"]);
    let node = node();
    let hasty = proxy_to(node.port(), "proxy_read_timeout 1s;");
    ask_for("silent", &hasty).expect("gateway_error", &["gateway-timeout"]);
    ask_for("destroys-first", &hasty).expect("gateway_error", &["bad-gateway"]);
}

#[test]
#[ignore = "needs nginx"]
fn nginx_refuses_a_large_request_itself() {
    let lab = lab();
    let nginx = proxy_to(port_of(&lab), "client_max_body_size 1k;");
    ask_for("healthy", &nginx).expect_healthy();
    ask_for("healthy", &nginx).saying(&"long ".repeat(400)).expect("invalid_request", &["body-too-large"]);
}

#[test]
#[ignore = "needs nginx"]
fn the_limiter_of_nginx_is_a_rate_limit_where_it_says_429() {
    let lab = lab();
    let limited = proxy_to(port_of(&lab), "limit_req zone=one; limit_req_status 429;");
    ask_for("healthy", &limited).expect_healthy();
    ask_for("healthy", &limited).expect("rate_limit", &["proxy-rate-limit"]);
    let unavailable = proxy_to(port_of(&lab), "limit_req zone=one;");
    ask_for("healthy", &unavailable).expect_healthy();
    ask_for("healthy", &unavailable).expect("gateway_error", &["gateway-unavailable"]);
}

#[test]
#[ignore = "needs nginx"]
fn a_web_site_is_not_an_api() {
    let site = "location / { default_type text/html; return 200 '<!doctype html><title>Our shop</title><h1>Welcome</h1>'; }";
    let cases = [
        ("location / { return 404; }", "/v1", "not_an_api", "web-page-not-api"),
        (site, "", "not_an_api", "web-page-not-api"),
        (site, "/v1", "not_an_api", "web-page-not-api"),
        ("location / { return 302 https://example.com/login; }", "/v1", "proxy_rewrite", "login-redirect"),
        ("location / { return 301 https://$host$request_uri; }", "/v1", "not_an_api", "redirected-elsewhere"),
    ];
    for (directives, path, class, code) in cases {
        let nginx = nginx(directives);
        ask(nginx.url() + path).expect(class, &[code]);
    }
}
