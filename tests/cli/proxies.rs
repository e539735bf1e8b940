//! The way out: which proxy is asked, by curl's rules, and in what words.

use std::io::{Read as _, Write as _};
use std::sync::mpsc;

use crate::program::{Ran, llmcheck, run};
use crate::server::{Server, good, response};

const KEY: (&str, &str) = ("OPENAI_API_KEY", "sk-for-the-proxy-0000");

/// A name that never resolves (RFC 6761 section 6.4): only a proxy can be asked for it.
const ELSEWHERE: &str = "http://api.test.invalid/v1";
const ELSEWHERE_TLS: &str = "https://api.test.invalid/v1";

fn ask(base_url: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut command = llmcheck(["chat", "hi", "--json", "--base-url", base_url].iter().chain(arguments));
    command.envs(variables.iter().copied().chain([KEY]));
    run(command)
}

/// An HTTP proxy that answers by itself and lets no tunnel through.
fn proxy() -> (Server, String) {
    let server = Server::replying(|_, request| {
        if request.line().starts_with("CONNECT") { response("403 Forbidden", "", "no tunnels here") } else { good("by proxy") }
    });
    let url = format!("http://{}", server.address);
    (server, url)
}

/// The first of these variables' proxies that was asked.
fn asked(base_url: &str, names: &[&str], more: &[(&str, &str)]) -> Option<String> {
    let proxies: Vec<(Server, String)> = names.iter().map(|_| proxy()).collect();
    let variables = names.iter().zip(&proxies).map(|(name, (_, url))| (*name, url.as_str())).chain(more.iter().copied());
    ask(base_url, &[], &variables.collect::<Vec<_>>());
    let of_proxies = names.iter().zip(&proxies);
    of_proxies.filter(|(_, (server, _))| !server.requests().is_empty()).map(|(name, _)| name.to_string()).next()
}

#[test]
fn a_plain_request_names_its_target_in_full() {
    let (server, url) = proxy();
    let ran = ask(&format!("{ELSEWHERE}?a=b"), &["--proxy", &url], &[]);
    assert_eq!(ran.ends_with(0).report()["answer"]["text"], "by proxy");
    assert_eq!(server.request().line(), "POST http://api.test.invalid/v1/chat/completions?a=b HTTP/1.1");
    assert_eq!(server.request().field("host"), Some("api.test.invalid"));
}

#[test]
fn a_tls_request_asks_for_a_tunnel_and_tells_of_its_refusal() {
    let (server, url) = proxy();
    let ran = ask(ELSEWHERE_TLS, &["--proxy", &url], &[]);
    assert_eq!(ran.verdict(), ("connect_error".into(), "proxy-refused-tunnel".into(), 23));
    assert_eq!(server.request().line(), "CONNECT api.test.invalid:443 HTTP/1.1");
    assert_eq!(server.request().field("authorization"), None);
}

#[test]
fn socks5h_leaves_the_name_to_the_proxy() {
    let (sender, names) = mpsc::channel();
    let server = Server::serving(move |_, stream| {
        let mut greeting = [0; 3];
        stream.read_exact(&mut greeting).ok()?;
        stream.write_all(&[5, 0]).ok()?;
        let mut request = [0; 5];
        stream.read_exact(&mut request).ok()?;
        let mut name = vec![0; usize::from(request[4])];
        stream.read_exact(&mut name).ok()?;
        sender.send((request[..4].to_vec(), String::from_utf8(name).ok()?)).ok()?;
        stream.write_all(&[5, 4, 0, 1, 0, 0, 0, 0, 0, 0]).ok()?;
        None
    });
    let ran = ask(ELSEWHERE, &[], &[("all_proxy", &format!("socks5h://{}", server.address))]);
    assert_eq!(names.try_recv().unwrap(), (vec![5, 1, 0, 3], "api.test.invalid".to_string()));
    assert_eq!(ran.verdict().0, "connect_error");
}

#[test]
fn socks5_resolves_the_name_itself() {
    let server = Server::serving(|_, _| None);
    let ran = ask(ELSEWHERE, &["--proxy", &format!("socks5://{}", server.address), "--connect-timeout", "9s"], &[]);
    assert_eq!(ran.verdict(), ("connect_error".into(), "name-not-found".into(), 23));
}

#[test]
fn lower_case_and_the_scheme_come_first() {
    assert_eq!(asked(ELSEWHERE, &["http_proxy", "all_proxy", "ALL_PROXY"], &[]).as_deref(), Some("http_proxy"));
    assert_eq!(asked(ELSEWHERE_TLS, &["https_proxy", "HTTPS_PROXY", "all_proxy"], &[]).as_deref(), Some("https_proxy"));
    assert_eq!(asked(ELSEWHERE_TLS, &["HTTPS_PROXY", "all_proxy", "ALL_PROXY"], &[]).as_deref(), Some("HTTPS_PROXY"));
    assert_eq!(asked(ELSEWHERE, &["https_proxy", "ALL_PROXY"], &[]).as_deref(), Some("ALL_PROXY"));
}

#[test]
fn http_proxy_in_upper_case_is_not_believed() {
    assert_eq!(asked(ELSEWHERE, &["HTTP_PROXY"], &[]), None);
}

#[test]
fn the_flag_beats_every_variable_and_is_named_as_the_source() {
    let ((flag, url), (variable, other)) = (proxy(), proxy());
    let ran = ask(ELSEWHERE, &["--proxy", &url], &[("http_proxy", &other), ("no_proxy", "*")]);
    assert_eq!((flag.requests().len(), variable.requests().len()), (1, 0));
    assert_eq!(ran.report()["settings"]["proxy"]["source"], "--proxy");
}

#[test]
fn the_variable_that_won_is_named_as_the_source() {
    let (_server, url) = proxy();
    let ran = ask(ELSEWHERE, &[], &[("ALL_PROXY", &url)]);
    assert_eq!((&ran.report()["settings"]["proxy"]["source"], &ran.report()["route"]["proxy"]), (&"ALL_PROXY".into(), &url.into()));
}

#[test]
fn no_proxy_exempts_names_their_subdomains_addresses_and_blocks() {
    let server = Server::always(good("direct"));
    for list in ["127.0.0.1", "10.0.0.0/8, 127.0.0.0/8", "*", "example.com,127.0.0.1"] {
        for name in ["no_proxy", "NO_PROXY"] {
            assert_eq!(asked(&server.url(), &["http_proxy"], &[(name, list)]), None, "{name}={list}");
        }
    }
    for list in ["invalid", ".test.invalid", "test.invalid", "API.TEST.INVALID"] {
        assert_eq!(asked(ELSEWHERE, &["http_proxy"], &[("NO_PROXY", list)]), None, "{list}");
    }
}

#[test]
fn no_proxy_exempts_nothing_else() {
    for list in ["est.invalid", "b.api.test.invalid", "127.0.0.1", "10.0.0.0/8", ""] {
        assert_eq!(asked(ELSEWHERE, &["http_proxy"], &[("no_proxy", list)]).as_deref(), Some("http_proxy"), "{list}");
    }
}

#[test]
fn the_flag_no_proxy_goes_directly() {
    let (server, (proxy, url)) = (Server::always(good("direct")), proxy());
    let ran = ask(&server.url(), &["--no-proxy"], &[("http_proxy", &url), ("all_proxy", &url)]);
    assert_eq!(ran.ends_with(0).report()["answer"]["text"], "direct");
    assert!(proxy.requests().is_empty());
}

#[test]
fn a_proxy_that_is_not_there_is_blamed_and_not_the_api() {
    let ran = ask(ELSEWHERE, &["--proxy", "http://127.0.0.1:1"], &[]);
    let report = ran.ends_with(23).report();
    assert!(report["verdict"]["title"].as_str().unwrap().contains("127.0.0.1:1"), "{report}");
}

#[test]
fn a_proxy_in_an_endpoint_is_used() {
    let (server, url) = proxy();
    let config = crate::program::file("proxy-endpoint", format!("[endpoints.a]\nbase_url = \"{ELSEWHERE}\"\nproxy = \"{url}\"\n"));
    let mut command = llmcheck(["chat", "hi", "--config", &config, "--endpoint", "a"]);
    command.envs([KEY]);
    run(command).ends_with(0).prints("by proxy\n");
    assert_eq!(server.requests().len(), 1);
}
