//! Where the request goes: a base URL that names the wrong place, a near host behind a proxy, a key in clear text.

use super::host::{self, Place};
use super::{Draft, Entry, Warning};
use crate::exchange::is_sensitive;
use crate::lang::text;
use crate::plan::ProxyKind;

const PATH: &str = "/chat/completions";

/// Ollama's own port; what listens there answers below /v1 only.
const OLLAMA: u16 = 11434;

pub(super) static BASE_URL_WITHOUT_PATH: Entry = Entry {
    name: "base-url-without-path",
    title: text(
        "the base URL {url} (from {source}) has no path; the API of {api} is at {right}",
        "base URL {url}（来自 {source}）没有路径；{api} 的 API 位于 {right}",
    ),
    fix: text("write {right}", "请写 {right}"),
};

pub(super) static BASE_URL_WITHOUT_VERSION: Entry = Entry {
    name: "base-url-without-version",
    title: text(
        "the base URL {url} (from {source}) has no path; most servers want {right}",
        "base URL {url}（来自 {source}）没有路径；多数服务器需要 {right}",
    ),
    fix: text("write {right} if the answer is a 404 or a web page", "若得到 404 或网页，请写 {right}"),
};

pub(super) static BASE_URL_NAMES_ENDPOINT: Entry = Entry {
    name: "base-url-names-endpoint",
    title: text(
        "the base URL {url} (from {source}) ends in {end}, so that the request goes to {path}",
        "base URL {url}（来自 {source}）以 {end} 结尾，请求会发往 {path}",
    ),
    fix: text("write {right}", "请写 {right}"),
};

pub(super) static LOOPBACK_THROUGH_PROXY: Entry = Entry {
    name: "loopback-through-proxy",
    title: text(
        "{host} is this machine, but {variable} sends the request through the proxy {proxy}",
        "{host} 是本机，但 {variable} 使请求经过代理 {proxy}",
    ),
    fix: text("add --no-proxy, or set no_proxy={host}", "请加 --no-proxy，或设置 no_proxy={host}"),
};

pub(super) static PRIVATE_HOST_THROUGH_PROXY: Entry = Entry {
    name: "private-host-through-proxy",
    title: text(
        "{host} is in a private network, but {variable} sends the request through the proxy {proxy}",
        "{host} 在私有网络中，但 {variable} 使请求经过代理 {proxy}",
    ),
    fix: text(
        "add --no-proxy or set no_proxy={host}, unless the proxy is the way there",
        "请加 --no-proxy 或设置 no_proxy={host}，除非本来就要经该代理访问",
    ),
};

pub(super) static KEY_IN_CLEAR_TEXT: Entry = Entry {
    name: "key-in-clear-text",
    title: text(
        "the key goes to {host} over http://: everybody on the way can read it",
        "key 以 http:// 明文发往 {host}：沿途任何人都能读到",
    ),
    fix: text("use https://, and a new key if this one was used so before", "请使用 https://；若此 key 已这样用过，请更换"),
};

pub(super) fn check(draft: &Draft<'_>, warnings: &mut Vec<Warning>) {
    warnings.extend(base_url(draft));
    warnings.extend(near_host_through_proxy(draft));
    warnings.extend(key_in_clear_text(draft));
}

fn base_url(draft: &Draft<'_>) -> Option<Warning> {
    let target = &draft.plan.target;
    let path = target.path.split('?').next().unwrap_or_default();
    let base = path.strip_suffix(PATH)?;
    let url = draft.settings.value("base_url").trim();
    let source = draft.settings.source("base_url");
    let shown = |right: String| vec![("url", url.to_string()), ("source", source.to_string()), ("right", right)];
    if let Some((end, before)) = named_endpoint(base) {
        let mut values = shown(format!("{}{before}", target.origin()));
        values.extend([("end", end.to_string()), ("path", path.to_string())]);
        return Some(BASE_URL_NAMES_ENDPOINT.with(values));
    }
    // Whoever wrote the whole path down means it.
    let is_written_out = url.split('?').next().unwrap_or_default().trim_end_matches('/').ends_with(PATH);
    if !base.is_empty() || is_written_out {
        return None;
    }
    let known = match host::known(&target.host) {
        Some(api) => Some((api.name, api.path?)),
        None if draft.place != Place::Public && target.port == OLLAMA => Some(("Ollama", "/v1")),
        None => None,
    };
    match known {
        Some((name, right)) => {
            let mut values = shown(format!("{}{right}", target.origin()));
            values.push(("api", name.to_string()));
            Some(BASE_URL_WITHOUT_PATH.with(values))
        }
        // llama.cpp and LiteLLM, which stand on people's own machines, answer at the root as well.
        None if draft.place == Place::Public => Some(BASE_URL_WITHOUT_VERSION.with(shown(format!("{}/v1", target.origin())))),
        None => None,
    }
}

/// The end of a base URL that names an endpoint or a version once more, and what stands before it. `/models` by itself is how Azure's
/// inference begins, so that only what follows `/v1` is certain.
fn named_endpoint(base: &str) -> Option<(&'static str, &str)> {
    const ENDS: [&str; 8] = ["/v1", "/chat", "/chat/completion", "/completions", "/embeddings", "/messages", "/models", "/responses"];
    if let Some(before) = base.strip_suffix(PATH) {
        return Some((PATH, before));
    }
    ENDS.iter().find_map(|end| {
        let before = base.strip_suffix(end)?;
        before.ends_with("/v1").then_some((*end, before))
    })
}

fn near_host_through_proxy(draft: &Draft<'_>) -> Option<Warning> {
    // A flag or an endpoint's own setting is meant for this host; a variable is meant for the world outside.
    const VARIABLES: [&str; 5] = ["https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy", "ALL_PROXY"];
    let proxy = draft.plan.proxy.as_ref()?;
    let variable = draft.settings.source("proxy");
    if !VARIABLES.contains(&variable) {
        return None;
    }
    let entry = match draft.place {
        Place::Loopback => &LOOPBACK_THROUGH_PROXY,
        // SOCKS is how `ssh -D` leads into a private network.
        Place::Private if proxy.kind == ProxyKind::Http => &PRIVATE_HOST_THROUGH_PROXY,
        Place::Private | Place::Public => return None,
    };
    let host = draft.plan.target.host.clone();
    Some(entry.with([("host", host), ("variable", variable.to_string()), ("proxy", proxy.url())]))
}

fn key_in_clear_text(draft: &Draft<'_>) -> Option<Warning> {
    let plan = draft.plan;
    let is_in_path = || plan.secrets.iter().any(|secret| !secret.expose().is_empty() && plan.target.path.contains(secret.expose()));
    let has_key = plan.headers.iter().any(|(name, _)| is_sensitive(name)) || is_in_path();
    (!plan.target.https && draft.place == Place::Public && has_key).then(|| KEY_IN_CLEAR_TEXT.with([("host", plan.target.host.clone())]))
}
