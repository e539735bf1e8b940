# A chat API for WSGI servers, ASGI servers and http.server. The first part of the path says what the application gets wrong.
import json

BODY = json.dumps({
    "id": "chatcmpl-python", "object": "chat.completion", "created": 1763856000, "model": "gpt-4o-mini",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "this answer comes from a Python server " * 8}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 8, "completion_tokens": 56, "total_tokens": 64},
}, separators=(",", ":")).encode()
EVENT = b'data: {"id":"chatcmpl-python","choices":[{"index":0,"delta":{"content":"word "},"finish_reason":null}]}\n\n'
FINISH = b'data: {"id":"chatcmpl-python","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'

# Name: declared length, what is written, and whether the application then fails.
HANDLERS = {
    "whole": (len(BODY), [BODY], False),
    "whole-stream": (None, [EVENT] * 6 + [FINISH], False),
    "writes-less": (len(BODY) + 40, [BODY], False),
    "writes-half": (len(BODY), [BODY[:250]], False),
    "writes-more": (len(BODY) - 40, [BODY], False),
    "writes-more-in-two": (len(BODY) - 40, [BODY[:250], BODY[250:]], False),
    "fails-midway": (len(BODY), [BODY[:250]], True),
    "fails-in-stream": (None, [EVENT] * 6, True),
}


def look_up(path):
    declared, pieces, fails = HANDLERS[path.split("/")[1]]
    kind = "application/json" if declared else "text/event-stream"
    fields = [("Content-Type", kind)] + ([("Content-Length", str(declared))] if declared else [])
    return fields, pieces, fails


def wsgi(environ, start_response):
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    fields, pieces, fails = look_up(environ["PATH_INFO"])
    start_response("200 OK", fields)
    yield from pieces
    if fails:
        raise RuntimeError("the application fails")


async def asgi(scope, receive, send):
    assert scope["type"] == "http"
    while (await receive()).get("more_body"):
        pass
    fields, pieces, fails = look_up(scope["path"])
    fields = [(name.lower().encode(), value.encode()) for name, value in fields]
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    for piece in pieces[:-1]:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": pieces[-1], "more_body": fails})
    if fails:
        raise RuntimeError("the application fails")


if __name__ == "__main__":
    import sys
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Handler(BaseHTTPRequestHandler):
        protocol_version = sys.argv[2]

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            fields, pieces, _ = look_up(self.path)
            self.send_response(200)
            for name, value in fields:
                self.send_header(name, value)
            self.end_headers()
            for piece in pieces:
                self.wfile.write(piece)
            self.close_connection = self.close_connection or not any(name == "Content-Length" for name, _ in fields)

    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
