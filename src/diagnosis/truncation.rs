//! Truncations: the body or stream ended before its content was complete. What the connection's end shows names the cut; what the
//! content lost is its consequence.

use super::{AtFault, Class, Confidence, Entry, Found, Severity, explain};
use crate::evidence::Evidence;
use crate::exchange::recording::How;
use crate::exchange::source::Source;
use crate::lang::{Text, text};
use crate::wire::coding::Progress;
use crate::wire::framing::{ChunkFaultKind, Framing, Inside};

pub(super) const BILLED: Text = text("a retry may succeed, but the first generation has been billed", "重试可能成功，但前一次生成已经计费");
const SHORTER: Text = text(
    "ask for a shorter answer (--max-tokens), or --stream so that what arrives is not lost",
    "用 --max-tokens 缩短回答，或用 --stream，使已到的部分不丢",
);
pub(super) const OPERATOR_TIMERS: Text = text(
    "to the operator: look for a read timeout, a restart or a size limit between the model and this connection",
    "给运维：检查模型与本连接之间的读超时、重启或大小限制",
);
pub(super) const AGAIN_RECORDED: &str = "{command} -v --record evidence.jsonl";

/// What a page, an appended error or an error event says counts, not that it was cut: an error page under the length of the lost answer
/// is the rule where one is cut, and who has told an error has no more to send. Of a redirect only the head matters.
const TOLD_BY_ITS_PAGE: &[&str] = &[
    "login-redirect",
    "redirected-elsewhere",
    "error-in-stream",
    "stream-rate-limited",
    "relay-wrote-more-than-declared",
    "error-after-cut-body",
    "html-instead-of-api",
    "proxy-rate-limit",
    "gateway-timeout",
    "bad-gateway",
    "gateway-unavailable",
    "gateway-failure",
    "web-page-not-api",
];

/// Ends of the flow that explain why the content stops in its middle.
pub(super) const CUTS: &[&str] = &[
    "interrupted-by-user",
    "relay-wrote-more-than-declared",
    "empty-body-after-overwrite",
    "copy-stopped-at-block",
    "body-clipped-to-declared",
    "conflicting-content-lengths",
    "length-and-chunked",
    "invalid-content-length",
    "second-response-after-body",
    "body-longer-than-declared",
    "deadline-passed",
    "stalled-in-body",
    "cut-after-gateway-timeout",
    "cut-by-reset",
    "cut-without-tls-close",
    "cut-by-close",
    "malformed-chunk",
    "chunks-without-end",
    "encoded-body-cut",
    "coding-mislabelled",
    "chunk-framing-in-content",
    "error-after-cut-body",
];

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        code: "head-cut",
        class: Class::Truncation,
        severity: Severity::Error,
        at_fault: AtFault::Server,
        retryable: true,
        title: text("the connection ended inside the response head", "连接在响应头中途断开"),
        summary: text(
            "{received} bytes of a head came, and no empty line that ends it. Most clients call this an empty reply.",
            "响应头只到了 {received} 字节，没有表示结束的空行。多数客户端称之为空响应。",
        ),
        advice: &[text("retry once: nothing of the answer had been sent", "重试一次：回答尚未开始发送"), OPERATOR_TIMERS],
        confirm: AGAIN_RECORDED,
        labels: &[("end", text("the flow ends here", "数据到此为止"))],
        follows: &["interrupted-by-user", "stalled-in-body", "deadline-passed"],
        explain: explain!("head-cut"),
        examine: head_cut,
    },
    Entry {
        code: "cut-after-gateway-timeout",
        class: Class::Truncation,
        severity: Severity::Error,
        at_fault: AtFault::Proxy,
        retryable: true,
        title: text("cut by {server} after {seconds} s, the length of its timer", "{seconds} 秒后被 {server} 切断，正是它的超时值"),
        summary: text(
            "{wire} of {declared} declared bytes came, and the end came {seconds} s after the request: nginx closes like this when its upstream has been silent for proxy_read_timeout.",
            "声明 {declared} 字节，只到了 {wire}，且在请求后 {seconds} 秒结束：上游静默达到 proxy_read_timeout 时，nginx 就这样关闭。",
        ),
        advice: &[
            text("use --stream: every token restarts the timer", "改用 --stream：每个 token 都会重置计时"),
            text(
                "ask for a shorter answer (--max-tokens) that is ready within {seconds} s",
                "用 --max-tokens 要求能在 {seconds} 秒内完成的回答",
            ),
            text("to the operator: raise proxy_read_timeout for this route", "给运维：为此路由调大 proxy_read_timeout"),
        ],
        confirm: "{command} --stream",
        labels: &[("declared", text("declares {declared} bytes", "声明了 {declared} 字节")), ("end", text("closed here", "在此关闭"))],
        follows: &[],
        explain: explain!("cut-after-gateway-timeout"),
        examine: cut_after_gateway_timeout,
    },
    Entry {
        code: "cut-by-reset",
        class: Class::Truncation,
        severity: Severity::Error,
        at_fault: AtFault::Server,
        retryable: true,
        title: text("the connection was reset in the middle of the body, after {wire} bytes", "连接在响应体中途被重置，已到 {wire} 字节"),
        summary: text(
            "The peer, or something that speaks for it, sent a RST: it crashed, was killed, or a firewall dropped the connection.",
            "对端（或代替它的设备）发送了 RST：进程崩溃、被杀，或防火墙丢弃了连接。",
        ),
        advice: &[BILLED, SHORTER, OPERATOR_TIMERS],
        confirm: AGAIN_RECORDED,
        labels: &[("end", text("reset here", "在此被重置"))],
        follows: TOLD_BY_ITS_PAGE,
        explain: explain!("cut-by-reset"),
        examine: |evidence| cut(evidence, How::Reset),
    },
    Entry {
        code: "cut-without-tls-close",
        class: Class::Truncation,
        severity: Severity::Error,
        at_fault: AtFault::Server,
        retryable: true,
        title: text(
            "the TLS connection was cut in the middle of the body, after {wire} bytes",
            "TLS 连接在响应体中途被切断，已到 {wire} 字节",
        ),
        summary: text(
            "The TCP connection ended without the close_notify by which TLS says that it is over (RFC 8446 section 6.1), and the content is not complete. Most clients take this for a regular end.",
            "TCP 连接结束时没有 TLS 表示结束的 close_notify（RFC 8446 第 6.1 节），且内容不完整。多数客户端会当作正常结束。",
        ),
        advice: &[
            BILLED,
            text(
                "try without the proxy (--no-proxy), or another network: something between may cut long connections",
                "去掉代理（--no-proxy）或换个网络：中间可能有设备切断长连接",
            ),
            OPERATOR_TIMERS,
        ],
        confirm: AGAIN_RECORDED,
        labels: &[("end", text("cut here, without close_notify", "在此断开，没有 close_notify"))],
        follows: TOLD_BY_ITS_PAGE,
        explain: explain!("cut-without-tls-close"),
        examine: |evidence| cut(evidence, How::TlsCut),
    },
    Entry {
        code: "cut-by-close",
        class: Class::Truncation,
        severity: Severity::Error,
        at_fault: AtFault::Server,
        retryable: true,
        title: text("the connection was closed {missing} bytes too early", "连接提前关闭，缺少 {missing} 字节"),
        summary: text(
            "{declared} bytes were declared, {wire} came, then the connection was closed in order: the sender gave up, or its own upstream ended early.",
            "声明 {declared} 字节，只到了 {wire}，随后连接正常关闭：发送方放弃了，或它自己的上游提前结束。",
        ),
        advice: &[BILLED, SHORTER, OPERATOR_TIMERS],
        confirm: AGAIN_RECORDED,
        labels: &[
            ("declared", text("declares {declared} bytes", "声明了 {declared} 字节")),
            ("end", text("closed here, after {wire} bytes", "在此关闭，共 {wire} 字节")),
        ],
        follows: TOLD_BY_ITS_PAGE,
        explain: explain!("cut-by-close"),
        examine: cut_by_close,
    },
    Entry {
        code: "malformed-chunk",
        class: Class::Truncation,
        severity: Severity::Error,
        at_fault: AtFault::Server,
        retryable: true,
        title: text("a chunk is malformed: {what}", "分块格式错误：{what}"),
        summary: text(
            "After {chunks} good chunks and {wire} bytes the framing cannot be followed any more, so that what comes behind is lost to every client.",
            "在 {chunks} 个正常分块、{wire} 字节之后，分帧无法继续解析，其后的内容对任何客户端都已丢失。",
        ),
        advice: &[
            BILLED,
            text("use --no-stream: a plain answer is usually not chunked", "改用 --no-stream：普通回答一般不分块"),
            text(
                "to the operator: something writes into the chunked body without framing, such as a raw error text or compressed data",
                "给运维：有程序不经分帧就往分块响应里写，例如原始错误文本或压缩数据",
            ),
        ],
        confirm: AGAIN_RECORDED,
        labels: &[("fault", text("here a chunk's size or line end should stand", "这里应当是分块大小或行尾"))],
        follows: &["relay-wrote-more-than-declared", "error-after-cut-body", "error-in-stream", "stream-rate-limited"],
        explain: explain!("malformed-chunk"),
        examine: malformed_chunk,
    },
    Entry {
        code: "chunks-without-end",
        class: Class::Truncation,
        severity: Severity::Error,
        at_fault: AtFault::Server,
        retryable: true,
        title: text("the last chunk never came: {where}", "最后一个分块没有到来：{where}"),
        summary: text(
            "A chunked body ends with an empty chunk; here the connection ended after {chunks} chunks and {wire} bytes without it. {loss}",
            "分块的响应体以一个空块结束；这里在 {chunks} 个分块、{wire} 字节之后连接就断了，没有空块。{loss}",
        ),
        advice: &[BILLED, OPERATOR_TIMERS],
        confirm: AGAIN_RECORDED,
        labels: &[("end", text("the flow ends here", "数据到此为止"))],
        follows: &[
            "relay-wrote-more-than-declared",
            "error-in-stream",
            "stream-rate-limited",
            "error-after-cut-body",
            "html-instead-of-api",
            "proxy-rate-limit",
            "gateway-timeout",
            "bad-gateway",
            "gateway-unavailable",
            "gateway-failure",
            "web-page-not-api",
        ],
        explain: explain!("chunks-without-end"),
        examine: chunks_without_end,
    },
    Entry {
        code: "encoded-body-cut",
        class: Class::Truncation,
        severity: Severity::Error,
        at_fault: AtFault::Server,
        retryable: true,
        title: text("the {coding} body ends before its own end", "{coding} 压缩的响应体没有到达自身的结尾"),
        summary: text(
            "{wire} compressed bytes came and gave {decoded}; the coding's trailer is missing. curl, requests and browsers' fetch do not notice.",
            "收到压缩数据 {wire} 字节，解出 {decoded} 字节；缺少压缩格式的尾部。curl、requests 和浏览器的 fetch 都不会发现。",
        ),
        advice: &[
            text(
                "send --accept-encoding identity: a cut then shows in the content itself",
                "加 --accept-encoding identity：截断就会在内容里显现",
            ),
            BILLED,
            OPERATOR_TIMERS,
        ],
        confirm: "{command} --accept-encoding identity",
        labels: &[("end", text("the compressed data ends here", "压缩数据到此为止"))],
        follows: &[
            "interrupted-by-user",
            "relay-wrote-more-than-declared",
            "empty-body-after-overwrite",
            "copy-stopped-at-block",
            "conflicting-content-lengths",
            "length-and-chunked",
            "deadline-passed",
            "stalled-in-body",
            "cut-after-gateway-timeout",
            "cut-by-reset",
            "cut-without-tls-close",
            "cut-by-close",
            "malformed-chunk",
            "chunks-without-end",
        ],
        explain: explain!("encoded-body-cut"),
        examine: encoded_body_cut,
    },
    Entry {
        code: "json-cut",
        class: Class::Truncation,
        severity: Severity::Error,
        at_fault: AtFault::Server,
        retryable: true,
        title: text("the JSON stops in its middle, after {decoded} bytes", "JSON 在中途停止，共 {decoded} 字节"),
        summary: text(
            "For HTTP the message is complete, its content is not: it was cut before the sender counted it, or a proxy passed a cut body on as a whole one, as nginx, Apache, Squid, Caddy and Go proxies do.",
            "对 HTTP 而言消息完整，但内容不完整：在发送方计数之前就被截断，或代理把截断的响应体当作完整的转发（nginx、Apache、Squid、Caddy 和 Go 代理都会如此）。",
        ),
        advice: &[
            BILLED,
            SHORTER,
            text(
                "to the operator: compare the length that the upstream sent with the one sent on",
                "给运维：比较上游发出的长度与转发的长度",
            ),
        ],
        confirm: AGAIN_RECORDED,
        labels: &[("end", text("the body ends here, inside the JSON", "响应体到此为止，JSON 还没结束"))],
        follows: CUTS,
        explain: explain!("json-cut"),
        examine: json_cut,
    },
];

fn head_cut(evidence: &Evidence<'_>) -> Option<Found> {
    let received = evidence.transcript.received.length();
    let fits = received > 0
        && evidence.response().is_none()
        && !evidence.transcript.is_not_http
        && evidence.transcript.interim.is_empty()
        && evidence.how.map_or(evidence.asked().source == Source::RawResponse, |how| !how.is_before_request());
    fits.then(|| Found::certain().value("received", received).mark("end", received..received))
}

fn cut_after_gateway_timeout(evidence: &Evidence<'_>) -> Option<Found> {
    let length = evidence.length.as_ref()?;
    let fits = length.missing() > 0 && evidence.ended_in_order() && !evidence.content_is_whole();
    let seconds = super::timers::gateway_timer(evidence).filter(|_| fits)?;
    let end = evidence.body_end();
    let found = Found::likely().value("seconds", seconds).value("server", evidence.field("server").unwrap_or("nginx"));
    let found = found.value("declared", length.declared).value("wire", length.wire);
    let other = if length.wire == 0 { "empty-body-after-overwrite" } else { "cut-by-close" };
    let found = found.or(other, Confidence::Possible, super::overwrite::BY_THE_OTHER_MODE);
    Some(found.mark("declared", length.span.clone()).mark("end", end..end))
}

/// The body is not complete by its framing, or by its content where the framing cannot tell.
fn is_incomplete(evidence: &Evidence<'_>) -> bool {
    let Some(response) = evidence.response() else {
        return false;
    };
    let is_encoded_cut = evidence.coding_is_unfinished();
    match response.body.promise.framing {
        Framing::None => false,
        Framing::Close => !evidence.content_is_whole() || is_encoded_cut && evidence.stream().is_none(),
        Framing::Chunked => !response.body.is_complete(),
        Framing::ContentLength => !response.body.is_complete() && (!evidence.content_is_whole() || is_encoded_cut),
    }
}

fn cut(evidence: &Evidence<'_>, how: How) -> Option<Found> {
    let end = evidence.body_end();
    let fits = evidence.how == Some(how) && is_incomplete(evidence);
    fits.then(|| Found::certain().value("wire", evidence.wire()).mark("end", end..end))
}

fn cut_by_close(evidence: &Evidence<'_>) -> Option<Found> {
    let length = evidence.length.as_ref()?;
    let is_another = || {
        cut_after_gateway_timeout(evidence).is_some()
            || super::entry_fires(evidence, &["empty-body-after-overwrite", "copy-stopped-at-block"])
    };
    if !evidence.ended_in_order() || !is_incomplete(evidence) || is_another() {
        return None;
    }
    let end = evidence.body_end();
    let found = Found::certain().value("declared", length.declared).value("wire", length.wire).value("missing", length.missing());
    Some(found.mark("declared", length.span.clone()).mark("end", end..end))
}

fn malformed_chunk(evidence: &Evidence<'_>) -> Option<Found> {
    let body = &evidence.response()?.body;
    let fault = body.fault.as_ref()?;
    let (key, words) = match fault.what {
        ChunkFaultKind::Size => ("size", text("its size is no hexadecimal number", "大小不是十六进制数")),
        ChunkFaultKind::DataEnd => ("data-end", text("its data is longer than its size says", "数据比声明的大小更长")),
    };
    let found = Found::certain().word("what", key, words).value("chunks", body.chunks).value("wire", body.payload);
    Some(found.mark("fault", fault.span.clone()))
}

fn chunks_without_end(evidence: &Evidence<'_>) -> Option<Found> {
    let inside = evidence.chunks_stopped_inside()?;
    // Silence with an unfinished content is told as that; a reset or TLS cut by its own name.
    let has_ended = evidence.ended_in_order() || evidence.how == Some(How::Idle) && evidence.content_is_whole();
    if !has_ended {
        return None;
    }
    let (key, words) = match inside {
        Inside::Border => ("between-chunks", text("the flow ends between two chunks", "数据止于两个分块之间")),
        Inside::Chunk { .. } => ("inside-a-chunk", text("the flow ends inside a chunk", "数据止于一个分块内部")),
        Inside::Size => ("inside-a-size", text("the flow ends inside a chunk's size", "数据止于分块大小之中")),
        Inside::Trailer => ("after-the-last-size", text("only the empty line after it is missing", "只缺其后的空行")),
    };
    let loss = match evidence.content_is_whole() {
        true => (
            "none",
            text("The answer itself is complete; clients will raise an error all the same.", "回答本身是完整的，但客户端仍会报错。"),
        ),
        false => ("some", text("The answer is not complete.", "回答并不完整。")),
    };
    let end = evidence.body_end();
    let body = &evidence.response()?.body;
    let found = Found::certain().word("where", key, words).word("loss", loss.0, loss.1).retryable(!evidence.content_is_whole());
    Some(found.value("chunks", body.chunks).value("wire", body.payload).mark("end", end..end))
}

fn encoded_body_cut(evidence: &Evidence<'_>) -> Option<Found> {
    let content = evidence.content()?;
    let is_cut = content.progress() == Some(&Progress::Unfinished) && evidence.wire() > 0;
    // A stream that has said its finish has lost nothing with the trailer.
    if !is_cut || evidence.stream().is_some_and(|stream| stream.is_finished()) {
        return None;
    }
    let end = evidence.body_end();
    let found = Found::certain().value("coding", content.coding.name()).value("decoded", content.decoded);
    // Behind the last payload byte of a chunked body stands its framing.
    let place = (evidence.framing() != Framing::Chunked).then_some(end..end);
    Some(found.value("wire", evidence.wire()).mark_if("end", place))
}

fn json_cut(evidence: &Evidence<'_>) -> Option<Found> {
    let content = evidence.content().filter(|_| evidence.json_is_open() && !evidence.is_stopped_early())?;
    let response = evidence.response()?;
    let end = response.body.chunked_end.unwrap_or(evidence.body_end());
    Some(Found::certain().value("decoded", content.decoded).mark("end", end..end))
}
