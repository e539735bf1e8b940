//! The requests of one connection: which scenario each of them names, and what else the lab answers.

use std::io;

use super::answer::quoted;
use super::exchange::Exchange;
use super::link::{Ending, Link};
use super::reply::Reply;
use super::request::{Asked, Request};
use super::server::Shared;
use super::{Scenario, find, scenarios};

/// Serves a connection until it ends.
pub(in crate::lab) fn converse(mut link: Link, shared: &Shared) {
    loop {
        let request = match Request::read(&mut link) {
            Ok(Some(request)) => request,
            Ok(None) => return link.end(Ending::Close),
            Err(error) => return reject(link, error.kind()),
        };
        match respond(&mut link, &request, shared) {
            Ok(Ending::Reuse) if !request.wants_close() => link.renew(),
            Ok(ending) => return link.end(ending),
            // The client left, or outlived its connection: nobody is there to be told.
            Err(_) => return,
        }
    }
}

/// Tells a client that the lab cannot read its request, as Go's server does; TLS on the plain port comes here too.
fn reject(mut link: Link, reason: io::ErrorKind) {
    let status = match reason {
        io::ErrorKind::InvalidData => "400 Bad Request",
        io::ErrorKind::FileTooLarge => "413 Request Entity Too Large",
        // No request came in time, and that is no fault: a client that keeps its connections must see a FIN.
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => return link.end(Ending::Close),
        _ => return,
    };
    let reply = Reply::with_start_line(&format!("HTTP/1.1 {status}")).fields(&[("Content-Type", "text/plain"), ("Connection", "close")]);
    if link.send(&reply.followed_by(status)).is_ok() {
        link.end(Ending::Close);
    }
}

/// Answers one request, as its path demands.
pub(in crate::lab) fn respond(link: &mut Link, request: &Request, shared: &Shared) -> io::Result<Ending> {
    let path = request.path.trim_start_matches('/');
    let (name, rest) = path.split_once('/').unwrap_or((path, ""));
    let Some(scenario) = find(name) else {
        let reply = if name.is_empty() { scenario_list() } else { unknown_scenario(name) };
        link.send(&reply)?;
        return Ok(Ending::Reuse);
    };
    match (request.method.as_str(), rest) {
        ("POST", "v1/chat/completions") => act(scenario, link, request, shared),
        ("GET", "v1/models") => answer_with(link, "200 OK", MODELS),
        (method, rest) => answer_with(link, "404 Not Found", &api_error(&format!("Invalid URL ({method} /{rest})"), "null")),
    }
}

fn act(scenario: &'static Scenario, link: &mut Link, request: &Request, shared: &Shared) -> io::Result<Ending> {
    let Some(asked) = Asked::from_body(&request.body) else {
        return answer_with(link, "400 Bad Request", &api_error("We could not parse the JSON body of your request.", "null"));
    };
    (scenario.act)(&mut Exchange::begin(scenario.name, link, request, asked, shared))
}

fn answer_with(link: &mut Link, status: &str, json: &str) -> io::Result<Ending> {
    link.send(&Reply::new(status).field("Content-Type", "application/json").whole(json))?;
    Ok(Ending::Reuse)
}

const MODELS: &str = concat!(
    r#"{"object":"list","data":[{"id":"gpt-4o","object":"model","created":1715367049,"owned_by":"system"},"#,
    r#"{"id":"gpt-4o-mini","object":"model","created":1721172741,"owned_by":"system"},"#,
    r#"{"id":"deepseek-chat","object":"model","created":1716500000,"owned_by":"deepseek"}]}"#
);

fn scenario_list() -> Vec<u8> {
    let lines: String = scenarios().map(|scenario| format!("{:<40} {}\n", scenario.name, scenario.about.en)).collect();
    Reply::new("200 OK").field("Content-Type", "text/plain; charset=utf-8").whole(lines)
}

fn unknown_scenario(name: &str) -> Vec<u8> {
    let message = format!("There is no scenario {name:?} in this lab; `llmcheck lab --list` names them all.");
    Reply::new("404 Not Found").field("Content-Type", "application/json").whole(api_error(&message, r#""scenario_not_found""#))
}

/// An error in OpenAI's shape; `code` is JSON.
fn api_error(message: &str, code: &str) -> String {
    format!(r#"{{"error":{{"message":{},"type":"invalid_request_error","param":null,"code":{code}}}}}"#, quoted(message))
}
