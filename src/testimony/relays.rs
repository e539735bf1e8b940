//! Relays and application servers: the sender's own words, from its log.

use super::Symptom::*;
use super::pattern::{Pattern, pattern};

pub(super) const PATTERNS: &[Pattern] = &[
    // Go: net/http/server.go, net/http/internal/http2/server.go; before Go 1.0 «Conn.Write wrote more …».
    pattern("http: wrote more than the declared Content-Length", OverwroteDeclaration, "Go net/http"),
    pattern("http2: handler wrote more than declared Content-Length", OverwroteDeclaration, "Go net/http"),
    pattern("Conn.Write wrote more than the declared Content-Length", OverwroteDeclaration, "Go net/http"),
    // uvicorn and hypercorn: h11 and httptools.
    pattern("Too much data for declared Content-Length", OverwroteDeclaration, "h11"),
    pattern("Too little data for declared Content-Length", UnderwroteDeclaration, "h11"),
    pattern("Response content longer than Content-Length", OverwroteDeclaration, "uvicorn"),
    pattern("Response content shorter than Content-Length", UnderwroteDeclaration, "uvicorn"),
    pattern(
        "application-written content exceeded the number of bytes specified by Content-Length header ({declared})",
        OverwroteDeclaration,
        "waitress",
    ),
    pattern("application returned too few bytes ({received}) for specified Content-Length ({declared})", UnderwroteDeclaration, "waitress"),
    pattern("HTTPOutputError: Tried to write more data than Content-Length", OverwroteDeclaration, "Tornado"),
    pattern("HTTPOutputError: Tried to write {missing} bytes less than Content-Length", UnderwroteDeclaration, "Tornado"),
    // Node.js with strictContentLength says both with one sentence; Kestrel.
    pattern(
        "Response body's content-length of {received} byte(s) does not match the content-length of {declared} byte(s) set in header",
        OverwroteDeclaration,
        "Node.js http",
    ),
    pattern("ERR_HTTP_CONTENT_LENGTH_MISMATCH", OverwroteDeclaration, "Node.js http"),
    pattern("Response Content-Length mismatch: too many bytes written ({received} of {declared})", OverwroteDeclaration, "Kestrel"),
    pattern("Response Content-Length mismatch: too few bytes written ({received} of {declared})", UnderwroteDeclaration, "Kestrel"),
    pattern("[WARNING] Headers were already written. Wanted to override status code {n} with {status}", OverwroteDeclaration, "gin"),
    pattern("http: superfluous response.WriteHeader call", OverwroteDeclaration, "Go net/http"),
    // The one-api family: relay/controller/*.go, service/error.go, relay/helper/stream_scanner.go.
    pattern("write_response_body_failed", ReaderGone, "one-api"),
    pattern("error copying response body: {detail**}", ReaderGone, "new-api"),
    pattern("do_request_failed", RelayUpstreamFailed, "one-api"),
    pattern("do request failed: {detail**}", RelayUpstreamFailed, "new-api"),
    pattern("read_response_body_failed", RelayUpstreamFailed, "one-api"),
    pattern("unmarshal_response_body_failed", RelayUpstreamFailed, "one-api"),
    pattern("bad_response_status_code", RelayUpstreamFailed, "one-api"),
    pattern("bad_response_body", RelayUpstreamFailed, "new-api"),
    pattern("请求上游地址失败", RelayUpstreamFailed, "new-api"),
    pattern("^streaming timeout$", UpstreamStalled, "new-api"),
    pattern("] streaming timeout", UpstreamStalled, "new-api"),
    pattern("| streaming timeout", UpstreamStalled, "new-api"),
    pattern("stream ended: timeout, received={events}", UpstreamStalled, "new-api"),
    pattern("stream ended: scanner_error, received={events}", LineTooLong, "new-api"),
    pattern("stream ended: client_gone, received={events}", ReaderGone, "new-api"),
    pattern("error reading stream: {*}token too long", LineTooLong, "one-api"),
    // LiteLLM, Portkey.
    pattern(
        "MidStreamFallbackError: {*}peer closed connection without sending complete message body (incomplete chunked read)",
        ChunksWithoutEnd,
        "litellm",
    ),
    pattern("litellm.MidStreamFallbackError: {detail**}", StreamWithoutEnd, "litellm"),
    pattern("Error in streaming response: {*}terminated", CutBody, "Portkey"),
    // ollama, vLLM.
    pattern("aborting completion request due to client closing the connection", ReaderGone, "ollama"),
    pattern("post predict: Post \"{url*}\": EOF", RelayUpstreamFailed, "ollama"),
    pattern("llama runner process has terminated: {detail**}", RelayUpstreamFailed, "ollama"),
    // Servers whose reader has gone.
    pattern("BrokenPipeError: [Errno 32] Broken pipe", ReaderGone, "Python"),
    pattern("ClientDisconnect", ReaderGone, "Starlette"),
    pattern("Worker timeout (pid:", ClosedBeforeResponse, "gunicorn"),
    pattern("[CRITICAL] WORKER TIMEOUT (pid:{n})", ClosedBeforeResponse, "gunicorn"),
];
