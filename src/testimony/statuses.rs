//! A status without the words of an API: what HTTP clients say of any answer that is no success.

use super::Symptom::*;
use super::pattern::{Pattern, begins_line, pattern};
use super::{Statement, Symptom, quoting};

pub(super) const PATTERNS: &[Pattern] = &[
    // curl -f, wget.
    pattern("The requested URL returned error: {status}", Status, "curl"),
    pattern("ERROR {status}: ", Status, "wget"),
    // Python: urllib, requests, httpx and its log, aiohttp, openai.
    pattern("HTTP Error {status}: ", Status, "urllib"),
    pattern("HTTPError: {status} Client Error:", Status, "requests"),
    pattern("HTTPError: {status} Server Error:", Status, "requests"),
    pattern("Client error '{status} ", Status, "httpx"),
    pattern("Server error '{status} ", Status, "httpx"),
    pattern("ClientResponseError: {status}, message=", Status, "aiohttp"),
    pattern("Error code: {status}", Status, "openai-python"),
    pattern("too many {status} error responses", Status, "urllib3"),
    // JavaScript: axios, openai-node without a body, fetch wrappers, browsers.
    pattern("Request failed with status code {status}", Status, "axios"),
    pattern("Error: {status} status code (no body)", Status, "openai-node"),
    pattern("Error: {status} <", Status, "openai-node"),
    pattern("the server responded with a status of {status}", Status, "Chromium"),
    pattern("HTTP error! status: {status}", Status, "JavaScript"),
    pattern("HTTPError: Response code {status} (", Status, "got"),
    pattern("HTTPError: Request failed with status code {status}", Status, "ky"),
    // Go, Rust, Java, .NET.
    pattern("unexpected status code: {status}", Status, "Go"),
    pattern("unexpected status code {status}", Status, "Go"),
    pattern("unexpected status: {status} ", Status, "Go"),
    pattern("bad response status code {status}", Status, "one-api"),
    pattern("error, status code: {status}", Status, "go-openai"),
    pattern("HTTP status client error ({status} ", Status, "reqwest"),
    pattern("HTTP status server error ({status} ", Status, "reqwest"),
    pattern("http status: {status}", Status, "ureq"),
    pattern("Server returned HTTP response code: {status} for URL", Status, "HttpURLConnection"),
    pattern("HttpServerErrorException{*}: {status} ", Status, "Spring"),
    pattern("HttpClientErrorException{*}: {status} ", Status, "Spring"),
    pattern("WebClientResponseException{*}: {status} ", Status, "Spring WebClient"),
    pattern("Response status code does not indicate success: {status}", Status, ".NET HttpClient"),
    pattern("The remote server returned an error: ({status})", Status, ".NET"),
    pattern("远程服务器返回错误: ({status})", Status, ".NET"),
    // Dart, PHP, Ruby, Swift, PowerShell.
    pattern("with a status code of {status}", Status, "Dio"),
    pattern("has a status code of {status}", Status, "Dio"),
    pattern("the status code of {status} ", Status, "Dio"),
    pattern("resulted in a `{status} ", Status, "Guzzle"),
    pattern("failed to open stream: HTTP request failed! HTTP/{*} {status} ", Status, "PHP"),
    pattern("the server responded with status {status}", Status, "Faraday"),
    pattern("Response status code was unacceptable: {status}", Status, "Alamofire"),
];

/// Reason phrases by which a failure is named.
const PHRASES: [(u16, &str); 26] = [
    (400, "bad request"),
    (401, "unauthorized"),
    (402, "payment required"),
    (403, "forbidden"),
    (404, "not found"),
    (405, "method not allowed"),
    (407, "proxy authentication required"),
    (408, "request timeout"),
    (408, "request time-out"),
    (413, "request entity too large"),
    (413, "payload too large"),
    (413, "content too large"),
    (415, "unsupported media type"),
    (422, "unprocessable entity"),
    (429, "too many requests"),
    (500, "internal server error"),
    (501, "not implemented"),
    (502, "bad gateway"),
    (502, "proxy error"),
    (503, "service unavailable"),
    (503, "service temporarily unavailable"),
    (504, "gateway timeout"),
    (504, "gateway time-out"),
    (520, "unknown error"),
    (524, "a timeout occurred"),
    (529, "overloaded"),
];

/// What any program writes before a status that it was given.
const MARKS: [&str; 24] = [
    "status code: ",
    "status code ",
    "status_code=",
    "status_code: ",
    "status_code\": ",
    "status_code\":",
    "statuscode: ",
    "statuscode:",
    "statuscode=",
    "statuscode\":",
    "with status ",
    "returned status ",
    "http status: ",
    "http status ",
    "http error ",
    "http error: ",
    "http code: ",
    "http code ",
    "upstream returned ",
    "responded with ",
    "response status: ",
    "upstream status: ",
    "upstream_status=",
    "错误码：",
];

/// A status that no client's own sentence names: by its reason phrase or by a mark before it. Documents name many statuses and in
/// sentences; what happened once is named alone.
pub fn plain(text: &str, lower: &str) -> Option<Statement> {
    let by_phrase = PHRASES.iter().flat_map(|(status, phrase)| {
        let words = format!("{status} {phrase}");
        let places: Vec<usize> = memchr::memmem::find_iter(lower.as_bytes(), words.as_bytes()).collect();
        places.into_iter().map(move |at| (*status, at, at + words.len()))
    });
    let by_mark = MARKS.iter().flat_map(|mark| {
        let places = memchr::memmem::find_iter(lower.as_bytes(), mark.as_bytes());
        places.filter_map(|at| Some((number(&lower[at + mark.len()..])?, at, at + mark.len() + 3)))
    });
    let named: Vec<(u16, usize, usize)> = by_phrase
        .filter(|(_, at, _)| introduces(&lower[..*at]))
        .chain(by_mark)
        .filter(|(_, at, _)| !is_of_prose(text, lower, *at))
        .collect();
    let (status, start, end) = *named.iter().min_by_key(|(_, at, _)| *at)?;
    let is_alone = named.iter().all(|(other, _, _)| *other == status);
    is_alone.then(|| Statement {
        symptom: Symptom::Status,
        speaker: "HTTP",
        values: vec![("status", status.to_string())],
        span: start..end,
    })
}

/// The status stands at the beginning of a line, in a heading, or behind a word that says that it failed.
fn introduces(before: &str) -> bool {
    const WORDS: [&str; 19] = [
        "http/1.0 ",
        "http/1.1 ",
        "http/2 ",
        "http/2.0 ",
        "http ",
        "error ",
        "error: ",
        "error:",
        "status ",
        "status: ",
        "exception: ",
        "<title>",
        "<h1>",
        "failed: ",
        "failed with ",
        "returned ",
        "received ",
        "got ",
        "\": ",
    ];
    begins_line(before) || WORDS.iter().any(|word| before.ends_with(word))
}

fn is_of_prose(text: &str, lower: &str, at: usize) -> bool {
    const SENTENCE: [&str; 15] = [
        " means",
        " indicates",
        " when ",
        " if ",
        "should",
        " returns ",
        " will ",
        " would ",
        " can ",
        " may ",
        "例如",
        "表示",
        "如果",
        " expect",
        "| ",
    ];
    let start = lower[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line = lower[start..].lines().next().unwrap_or_default();
    let line = &line[..(0..=line.len().min(400)).rev().find(|end| line.is_char_boundary(*end)).unwrap_or(0)];
    quoting::is_quoted(text, at) || SENTENCE.iter().any(|word| line.contains(word))
}

/// Three digits that are a failing status, and no more of them.
pub fn number(text: &str) -> Option<u16> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let status: u16 = text.get(..3).filter(|_| digits == 3)?.parse().ok()?;
    (400..600).contains(&status).then_some(status)
}
