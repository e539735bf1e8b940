"""A loopback server for the benchmark: any request gets a chat stream of so many bytes, in chunks of 64 events."""

import socket
import sys
import threading

EVENT = (
    b'data: {"id":"chatcmpl-9x8y7z6w5v","object":"chat.completion.chunk","created":1764000000,"model":"gpt-4o-mini",'
    b'"system_fingerprint":"fp_1","choices":[{"index":0,"delta":{"content":"hello wor"},"logprobs":null,"finish_reason":null}]}\n\n'
)
LAST = (
    b'data: {"id":"chatcmpl-9x8y7z6w5v","object":"chat.completion.chunk","created":1764000000,"model":"gpt-4o-mini",'
    b'"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"


def chunk(data):
    return b"%x\r\n%b\r\n" % (len(data), data)


def read_request(connection):
    """The whole of it: a request left unread would reset the connection when it is closed."""
    request = b""
    while b"\r\n\r\n" not in request:
        request += connection.recv(65536)
    head, _, body = request.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    missing = int(lengths[0]) - len(body) if lengths else 0
    while missing > 0:
        missing -= len(connection.recv(missing))


def answer(connection, size):
    block = chunk(EVENT * 64)
    with connection:
        read_request(connection)
        connection.sendall(HEAD)
        for _ in range(size // len(block)):
            connection.sendall(block)
        connection.sendall(chunk(LAST) + b"0\r\n\r\n")


listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    connection, _ = listener.accept()
    threading.Thread(target=answer, args=(connection, int(sys.argv[1])), daemon=True).start()
