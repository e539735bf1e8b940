"""Small forward proxies of offices and homes: Tinyproxy and Privoxy."""

import harness


def software():
    return "Tinyproxy " + harness.version_of("tinyproxy", "-v")


PASSED = "the proxy passes it on"

ROWS = [
    ("whole.chinese", "", PASSED),
    ("chunked-stream", "", PASSED),
    ("undeclared-stream.chinese", "", PASSED),
    ("gzip", "", PASSED),
    ("cut", "cut-by-close json-cut", PASSED),
    ("declares-more", "body-shorter-than-declared", PASSED),
    ("chunks-cut-stream", "chunks-without-end stream-without-finish", PASSED),
    ("undeclared-cut", "json-cut", PASSED),
    ("reset", "cut-by-close json-cut", PASSED + " and closes in order"),
]


def cases(make):
    origin = f"http://127.0.0.1:{make.upstream}"
    tinyproxy(make, origin)
    make.software = "Privoxy " + harness.version_of("privoxy", "--version")
    privoxy(make, origin)


def tinyproxy(make, origin):
    def start(directives=""):
        configuration = f"Port <port>\nListen 127.0.0.1\nTimeout 20\nMaxClients 20\nLogFile \"<dir>/tiny.log\"\n{directives}\n"
        return make.serve(["tinyproxy", "-d", "-c", "<dir>/tinyproxy.conf"], files={"tinyproxy.conf": configuration})

    away = ["--proxy", start().url]
    make.sweep(origin, ROWS, "tinyproxy", away=away)
    make.sweep(origin, [("empty", "closed-before-response", "Tinyproxy closes without a word too")], "tinyproxy", away=away)
    nowhere = f"http://127.0.0.1:{harness.free_port()}"
    words = "The origin refuses connections; Tinyproxy answers 500 with its whole page, and resets because it has not read the request's body."
    make.case("tinyproxy-refused", "gateway-failure cut-by-reset", words, nowhere, "whole", away=away)
    filtering = ["--proxy", start('Filter "/dev/null"\nFilterDefaultDeny Yes').url]
    words = "Tinyproxy's filter denies every name that is not listed: 403 with its whole page, and a reset as above."
    make.case("tinyproxy-filtered", "html-instead-of-api cut-by-reset", words, origin, "whole", away=filtering)
    secure = origin.replace("http", "https")
    words = "Tinyproxy lets CONNECT through to port 443 only, and answers 403 to another."
    make.case("tinyproxy-connect-denied", "proxy-refused-tunnel", words, secure, "whole", away=["--proxy", start("ConnectPort 443").url])


def privoxy(make, origin):
    def start(actions):
        configuration = "listen-address 127.0.0.1:<port>\nconfdir <dir>\nlogdir <dir>\ntempldir /etc/privoxy/templates\nactionsfile own.action\n"
        return make.serve(["privoxy", "--no-daemon", "<dir>/config"], files={"config": configuration, "own.action": actions})

    away = ["--proxy", start("{-block}\n/\n").url]
    make.sweep(origin, ROWS, "privoxy", away=away)
    blocking = ["--proxy", start("{+block{the office does not want this}}\n/\n").url]
    make.case("privoxy-blocked", "html-instead-of-api", "Privoxy blocks the request: 403 with its page.", origin, "whole", away=blocking)
