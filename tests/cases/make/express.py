"""Express with its usual middleware, http-proxy-middleware, and Fastify."""

import json
import pathlib

import harness

ROWS = [
    ("json", "json", "", "res.json counts the bytes of a Chinese answer."),
    ("stream", "sse", "", "The handler streams."),
    ("packed", "packed/json", "", "compression() compresses the answer."),
    ("packed-stream", "packed/sse", "", "compression() compresses the stream, flushed event by event."),
    ("limit-first", "limited", "", "The first request of a minute passes express-rate-limit."),
    ("limit", "limited", "proxy-rate-limit", "express-rate-limit answers 429 with a line of text."),
    ("throws", "throws", "gateway-failure", "The handler throws: Express answers 500 with its page."),
    ("throws-in-stream", "throws-in-stream", "chunks-without-end stream-without-finish", "The handler fails after the head: Express destroys the socket."),
    ("no-route", "nowhere", "web-page-not-api", "No such route: Express answers 404 with its page."),
    ("no-message", "undefined", "empty-answer", "JSON.stringify leaves the undefined message out."),
    ("no-choices", "no-choices", "no-choices", "The handler sends an empty list of choices."),
    ("too-large", "small", "body-too-large", "express.json() refuses the body: 413 with its page."),
    ("fastify-json", "fast/json", "", "Fastify serialises the answer."),
    ("fastify-throws", "fast/throws", "provider-error", "Fastify answers 500 in JSON of its own."),
    ("fastify-no-route", "fast/nowhere", "path-not-found", "Fastify answers 404 in JSON of its own."),
]
PROXIED = [
    ("whole.chinese", "", "http-proxy passes it on"),
    ("chunked-stream", "", "http-proxy passes it on"),
    ("early-hints", "", "http-proxy passes it on"),
    ("cut", "stalled-in-body", "http-proxy never ends its answer"),
    ("chunks-cut-stream", "stalled-in-body", "http-proxy never ends its answer"),
    ("undeclared-cut", "json-cut", "http-proxy frames it anew as a clean body"),
    ("declares-less", "gateway-failure cut-by-close", "http-proxy-middleware writes a line of its own under the length of the lost answer: 500"),
    ("empty", "gateway-timeout", "http-proxy-middleware answers 504 with a line of text"),
]
COPIED = [
    ("whole.chinese", "", "the relay copies text and fields"),
    ("gzip", "body-longer-than-declared coding-mislabelled", "the relay has decoded it, and copies label and length of the gzip form"),
    ("error-500", "provider-error", "the relay copies text and fields"),
    ("empty", "relay-upstream-failed", "the relay answers 500 with do_request_failed"),
    ("cut", "relay-upstream-failed", "fetch notices, and the relay answers 500 with do_request_failed"),
]
PIPED = [
    ("chunked-stream.chinese", "", "the relay pipes it"),
    ("chunks-cut-stream", "stream-without-finish", "the relay swallows the error and ends properly"),
    ("cut", "json-cut", "the relay swallows the error and ends properly"),
]


def software():
    package = json.loads((pathlib.Path(harness.NODE_MODULES) / "express/package.json").read_text())
    return f"Express {package['version']}"


def cases(make):
    program = ["node", harness.MAKE / "express.js", "<port>", make.upstream]
    server = make.serve(program, environment={"CASES_NODE": harness.NODE_MODULES, "NODE_ENV": "production"})
    for name, path, findings, what in ROWS:
        prompt = "long " * 40 if name == "too-large" else "What does a proxy do?"
        make.case(name, findings, what, server, path, ["--stream"] if "stream" in name else [], prompt)
    make.sweep(server.url + "/proxy", PROXIED, "http-proxy", ask=["--idle-timeout", "1s"])
    make.sweep(server.url + "/copies", COPIED, "copies")
    make.sweep(server.url + "/pipes", PIPED, "pipes")
