//! Which proxy to use, by curl's rules: the lower-case variable first, the scheme's own before `all_proxy`, `HTTP_PROXY` in upper case
//! never (a CGI script's client could set it), and `no_proxy` as names with their subdomains, addresses and CIDR blocks.

use std::net::IpAddr;

use anyhow::{Context as _, Result, bail};
use http::Uri;
use percent_encoding::percent_decode_str;

use super::{Environment, Sourced, sourced, url};
use crate::cli::ConnectionArgs;
use crate::plan::{Proxy, ProxyKind, Target};
use crate::secret::Secret;

pub(super) fn choose(
    args: &ConnectionArgs,
    of_endpoint: Option<&str>,
    target: &Target,
    environment: Environment<'_>,
) -> Result<Option<Sourced<Proxy>>> {
    if args.no_proxy {
        return Ok(None);
    }
    let scheme_variables: &[&str] = if target.https { &["https_proxy", "HTTPS_PROXY"] } else { &["http_proxy"] };
    let variables = scheme_variables.iter().chain(&["all_proxy", "ALL_PROXY"]);
    let found = match (&args.proxy, of_endpoint) {
        (Some(proxy), _) => Some((proxy.clone(), "--proxy".to_string())),
        (None, Some(proxy)) => Some((proxy.to_string(), "the endpoint's proxy".to_string())),
        (None, None) => {
            let exempt = environment("no_proxy").or_else(|| environment("NO_PROXY"));
            if exempt.is_some_and(|list| is_exempt(&list, target)) {
                return Ok(None);
            }
            variables.into_iter().find_map(|name| Some((environment(name)?, name.to_string())))
        }
    };
    let Some((text, source)) = found else {
        return Ok(None);
    };
    let proxy = parse(&text).with_context(|| format!("the proxy (from {source})"))?;
    Ok(Some(sourced(proxy, source)))
}

/// A proxy's URL; without a scheme it is an HTTP proxy, and without a port it is 1080, as for curl.
pub(super) fn parse(text: &str) -> Result<Proxy> {
    let text = text.trim();
    let with_scheme = if text.contains("://") { text.to_string() } else { format!("http://{text}") };
    let (scheme, rest) = with_scheme.split_once("://").unwrap_or(("http", text));
    let kind = match scheme.to_ascii_lowercase().as_str() {
        "http" => ProxyKind::Http,
        "socks5" | "socks" => ProxyKind::Socks5,
        "socks5h" => ProxyKind::Socks5h,
        "https" => {
            bail!("{:?}: proxies that are spoken to over TLS are not supported; most accept http:// at the same port", url::masked(text))
        }
        other => bail!("{other:?} is no kind of proxy; write http://, socks5:// or socks5h://"),
    };
    let uri: Uri = format!("http://{rest}").parse().with_context(|| format!("{:?} is not a proxy's URL", url::masked(&with_scheme)))?;
    let authority = uri.authority().with_context(|| format!("{:?} names no host", url::masked(&with_scheme)))?;
    let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_string();
    if host.is_empty() {
        bail!("{:?} names no host", url::masked(&with_scheme));
    }
    let decoded = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
    let credentials = authority.as_str().rsplit_once('@').map(|(user, _)| {
        let (user, password) = user.split_once(':').unwrap_or((user, ""));
        (decoded(user), Secret::new(decoded(password)))
    });
    Ok(Proxy { kind, host, port: authority.port_u16().unwrap_or(1080), credentials })
}

fn is_exempt(list: &str, target: &Target) -> bool {
    let host = target.host.trim_end_matches('.').to_ascii_lowercase();
    let address: Option<IpAddr> = host.parse().ok();
    list.split([',', ' ']).map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        let entry = entry.to_ascii_lowercase();
        if entry == "*" {
            return true;
        }
        if let Some(address) = address {
            let bare = entry.trim_start_matches('[').trim_end_matches(']');
            let is_block = bare.parse::<ipnet::IpNet>().is_ok_and(|block| block.contains(&address));
            return is_block || bare.parse::<IpAddr>().is_ok_and(|exempt| exempt == address);
        }
        let name = entry.trim_start_matches("*.").trim_matches('.');
        host == name || host.strip_suffix(name).is_some_and(|before| before.ends_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(variables: &[(&str, &str)], base: &str) -> Option<(String, String)> {
        use clap::Parser as _;
        let cli = crate::cli::Cli::parse_from(["llmcheck", "chat", "x"]);
        let crate::cli::Command::Chat(args) = cli.command else { unreachable!() };
        let environment = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_string());
        let proxy = choose(&args.connection, None, &url::target(base).unwrap(), &environment).unwrap();
        proxy.map(|proxy| (proxy.value.url(), proxy.source))
    }

    #[test]
    fn lower_case_and_the_scheme_come_first() {
        let all = [
            ("HTTPS_PROXY", "http://up:1"),
            ("https_proxy", "http://low:2"),
            ("all_proxy", "http://all:3"),
            ("HTTP_PROXY", "http://cgi:4"),
        ];
        assert_eq!(chosen(&all, "https://a.example"), Some(("http://low:2".into(), "https_proxy".into())));
        assert_eq!(chosen(&all, "http://a.example"), Some(("http://all:3".into(), "all_proxy".into())));
        assert_eq!(chosen(&all[3..], "http://a.example"), None);
    }

    #[test]
    fn no_proxy_names_subdomains_addresses_and_blocks() {
        let exempt = |list: &str, base: &str| chosen(&[("all_proxy", "http://p:1"), ("no_proxy", list)], base).is_none();
        assert!(exempt("example.com", "http://example.com") && exempt("example.com", "http://a.example.com"));
        assert!(exempt(".example.com", "http://a.example.com") && exempt("x, example.com", "http://example.com"));
        assert!(!exempt("example.com", "http://notexample.com") && !exempt("a.example.com", "http://example.com"));
        assert!(exempt("10.0.0.0/8", "http://10.1.2.3") && exempt("127.0.0.1", "http://127.0.0.1:8") && exempt("::1", "http://[::1]:8"));
        assert!(!exempt("10.0.0.0/8", "http://11.1.2.3") && exempt("*", "http://anything"));
    }

    #[test]
    fn a_proxy_without_scheme_or_port_and_one_with_credentials() {
        assert_eq!(parse("proxy.example:3128").unwrap().url(), "http://proxy.example:3128");
        assert_eq!(parse("socks5h://h").unwrap().url(), "socks5h://h:1080");
        let proxy = parse("http://us%40er:p%3Aw@h:1").unwrap();
        let (user, password) = proxy.credentials.unwrap();
        assert_eq!((user.as_str(), password.expose()), ("us@er", "p:w"));
        for wrong in ["ftp://h:1", "https://h:1", "http://", "http://u:secretpw@"] {
            assert!(!format!("{:#}", parse(wrong).unwrap_err()).contains("secretpw"));
        }
    }
}
