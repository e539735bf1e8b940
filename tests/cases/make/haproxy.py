"""HAProxy before the faulty upstream: it passes bodies on as they are, and has short pages of its own."""

import harness


def software():
    return "HAProxy " + harness.version_of("haproxy", "-v")


def proxy(make, directives="", upstream="<upstream>"):
    configuration = f"""defaults
 mode http
 timeout connect 2s
 timeout client 30s
 timeout server 30s
listen api
 bind 127.0.0.1:<port>
 server one 127.0.0.1:{upstream}
 {directives}
"""
    return make.serve(["haproxy", "-db", "-f", "<dir>/haproxy.cfg"], files={"haproxy.cfg": configuration})


PASSED = "HAProxy passes it on"
KEPT = "HAProxy passes the length on, and closes early too"
UNFINISHED = "HAProxy sends no last chunk either"

BY_DEFAULT = [
    ("whole.emoji", "", PASSED),
    ("whole.tool", "", PASSED + ": the answer is a tool call"),
    ("whole.short", "", PASSED),
    ("chunked-stream.chinese", "", PASSED),
    ("chunked-stream.tool", "", PASSED),
    ("extensions-stream", "", "HAProxy drops the extensions and passes the rest on"),
    ("undeclared-stream", "", PASSED + " and closes"),
    ("http10", "", PASSED),
    ("blank-lines", "", PASSED),
    ("early-hints", "", PASSED + ", 103 and all"),
    ("continue", "", PASSED),
    ("huge-head", "", PASSED),
    ("no-done-stream", "", PASSED + ": the finish_reason is the end"),
    ("cut", "cut-by-close json-cut", KEPT),
    ("refused-write", "empty-body-after-overwrite empty-body", KEPT),
    ("declares-more.chinese", "body-shorter-than-declared", KEPT),
    ("declares-less", "json-cut", "HAProxy clips the body to the declared length"),
    ("counts-characters.emoji", "body-clipped-to-declared json-cut", "HAProxy clips the body to the declared length, inside a character"),
    ("chunks-cut-stream", "chunks-without-end stream-without-finish", UNFINISHED),
    ("chunk-cut-inside-stream", "chunks-without-end stream-without-finish", UNFINISHED),
    ("last-chunk-missing", "chunks-without-end", UNFINISHED),
    ("reset", "cut-by-close json-cut", "HAProxy passes on what came and closes in order"),
    ("undeclared-cut", "json-cut", PASSED + " undeclared, and closing is the end that HTTP expects"),
    ("undeclared-cut-stream", "stream-closed-without-finish", PASSED + " undeclared, and closing is the end that HTTP expects"),
    ("two-lengths", "bad-gateway", "HAProxy answers 502"),
    ("bad-chunk-at-once", "bad-gateway", "HAProxy answers 502"),
    ("garbage", "bad-gateway", "HAProxy answers 502"),
    ("empty", "bad-gateway", "HAProxy answers 502"),
    ("error-401", "key-invalid", PASSED),
    ("error-context", "context-too-long", PASSED),
]


def cases(make):
    make.sweep(proxy(make), BY_DEFAULT)
    hasty = proxy(make, "timeout server 1s")
    rows = [
        ("silent", "gateway-timeout", "HAProxy answers 504 after its timeout"),
        ("stall", "cut-by-close json-cut", "HAProxy closes in order after its timeout"),
        ("chunks-stall-stream", "chunks-without-end stream-without-finish", "HAProxy closes in order after its timeout"),
    ]
    make.sweep(hasty, rows, "hasty")
    compressing = proxy(make, "compression algo gzip\n compression type application/json text/event-stream")
    make.sweep(compressing, [("whole.chinese", "", "HAProxy compresses it"), ("chunked-stream", "", "HAProxy compresses it")], "gzip")
    unlabelled = proxy(make, "http-response del-header content-encoding")
    make.sweep(unlabelled, [("gzip", "coding-mislabelled", "HAProxy is told to remove the label")], "unlabelled")
    relabelled = proxy(make, "http-response set-header content-type text/plain")
    make.sweep(relabelled, [("chunked-stream", "stream-type-rewritten", "HAProxy is told to say text/plain")], "text")
    forced = proxy(make, "http-request set-header accept-encoding gzip")
    row = ("gzip-stream", "coding-forced", "HAProxy had asked for gzip in the name of a client that takes none")
    make.sweep(forced, [row], "forced", ask=["--accept-encoding", "identity"])
    nowhere = proxy(make, upstream=harness.free_port())
    make.case("refused", "gateway-unavailable", "The upstream refuses connections; HAProxy answers 503.", nowhere, "whole")
    make.case("refused-stream", "gateway-unavailable", "The same, asked for a stream.", nowhere, "whole", ["--stream"])
    dropping = proxy(make, "http-request silent-drop")
    words = "HAProxy is told to drop the connection silently: nothing comes for ever."
    make.case("silent-drop", "no-first-byte-in-time", words, dropping, "whole", ["--first-byte-timeout", "1s"])
    make.case("reject", "closed-before-response", "HAProxy is told to reject: it closes without a word.", proxy(make, "http-request reject"), "whole")
    limited = proxy(make, "http-request deny deny_status 429")
    make.case("limit-429", "proxy-rate-limit", "HAProxy is told to deny with 429.", limited, "whole")
