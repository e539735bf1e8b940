//! What programs and people say of an exchange whose bytes are not at hand: exceptions, log lines, pasted errors. A statement names a
//! symptom and the numbers in it; an error that an API sent is taken out of the text around it.

mod access;
mod apis;
mod browsers;
mod clues;
mod curl;
mod dotnet;
mod embedded;
mod go;
mod javascript;
mod json;
mod jvm;
mod notation;
mod others;
mod pattern;
mod python;
mod quoting;
mod relays;
mod rust;
mod servers;
mod statuses;

use std::cmp::Reverse;
use std::ops::Range;
use std::sync::LazyLock;

use crate::api::error::ApiError;
use crate::secret;
use pattern::{Matcher, Pattern};

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
    CertificateRejected,
    TlsHandshakeFailed,
    PlainHttpOnTlsPort,
    NameNotFound,
    ProxyNameNotFound,
    ProxyUnreachable,
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
    /// GOAWAY: the server closes its HTTP/2 connection.
    Http2GoAway,
    /// A gateway could not get an answer from its upstream.
    BadGateway,
    GatewayUnavailable,
    GatewayTimeout,
    /// An upstream was silent in the middle of an answer for longer than the gateway waits.
    UpstreamStalled,
    RequestTooLarge,
    /// A proxy's own limit of requests.
    ProxyRateLimited,
    /// A relay reports that its own upstream failed.
    RelayUpstreamFailed,
    /// A client that refuses to begin without a key.
    KeyMissing,
    /// A status and nothing more; the slot `status` holds it.
    Status,
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
    /// What stands in a slot.
    pub fn value(&self, slot: &str) -> Option<&str> {
        self.values.iter().find(|(name, _)| *name == slot).map(|(_, value)| value.as_str())
    }

    /// A number that the statement gives; thousands may be separated by commas.
    pub fn number(&self, slot: &str) -> Option<u64> {
        self.value(slot)?.replace(',', "").parse().ok()
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
const TABLES: [&[Pattern]; 13] = [
    relays::PATTERNS,
    servers::PATTERNS,
    curl::PATTERNS,
    python::PATTERNS,
    javascript::PATTERNS,
    browsers::PATTERNS,
    go::PATTERNS,
    rust::PATTERNS,
    jvm::PATTERNS,
    dotnet::PATTERNS,
    others::PATTERNS,
    json::PATTERNS,
    statuses::PATTERNS,
];

static MATCHERS: LazyLock<Vec<Matcher>> = LazyLock::new(|| TABLES.iter().copied().flatten().filter_map(Matcher::new).collect());

/// Hears what a text says.
pub fn hear(text: &str) -> Testimony {
    let text = without_colours(&bounded(text));
    if quoting::is_program(&text) {
        return Testimony { text, ..Testimony::default() };
    }
    let lower = text.to_ascii_lowercase();
    let mut heard: Vec<Heard> = by_words(&text, &lower);
    let by_form = access::lines(&text).into_iter().chain(statuses::plain(&text, &lower));
    heard.extend(by_form.map(|statement| Heard { letters: 0, is_open: true, row: usize::MAX, statement }));
    let statements = ordered(exact(heard), &lower);
    let exception = apis::exception(&text, &lower);
    let status = embedded::status(&text).or_else(|| exception.as_ref().and_then(|(exception, _)| exception.status));
    let error = embedded::error(&text, status).or_else(|| exception.and_then(|(exception, span)| Some((exception.error?, span))));
    // Where no error speaks, a status is a statement of its own, judged as one.
    let status = error.as_ref().and_then(|(error, _)| status.or_else(|| embedded::status_of(error)));
    Testimony { text, statements, status, error }
}

/// A statement, and what decides between it and others.
struct Heard {
    /// How many letters of the words are given: of two at one place the longer is the more exact.
    letters: usize,
    /// The words are a wrapper's beginning, with anything behind it.
    is_open: bool,
    /// The row of the tables.
    row: usize,
    statement: Statement,
}

fn by_words(text: &str, lower: &str) -> Vec<Heard> {
    let heard = |(row, matcher): (usize, &Matcher)| {
        let statement = matcher.find(text, lower)?;
        Some(Heard { letters: matcher.letters(), is_open: matcher.is_open(), row, statement })
    };
    MATCHERS.iter().enumerate().filter_map(heard).collect()
}

/// Without those that stand over another that is more exact.
fn exact(mut heard: Vec<Heard>) -> Vec<Heard> {
    heard.sort_by_key(|heard| (Reverse(heard.letters), heard.row));
    let mut kept: Vec<Heard> = Vec::new();
    for one in heard {
        let overlaps =
            |other: &Heard| other.statement.span.start < one.statement.span.end && one.statement.span.start < other.statement.span.end;
        if !kept.iter().any(overlaps) {
            kept.push(one);
        }
    }
    kept
}

/// The most telling first, one of each symptom: the one that gives most numbers.
fn ordered(mut heard: Vec<Heard>, lower: &str) -> Vec<Statement> {
    for one in &mut heard {
        one.statement.symptom = clues::sharpened(one.statement.symptom, lower);
    }
    heard.sort_by_key(|one| (one.statement.symptom.vagueness(), one.is_open, one.row));
    let mut told: Vec<Statement> = Vec::new();
    for Heard { statement, .. } in heard {
        match told.iter_mut().find(|known| known.symptom == statement.symptom) {
            Some(known) if statement.values.len() > known.values.len() => *known = statement,
            Some(_) => {}
            None => told.push(statement),
        }
    }
    told
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
            // What a proxy or a relay met is behind it: the connection that its words tell of is not the caller's.
            BadGateway | GatewayUnavailable | GatewayTimeout | RelayUpstreamFailed => 1,
            // A client that names a reset often counts what came before it, too.
            ResetInBody => 1,
            CutBody | StreamWithoutEnd => 3,
            JsonCut | CharacterCut | PageInsteadOfJson | StreamInsteadOfJson | CompressedInsteadOfJson => 4,
            Reset | ReaderGone | JsonTrailing => 5,
            TimedOut | Status => 6,
            JsonAbsent => 7,
            Opaque => 9,
            _ => 2,
        }
    }
}

/// Without the escape sequences by which logs colour their lines, raw (`ESC[31m`) or written out (`\u001b[31m`, `#033[31m`).
fn without_colours(text: &str) -> String {
    const ESCAPES: [&str; 4] = ["\u{1b}[", "\\u001b[", "\\x1b[", "#033["];
    let mut clean = String::with_capacity(text.len());
    let mut kept = 0;
    for at in memchr::memchr3_iter(0x1b, b'\\', b'#', text.as_bytes()) {
        let Some(escape) = ESCAPES.iter().find(|escape| at >= kept && text[at..].starts_with(**escape)) else {
            continue;
        };
        let parameters = &text[at + escape.len()..];
        let length = parameters.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b';').count();
        let has_end = parameters[length..].starts_with(|c: char| c.is_ascii_alphabetic());
        clean.push_str(&text[kept..at]);
        kept = at + escape.len() + length + usize::from(has_end);
    }
    clean.push_str(&text[kept..]);
    clean
}

fn bounded(text: &str) -> String {
    if text.len() <= LONGEST {
        return text.to_string();
    }
    let first = (0..=LONGEST / 2).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let last = (text.len() - LONGEST / 2..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    format!("{}\n…\n{}", &text[..first], &text[last..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_begins_with_a_word_and_stands_once() {
        let mut seen = std::collections::HashSet::new();
        for pattern in TABLES.iter().copied().flatten() {
            assert!(Matcher::new(pattern).is_some_and(|matcher| matcher.letters() >= 3), "{}", pattern.words);
            assert!(seen.insert(pattern.words.to_ascii_lowercase()), "twice: {}", pattern.words);
        }
    }

    #[test]
    fn colours_are_taken_out_in_every_spelling() {
        for text in ["\u{1b}[31;1mred\u{1b}[0m #", "\\u001b[31mred\\u001b[0m #", "#033[31mred#033[0m #"] {
            assert_eq!(without_colours(text), "red #");
        }
    }

    #[test]
    fn a_long_text_is_heard_at_both_ends() {
        let filler = "你好\n".repeat(200_000);
        for text in [format!("curl: (52) x\n{filler}"), format!("{filler}curl: (52) x")] {
            assert_eq!(hear(&text).statements.len(), 1);
        }
    }
}
