"""Python's servers before an application that miscounts or fails: gunicorn, uvicorn, hypercorn, waitress, werkzeug, aiohttp, http.server."""

import harness

IDLE = ["--idle-timeout", "1s"]
GOOD = [
    ("whole", "", "The application declares what it writes."),
    ("whole-chinese", "", "The application declares the bytes of a Chinese answer."),
    ("whole-gzip", "", "The application compresses, and declares the compressed bytes."),
    ("whole-stream", "", "The application streams."),
    ("chinese-stream", "", "The application streams Chinese after a comment."),
]
# A connection that is closed after what was written.
SHORT = [
    ("writes-less", "body-shorter-than-declared", "The application declares 40 bytes too many; the server closes after what there is."),
    ("writes-half", "cut-by-close json-cut", "The application returns after 250 bytes; the server closes."),
]
FAILING = [
    ("fails", "cut-by-close json-cut", "The application fails after 250 bytes; the server closes."),
    ("fails-stream", "chunks-without-end stream-without-finish", "The application fails after six events; the last chunk is missing."),
]
ENDING = [("ends-early-stream", "stream-without-finish", "The application ends the stream after six events, properly for HTTP.")]
REFUSING = [
    ("writes-more", "empty-body-after-overwrite empty-body", "The application writes 40 bytes too many at once: the server refuses them all."),
    ("writes-more-in-two", "cut-by-close json-cut", "The second write goes over the declared length and is refused."),
    ("stale-length", "empty-body-after-overwrite empty-body", "A decompressed body under the length of its gzip form: the server refuses it."),
    ("counts-characters", "empty-body-after-overwrite empty-body", "The application declares characters: the server refuses the longer body."),
]
CLIPPING = [
    ("writes-more", "json-cut", "The application writes 40 bytes too many: the server clips them."),
    ("counts-characters", "body-clipped-to-declared json-cut", "The application declares characters: the server clips the body inside one."),
]
SENDING = [
    ("writes-more", "body-longer-than-declared", "The application writes 40 bytes too many: they are sent."),
    ("counts-characters", "length-counts-characters", "The application declares characters: all bytes are sent."),
]
LABELS = [("stale-gzip", "coding-mislabelled", "The application decompressed the answer and kept the label.")]


def software():
    return "CPython " + harness.version_of("python3", "--version")


def package(name):
    """Such as «gunicorn 27.0.1»."""
    code = f"import importlib.metadata as m; print(m.version({name.split()[0]!r}))"
    return f"{name} {harness.version_of('python3', '-c', code)}"


def cases(make):
    program = [harness.MAKE / "application.py"]
    environment = {"PYTHONPATH": str(harness.MAKE), "PYTHONDONTWRITEBYTECODE": "1"}
    own = make.software

    def sweep(label, arguments, families, ask=()):
        make.software = package(label) if label[0] != "h" or label.startswith("hypercorn") else own + " " + label
        server = make.serve(arguments, environment=environment)
        short = label.replace(" ", "-").replace("/", "-")
        for name, findings, what in [row for family in families for row in family]:
            stream = ["--stream"] if name.endswith("-stream") else []
            make.case(f"{short}-{name}", findings, f"{what}", server, name, [*stream, *ask])

    gunicorn = ["gunicorn", "--bind", "127.0.0.1:<port>", "application:wsgi", "--worker-class"]
    sweep("gunicorn sync", [*gunicorn, "sync"], [GOOD, SHORT, FAILING, CLIPPING, LABELS])
    sweep("gunicorn gthread", [*gunicorn, "gthread"], [GOOD[:4], FAILING, CLIPPING[1:], ENDING])
    words = "The application sleeps; gunicorn aborts its worker after --timeout, which answers 500 with its page."
    hasty = [("sleeps", "gateway-failure", words)]
    sweep("gunicorn hasty", [*gunicorn, "sync", "--timeout", "1"], [hasty])
    uvicorn = ["uvicorn", "--port", "<port>", "application:asgi", "--http"]
    sweep("uvicorn h11", [*uvicorn, "h11"], [GOOD, SHORT, FAILING, REFUSING, ENDING])
    sweep("uvicorn httptools", [*uvicorn, "httptools"], [GOOD, SHORT, FAILING, REFUSING])
    sweep("hypercorn", ["hypercorn", "--bind", "127.0.0.1:<port>", "application:asgi"], [GOOD, SHORT, FAILING, REFUSING[:2], ENDING])
    python = ["python3", *program]
    sweep("waitress", [*python, "waitress", "<port>"], [GOOD, SHORT, FAILING, CLIPPING])
    sweep("werkzeug", [*python, "werkzeug", "<port>"], [GOOD, SHORT, SENDING, ENDING])
    sweep("aiohttp", [*python, "aiohttp", "<port>"], [GOOD, SHORT, FAILING, CLIPPING], IDLE)
    sweep("http.server 1.1", [*python, "http.server", "<port>"], [GOOD[:3], SENDING, LABELS], IDLE)
    sweep("http.server 1.0", [*python, "http.server-1.0", "<port>"], [GOOD, SHORT, SENDING], IDLE)
