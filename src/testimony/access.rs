//! Lines of access logs: what HAProxy, Envoy and nginx write of every request, in codes rather than words.

use super::{Statement, Symptom, quoting};

/// Paths by which a line is known to be of a chat API and not of a favicon.
const API_PATHS: [&str; 9] =
    ["/completions", "/v1/", "/messages", "/responses", "/embeddings", "generatecontent", "/api/chat", "/api/generate", "/chat"];

/// The most telling line of each kind of fault.
pub fn lines(text: &str) -> Vec<Statement> {
    let mut found: Vec<Statement> = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let statement = haproxy(line).or_else(|| request_line(line)).or_else(|| gin(line));
        if let Some((symptom, speaker, status, span)) = statement
            && !quoting::is_quoted(text, at + span.start)
            && !found.iter().any(|known| known.symptom == symptom)
        {
            let values = status.map(|status| ("status", status.to_string())).into_iter().collect();
            found.push(Statement { symptom, speaker, values, span: at + span.start..at + span.end });
        }
        at += line.len();
    }
    found
}

type Told = (Symptom, &'static str, Option<u16>, std::ops::Range<usize>);

/// `… 10/0/30/60000/60030 504 2750 - - sH-- 1/1/1/1/0 0/0 "POST …"`: docs.haproxy.org configuration, section 8.5: the first letter is
/// who ended the session, the second is when.
fn haproxy(line: &str) -> Option<Told> {
    let words: Vec<(usize, &str)> = words(line).collect();
    let index = words.windows(2).position(|pair| is_termination(pair[0].1) && pair[1].1.matches('/').count() == 4)?;
    let (start, state) = words[index];
    // The status, the bytes and two cookies stand before it.
    let status = index.checked_sub(4).and_then(|at| number(words[at].1));
    let symptom = match &state[..2] {
        "sH" => Symptom::GatewayTimeout,
        "SH" | "PH" | "PR" if status.is_none_or(|status| status >= 500) => Symptom::BadGateway,
        "SC" | "sC" | "sQ" => Symptom::GatewayUnavailable,
        "SD" => Symptom::CutBody,
        "sD" => Symptom::UpstreamStalled,
        "CD" | "cD" | "CH" | "CL" | "CQ" | "cL" => Symptom::ReaderGone,
        "LR" | "PR" | "SH" | "PH" if status.is_some_and(|status| status >= 400) => Symptom::Status,
        _ => return None,
    };
    Some((symptom, "HAProxy", status, start..start + state.len()))
}

/// Four letters or dashes, the first two of which say who and when.
fn is_termination(word: &str) -> bool {
    let bytes = word.as_bytes();
    bytes.len() == 4
        && b"CcSsPLRIDUK".contains(&bytes[0])
        && b"RQCHDLT".contains(&bytes[1])
        && bytes[2..].iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'-')
}

/// `"POST /v1/chat/completions HTTP/1.1" 503 UF,URX 0 91 …` of Envoy, `… 499 0 …` and other statuses of nginx, uvicorn and Apache.
fn request_line(line: &str) -> Option<Told> {
    let (before, after) = line.split_once(" HTTP/")?;
    let lower = before.rsplit(['"', ' ']).next()?.to_ascii_lowercase();
    let quote = after.find("\" ")?;
    let mut words = after[quote + 2..].split([' ', '\r', '\n']);
    let status = words.next().and_then(number)?;
    let flags = words.next().unwrap_or("").trim_matches('"');
    let start = before.len() + " HTTP/".len() + quote + 2;
    if let Some(symptom) = envoy(flags) {
        return Some((symptom, "Envoy", Some(status), start..start + 4 + flags.len()));
    }
    let is_of_api = API_PATHS.iter().any(|path| lower.contains(path));
    let symptom = match status {
        _ if !is_of_api => return None,
        499 => Symptom::ReaderGone,
        400.. => Symptom::Status,
        _ => return None,
    };
    Some((symptom, "the access log", Some(status), start..start + 3))
}

/// Envoy's response flags (www.envoyproxy.io, access log usage).
fn envoy(flags: &str) -> Option<Symptom> {
    let first = flags.split(',').next()?;
    Some(match first {
        "UH" | "UO" | "UF" | "NC" | "NR" => Symptom::GatewayUnavailable,
        "UT" | "SI" | "DT" | "UMSDR" => Symptom::GatewayTimeout,
        "UC" | "UR" | "UPE" | "LR" => Symptom::BadGateway,
        "DC" | "DR" => Symptom::ReaderGone,
        "RL" => Symptom::ProxyRateLimited,
        "URX" => Symptom::GatewayUnavailable,
        _ => return None,
    })
}

/// `[GIN] 2026/11/23 - 10:00:00 | 502 | 1.2s | 10.0.0.1 | POST "/v1/chat/completions"`: relays of the one-api family, ollama.
fn gin(line: &str) -> Option<Told> {
    let start = line.find("[GIN] ")?;
    let bar = start + line[start..].find("| ")?;
    let word = line[bar + 2..].split([' ', '|']).find(|word| !word.is_empty())?;
    let status = number(word)?;
    let lower = line.to_ascii_lowercase();
    let is_failure = status >= 400 && API_PATHS.iter().any(|path| lower.contains(path));
    let symptom = if status == 499 { Symptom::ReaderGone } else { Symptom::Status };
    is_failure.then(|| (symptom, "gin", Some(status), bar + 2..bar + 2 + word.len().max(3)))
}

fn number(word: &str) -> Option<u16> {
    word.parse().ok().filter(|status| word.len() == 3 && (100..600).contains(status))
}

fn words(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let base = line.as_ptr() as usize;
    line.split_ascii_whitespace().map(move |word| (word.as_ptr() as usize - base, word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_access_logs_are_read_in_their_own_places() {
        let haproxy = |state: &str, status: u16| {
            format!(
                "Nov 23 10:00:00 lb haproxy[7]: 10.0.0.9:51234 [23/Nov/2026:10:00:00.000] fe be/s1 0/0/1/-1/60001 {status} 195 - - {state} 1/1/0/0/0 0/0 \"POST /v1/chat/completions HTTP/1.1\"\n"
            )
        };
        let cases = [
            (haproxy("sH--", 504), Some(Symptom::GatewayTimeout)),
            (haproxy("SH--", 502), Some(Symptom::BadGateway)),
            (haproxy("PH--", 502), Some(Symptom::BadGateway)),
            (haproxy("SC--", 503), Some(Symptom::GatewayUnavailable)),
            (haproxy("sC--", 503), Some(Symptom::GatewayUnavailable)),
            (haproxy("SD--", 200), Some(Symptom::CutBody)),
            (haproxy("sD--", 200), Some(Symptom::UpstreamStalled)),
            (haproxy("CDNI", 200), Some(Symptom::ReaderGone)),
            (haproxy("LR--", 403), Some(Symptom::Status)),
            (haproxy("LR--", 302), None),
            (haproxy("----", 200), None),
            ("x \"POST /v1/chat/completions HTTP/1.1\" 503 UF,URX 0 91 5 - \"-\"".into(), Some(Symptom::GatewayUnavailable)),
            ("x \"POST /v1/chat/completions HTTP/1.1\" 504 UT 0 24".into(), Some(Symptom::GatewayTimeout)),
            ("x \"POST /v1/chat/completions HTTP/1.1\" 200 - 0 24".into(), None),
            ("x \"POST /v1/chat/completions HTTP/1.1\" 499 0 \"-\"".into(), Some(Symptom::ReaderGone)),
            ("x \"GET /favicon.ico HTTP/1.1\" 404 0 \"-\"".into(), None),
            ("[GIN] 2026/11/23 - 10:00:00 | 502 | 1.2s | ::1 | POST \"/v1/chat/completions\"".into(), Some(Symptom::Status)),
            ("[GIN] 2026/11/23 - 10:00:00 | 200 | 1.2s | ::1 | POST \"/v1/chat/completions\"".into(), None),
        ];
        for (line, symptom) in cases {
            assert_eq!(lines(&line).first().map(|statement| statement.symptom), symptom, "{line}");
        }
    }
}
