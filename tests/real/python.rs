//! Python's servers before an application that miscounts: http.server, gunicorn, uvicorn and hypercorn.

use crate::server::{Place, Server};
use crate::upstream::ask_for;

/// A server of `application.py`; `{port}` in its arguments is its own.
fn server(program: &str, arguments: &[&str]) -> Server {
    let place = Place::new();
    place.write("application.py", include_str!("application.py"));
    let port = place.port.to_string();
    let arguments: Vec<String> = arguments.iter().map(|argument| argument.replace("{port}", &port)).collect();
    Server::start(place, program, &arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

fn http_server(version: &str) -> Server {
    server("python3", &["application.py", "{port}", version])
}

fn gunicorn(worker: &str) -> Server {
    server("gunicorn", &["--bind", "127.0.0.1:{port}", "--worker-class", worker, "application:wsgi"])
}

pub fn uvicorn(parser: &str) -> Server {
    server("uvicorn", &["--port", "{port}", "--http", parser, "application:asgi"])
}

fn hypercorn() -> Server {
    server("hypercorn", &["--bind", "127.0.0.1:{port}", "application:asgi"])
}

type Case = (&'static str, &'static str, &'static [&'static str]);

/// What the application's own faults leave on the wire of each server that ends the connection after them.
const UNDERWRITES: [Case; 3] = [
    ("writes-less", "length_mismatch", &["body-shorter-than-declared"]),
    ("writes-half", "truncation", &["cut-by-close", "json-cut"]),
    ("fails-midway", "truncation", &["cut-by-close", "json-cut"]),
];

/// Servers that refuse a write beyond the declared length send nothing of it.
const REFUSED_OVERWRITES: [Case; 2] = [
    ("writes-more", "length_mismatch", &["empty-body-after-overwrite", "empty-body"]),
    ("writes-more-in-two", "truncation", &["cut-by-close", "json-cut"]),
];

/// Servers that clip a body to its length leave half a JSON of the right length.
const CLIPPED_OVERWRITES: [Case; 2] = [("writes-more", "truncation", &["json-cut"]), ("writes-more-in-two", "truncation", &["json-cut"])];

#[track_caller]
fn expect(server: &Server, cases: &[Case]) {
    for (handler, class, codes) in cases {
        ask_for(handler, server).expect(class, codes);
    }
    ask_for("whole", server).expect_healthy();
    ask_for("whole-stream", server).stream().expect_healthy();
}

#[track_caller]
fn expect_failing_stream_to_show(server: &Server) {
    ask_for("fails-in-stream", server).stream().expect("truncation", &["chunks-without-end", "stream-without-finish"]);
}

#[test]
#[ignore = "needs python3"]
fn http_server_sends_what_the_application_writes() {
    for version in ["HTTP/1.0", "HTTP/1.1"] {
        let server = http_server(version);
        expect(&server, &UNDERWRITES[..2]);
        ask_for("writes-more", &server).expect("length_mismatch", &["body-longer-than-declared"]);
        ask_for("fails-in-stream", &server).stream().expect("truncation", &["stream-closed-without-finish"]).framed("close", "fin");
    }
}

#[test]
#[ignore = "needs gunicorn"]
fn gunicorn_clips_to_the_declared_length() {
    for worker in ["sync", "gthread"] {
        let server = gunicorn(worker);
        expect(&server, &UNDERWRITES);
        expect(&server, &CLIPPED_OVERWRITES);
        expect_failing_stream_to_show(&server);
    }
}

#[test]
#[ignore = "needs uvicorn"]
fn uvicorn_refuses_the_write_beyond_the_declared_length() {
    for parser in ["h11", "httptools"] {
        let server = uvicorn(parser);
        expect(&server, &UNDERWRITES);
        expect(&server, &REFUSED_OVERWRITES);
        expect_failing_stream_to_show(&server);
    }
}

#[test]
#[ignore = "needs hypercorn"]
fn hypercorn_refuses_the_write_beyond_the_declared_length() {
    let server = hypercorn();
    expect(&server, &UNDERWRITES);
    expect(&server, &REFUSED_OVERWRITES);
    expect_failing_stream_to_show(&server);
}
