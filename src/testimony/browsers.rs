//! Browsers.

use super::Symptom::*;
use super::pattern::{Pattern, pattern};

pub(super) const PATTERNS: &[Pattern] = &[
    // Chromium: net/base/net_error_list.h. Electron and Puppeteer use the same names.
    pattern("ERR_INCOMPLETE_CHUNKED_ENCODING", ChunksWithoutEnd, "Chromium"),
    pattern("ERR_INVALID_CHUNKED_ENCODING", MalformedChunk, "Chromium"),
    pattern("ERR_CONTENT_LENGTH_MISMATCH", CutBody, "Chromium"),
    pattern("ERR_EMPTY_RESPONSE", ClosedBeforeResponse, "Chromium"),
    pattern("net::ERR_HTTP2_PROTOCOL_ERROR", Http2Reset, "Chromium"),
    pattern("net::ERR_HTTP2_SERVER_REFUSED_STREAM", Http2Reset, "Chromium"),
    pattern("net::ERR_QUIC_PROTOCOL_ERROR", Http2Reset, "Chromium"),
    pattern("ERR_CONTENT_DECODING_FAILED", WrongCoding, "Chromium"),
    pattern("net::ERR_CONNECTION_RESET", Reset, "Chromium"),
    pattern("net::ERR_CONNECTION_CLOSED", ClosedBeforeResponse, "Chromium"),
    pattern("net::ERR_CONNECTION_REFUSED", Refused, "Chromium"),
    pattern("net::ERR_CONNECTION_TIMED_OUT", NoConnectionInTime, "Chromium"),
    pattern("net::ERR_TIMED_OUT", TimedOut, "Chromium"),
    pattern("net::ERR_NAME_NOT_RESOLVED", NameNotFound, "Chromium"),
    pattern("net::ERR_INTERNET_DISCONNECTED", Unreachable, "Chromium"),
    pattern("net::ERR_ADDRESS_UNREACHABLE", Unreachable, "Chromium"),
    pattern("net::ERR_NETWORK_CHANGED", ResetInBody, "Chromium"),
    pattern("net::ERR_PROXY_CONNECTION_FAILED", ProxyUnreachable, "Chromium"),
    pattern("net::ERR_TUNNEL_CONNECTION_FAILED", ProxyRefusedTunnel, "Chromium"),
    pattern("net::ERR_CERT_AUTHORITY_INVALID", CertificateUntrusted, "Chromium"),
    pattern("net::ERR_CERT_DATE_INVALID", CertificateExpired, "Chromium"),
    pattern("net::ERR_CERT_COMMON_NAME_INVALID", CertificateForAnotherName, "Chromium"),
    pattern("net::ERR_SSL_PROTOCOL_ERROR", TlsHandshakeFailed, "Chromium"),
    pattern("net::ERR_RESPONSE_HEADERS_MULTIPLE_CONTENT_LENGTH", ConflictingLengths, "Chromium"),
    pattern("net::ERR_INVALID_HTTP_RESPONSE", NotHttp, "Chromium"),
    pattern("TypeError: Failed to fetch", Opaque, "Chromium"),
    pattern("TypeError: network error", CutBody, "Chromium"),
    // Firefox, Safari.
    pattern("NS_ERROR_NET_PARTIAL_TRANSFER", CutBody, "Firefox"),
    pattern("NS_ERROR_NET_RESET", Reset, "Firefox"),
    pattern("NS_ERROR_NET_INTERRUPT", CutBody, "Firefox"),
    pattern("NS_ERROR_CONNECTION_REFUSED", Refused, "Firefox"),
    pattern("NS_ERROR_UNKNOWN_HOST", NameNotFound, "Firefox"),
    pattern("NS_ERROR_NET_TIMEOUT", NoConnectionInTime, "Firefox"),
    pattern("NS_ERROR_CORRUPTED_CONTENT", WrongCoding, "Firefox"),
    pattern("TypeError: NetworkError when attempting to fetch resource", Opaque, "Firefox"),
    pattern("TypeError: Error in input stream", CutBody, "Firefox"),
    pattern("TypeError: Load failed", Opaque, "Safari"),
];
