//! TLS errors: the certificate or the handshake. What the peer showed is in the report also when it is refused.

use super::{AtFault, Class, Entry, Found, Severity, explain};
use crate::evidence::Evidence;
use crate::exchange::recording::How;
use crate::lang::{Text, text};

const NO_RETRY: Text = text("no retry will help; do not use --insecure with a real key", "重试无用；带着真实 key 时不要使用 --insecure");

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        code: "certificate-expired",
        class: Class::TlsError,
        severity: Severity::Error,
        at_fault: AtFault::Server,
        retryable: false,
        title: text("the certificate of {host} is not valid now", "{host} 的证书现在无效"),
        summary: text(
            "It is valid from {not_before} to {not_after}. Either it was not renewed, or this machine's clock is wrong.",
            "有效期为 {not_before} 至 {not_after}。要么没有续期，要么本机时钟有误。",
        ),
        advice: &[
            text("check this machine's date first", "先检查本机日期"),
            text("to the operator: renew the certificate and reload the server", "给运维：续期证书并重新加载服务器"),
            NO_RETRY,
        ],
        confirm: "{command} -v",
        labels: &[],
        follows: &[],
        explain: explain!("certificate-expired"),
        examine: |evidence| certificate(evidence, How::TlsCertificateExpired),
    },
    Entry {
        code: "issuer-unknown",
        class: Class::TlsError,
        severity: Severity::Error,
        at_fault: AtFault::Server,
        retryable: false,
        title: text("the certificate of {host} was issued by nobody we trust", "{host} 的证书由不受信任的机构签发"),
        summary: text(
            "Issuer: {issuer}. It is self-signed, made by a private authority, sent without its intermediate, or made by a proxy that reads TLS.",
            "签发者：{issuer}。可能是自签名、私有 CA、缺少中间证书，或由解密 TLS 的代理签发。",
        ),
        advice: &[
            text(
                "if the authority is your company's or your own: --cacert FILE or SSL_CERT_FILE",
                "若是公司或自己的 CA：使用 --cacert FILE 或 SSL_CERT_FILE",
            ),
            text("to the operator: send the whole chain, intermediates included", "给运维：发送完整证书链，包括中间证书"),
            NO_RETRY,
        ],
        confirm: "{command} -v",
        labels: &[],
        follows: &["tls-intercepted"],
        explain: explain!("issuer-unknown"),
        examine: |evidence| certificate(evidence, How::TlsIssuerUnknown),
    },
    Entry {
        code: "name-mismatch",
        class: Class::TlsError,
        severity: Severity::Error,
        at_fault: AtFault::Server,
        retryable: false,
        title: text("the certificate is not for {host}", "证书不属于 {host}"),
        summary: text(
            "It is for {names}: another server answers at this address, by a wrong name, a wrong DNS answer or a captive portal.",
            "它属于 {names}：该地址上是另一台服务器，可能域名写错、DNS 有误或遇到门户页面。",
        ),
        advice: &[
            text(
                "check the host in --base-url; connect by the name that the certificate has",
                "检查 --base-url 的主机名；使用证书上的名字连接",
            ),
            NO_RETRY,
        ],
        confirm: "{command} -v",
        labels: &[],
        follows: &["tls-intercepted"],
        explain: explain!("name-mismatch"),
        examine: |evidence| certificate(evidence, How::TlsNameMismatch),
    },
    Entry {
        code: "certificate-rejected",
        class: Class::TlsError,
        severity: Severity::Error,
        at_fault: AtFault::Server,
        retryable: false,
        title: text("the certificate of {host} is not acceptable", "{host} 的证书不可接受"),
        summary: text("{detail}. Issuer: {issuer}.", "{detail}。签发者：{issuer}。"),
        advice: &[
            text("to the operator: issue a certificate for servers, with current algorithms", "给运维：签发用于服务器、采用现行算法的证书"),
            NO_RETRY,
        ],
        confirm: "{command} -v",
        labels: &[],
        follows: &["tls-intercepted"],
        explain: explain!("certificate-rejected"),
        examine: |evidence| certificate(evidence, How::TlsCertificateRejected),
    },
    Entry {
        code: "plain-http-on-tls-port",
        class: Class::TlsError,
        severity: Severity::Error,
        at_fault: AtFault::Client,
        retryable: false,
        title: text("{spoken} is spoken at this port, the URL says {asked}", "此端口说的是 {spoken}，而 URL 写的是 {asked}"),
        summary: text(
            "The first bytes of the peer are of the other protocol: the scheme or the port in the URL is wrong.",
            "对端的最初字节属于另一种协议：URL 的 scheme 或端口写错了。",
        ),
        advice: &[text("write {spoken}:// in --base-url, or correct the port", "在 --base-url 中写 {spoken}://，或改正端口")],
        confirm: "{command} -v",
        labels: &[("first", text("not what {asked} begins with", "{asked} 不会这样开头"))],
        follows: &[],
        explain: explain!("plain-http-on-tls-port"),
        examine: other_protocol,
    },
    Entry {
        code: "tls-handshake-failed",
        class: Class::TlsError,
        severity: Severity::Error,
        at_fault: AtFault::Server,
        retryable: false,
        title: text("the TLS handshake with {host} failed", "与 {host} 的 TLS 握手失败"),
        summary: text("The handshake was not completed: {detail}.", "握手没有完成：{detail}。"),
        advice: &[
            text(
                "if the peer closes or resets at once, something between may filter the server's name: try another network or a proxy",
                "若对端立即关闭或重置，可能有设备按域名过滤：换个网络或代理试试",
            ),
            text("to the operator: offer TLS 1.2 or 1.3 with a current cipher", "给运维：提供 TLS 1.2 或 1.3 以及现行的加密套件"),
        ],
        confirm: "{command} -v",
        labels: &[],
        follows: &["tls-intercepted"],
        explain: explain!("tls-handshake-failed"),
        examine: |evidence| (evidence.how == Some(How::HandshakeFailed)).then(Found::certain),
    },
];

fn certificate(evidence: &Evidence<'_>, how: How) -> Option<Found> {
    if evidence.how != Some(how) {
        return None;
    }
    let facts = evidence.transcript.tls.clone().unwrap_or_default();
    let known = |text: Option<String>| text.map_or_else(|| "?".to_string(), |text| super::excerpt(&text));
    Some(
        Found::certain()
            .value("issuer", known(facts.issuer))
            .value("not_before", known(facts.not_before))
            .value("not_after", known(facts.not_after))
            .value("names", super::excerpt(&facts.names.join(", "))),
    )
}

fn other_protocol(evidence: &Evidence<'_>) -> Option<Found> {
    if evidence.how == Some(How::TlsSpokenToPlain) {
        // Bytes that are no TLS: HTTP, or something that only the port's owner knows.
        let spoken = if evidence.detail().starts_with("HTTP/") { "http" } else { "?" };
        return Some(Found::certain().value("spoken", spoken).value("asked", "https"));
    }
    let found = || Found::certain().value("spoken", "https").value("asked", "http");
    // A TLS alert in answer to plain HTTP (RFC 8446 section 5.1: type 21, version 3.x).
    if evidence.transcript.is_not_http && matches!(evidence.transcript.received.beginning(), [0x15, 3, ..]) {
        return Some(found().mark("first", 0..2));
    }
    // nginx, Apache, Go.
    const WORDS: [&str; 3] = [
        "plain http request was sent to https port",
        "speaking plain http to an ssl-enabled server port",
        "client sent an http request to an https server",
    ];
    let page = if evidence.status() == Some(400) { evidence.page()? } else { return None };
    WORDS.iter().any(|words| page.contains(words)).then(found)
}
