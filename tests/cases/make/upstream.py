"""The faulty upstream: a raw socket server whose every byte is laid out here, so that what stands in front of it alone decides the rest.

The first part of the path says what goes wrong and, after a dot, with which text: /cut.chinese/v1/chat/completions.
Run alone it serves until it is killed: python3 upstream.py PORT
"""

import gzip
import json
import socket
import struct
import sys
import threading
import time

FIN, RESET, SILENCE = "fin", "reset", "silence"
MODEL = "gpt-4o-mini"

ENGLISH = (
    "A proxy sits between two parties and passes on what each of them says. Most do it faithfully. Some hold the words back until they "
    "have all of them, some count them anew, and a few forget the end of the sentence and never notice. "
)
CHINESE = (
    "代理位于两方之间，把一方的话转给另一方。多数代理忠实地转发；有的要等话全部说完才转，有的会重新计数，还有少数会丢掉句子的结尾而毫无察觉。"
    "因此，声明的长度、实际到达的字节、以及内容自身的结尾，三者都要核对。"
)
TALKS_OF_ERRORS = (
    "A gateway that cannot reach its upstream answers 502 with a page such as:\n\n<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n"
    "<body><center><h1>502 Bad Gateway</h1></center><hr><center>nginx</center></body>\r\n</html>\n\nAn API says it in JSON: "
    '{"error":{"message":"Rate limit reached for requests","type":"requests","code":"rate_limit_exceeded"}}. '
    "Go's words for the opposite fault are `http: wrote more than the declared Content-Length`; <script>alert(1)</script> is only an example, "
    "and data: [DONE] ends a stream."
)
TEXTS = {
    "english": ENGLISH * 3,
    "chinese": CHINESE * 5,
    "emoji": "Ja 👍🏽, 是的 🎉, да ✅ — naïve café. " * 12,
    "errors": TALKS_OF_ERRORS,
    "long": ENGLISH * 160,
    "short": "Yes.",
}


class Answer:
    """One good answer: as a JSON or as events, before anything goes wrong with it."""

    def __init__(self, stream, text):
        self.kind = "text/event-stream" if stream else "application/json"
        content = TEXTS.get(text, TEXTS["english"])
        self.events = list(events_of(content, text)) if stream else []
        if stream:
            self.body = b"".join(self.events)
        else:
            self.body = plain(content, text)
        if text == "block" and not stream:
            # A body of exactly two blocks of 32 KiB: a length like any other.
            filler = "x" * (65536 - len(plain("", text)))
            self.body = plain(filler, text)

    @property
    def half(self):
        """Cut in its middle: inside a word, and inside an event."""
        return self.body[: len(self.body) * 3 // 5]

    @property
    def part(self):
        """The first events, whole; of a JSON its half."""
        return b"".join(self.events[:5]) if self.events else self.half

    def pieces(self, body=None):
        """The same bytes in a few pieces: event by event, or in three."""
        body = self.body if body is None else body
        if self.events:
            return [event + b"\n\n" for event in body.split(b"\n\n") if event]
        third = max(1, len(body) // 3)
        return [piece for piece in (body[:third], body[third : 2 * third], body[2 * third :]) if piece]

    def head(self, *fields, status="200 OK", version="HTTP/1.1"):
        lines = [f"{version} {status}", f"Content-Type: {self.kind}", "Cache-Control: no-cache", *fields, "Connection: close", "", ""]
        return "\r\n".join(lines).encode()

    def declared(self, length, *fields, **rest):
        return self.head(f"Content-Length: {length}", *fields, **rest)

    def chunked(self, *fields):
        return self.head("Transfer-Encoding: chunked", *fields)


def plain(content, text):
    message = {"role": "assistant", "content": content}
    finish = "stop"
    if text == "tool":
        call = {"name": "get_weather", "arguments": '{"city": "东京", "unit": "celsius"}'}
        message = {"role": "assistant", "content": None, "tool_calls": [{"id": "call_1", "type": "function", "function": call}]}
        finish = "tool_calls"
    if text == "limit":
        finish = "length"
    answer = {
        "id": "chatcmpl-9f2c", "object": "chat.completion", "created": 1763856000, "model": MODEL,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
        "usage": {"prompt_tokens": 8, "completion_tokens": 120, "total_tokens": 128},
    }
    return json.dumps(answer, separators=(",", ":"), ensure_ascii=False).encode()


def event(delta, finish=None):
    chunk = {
        "id": "chatcmpl-9f2c", "object": "chat.completion.chunk", "created": 1763856000, "model": MODEL,
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    return b"data: " + json.dumps(chunk, separators=(",", ":"), ensure_ascii=False).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"


def events_of(content, text):
    if text == "tool":
        function = {"name": "get_weather", "arguments": ""}
        yield event({"role": "assistant", "content": None, "tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": function}]})
        for piece in ('{"city"', ': "东京", ', '"unit": "celsius"}'):
            yield event({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]})
        yield event({}, "tool_calls")
    else:
        yield event({"role": "assistant", "content": ""})
        step = max(1, len(content) // 12)
        for start in range(0, len(content), step):
            yield event({"content": content[start : start + step]})
        yield event({}, "length" if text == "limit" else "stop")
    yield DONE


def chunk(data, extension=""):
    return f"{len(data):x}{extension}\r\n".encode() + data + b"\r\n"


def chunks(pieces, end=b"0\r\n\r\n"):
    return [chunk(piece) for piece in pieces] + [end]


def slowly(steps, pause):
    """A pause before each step but the first."""
    return [part for step in steps for part in (pause, step)][1:]


def error(a, status, body):
    return [Answer(False, "short").declared(len(body), status=status) + body.encode()], FIN


def api_error(status, message, kind, code=None):
    body = json.dumps({"error": {"message": message, "type": kind, "param": None, "code": code}})
    return lambda a: error(a, status, body)


def unfinished(a):
    return b"".join(a.events[:-2])


GZIP = "Content-Encoding: gzip"


def packed(a):
    return gzip.compress(a.body, mtime=0)


# Each fault: what the upstream does, in words; what it sends (bytes, or seconds of pause); and how the connection ends.
FAULTS = {
    # Good answers, each framed in another way.
    "whole": (
        "declares the length of a good answer rightly",
        lambda a: ([a.declared(len(a.body)) + a.body], FIN),
    ),
    "chunked": (
        "sends a good answer in chunks",
        lambda a: ([a.chunked(), *slowly(chunks(a.pieces()), 0.005)], FIN),
    ),
    "extensions": (
        "sends a good answer in chunks with extensions and a trailer field",
        lambda a: ([a.chunked("Trailer: X-Checked"), *[chunk(p, ";n=1") for p in a.pieces()], b"0\r\nX-Checked: yes\r\n\r\n"], FIN),
    ),
    "undeclared": (
        "sends a good answer without length or chunks and closes",
        lambda a: ([a.head(), *slowly(a.pieces(), 0.005)], FIN),
    ),
    "http10": (
        "sends a good answer as HTTP/1.0 and closes",
        lambda a: ([a.head(version="HTTP/1.0") + a.body], FIN),
    ),
    "gzip": (
        "sends a good answer compressed with gzip",
        lambda a: ([a.declared(len(packed(a)), GZIP) + packed(a)], FIN),
    ),
    "blank-lines": (
        "sends blank lines while it thinks, then a good answer",
        lambda a: ([a.chunked(), *slowly(chunks([b"\n"] * 6 + a.pieces()), 0.02)], FIN),
    ),
    "comments": (
        "sends keep-alive comments, then a good answer",
        lambda a: ([a.chunked(), *slowly(chunks([b": keep-alive\n\n"] * 5 + a.pieces()), 0.02)], FIN),
    ),
    "slow": (
        "streams a good answer, one event every 60 ms",
        lambda a: ([a.chunked(), *slowly(chunks(a.pieces()), 0.06)], FIN),
    ),
    "slower": (
        "streams a good answer, one event every 150 ms",
        lambda a: ([a.chunked(), *slowly(chunks(a.pieces()), 0.15)], FIN),
    ),
    "no-done": (
        "ends a good stream after finish_reason, without [DONE]",
        lambda a: ([a.chunked(), *chunks(a.events[:-1])], FIN),
    ),
    "huge-head": (
        "puts 24 long fields into the head of a good answer",
        lambda a: ([a.declared(len(a.body), *[f"X-Trace-{n}: {'0123456789abcdef' * 6}" for n in range(24)]) + a.body], FIN),
    ),
    "early-hints": (
        "sends 103 Early Hints before a good answer",
        lambda a: ([b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n", 0.02, a.declared(len(a.body)) + a.body], FIN),
    ),
    "continue": (
        "sends 100 Continue, unasked, before a good answer",
        lambda a: ([b"HTTP/1.1 100 Continue\r\n\r\n", 0.02, a.declared(len(a.body)) + a.body], FIN),
    ),
    "marks": (
        "sends a good answer with CF-Ray, X-Cache and Via",
        lambda a: ([a.declared(len(a.body), "CF-Ray: 8f3c1a2b4d5e6f70-SIN", "X-Cache: MISS from edge-3", "Via: 1.1 varnish, 1.1 edge-3") + a.body], FIN),
    ),
    # The length is wrong.
    "declares-more": (
        "declares 100 bytes more than its whole answer and closes",
        lambda a: ([a.declared(len(a.body) + 100) + a.body], FIN),
    ),
    "declares-more-silence": (
        "declares 100 bytes more than its whole answer and stays open",
        lambda a: ([a.declared(len(a.body) + 100) + a.body], SILENCE),
    ),
    "declares-less": (
        "declares 41 bytes less than it sends",
        lambda a: ([a.declared(len(a.body) - 41) + a.body], FIN),
    ),
    "counts-characters": (
        "declares the characters of its answer, not the bytes",
        lambda a: ([a.declared(len(a.body.decode())) + a.body], FIN),
    ),
    "counts-before-gzip": (
        "declares the size before its compression",
        lambda a: ([a.declared(len(a.body), GZIP) + packed(a)], FIN),
    ),
    "two-lengths": (
        "declares two lengths, the second 100 bytes too long",
        lambda a: ([a.head(f"Content-Length: {len(a.body)}", f"Content-Length: {len(a.body) + 100}") + a.body], FIN),
    ),
    "length-and-chunks": (
        "declares a length and sends chunks",
        lambda a: ([a.head(f"Content-Length: {len(a.body)}", "Transfer-Encoding: chunked"), *chunks(a.pieces())], FIN),
    ),
    # The body is cut.
    "cut": (
        "closes in the middle of the declared length",
        lambda a: ([a.declared(len(a.body)) + a.half], FIN),
    ),
    "refused-write": (
        "declares a length, sends nothing and closes, as a Go server does whose handler writes more",
        lambda a: ([a.declared(len(a.body))], FIN),
    ),
    "reset": (
        "resets the connection in the middle of the declared length",
        lambda a: ([a.declared(len(a.body)) + a.half, 0.1], RESET),
    ),
    "stall": (
        "falls silent in the middle of the declared length",
        lambda a: ([a.declared(len(a.body)) + a.half], SILENCE),
    ),
    "chunks-cut": (
        "closes between two chunks, in the middle of the answer",
        lambda a: ([a.chunked(), *slowly(chunks(a.pieces(a.part), b""), 0.01)], FIN),
    ),
    "chunks-reset": (
        "resets the connection between two chunks",
        lambda a: ([a.chunked(), *slowly(chunks(a.pieces(a.part), b""), 0.01), 0.1], RESET),
    ),
    "chunks-stall": (
        "falls silent between two chunks",
        lambda a: ([a.chunked(), *chunks(a.pieces(a.part), b"")], SILENCE),
    ),
    "chunk-cut-inside": (
        "closes inside a chunk",
        lambda a: ([a.chunked(), chunk(a.part), chunk(a.pieces()[-1])[:-20]], FIN),
    ),
    "last-chunk-missing": (
        "sends the whole answer in chunks and closes without the last",
        lambda a: ([a.chunked(), *chunks(a.pieces(), b"")], FIN),
    ),
    "bad-chunk": (
        "writes a chunk size that is no number",
        lambda a: ([a.chunked(), chunk(a.part), 0.05, b"zz\r\n" + a.part], FIN),
    ),
    "bad-chunk-at-once": (
        "writes a chunk size that is no number, all in one segment",
        lambda a: ([a.chunked() + chunk(a.part) + b"zz\r\n" + a.part], FIN),
    ),
    "undeclared-cut": (
        "declares nothing and closes in the middle of the answer",
        lambda a: ([a.head() + a.part], FIN),
    ),
    "undeclared-cut-inside": (
        "declares nothing and closes inside an event",
        lambda a: ([a.head() + a.half], FIN),
    ),
    "cut-before-counting": (
        "counts and sends half an answer",
        lambda a: ([a.declared(len(a.half)) + a.half], FIN),
    ),
    "gzip-cut": (
        "sends two thirds of a gzip body under their right length",
        lambda a: ([a.declared(len(packed(a)) * 2 // 3, GZIP) + packed(a)[: len(packed(a)) * 2 // 3]], FIN),
    ),
    "no-finish": (
        "ends the stream properly for HTTP, in the middle of the answer",
        lambda a: ([a.chunked(), *chunks([unfinished(a)])], FIN),
    ),
    "done-no-finish": (
        "stops in the middle of the answer and forges [DONE]",
        lambda a: ([a.chunked(), *chunks([unfinished(a), DONE])], FIN),
    ),
    # Labels are wrong.
    "gzip-label": (
        "says gzip over a plain body",
        lambda a: ([a.declared(len(a.body), GZIP) + a.body], FIN),
    ),
    "gzip-unlabelled": (
        "compresses with gzip and does not say so",
        lambda a: ([a.declared(len(packed(a))) + packed(a)], FIN),
    ),
    # Nothing, or something else, comes.
    "empty": (
        "closes without a byte",
        lambda a: ([0.02], FIN),
    ),
    "reset-first": (
        "resets the connection without a byte",
        lambda a: ([0.02], RESET),
    ),
    "silent": (
        "says nothing",
        lambda a: ([], SILENCE),
    ),
    "head-cut": (
        "closes in the middle of the response head",
        lambda a: ([a.declared(len(a.body))[:60]], FIN),
    ),
    "garbage": (
        "speaks SSH",
        lambda a: ([b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"], FIN),
    ),
    "empty-body": (
        "declares a length of 0",
        lambda a: ([a.declared(0)], FIN),
    ),
    # What an API says when it does not answer.
    "error-429": (
        "answers 429 in OpenAI's JSON: requests per minute",
        api_error("429 Too Many Requests", "Rate limit reached for gpt-4o-mini in organization org-1 on requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again in 20s.", "requests", "rate_limit_exceeded"),
    ),
    "error-quota": (
        "answers 429 in OpenAI's JSON: the quota is used up",
        api_error("429 Too Many Requests", "You exceeded your current quota, please check your plan and billing details.", "insufficient_quota", "insufficient_quota"),
    ),
    "error-401": (
        "answers 401 in OpenAI's JSON: a wrong key",
        api_error("401 Unauthorized", "Incorrect API key provided: sk-bad. You can find your API key at https://platform.openai.com/account/api-keys.", "invalid_request_error", "invalid_api_key"),
    ),
    "error-404": (
        "answers 404 in OpenAI's JSON: no such model",
        api_error("404 Not Found", "The model `gpt-4o-mini` does not exist or you do not have access to it.", "invalid_request_error", "model_not_found"),
    ),
    "error-context": (
        "answers 400 in OpenAI's JSON: the context is too long",
        api_error("400 Bad Request", "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens. Please reduce the length of the messages.", "invalid_request_error", "context_length_exceeded"),
    ),
    "error-500": (
        "answers 500 in OpenAI's JSON",
        api_error("500 Internal Server Error", "The server had an error while processing your request. Sorry about that!", "server_error"),
    ),
    "error-503": (
        "answers 503 in OpenAI's JSON: overloaded",
        api_error("503 Service Unavailable", "The engine is currently overloaded, please try again later", "server_error", "overloaded"),
    ),
    "error-event": (
        "sends an error event in the middle of the stream, and [DONE]",
        lambda a: ([a.chunked(), *chunks([a.part, b'data: {"error":{"message":"The server had an error while processing your request.","type":"server_error","param":null,"code":null}}\n\n', DONE])], FIN),
    ),
}


def read_request(connection):
    """The path and the body of a request; nothing if the client left."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return None
        data += piece
    head, body = data.split(b"\r\n\r\n", 1)
    lower = head.lower()
    is_chunked = b"transfer-encoding: chunked" in lower
    length = next((int(line.split(b":")[1]) for line in lower.split(b"\r\n") if line.startswith(b"content-length:")), 0)
    while (is_chunked and not body.endswith(b"0\r\n\r\n")) or (not is_chunked and len(body) < length):
        piece = connection.recv(65536)
        if not piece:
            return None
        body += piece
    return head.split(b" ")[1].decode(), body


def serve(connection):
    with connection:
        request = read_request(connection)
        if request is None:
            return
        path, body = request
        fault, _, text = path.lstrip("/").split("/")[0].partition(".")
        if fault not in FAULTS:
            return
        steps, end = FAULTS[fault][1](Answer(b'"stream":true' in body.replace(b" ", b""), text))
        for step in steps:
            if isinstance(step, float):
                time.sleep(step)
            else:
                connection.sendall(step)
        if end == SILENCE:
            connection.settimeout(20)
            connection.recv(1)
        elif end == RESET:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(2)
            while connection.recv(65536):
                pass


def guarded(connection):
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        serve(connection)
    except OSError:
        pass  # The proxy has left; nothing is lost.


def listen(port=0, wrap=lambda connection: connection):
    """Serves in the background; returns the port."""
    listener = socket.create_server(("127.0.0.1", port))

    def accept():
        while True:
            connection = listener.accept()[0]
            threading.Thread(target=lambda: guarded(wrap(connection)), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


if __name__ == "__main__":
    listen(int(sys.argv[1]))
    threading.Event().wait()
