"""Varnish, which stores an answer before it sends it where it is told to, and streams otherwise."""

import harness


def software():
    return "Varnish " + harness.version_of("varnishd", "-V")


def proxy(make, streams, upstream="<upstream>", verdict="pass"):
    code = f"""vcl 4.1;
backend default {{ .host = "127.0.0.1"; .port = "{upstream}"; .first_byte_timeout = 1s; .between_bytes_timeout = 1s; }}
sub vcl_recv {{ return ({verdict}); }}
sub vcl_backend_response {{ set beresp.do_stream = {streams}; }}
"""
    bounds = ["-s", "malloc,8m", "-l", "1m", "-p", "thread_pools=1", "-p", "thread_pool_min=10"]
    own = ["varnishd", "-F", "-j", "none", "-T", "none", "-n", "<dir>", "-a", "127.0.0.1:<port>", "-f", "<dir>/api.vcl"]
    return make.serve([*own, *bounds], files={"api.vcl": code})


PASSED = "Varnish passes it on"
STORED = "Varnish stores it, and answers 503 with its page because it is cut"


def cases(make):
    # No cut of a declared body: as the race goes, Varnish answers it with 503, with an empty body or with half of it.
    passing = [
        ("whole.chinese", "", PASSED),
        ("chunked-stream", "", PASSED),
        ("slow-stream", "", PASSED + " as it comes"),
        ("undeclared", "", PASSED),
        ("gzip", "", PASSED),
        ("chunks-cut-stream", "chunks-without-end stream-without-finish", "Varnish sends no last chunk either"),
        ("undeclared-cut", "json-cut", "Varnish frames it anew as a clean chunked body"),
        ("silent", "gateway-unavailable", "Varnish answers 503 with its page after first_byte_timeout"),
        ("empty", "gateway-unavailable", "Varnish answers 503 with its page"),
        ("two-lengths", "conflicting-content-lengths", PASSED),
    ]
    make.sweep(proxy(make, "true"), passing)
    storing = [
        ("whole.errors", "", "Varnish stores it first"),
        ("chunked-stream.chinese", "", "Varnish stores it first, which took no time"),
        ("cut", "gateway-unavailable", STORED),
        ("chunks-cut-stream", "gateway-unavailable", STORED),
        ("undeclared-cut", "json-cut", "Varnish stores it, and declares the length of what came"),
    ]
    make.sweep(proxy(make, "false"), storing, "storing")
    words = "Varnish stores the stream to its end and declares its length"
    make.sweep(proxy(make, "false"), [("slower-stream", "stream-buffered", words)], "storing", keeps_times=True)
    limited = proxy(make, "true", verdict='synth(429, "Too Many Requests")')
    make.case("limit-429", "proxy-rate-limit", "Varnish is told to answer 429 with its page.", limited, "whole")
    nowhere = proxy(make, "true", upstream=harness.free_port())
    make.case("refused", "gateway-unavailable", "The upstream refuses connections; Varnish answers 503.", nowhere, "whole")
