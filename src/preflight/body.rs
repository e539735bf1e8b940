//! The body as bytes: its encoding, whether it is JSON at all, and its size.

use serde::de::IgnoredAny;
use serde_json::Value;

use super::host::{self, Place};
use super::{Draft, Entry, Warning};
use crate::api::families::Maker;
use crate::lang::text;
use crate::plan::Plan;

pub(super) static BODY_NOT_UTF_8: Entry = Entry {
    name: "body-not-utf-8",
    title: text(
        "the request body is not UTF-8 from byte {at} on, as JSON must be (RFC 8259 section 8.1)",
        "请求体从第 {at} 字节起不是 UTF-8，而 JSON 必须是（RFC 8259 第 8.1 节）",
    ),
    fix: text("save it as UTF-8: it may be GBK, Latin-1 or UTF-16", "请存为 UTF-8：它可能是 GBK、Latin-1 或 UTF-16"),
};

pub(super) static BODY_HAS_NUL: Entry = Entry {
    name: "body-has-nul",
    title: text(
        "the request body has a NUL byte at {at}, which no JSON can have: it may be UTF-16",
        "请求体第 {at} 字节是 NUL，JSON 中不允许：它可能是 UTF-16",
    ),
    fix: text("save it as UTF-8", "请存为 UTF-8"),
};

pub(super) static BODY_BEGINS_WITH_BOM: Entry = Entry {
    name: "body-begins-with-bom",
    title: text(
        "the request body begins with a byte order mark, which JSON forbids (RFC 8259 section 8.1) and Go refuses",
        "请求体以 BOM 开头，JSON 禁止如此（RFC 8259 第 8.1 节），Go 会拒绝",
    ),
    fix: text("save it as UTF-8 without BOM", "请存为不带 BOM 的 UTF-8"),
};

pub(super) static BODY_NOT_JSON: Entry = Entry {
    name: "body-not-json",
    title: text("the request body is not JSON: {error}", "请求体不是 JSON：{error}"),
    fix: text("correct it there; `jq . FILE` shows the same place", "请在该处更正；`jq . 文件` 会指出同一位置"),
};

pub(super) static BODY_OVER_LIMIT: Entry = Entry {
    name: "body-over-limit",
    title: text(
        "the request body of {n} bytes is more than {whose} takes, which answers 413",
        "请求体有 {n} 字节，超过 {whose} 的上限，会得到 413",
    ),
    fix: text("send less: smaller images, fewer turns (--keep-turns)", "请减小请求：缩小图片、减少轮次（--keep-turns）"),
};

pub(super) static BODY_OVER_USUAL_LIMITS: Entry = Entry {
    name: "body-over-usual-limits",
    title: text(
        "the request body of {n} bytes is more than {whose} take unless set otherwise, and answer 413",
        "请求体有 {n} 字节，超过默认上限（{whose}），超限会得到 413",
    ),
    fix: text(
        "if a 413 comes, have the limit raised (nginx: client_max_body_size) or send less",
        "若得到 413，请提高上限（nginx：client_max_body_size）或减小请求",
    ),
};

/// What has a limit of its own before an API that is not known. nginx, ngx_http_core_module; Vercel, "Functions limitations"; AWS, "API
/// Gateway quotas"; Google, "Cloud Run quotas" (HTTP/1); Cloudflare, "Request limits" (Free and Pro). Read 2026-11.
const USUAL: [(u64, &str); 5] = [
    (1 << 20, "nginx (1 MiB)"),
    (4_718_592, "Vercel (4.5 MB)"),
    (10 << 20, "AWS API Gateway (10 MB)"),
    (32 << 20, "Cloud Run (32 MiB)"),
    (100 << 20, "Cloudflare (100 MB)"),
];

/// Anthropic, "Errors: request size limits".
const ANTHROPIC: (u64, &str) = (32 << 20, "Anthropic (32 MB)");

/// The body where it can be read, else null; why it cannot is told.
pub(super) fn read(plan: &Plan, warnings: &mut Vec<Warning>) -> Value {
    if !goes_as_json(plan) {
        return Value::Null;
    }
    let at = |at: usize| [("at", at.to_string())];
    let text = match std::str::from_utf8(&plan.body) {
        Ok(text) => text,
        Err(error) => {
            warnings.push(BODY_NOT_UTF_8.with(at(error.valid_up_to())));
            return Value::Null;
        }
    };
    if let Some(nul) = memchr::memchr(0, text.as_bytes()) {
        warnings.push(BODY_HAS_NUL.with(at(nul)));
        return Value::Null;
    }
    let json = text.strip_prefix('\u{feff}').unwrap_or(text);
    if json.len() < text.len() {
        warnings.push(BODY_BEGINS_WITH_BOM.with([]));
    }
    // A number or nesting that is too much for us is still JSON.
    if let Err(error) = serde_json::from_str::<IgnoredAny>(json) {
        warnings.push(BODY_NOT_JSON.with([("error", error.to_string())]));
        return Value::Null;
    }
    serde_json::from_str(json).unwrap_or_default()
}

/// Bytes in a coding or of another type are what their own fields say.
fn goes_as_json(plan: &Plan) -> bool {
    let fields = |name: &'static str| plan.headers.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name));
    let is_coded = fields("content-encoding").any(|(_, value)| !value.eq_ignore_ascii_case("identity"));
    let is_other = fields("content-type").any(|(_, value)| !value.to_ascii_lowercase().contains("json"));
    !is_coded && !is_other
}

pub(super) fn check_size(draft: &Draft<'_>, warnings: &mut Vec<Warning>) {
    let size = draft.plan.body.len() as u64;
    let known = host::known(&draft.plan.target.host);
    if let Some(api) = known {
        if api.maker == Some(Maker::Anthropic) && size > ANTHROPIC.0 {
            warnings.push(BODY_OVER_LIMIT.with([("n", size.to_string()), ("whose", ANTHROPIC.1.to_string())]));
        }
        return;
    }
    // Before what serves on this machine there is seldom a gateway.
    let exceeded: Vec<&str> = USUAL.iter().filter(|(limit, _)| size > *limit).map(|(_, whose)| *whose).collect();
    if draft.place != Place::Loopback && !exceeded.is_empty() {
        warnings.push(BODY_OVER_USUAL_LIMITS.with([("n", size.to_string()), ("whose", exceeded.join(", "))]));
    }
}
