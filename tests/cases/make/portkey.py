"""Portkey's gateway before the faulty upstream: a field of the request chooses the fault.

This version cannot stream on Node 20: it appends to the immutable fields of fetch's response and answers 500.
"""

import json
import pathlib

import harness

PASSED = "Portkey parses it and writes it anew"
TOLD = "Portkey says «Something went wrong», and by x-portkey-gateway-exception that it is the gateway's own failure"

ROWS = [
    ("whole", "", PASSED),
    ("whole.chinese", "", PASSED),
    ("whole.errors", "", PASSED),
    ("whole.tool", "", PASSED),
    ("whole.limit", "token-limit-reached", PASSED),
    ("chunked", "", PASSED),
    ("gzip", "", PASSED + ", decoded"),
    ("blank-lines", "", PASSED + ", without the blank lines"),
    ("last-chunk-missing", "", PASSED + ": nothing is missing any more"),
    ("cut", "gateway-failure", TOLD),
    ("reset", "gateway-failure", TOLD),
    ("declares-less", "gateway-failure", TOLD),
    ("chunked-stream", "gateway-failure", TOLD),
    ("empty", "gateway-failure", "Portkey tells that its fetch failed, in JSON of its own"),
    ("garbage", "gateway-failure", "Portkey tells that its fetch failed, in JSON of its own"),
    ("error-429", "requests-per-minute", "Portkey passes it on and names the provider"),
    ("error-quota", "quota-exhausted", "Portkey passes it on and names the provider"),
    ("error-401", "key-invalid", "Portkey passes it on and names the provider"),
    ("error-500-stream", "provider-error", "Portkey passes it on and names the provider"),
]


def software():
    package = pathlib.Path(harness.NODE_MODULES) / "@portkey-ai/gateway/package.json"
    return "Portkey gateway " + json.loads(package.read_text())["version"]


def cases(make):
    program = pathlib.Path(harness.NODE_MODULES) / "@portkey-ai/gateway/build/start-server.js"
    server = make.serve(["node", program, "--port=<port>", "--headless"], environment={"TRUSTED_CUSTOM_HOSTS": "127.0.0.1"})
    base = server.url + "/v1"

    def to(fault):
        return ["-H", "x-portkey-provider: openai", "-H", f"x-portkey-custom-host: http://127.0.0.1:{make.upstream}/{fault}/v1"]

    for row, findings, what in ROWS:
        make.sweep(base, [(row, findings, what)], in_path=False, away=to(row.removesuffix("-stream")))
    hasty = [*to("silent"), "-H", "x-portkey-request-timeout: 1000"]
    make.case("silent", "provider-error", "The upstream says nothing; Portkey gives up after 1 s and answers 408 in JSON.", base, away=hasty)
    make.case("no-provider", "request-rejected", "The request names no provider: 400.", base)
    make.case("no-path", "path-not-found", "Portkey has no such path.", server.url + "/v2", away=to("whole"))
