//! Varnish, which stores a stream before it sends it where it is told to, and streams otherwise.

use crate::server::{Place, Server, free_port};
use crate::upstream::{ask_for, expect_no_false_alarm, lab, node, port_of};

/// Varnish before this port of 127.0.0.1.
fn proxy_to(port: impl std::fmt::Display, streams: bool) -> Server {
    let place = Place::new();
    let code = format!(
        "vcl 4.1;
        backend default {{ .host = \"127.0.0.1\"; .port = \"{port}\"; .first_byte_timeout = 1s; }}
        sub vcl_recv {{ return (pass); }}
        sub vcl_backend_response {{ set beresp.do_stream = {streams}; }}"
    );
    let (file, directory, address) = (place.write("api.vcl", &code), place.path(), format!("127.0.0.1:{}", place.port));
    let bounds = ["-s", "malloc,8m", "-l", "1m", "-p", "thread_pools=1", "-p", "thread_pool_min=10"];
    let own = ["-F", "-j", "none", "-T", "none", "-n", &directory, "-a", &address, "-f", &file];
    Server::start(place, "varnishd", &[&own[..], &bounds[..]].concat())
}

#[test]
#[ignore = "needs varnish"]
fn good_answers_pass_varnish() {
    // Without healthy-chunked: Varnish takes no chunk extensions.
    let framings = ["healthy", "healthy-close-delimited", "healthy-gzip", "healthy-digest"];
    let lab = lab();
    expect_no_false_alarm(&proxy_to(port_of(&lab), true), &framings);
    expect_no_false_alarm(&proxy_to(port_of(&lab), false), &framings);
}

#[test]
#[ignore = "needs varnish and node"]
fn a_stream_that_varnish_stores_is_held_back() {
    let node = node();
    ask_for("slow-stream", &proxy_to(node.port(), true)).stream().expect_healthy();
    ask_for("slow-stream", &proxy_to(node.port(), false)).stream().expect("proxy_rewrite", &["stream-buffered"]);
}

#[test]
#[ignore = "needs varnish and node"]
fn a_cut_stream_shows_behind_a_varnish_that_streams() {
    let node = node();
    let varnish = proxy_to(node.port(), true);
    ask_for("destroys-stream-after-a-while", &varnish).stream().expect("truncation", &["chunks-without-end", "stream-without-finish"]);
}

#[test]
#[ignore = "needs varnish"]
fn a_varnish_that_stores_answers_cuts_with_its_own_page() {
    let lab = lab();
    let storing = proxy_to(port_of(&lab), false);
    ask_for("cut-by-close", &storing).expect("gateway_error", &["gateway-unavailable"]);
    ask_for("chunks-without-end", &storing).stream().expect("gateway_error", &["gateway-unavailable"]);
    ask_for("json-cut-undeclared", &storing).expect("truncation", &["json-cut"]);
}

#[test]
#[ignore = "needs varnish and node"]
fn the_page_of_a_varnish_that_reaches_nobody() {
    ask_for("healthy", &proxy_to(free_port(), true)).expect("gateway_error", &["gateway-unavailable"]);
    let node = node();
    ask_for("silent", &proxy_to(node.port(), true)).expect("gateway_error", &["gateway-unavailable"]);
}
