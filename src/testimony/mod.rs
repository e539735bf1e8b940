//! What programs and people say of an exchange whose bytes are not at hand: exceptions, log lines, pasted errors. A statement names a
//! symptom and the numbers in it; an error that an API sent is taken out of the text around it.

mod curl;
mod dotnet;
mod embedded;
mod go;
mod javascript;
mod json;
mod jvm;
mod pattern;
mod python;
mod relays;
mod rust;
mod servers;

use std::ops::Range;

use crate::api::error::ApiError;
use crate::secret;
use pattern::Pattern;

/// What went wrong, as somebody else's program tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Symptom {
    /// The body ended before its declared length.
    ShortBody,
    /// More bytes than declared.
    LongBody,
    /// The sender's own words: its application wrote more than it had declared.
    OverwroteDeclaration,
    /// The sender's own words: its application wrote less than it had declared.
    UnderwroteDeclaration,
    /// A chunked body without its last chunk.
    ChunksWithoutEnd,
    MalformedChunk,
    /// The connection was closed in the middle of a body; the words do not tell by which framing.
    CutBody,
    /// A reset while the body was read.
    ResetInBody,
    /// A reset; the words do not tell when.
    Reset,
    /// A reset before any byte of the response.
    ResetBeforeResponse,
    /// Closed before any byte of the response.
    ClosedBeforeResponse,
    HeadCut,
    NotHttp,
    ConflictingLengths,
    LengthAndChunked,
    InvalidLength,
    /// The body is not in the coding that its label says.
    WrongCoding,
    /// The compressed body ended before its own end.
    CodingCut,
    /// The TLS connection ended without close_notify.
    TlsCut,
    CertificateUntrusted,
    CertificateExpired,
    CertificateForAnotherName,
    TlsHandshakeFailed,
    PlainHttpOnTlsPort,
    NameNotFound,
    ProxyNameNotFound,
    Refused,
    Unreachable,
    ProxyAuthRequired,
    ProxyRefusedTunnel,
    NoConnectionInTime,
    NoFirstByteInTime,
    StalledInBody,
    /// A timeout; the words do not tell which.
    TimedOut,
    /// JSON that ended in its middle.
    JsonCut,
    /// A parser found nothing to parse at the first character: an empty body, a page or a stream.
    JsonAbsent,
    /// A parser met `<`.
    PageInsteadOfJson,
    /// A parser met `data:`.
    StreamInsteadOfJson,
    /// A parser met compressed bytes.
    CompressedInsteadOfJson,
    /// Something follows the first JSON value.
    JsonTrailing,
    /// The text was cut inside a character.
    CharacterCut,
    /// The stream ended, and the client missed its end mark.
    StreamWithoutEnd,
    /// A line of the stream was longer than a relay's or client's buffer.
    LineTooLong,
    /// An HTTP/2 stream was reset.
    Http2Reset,
    /// An HTTP/2 stream whose length is not the declared one.
    Http2Length,
    /// A gateway could not get an answer from its upstream.
    BadGateway,
    GatewayUnavailable,
    GatewayTimeout,
    /// An upstream was silent in the middle of an answer for longer than the gateway waits.
    UpstreamStalled,
    RequestTooLarge,
    /// The one that the answer was for had gone.
    ReaderGone,
    /// The words hide the cause.
    Opaque,
}

/// One statement found in a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    pub symptom: Symptom,
    /// Whose words they are.
    pub speaker: &'static str,
    /// The numbers and names in it, by slot.
    pub values: Vec<(&'static str, String)>,
    /// Where in the text it stands, in bytes.
    pub span: Range<usize>,
}

impl Statement {
    /// A number that the statement gives; thousands may be separated by commas.
    pub fn number(&self, slot: &str) -> Option<u64> {
        let (_, value) = self.values.iter().find(|(name, _)| *name == slot)?;
        value.replace(',', "").parse().ok()
    }
}

/// All that a text says of an exchange.
#[derive(Clone, Debug, Default)]
pub struct Testimony {
    pub text: String,
    /// The most telling first.
    pub statements: Vec<Statement>,
    /// The status of the response that the text speaks of.
    pub status: Option<u16>,
    /// An API's own error in it, and where it stands.
    pub error: Option<(ApiError, Range<usize>)>,
}

impl Testimony {
    /// Overwrites whatever looks like a key.
    pub fn cover_secrets(&mut self) {
        self.text = secret::covered(&self.text);
        for (_, value) in self.statements.iter_mut().flat_map(|statement| &mut statement.values) {
            *value = secret::covered(value);
        }
        if let Some((error, _)) = &mut self.error {
            for text in [&mut error.message, &mut error.raw, &mut error.param, &mut error.code] {
                *text = secret::covered(text);
            }
        }
    }
}

/// A longer text is heard at its beginning and its end only: what matters of a log stands at either.
const LONGEST: usize = 256 * 1024;

/// Every table of patterns, more telling ones first.
const TABLES: [&[Pattern]; 10] = [
    relays::PATTERNS,
    servers::PATTERNS,
    curl::PATTERNS,
    python::PATTERNS,
    javascript::PATTERNS,
    go::PATTERNS,
    rust::PATTERNS,
    jvm::PATTERNS,
    dotnet::PATTERNS,
    json::PATTERNS,
];

/// Hears what a text says.
pub fn hear(text: &str) -> Testimony {
    let text = bounded(text);
    let lower = text.to_ascii_lowercase();
    let mut statements: Vec<(u8, usize, Statement)> = Vec::new();
    for (order, pattern) in TABLES.iter().copied().flatten().enumerate() {
        if let Some(statement) = pattern.find(&text, &lower) {
            statements.push((pattern.symptom.vagueness(), order, statement));
        }
    }
    statements.sort_by_key(|(vagueness, order, _)| (*vagueness, *order));
    let mut told: Vec<Statement> = Vec::new();
    for (_, _, statement) in statements {
        if !told.iter().any(|known| known.symptom == statement.symptom) {
            told.push(statement);
        }
    }
    let error = embedded::error(&text);
    let status = embedded::status(&text);
    Testimony { text, statements: told, status, error }
}

impl Symptom {
    /// How little the words say by themselves: a wrapper's «connection error» gives way to the cause that stands beside it.
    pub fn is_vague(self) -> bool {
        self.vagueness() > 3
    }

    fn vagueness(self) -> u8 {
        use Symptom::*;
        match self {
            OverwroteDeclaration | UnderwroteDeclaration => 0,
            Opaque => 9,
            JsonAbsent => 7,
            TimedOut => 6,
            Reset | ReaderGone | JsonTrailing => 5,
            JsonCut | CharacterCut | PageInsteadOfJson | StreamInsteadOfJson | CompressedInsteadOfJson => 4,
            CutBody | StreamWithoutEnd => 3,
            _ => 2,
        }
    }
}

fn bounded(text: &str) -> String {
    if text.len() <= LONGEST {
        return text.to_string();
    }
    let first = (0..=LONGEST / 2).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let last = (text.len() - LONGEST / 2..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    format!("{}\n…\n{}", &text[..first], &text[last..])
}
