//! Senders that wrote more than they had declared, and were stopped: what the relay says of it, and what is left on the wire.

use super::length::{ANOTHER_DELIMITER, BY_STREAM, DECLARED_LABEL, OPERATOR_RECOUNT};
use super::{AtFault, Class, Confidence, Entry, Found, Severity, explain, timers};
use crate::evidence::Evidence;
use crate::evidence::foreign::{Appended, What};
use crate::lang::{Text, text};
use crate::products;

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        code: "relay-wrote-more-than-declared",
        class: Class::LengthMismatch,
        severity: Severity::Error,
        at_fault: AtFault::Relay,
        retryable: false,
        title: text("the relay says that it wrote more than it declared", "中转自己报告：写出的字节多于声明"),
        summary: text(
            "The relay copied the upstream's Content-Length and then wrote a longer body; its own server refused the excess: «{said}».",
            "中转照抄了上游的 Content-Length，随后写出更长的响应体，被自己的服务器拒绝：「{said}」。",
        ),
        advice: &[
            ANOTHER_DELIMITER,
            text(
                "send --accept-encoding identity: a relay that decompresses often keeps the old length",
                "加 --accept-encoding identity：会解压的中转常常保留旧长度",
            ),
            text(
                "try the model's name without the relay's mapping, or another channel or endpoint",
                "改用未经中转映射的模型名，或换渠道、换 endpoint",
            ),
            text(
                "do not retry blindly: the client got the upstream's status and length with an empty or cut body, and each attempt, the relay's own too, is generated and billed upstream",
                "不要盲目重试：客户端收到的是上游的状态码和声明长度，响应体为空或被截断；每次尝试（包括中转自己的重试）都已在上游生成并计费",
            ),
            OPERATOR_RECOUNT,
        ],
        confirm: BY_STREAM,
        labels: &[("said", text("the relay's own words", "中转自己的话"))],
        follows: &[],
        explain: explain!("relay-wrote-more-than-declared"),
        examine: relay_wrote_more_than_declared,
    },
    Entry {
        code: "empty-body-after-overwrite",
        class: Class::LengthMismatch,
        severity: Severity::Error,
        at_fault: AtFault::Relay,
        retryable: false,
        title: text("{declared} bytes declared, none sent, connection closed in order", "声明了 {declared} 字节，一个也没发，连接正常关闭"),
        summary: text(
            "This is what a Go, uvicorn or hypercorn server leaves when its application writes more than it declared: the write is refused, and the error after it too. In the relay's log stands `wrote more than the declared Content-Length` or `Too much data for declared Content-Length`.",
            "Go、uvicorn 或 hypercorn 的应用写出多于声明的字节时，留下的正是这个样子：这次写入被拒绝，随后的错误 JSON 也被拒绝。中转日志里会有 `wrote more than the declared Content-Length` 或 `Too much data for declared Content-Length`。",
        ),
        advice: &[
            ANOTHER_DELIMITER,
            text(
                "send --accept-encoding identity, or use the model's name without the relay's mapping",
                "加 --accept-encoding identity，或使用未经映射的模型名",
            ),
            text("do not retry blindly: every attempt was generated, and billed upstream", "不要盲目重试：每次都已在上游生成并计费"),
            OPERATOR_RECOUNT,
        ],
        confirm: BY_STREAM,
        labels: &[
            DECLARED_LABEL,
            ("end", text("the connection was closed here, before the first body byte", "连接在此关闭，响应体一个字节也没有")),
        ],
        follows: &[],
        explain: explain!("empty-body-after-overwrite"),
        examine: empty_body_after_overwrite,
    },
    Entry {
        code: "copy-stopped-at-block",
        class: Class::LengthMismatch,
        severity: Severity::Error,
        at_fault: AtFault::Relay,
        retryable: false,
        title: text(
            "the body stops after {blocks} × 32 KiB: a copy loop was refused its last block",
            "响应体停在 {blocks} × 32 KiB 处：复制循环的最后一块被拒绝",
        ),
        summary: text(
            "{declared} bytes were declared and {wire} came, a multiple of 32 KiB, and the connection was closed in order. A Go relay that writes more than it declared leaves exactly this; an ordinary cut at this place is possible, but would be a coincidence.",
            "声明 {declared} 字节，实收 {wire}，恰为 32 KiB 的整数倍，且连接正常关闭。写出多于声明的 Go 中转正是如此；也可能是普通的截断，但落在此处就是巧合了。",
        ),
        advice: &[
            ANOTHER_DELIMITER,
            text("ask for a shorter answer (--max-tokens) to see whether it then fits", "用 --max-tokens 要求更短的回答，看是否就能完整"),
            OPERATOR_RECOUNT,
        ],
        confirm: BY_STREAM,
        labels: &[DECLARED_LABEL, ("end", text("closed here, after {wire} bytes", "在此关闭，共 {wire} 字节"))],
        follows: &["relay-wrote-more-than-declared"],
        explain: explain!("copy-stopped-at-block"),
        examine: copy_stopped_at_block,
    },
];

/// What Go, h11 and uvicorn say when an application writes too much.
const OVERWRITE: [&str; 4] = [
    "wrote more than the declared content-length",
    "handler wrote more than declared content-length",
    "too much data for declared content-length",
    "response content longer than content-length",
];

fn relay_wrote_more_than_declared(evidence: &Evidence<'_>) -> Option<Found> {
    let (error, span) = match (&evidence.error, &evidence.appended) {
        (Some(error), _) => (error, None),
        (None, Some(Appended { what: What::Error(error), place, .. })) => (error, place.clone()),
        _ => return None,
    };
    let message = error.message.to_lowercase();
    // The one-api family's code for a copy that failed; with other words the upstream was cut or the client gone.
    let is_bare_code = error.code == "copy_response_body_failed" && message.is_empty();
    if !is_bare_code && !OVERWRITE.iter().any(|words| message.contains(words)) {
        return None;
    }
    let said = if error.message.is_empty() { &error.code } else { &error.message };
    Some(Found::certain().value("said", super::excerpt(said)).mark_if("said", span))
}

/// A success that declares a length, sends nothing and closes in order. Behind nginx, about a timer's length later, it is another story.
fn empty_body_after_overwrite(evidence: &Evidence<'_>) -> Option<Found> {
    let length = evidence.length.as_ref()?;
    let fits = evidence.is_success() && length.declared > 0 && length.wire == 0 && evidence.ended_in_order();
    // The refused write and the close are one moment for such a server; a pause between head and end is another story.
    const AT_ONCE: f64 = 350.0;
    let times = &evidence.transcript.times;
    let pause = times.total.zip(times.last_byte).map_or(0.0, |(end, last)| end - last);
    if !fits || pause > AT_ONCE || timers::gateway_timer(evidence).is_some() {
        return None;
    }
    let end = evidence.body_end();
    let found = if is_behind_store(evidence) { Found::possible() } else { Found::likely() };
    let found = found.or("cut-by-close", Confidence::Possible, BY_THE_OTHER_MODE);
    Some(found.value("declared", length.declared).mark("declared", length.span.clone()).mark("end", end..end))
}

/// nginx drops what it has not sent when its upstream is reset, Varnish when it is cut, and both leave the same bytes.
fn is_behind_store(evidence: &Evidence<'_>) -> bool {
    const STORES: [&str; 4] = ["nginx", "openresty", "Tengine", "Varnish"];
    products::passed(evidence.head(), None).iter().any(|product| STORES.contains(&product.name))
}

pub(super) const BY_THE_OTHER_MODE: Text = text(
    "send it with --stream: a declared length that is wrong spares the stream, a break in the upstream does not; the relay's log names the one or the other",
    "用 --stream 发送：声明长度错误不影响流式，上游中断则会；中转的日志会写明是哪一个",
);

fn copy_stopped_at_block(evidence: &Evidence<'_>) -> Option<Found> {
    const BLOCK: u64 = 32 * 1024;
    let length = evidence.length.as_ref()?;
    let fits = evidence.is_success()
        // The block that is refused goes beyond the declared end: what is missing is less than one.
        && (1..BLOCK).contains(&length.missing())
        && length.wire > 0
        && length.wire % BLOCK == 0
        && evidence.ended_in_order()
        && !evidence.content_is_whole();
    let end = evidence.body_end();
    fits.then(|| {
        Found::likely()
            .or("cut-by-close", Confidence::Possible, BY_THE_OTHER_MODE)
            .value("declared", length.declared)
            .value("wire", length.wire)
            .value("blocks", length.wire / BLOCK)
            .mark("declared", length.span.clone())
            .mark("end", end..end)
    })
}
