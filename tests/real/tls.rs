//! OpenSSL's TLS, as nginx and HAProxy speak it.

use std::process::Command;

use crate::ask::ask;
use crate::nginx::nginx_at;
use crate::server::{Place, Server};
use crate::upstream::{FRAMINGS, ask_for, lab, port_of};

/// A certificate for this subject alternative name that only those trust who are given it: the path of its file.
/// `pair.pem` beside it holds the key as well.
fn certify(place: &Place, name: &str) -> String {
    let request = format!(
        "[req]\ndistinguished_name = subject\nprompt = no\nx509_extensions = leaf\n[subject]\nCN = a test of llmcheck\n\
        [leaf]\nbasicConstraints = critical, CA:FALSE\nsubjectAltName = {name}\n"
    );
    let request = place.write("request.conf", &request);
    let arguments = "req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -days 2 -keyout key.pem -out certificate.pem";
    let arguments = arguments.split(' ').chain(["-config", &request]);
    let made = Command::new("openssl").args(arguments).current_dir(&place.directory).output().expect("openssl runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let read = |name: &str| std::fs::read_to_string(place.directory.join(name)).expect("what openssl wrote");
    place.write("pair.pem", &(read("certificate.pem") + &read("key.pem")));
    format!("{}/certificate.pem", place.path())
}

const CERTIFICATE: &str = "ssl_certificate certificate.pem; ssl_certificate_key key.pem;";

/// nginx with TLS before this port, and the certificate that it shows.
fn nginx_to(port: impl std::fmt::Display, name: &str, directives: &str) -> (Server, String) {
    let place = Place::new();
    let authority = certify(&place, name);
    let directives = format!("{CERTIFICATE} {directives} location / {{ proxy_pass http://127.0.0.1:{port}; }}");
    (nginx_at(place, "ssl", &directives), authority)
}

fn haproxy_to(port: impl std::fmt::Display) -> (Server, String) {
    let place = Place::new();
    let authority = certify(&place, "IP:127.0.0.1");
    let own = place.port;
    let configuration = format!(
        "defaults\n mode http\n timeout connect 2s\n timeout client 10s\n timeout server 10s\n\
        listen api\n bind 127.0.0.1:{own} ssl crt pair.pem\n server one 127.0.0.1:{port}\n"
    );
    let file = place.write("haproxy.cfg", &configuration);
    (Server::start(place, "haproxy", &["-db", "-f", &file]), authority)
}

fn over_tls(server: &Server, scenario: &str) -> String {
    format!("https://127.0.0.1:{}/{scenario}/v1", server.port())
}

#[test]
#[ignore = "needs nginx and openssl"]
fn good_answers_pass_the_tls_of_nginx() {
    let lab = lab();
    for version in ["TLSv1.2", "TLSv1.3"] {
        let (nginx, authority) = nginx_to(port_of(&lab), "IP:127.0.0.1", &format!("ssl_protocols {version};"));
        for scenario in FRAMINGS {
            ask(over_tls(&nginx, scenario)).with(&["--cacert", &authority]).expect_healthy();
            ask(over_tls(&nginx, scenario)).with(&["--cacert", &authority]).stream().expect_healthy();
        }
    }
}

#[test]
#[ignore = "needs haproxy and openssl"]
fn good_answers_pass_the_tls_of_haproxy() {
    let lab = lab();
    let (haproxy, authority) = haproxy_to(port_of(&lab));
    for scenario in FRAMINGS {
        ask(over_tls(&haproxy, scenario)).with(&["--cacert", &authority]).expect_healthy();
        ask(over_tls(&haproxy, scenario)).with(&["--cacert", &authority]).stream().expect_healthy();
    }
}

#[test]
#[ignore = "needs nginx, haproxy and openssl"]
fn cuts_show_behind_tls() {
    let lab = lab();
    // nginx frames the undeclared stream anew, HAProxy passes it on as it is.
    let (nginx, haproxy) = (nginx_to(port_of(&lab), "IP:127.0.0.1", ""), haproxy_to(port_of(&lab)));
    for ((server, authority), silently) in [(nginx, "stream-without-finish"), (haproxy, "stream-closed-without-finish")] {
        let ask = |scenario| ask(over_tls(&server, scenario)).with(&["--cacert", &authority]);
        ask("cut-by-close").expect("truncation", &["cut-by-close", "json-cut"]);
        ask("chunks-without-end").stream().expect("truncation", &["chunks-without-end", "stream-without-finish"]);
        ask("json-cut-undeclared").expect("truncation", &["json-cut"]);
        ask("stream-closed-without-finish").stream().expect("truncation", &[silently]);
    }
}

#[test]
#[ignore = "needs nginx and openssl"]
fn a_certificate_that_nobody_vouches_for_is_told_from_one_for_another_name() {
    let lab = lab();
    let (nginx, authority) = nginx_to(port_of(&lab), "DNS:api.example.com", "");
    ask(over_tls(&nginx, "healthy")).expect("tls_error", &["issuer-unknown"]);
    ask(over_tls(&nginx, "healthy")).with(&["--cacert", &authority]).expect("tls_error", &["name-mismatch"]);
    ask(over_tls(&nginx, "healthy")).with(&["--insecure"]).expect_healthy();
}

#[test]
#[ignore = "needs nginx, haproxy and openssl"]
fn the_wrong_scheme_is_named() {
    let lab = lab();
    let (nginx, _) = nginx_to(port_of(&lab), "IP:127.0.0.1", "");
    ask_for("healthy", &nginx).expect("tls_error", &["plain-http-on-tls-port"]);
    let plain = nginx_at(Place::new(), "", "");
    ask(over_tls(&plain, "healthy")).expect("tls_error", &["plain-http-on-tls-port"]);
    let (haproxy, _) = haproxy_to(port_of(&lab));
    // HAProxy closes without a word.
    ask_for("healthy", &haproxy).expect("connect_error", &["closed-before-response"]);
}
