"""Node's http module, whose default is to send what the application writes and to count nothing."""

import harness

SHORT = ["--idle-timeout", "1s"]
CUT = "the application destroys the socket"

# Name of the handler (`-stream` where a stream is asked for), findings, what happened.
ROWS = [
    ("whole", "", "The application declares the bytes of its Chinese answer.", ()),
    ("keeps-open", "", "Node keeps the connection for a next request, as its keep-alive does.", ()),
    ("undeclared", "", "The application declares nothing; Node counts what end() is given.", ()),
    ("gzip", "", "The application compresses with gzip.", ()),
    ("br", "", "The application compresses with Brotli.", ()),
    ("deflate", "", "The application compresses with deflate.", ()),
    ("stream", "", "The application streams, an event every 8 ms.", ()),
    ("gzip-stream", "", "The application compresses the stream and flushes each event.", ()),
    ("crlf-stream", "", "The stream's lines end with CRLF, after a comment.", ()),
    ("counts-characters", "length-counts-characters", "The application declares code points; Node sends all bytes.", ()),
    ("counts-utf16", "length-counts-utf16-units", "The application declares String.length; Node sends all bytes.", ()),
    ("counts-before-gzip", "length-counts-decoded-bytes", "The application declares the size before gzip; Node sends the smaller body.", ()),
    ("counts-indented", "length-counts-other-serialization", "The application declares the indented JSON and sends the compact one.", ()),
    ("counts-other-model", "length-counts-other-model-name", "The application puts the dated model name in after it counted.", ()),
    ("keeps-gzip-length", "body-longer-than-declared", "The application decompressed the answer and kept the length of the gzip form.", ()),
    ("keeps-gzip-label", "coding-mislabelled", "The application decompressed the answer and kept the label.", ()),
    ("writes-more", "body-longer-than-declared", "The application declares 30 bytes too few; Node sends the surplus.", SHORT),
    ("writes-less", "body-shorter-than-declared", "The application declares 50 bytes too many; Node waits for them for ever.", SHORT),
    ("writes-half", "stalled-in-body", "The application writes half and forgets the rest; Node waits for ever.", SHORT),
    ("destroys", "cut-by-close json-cut", f"Midway {CUT}.", ()),
    ("resets", "cut-by-reset json-cut", "Midway the application resets the socket.", ()),
    ("strict", "closed-before-response", "With strictContentLength Node throws before it sends anything, and the socket ends.", ()),
    ("strict-two", "cut-by-close json-cut", "With strictContentLength Node throws at the second write, and the application gives up.", ()),
    ("second-response", "second-response-after-body body-longer-than-declared", "An error handler writes a second response behind the answer.", ()),
    ("destroys-stream", "chunks-without-end stream-without-finish", f"Mid-stream {CUT}.", ()),
    ("ends-stream-early", "stream-without-finish", "The application ends the stream after four events, properly for HTTP.", ()),
    ("json-for-stream", "stream-ignored", "The application knows no streams and answers with JSON.", ()),
    ("stream-for-json", "stream-unasked", "The application streams to everybody.", ()),
    ("object-as-text", "json-malformed", "The application sends String(object): [object Object].", ()),
    ("half-json", "json-cut", "The application sends 120 characters of its JSON, rightly counted.", ()),
    ("express-404", "web-page-not-api", "No route here: the page that Express sends.", ()),
]
STREAMED = {"stream", "gzip-stream", "crlf-stream", "destroys-stream", "ends-stream-early", "json-for-stream"}


def software():
    return "Node " + harness.version_of("node", "--version")


def cases(make):
    node = make.serve(["node", harness.MAKE / "server.js", "<port>"])
    for name, findings, what, ask in ROWS:
        make.case(name, findings, what, node, name, [*(["--stream"] if name in STREAMED else []), *ask])
