//! Getting through a proxy: HTTP CONNECT (RFC 9110 section 9.3.6) and SOCKS version 5 (RFC 1928, 1929).
//! What the proxy says is told on the connection to the proxy; what the target says, on a connection inside it.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Listen;
use super::line::Session;
use super::recording::{Ending, How, Opened};
use crate::plan::{Plan, Proxy};

/// The longest head that a proxy's answer to CONNECT may have.
const LONGEST_HEAD: usize = 64 * 1024;
/// How much of a refusal's body is worth keeping.
const REFUSAL_BODY: usize = 64 * 1024;

/// The value of a `Proxy-Authorization` field.
pub(super) fn basic_credentials(proxy: &Proxy) -> Option<String> {
    let (user, password) = proxy.credentials.as_ref()?;
    Some(format!("Basic {}", STANDARD.encode(format!("{user}:{}", password.expose()))))
}

/// Asks an HTTP proxy for a tunnel. `Err` means that the exchange has ended.
pub(super) fn connect<L: Listen>(session: &mut Session<L>, plan: &Plan, proxy: &Proxy) -> Result<(), ()> {
    let authority = plan.target.authority();
    let mut request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n");
    if let Some(credentials) = basic_credentials(proxy) {
        request.push_str(&format!("Proxy-Authorization: {credentials}\r\n"));
    }
    request.push_str("Proxy-Connection: Keep-Alive\r\n\r\n");
    // If the proxy takes no more, what it has said before tells why.
    let _ = session.send(request.as_bytes());

    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        // Byte by byte: what follows the head belongs to the target, which speaks only after us, so that this costs one read.
        let mut byte = [0; 1];
        if session.receive(&mut byte) == 0 {
            return Err(());
        }
        head.extend_from_slice(&byte);
        if head.len() > LONGEST_HEAD || (head.len() >= 5 && !head.starts_with(b"HTTP/")) {
            session.end(Ending::because(How::ProxyUnreachable, format!("{} is not an HTTP proxy", proxy.url())));
            return Err(());
        }
    }
    let status: String = head.iter().skip_while(|byte| **byte != b' ').skip(1).take(3).map(|byte| char::from(*byte)).collect();
    if status.starts_with('2') {
        session.enter_tunnel();
        session.opened(Opened::Tunnelled { through: proxy.url(), to: authority });
        return Ok(());
    }
    // The page that explains the refusal: the listener knows where it ends.
    session.watch.connected();
    let mut page = vec![0; REFUSAL_BODY];
    let mut read = 0;
    while read < REFUSAL_BODY && !session.has_ended() {
        match session.receive(&mut page[read..]) {
            0 => break,
            length => read += length,
        }
    }
    session.end(Ending::because(How::TunnelRefused, status));
    Err(())
}

/// Asks a SOCKS 5 proxy for a connection, to `address` if we know it, to the name otherwise. `Err` means that the exchange has ended.
pub(super) fn socks5<L: Listen>(session: &mut Session<L>, plan: &Plan, proxy: &Proxy, address: Option<IpAddr>) -> Result<(), ()> {
    match negotiate(session, plan, proxy, address) {
        Ok(()) => {
            session.enter_tunnel();
            session.opened(Opened::Tunnelled { through: proxy.url(), to: plan.target.authority() });
            Ok(())
        }
        Err(ending) => {
            session.end(ending);
            Err(())
        }
    }
}

fn negotiate<L: Listen>(session: &mut Session<L>, plan: &Plan, proxy: &Proxy, address: Option<IpAddr>) -> Result<(), Ending> {
    const NO_AUTHENTICATION: u8 = 0;
    const USER_AND_PASSWORD: u8 = 2;
    let offers: &[u8] =
        if proxy.credentials.is_some() { &[5, 2, NO_AUTHENTICATION, USER_AND_PASSWORD] } else { &[5, 1, NO_AUTHENTICATION] };
    let choice: [u8; 2] = ask(session, proxy, offers)?;
    match choice {
        [5, NO_AUTHENTICATION] => {}
        [5, USER_AND_PASSWORD] => authenticate(session, proxy)?,
        [5, _] => return Err(Ending::because(How::TunnelRefused, "407: the SOCKS proxy asks for a user and a password")),
        _ => return Err(Ending::because(How::ProxyUnreachable, format!("{} is not a SOCKS 5 proxy", proxy.url()))),
    }
    let mut request = vec![5, 1, 0];
    match address {
        Some(IpAddr::V4(address)) => {
            request.push(1);
            request.extend(address.octets());
        }
        Some(IpAddr::V6(address)) => {
            request.push(4);
            request.extend(address.octets());
        }
        None => {
            let name = plan.target.host.as_bytes();
            let length = u8::try_from(name.len()).map_err(|_| Ending::because(How::NameNotFound, "the name is longer than 255 bytes"))?;
            request.extend([3, length]);
            request.extend(name);
        }
    }
    request.extend(plan.target.port.to_be_bytes());
    let [_, reply, _, kind, first]: [u8; 5] = ask(session, proxy, &request)?;
    if reply != 0 {
        return Err(Ending::because(How::TunnelRefused, refusal(reply)));
    }
    let rest = match kind {
        1 => 4 - 1,
        3 => usize::from(first),
        _ => 16 - 1,
    };
    read_exactly(session, proxy, &mut vec![0; rest + 2])
}

fn authenticate<L: Listen>(session: &mut Session<L>, proxy: &Proxy) -> Result<(), Ending> {
    let Some((user, password)) = &proxy.credentials else {
        return Err(Ending::because(How::TunnelRefused, "407: the SOCKS proxy asks for a user and a password"));
    };
    let mut message = vec![1];
    for part in [user.as_str(), password.expose()] {
        let length = u8::try_from(part.len()).map_err(|_| Ending::because(How::TunnelRefused, "a SOCKS password has at most 255 bytes"))?;
        message.push(length);
        message.extend(part.as_bytes());
    }
    match ask(session, proxy, &message)? {
        [_, 0] => Ok(()),
        _ => Err(Ending::because(How::TunnelRefused, "407: the SOCKS proxy does not accept the user and password")),
    }
}

/// RFC 1928 section 6.
fn refusal(reply: u8) -> String {
    let words = match reply {
        1 => "general failure",
        2 => "connection not allowed by its rules",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused by the target",
        6 => "time to live expired",
        7 => "command not supported",
        8 => "address type not supported",
        _ => "unknown reason",
    };
    format!("SOCKS reply {reply}: {words}")
}

fn ask<L: Listen, const N: usize>(session: &mut Session<L>, proxy: &Proxy, message: &[u8]) -> Result<[u8; N], Ending> {
    let _ = session.send(message);
    let mut answer = [0; N];
    read_exactly(session, proxy, &mut answer)?;
    Ok(answer)
}

fn read_exactly<L: Listen>(session: &mut Session<L>, proxy: &Proxy, answer: &mut [u8]) -> Result<(), Ending> {
    let mut read = 0;
    while read < answer.len() {
        match session.receive(&mut answer[read..]) {
            0 => return Err(Ending::because(How::ProxyUnreachable, format!("{} closed the connection", proxy.url()))),
            length => read += length,
        }
    }
    Ok(())
}
