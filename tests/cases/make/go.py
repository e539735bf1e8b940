"""Go's net/http as a server, and httputil.ReverseProxy before the faulty upstream."""

import pathlib
import subprocess
import tempfile

import harness

ROWS = [
    ("whole", "", "The handler writes what it declared."),
    ("long", "", "The handler copies 100 KB of the right length."),
    ("undeclared", "", "The handler declares nothing; Go sends chunks."),
    ("html-escapes", "", "encoding/json escapes <, > and & in the answer."),
    ("stream", "", "The handler streams and flushes each event."),
    ("writes-more", "empty-body-after-overwrite empty-body", "The handler writes 40 bytes more than it declared at once: Go refuses them all, and the error after them."),
    ("writes-more-in-two", "cut-by-close json-cut", "The handler's second write goes over the declared length and is refused."),
    ("copies-more", "copy-stopped-at-block json-cut", "io.Copy is refused its last block, because it goes over the declared length."),
    ("writes-less", "body-shorter-than-declared", "The handler declares 50 bytes too many."),
    ("writes-half", "cut-by-close json-cut", "The handler returns after 300 bytes."),
    ("panics", "closed-before-response", "The handler panics after 300 bytes, before Go has flushed any of them."),
    ("panics-flushed", "cut-by-close json-cut", "The handler panics after 300 bytes that it had flushed."),
    ("panics-first", "closed-before-response", "The handler panics before it writes."),
    ("panics-in-stream", "chunks-without-end stream-without-finish", "The handler panics after five events."),
    ("ends-stream-early", "stream-without-finish", "The handler returns after five events."),
    ("forges-done", "done-without-finish", "The handler's upstream broke off, and it writes [DONE] itself."),
    ("stale-gzip-fields", "empty-body-after-overwrite empty-body", "The handler decompressed the answer and kept label and length of the gzip form: Go refuses the write."),
    ("relay-error", "relay-wrote-more-than-declared", "The relay tells what Go told it: http: wrote more than the declared Content-Length."),
    ("counts-escapes", "length-counts-other-serialization", "The handler counts with <>& escaped as encoding/json does, and writes without."),
    ("not-found", "path-not-found", "Go's own 404 page not found, as plain text."),
    ("failure", "gateway-failure", "http.Error with 500, as plain text."),
    ("saturated", "relay-saturated", "A relay of the one-api family hides any upstream 429 behind this sentence."),
]
STREAMED = {"stream", "panics-in-stream", "ends-stream-early", "forges-done"}

PASSED = "ReverseProxy passes it on"
PAGE = "ReverseProxy answers 502 without a body"
THROUGH = [
    ("whole.chinese", "", PASSED),
    ("extensions", "", PASSED + ", trailer included"),
    ("undeclared-stream", "", PASSED + " in chunks"),
    ("gzip", "", PASSED),
    ("early-hints", "", PASSED),
    ("cut", "closed-before-response", "ReverseProxy aborts before its first flush"),
    ("cut.long", "cut-by-close json-cut", "ReverseProxy has flushed most of it when it aborts"),
    ("declares-less", "json-cut", "ReverseProxy clips the body to the declared length"),
    ("chunks-cut", "chunks-without-end json-cut", "ReverseProxy flushes what has no length, and its last chunk is missing too"),
    ("undeclared-cut", "json-cut", "ReverseProxy frames it anew as a clean body"),
    ("reset", "closed-before-response", "ReverseProxy aborts before its first flush"),
    ("empty", "bad-gateway", PAGE),
    ("two-lengths", "bad-gateway", PAGE),
    ("garbage", "bad-gateway", PAGE),
]
FLUSHING = [
    ("slow-stream.chinese", "", PASSED + " as it comes"),
    ("chunks-cut-stream", "chunks-without-end stream-without-finish", "ReverseProxy aborts, and its last chunk is missing too"),
    ("undeclared-cut-stream", "stream-without-finish", "ReverseProxy frames it anew as a clean body"),
    ("cut", "cut-by-close json-cut", "ReverseProxy has flushed it when it aborts"),
]
COPYING = [
    ("chunked-stream", "", "the relay copies it"),
    ("cut", "json-cut", "the relay ignores the error of io.Copy and ends its chunks properly"),
    ("chunks-cut-stream", "stream-without-finish", "the relay ignores the error of io.Copy and ends its chunks properly"),
    ("chunks-reset-stream", "stream-without-finish", "the relay ignores the error of io.Copy and ends its chunks properly"),
    ("empty", "relay-upstream-failed", "the relay answers 500 with do_request_failed and Go's EOF"),
]
ONE_API = [
    ("whole", "", "the relay copies fields and body"),
    ("cut", "error-after-cut-body cut-by-close json-cut", "the relay copies the half and writes «unexpected EOF» behind it"),
    ("chunks-cut", "error-after-cut-body json-cut", "the relay copies the half, writes «unexpected EOF» behind it, and all is framed well"),
    ("cut.long", "error-after-cut-body cut-by-close json-cut", "the relay copies the half and writes «unexpected EOF» behind it"),
    ("chunks-cut-stream", "error-in-stream", "the relay writes «unexpected EOF» behind the events"),
]


def software():
    return "Go " + harness.version_of("go", "version")


def cases(make):
    with tempfile.TemporaryDirectory() as directory:
        program = pathlib.Path(directory) / "server"
        environment = {"PATH": harness.PATH, "HOME": directory, "GOCACHE": "/tmp/cases-go-cache", "GO111MODULE": "off", "CGO_ENABLED": "0"}
        subprocess.run(["go", "build", "-o", program, harness.MAKE / "server.go"], check=True, env=environment)
        server = make.serve([program, "<port>", make.upstream])
        for name, findings, what in ROWS:
            make.case(name, findings, what, server, name, ["--stream"] if name in STREAMED else [])
        make.sweep(server.url + "/through", THROUGH, "through")
        make.sweep(server.url + "/flushing", FLUSHING, "flushing")
        make.sweep(server.url + "/copying", COPYING, "copying")
        make.sweep(server.url + "/one-api", ONE_API, "one-api")
