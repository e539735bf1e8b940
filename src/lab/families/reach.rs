//! Faults before the first response byte: name, port, proxy, TLS handshake. The lab's part is mostly to be somewhere else.

use super::{Verdicts, answer_well, both, scenario};
use crate::lab::link::Ending;
use crate::lab::{ProxyPort, Reach, Scenario, TlsPort};
use crate::lang::text;

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario(
        "name-not-found",
        text("is called by a name that does not exist", "用一个不存在的域名访问"),
        connect("name-not-found"),
        answer_well,
    )
    .reached(Reach::UnknownName),
    scenario("connection-refused", text("does not listen at the port", "目标端口无人监听"), connect("connection-refused"), answer_well)
        .reached(Reach::Refused),
    scenario(
        "closed-before-response",
        text("reads the request and closes", "读完请求就关闭连接"),
        connect("closed-before-response"),
        |_| Ok(Ending::Close),
    ),
    scenario(
        "reset-before-response",
        text("reads the request and resets the connection", "读完请求就重置连接"),
        connect("reset-before-response"),
        |_| Ok(Ending::Reset),
    ),
    scenario(
        "proxy-refused-tunnel",
        text("stands behind a proxy that refuses the tunnel with 403", "前面的代理以 403 拒绝建立隧道"),
        connect("proxy-refused-tunnel"),
        answer_well,
    )
    .reached(Reach::Proxy(ProxyPort::RefusesTunnel)),
    scenario(
        "proxy-auth-required",
        text("stands behind a proxy that asks for credentials with 407", "前面的代理以 407 要求认证"),
        connect("proxy-auth-required"),
        answer_well,
    )
    .reached(Reach::Proxy(ProxyPort::WantsCredentials)),
    scenario(
        "proxy-unreachable",
        text("stands behind a proxy that does not listen", "前面的代理端口无人监听"),
        connect("proxy-unreachable"),
        answer_well,
    )
    .reached(Reach::Proxy(ProxyPort::Unreachable)),
    scenario(
        "certificate-expired",
        text("presents a certificate that expired in 2021", "出示 2021 年就已过期的证书"),
        tls("certificate-expired"),
        answer_well,
    )
    .reached(Reach::TlsOnly(TlsPort::Expired)),
    scenario(
        "certificate-not-yet-valid",
        text("presents a certificate that is valid in five years", "出示五年后才生效的证书"),
        tls("certificate-expired"),
        answer_well,
    )
    .reached(Reach::TlsOnly(TlsPort::NotYetValid)),
    scenario(
        "issuer-unknown",
        text("presents a certificate from a private authority", "出示私有机构签发的证书"),
        tls("issuer-unknown"),
        answer_well,
    )
    .reached(Reach::TlsOnly(TlsPort::FromUnknownIssuer)),
    scenario(
        "certificate-self-signed",
        text("presents a certificate that it signed itself", "出示自签名证书"),
        tls("issuer-unknown"),
        answer_well,
    )
    .reached(Reach::TlsOnly(TlsPort::SelfSigned)),
    scenario(
        "name-mismatch",
        text("presents a certificate for another name", "出示的证书属于另一个域名"),
        tls("name-mismatch"),
        answer_well,
    )
    .reached(Reach::TlsOnly(TlsPort::ForAnotherName)),
    scenario(
        "certificate-rejected",
        text("presents a certificate that is for clients only", "出示只能用于客户端的证书"),
        tls("certificate-rejected"),
        answer_well,
    )
    .reached(Reach::TlsOnly(TlsPort::ForAnotherUse)),
    scenario(
        "tls-handshake-failed",
        text("answers the TLS hello with a fatal alert", "用致命警报回应 TLS 握手"),
        tls("tls-handshake-failed"),
        answer_well,
    )
    .reached(Reach::TlsOnly(TlsPort::AlertAtHello)),
    scenario("tls-handshake-closed", text("closes at the TLS hello", "收到 TLS 握手就关闭"), tls("tls-handshake-failed"), answer_well)
        .reached(Reach::TlsOnly(TlsPort::CloseAtHello)),
    scenario(
        "tls-handshake-reset",
        text("resets the connection at the TLS hello, as filters of names do", "收到 TLS 握手就重置连接，与按域名过滤的设备相同"),
        tls("tls-handshake-failed"),
        answer_well,
    )
    .reached(Reach::TlsOnly(TlsPort::ResetAtHello)),
    scenario(
        "plain-http-on-tls-port",
        text("speaks plain HTTP where the client expects TLS", "客户端期待 TLS，端口却是明文 HTTP"),
        tls("plain-http-on-tls-port"),
        answer_well,
    )
    .reached(Reach::PlainPortOverTls),
    scenario(
        "tls-on-plain-port",
        text("speaks TLS where the client expects plain HTTP", "客户端期待明文 HTTP，端口却是 TLS"),
        tls("plain-http-on-tls-port"),
        answer_well,
    )
    .reached(Reach::TlsPortOverPlain),
];

const fn connect(code: &'static str) -> Verdicts {
    both("connect_error", code)
}

const fn tls(code: &'static str) -> Verdicts {
    both("tls_error", code)
}
