//! What stands elsewhere in the same text and tells more exactly what a statement means: the function of a traceback in which it
//! happened, the wrapper around a cause.

use super::Symptom;

struct Clue {
    of: &'static [Symptom],
    /// Any of these stands in the text.
    words: &'static [&'static str],
    means: Symptom,
}

const READING_HEAD: &[&str] = &[
    "in _receive_response_headers",
    "response.begin()",
    "in getresponse",
    "in _read_status",
    "typeerror: fetch failed",
    "while reading response header",
    "while awaiting headers",
    "exceeded while awaiting headers",
    "in _send_single_request\n    response",
    "conn.urlopen(",
];

const READING_BODY: &[&str] = &[
    "in _receive_response_body",
    "in iter_content",
    "in iter_raw",
    "in iter_bytes",
    "in iter_lines",
    "in aiter_bytes",
    "in read_chunked",
    "response payload is not completed",
    "in _safe_read",
    "in _readall_chunked",
    "typeerror: terminated",
    "while reading body",
    "error reading a body from connection",
    "streamreader.read",
    "http1exchange$",
    "okio.",
    "unable to read data from the transport connection",
    "error while copying content to a stream",
];

/// undici prints how much its socket had read.
const BYTES_READ: &[&str] = &[
    "bytesread: 1",
    "bytesread: 2",
    "bytesread: 3",
    "bytesread: 4",
    "bytesread: 5",
    "bytesread: 6",
    "bytesread: 7",
    "bytesread: 8",
    "bytesread: 9",
];

/// The first that fits counts: a body is read after its head, so that its words are the more telling where both stand.
const CLUES: &[Clue] = &[
    Clue { of: &[Symptom::Reset], words: READING_BODY, means: Symptom::ResetInBody },
    Clue { of: &[Symptom::Reset], words: READING_HEAD, means: Symptom::ResetBeforeResponse },
    Clue { of: &[Symptom::TimedOut], words: READING_BODY, means: Symptom::StalledInBody },
    Clue { of: &[Symptom::TimedOut], words: READING_HEAD, means: Symptom::NoFirstByteInTime },
    Clue { of: &[Symptom::ClosedBeforeResponse], words: &["typeerror: terminated"], means: Symptom::CutBody },
    Clue { of: &[Symptom::ClosedBeforeResponse], words: &["typeerror: fetch failed"], means: Symptom::ClosedBeforeResponse },
    Clue { of: &[Symptom::ClosedBeforeResponse], words: BYTES_READ, means: Symptom::CutBody },
    Clue {
        of: &[Symptom::Refused, Symptom::NameNotFound],
        words: &["cannot connect to proxy", "proxyerror(", "proxyconnect tcp", "err_proxy_connection_failed"],
        means: Symptom::ProxyUnreachable,
    },
];

/// What the symptom becomes by the rest of the text, in lower case.
pub fn sharpened(symptom: Symptom, lower: &str) -> Symptom {
    let clue = CLUES.iter().find(|clue| clue.of.contains(&symptom) && clue.words.iter().any(|words| lower.contains(words)));
    clue.map_or(symptom, |clue| clue.means)
}
