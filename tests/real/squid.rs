//! Squid: as the forward proxy of an office, which tunnels TLS and frames the rest anew, and as a reverse proxy.

use crate::ask::{Ask, ask};
use crate::server::{Place, Server, free_port};
use crate::upstream::{FRAMINGS, ask_for, expect_cuts_to_show, expect_no_false_alarm, lab, node, port_of};

/// Squid that listens in this way, with further directives.
pub fn squid(listening: &str, directives: &str) -> Server {
    let place = Place::new();
    let (directory, own) = (place.path(), place.port);
    let configuration = format!(
        "http_port 127.0.0.1:{own} {listening}\n{directives}\nhttp_access allow all\n\
        cache deny all\ncache_mem 1 MB\nmemory_cache_shared off\naccess_log none\ncache_log /dev/null\nnetdb_filename none\n\
        pid_filename none\npinger_enable off\ncoredump_dir {directory}\nvisible_hostname localhost\nshutdown_lifetime 0 seconds\nmax_filedescriptors 256\n"
    );
    let file = place.write("squid.conf", &configuration);
    // Squid names its shared memory after the service.
    Server::start(place, "squid", &["-N", "-n", &format!("real{own}"), "-f", &file])
}

fn forward_proxy() -> Server {
    squid("", "")
}

/// A reverse proxy before this port of 127.0.0.1.
fn proxy_to(port: impl std::fmt::Display, directives: &str) -> Server {
    squid("accel defaultsite=localhost", &format!("cache_peer 127.0.0.1 parent {port} 0 no-query originserver\n{directives}"))
}

fn ask_through(squid: &Server, origin: &str, scenario: &str) -> Ask {
    ask(format!("{origin}/{scenario}/v1")).with(&["--proxy", &squid.url()])
}

#[test]
#[ignore = "needs squid"]
fn good_answers_pass_squid_as_a_forward_proxy() {
    let (lab, squid) = (lab(), forward_proxy());
    for scenario in FRAMINGS {
        for prompt in ["hi", "你好"] {
            ask_through(&squid, &lab.http_url(), scenario).saying(prompt).expect_healthy();
            ask_through(&squid, &lab.http_url(), scenario).saying(prompt).stream().expect_healthy();
        }
    }
}

#[test]
#[ignore = "needs squid"]
fn good_answers_and_cuts_pass_a_tunnel_of_squid_unchanged() {
    let (lab, squid) = (lab(), forward_proxy());
    let place = Place::new();
    let authority = place.write("authority.pem", lab.authority_pem());
    let ask_over_tls = |scenario| ask_through(&squid, &lab.https_url(), scenario).with(&["--cacert", &authority]);
    ask_over_tls("healthy").expect_healthy();
    ask_over_tls("healthy").stream().expect_healthy();
    ask_over_tls("cut-by-close").expect("truncation", &["cut-by-close", "json-cut"]);
    ask_over_tls("json-cut-undeclared").expect("truncation", &["json-cut"]).framed("close", "tls-close");
}

#[test]
#[ignore = "needs squid"]
fn cuts_show_behind_a_forward_proxy_though_it_frames_some_of_them_anew() {
    let (lab, squid) = (lab(), forward_proxy());
    ask_through(&squid, &lab.http_url(), "cut-by-close").expect("truncation", &["cut-by-close", "json-cut"]);
    ask_through(&squid, &lab.http_url(), "json-cut-undeclared").expect("truncation", &["json-cut"]).framed("chunked", "fin");
}

#[test]
#[ignore = "needs squid"]
fn a_tunnel_that_squid_forbids_is_refused_at_once() {
    // Squid keeps the connection open after its page: the answer to CONNECT is complete all the same.
    let lab = lab();
    let as_installed = squid("", "acl SSL_ports port 443\nhttp_access deny CONNECT !SSL_ports");
    ask_through(&as_installed, &lab.https_url(), "healthy").expect("connect_error", &["proxy-refused-tunnel"]);
}

#[test]
#[ignore = "needs squid"]
fn a_tunnel_to_nowhere_is_refused() {
    let nowhere = format!("https://127.0.0.1:{}", free_port());
    ask_through(&forward_proxy(), &nowhere, "healthy").expect("connect_error", &["proxy-refused-tunnel"]);
}

#[test]
#[ignore = "needs squid"]
fn good_answers_pass_squid_as_a_reverse_proxy() {
    let lab = lab();
    expect_no_false_alarm(&proxy_to(port_of(&lab), ""), &FRAMINGS);
}

#[test]
#[ignore = "needs squid"]
fn cuts_show_behind_a_reverse_proxy_though_it_frames_some_of_them_anew() {
    let lab = lab();
    expect_cuts_to_show(&proxy_to(port_of(&lab), ""), "chunked");
}

#[test]
#[ignore = "needs squid and node"]
fn the_pages_of_squid() {
    // Squid 5 answers 502, not 503, where it reaches nobody.
    ask_for("healthy", &proxy_to(free_port(), "")).expect("gateway_error", &["bad-gateway"]);
    let node = node();
    let hasty = proxy_to(node.port(), "read_timeout 1 second");
    ask_for("destroys-first", &hasty).expect("gateway_error", &["bad-gateway"]);
    ask_for("silent", &hasty).expect("gateway_error", &["gateway-timeout"]);
    ask_for("whole", &proxy_to(node.port(), "http_access deny all")).expect("proxy_rewrite", &["html-instead-of-api"]);
}
