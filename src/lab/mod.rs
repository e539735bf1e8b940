//! The lab: a loopback server that speaks OpenAI chat completions and misbehaves precisely, so that llmcheck and other clients can be
//! watched without a key or a network. It is no mock of a provider: every scenario is one fault, byte for byte, or one look-alike.
//!
//! In the order in which a request passes: `server` (ports and threads), `link` (one connection and its end), `conversation` (which
//! scenario is asked for), `exchange` (what a scenario may do), `families` (the scenarios, by what they show). Beside them stand
//! `memory` (what is kept from request to request), `proxy` and `certificates`; `request`, `answer`, `reply`, `coding` and `spelling` are the words that they all use.

mod answer;
mod certificates;
mod coding;
mod conversation;
mod exchange;
mod families;
mod link;
mod memory;
mod proxy;
mod reply;
mod request;
mod server;
mod spelling;

use std::io;
use std::time::Duration;

use crate::lang::{Text, text};
use certificates::Leaf;
use exchange::Exchange;
use link::Ending;

pub use server::{Lab, Target};

/// One thing that the lab can do.
pub struct Scenario {
    /// Kebab-case; a code's name where the scenario shows that code in its purest form.
    pub name: &'static str,
    /// What the server does, in one line.
    pub about: Text,
    /// What llmcheck should say when it asks without stream; none where the scenario is about streams only.
    pub plain: Option<Expected>,
    /// What llmcheck should say when it asks for a stream; none where the scenario is about plain answers only.
    pub stream: Option<Expected>,
    pub reach: Reach,
    /// Bounds under which the scenario is quick; none where time plays no part.
    pub bounds: ShortBounds,
    /// Answers one chat request and says how the connection ends.
    pub(in crate::lab) act: fn(&mut Exchange) -> io::Result<Ending>,
}

/// A verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    pub class: &'static str,
    pub code: &'static str,
}

/// How a scenario must be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Over http or https, as the user likes.
    Http,
    /// Over https, at the port that has this certificate or this handshake.
    TlsOnly(TlsPort),
    /// `https://` aimed at the port that speaks plain HTTP.
    PlainPortOverTls,
    /// `http://` aimed at the port that speaks TLS.
    TlsPortOverPlain,
    /// At a port where nobody listens.
    Refused,
    /// At a name that does not exist.
    UnknownName,
    /// Through this proxy.
    Proxy(ProxyPort),
    /// Over http, through a proxy that cuts what it passes on.
    CuttingProxy,
    /// Over http, at a name that has an address of either family.
    BothFamilies,
}

/// The lab's TLS ports: those that shake hands, each with its own certificate, and those that do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TlsPort {
    Good,
    Expired,
    NotYetValid,
    ForAnotherName,
    ForAnotherUse,
    FromInterception,
    FromUnknownIssuer,
    SelfSigned,
    AlertAtHello,
    CloseAtHello,
    ResetAtHello,
    SilentAtHello,
}

/// The lab's proxies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProxyPort {
    Works,
    RefusesTunnel,
    WantsCredentials,
    Unreachable,
    /// Passes on the beginning of each response.
    Cuts,
}

/// Values for a client's time bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShortBounds {
    pub connect: Option<Duration>,
    pub first_byte: Option<Duration>,
    pub idle: Option<Duration>,
    pub total: Option<Duration>,
}

impl ShortBounds {
    pub(in crate::lab) const NONE: ShortBounds = ShortBounds { connect: None, first_byte: None, idle: None, total: None };
}

impl Reach {
    /// What a list of scenarios should add about the way to one; nothing where any way will do.
    pub fn note(self) -> Option<Text> {
        match self {
            Reach::Http => None,
            Reach::TlsOnly(_) => Some(text("https only", "仅 https")),
            Reach::PlainPortOverTls => Some(text("https:// to an http port", "以 https:// 访问 http 端口")),
            Reach::TlsPortOverPlain => Some(text("http:// to an https port", "以 http:// 访问 https 端口")),
            Reach::Refused => Some(text("to a closed port", "访问未监听的端口")),
            Reach::UnknownName => Some(text("to an unknown name", "访问不存在的域名")),
            Reach::BothFamilies => Some(text("over IPv4 and IPv6", "IPv4 与 IPv6 均可")),
            Reach::Proxy(_) | Reach::CuttingProxy => Some(text("through a proxy", "经由代理")),
        }
    }

    /// Whether a client that trusts the lab's authority finds no other fault than the one that the scenario shows.
    fn is_from_trusted_authority(self) -> bool {
        !matches!(self, Reach::TlsOnly(TlsPort::FromInterception | TlsPort::FromUnknownIssuer | TlsPort::SelfSigned))
    }
}

impl TlsPort {
    /// The certificate of this port; none where it never comes to that.
    fn leaf(self) -> Option<Leaf> {
        match self {
            TlsPort::Good => Some(Leaf::Good),
            TlsPort::Expired => Some(Leaf::Expired),
            TlsPort::NotYetValid => Some(Leaf::NotYetValid),
            TlsPort::ForAnotherName => Some(Leaf::ForAnotherName),
            TlsPort::ForAnotherUse => Some(Leaf::ForAnotherUse),
            TlsPort::FromInterception => Some(Leaf::FromInterception),
            TlsPort::FromUnknownIssuer => Some(Leaf::FromUnknownIssuer),
            TlsPort::SelfSigned => Some(Leaf::SelfSigned),
            TlsPort::AlertAtHello | TlsPort::CloseAtHello | TlsPort::ResetAtHello | TlsPort::SilentAtHello => None,
        }
    }
}

/// All scenarios: the healthy ones first, then the faults in the order of the exit codes.
pub fn scenarios() -> impl Iterator<Item = &'static Scenario> {
    families::ALL.iter().copied().flatten()
}

pub fn find(name: &str) -> Option<&'static Scenario> {
    scenarios().find(|scenario| scenario.name == name)
}

#[cfg(test)]
mod tests;
