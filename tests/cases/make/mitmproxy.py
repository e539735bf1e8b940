"""mitmproxy, which opens TLS with certificates of its own, stores what it passes on, and rewrites it where it is told to."""

import pathlib
import shutil
import tempfile

import harness
import tls
import upstream

TRUSTED = "the caller trusts mitmproxy's authority, as a company's computers do"


def software():
    return "mitmproxy " + harness.version_of(harness.MITMPROXY + "/mitmdump", "--version")


def mitm(make, *options):
    """A forward proxy; its authority's certificate is in its directory."""
    program = pathlib.Path(harness.MITMPROXY) / "mitmdump"
    own = ["--listen-host", "127.0.0.1", "--listen-port", "<port>", "--set", "confdir=<dir>", "--ssl-insecure"]
    return make.serve([program, *own, *options])


def reverse(make, *options):
    return mitm(make, "--mode", f"reverse:http://127.0.0.1:{make.upstream}", *options)


def cases(make):
    directory = pathlib.Path(tempfile.mkdtemp(prefix="cases-tls-"))
    context = tls.ssl.SSLContext(tls.ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*tls.certify(directory, "IP:127.0.0.1"))
    origin = f"https://127.0.0.1:{upstream.listen(wrap=lambda connection: tls.Ending(context, connection, True))}"
    try:
        intercepted(make, origin)
        reversed_(make)
    finally:
        shutil.rmtree(directory)


def intercepted(make, origin):
    proxy = mitm(make)
    trusting = ["--proxy", proxy.url, "--cacert", str(proxy.directory / "mitmproxy-ca-cert.pem")]
    reason = {"no_replay": "the certificate is the proof, and plain TCP shows none"}
    for fault, mode, more in (("whole.chinese", [], ""), ("chunked", ["--stream"], "-stream")):
        words = f"mitmproxy opens TLS with a certificate of its own; {TRUSTED}."
        make.case(f"opened{more}", "tls-intercepted", words, origin, fault, mode, away=trusting, **reason)
    words = "mitmproxy opens TLS with a certificate of its own, which nobody vouches for."
    make.case("untrusted", "tls-intercepted issuer-unknown", words, origin, "whole", away=["--proxy", proxy.url], **reason)
    words = f"mitmproxy opens TLS, and answers 502 with its page because the upstream is cut; {TRUSTED}."
    make.case("opened-cut", "bad-gateway tls-intercepted", words, origin, "cut", away=trusting, **reason)


def reversed_(make):
    rows = [
        ("whole.emoji", "", "mitmproxy stores it and passes it on"),
        ("chunked-stream.chinese", "", "mitmproxy stores it and passes it on, which took no time"),
        ("gzip", "", "mitmproxy passes it on as it is"),
        ("undeclared", "", "mitmproxy passes it on"),
        ("cut", "bad-gateway", "mitmproxy answers 502 with its page, because it had stored nothing whole"),
        ("chunks-cut-stream", "bad-gateway", "mitmproxy answers 502 with its page"),
        ("undeclared-cut", "json-cut", "mitmproxy passes it on"),
        ("empty", "bad-gateway", "mitmproxy answers 502 with its page"),
        ("two-lengths", "bad-gateway", "mitmproxy answers 502 with its page"),
    ]
    make.sweep(reverse(make), rows, "reverse")
    words = "mitmproxy stores the stream to its end, as is its default"
    make.sweep(reverse(make), [("slower-stream", "stream-buffered", words)], "reverse", keeps_times=True)
    changed = reverse(make, "--modify-body", "/gpt-4o-mini/gpt-3.5-turbo")
    make.sweep(changed, [("whole", "model-substituted", "mitmproxy puts another model's name in, and counts anew")], "modified")
    inserted = reverse(make, "--modify-body", "|$|<script src=http://10.1.1.1/a.js></script>")
    make.sweep(inserted, [("whole.short", "body-altered", "mitmproxy appends a script, and counts anew")], "script")
