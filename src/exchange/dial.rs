//! From a plan to a usable connection: resolve, connect address by address, pass the proxy, shake hands. Every step is told.

use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use super::Listen;
use super::line::{Session, Stream};
use super::recording::{Ending, How, Opened};
use super::tls::Handshake;
use super::tunnel;
use crate::plan::{Addresses, Plan, ProxyKind, bracketed};

/// The shortest time that one of several addresses is given.
const FAIR_SHARE: Duration = Duration::from_secs(1);

/// Opens the line to the plan's target. `false` means that the exchange has ended; its end says why.
///
/// # Errors
/// When the plan's certificates cannot be used.
pub(super) fn dial<L: Listen>(session: &mut Session<L>, plan: &Plan) -> anyhow::Result<bool> {
    if session.reuse() {
        return Ok(true);
    }
    let handshake = if plan.target.https { Some(Handshake::new(&plan.target.host, &plan.trust)?) } else { None };
    let outcome = reach(session, plan).and_then(|()| handshake.map_or(Ok(()), |handshake| session.shake_hands(handshake)));
    session.watch.connected();
    Ok(outcome.is_ok())
}

/// A TCP connection that carries the target's bytes, directly or through the proxy.
fn reach<L: Listen>(session: &mut Session<L>, plan: &Plan) -> Result<(), ()> {
    let Some(proxy) = &plan.proxy else {
        let connected = resolve_target(session, plan).and_then(|found| connect(session, &plan.target.host, found, plan.addresses));
        return connected.map_err(|ending| session.end(ending));
    };
    let found = resolve(session, &proxy.host, proxy.port);
    found.and_then(|found| connect(session, &proxy.host, found, plan.addresses)).map_err(|ending| {
        let detail = ending.detail.unwrap_or_default();
        let proxy_fault = match ending.how {
            How::Cancelled | How::Deadline | How::NoConnectionInTime => ending.how,
            _ => How::ProxyUnreachable,
        };
        session.end(Ending::because(proxy_fault, format!("{}: {detail}", proxy.url())));
    })?;
    match proxy.kind {
        ProxyKind::Http if !plan.target.https => Ok(()),
        ProxyKind::Http => tunnel::connect(session, plan, proxy),
        ProxyKind::Socks5 => {
            let found = resolve_target(session, plan);
            let addresses =
                found.and_then(|found| allowed(found, &plan.target.host, plan.addresses)).map_err(|ending| session.end(ending))?;
            tunnel::socks5(session, plan, proxy, addresses.first().map(SocketAddr::ip))
        }
        ProxyKind::Socks5h => tunnel::socks5(session, plan, proxy, plan.target.host.parse::<IpAddr>().ok()),
    }
}

fn connect<L: Listen>(session: &mut Session<L>, host: &str, found: Vec<SocketAddr>, addresses: Addresses) -> Result<(), Ending> {
    let addresses = allowed(found, host, addresses)?;
    let mut last = Ending::new(How::NameNotFound);
    for (index, address) in addresses.iter().enumerate() {
        let left = session.watch.left_to_connect();
        let others = (addresses.len() - index) as u32;
        let share = if others == 1 { left } else { (left / others).max(FAIR_SHARE).min(left) };
        let address = *address;
        let call = move || TcpStream::connect_timeout(&address, share.max(Duration::from_millis(1)));
        // This machine answers at once: no thread is needed to stay interruptible.
        let outcome = if address.ip().is_loopback() { call() } else { aside(session, call)? };
        match outcome {
            Ok(tcp) => {
                // Without it a request in two writes waits for the peer's delayed acknowledgement.
                let _ = tcp.set_nodelay(true);
                session.stream = Some(Stream::new(tcp, address.to_string()));
                session.opened(Opened::Connected { address: address.to_string() });
                return Ok(());
            }
            Err(error) => {
                session.opened(Opened::Failed { address: address.to_string(), reason: error.to_string() });
                last = Ending::because(connect_failure(&error), format!("{address}: {error}"));
            }
        }
    }
    Err(last)
}

/// Those that the plan allows.
fn allowed(found: Vec<SocketAddr>, host: &str, allowed: Addresses) -> Result<Vec<SocketAddr>, Ending> {
    let kept: Vec<_> = found.into_iter().filter(|address| allowed.allow(address.ip())).collect();
    let kind = match allowed {
        Addresses::OfFamily(family) => family.name().to_string(),
        Addresses::Only(address) => address.to_string(),
        Addresses::All => return Ok(kept),
    };
    if kept.is_empty() { Err(Ending::because(How::NameNotFound, format!("{host}: no {kind} address"))) } else { Ok(kept) }
}

fn connect_failure(error: &std::io::Error) -> How {
    use std::io::ErrorKind::*;
    match error.kind() {
        ConnectionRefused => How::Refused,
        TimedOut | WouldBlock => How::NoConnectionInTime,
        ConnectionReset | ConnectionAborted => How::Reset,
        _ => How::Unreachable,
    }
}

fn resolve_target<L: Listen>(session: &mut Session<L>, plan: &Plan) -> Result<Vec<SocketAddr>, Ending> {
    let (host, port) = (&plan.target.host, plan.target.port);
    if plan.known_addresses.is_empty() {
        return resolve(session, host, port);
    }
    let known: Vec<SocketAddr> = plan.known_addresses.iter().map(|address| SocketAddr::new(*address, port)).collect();
    session.opened(Opened::Resolved { host: bracketed(host), addresses: known.iter().map(SocketAddr::to_string).collect() });
    Ok(known)
}

fn resolve<L: Listen>(session: &mut Session<L>, host: &str, port: u16) -> Result<Vec<SocketAddr>, Ending> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let name = (host.to_string(), port);
    let outcome = aside(session, move || (name.0.as_str(), name.1).to_socket_addrs().map(Iterator::collect::<Vec<_>>))?;
    match outcome {
        Ok(addresses) if !addresses.is_empty() => {
            let shown = addresses.iter().map(SocketAddr::to_string).collect();
            session.opened(Opened::Resolved { host: bracketed(host), addresses: shown });
            Ok(addresses)
        }
        Ok(_) => Err(Ending::because(How::NameNotFound, format!("{host}: no address"))),
        Err(error) => Err(Ending::because(How::NameNotFound, format!("{host}: {error}"))),
    }
}

/// Runs a call that cannot be interrupted on a thread of its own, and gives up waiting for it when a bound has passed.
/// The thread then ends by itself; nobody hears its result.
fn aside<L: Listen, T: Send + 'static>(session: &mut Session<L>, call: impl FnOnce() -> T + Send + 'static) -> Result<T, Ending> {
    let (result, receiver) = mpsc::sync_channel(1);
    let spawned = thread::Builder::new().name("dial".into()).spawn(move || {
        let _ = result.send(call());
    });
    if let Err(error) = spawned {
        return Err(Ending::because(How::Unreachable, format!("no thread could be started: {error}")));
    }
    loop {
        let slice = session.watch.check().map_err(Ending::new)?;
        match receiver.recv_timeout(slice) {
            Ok(value) => return Ok(value),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(Ending::because(How::Unreachable, "the connecting thread ended")),
        }
    }
}
