"""Caddy before the faulty upstream."""

import harness


def software():
    return "Caddy " + harness.version_of("caddy", "version")


def proxy(make, directives="", options="", upstream="<upstream>"):
    configuration = f"""{{
    admin off
    auto_https off
}}
http://127.0.0.1:<port> {{
    {directives}
    reverse_proxy 127.0.0.1:{upstream} {{
        {options}
    }}
}}
"""
    return make.serve(["caddy", "run", "--config", "<dir>/Caddyfile", "--adapter", "caddyfile"], files={"Caddyfile": configuration})


PASSED = "Caddy passes it on"
KEPT = "Caddy passes the length on, and closes early too"
LAUNDERED = "Caddy adds the last chunk that never came, so that the cut shows in the content only"
PAGE = "Caddy answers 502 without a body"

BY_DEFAULT = [
    ("whole", "", PASSED),
    ("whole.emoji", "", PASSED),
    ("chunked-stream.chinese", "", PASSED),
    ("extensions", "", PASSED + " in chunks of its own, trailer included"),
    ("undeclared-stream", "", "Caddy sends it on in chunks"),
    ("slow-stream", "", PASSED + " as it comes"),
    ("early-hints", "", PASSED),
    ("cut", "cut-by-close json-cut", KEPT),
    ("cut-stream", "cut-by-close event-cut", KEPT),
    ("refused-write", "empty-body-after-overwrite empty-body", KEPT),
    ("declares-more", "body-shorter-than-declared", KEPT),
    ("declares-less", "json-cut", "Caddy clips the body to the declared length"),
    ("chunks-cut", "json-cut", LAUNDERED),
    ("chunks-cut-stream", "stream-without-finish", LAUNDERED),
    ("chunks-reset-stream", "stream-without-finish", LAUNDERED),
    ("bad-chunk", "json-cut", LAUNDERED),
    ("last-chunk-missing", "", "Caddy adds the last chunk, and nothing is missing any more"),
    ("reset", "cut-by-close json-cut", "Caddy passes on what came and closes in order"),
    ("undeclared-cut", "json-cut", LAUNDERED),
    ("empty", "bad-gateway", PAGE),
    ("two-lengths", "bad-gateway", PAGE),
    ("garbage-stream", "bad-gateway", PAGE),
    ("error-429", "requests-per-minute", PASSED),
]


def cases(make):
    make.sweep(proxy(make), BY_DEFAULT)
    compressing = proxy(make, "encode gzip zstd")
    make.sweep(compressing, [("whole.chinese", "", "Caddy compresses it with a coding of its choice"), ("chunked-stream", "", PASSED)], "encode")
    hasty = proxy(make, options="transport http {\n response_header_timeout 1s\n }")
    make.sweep(hasty, [("silent", "gateway-timeout", "Caddy answers 504 without a body")], "hasty")
    nowhere = proxy(make, upstream=harness.free_port())
    make.case("refused", "bad-gateway", "The upstream refuses connections; Caddy answers 502 without a body.", nowhere, "whole")
    limited = proxy(make, 'respond /v/* "Too many requests" 429')
    make.case("limit-429", "proxy-rate-limit", "Caddy is told to answer 429 with a line of text.", limited, "v")
    make.case("no-path", "path-not-found", "Caddy answers 404 without a body.", proxy(make, "respond /v/* 404"), "v")
