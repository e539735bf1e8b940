"""FastAPI and Starlette on uvicorn: their error shapes, their compression, and limits."""

import harness

ROWS = [
    ("json", "json", "", "JSONResponse counts the bytes of a Chinese answer."),
    ("stream", "sse", "", "StreamingResponse streams."),
    ("packed", "packed/json", "", "GZipMiddleware compresses the answer."),
    ("packed-stream", "packed/sse", "", "GZipMiddleware leaves event streams alone."),
    ("fails-in-stream", "sse-fails", "chunks-without-end stream-without-finish", "The generator fails after four events."),
    ("ends-early-stream", "sse-ends", "stream-without-finish", "The generator returns after four events."),
    ("reports-error-stream", "sse-reports", "error-in-stream", "The generator reports its failure as an event."),
    ("stale-length", "stale-length", "empty-body-after-overwrite empty-body", "A relay copies the length of the gzip form onto the decoded body."),
    ("fails", "fails", "gateway-failure", "The handler fails: 500 in plain text."),
    ("no-route", "nowhere", "path-not-found", "No such route: 404 in FastAPI's JSON."),
    ("wrong-method", "only-get", "path-not-found", "The route knows GET only: 405 in FastAPI's JSON."),
    ("wrong-field", "strict", "request-rejected", "A field is missing: 422 in FastAPI's JSON."),
    ("denied", "denied", "access-denied", "HTTPException 403 in FastAPI's JSON."),
    ("wrong-key", "wrong-key", "key-invalid", "HTTPException 401 in FastAPI's JSON."),
    ("busy", "busy", "provider-overloaded", "HTTPException 503: server busy, in FastAPI's JSON."),
    ("limit-first", "limited", "", "The first request of a minute passes slowapi."),
    ("limit", "limited", "rate-limited", "slowapi answers 429: 1 per 1 minute, in JSON of its own; of what, it does not say."),
    ("bare-string", "bare-string", "other-json", "The handler returns a string, and FastAPI makes JSON of it."),
    ("null", "null", "other-json", "The handler returns nothing, and FastAPI makes null of it."),
    ("twice-encoded", "twice-encoded", "other-json", "The handler returns JSON in a string, and FastAPI encodes it again."),
]


def software():
    code = "import importlib.metadata as m; print(m.version('fastapi'))"
    return "FastAPI " + harness.version_of("python3", "-c", code)


def cases(make):
    # In the server's own directory: here, this maker would be taken for the package.
    files = {name: (harness.MAKE / name).read_text() for name in ("application.py", "relay_application.py")}
    server = make.serve(["uvicorn", "--port", "<port>", "relay_application:app"], files=files)
    for name, path, findings, what in ROWS:
        make.case(name, findings, what, server, path, ["--stream"] if "stream" in name else [])
    crowded = make.serve(["uvicorn", "--port", "<port>", "--limit-concurrency", "1", "relay_application:app"], files=files)
    make.case("crowded", "gateway-unavailable", "uvicorn's --limit-concurrency answers 503 with a line of text.", crowded, "json")
