"""lighttpd's mod_proxy before the faulty upstream."""

import harness


def software():
    return "lighttpd " + harness.version_of("lighttpd", "-v")


def proxy(make, directives="", upstream="<upstream>"):
    configuration = f"""server.modules = ("mod_proxy", "mod_access", "mod_deflate")
server.bind = "127.0.0.1"
server.port = <port>
server.document-root = "<dir>"
server.errorlog = "<dir>/errors"
proxy.server = ("" => (("host" => "127.0.0.1", "port" => {upstream})))
{directives}
"""
    return make.serve(["lighttpd", "-D", "-f", "<dir>/lighttpd.conf"], files={"lighttpd.conf": configuration})


PASSED = "lighttpd passes it on"
STORED = "lighttpd stores what came and declares its length, so that the cut shows in the content only"
KEPT = "lighttpd passes the length on, and closes early too"

BY_DEFAULT = [
    ("whole", "", PASSED),
    ("whole.chinese", "", PASSED),
    ("chunked", "", PASSED),
    ("chunked-stream.chinese", "", PASSED),
    ("undeclared-stream", "", PASSED),
    ("comments-stream", "", PASSED),
    ("gzip", "", PASSED),
    ("early-hints", "", PASSED),
    ("cut", "cut-by-close json-cut", KEPT),
    ("declares-more", "body-shorter-than-declared", KEPT),
    ("declares-less", "json-cut", "lighttpd clips the body to the declared length"),
    ("chunks-cut", "json-cut", STORED),
    ("chunks-cut-stream", "stream-without-finish", STORED),
    ("reset", "cut-by-close json-cut", KEPT),
    ("bad-chunk", "json-cut", STORED),
    ("undeclared-cut", "json-cut", STORED),
    ("undeclared-cut-stream", "stream-without-finish", STORED),
    ("two-lengths", "", "lighttpd passes only the first of them on, and it is the right one"),
    ("empty", "gateway-failure", "lighttpd answers 500 with its page"),
    ("garbage", "bad-gateway", "lighttpd answers 502 with its page"),
    ("error-quota", "quota-exhausted", PASSED),
]


def cases(make):
    make.sweep(proxy(make), BY_DEFAULT)
    streaming = proxy(make, "server.stream-response-body = 2")
    rows = [
        ("slow-stream", "", PASSED + " as it comes"),
        ("chunks-cut-stream", "chunks-without-end stream-without-finish", "lighttpd sends no last chunk either"),
        ("reset", "cut-by-close json-cut", KEPT),
    ]
    make.sweep(streaming, rows, "streaming")
    make.sweep(proxy(make), [("slower-stream", "stream-buffered", "lighttpd stores it first, as is its default, and declares its length")], keeps_times=True)
    deflating = proxy(make, 'deflate.mimetypes = ("application/json", "text/event-stream")\ndeflate.allowed-encodings = ("gzip", "deflate")')
    make.sweep(deflating, [("whole.chinese", "", "lighttpd compresses it"), ("chunked-stream", "", "lighttpd compresses it")], "deflate")
    make.case("refused", "gateway-unavailable", "The upstream refuses connections; lighttpd answers 503.", proxy(make, upstream=harness.free_port()), "whole")
    small = proxy(make, "server.max-request-size = 1")
    make.case("body-too-large", "body-too-large", "server.max-request-size refuses the request with 413.", small, "whole", prompt="long " * 400)
    denied = proxy(make, '$HTTP["url"] =~ "^/" { url.access-deny = ("") }')
    make.case("denied", "access-denied", "mod_access refuses with 403.", denied, "whole")
