//! Rate limits as response fields tell them: what is limited, how much is left, when it comes back. Every vendor has names and units of
//! its own; a value that makes no sense in its unit is left out, never guessed.

mod wait;
mod words;

use std::time::SystemTime;

use serde::Serialize;

pub use wait::{Wait, asked_wait};
pub use words::{Rate, rate_in_words};

/// One limit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Limit {
    /// What is counted, as the field's name says: `requests`, `tokens`, `input-tokens`, `requests-per-minute`; of an IETF policy its name.
    /// `requests` too where the field does not say, `retry` where only the wait is told.
    pub what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining: Option<u64>,
    /// Seconds from the response's own date until the limit is fresh again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resets_in: Option<f64>,
    /// Seconds over which the limit counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<f64>,
    /// The field that tells it, the first of them where several do.
    pub source: String,
}

/// More than this is no table of limits but an attack on whoever prints it.
const MOST: usize = 24;
const LONGEST_NAME: usize = 48;

/// The limits that the fields tell, in the order of their names. `date` is the response's own clock, or ours.
pub fn limits<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>, date: SystemTime) -> Vec<Limit> {
    let mut limits: Vec<Limit> = Vec::new();
    for (name, value) in fields {
        let name = name.to_ascii_lowercase();
        // LiteLLM passes the provider's fields on under this prefix, beside its own.
        let (prefix, bare) = name.strip_prefix("llm_provider-").map_or(("", name.as_str()), |rest| ("llm_provider-", rest));
        match bare {
            "ratelimit" | "ratelimit-policy" => policies(&name, bare, value, date, &mut limits),
            "retry-after" | "retry-after-ms" | "x-ms-retry-after-ms" => {
                let scale = if bare.ends_with("-ms") { 1e-3 } else { 1.0 };
                add(&mut limits, "retry", prefix, &name, Part::Reset, wait_in(value, scale, date));
            }
            _ => {
                if let Some((what, part)) = known(bare) {
                    let number = if part == Part::Reset { moment(value, date) } else { count(value) };
                    let window = (part == Part::Limit).then(|| window_in(value)).flatten();
                    add(&mut limits, &what, prefix, &name, part, number);
                    add(&mut limits, &what, prefix, &name, Part::Window, window);
                }
            }
        }
        limits.truncate(MOST);
    }
    settled(limits)
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    Limit,
    Remaining,
    Reset,
    Window,
}

/// What a field limits and which part of it the value is.
///
/// OpenAI, Groq and others `x-ratelimit-remaining-tokens`; Mistral `x-ratelimit-limit-req-minute`, `x-ratelimitbysize-remaining-minute`;
/// LiteLLM `x-ratelimit-api_key-remaining-requests`; Anthropic `anthropic-ratelimit-input-tokens-reset`; OpenRouter, GitHub and the IETF
/// draft `x-ratelimit-limit`, `x-rate-limit-limit`, `ratelimit-limit`.
fn known(name: &str) -> Option<(String, Part)> {
    const FAMILIES: [&str; 6] =
        ["anthropic-ratelimit-", "x-ratelimitbysize-", "ratelimitbysize-", "x-ratelimit-", "x-rate-limit-", "ratelimit-"];
    let rest = FAMILIES.iter().find_map(|family| name.strip_prefix(family))?;
    let mut part = None;
    let mut words = Vec::new();
    for word in rest.split('-') {
        match word {
            "limit" if part.is_none() => part = Some(Part::Limit),
            "remaining" if part.is_none() => part = Some(Part::Remaining),
            "reset" if part.is_none() => part = Some(Part::Reset),
            "req" => words.push("requests"),
            "minute" | "hour" | "day" | "second" | "month" => words.extend(["per", word]),
            "" => return None,
            word => words.push(word),
        }
    }
    // Mistral's size is counted in tokens.
    let unsaid = if name.contains("bysize") { "tokens" } else { "requests" };
    let what = if words.first().is_none_or(|word| *word == "per") { [vec![unsaid], words].concat() } else { words };
    let what = what.join("-");
    (what.len() <= LONGEST_NAME).then_some((what, part?))
}

fn add(limits: &mut Vec<Limit>, what: &str, prefix: &str, name: &str, part: Part, value: Option<f64>) {
    let Some(value) = value else {
        return;
    };
    let is_same = |limit: &&mut Limit| limit.what == what && limit.source.starts_with("llm_provider-") != prefix.is_empty();
    // A family tells one limit in three fields; `x-ratelimit-` and `ratelimit-` beside each other are two tellers.
    let family = family_of(name);
    let known = limits.iter_mut().filter(is_same).find(|limit| family_of(&limit.source) == family);
    let limit = match known {
        Some(limit) => limit,
        None => {
            limits.push(Limit { what: what.into(), source: name.into(), ..Limit::default() });
            limits.last_mut().expect("just pushed")
        }
    };
    // The first of repeated fields counts, as it does for most readers.
    match part {
        Part::Limit => _ = limit.limit.get_or_insert(value as u64),
        Part::Remaining => _ = limit.remaining.get_or_insert(value as u64),
        Part::Reset => _ = limit.resets_in.get_or_insert(value),
        Part::Window => _ = limit.window.get_or_insert(value),
    }
}

fn family_of(name: &str) -> &str {
    let name = name.strip_prefix("llm_provider-").unwrap_or(name);
    let end = name.find("limit").map_or(name.len(), |at| at + "limit".len());
    &name[..end]
}

/// Sorted, and without the provider's copy of what the relay says itself.
fn settled(limits: Vec<Limit>) -> Vec<Limit> {
    let own = |limit: &Limit| !limit.source.starts_with("llm_provider-");
    let is_copy = |limit: &Limit| {
        let numbers = |limit: &Limit| (limit.limit, limit.remaining, limit.resets_in.map(f64::to_bits));
        !own(limit) && limits.iter().any(|other| own(other) && other.what == limit.what && numbers(other) == numbers(limit))
    };
    let mut settled: Vec<Limit> = limits.iter().filter(|limit| !is_copy(limit)).cloned().collect();
    settled.sort_by(|a, b| (&a.what, &a.source).cmp(&(&b.what, &b.source)));
    settled
}

/// A whole number; of a list such as `100, 100;w=60` the first.
fn count(value: &str) -> Option<f64> {
    let first = value.split([',', ';']).next()?.trim();
    let number: f64 = first.parse().ok()?;
    // Beyond this a float is no exact count.
    (number.fract() == 0.0 && (0.0..9e15).contains(&number)).then_some(number)
}

/// The window in `100, 100;w=60` (drafts of the IETF field up to 07).
fn window_in(value: &str) -> Option<f64> {
    let (_, rest) = value.split_once(";w=")?;
    count(rest)
}

fn wait_in(value: &str, scale: f64, date: SystemTime) -> Option<f64> {
    match value.trim().parse::<f64>() {
        Ok(number) => sensible(number * scale),
        Err(_) => moment(value, date),
    }
}

fn moment(value: &str, date: SystemTime) -> Option<f64> {
    sensible(wait::moment(value, date)?.as_secs_f64())
}

/// No limit comes back later than in two years: what says so is another unit than we know.
fn sensible(seconds: f64) -> Option<f64> {
    const TWO_YEARS: f64 = 2.0 * 366.0 * 86_400.0;
    // Milliseconds are exact enough, and equal waits shall look equal.
    (0.0..=TWO_YEARS).contains(&seconds).then_some((seconds * 1000.0).round() / 1000.0)
}

/// Structured fields: `RateLimit: "default";r=50;t=30`, `RateLimit-Policy: "burst";q=100;w=60,"daily";q=1000;w=86400`; and the form of
/// draft 07, `RateLimit: limit=100, remaining=50, reset=5`.
fn policies(name: &str, bare: &str, value: &str, date: SystemTime, limits: &mut Vec<Limit>) {
    if bare == "ratelimit" && !value.contains(';') && value.contains('=') {
        for item in value.split(',') {
            let (key, number) = item.split_once('=').unwrap_or_default();
            let part = match key.trim() {
                "limit" => Part::Limit,
                "remaining" => Part::Remaining,
                "reset" => Part::Reset,
                _ => continue,
            };
            let number = if part == Part::Reset { moment(number, date) } else { count(number) };
            add(limits, "requests", "", name, part, number);
        }
        return;
    }
    for item in value.split(',').take(MOST) {
        let mut parameters = item.split(';');
        let what = parameters.next().unwrap_or_default().trim().trim_matches('"');
        if what.is_empty() || what.len() > LONGEST_NAME {
            continue;
        }
        for parameter in parameters {
            let (key, number) = parameter.split_once('=').unwrap_or_default();
            let part = match key.trim() {
                "q" => Part::Limit,
                "r" => Part::Remaining,
                "t" => Part::Reset,
                "w" => Part::Window,
                _ => continue,
            };
            let number = count(number).filter(|number| !matches!(part, Part::Reset | Part::Window) || sensible(*number).is_some());
            add(limits, what, "", name, part, number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The limits as `what limit/remaining resets window`, `-` for what is not told.
    fn read(fields: &[(&str, &str)]) -> Vec<String> {
        let date = httpdate::parse_http_date("Mon, 23 Nov 2026 10:00:00 GMT").unwrap();
        let shown = |number: Option<f64>| number.map_or("-".to_string(), |number| number.to_string());
        let limits = limits(fields.iter().copied(), date);
        let line = |limit: Limit| {
            let numbers = [limit.limit.map(|n| n as f64), limit.remaining.map(|n| n as f64), limit.resets_in, limit.window].map(shown);
            format!("{} {}", limit.what, numbers.join(" "))
        };
        limits.into_iter().map(line).collect()
    }

    #[test]
    fn every_vendors_fields_are_read_in_their_own_units() {
        type Fields = &'static [(&'static str, &'static str)];
        let cases: [(&str, Fields, &[&str]); 16] = [
            (
                "OpenAI",
                &[
                    ("x-ratelimit-limit-requests", "60"),
                    ("x-ratelimit-limit-tokens", "150000"),
                    ("x-ratelimit-remaining-requests", "59"),
                    ("x-ratelimit-remaining-tokens", "149984"),
                    ("x-ratelimit-reset-requests", "1s"),
                    ("x-ratelimit-reset-tokens", "6m0s"),
                    ("x-ratelimit-limit-project-tokens", "1000"),
                    ("x-ratelimit-reset-project-tokens", "17ms"),
                ],
                &["project-tokens 1000 - 0.017 -", "requests 60 59 1 -", "tokens 150000 149984 360 -"],
            ),
            (
                "Azure",
                &[("x-ratelimit-remaining-requests", "4"), ("x-ratelimit-remaining-tokens", "3900"), ("retry-after-ms", "2000")],
                &["requests - 4 - -", "retry - - 2 -", "tokens - 3900 - -"],
            ),
            (
                "Anthropic",
                &[
                    ("anthropic-ratelimit-input-tokens-limit", "20000"),
                    ("anthropic-ratelimit-input-tokens-remaining", "0"),
                    ("anthropic-ratelimit-input-tokens-reset", "2026-11-23T10:00:09Z"),
                    ("retry-after", "9"),
                ],
                &["input-tokens 20000 0 9 -", "retry - - 9 -"],
            ),
            (
                "Groq",
                &[("x-ratelimit-limit-requests", "14400"), ("x-ratelimit-reset-requests", "2m59.56s")],
                &["requests 14400 - 179.56 -"],
            ),
            (
                "Mistral",
                &[
                    ("x-ratelimit-limit-req-minute", "60"),
                    ("x-ratelimit-remaining-req-minute", "59"),
                    ("x-ratelimit-limit-tokens-month", "9"),
                ],
                &["requests-per-minute 60 59 - -", "tokens-per-month 9 - - -"],
            ),
            (
                "Mistral by size",
                &[("x-ratelimitbysize-limit-minute", "500000"), ("x-ratelimitbysize-remaining-minute", "499")],
                &["tokens-per-minute 500000 499 - -"],
            ),
            (
                "OpenRouter",
                &[("X-RateLimit-Limit", "50"), ("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", "1795428002000")],
                &["requests 50 0 2 -"],
            ),
            (
                "GitHub",
                &[("x-ratelimit-limit", "60"), ("x-ratelimit-used", "60"), ("x-ratelimit-reset", "1795428030")],
                &["requests 60 - 30 -"],
            ),
            (
                "drafts",
                &[("RateLimit-Limit", "100, 100;w=60"), ("RateLimit-Remaining", "50"), ("RateLimit-Reset", "30")],
                &["requests 100 50 30 60"],
            ),
            ("draft 07", &[("RateLimit", "limit=100, remaining=50, reset=5")], &["requests 100 50 5 -"]),
            (
                "structured",
                &[("RateLimit-Policy", "\"burst\";q=100;w=60,\"daily\";q=1000;w=86400"), ("RateLimit", "\"burst\";r=50;t=30")],
                &["burst 100 50 30 60", "daily 1000 - - 86400"],
            ),
            (
                "LiteLLM with the provider's own",
                &[
                    ("x-ratelimit-remaining-requests", "9"),
                    ("llm_provider-x-ratelimit-remaining-requests", "9"),
                    ("llm_provider-x-ratelimit-remaining-tokens", "7"),
                    ("x-ratelimit-api_key-remaining-tokens", "3"),
                ],
                &["api_key-tokens - 3 - -", "requests - 9 - -", "tokens - 7 - -"],
            ),
            (
                "Cerebras",
                &[("x-ratelimit-limit-requests-day", "14400"), ("x-ratelimit-reset-requests-day", "33011.382867")],
                &["requests-per-day 14400 - 33011.383 -"],
            ),
            ("older names", &[("X-Rate-Limit-Limit", "10"), ("X-Rate-Limit-Remaining", "9")], &["requests 10 9 - -"]),
            ("a date", &[("retry-after", "Mon, 23 Nov 2026 10:00:30 GMT")], &["retry - - 30 -"]),
            ("nothing", &[("content-type", "application/json"), ("x-ratelimit-resource", "core")], &[]),
        ];
        for (vendor, fields, expected) in cases {
            assert_eq!(read(fields), expected, "{vendor}");
        }
    }

    #[test]
    fn nonsense_is_left_out() {
        for (name, value) in [
            ("x-ratelimit-remaining-requests", "-1"),
            ("x-ratelimit-remaining-requests", "many"),
            ("x-ratelimit-remaining-requests", "nan"),
            ("x-ratelimit-remaining-requests", "1e99"),
            ("x-ratelimit-limit-requests", "3.5"),
            ("x-ratelimit-reset-requests", "soon"),
            ("x-ratelimit-reset-requests", "-5"),
            ("x-ratelimit-reset-requests", "99999999999999999"),
            ("x-ratelimit-reset-requests", "inf"),
            ("x-ratelimit-reset-requests", "nan"),
            ("anthropic-ratelimit-tokens-reset", "2126-11-23T10:00:09Z"),
            ("ratelimit", "limit=, remaining=x"),
            ("ratelimit-policy", ";;;,=,\"\";q=1"),
            ("retry-after", "-3"),
            ("x-ratelimit-", "3"),
            ("x-ratelimit-limit--", "3"),
        ] {
            assert_eq!(read(&[(name, value)]), Vec::<String>::new(), "{name}: {value}");
        }
    }

    #[test]
    fn a_flood_of_fields_stays_a_table() {
        let names: Vec<String> = (0..500).map(|n| format!("x-ratelimit-limit-thing{n}")).collect();
        let fields: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
        assert_eq!(read(&fields).len(), MOST);
        let policy = format!("\"{}\";q=1", "x".repeat(4000));
        assert_eq!(read(&[("ratelimit-policy", &policy)]), Vec::<String>::new());
    }

    #[test]
    fn a_repeated_field_counts_once() {
        assert_eq!(read(&[("x-ratelimit-limit-requests", "3"), ("x-ratelimit-limit-requests", "9")]), ["requests 3 - - -"]);
    }
}
