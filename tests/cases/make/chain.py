"""Several proxies one behind the other, as answers come in the field."""

import apache
import caddy
import haproxy
import harness
import nginx
import squid

ROWS = [
    ("whole.chinese", "", "all three pass it on"),
    ("whole.errors", "", "all three pass it on"),
    ("whole.emoji", "", "all three pass it on"),
    ("whole.tool", "", "all three pass it on"),
    ("chunked-stream", "", "all three pass it on"),
    ("chunked-stream.emoji", "", "all three pass it on"),
    ("slow-stream", "", "all three pass it on as it comes"),
    ("gzip", "", "all three pass it on"),
    ("comments-stream", "", "all three pass it on"),
    ("cut", "cut-by-close json-cut", "the length is passed on three times, and so is the early end"),
    ("undeclared-cut", "json-cut", "the first proxy frames it anew, and the others believe it"),
    ("undeclared-cut-stream", "stream-without-finish", "the first proxy frames it anew, and the others believe it"),
    ("declares-less", "json-cut", "the first proxy clips the body, and the others believe it"),
]


def software():
    return f"{nginx.software()}, {haproxy.software()}, {squid.software()}"


def cases(make):
    inner = nginx.proxy(make, "proxy_buffering off;")
    middle = haproxy.proxy(make, upstream=inner.port)
    make.sweep(squid.proxy(make, upstream=middle.port), ROWS)
    make.software = f"{apache.software()}, {caddy.software()}"
    inner = caddy.proxy(make)
    outer = apache.proxy(make, upstream=inner.port)
    rows = [
        ("chunked-stream.chinese", "", "both pass it on"),
        ("undeclared", "", "both pass it on in chunks"),
        ("last-chunk-missing", "", "Caddy adds the last chunk, and nothing is missing any more"),
        ("chunks-cut-stream", "stream-without-finish", "Caddy adds the last chunk, and Apache believes it"),
    ]
    make.sweep(outer, rows, "caddy")
