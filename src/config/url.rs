//! The base URL, taken apart.

use anyhow::{Context as _, Result, bail};
use http::Uri;

use crate::plan::Target;
use crate::secret::Secret;

const PATH: &str = "/chat/completions";

/// Where a chat request to this base URL goes. A URL that already names the whole path is taken as it is.
///
/// # Errors
/// When it is not an absolute http or https URL.
pub(super) fn target(base_url: &str) -> Result<Target> {
    let exact = exact(base_url)?;
    let (path, query) = exact.path.split_once('?').map_or((exact.path.as_str(), None), |(path, query)| (path, Some(query)));
    let path = path.trim_end_matches('/');
    let path = if path.ends_with(PATH) { path.to_string() } else { format!("{path}{PATH}") };
    let query = query.map_or_else(String::new, |query| format!("?{query}"));
    Ok(Target { path: format!("{path}{query}"), ..exact })
}

/// The target that a URL names with its own path.
///
/// # Errors
/// When it is not an absolute http or https URL.
pub(super) fn exact(url: &str) -> Result<Target> {
    let text = url.trim();
    if !text.contains("://") {
        bail!("{:?} must begin with https:// or http://", masked(text));
    }
    let uri: Uri = text.parse().with_context(|| format!("{:?} is not a URL", masked(text)))?;
    let https = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => bail!("{:?} must begin with https:// or http://", masked(text)),
    };
    let authority = uri.authority().with_context(|| format!("{:?} names no host", masked(text)))?;
    if authority.as_str().contains('@') {
        bail!("{:?} has a user in it; give credentials as a key, or with --header 'Authorization: …'", masked(text));
    }
    let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_string();
    if host.is_empty() {
        bail!("{:?} names no host", masked(text));
    }
    if authority.as_str().rsplit(']').next().is_some_and(|rest| rest.ends_with(':') || rest.contains(':') && authority.port_u16().is_none())
    {
        bail!("{:?} has a port that is not one", masked(text));
    }
    let port = authority.port_u16().unwrap_or(if https { 443 } else { 80 });
    let query = uri.query().map_or_else(String::new, |query| format!("?{query}"));
    Ok(Target { https, host, port, path: format!("{}{query}", uri.path()) })
}

pub(super) fn is_loopback(target: &Target) -> bool {
    let name = target.host.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost") || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Query parameters that carry a key.
fn secret_values(url: &str) -> impl Iterator<Item = &str> {
    const NAMES: [&str; 6] = ["key", "api-key", "api_key", "apikey", "token", "access_token"];
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(name, value)| !value.is_empty() && NAMES.iter().any(|known| name.eq_ignore_ascii_case(known))).map(|(_, value)| value)
}

pub(super) fn has_secret(url: &str) -> bool {
    secret_values(url).next().is_some()
}

pub(super) fn secrets(url: &str) -> Vec<Secret> {
    secret_values(url).map(Secret::new).collect()
}

/// The URL without what must not be shown: a user's password, a key in the query.
pub fn masked(url: &str) -> String {
    let mut shown = url.to_string();
    for secret in secret_values(url) {
        shown = shown.replace(secret, &"*".repeat(secret.len()));
    }
    let (scheme, rest) = shown.split_once("://").unwrap_or(("", &shown));
    let authority = rest.split(['/', '?']).next().unwrap_or("");
    match authority.rsplit_once('@') {
        Some((user, _)) => format!("{scheme}://***{}", &rest[user.len()..]),
        None => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_becomes_a_target() {
        let cases = [
            ("https://api.example.com/v1", "https://api.example.com/v1/chat/completions"),
            ("https://api.example.com/v1/", "https://api.example.com/v1/chat/completions"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/chat/completions"),
            ("http://[::1]:8080/v1", "http://[::1]:8080/v1/chat/completions"),
            ("https://a.example:443/v1/chat/completions", "https://a.example/v1/chat/completions"),
            (
                "https://a.example/openai/deployments/d?api-version=1",
                "https://a.example/openai/deployments/d/chat/completions?api-version=1",
            ),
        ];
        for (base, url) in cases {
            assert_eq!(target(base).unwrap().url(), url);
        }
    }

    #[test]
    fn what_is_no_base_url_is_refused_without_showing_secrets() {
        for wrong in [
            "",
            "api.example.com/v1",
            "ftp://a/b",
            "https://",
            "https://user:secretpw@a.example/v1",
            "https://a.example:99999/v1",
            "http://a b/",
        ] {
            let error = format!("{:#}", target(wrong).unwrap_err());
            assert!(!error.contains("secretpw"), "{error}");
        }
        assert_eq!(masked("https://u:p@h/x?key=abc&a=b"), "https://***@h/x?key=***&a=b");
    }

    #[test]
    fn loopback_is_known_by_name_and_address() {
        for (base, expected) in
            [("http://localhost:1", true), ("http://127.9.9.9", true), ("http://[::1]", true), ("http://10.0.0.1", false)]
        {
            assert_eq!(is_loopback(&target(base).unwrap()), expected, "{base}");
        }
    }
}
