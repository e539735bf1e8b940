//! What an answer that is no answer means: one error, one meaning. An API's own error is judged by its code first, its words second, its
//! status last (`sayings` has who says what); what is not the API's, by its status and form.

mod sayings;

use sayings::{RATE_CODES, SAYINGS, Saying, When};

use super::Class;
use crate::api::error::ApiError;
use crate::evidence::Evidence;
use crate::plan::KeyUse;
use crate::wire::content::Form;

/// What the error of this exchange means, as the code of its entry; `None` without an API's error.
pub(super) fn told(evidence: &Evidence<'_>) -> Option<&'static str> {
    *evidence.meaning.get_or_init(|| judged(evidence))
}

fn judged(evidence: &Evidence<'_>) -> Option<&'static str> {
    const FAILING: [&str; 3] = ["error", "network_error", "insufficient_system_resource"];
    if evidence.finish_reason().is_some_and(|reason| FAILING.contains(&reason)) {
        return Some(if evidence.stream().is_some() { "error-in-stream" } else { "error-in-success" });
    }
    let Some(error) = evidence.error.as_ref() else {
        return status_without_words(evidence);
    };
    let status = evidence.status().unwrap_or(0);
    if is_of_gateway(evidence, error, status) {
        return None;
    }
    // The relay's own words on its own fault: nobody behind it failed.
    if super::entry_fires(evidence, &["relay-wrote-more-than-declared"]) && evidence.stream().is_none() {
        return None;
    }
    let meaning = said_in(evidence, error, status);
    if evidence.stream().is_some() && evidence.is_success() {
        return Some(in_stream(meaning));
    }
    meaning.or_else(|| by_status(error, status)).or_else(|| Some(if evidence.is_success() { "error-in-success" } else { by_kind(error) }))
}

/// What an error is whose status is not known.
fn by_kind(error: &ApiError) -> &'static str {
    let kind = format!("{} {}", error.kind, error.code).to_ascii_lowercase();
    let is_of_server = ["server_error", "internal", "api_error", "unavailable"].iter().any(|word| kind.contains(word));
    match () {
        () if is_of_server => "provider-error",
        () if !error.param.is_empty() => "parameter-rejected",
        () if kind.trim().is_empty() && error.message.eq_ignore_ascii_case("not found") => "path-not-found",
        () => "request-rejected",
    }
}

/// What an error means that was found without an exchange, such as one that was pasted. `None` where neither code nor words nor
/// status decide.
pub fn meaning_of(error: &ApiError, status: Option<u16>) -> Option<&'static str> {
    let status = status.or_else(|| error.status()).or_else(|| error.innermost().status()).unwrap_or(0);
    said(error, status).map(|(meaning, _)| meaning).or_else(|| by_status(error, status))
}

/// Who is known to say what this exchange's error says, and where that can be read; `None` where no words decided.
pub(super) fn known_from(evidence: &Evidence<'_>) -> Option<String> {
    let (_, saying) = said(evidence.error.as_ref()?, evidence.status().unwrap_or(0))?;
    saying.map(|Saying { who, source, .. }| format!("{who}: {source}"))
}

/// What the error would mean under a status of its own: for errors under a success.
pub(super) fn beneath(evidence: &Evidence<'_>) -> Option<&'static str> {
    meaning_of(evidence.error.as_ref()?, None)
}

/// What the words of this exchange's error mean, where fields and the request have their say too.
fn said_in(evidence: &Evidence<'_>, error: &ApiError, status: u16) -> Option<&'static str> {
    let meaning = said(error, status).map(|(meaning, _)| meaning);
    let asks_for_a_day =
        || evidence.field("retry-after").and_then(|value| value.trim().parse::<u64>().ok()).is_some_and(|wait| wait >= A_DAY);
    match meaning {
        Some("rate-limited" | "requests-per-minute" | "tokens-per-minute") if asks_for_a_day() => Some("quota-exhausted"),
        None | Some("key-invalid") if status == 401 && has_no_key(evidence) => Some("key-missing"),
        meaning => meaning,
    }
}

/// A stream that carries an error: rate and quota are told as such, whatever else it is breaks the stream.
fn in_stream(meaning: Option<&'static str>) -> &'static str {
    match meaning.and_then(super::entry) {
        Some(entry) if entry.class == Class::RateLimit => "stream-rate-limited",
        Some(entry) if entry.class == Class::Quota => entry.code,
        _ => "error-in-stream",
    }
}

/// A bare `{"message": …}` with a 5xx is how API gateways (Kong, AWS) speak for themselves; Portkey says so in a field
/// (Portkey-AI/gateway, src/index.ts).
fn is_of_gateway(evidence: &Evidence<'_>, error: &ApiError, status: u16) -> bool {
    let is_bare = error.kind.is_empty() && error.code.is_empty() && error.raw.starts_with("{\"message\":");
    let is_own = evidence.field("x-portkey-gateway-exception").is_some_and(|value| value == "true");
    (is_bare || is_own) && (500..600).contains(&status)
}

/// The meaning of the innermost error whose words have one, and the saying that decided: who passes an error on often knows less than
/// who made it.
fn said(error: &ApiError, status: u16) -> Option<(&'static str, Option<&'static Saying>)> {
    let inside = error.quoted.as_ref().and_then(|quoted| said(&quoted.error, quoted.error.status().unwrap_or(status)));
    inside.or_else(|| {
        let lower = error.message.to_lowercase();
        let saying = || SAYINGS.iter().find(|saying| saying.fits(error, &lower, status)).map(|saying| (saying.means, Some(saying)));
        sums(error, &lower).map(|meaning| (meaning, None)).or_else(saying)
    })
}

impl Saying {
    /// `lower` is the error's message in lower case.
    fn fits(&self, error: &ApiError, lower: &str, status: u16) -> bool {
        let is_status = |wanted: &[u16]| wanted.contains(&status) || error.status().is_some_and(|code| wanted.contains(&code));
        let holds = match self.when {
            When::Always => true,
            When::Rate => is_status(&[429]) || error.is_coded(RATE_CODES),
            When::Status(statuses) => is_status(statuses),
            When::SaidBy(speaker) => error.speaker == speaker,
        };
        let is_foreign = |code: &str| error.speaker.has_own_numbers() && code.bytes().all(|byte| byte.is_ascii_digit());
        let is_coded =
            || self.codes.iter().any(|code| error.is_coded(&[code]) && (matches!(self.when, When::SaidBy(_)) || !is_foreign(code)));
        let is_worded = || self.words.iter().any(|phrase| stands_in(lower, phrase));
        holds && (self.codes.is_empty() || is_coded()) && (self.words.is_empty() || is_worded())
    }
}

/// Whether the phrase stands in the text; its `*` is one word.
fn stands_in(text: &str, phrase: &str) -> bool {
    let Some((before, after)) = phrase.split_once(" * ") else {
        return text.contains(phrase);
    };
    text.match_indices(before).any(|(at, _)| {
        let rest = text[at + before.len()..].trim_start();
        rest.split_once(' ').is_some_and(|(word, rest)| word.len() <= 120 && rest.trim_start().starts_with(after))
    })
}

const A_DAY: u64 = 86_400;

/// What numbers say.
fn sums(error: &ApiError, lower: &str) -> Option<&'static str> {
    if asks_for_more_than_its_limit(&error.message) {
        return Some("request-over-token-limit");
    }
    // Azure: a free or trial tier that is used up asks for a day of patience.
    if number_after(lower, "retry after").is_some_and(|seconds| seconds >= A_DAY) {
        return Some("quota-exhausted");
    }
    // OpenRouter reserves the price of what is under way; it is free again when the others end, although the status is 402.
    if error.quotas == "openrouter_in_flight_budget" {
        return Some("concurrency-limited");
    }
    // Gemini says «exceeded your current quota» for every limit; only the id of the quota tells which.
    match error.quotas.as_str() {
        quotas if quotas.contains("PerDay") => Some("quota-exhausted"),
        quotas if !quotas.contains("PerMinute") => None,
        quotas if quotas.contains("Token") => Some("tokens-per-minute"),
        quotas if quotas.contains("Request") => Some("requests-per-minute"),
        _ => Some("rate-limited"),
    }
}

/// «Limit 30000, Requested 31538»: the request alone is over the limit, whatever was used before it.
fn asks_for_more_than_its_limit(message: &str) -> bool {
    matches!((number_after(message, "Limit"), number_after(message, "Requested")), (Some(limit), Some(requested)) if requested > limit)
}

/// The number behind the first such word that has one: `RateLimitError: … Limit 30000` has two.
fn number_after(text: &str, word: &str) -> Option<u64> {
    text.match_indices(word).find_map(|(at, _)| {
        let rest = text[at + word.len()..].trim_start_matches([' ', ':']);
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    })
}

/// What the status says where words do not. Under a success the error's own number is the status.
fn by_status(error: &ApiError, status: u16) -> Option<&'static str> {
    let is_failure = status >= 400;
    Some(match if is_failure { status } else { error.status()? } {
        401 => "key-invalid",
        402 => "quota-exhausted",
        529 => "provider-overloaded",
        _ if !is_failure => return None,
        403 => "access-denied",
        // The gateway's or server's own wait or step failed, whatever the number says; 499 is a request that somebody before the
        // server gave up.
        408 | 424 | 499 => "provider-error",
        404 | 405 | 501 => "path-not-found",
        413 => "body-too-large",
        429 => "rate-limited",
        400..=499 if !error.param.is_empty() => "parameter-rejected",
        400..=499 => "request-rejected",
        500..=599 => "provider-error",
        _ => return None,
    })
}

/// No key was needed, by what we were told, and none was sent.
fn has_no_key(evidence: &Evidence<'_>) -> bool {
    evidence.asked().key == KeyUse::NotNeeded && !has_authorization(evidence)
}

fn has_authorization(evidence: &Evidence<'_>) -> bool {
    let sensitive = ["authorization", "api-key", "x-api-key", "x-goog-api-key"];
    // Where no request was recorded, nothing says that it had no key.
    evidence.transcript.request().is_none_or(|head| sensitive.iter().any(|name| head.get(name).is_some()))
}

/// What an answer without an API's error or reply means.
pub(super) fn of_page(evidence: &Evidence<'_>) -> Option<&'static str> {
    // A page without its head is a page under any status.
    let has_no_head = evidence.head().is_some_and(|head| head.first_line.is_empty());
    let status = evidence.status().or((has_no_head && evidence.is_markup()).then_some(200));
    let status = status.filter(|status| *status >= 200 && !(300..400).contains(status))?;
    let is_told = evidence.error.as_ref().is_some_and(|error| !is_of_gateway(evidence, error, status));
    if is_told || (evidence.is_success() && evidence.reply.is_some()) || status == 407 {
        return None;
    }
    let text = evidence.page().unwrap_or_default();
    // Under codings that we cannot undo nothing can be said of the content.
    let is_undecoded =
        evidence.content().is_some_and(|content| content.is_undecodable) && !super::entry_fires(evidence, &["coding-forced"]);
    if super::entry_fires(evidence, &["html-instead-of-api", "plain-http-on-tls-port", "relay-wrote-more-than-declared"]) {
        return None;
    }
    let has_no_page = evidence.is_empty() || evidence.asked().lost.body;
    Some(match status {
        429 if has_no_page => return None,
        429 => "proxy-rate-limit",
        408 | 504 | 522 | 524 => "gateway-timeout",
        502 | 520 | 521 | 523 => "bad-gateway",
        503 => "gateway-unavailable",
        500..=599 if evidence.asked().lost.body => return None,
        500..=599 if status != 501 => "gateway-failure",
        401 | 403 | 413 | 414 | 431 => return None,
        404 | 405 | 501 if !evidence.is_markup() => return None,
        400 | 415 | 422 if is_page_of_status(evidence, status) => return None,
        _ if evidence.is_markup() => "web-page-not-api",
        200..=299 => match evidence.content().map(|content| &content.form) {
            Some(Form::Other(_)) if !text.is_empty() && !is_undecoded && !evidence.is_json_scalar() => "not-text-or-json",
            _ => return None,
        },
        _ => return None,
    })
}

/// Statuses that speak for themselves when no JSON does.
fn status_without_words(evidence: &Evidence<'_>) -> Option<&'static str> {
    if evidence.error.is_some() || evidence.is_success() || super::entry_fires(evidence, &["html-instead-of-api", "plain-http-on-tls-port"])
    {
        return None;
    }
    Some(match evidence.status()? {
        429 if evidence.is_empty() || evidence.asked().lost.body => "rate-limited",
        401 if has_no_key(evidence) => "key-missing",
        401 => "key-invalid",
        403 => "access-denied",
        413 => "body-too-large",
        404 | 405 | 501 if !evidence.is_markup() => "path-not-found",
        status @ (400 | 414 | 415 | 422 | 431) if !evidence.is_markup() || is_page_of_status(evidence, status) => "request-rejected",
        _ => return None,
    })
}

/// A server's own page for a status has it in its title: `400 Request Header Or Cookie Too Large`.
fn is_page_of_status(evidence: &Evidence<'_>, status: u16) -> bool {
    evidence.is_markup() && super::pages::beginning(evidence).trim_start().starts_with(&status.to_string())
}

#[cfg(test)]
mod tests;
