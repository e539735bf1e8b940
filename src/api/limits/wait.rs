//! How long a server asks to wait: `retry-after-ms`, `Retry-After`, the reset fields of rate limits, and «try again in 1.2s».

use std::time::{Duration, SystemTime};

/// Where a wait was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Wait {
    pub duration: Duration,
    /// The field or text that says so.
    pub source: String,
}

/// The wait that a response asks for. `field` gives the first value of a field; `date` is the response's own clock, or ours.
pub fn asked_wait(field: impl Fn(&str) -> Option<String>, message: &str, date: SystemTime) -> Option<Wait> {
    for name in ["retry-after-ms", "x-ms-retry-after-ms"] {
        if let Some(milliseconds) = field(name).and_then(|value| value.trim().parse::<f64>().ok()) {
            return seconds(milliseconds / 1000.0).map(|duration| Wait { duration, source: name.into() });
        }
    }
    if let Some(duration) = field("retry-after").and_then(|value| retry_after(&value, date)) {
        return Some(Wait { duration, source: "retry-after".into() });
    }
    // LiteLLM's own refusals tell it only in the name of a provider.
    if let Some(duration) = field("llm_provider-retry-after").and_then(|value| retry_after(&value, date)) {
        return Some(Wait { duration, source: "llm_provider-retry-after".into() });
    }
    if let Some(duration) = wait_in_words(message) {
        return Some(Wait { duration, source: "the error's text".into() });
    }
    reset(&field, date)
}

/// Seconds, with or without a fraction, or a date (RFC 9110 section 10.2.3).
fn retry_after(value: &str, date: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(number) = value.parse::<f64>() {
        return seconds(number);
    }
    let until = httpdate::parse_http_date(value).ok()?;
    Some(until.duration_since(date).unwrap_or_default())
}

/// A wait of so many seconds; one beyond all bounds is a hundred years.
fn seconds(number: f64) -> Option<Duration> {
    const CENTURY: f64 = 100.0 * 366.0 * 86400.0;
    if number.is_nan() {
        return None;
    }
    Duration::try_from_secs_f64(number.min(CENTURY)).ok()
}

/// The reset of a limit of which nothing remains. Units differ by provider: Go durations (OpenAI), RFC 3339 (Anthropic), seconds, or
/// a Unix time in seconds or milliseconds.
fn reset(field: impl Fn(&str) -> Option<String>, date: SystemTime) -> Option<Wait> {
    const LIMITS: [(&str, &str); 9] = [
        ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
        ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
        ("x-ratelimit-remaining-project-tokens", "x-ratelimit-reset-project-tokens"),
        ("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"),
        ("anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"),
        ("anthropic-ratelimit-input-tokens-remaining", "anthropic-ratelimit-input-tokens-reset"),
        ("anthropic-ratelimit-output-tokens-remaining", "anthropic-ratelimit-output-tokens-reset"),
        ("x-ratelimit-remaining", "x-ratelimit-reset"),
        ("ratelimit-remaining", "ratelimit-reset"),
    ];
    LIMITS
        .iter()
        .filter(|(remaining, _)| field(remaining).is_some_and(|value| value.trim() == "0"))
        .filter_map(|(_, reset)| Some(Wait { duration: moment(&field(reset)?, date)?, source: (*reset).into() }))
        .max_by_key(|wait| wait.duration)
}

/// The time until a moment in any of the units in use: seconds or a Unix time, which their size tells apart, RFC 3339, HTTP's date, or a Go
/// duration.
pub(super) fn moment(value: &str, date: SystemTime) -> Option<Duration> {
    const YEAR: f64 = 366.0 * 86400.0;
    let value = value.trim();
    if let Ok(number) = value.parse::<f64>() {
        if number.is_nan() || number < 0.0 {
            return None;
        }
        let now = date.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs_f64();
        let left = match number {
            small if small < YEAR => small,
            unix if unix < 1e11 => unix - now,
            milliseconds => milliseconds / 1000.0 - now,
        };
        return seconds(left.max(0.0));
    }
    if let Ok(until) = httpdate::parse_http_date(value) {
        return Some(until.duration_since(date).unwrap_or_default());
    }
    if let Ok(timestamp) = value.parse::<jiff::Timestamp>() {
        return Some(SystemTime::from(timestamp).duration_since(date).unwrap_or_default());
    }
    go_duration(value)
}

/// `6m0s`, `1h2m3.5s`, `17ms` (Go's `time.Duration.String`).
fn go_duration(text: &str) -> Option<Duration> {
    let mut total = 0.0;
    let mut rest = text;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        total += number
            * match &rest[..unit] {
                "ms" => 1e-3,
                "us" | "µs" => 1e-6,
                "ns" => 1e-9,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                "d" => 86400.0,
                _ => return None,
            };
        rest = &rest[unit..];
    }
    seconds(total)
}

/// «Please try again in 644ms», «retry after 7 seconds», «retryDelay: "34s"».
fn wait_in_words(message: &str) -> Option<Duration> {
    let lower = message.to_lowercase();
    let after = ["try again in ", "retry after ", "retry in ", "retrydelay\": \"", "retrydelay\":\""]
        .iter()
        .find_map(|phrase| lower.find(phrase).map(|at| at + phrase.len()))?;
    let words = lower[after..].trim_start();
    let word = words.split(|c: char| c.is_whitespace() || matches!(c, ',' | '"' | ')' | ';')).next()?.trim_end_matches('.');
    if let Some(duration) = go_duration(word) {
        return Some(duration);
    }
    let number: f64 = word.parse().ok()?;
    let unit = words[words.find(word)? + word.len()..].trim_start();
    let scale = match unit {
        _ if unit.starts_with("ms") || unit.starts_with("millisecond") => 1e-3,
        _ if unit.starts_with("min") => 60.0,
        _ if unit.starts_with("hour") => 3600.0,
        _ if unit.starts_with("day") => 86400.0,
        _ => 1.0,
    };
    seconds(number * scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(fields: &[(&str, &str)], message: &str) -> Option<f64> {
        let date = httpdate::parse_http_date("Mon, 23 Nov 2026 10:00:00 GMT").unwrap();
        let field = |name: &str| fields.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_string());
        asked_wait(field, message, date).map(|wait| wait.duration.as_secs_f64())
    }

    #[test]
    fn every_way_to_ask_for_a_wait_is_understood() {
        assert_eq!(wait(&[("retry-after-ms", "250")], ""), Some(0.25));
        assert_eq!(wait(&[("retry-after", "7")], ""), Some(7.0));
        assert_eq!(wait(&[("retry-after", "0.5")], ""), Some(0.5));
        assert_eq!(wait(&[("retry-after", "Mon, 23 Nov 2026 10:00:30 GMT")], ""), Some(30.0));
        assert_eq!(wait(&[("retry-after", "Mon, 23 Nov 2026 09:00:00 GMT")], ""), Some(0.0));
        assert_eq!(wait(&[], "Rate limit reached. Please try again in 644ms. Visit"), Some(0.644));
        assert_eq!(wait(&[], "Please try again in 1m2.5s."), Some(62.5));
        assert_eq!(wait(&[], "Please retry after 7 seconds. Please go here"), Some(7.0));
        assert_eq!(wait(&[], "Try again in 5 minutes"), Some(300.0));
        assert_eq!(wait(&[("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "6m0s")], ""), Some(360.0));
        let anthropic = [("anthropic-ratelimit-requests-remaining", "0"), ("anthropic-ratelimit-requests-reset", "2026-11-23T10:00:09Z")];
        assert_eq!(wait(&anthropic, ""), Some(9.0));
        assert_eq!(wait(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1795428002000")], ""), Some(2.0));
    }

    #[test]
    fn a_limit_with_something_left_and_nonsense_ask_for_nothing() {
        assert_eq!(wait(&[("x-ratelimit-remaining-tokens", "5"), ("x-ratelimit-reset-tokens", "6m0s")], ""), None);
        assert_eq!(wait(&[("retry-after", "soon")], "try again in a while"), None);
        assert_eq!(wait(&[("retry-after", "-3")], ""), None);
        assert!(wait(&[("retry-after", "inf")], "") > Some(1e9) && wait(&[("retry-after", "1e300")], "") > Some(1e9));
        assert_eq!(wait(&[("retry-after", "nan")], ""), None);
    }
}
