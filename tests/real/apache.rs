//! Apache's mod_proxy.

use crate::server::{Place, Server, free_port};
use crate::upstream::{FRAMINGS, ask_for, expect_cuts_to_show, expect_digest_to_hold, expect_no_false_alarm, lab, node, port_of};

/// Apache before this port of 127.0.0.1, with further directives.
fn proxy_to(port: impl std::fmt::Display, directives: &str) -> Server {
    let place = Place::new();
    let modules = ["mpm_worker", "authz_core", "filter", "deflate", "substitute", "proxy", "proxy_http"];
    let modules = modules.map(|name| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n")).concat();
    let (directory, own) = (place.path(), place.port);
    let configuration = format!(
        "ServerRoot {directory}\nDefaultRuntimeDir {directory}\nPidFile pid\nErrorLog /dev/stderr\nServerName localhost\n{modules}\
        User www-data\nGroup www-data\nListen 127.0.0.1:{own}\n\
        ProxyPass / http://127.0.0.1:{port}/ retry=0\n{directives}\n"
    );
    let file = place.write("apache.conf", &configuration);
    Server::start(place, "apache2", &["-X", "-f", &file])
}

const COMPRESSION: &str = "AddOutputFilterByType DEFLATE application/json text/event-stream";

#[test]
#[ignore = "needs apache2"]
fn good_answers_pass_apache() {
    let lab = lab();
    for directives in ["", COMPRESSION] {
        expect_no_false_alarm(&proxy_to(port_of(&lab), directives), &FRAMINGS);
    }
}

#[test]
#[ignore = "needs apache2"]
fn a_digest_holds_though_apache_compresses() {
    let lab = lab();
    for directives in ["", COMPRESSION] {
        expect_digest_to_hold(&proxy_to(port_of(&lab), directives));
    }
}

#[test]
#[ignore = "needs apache2"]
fn cuts_show_behind_apache_though_it_frames_some_of_them_anew() {
    let lab = lab();
    expect_cuts_to_show(&proxy_to(port_of(&lab), ""), "chunked");
}

#[test]
#[ignore = "needs apache2 and node"]
fn the_pages_of_apache_as_a_gateway() {
    ask_for("healthy", &proxy_to(free_port(), "")).expect("gateway_error", &["gateway-unavailable"]);
    let node = node();
    // Apache answers 502 to a timeout as well.
    let hasty = proxy_to(node.port(), "ProxyTimeout 1");
    ask_for("silent", &hasty).expect("gateway_error", &["bad-gateway"]);
    ask_for("destroys-first", &hasty).expect("gateway_error", &["bad-gateway"]);
}

#[test]
#[ignore = "needs apache2"]
fn a_word_replaced_by_apache_breaks_the_digest() {
    let lab = lab();
    let rewriting = "AddOutputFilterByType SUBSTITUTE application/json text/event-stream\nSubstitute s|llmchecklab|LLMCHECKLAB|";
    let apache = proxy_to(port_of(&lab), rewriting);
    ask_for("healthy-digest", &apache).expect("proxy_rewrite", &["digest-mismatch"]);
    ask_for("healthy-digest", &apache).stream().expect("proxy_rewrite", &["digest-mismatch"]);
}
