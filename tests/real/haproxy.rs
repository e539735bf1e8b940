//! HAProxy, which passes bodies on as they are, and its own short pages.

use crate::server::{Place, Server, free_port};
use crate::upstream::{FRAMINGS, ask_for, expect_cuts_to_show, expect_digest_to_hold, expect_no_false_alarm, lab, node, port_of};

/// HAProxy before this port of 127.0.0.1, with further directives in its one proxy.
fn proxy_to(port: impl std::fmt::Display, directives: &str) -> Server {
    let place = Place::new();
    let own = place.port;
    let configuration = format!(
        "defaults\n mode http\n timeout connect 2s\n timeout client 10s\n timeout server 10s\n\
        listen api\n bind 127.0.0.1:{own}\n server one 127.0.0.1:{port}\n {directives}\n"
    );
    let file = place.write("haproxy.cfg", &configuration);
    Server::start(place, "haproxy", &["-db", "-f", &file])
}

const COMPRESSION: &str = "compression algo gzip\n compression type application/json text/event-stream";

#[test]
#[ignore = "needs haproxy"]
fn good_answers_pass_haproxy() {
    let lab = lab();
    for directives in ["", COMPRESSION] {
        expect_no_false_alarm(&proxy_to(port_of(&lab), directives), &FRAMINGS);
    }
}

#[test]
#[ignore = "needs haproxy"]
fn a_digest_holds_though_haproxy_compresses() {
    let lab = lab();
    for directives in ["", COMPRESSION] {
        expect_digest_to_hold(&proxy_to(port_of(&lab), directives));
    }
}

#[test]
#[ignore = "needs haproxy"]
fn cuts_show_behind_haproxy_as_they_are() {
    let lab = lab();
    expect_cuts_to_show(&proxy_to(port_of(&lab), ""), "close");
}

#[test]
#[ignore = "needs haproxy and node"]
fn the_pages_of_haproxy() {
    ask_for("healthy", &proxy_to(free_port(), "")).expect("gateway_error", &["gateway-unavailable"]);
    let node = node();
    let hasty = proxy_to(node.port(), "timeout server 1s");
    ask_for("silent", &hasty).expect("gateway_error", &["gateway-timeout"]);
    ask_for("destroys-first", &hasty).expect("gateway_error", &["bad-gateway"]);
}

#[test]
#[ignore = "needs haproxy"]
fn haproxy_does_not_pass_on_contradicting_lengths() {
    let lab = lab();
    ask_for("conflicting-content-lengths", &proxy_to(port_of(&lab), "")).expect("gateway_error", &["bad-gateway"]);
}

#[test]
#[ignore = "needs haproxy"]
fn haproxy_limits_in_its_own_words() {
    let lab = lab();
    let limited = proxy_to(port_of(&lab), "http-request deny deny_status 429");
    ask_for("healthy", &limited).expect("rate_limit", &["proxy-rate-limit"]);
}

#[test]
#[ignore = "needs haproxy"]
fn labels_that_haproxy_changes_are_named() {
    let lab = lab();
    let relabelling = |directive: &str| proxy_to(port_of(&lab), directive);
    let as_text = relabelling("http-response set-header content-type text/plain");
    ask_for("healthy", &as_text).stream().expect("proxy_rewrite", &["stream-type-rewritten"]);
    let as_gzip = relabelling("http-response set-header content-encoding gzip");
    ask_for("healthy", &as_gzip).expect("proxy_rewrite", &["coding-mislabelled"]);
    let unlabelled = relabelling("http-response del-header content-encoding");
    ask_for("healthy-gzip", &unlabelled).expect("proxy_rewrite", &["coding-mislabelled"]);
    ask_for("healthy-gzip", &unlabelled).stream().expect("proxy_rewrite", &["coding-mislabelled"]);
}

#[test]
#[ignore = "needs haproxy"]
fn a_coding_that_haproxy_asks_for_in_our_name_is_forced_on_us() {
    let lab = lab();
    let haproxy = proxy_to(port_of(&lab), "http-request set-header accept-encoding gzip");
    ask_for("healthy-gzip", &haproxy).expect_healthy();
    ask_for("healthy-gzip", &haproxy).with(&["--accept-encoding", "identity"]).expect("proxy_rewrite", &["coding-forced"]);
}
