//! What curl says of the connection in its own words, from versions 7 and 8: what it opened, what it had still to read, and how it ended.
//! Lines that are facts of the exchange become such; the others are left for what they may mean.

use std::time::Duration;

use super::exchange::Exchange;
use super::secrets;
use crate::exchange::recording::{Ending, How, Opened, TlsFacts};
use crate::testimony;

/// Facts that curl's words tell, line by line.
#[derive(Debug, Default)]
pub struct Said {
    opened: Vec<Opened>,
    tls: Option<TlsFacts>,
    ending: Option<Ending>,
    /// Body bytes that curl had still to read when the connection ended.
    missing: Option<u64>,
    /// The bound that ran out.
    bound: Option<Duration>,
    proxy: Option<String>,
    /// A certificate was accepted though it does not verify (`-k`).
    is_insecure: bool,
    /// The connection was closed after the response, and nothing was wrong with that.
    is_closed: bool,
    /// The message has no end but the connection's.
    lasts_until_close: bool,
    /// An HTTP/2 stream whose length is not the declared one (RFC 9113 section 8.1.1): curl does not say which is more.
    is_of_length: bool,
    /// The response head has no end, though curl goes on.
    pub is_cut_head: bool,
    /// curl goes on to another URL, or asks again with credentials.
    pub leads_on: bool,
    /// Lines that tell how it ended, and lines that tell something else.
    ends: String,
    words: String,
}

/// How an exchange ended, by the words of curl. The first that stands in a line counts.
const ENDINGS: [(&str, How); 38] = [
    ("Could not resolve proxy", How::ProxyUnreachable),
    ("Could not resolve host", How::NameNotFound),
    ("Resolving timed out", How::NoConnectionInTime),
    ("Connection timed out after", How::NoConnectionInTime),
    ("Connection timeout after", How::NoConnectionInTime),
    ("Connection time-out", How::NoConnectionInTime),
    ("Connection timed out", How::NoConnectionInTime),
    ("Empty reply from server", How::Fin),
    ("transfer closed with", How::Fin),
    ("end of response with", How::Fin),
    ("CONNECT tunnel failed, response ", How::TunnelRefused),
    ("from proxy after CONNECT", How::TunnelRefused),
    ("certificate has expired", How::TlsCertificateExpired),
    ("certificate is not yet valid", How::TlsCertificateExpired),
    ("unable to get local issuer certificate", How::TlsIssuerUnknown),
    ("unable to get issuer certificate", How::TlsIssuerUnknown),
    ("self-signed certificate", How::TlsIssuerUnknown),
    ("self signed certificate", How::TlsIssuerUnknown),
    ("SEC_E_UNTRUSTED_ROOT", How::TlsIssuerUnknown),
    ("no alternative certificate subject name matches", How::TlsNameMismatch),
    ("does not match target host name", How::TlsNameMismatch),
    ("SEC_E_WRONG_PRINCIPAL", How::TlsNameMismatch),
    ("SSL certificate problem", How::TlsCertificateRejected),
    ("wrong version number", How::TlsSpokenToPlain),
    ("packet length too long", How::TlsSpokenToPlain),
    ("SSL_ERROR_SYSCALL in connection to", How::HandshakeFailed),
    ("Connection reset by peer in connection to", How::HandshakeFailed),
    ("alert handshake failure", How::HandshakeFailed),
    ("alert protocol version", How::HandshakeFailed),
    ("TLS connect error", How::HandshakeFailed),
    ("unexpected eof while reading", How::TlsCut),
    ("server did not send a close_notify", How::TlsCut),
    ("missing close_notify", How::TlsCut),
    ("Connection reset by peer", How::Reset),
    ("Connection was reset", How::Reset),
    ("SSL_ERROR_SYSCALL, errno 104", How::Reset),
    ("Operation too slow", How::Idle),
    ("HTTP/2 stream 0 was not closed cleanly before end of the underlying stream", How::Fin),
];

impl Said {
    /// A line of curl's words, with or without what marks it as such.
    pub fn hear(&mut self, line: &str) {
        let line = line.trim_end();
        let words = line.strip_prefix("* ").unwrap_or(line).trim_start();
        self.hear_opening(words);
        self.hear_tls(words);
        self.is_closed |= words.starts_with("Closing connection") || words.starts_with("closing connection");
        self.lasts_until_close |= words.contains("close after body") || words.contains("close to signal end");
        self.leads_on |= words.starts_with("Issue another request to this URL");
        let is_end = self.hear_ending(words);
        let part = if is_end { &mut self.ends } else { &mut self.words };
        // The number of curl's error says less than its words.
        part.push_str(&detail(words));
        part.push('\n');
    }

    fn hear_opening(&mut self, words: &str) {
        // «Connected to api.example.com (192.0.2.1) port 443 (#0)»; curl 8 says «Established connection to … (… port 443) from …».
        if let Some(rest) = words.strip_prefix("Connected to ").or_else(|| words.strip_prefix("Established connection to ")) {
            let inside = rest.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map_or("", |(inside, _)| inside);
            let address = inside.split(" port ").next().unwrap_or(inside);
            if !address.is_empty() {
                self.opened.push(Opened::Connected { address: with_port(address, number_after(rest, "port ")) });
            }
        }
        // «connect to 192.0.2.1 port 443 failed: Connection refused», since 8.6 with «from … port …» before «failed».
        if let Some((address, rest)) = words.strip_prefix("connect to ").and_then(|rest| rest.split_once(" port "))
            && let Some((_, reason)) = rest.split_once(" failed: ")
        {
            let port = number_after(words, " port ");
            self.opened.push(Opened::Failed { address: with_port(address, port), reason: reason.to_string() });
        }
        // «Uses proxy env variable https_proxy == 'http://user:password@proxy:3128'»
        if let Some((_, rest)) = words.split_once("Uses proxy env variable ").and_then(|(_, rest)| rest.split_once("== '")) {
            let url = rest.trim_end_matches('\'');
            let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
            let host = rest.rsplit('@').next().unwrap_or(rest).trim_end_matches('/');
            self.proxy = Some(format!("{scheme}://{host}"));
        }
    }

    fn hear_tls(&mut self, words: &str) {
        let after = |mark: &str| words.strip_prefix(mark).map(|rest| rest.trim().to_string());
        if let Some(rest) = after("SSL connection using ") {
            let mut parts = rest.split(" / ");
            let facts = self.tls.get_or_insert_default();
            facts.version = parts.next().map(str::to_string);
            facts.cipher = parts.next().map(str::to_string);
        }
        self.is_insecure |= words.ends_with("continuing anyway.");
        if let Some(facts) = &mut self.tls {
            facts.subject = after("subject: ").or(facts.subject.take());
            facts.issuer = after("issuer: ").or(facts.issuer.take());
            facts.not_before = after("start date: ").or(facts.not_before.take());
            facts.not_after = after("expire date: ").or(facts.not_after.take());
        }
    }

    /// Whether the line tells how the exchange ended.
    fn hear_ending(&mut self, words: &str) -> bool {
        if let Some(milliseconds) = ["timed out after ", "timeout after "].iter().find_map(|mark| number_after(words, mark)) {
            self.bound.get_or_insert(Duration::from_millis(milliseconds));
        }
        let of_body = number_after(words, "transfer closed with ").or_else(|| number_after(words, "end of response with "));
        self.missing = self.missing.or(of_body);
        if words.contains("was not closed cleanly: PROTOCOL_ERROR") {
            self.is_of_length = true;
            return true;
        }
        // «Operation timed out after 2001 milliseconds with 300 out of 564 bytes received»
        if words.contains("Operation timed out after") {
            let received = number_after(words, "milliseconds with ");
            self.missing =
                self.missing.or(number_after(words, "out of ").zip(received).and_then(|(of, received)| of.checked_sub(received)));
            self.ending.get_or_insert_with(|| Ending::because(How::Deadline, detail(words)));
            return true;
        }
        // «Failed to connect to 127.0.0.1 port 9 after 0 ms: Couldn't connect to server»: the reason stands in the line before.
        if words.contains("Failed to connect to ") {
            let how = self.reason_of_no_connection(words);
            self.ending.get_or_insert_with(|| Ending::because(how, detail(words)));
            return true;
        }
        if self.is_insecure && words.starts_with("SSL certificate verify result") {
            return false;
        }
        // Of one address among several.
        if words.starts_with("connect to ") {
            return true;
        }
        // «transfer closed with outstanding read data remaining»: of chunks that are not shown, only the words can tell.
        let is_of_chunks = words.contains("outstanding read data");
        if let Some((_, how)) = ENDINGS.iter().find(|(mark, _)| words.contains(mark)) {
            let tunnel = words.split("CONNECT tunnel failed, response ").nth(1).or(words.split("HTTP code ").nth(1));
            let detail = tunnel.map_or_else(|| detail(words), |status| status.to_string());
            self.ending.get_or_insert_with(|| Ending::because(*how, detail));
            return !is_of_chunks;
        }
        false
    }

    fn reason_of_no_connection(&self, words: &str) -> How {
        let last = self.opened.iter().rev().find_map(|opened| match opened {
            Opened::Failed { reason, .. } => Some(reason.as_str()),
            _ => None,
        });
        let reason = last.unwrap_or(words).to_ascii_lowercase();
        let has = |marks: &[&str]| marks.iter().any(|mark| reason.contains(mark));
        match () {
            () if has(&["timed out", "timeout"]) => How::NoConnectionInTime,
            () if has(&["unreachable", "no route"]) => How::Unreachable,
            () if self.proxy.is_some() => How::ProxyUnreachable,
            () => How::Refused,
        }
    }

    /// For the next exchange on the same connection: a tunnel's TLS, or a connection that is used again.
    pub fn same_connection(&self, tunnel: Option<&str>) -> Said {
        let mut opened = self.opened.clone();
        let proxy = match (tunnel, opened.last()) {
            (Some(to), Some(Opened::Connected { address })) => {
                let through = address.clone();
                opened.push(Opened::Tunnelled { through: through.clone(), to: to.to_string() });
                Some(format!("http://{through}"))
            }
            _ => None,
        };
        Said { opened, tls: self.tls.clone(), is_insecure: self.is_insecure, proxy: self.proxy.clone().or(proxy), ..Said::default() }
    }

    pub fn has_ended(&self) -> bool {
        self.ending.is_some()
    }

    /// Whether nothing was heard that speaks of an exchange.
    pub fn is_silent(&self) -> bool {
        self.ending.is_none() && self.opened.is_empty()
    }

    /// So many declared bytes are not shown: if curl has complained of the length, they did not come.
    pub fn settle_length(&mut self, missing: u64) {
        if self.is_of_length && missing > 0 {
            self.missing = Some(missing);
            self.ending.get_or_insert(Ending::new(How::Fin));
        }
    }

    /// Body bytes that curl had still to read.
    pub fn missing(&self) -> Option<u64> {
        self.missing
    }

    /// Gives the exchange what was said. The wire's own bytes and their end are told by them where they are shown to their last; then the words
    /// that say the same are not told again as somebody's statement.
    pub fn tell(mut self, exchange: &mut Exchange) {
        let lost = exchange.asked.lost;
        let is_unanswered = exchange.received.is_empty();
        let is_end_of_close = self.is_closed && self.lasts_until_close && !lost.body;
        if self.ending.is_none() && (is_end_of_close || self.is_cut_head) {
            let is_tls = self.tls.is_some();
            self.ending = Some(Ending::new(if is_tls { How::TlsClose } else { How::Fin }));
        }
        if let Some(ending) = &mut self.ending {
            exchange.asked.timeouts.connect = self.bound.filter(|_| ending.how == How::NoConnectionInTime);
            if ending.how == How::Deadline && is_unanswered {
                ending.how = How::FirstByteTimeout;
                exchange.asked.timeouts.first_byte = self.bound;
            } else if ending.how == How::Deadline {
                exchange.asked.timeouts.total = self.bound;
            }
        }
        // That it broke off is told by the ending alone; that it was short, by the length too.
        let breaks_off = |ending: &Ending| matches!(ending.how, How::Deadline | How::FirstByteTimeout | How::Reset | How::TlsCut);
        let is_shown = is_unanswered || !lost.body && !lost.length;
        let is_told_by_bytes = self.ending.as_ref().is_some_and(|ending| is_shown || breaks_off(ending));
        let mut words = self.words;
        if !is_told_by_bytes {
            words.push_str(&self.ends);
        }
        exchange.testimony = Some(testimony::hear(&secrets::covered(&words)));
        exchange.opened = self.opened;
        exchange.opened.extend(self.tls.map(Opened::Tls));
        exchange.ending = self.ending;
        exchange.asked.proxy = self.proxy;
        exchange.asked.insecure = self.is_insecure;
    }
}

fn with_port(address: &str, port: Option<u64>) -> String {
    let address = if address.contains(':') { format!("[{address}]") } else { address.to_string() };
    port.map_or(address.clone(), |port| format!("{address}:{port}"))
}

/// The number that stands behind a mark.
fn number_after(words: &str, mark: &str) -> Option<u64> {
    let rest = &words[words.find(mark)? + mark.len()..];
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    rest[..digits].parse().ok()
}

/// The words without curl's name and the number of its error.
fn detail(words: &str) -> String {
    let words = words.strip_prefix("curl: (").and_then(|rest| rest.split_once(") ")).map_or(words, |(_, words)| words);
    words.to_string()
}
