"""nginx before the faulty upstream, and in its own words."""

import harness


def software():
    return "nginx " + harness.version_of("nginx", "-v")


def nginx(make, directives, listen=""):
    """nginx with these directives in its server block; `listen` is `ssl` for TLS."""
    configuration = f"""daemon off; master_process off; pid nginx.pid; error_log stderr;
        events {{ worker_connections 64; }}
        http {{
            access_log off; default_type text/html;
            client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
            limit_req_zone $server_port zone=one:32k rate=1r/m;
            server {{ listen 127.0.0.1:<port> {listen}; {directives} }}
        }}"""
    return make.serve(["nginx", "-e", "stderr", "-p", "<dir>", "-c", "<dir>/nginx.conf"], files={"nginx.conf": configuration})


def proxy(make, directives=""):
    return nginx(make, f"location / {{ proxy_pass http://127.0.0.1:<upstream>; {directives} }}")


PASSED = "nginx passes it on"
KEPT = "nginx passes the length on, and closes early too"
CLIPPED = "nginx clips the body to the declared length, and the fault is hidden from HTTP"
LAUNDERED = "nginx frames it anew as a clean chunked body, so that the cut shows in the content only"
UNFINISHED = "nginx leaves out its own last chunk, so that the cut shows"
JSON_CUT = "cut-by-close json-cut"

BY_DEFAULT = [
    ("whole", "", PASSED),
    ("whole.chinese", "", PASSED),
    ("whole.errors", "", PASSED + ": the answer talks of error pages"),
    ("whole.block", "", PASSED + ": the body is two blocks of 32 KiB by chance"),
    ("chunked-stream", "", PASSED),
    ("undeclared-stream.chinese", "", "nginx sends it on in chunks"),
    ("slow-stream", "", "nginx passes each event on as it comes, though it buffers"),
    ("gzip", "", PASSED),
    ("early-hints", "", "nginx swallows the 103"),
    ("marks-stream", "", "nginx adds its own name; nothing is changed"),
    ("length-and-chunks", "", "nginx follows the chunks and drops the length"),
    ("cut", JSON_CUT, KEPT),
    ("cut.chinese", JSON_CUT, KEPT),
    ("refused-write", "empty-body-after-overwrite empty-body", KEPT),
    ("declares-more", "body-shorter-than-declared", KEPT),
    ("declares-less", "json-cut", CLIPPED),
    ("counts-characters.chinese", "body-clipped-to-declared json-cut", CLIPPED + ": inside a character"),
    ("two-lengths", "body-shorter-than-declared", "nginx passes only the last of them on"),
    ("chunks-cut", "chunks-without-end json-cut", UNFINISHED),
    ("chunks-cut-stream", "chunks-without-end stream-without-finish", UNFINISHED),
    ("last-chunk-missing-stream", "chunks-without-end", UNFINISHED),
    ("bad-chunk", "chunks-without-end json-cut", UNFINISHED),
    ("bad-chunk-at-once", "closed-before-response", "nginx closes without a word"),
    ("reset", "empty-body-after-overwrite empty-body", "nginx drops what it has not sent: the bytes are those of a refused write too"),
    ("undeclared-cut", "json-cut", LAUNDERED),
    ("undeclared-cut-stream", "stream-without-finish", LAUNDERED),
    ("undeclared-cut-inside-stream", "event-cut", LAUNDERED),
    ("gzip-cut", "encoded-body-cut json-cut", PASSED),
    ("gzip-label", "coding-mislabelled", PASSED),
    ("gzip-unlabelled", "coding-mislabelled", PASSED),
    ("no-finish-stream", "stream-without-finish", PASSED),
    ("done-no-finish-stream", "done-without-finish", PASSED),
    ("error-event-stream", "error-in-stream", PASSED),
    ("error-429", "requests-per-minute", PASSED),
    ("error-quota-stream", "quota-exhausted", PASSED),
    ("error-500", "provider-error", PASSED),
    ("empty", "bad-gateway", "nginx answers 502 with its page"),
    ("head-cut", "bad-gateway", "nginx answers 502 with its page"),
    ("reset-first-stream", "bad-gateway", "nginx answers 502 with its page"),
]
UNBUFFERED = [
    ("slow-stream", "", PASSED + " as it comes"),
    ("reset", JSON_CUT, "nginx closes in order"),
    ("chunks-reset-stream", "chunks-without-end stream-without-finish", UNFINISHED),
    ("undeclared-cut-stream.chinese", "stream-without-finish", LAUNDERED),
]
HASTY = [
    ("silent", "gateway-timeout", "nginx answers 504 after proxy_read_timeout"),
    ("silent-stream", "gateway-timeout", "nginx answers 504 after proxy_read_timeout"),
    ("stall", JSON_CUT, "nginx closes in order after proxy_read_timeout"),
    ("chunks-stall-stream", "chunks-without-end stream-without-finish", "nginx closes without the last chunk after proxy_read_timeout"),
]
COMPRESSING = [
    ("whole", "", "nginx compresses it, as was allowed"),
    ("whole.chinese", "", "nginx compresses it, as was allowed"),
    ("chunked-stream", "", "nginx compresses it, as was allowed"),
    ("undeclared-cut", "json-cut", "nginx compresses the cut body into a clean gzip"),
]


def cases(make):
    make.sweep(proxy(make), BY_DEFAULT)
    make.sweep(proxy(make, "proxy_buffering off;"), UNBUFFERED, "unbuffered")
    make.sweep(proxy(make, "proxy_buffering off; proxy_read_timeout 1s;"), HASTY, "hasty")
    compressing = proxy(make, "gzip on; gzip_min_length 1; gzip_types application/json text/event-stream;")
    make.sweep(compressing, COMPRESSING, "gzip")
    patient = proxy(make, "proxy_read_timeout 5s;")
    waited = [("stall", "cut-after-gateway-timeout empty-body", "nginx drops what came and closes after a proxy_read_timeout of 5 s")]
    make.sweep(patient, waited, "patient", keeps_times=True)
    by_1_1 = proxy(make, "proxy_http_version 1.1; proxy_set_header Connection '';")
    make.sweep(by_1_1, [("extensions", "", PASSED), ("comments-stream", "", PASSED), ("blank-lines", "", PASSED)], "http11")
    rewritten(make)
    own_words(make)


def rewritten(make):
    script = '<script src="http://10.10.34.34/inject.js"></script>'
    types = "sub_filter_types application/json text/event-stream;"
    inside = proxy(make, f"{types} sub_filter '\"choices\":' '{script}\"choices\":';")
    make.sweep(inside, [("whole", "body-altered json-malformed", "sub_filter inserts a script before \"choices\"")], "script")
    behind = proxy(make, f"{types} sub_filter 'data: [DONE]' '{script}\ndata: [DONE]';")
    make.sweep(behind, [("chunked-stream", "body-altered", "sub_filter inserts a script before [DONE]")], "script")
    word = proxy(make, f"{types} sub_filter_once off; sub_filter 'gpt-4o-mini' 'gpt-3.5-turbo';")
    make.sweep(word, [("whole", "model-substituted", "sub_filter puts another model's name in")], "model")
    make.sweep(word, [("chunked-stream", "model-substituted", "sub_filter puts another model's name in")], "model")
    as_text = proxy(make, "proxy_hide_header Content-Type; add_header Content-Type text/plain;")
    make.sweep(as_text, [("chunked-stream", "stream-type-rewritten", "nginx labels the stream as plain text")], "text")
    forced = proxy(make, "proxy_set_header Accept-Encoding gzip;")
    row = ("gzip", "coding-forced", "nginx had asked for gzip in the name of a client that takes none")
    make.sweep(forced, [row], "forced", ask=["--accept-encoding", "identity"])


def own_words(make):
    limited = proxy(make, "limit_req zone=one; limit_req_status 429;")
    make.case("limit-first", "", "The first request of a minute passes limit_req.", limited, "whole")
    make.case("limit-429", "proxy-rate-limit", "The second request of a minute is refused by limit_req with 429.", limited, "whole")
    make.case("limit-429-stream", "proxy-rate-limit", "The third is refused too, though it asks for a stream.", limited, "chunked", ["--stream"])
    limited = proxy(make, "limit_req zone=one;")
    make.case("limit-503-first", "", "The first request of a minute passes limit_req.", limited, "whole.short")
    make.case("limit-503", "gateway-unavailable", "limit_req refuses with its default, 503, and the page does not say why.", limited, "whole")
    small = proxy(make, "client_max_body_size 1k;")
    make.case("body-too-large", "body-too-large", "client_max_body_size refuses the request with 413.", small, "whole", prompt="long " * 400)
    nowhere = nginx(make, f"location / {{ proxy_pass http://127.0.0.1:{harness.free_port()}; }}")
    make.case("refused", "bad-gateway", "The upstream refuses connections; nginx answers 502.", nowhere, "whole")
    site = nginx(make, "location / { return 200 '<!doctype html><title>Our shop</title><h1>Welcome</h1>'; }")
    make.case("web-site", "web-page-not-api", "A web site stands at this address.", site, "v")
    make.case("missing-page", "web-page-not-api", "The site has no such page: 404 in HTML.", nginx(make, "location / { return 404; }"), "v")
    make.case("to-https", "redirected-elsewhere", "The site redirects to https.", nginx(make, "return 301 https://example.com$request_uri;"), "v")
    make.case("to-login", "login-redirect", "The site redirects to its login page.", nginx(make, "return 302 https://sso.example.com/login;"), "v")
    make.case("dropped", "closed-before-response", "`return 444` closes without a word.", nginx(make, "location / { return 444; }"), "v")
    large = ["-H", "X-Session: " + "0123456789abcdef" * 600]
    words = "A field of the request is larger than nginx reads: 400 with its page «Request Header Or Cookie Too Large»."
    make.case("large-field", "request-rejected", words, proxy(make), "whole", away=large)
    static = nginx(make, "location / { root /usr/share/nginx/html; try_files /index.html =404; }")
    make.case("static", "web-page-not-api", "Only files stand here: nginx answers POST with 405 and its page.", static, "v")
    make.case("forbidden", "access-denied", "`deny all` refuses with 403.", nginx(make, "location / { deny all; }"), "v")
