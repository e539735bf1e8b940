"""Apache's mod_proxy before the faulty upstream."""

import harness

MODULES = "mpm_worker authz_core filter deflate substitute headers proxy proxy_http".split()


def software():
    return "Apache " + harness.version_of("apache2", "-v")


def proxy(make, directives="", upstream="<upstream>"):
    modules = "\n".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in MODULES)
    configuration = f"""ServerRoot <dir>
DefaultRuntimeDir <dir>
PidFile pid
ErrorLog /dev/stderr
ServerName localhost
{modules}
User www-data
Group www-data
Listen 127.0.0.1:<port>
ProxyPass / http://127.0.0.1:{upstream}/ retry=0
{directives}
"""
    return make.serve(["apache2", "-X", "-f", "<dir>/apache.conf"], files={"apache.conf": configuration})


PASSED = "Apache passes it on"
KEPT = "Apache passes the length on, and closes early too"
LAUNDERED = "Apache frames it anew as a clean chunked body, so that the cut shows in the content only"
UNFINISHED = "Apache sends no last chunk either"
PAGE = "Apache answers 502 with its page"

BY_DEFAULT = [
    ("whole.chinese", "", PASSED),
    ("whole.errors", "", PASSED),
    ("extensions", "", PASSED + " in chunks of its own"),
    ("undeclared", "", "Apache sends it on in chunks"),
    ("chunked-stream.emoji", "", PASSED),
    ("comments-stream", "", PASSED),
    ("marks", "", PASSED),
    ("early-hints", "", PASSED),
    ("cut", "cut-by-close json-cut", KEPT),
    ("refused-write", "empty-body-after-overwrite empty-body", KEPT),
    ("declares-more", "body-shorter-than-declared", KEPT),
    ("declares-less", "json-cut", "Apache clips the body to the declared length"),
    ("chunks-cut", "chunks-without-end json-cut", UNFINISHED),
    ("chunks-cut-stream", "chunks-without-end stream-without-finish", UNFINISHED),
    ("bad-chunk-stream", "chunks-without-end stream-without-finish", "Apache passes the first chunk on and closes"),
    ("reset", "cut-by-close json-cut", "Apache passes on what came and closes in order"),
    ("undeclared-cut", "json-cut", LAUNDERED),
    ("undeclared-cut-stream.chinese", "stream-without-finish", LAUNDERED),
    ("empty", "bad-gateway", PAGE),
    ("reset-first", "bad-gateway", PAGE),
    ("garbage", "not-text-or-json", "Apache takes it for HTTP/0.9 and wraps it as a 200"),
    ("error-404", "model-not-found", PASSED),
    ("error-503-stream", "provider-overloaded", PASSED),
]


def cases(make):
    make.sweep(proxy(make), BY_DEFAULT)
    compressing = proxy(make, "AddOutputFilterByType DEFLATE application/json text/event-stream")
    make.sweep(compressing, [("whole", "", "mod_deflate compresses it"), ("chunked-stream.chinese", "", "mod_deflate compresses it")], "deflate")
    hasty = proxy(make, "ProxyTimeout 1")
    make.sweep(hasty, [("silent", "bad-gateway", "Apache answers a timeout with 502"), ("stall", "cut-by-close json-cut", KEPT)], "hasty")
    nowhere = proxy(make, upstream=harness.free_port())
    make.case("refused", "gateway-unavailable", "The upstream refuses connections; Apache answers 503.", nowhere, "whole")
    denied = proxy(make, "<Location />\nRequire all denied\n</Location>")
    make.case("denied", "access-denied", "Apache's rules deny access: 403 with its page.", denied, "whole")
    script = 'AddOutputFilterByType SUBSTITUTE text/event-stream\nSubstitute "s|data: \\[DONE\\]|<script src=\'http://10.1.1.1/a.js\'></script>\\ndata: [DONE]|"'
    make.sweep(proxy(make, script), [("chunked-stream", "body-altered", "mod_substitute inserts a script before [DONE]")], "script")
    relabelled = proxy(make, "Header set Content-Type text/html")
    make.sweep(relabelled, [("chunked-stream", "stream-type-rewritten", "mod_headers calls the stream text/html")], "html")
    labelled = proxy(make, "Header set Content-Encoding br")
    make.sweep(labelled, [("whole", "coding-mislabelled", "mod_headers says br over a plain body")], "label")
