//! HAProxy, which passes bodies on as they are, and its own short pages.

use crate::server::{Place, Server, free_port};
use crate::upstream::{FRAMINGS, ask_for, expect_cuts_to_show, expect_no_false_alarm, lab, node, port_of};

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

#[test]
#[ignore = "needs haproxy"]
fn good_answers_pass_haproxy() {
    let lab = lab();
    for directives in ["", "compression algo gzip\n compression type application/json text/event-stream"] {
        expect_no_false_alarm(&proxy_to(port_of(&lab), directives), &FRAMINGS);
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
