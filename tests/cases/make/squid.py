"""Squid before the faulty upstream: as a reverse proxy, and as the forward proxy of an office."""

import harness


def software():
    return "Squid " + harness.version_of("squid", "-v")


def squid(make, listening, directives):
    port = harness.free_port()
    configuration = f"""http_port 127.0.0.1:<port> {listening}
{directives}
http_access allow all
cache deny all
cache_mem 1 MB
memory_cache_shared off
access_log none
cache_log /dev/null
netdb_filename none
pid_filename none
pinger_enable off
coredump_dir <dir>
visible_hostname localhost
shutdown_lifetime 0 seconds
max_filedescriptors 256
"""
    # Squid names its shared memory after the service.
    return make.serve(["squid", "-N", "-n", f"cases{port}", "-f", "<dir>/squid.conf"], port=port, files={"squid.conf": configuration})


def proxy(make, directives="", upstream="<upstream>"):
    return squid(make, "accel defaultsite=localhost", f"cache_peer 127.0.0.1 parent {upstream} 0 no-query originserver\n{directives}")


PASSED = "Squid passes it on"
KEPT = "Squid passes the length on, and closes early too"
LAUNDERED = "Squid frames it anew as a clean chunked body, so that the cut shows in the content only"
UNFINISHED = "Squid sends no last chunk either"
PAGE = "Squid answers 502 with its page"

BY_DEFAULT = [
    ("whole.chinese", "", PASSED),
    ("whole.short", "", PASSED),
    ("chunked-stream", "", PASSED),
    ("undeclared", "", "Squid sends it on in chunks"),
    ("gzip-stream", "", PASSED),
    ("blank-lines", "", PASSED),
    ("marks-stream.chinese", "", PASSED + " with Via and X-Cache of its own"),
    ("cut", "cut-by-close json-cut", KEPT),
    ("refused-write", "empty-body-after-overwrite empty-body", KEPT),
    ("declares-more", "body-shorter-than-declared", KEPT),
    ("declares-less.chinese", "json-cut", "Squid clips the body to the declared length"),
    ("chunks-cut-stream", "chunks-without-end stream-without-finish", UNFINISHED),
    ("bad-chunk-at-once", "chunks-without-end empty-body", "Squid sends its head and then closes"),
    ("reset", "cut-by-close json-cut", "Squid passes on what came and closes in order"),
    ("undeclared-cut", "json-cut", LAUNDERED),
    ("undeclared-cut-stream", "stream-without-finish", LAUNDERED),
    ("empty", "bad-gateway", PAGE),
    ("reset-first-stream", "bad-gateway", PAGE),
    ("two-lengths", "bad-gateway", PAGE),
    ("garbage", "not-text-or-json", "Squid wraps the foreign words as a 200"),
]
FORWARDED = [
    ("whole.chinese", "", PASSED),
    ("chunked-stream", "", PASSED),
    ("undeclared-stream", "", "Squid sends it on in chunks"),
    ("cut", "cut-by-close json-cut", KEPT),
    ("undeclared-cut", "json-cut", LAUNDERED),
]


def cases(make):
    make.sweep(proxy(make), BY_DEFAULT)
    hasty = proxy(make, "read_timeout 1 second")
    make.sweep(hasty, [("silent", "gateway-timeout", "Squid answers 504"), ("stall", "cut-by-close json-cut", KEPT)], "hasty")
    denied = proxy(make, "http_access deny all")
    make.case("denied", "html-instead-of-api", "Squid's rules deny access: 403 with its page.", denied, "whole")
    nowhere = proxy(make, upstream=harness.free_port())
    make.case("refused", "bad-gateway", "The upstream refuses connections; Squid answers 502.", nowhere, "whole")

    office = squid(make, "", "acl SSL_ports port 443\nhttp_access deny CONNECT !SSL_ports")
    origin = f"http://127.0.0.1:{make.upstream}"
    make.sweep(origin, FORWARDED, "forward", away=["--proxy", office.url])
    secure = f"https://127.0.0.1:{make.upstream}"
    words = "As installed, Squid tunnels to port 443 only: it answers CONNECT to another port with 403."
    make.case("connect-denied", "proxy-refused-tunnel", words, secure, "whole", away=["--proxy", office.url])
    asking = squid(make, "", "auth_param basic program /bin/true\nacl known proxy_auth REQUIRED\nhttp_access deny !known")
    words = "Squid wants credentials and got none: 407."
    make.case("credentials", "proxy-auth-required", words, origin, "whole", away=["--proxy", asking.url])
    words = "Squid wants credentials for a tunnel and got none: 407."
    make.case("credentials-tunnel", "proxy-auth-required", words, secure, "whole", away=["--proxy", asking.url])
