//! HTTP Archive 1.2, as browsers, Playwright and mitmproxy export it. Bodies in it are decoded and without framing.

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::exchange::{Exchange, Stages};
use super::{paste, raw, secrets};
use crate::exchange::recording::{Ending, How, Opened, TlsFacts};
use crate::exchange::source::{Lost, Source};
use crate::testimony;

/// The ends of the paths of chat APIs.
const CHAT_PATHS: [&str; 8] = [
    "/chat/completions",
    "/completions",
    "/responses",
    "/messages",
    "/api/chat",
    "/api/generate",
    ":generatecontent",
    ":streamgeneratecontent",
];

/// The chat requests in the archive; where there are none, all requests.
///
/// # Errors
/// When it is no HAR.
pub fn exchanges(bytes: &[u8]) -> Result<Vec<Exchange>> {
    let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let archive: Value = crate::api::json::parse(text.trim_ascii()).context("the HAR is not whole JSON; export it again")?.into();
    let entries = archive["log"]["entries"].as_array().context("the HAR has no log.entries")?;
    if entries.is_empty() {
        bail!("the HAR has no entries: nothing was recorded before it was exported");
    }
    let chats: Vec<&Value> = entries.iter().filter(|entry| is_chat(entry)).collect();
    // Scripts, images and sockets of a page that holds no chat are no exchanges to be judged, unless nothing else is there.
    let calls: Vec<&Value> = entries.iter().filter(|entry| entry["request"]["method"] == "POST").collect();
    let chosen = [chats, calls].into_iter().find(|some| !some.is_empty()).unwrap_or_else(|| entries.iter().collect());
    Ok(chosen.into_iter().map(exchange).collect())
}

fn is_chat(entry: &Value) -> bool {
    let url = entry["request"]["url"].as_str().unwrap_or("").to_ascii_lowercase();
    let path = url.split(['?', '#']).next().unwrap_or("");
    entry["request"]["method"] == "POST" && CHAT_PATHS.iter().any(|end| path.ends_with(end))
}

fn exchange(entry: &Value) -> Exchange {
    let (request, response) = (&entry["request"], &entry["response"]);
    let mut exchange = Exchange::of(Source::Har);
    exchange.asked.started = entry["startedDateTime"].as_str().unwrap_or("").to_string();
    exchange.asked.method = request["method"].as_str().unwrap_or("").to_string();
    exchange.asked.url = request["url"].as_str().unwrap_or("").to_string();
    if let Some(address) = entry["serverIPAddress"].as_str().filter(|address| !address.is_empty()) {
        exchange.opened.push(Opened::Connected { address: address.to_string() });
    }
    exchange.stages = stages(&entry["timings"], entry["time"].as_f64());
    exchange.sent = request_bytes(request);
    if let Some(body) = request["postData"]["text"].as_str().and_then(|text| serde_json::from_str::<Value>(text).ok()) {
        paste::of_request(&body, &mut exchange.asked);
    }
    let status = response["status"].as_u64().unwrap_or(0);
    if let Some(words) = failure(entry) {
        exchange.ending = ending(&words, status > 0);
        // What the ending says is not said again by words.
        if exchange.ending.is_none() || status > 0 {
            exchange.testimony = Some(testimony::hear(&secrets::covered(&words)));
        }
    }
    if status == 0 {
        return exchange;
    }
    if let Some(tls) = tls(&response["_securityDetails"]) {
        exchange.opened.push(Opened::Tls(tls));
    }
    let (body, is_whole) = body(&response["content"]);
    exchange.received = response_head(response, status);
    let is_bodiless = raw::is_bodiless(&exchange.received) && body.is_empty();
    // An entry without text has no body to judge, whatever its size says: exporters leave out what they have not kept.
    exchange.asked.lost = Lost { body: !is_bodiless && (body.is_empty() || !is_whole), ..Lost::ALL_BUT_CONTENT };
    if is_whole {
        exchange.received.extend_from_slice(&body);
    }
    exchange
}

/// Words on why a request failed, by whichever key the exporter has for them: Chromium and mitmproxy, Playwright, Charles.
fn failure(entry: &Value) -> Option<String> {
    let response = &entry["response"];
    let keys = ["_error", "_failureText", "_errorText", "errorMessage", "_charlesError"];
    let places = [response, entry, &entry["request"]];
    let said = places.iter().find_map(|place| keys.iter().find_map(|key| place[*key].as_str().filter(|words| !words.is_empty())));
    said.map(str::to_string)
}

/// How the exchange ended, by the browser's name for it.
fn ending(words: &str, has_head: bool) -> Option<Ending> {
    const NAMES: [(&str, How); 26] = [
        ("ERR_NAME_NOT_RESOLVED", How::NameNotFound),
        ("ERR_NAME_RESOLUTION_FAILED", How::NameNotFound),
        ("NS_ERROR_UNKNOWN_HOST", How::NameNotFound),
        ("ERR_CONNECTION_REFUSED", How::Refused),
        ("NS_ERROR_CONNECTION_REFUSED", How::Refused),
        ("ERR_CONNECTION_RESET", How::Reset),
        ("NS_ERROR_NET_RESET", How::Reset),
        ("ERR_EMPTY_RESPONSE", How::Fin),
        // mitmproxy
        ("server closed connection", How::Fin),
        ("Connect call failed", How::Refused),
        ("ERR_CONNECTION_TIMED_OUT", How::NoConnectionInTime),
        ("ERR_ADDRESS_UNREACHABLE", How::Unreachable),
        ("ERR_INTERNET_DISCONNECTED", How::Unreachable),
        ("ERR_PROXY_CONNECTION_FAILED", How::ProxyUnreachable),
        ("NS_ERROR_PROXY_CONNECTION_REFUSED", How::ProxyUnreachable),
        ("ERR_TUNNEL_CONNECTION_FAILED", How::TunnelRefused),
        ("ERR_CERT_AUTHORITY_INVALID", How::TlsIssuerUnknown),
        ("ERR_CERT_DATE_INVALID", How::TlsCertificateExpired),
        ("ERR_CERT_COMMON_NAME_INVALID", How::TlsNameMismatch),
        ("ERR_CERT_", How::TlsCertificateRejected),
        ("ERR_SSL_", How::HandshakeFailed),
        // The page itself, or who looked at it, gave up.
        ("ERR_ABORTED", How::Cancelled),
        ("NS_BINDING_ABORTED", How::Cancelled),
        ("NS_ERROR_ABORT", How::Cancelled),
        ("Connection killed", How::Cancelled),
        ("Client disconnected", How::Cancelled),
    ];
    let (_, how) = NAMES.iter().find(|(name, _)| words.contains(name))?;
    // With a head, nothing before the request can have failed.
    (!has_head || !how.is_before_request()).then(|| Ending::because(*how, words.trim()))
}

/// What Playwright keeps of the certificate.
fn tls(details: &Value) -> Option<TlsFacts> {
    let text = |key: &str| details[key].as_str().map(str::to_string);
    details.is_object().then(|| TlsFacts {
        version: text("protocol"),
        subject: text("subjectName"),
        issuer: text("issuer"),
        ..TlsFacts::default()
    })
}

fn request_bytes(request: &Value) -> Vec<u8> {
    let url = request["url"].as_str().unwrap_or("");
    let target = url.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..])).unwrap_or("/");
    let first = format!("{} {target} {}", request["method"].as_str().unwrap_or("GET"), version(&request["httpVersion"]));
    let mut bytes = head(&first, &request["headers"]);
    bytes.extend_from_slice(request["postData"]["text"].as_str().unwrap_or("").as_bytes());
    bytes
}

fn response_head(response: &Value, status: u64) -> Vec<u8> {
    let first = format!("{} {status} {}", version(&response["httpVersion"]), response["statusText"].as_str().unwrap_or(""));
    head(first.trim_end(), &response["headers"])
}

fn head(first: &str, headers: &Value) -> Vec<u8> {
    let one_line = |text: &str| text.replace(['\r', '\n'], " ");
    let mut text = format!("{}\r\n", one_line(first));
    for header in headers.as_array().into_iter().flatten() {
        let name = header["name"].as_str().unwrap_or("");
        // HTTP/2 has its first line as pseudo fields.
        if !name.is_empty() && !name.starts_with(':') {
            text.push_str(&format!("{}: {}\r\n", one_line(name), one_line(header["value"].as_str().unwrap_or(""))));
        }
    }
    text.push_str("\r\n");
    text.into_bytes()
}

fn version(value: &Value) -> String {
    match value.as_str().unwrap_or("").to_ascii_lowercase().as_str() {
        "h2" | "http/2" | "http/2.0" => "HTTP/2".into(),
        "h3" | "http/3" | "http/3.0" => "HTTP/3".into(),
        "http/1.0" => "HTTP/1.0".into(),
        _ => "HTTP/1.1".into(),
    }
}

/// The body, and whether it is there as a whole: exporters leave bodies out, or cut them at a limit of their own.
fn body(content: &Value) -> (Vec<u8>, bool) {
    let Some(text) = content["text"].as_str() else {
        return (Vec::new(), content["size"].as_i64() == Some(0));
    };
    let bytes = match content["encoding"].as_str() {
        Some("base64") => STANDARD.decode(text.trim()).unwrap_or_default(),
        _ => text.as_bytes().to_vec(),
    };
    // `size` counts bytes with most exporters and characters with some: only a text shorter in both is cut.
    let size = content["size"].as_u64().unwrap_or(0);
    let is_whole = bytes.len() as u64 >= size || text.chars().count() as u64 >= size;
    (bytes, is_whole)
}

/// HAR 1.2: milliseconds of each phase, -1 where it does not apply; `ssl` is part of `connect`.
fn stages(timings: &Value, total: Option<f64>) -> Stages {
    let phase = |name: &str| timings[name].as_f64().filter(|length| *length > 0.0).unwrap_or(0.0);
    if !timings.is_object() {
        return Stages::default();
    }
    let micros = |milliseconds: f64| Some((milliseconds * 1000.0).clamp(0.0, 1e15) as u64);
    let connected = phase("blocked") + phase("dns") + phase("connect");
    let sent = connected + phase("send");
    let first_byte = sent + phase("wait");
    let end = first_byte + phase("receive");
    Stages {
        connected: micros(connected),
        tls: timings["ssl"].as_f64().filter(|length| *length > 0.0).and_then(|_| micros(connected)),
        sent: micros(sent),
        first_byte: micros(first_byte),
        total: micros(total.filter(|total| *total >= end).unwrap_or(end)),
    }
}
