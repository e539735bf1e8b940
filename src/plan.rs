//! One request, ready to be sent: every setting resolved, every file read, nothing left to decide.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::edit::Body;
use crate::secret::Secret;

/// What to send, where, by which way and within which bounds.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The endpoint's name in the configuration, or its host.
    pub endpoint: String,
    pub method: Method,
    pub target: Target,
    /// Field names and values in the order in which they are sent.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub model: Option<String>,
    pub stream: bool,
    pub max_tokens: Option<u64>,
    pub key: KeyUse,
    /// Everything that must not be shown: keys, passwords, the values of fields that carry them.
    pub secrets: Vec<Secret>,
    pub proxy: Option<Proxy>,
    /// Which addresses of the host, or of the proxy, are tried.
    pub addresses: Addresses,
    /// The target's addresses where the name is not to be looked up.
    pub known_addresses: Vec<IpAddr>,
    pub trust: Trust,
    pub timeouts: Timeouts,
}

/// The request's method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    #[default]
    Post,
    /// Without a body.
    Get,
}

impl Method {
    pub fn name(self) -> &'static str {
        match self {
            Method::Post => "POST",
            Method::Get => "GET",
        }
    }
}

/// Which addresses of a name are tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Addresses {
    /// As the system orders them.
    #[default]
    All,
    OfFamily(Family),
    Only(IpAddr),
}

impl Addresses {
    pub fn allow(self, address: IpAddr) -> bool {
        match self {
            Addresses::All => true,
            Addresses::OfFamily(family) => family == Family::of(address),
            Addresses::Only(only) => only == address,
        }
    }
}

/// A version of the Internet Protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    V4,
    V6,
}

impl Family {
    pub fn of(address: IpAddr) -> Family {
        if address.is_ipv4() { Family::V4 } else { Family::V6 }
    }

    pub fn name(self) -> &'static str {
        match self {
            Family::V4 => "IPv4",
            Family::V6 => "IPv6",
        }
    }
}

/// What another attempt at the same question does otherwise; what is not named stays as it was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variation {
    pub stream: Option<bool>,
    /// No content coding is offered.
    pub identity: bool,
    pub max_tokens: Option<u64>,
}

impl Variation {
    /// This and what another one asks otherwise, which counts where both name it.
    pub fn and(&self, other: &Variation) -> Variation {
        Variation {
            stream: other.stream.or(self.stream),
            identity: self.identity || other.identity,
            max_tokens: other.max_tokens.or(self.max_tokens),
        }
    }
}

impl Plan {
    /// The same question asked in another way; as it is where the body cannot be changed.
    pub fn vary(&self, variation: &Variation) -> Plan {
        let mut plan = self.clone();
        if variation.identity {
            plan.set_header("accept-encoding", "identity");
        }
        if let Some(stream) = variation.stream.filter(|stream| *stream != plan.stream)
            && plan.edit(|body| body.set_stream(stream))
        {
            plan.stream = stream;
            plan.set_header("accept", if stream { "text/event-stream" } else { "application/json" });
        }
        if let Some(max_tokens) = variation.max_tokens
            && plan.edit(|body| body.set_max_tokens(max_tokens))
        {
            plan.max_tokens = Some(max_tokens);
        }
        plan
    }

    /// The conversation with more said at its end; none where the body holds no conversation.
    pub fn go_on(&self, more: &[(&str, &str)]) -> Option<Plan> {
        let mut plan = self.clone();
        let mut has_messages = false;
        plan.edit(|body| has_messages = body.add_messages(more));
        has_messages.then_some(plan)
    }

    /// The same question to another model.
    pub fn to_model(&self, model: &str) -> Plan {
        let mut plan = self.clone();
        if plan.edit(|body| body.set("model", &json!(model))) {
            plan.model = Some(model.to_string());
        }
        plan
    }

    /// Changes the body; `false` where it is no JSON object and stays as it is.
    pub fn edit(&mut self, change: impl FnOnce(&mut Body)) -> bool {
        let Some(mut body) = Body::read(&self.body) else {
            return false;
        };
        change(&mut body);
        self.body = body.into_bytes();
        true
    }

    /// A compressed answer would be taken.
    pub fn offers_coding(&self) -> bool {
        let offered = self.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("accept-encoding"));
        offered.is_some_and(|(_, value)| !value.trim().eq_ignore_ascii_case("identity"))
    }

    pub fn remove_header(&mut self, name: &str) {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }

    /// Puts a field in the place of the one of that name, or at the end.
    pub fn set_header(&mut self, name: &str, value: &str) {
        match self.headers.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some((_, old)) => *old = value.to_string(),
            None => self.headers.push((name.to_string(), value.to_string())),
        }
    }
}

#[cfg(test)]
impl Plan {
    /// A plan for a host that nobody asks: no fields, no body, no key.
    pub fn supposed(host: &str) -> Plan {
        Plan {
            endpoint: host.into(),
            method: Method::Post,
            target: Target { https: false, host: host.into(), port: 80, path: "/v1/chat/completions".into() },
            headers: Vec::new(),
            body: Vec::new(),
            model: None,
            stream: false,
            max_tokens: None,
            key: KeyUse::NotNeeded,
            secrets: Vec::new(),
            proxy: None,
            addresses: Addresses::All,
            known_addresses: Vec::new(),
            trust: Trust::default(),
            timeouts: Timeouts::default(),
        }
    }
}

/// The URL of the request, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub https: bool,
    /// A name or an address; an IPv6 address without its brackets.
    pub host: String,
    pub port: u16,
    /// Path and query, beginning with `/`.
    pub path: String,
}

impl Target {
    /// Scheme, host and port, the port only where it is not the scheme's own.
    pub fn origin(&self) -> String {
        let scheme = if self.https { "https" } else { "http" };
        let default_port = if self.https { 443 } else { 80 };
        let host = bracketed(&self.host);
        if self.port == default_port { format!("{scheme}://{host}") } else { format!("{scheme}://{host}:{}", self.port) }
    }

    pub fn url(&self) -> String {
        format!("{}{}", self.origin(), self.path)
    }

    /// Host and port, as CONNECT and SOCKS want them.
    pub fn authority(&self) -> String {
        format!("{}:{}", bracketed(&self.host), self.port)
    }
}

/// The host as it stands in a URL.
pub fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_string() }
}

/// A proxy between us and the target.
#[derive(Clone, Debug)]
pub struct Proxy {
    pub kind: ProxyKind,
    pub host: String,
    pub port: u16,
    pub credentials: Option<(String, Secret)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyKind {
    Http,
    /// SOCKS version 5; we resolve the name.
    Socks5,
    /// SOCKS version 5; the proxy resolves the name.
    Socks5h,
}

impl Proxy {
    /// The URL without credentials.
    pub fn url(&self) -> String {
        let scheme = match self.kind {
            ProxyKind::Http => "http",
            ProxyKind::Socks5 => "socks5",
            ProxyKind::Socks5h => "socks5h",
        };
        format!("{scheme}://{}:{}", bracketed(&self.host), self.port)
    }
}

/// Which certificates are believed.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    pub roots: Roots,
    /// Believe every certificate.
    pub insecure: bool,
}

#[derive(Clone, Debug, Default)]
pub enum Roots {
    /// The operating system's store.
    #[default]
    System,
    File(PathBuf),
    Directory(PathBuf),
    /// PEM text.
    Pem(String),
}

/// Whether a key went with the request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyUse {
    /// None was configured and the request was not sent for that reason.
    Missing,
    /// None was configured and none is needed (loopback).
    #[default]
    NotNeeded,
    Sent,
}

/// The bounds of an exchange, in seconds where written down; `None` is no bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Timeouts {
    #[serde(default, skip_serializing_if = "Option::is_none", with = "seconds")]
    pub connect: Option<Duration>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "seconds")]
    pub first_byte: Option<Duration>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "seconds")]
    pub idle: Option<Duration>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "seconds")]
    pub total: Option<Duration>,
}

mod seconds {
    use super::*;
    use serde::{Deserializer, Serializer};

    pub fn serialize<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        duration.map(|duration| duration.as_secs_f64()).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        let seconds = Option::<f64>::deserialize(deserializer)?;
        Ok(seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()))
    }
}
