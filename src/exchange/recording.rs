//! The recording of one exchange: what was asked, then every event on the wire in order. Its text form is one JSON value
//! per line; reading it gives back the same events, so that a recording and a live exchange take the same road.

use std::borrow::Cow;
use std::io::{self, BufRead, Write};

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::source::{Lost, Source};
use crate::cli::Remedy;
use crate::plan::{KeyUse, Timeouts};

/// The first line's mark: format and major version.
pub const FORMAT: &str = "recording/1";

/// What was asked for, before any byte was sent. Secrets are masked already. Read leniently: a recording made by hand says what it knows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// When the attempt began, RFC 3339.
    pub started: String,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// What this attempt does about the failure before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<Remedy>,
    /// Milliseconds waited before this attempt.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub waited_ms: u64,
    /// The endpoint's name in the configuration, or its host.
    pub endpoint: String,
    pub method: String,
    pub url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(default)]
    pub stream: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    #[serde(default)]
    pub key: KeyUse,
    /// The command that asked, as it could be typed again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The proxy's URL without its credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub insecure: bool,
    #[serde(default)]
    pub timeouts: Timeouts,
    /// Where the events come from, if not from the wire.
    #[serde(default, skip_serializing_if = "is_wire")]
    pub source: Source,
    #[serde(default, skip_serializing_if = "Lost::is_nothing")]
    pub lost: Lost,
}

fn is_wire(source: &Source) -> bool {
    *source == Source::Recording
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// One thing that happened on a connection, at a time in microseconds after the start.
#[derive(Clone, Debug, PartialEq)]
pub struct Event<'a> {
    pub at: u64,
    /// 0 for the first connection; a tunnel through a proxy and the exchange inside it have numbers of their own.
    pub connection: u32,
    pub kind: Kind<'a>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Kind<'a> {
    Open(Opened),
    Sent(Cow<'a, [u8]>),
    Received(Cow<'a, [u8]>),
    End(Ending),
}

/// A step on the way to a usable connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Opened {
    /// The name has these addresses.
    Resolved {
        host: String,
        addresses: Vec<String>,
    },
    /// One address did not answer; others may.
    Failed {
        address: String,
        reason: String,
    },
    Connected {
        address: String,
    },
    /// The connection was open already, from an exchange before this one.
    Reused {
        address: String,
    },
    /// The proxy let us through to the target; what follows on this connection is the target's.
    Tunnelled {
        through: String,
        to: String,
    },
    /// What the peer showed in the TLS handshake, whether or not we then trusted it.
    Tls(TlsFacts),
    /// We ourselves did not read for so long, because the machine, the disk or whoever takes our output kept us: what came meanwhile is
    /// told later than it came.
    HeldUp {
        milliseconds: u64,
    },
}

/// The TLS session and the peer's certificate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, schemars::JsonSchema, Deserialize)]
pub struct TlsFacts {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cipher: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<String>,
    /// The names that the certificate is for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// How many certificates the peer sent.
    #[serde(default)]
    pub chain: usize,
}

/// How a connection ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ending {
    pub how: How,
    /// Words of the operating system, the TLS library or the peer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Ending {
    pub fn new(how: How) -> Ending {
        Ending { how, detail: None }
    }

    pub fn because(how: How, detail: impl Into<String>) -> Ending {
        Ending { how, detail: Some(detail.into()) }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// The user stopped it.
    Cancelled,
    /// The whole time for the exchange was used up.
    #[serde(alias = "timeout")]
    Deadline,
    /// The peer closed its side in order.
    #[serde(alias = "eof")]
    Fin,
    /// Nothing came within the bound on the first byte.
    FirstByteTimeout,
    /// A TLS handshake failed for another reason than those below.
    HandshakeFailed,
    /// Nothing more came for as long as we were ready to wait.
    Idle,
    /// The message was complete, and the connection stays open for another exchange.
    Kept,
    NameNotFound,
    NoConnectionInTime,
    /// The request was not sent at all; the recording's `asked` says why.
    NotSent,
    /// The proxy could not be used at all.
    ProxyUnreachable,
    Refused,
    Reset,
    /// The certificate has expired or is not valid yet.
    TlsCertificateExpired,
    /// The certificate is not acceptable for another reason.
    TlsCertificateRejected,
    /// The peer said close_notify.
    TlsClose,
    /// The TCP connection ended without a close_notify.
    TlsCut,
    TlsIssuerUnknown,
    TlsNameMismatch,
    /// The peer's bytes are not TLS.
    TlsSpokenToPlain,
    /// The proxy refused the tunnel.
    TunnelRefused,
    Unreachable,
    /// A connection came about; it was opened for nothing else, and nothing was asked.
    Unused,
}

impl How {
    /// No connection came about on which a request could be sent.
    pub fn is_before_request(self) -> bool {
        use How::*;
        match self {
            HandshakeFailed
            | NameNotFound
            | NoConnectionInTime
            | NotSent
            | ProxyUnreachable
            | Refused
            | TlsCertificateExpired
            | TlsCertificateRejected
            | TlsIssuerUnknown
            | TlsNameMismatch
            | TlsSpokenToPlain
            | TunnelRefused
            | Unreachable
            | Unused => true,
            Cancelled | Deadline | Fin | FirstByteTimeout | Idle | Kept | Reset | TlsClose | TlsCut => false,
        }
    }
}

/// Writes a recording as it happens; every line is flushed, so that a killed run leaves a readable file.
pub struct Recorder<W> {
    out: W,
}

impl<W: Write> Recorder<W> {
    /// Opens the recording with what was asked.
    pub fn begin(mut out: W, asked: &Asked) -> io::Result<Recorder<W>> {
        #[derive(Serialize)]
        struct First<'a> {
            llmcheck: &'static str,
            asked: &'a Asked,
        }
        let mut line = serde_json::to_vec(&First { llmcheck: FORMAT, asked })?;
        line.push(b'\n');
        out.write_all(&line)?;
        out.flush()?;
        Ok(Recorder { out })
    }

    pub fn write(&mut self, event: &Event<'_>) -> io::Result<()> {
        let (kind, data) = match &event.kind {
            Kind::Open(opened) => ("open", serde_json::to_value(opened)?),
            Kind::Sent(bytes) => (">", bytes_to_value(bytes)),
            Kind::Received(bytes) => ("<", bytes_to_value(bytes)),
            Kind::End(Ending { how, detail: None }) => ("end", serde_json::to_value(how)?),
            Kind::End(ending) => ("end", serde_json::to_value(ending)?),
        };
        let data = serde_json::to_string(&data)?;
        let (seconds, micros) = (event.at / 1_000_000, event.at % 1_000_000);
        writeln!(self.out, "[{seconds}.{micros:06},{},\"{kind}\",{data}]", event.connection)?;
        self.out.flush()
    }

    /// Where it was written to.
    pub fn into_inner(self) -> W {
        self.out
    }
}

fn bytes_to_value(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => Value::from(text),
        Err(_) => json!({ "base64": STANDARD.encode(bytes) }),
    }
}

/// One line of a recording.
pub enum Line {
    Asked(Box<Asked>),
    Event(Event<'static>),
}

/// Reads a recording line by line; a file may hold several attempts, each opened by its own `asked`.
pub struct Lines<R> {
    input: R,
    number: usize,
    buffer: String,
    /// A line may tell of two steps.
    next: Option<Event<'static>>,
}

impl<R: BufRead> Lines<R> {
    pub fn new(input: R) -> Lines<R> {
        Lines { input, number: 0, buffer: String::new(), next: None }
    }

    fn read(&mut self) -> Result<Option<Line>> {
        if let Some(event) = self.next.take() {
            return Ok(Some(Line::Event(event)));
        }
        loop {
            self.buffer.clear();
            self.number += 1;
            if self.input.read_line(&mut self.buffer).with_context(|| format!("line {}: cannot be read", self.number))? == 0 {
                return Ok(None);
            }
            let text = self.buffer.trim();
            if text.is_empty() {
                continue;
            }
            let mut told = parse_line(text).with_context(|| format!("line {} of the recording", self.number))?.into_iter();
            if let Some(line) = told.next() {
                self.next = told.find_map(|line| if let Line::Event(event) = line { Some(event) } else { None });
                return Ok(Some(line));
            }
        }
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = Result<Line>;

    fn next(&mut self) -> Option<Result<Line>> {
        self.read().transpose()
    }
}

/// What a line says; nothing where it is a step or an end that is not known.
fn parse_line(text: &str) -> Result<Vec<Line>> {
    if text.starts_with('{') {
        #[derive(Deserialize)]
        struct First {
            llmcheck: String,
            asked: Option<Map<String, Value>>,
        }
        let first: First = serde_json::from_str(text).context("not the first line of a recording")?;
        if first.llmcheck != FORMAT {
            bail!("the format is {:?}; this version reads {FORMAT:?}", first.llmcheck);
        }
        return Ok(vec![Line::Asked(Box::new(asked(first.asked.unwrap_or_default())))]);
    }
    let (seconds, connection, kind, data): (f64, u32, String, Value) = serde_json::from_str(text)
        .context("neither the first line of a recording nor [seconds, connection, kind, data]; recordings are made with --record")?;
    let kinds = match kind.as_str() {
        "open" => opened(data).into_iter().map(Kind::Open).collect(),
        ">" => vec![Kind::Sent(Cow::Owned(bytes_from_value(data)?))],
        "<" => vec![Kind::Received(Cow::Owned(bytes_from_value(data)?))],
        "end" => ending(data)?.map(Kind::End).into_iter().collect(),
        other => bail!("the kind is {other:?}; known are \"open\", \">\", \"<\" and \"end\""),
    };
    if !(0.0..1e9).contains(&seconds) {
        bail!("the time {seconds} is not within a recording");
    }
    let at = (seconds * 1e6).round() as u64;
    Ok(kinds.into_iter().map(|kind| Line::Event(Event { at, connection, kind })).collect())
}

/// What another program wrote down in a shape of its own, or as `null`, is not known; the bytes are there all the same.
fn asked(mut object: Map<String, Value>) -> Asked {
    let read = |object: &Map<String, Value>| serde_json::from_value::<Asked>(Value::Object(object.clone()));
    object.retain(|key, value| read(&Map::from_iter([(key.clone(), value.clone())])).is_ok());
    read(&object).unwrap_or_default()
}

/// The steps that a line tells of: one of ours, or an address and what TLS showed there. A step that another version knows and this one
/// does not is passed over: it is no byte of the exchange.
fn opened(data: Value) -> Vec<Opened> {
    let Value::Object(object) = data else {
        return data.as_str().map(|address| Opened::Connected { address: address.to_string() }).into_iter().collect();
    };
    if let Ok(opened) = serde_json::from_value(Value::Object(object.clone())) {
        return vec![opened];
    }
    let address = object.get("address").and_then(Value::as_str).map(|address| Opened::Connected { address: address.to_string() });
    let facts = object.get("tls").filter(|tls| tls.is_object()).and_then(|tls| serde_json::from_value(tls.clone()).ok());
    address.into_iter().chain(facts.map(Opened::Tls)).collect()
}

/// An end that nobody saw, or that this version has no word for, is not known.
fn ending(data: Value) -> Result<Option<Ending>> {
    let how = |value: &Value| serde_json::from_value(value.clone()).ok().map(Ending::new);
    match data {
        Value::String(_) => Ok(how(&data)),
        Value::Object(object) if object.contains_key("how") => Ok(serde_json::from_value(Value::Object(object)).ok()),
        Value::Object(object) => Ok(object.values().find_map(how)),
        Value::Null => Ok(None),
        _ => bail!("the data of \"end\" is neither a word nor an object"),
    }
}

fn bytes_from_value(data: Value) -> Result<Vec<u8>> {
    match data {
        Value::String(text) => Ok(text.into_bytes()),
        Value::Object(object) => {
            let text = object.get("base64").and_then(Value::as_str).context("the data is neither text nor {\"base64\": …}")?;
            STANDARD.decode(text).context("the base64 data")
        }
        _ => bail!("the data is neither text nor {{\"base64\": …}}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_event_survives_writing_and_reading() {
        let events = [
            Event {
                at: 1,
                connection: 0,
                kind: Kind::Open(Opened::Resolved { host: "a.example".into(), addresses: vec!["[::1]:443".into()] }),
            },
            Event {
                at: 2,
                connection: 0,
                kind: Kind::Open(Opened::Tls(TlsFacts { version: Some("TLSv1.3".into()), ..TlsFacts::default() })),
            },
            Event { at: 1_234_567, connection: 1, kind: Kind::Sent(Cow::Borrowed(b"POST / HTTP/1.1\r\n\r\n")) },
            Event { at: 2_000_000, connection: 1, kind: Kind::Received(Cow::Borrowed("你好\u{0}".as_bytes())) },
            Event { at: 2_000_001, connection: 1, kind: Kind::Received(Cow::Borrowed(b"\xe4\xbd")) },
            Event { at: 3_000_000, connection: 1, kind: Kind::End(Ending::new(How::TlsCut)) },
            Event { at: 3_000_000, connection: 1, kind: Kind::End(Ending::because(How::Reset, "by peer")) },
        ];
        let asked = Asked { url: "http://a.example/v1".into(), ..Asked::default() };
        let mut text = Vec::new();
        let mut recorder = Recorder::begin(&mut text, &asked).unwrap();
        for event in &events {
            recorder.write(event).unwrap();
        }
        let mut lines = Lines::new(&text[..]).map(Result::unwrap);
        assert!(matches!(lines.next(), Some(Line::Asked(read)) if *read == asked));
        for event in &events {
            assert!(matches!(lines.next(), Some(Line::Event(read)) if read == *event), "{event:?}");
        }
        assert!(lines.next().is_none());
    }

    #[test]
    fn a_recording_made_by_hand_needs_only_what_is_known() {
        let text = "{\"llmcheck\":\"recording/1\",\"asked\":{\"url\":\"http://a/v1\",\"stream\":true}}\n[0,0,\"open\",\"1.2.3.4:80\"]\n[1,0,\"<\",\"none\"]\n[1,0,\"end\",\"none\"]\n[1,0,\"end\",\"timeout\"]\n";
        let lines: Vec<Line> = Lines::new(text.as_bytes()).map(Result::unwrap).collect();
        assert!(matches!(&lines[0], Line::Asked(asked) if asked.stream && asked.url == "http://a/v1"));
        let [Line::Event(open), Line::Event(received), Line::Event(end)] = &lines[1..] else { panic!("three events") };
        assert_eq!(received.kind, Kind::Received(Cow::Borrowed(b"none")));
        assert_eq!(open.kind, Kind::Open(Opened::Connected { address: "1.2.3.4:80".into() }));
        assert_eq!(end.kind, Kind::End(Ending::new(How::Deadline)));
    }

    #[test]
    fn what_another_program_asked_in_its_own_shapes_does_not_hide_the_rest() {
        let text = r#"{"asked":{"stream":true,"started":1764000000.5,"attempt":null,"endpoint":null,"key":"sent","timeouts":"60s","url":"http://a/v1","source":"wire","headers":[["A","b"]]},"llmcheck":"recording/1"}"#;
        let read: Vec<Line> = Lines::new(text.as_bytes()).map(Result::unwrap).collect();
        let expected = Asked { url: "http://a/v1".into(), stream: true, ..Asked::default() };
        let [Line::Asked(asked)] = &read[..] else { panic!("one line") };
        assert_eq!(Asked { key: expected.key, ..*asked.clone() }, expected);
    }

    #[test]
    fn steps_and_ends_are_read_in_the_shapes_that_others_give_them() {
        let facts = TlsFacts { issuer: Some("CN=R11".into()), ..TlsFacts::default() };
        let connected = || Kind::Open(Opened::Connected { address: "1.2.3.4:443".into() });
        let cases = [
            (
                r#"[0,0,"open",{"address":"1.2.3.4:443","tls":{"issuer":"CN=R11"}}]"#,
                vec![connected(), Kind::Open(Opened::Tls(facts.clone()))],
            ),
            (r#"[0,0,"open",{"tls":{"issuer":"CN=R11"}}]"#, vec![Kind::Open(Opened::Tls(facts))]),
            (r#"[0,0,"open",{"address":"1.2.3.4:443","tls":false}]"#, vec![connected()]),
            (r#"[0,0,"open",null]"#, vec![]),
            (r#"[0,0,"end",{"reason":"reset","errno":104}]"#, vec![Kind::End(Ending::new(How::Reset))]),
            (r#"[0,0,"end",{"how":"none","detail":"reset"}]"#, vec![]),
        ];
        for (text, expected) in cases {
            let kinds: Vec<Kind> = Lines::new(text.as_bytes())
                .map(|line| if let Ok(Line::Event(event)) = line { event.kind } else { panic!("{text}") })
                .collect();
            assert_eq!(kinds, expected, "{text}");
        }
    }

    #[test]
    fn a_damaged_line_is_named_by_its_number() {
        let text = "{\"llmcheck\":\"recording/1\",\"asked\":{\"started\":\"\",\"attempt\":1,\"endpoint\":\"\",\"method\":\"POST\",\"url\":\"\"}}\n\n[0.1,0,\"?\",\"\"]\n";
        let error = Lines::new(text.as_bytes()).find_map(Result::err).unwrap();
        assert_eq!(format!("{error:#}"), "line 3 of the recording: the kind is \"?\"; known are \"open\", \">\", \"<\" and \"end\"");
    }
}
