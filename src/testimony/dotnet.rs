//! .NET: HttpClient; Windows' own words.

use super::Symptom::*;
use super::pattern::{Pattern, pattern};

pub(super) const PATTERNS: &[Pattern] = &[
    // System.Net.Http, Strings.resx.
    pattern("The response ended prematurely, with at least {missing} additional bytes expected", ShortBody, ".NET HttpClient"),
    pattern("Unable to read data from the transport connection: {detail**}", Reset, ".NET"),
    pattern("The response ended prematurely", CutBody, ".NET HttpClient"),
    pattern("HttpRequestException: Error while copying content to a stream", CutBody, ".NET HttpClient"),
    pattern(
        "HttpIOException: The response ended prematurely while waiting for the next frame from the server",
        Http2Reset,
        ".NET HttpClient",
    ),
    pattern("HttpRequestException: An error occurred while sending the request", Opaque, ".NET HttpClient"),
    pattern("Received an invalid chunk terminator: '{text*}'", MalformedChunk, ".NET HttpClient"),
    pattern("Received chunk header length could not be parsed: '{text*}'", MalformedChunk, ".NET HttpClient"),
    pattern("Received an invalid status line: '{detail*}'", NotHttp, ".NET HttpClient"),
    pattern("The server returned an invalid or unrecognized response", NotHttp, ".NET HttpClient"),
    pattern("The request was canceled due to the configured HttpClient.Timeout of {seconds} seconds elapsing", TimedOut, ".NET HttpClient"),
    pattern("The HTTP/2 server reset the stream. HTTP/2 error code '{code*}'", Http2Reset, ".NET HttpClient"),
    pattern("The HTTP/2 server closed the connection. HTTP/2 error code '{code*}'", Http2GoAway, ".NET HttpClient"),
    pattern("The proxy tunnel request to proxy '{proxy*}' failed with status code '407'", ProxyAuthRequired, ".NET HttpClient"),
    pattern("The proxy tunnel request to proxy '{proxy*}' failed with status code '{refusal*}'", ProxyRefusedTunnel, ".NET HttpClient"),
    pattern("The remote certificate is invalid because of errors in the certificate chain: NotTimeValid", CertificateExpired, ".NET"),
    pattern(
        "The remote certificate is invalid according to the validation procedure: RemoteCertificateNameMismatch",
        CertificateForAnotherName,
        ".NET",
    ),
    pattern("The remote certificate is invalid because of errors in the certificate chain: {detail**}", CertificateUntrusted, ".NET"),
    pattern("The remote certificate is invalid according to the validation procedure", CertificateUntrusted, ".NET"),
    pattern("The SSL connection could not be established, see inner exception", TlsHandshakeFailed, ".NET HttpClient"),
    pattern("Cannot determine the frame size or a corrupted frame was received", PlainHttpOnTlsPort, ".NET"),
    pattern(
        "The underlying connection was closed: Could not establish trust relationship for the SSL/TLS secure channel",
        CertificateUntrusted,
        ".NET Framework",
    ),
    pattern("The underlying connection was closed: An unexpected error occurred on a receive", Reset, ".NET Framework"),
    pattern("The underlying connection was closed: The connection was closed unexpectedly", CutBody, ".NET Framework"),
    pattern(
        "The underlying connection was closed: A connection that was expected to be kept alive was closed by the server",
        ClosedBeforeResponse,
        ".NET Framework",
    ),
    // Windows Sockets: 10054, 10053, 10060, 10061, 11001, in English and Chinese.
    pattern("No such host is known. ({host*}:{port})", NameNotFound, ".NET"),
    pattern("No such host is known", NameNotFound, "Windows"),
    pattern("Name or service not known ({host*}:{port})", NameNotFound, ".NET"),
    pattern("不知道这样的主机", NameNotFound, "Windows"),
    pattern("actively refused it. ({host*}:{port})", Refused, ".NET"),
    pattern("No connection could be made because the target machine actively refused it", Refused, "Windows"),
    pattern("由于目标计算机积极拒绝，无法连接", Refused, "Windows"),
    pattern("Connection refused ({host*}:{port})", Refused, ".NET"),
    pattern("An existing connection was forcibly closed by the remote host", Reset, "Windows"),
    pattern("远程主机强迫关闭了一个现有的连接", Reset, "Windows"),
    pattern("An established connection was aborted by the software in your host machine", Reset, "Windows"),
    pattern("你的主机中的软件中止了一个已建立的连接", Reset, "Windows"),
    pattern("您的主机中的软件中止了一个已建立的连接", Reset, "Windows"),
    pattern(
        "A connection attempt failed because the connected party did not properly respond after a period of time",
        NoConnectionInTime,
        "Windows",
    ),
    pattern("由于连接方在一段时间后没有正确答复或连接的主机没有反应，连接尝试失败", NoConnectionInTime, "Windows"),
    pattern("A socket operation was attempted to an unreachable network", Unreachable, "Windows"),
    pattern("A socket operation was attempted to an unreachable host", Unreachable, "Windows"),
];
