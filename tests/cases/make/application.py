"""A chat API for WSGI servers, ASGI servers, aiohttp and http.server. The first part of the path says what the application gets wrong.

Run alone: application.py (http.server|http.server-1.0|aiohttp|waitress|werkzeug) PORT
"""

import gzip
import json
import sys
import time

PLAIN = "The server behind this answer is written in Python, and counts what it is given. " * 6
CHINESE = "这个回答来自一个 Python 服务器，它按字节计数，也按字节发送，一个不多，一个不少。" * 8


def answer(content):
    return json.dumps({
        "id": "chatcmpl-python", "object": "chat.completion", "created": 1763856000, "model": "gpt-4o-mini",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 8, "completion_tokens": 96, "total_tokens": 104},
    }, ensure_ascii=False).encode()


def event(delta, finish=None):
    chunk = {"id": "chatcmpl-python", "object": "chat.completion.chunk", "created": 1763856000, "model": "gpt-4o-mini"}
    chunk["choices"] = [{"index": 0, "delta": delta, "finish_reason": finish}]
    return f"data: {json.dumps(chunk)}\n\n".encode()


BODY, LONG = answer(PLAIN), answer(CHINESE)
EVENTS = [event({"content": word + " "}) for word in PLAIN.split()[:12]]
CHINESE_EVENTS = [event({"content": CHINESE[at : at + 9]}) for at in range(0, 90, 9)]
FINISH = [event({}, "stop"), b"data: [DONE]\n\n"]
PACKED = gzip.compress(BODY, mtime=0)
GZIP = {"Content-Encoding": "gzip"}

# Name: declared length, what is written, whether the application then fails, further fields.
HANDLERS = {
    "whole": (len(BODY), [BODY], False, {}),
    "whole-chinese": (len(LONG), [LONG], False, {}),
    "whole-in-pieces": (len(BODY), [BODY[:100], BODY[100:200], BODY[200:]], False, {}),
    "whole-gzip": (len(PACKED), [PACKED], False, GZIP),
    "whole-stream": (None, EVENTS + FINISH, False, {}),
    "chinese-stream": (None, [b": ping\n\n"] + CHINESE_EVENTS + FINISH, False, {}),
    "counts-characters": (len(LONG.decode()), [LONG], False, {}),
    "stale-length": (len(PACKED), [BODY], False, {}),
    "stale-gzip": (len(BODY), [BODY], False, GZIP),
    "counts-before-gzip": (len(BODY), [PACKED], False, GZIP),
    "writes-less": (len(BODY) + 40, [BODY], False, {}),
    "writes-half": (len(BODY), [BODY[:250]], False, {}),
    "writes-more": (len(BODY) - 40, [BODY], False, {}),
    "writes-more-in-two": (len(BODY) - 40, [BODY[:250], BODY[250:]], False, {}),
    "fails": (len(BODY), [BODY[:250]], True, {}),
    "sleeps": (len(BODY), [], False, {}),
    "fails-stream": (None, EVENTS[:6], True, {}),
    "ends-early-stream": (None, EVENTS[:6], False, {}),
}


def look_up(path):
    declared, pieces, fails, more = HANDLERS[path.split("/")[1]]
    kind = "application/json" if declared else "text/event-stream"
    return {"Content-Type": kind, **({"Content-Length": str(declared)} if declared else {}), **more}, pieces, fails


def paced(pieces):
    """Not all in one segment, so that what is sent before a failure is sent indeed."""
    for piece in pieces:
        yield piece
        time.sleep(0.01)


def wsgi(environ, start_response):
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    fields, pieces, fails = look_up(environ["PATH_INFO"])
    start_response("200 OK", list(fields.items()))
    return produce(pieces, fails)


def produce(pieces, fails):
    if not pieces:
        time.sleep(5)
    yield from paced(pieces)
    if fails:
        raise RuntimeError("the application fails")


async def asgi(scope, receive, send):
    import asyncio

    assert scope["type"] == "http"
    while (await receive()).get("more_body"):
        pass
    fields, pieces, fails = look_up(scope["path"])
    if not pieces:
        raise RuntimeError("the application fails")
    headers = [(name.lower().encode(), value.encode()) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for piece in pieces[:-1]:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        await asyncio.sleep(0.01)
    await send({"type": "http.response.body", "body": pieces[-1], "more_body": fails})
    if fails:
        await asyncio.sleep(0.01)
        raise RuntimeError("the application fails")


def http_server(port, version):
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Handler(BaseHTTPRequestHandler):
        protocol_version = version

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            if self.path.startswith("/missing"):
                return self.send_error(404)
            fields, pieces, _ = look_up(self.path)
            self.send_response(200)
            for name, value in fields.items():
                self.send_header(name, value)
            self.end_headers()
            # Nothing but Content-Length delimits here; what has none ends with the connection.
            self.close_connection = self.close_connection or "Content-Length" not in fields
            if "Content-Length" in fields and self.path.startswith("/writes"):
                self.close_connection = version == "HTTP/1.0"
            for piece in paced(pieces):
                self.wfile.write(piece)

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


def aiohttp_server(port):
    import asyncio

    from aiohttp import web

    async def chat(request):
        await request.read()
        fields, pieces, fails = look_up(request.path)
        if not pieces:
            raise RuntimeError("the application fails")
        response = web.StreamResponse(headers=fields)
        await response.prepare(request)
        for piece in pieces:
            await response.write(piece)
            await asyncio.sleep(0.01)
        if fails:
            raise RuntimeError("the application fails")
        await response.write_eof()
        return response

    app = web.Application()
    app.router.add_post("/{path:(?!missing).*}", chat)
    web.run_app(app, host="127.0.0.1", port=port, print=None)


def main(server, port):
    if server.startswith("http.server"):
        http_server(port, "HTTP/1.0" if server.endswith("-1.0") else "HTTP/1.1")
    elif server == "aiohttp":
        aiohttp_server(port)
    elif server == "waitress":
        import waitress

        waitress.serve(wsgi, host="127.0.0.1", port=port)
    elif server == "werkzeug":
        from werkzeug.serving import run_simple

        run_simple("127.0.0.1", port, wsgi, threaded=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
