//! The particulars of a refusal: whose words they are, whether another attempt makes sense, and which path was not found.

use crate::api::error::{ApiError, Quoted};
use crate::diagnosis::{AtFault, Confidence, Found, entry, excerpt, meaning};
use crate::evidence::Evidence;
use crate::lang::{Text, text};

/// What there is to say of the refusal that has this code.
pub(super) fn found(code: &'static str, evidence: &Evidence<'_>) -> Found {
    let mut found = match evidence.error.as_ref() {
        Some(error) => with_words(Found::certain(), error, evidence),
        None => Found::certain(),
    };
    found.retryable = is_retryable(code, evidence);
    found.at_fault = evidence.error.as_ref().filter(|error| error.quoted.is_some() && is_of_the_account(code)).map(|_| AtFault::Relay);
    if code == "relay-saturated" {
        found = found.or("quota-exhausted", Confidence::Possible, BY_ITS_LOG);
    }
    if code == "path-not-found" {
        found = with_path(found, evidence);
    }
    let event = evidence.stream().and_then(|stream| stream.error.as_ref()).and_then(|(_, place)| place.clone());
    match event {
        Some(place) => found.mark("event", place),
        None => found.mark_status(evidence),
    }
}

const BY_ITS_LOG: Text = text(
    "ask the relay's operator for the upstream's own words, or try again in some minutes: credit that is spent does not come back by itself",
    "向中转的运维要上游的原话，或过几分钟再试：用尽的额度不会自己恢复",
);

fn with_words(mut found: Found, error: &ApiError, evidence: &Evidence<'_>) -> Found {
    let code = [&error.innermost().code, &error.code].into_iter().find(|code| !code.is_empty());
    if let Some(code) = code {
        found = found.value("error_code", excerpt(code));
    }
    if !error.speaker.name().is_empty() {
        found = found.value("said_by", error.speaker.name());
    }
    if let Some(known_from) = meaning::known_from(evidence) {
        found = found.value("known_from", known_from);
    }
    if let Some(by) = makers(error).last() {
        found = found.value("quoted_from", excerpt(by));
    }
    let message = in_full(error);
    if message.is_empty() { found } else { found.value("message", excerpt(&message)) }
}

/// Who made the errors that are passed on, where they are named, the outermost first.
fn makers(error: &ApiError) -> Vec<&str> {
    let quotations = std::iter::successors(error.quoted.as_deref(), |quoted: &&Quoted| quoted.error.quoted.as_deref());
    quotations.map(|quoted| quoted.by.as_str()).filter(|by| !by.is_empty()).collect()
}

/// The message, and the one that it passes on in place of that one's spelling as JSON.
fn in_full(error: &ApiError) -> String {
    let own = match error.message.as_str() {
        "" => [error.code.as_str(), error.param.as_str()].join(" ").trim().to_string(),
        message => message.to_string(),
    };
    let Some(quoted) = &error.quoted else {
        return own;
    };
    let inner = in_full(&quoted.error);
    let introduction = own.split(['{', '[']).next().unwrap_or_default().trim_end_matches([' ', ':', '-', '\'', '"']).trim();
    match (introduction.contains(&inner), introduction.is_empty(), quoted.by.as_str()) {
        (true, _, _) => own,
        (false, true, "") => inner,
        (false, true, by) => format!("{by}: {inner}"),
        (false, false, by) if by.is_empty() || introduction.contains(by) => format!("{introduction}: {inner}"),
        (false, false, by) => format!("{introduction}: {by}: {inner}"),
    }
}

/// It is about an account or key, which for an error that a relay passes on is the relay's and not ours.
fn is_of_the_account(code: &str) -> bool {
    matches!(
        code,
        "key-invalid"
            | "key-missing"
            | "access-denied"
            | "region-blocked"
            | "quota-exhausted"
            | "plan-limit-reached"
            | "daily-limit-reached"
    )
}

/// Where the entry's own word on this does not hold.
fn is_retryable(code: &str, evidence: &Evidence<'_>) -> Option<bool> {
    let error = evidence.error.as_ref();
    match code {
        // A rolling limit comes back bit by bit, and says when.
        "daily-limit-reached" => error.filter(|error| error.says(&["try again in", "retry in", "retry after"])).map(|_| true),
        // Conflict, and early data refused: the next attempt meets another state.
        "request-rejected" => matches!(evidence.status(), Some(409 | 425)).then_some(true),
        // The parameter is the status of the upstream: what it refused once it refuses again.
        "relay-upstream-failed" => {
            let status = error.and_then(|error| error.param.parse::<u16>().ok())?;
            (matches!(status, 400..=499) && !matches!(status, 408 | 409 | 425 | 429)).then_some(false)
        }
        "error-in-success" | "error-in-stream" => meaning::beneath(evidence).and_then(entry).map(|entry| entry.retryable),
        _ => None,
    }
}

fn with_path(mut found: Found, evidence: &Evidence<'_>) -> Found {
    let url = &evidence.asked().url;
    let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    let own = rest.find('/').map_or("/", |at| &rest[at..]).split('?').next().unwrap_or("/");
    let told = evidence.error.as_ref().and_then(|error| path_in(&error.message));
    let path = told.unwrap_or(own);
    let (key, words) = match () {
        () if is_doubled(path) && !is_doubled(own) => ("doubled-by-relay", DOUBLED_BY_RELAY),
        () if is_doubled(path) => ("doubled", DOUBLED),
        () if path.matches("/chat/completions").count() > 1 => ("endpoint-doubled", ENDPOINT_DOUBLED),
        () if !path.split('/').any(is_version) => ("without-version", WITHOUT_VERSION),
        () => ("unknown", UNKNOWN_PATH),
    };
    if key == "doubled-by-relay" {
        found.at_fault = Some(AtFault::Relay);
    }
    found.value("path", excerpt(path)).word("path_fault", key, words)
}

/// «Invalid URL (POST /v1/v1/chat/completions)»
fn path_in(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("(POST ")?;
    rest.split_once(')').map(|(path, _)| path).filter(|path| path.starts_with('/'))
}

fn is_version(segment: &str) -> bool {
    segment.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// A version stands twice in a row.
fn is_doubled(path: &str) -> bool {
    let segments: Vec<&str> = path.split('/').collect();
    segments.windows(2).any(|pair| is_version(pair[0]) && pair[0] == pair[1])
}

const DOUBLED: Text =
    text("the version stands twice in it; take it out of the base URL once", "其中版本号出现了两次；从 base URL 中去掉一个");
const DOUBLED_BY_RELAY: Text = text(
    "the version stands twice in it, and once in yours: the relay appends it to a base URL that has it already",
    "其中版本号出现了两次，而你的 URL 里只有一次：是中转给已含版本号的 base URL 又加了一次",
);
const ENDPOINT_DOUBLED: Text = text(
    "/chat/completions stands twice in it; the base URL must end before it",
    "其中 /chat/completions 出现了两次；base URL 应在它之前结束",
);
const WITHOUT_VERSION: Text = text("no version stands in it; most base URLs end with /v1", "其中没有版本号；base URL 多以 /v1 结尾");
const UNKNOWN_PATH: Text = text(
    "compare it with the provider's documentation; some have /v1 elsewhere, or another name for it",
    "对照服务商的文档；有的 /v1 在别处，或叫别的名字",
);
