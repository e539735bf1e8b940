//! Rewrites: something between changed, held back or relabelled an answer that is otherwise the API's. Via, X-Cache or a Server field
//! alone prove nothing; every rule here needs an effect on the bytes, their labels or their timing.

use super::{AtFault, Class, Entry, Found, Severity, explain};
use crate::api::model;
use crate::evidence::Evidence;
use crate::lang::{Text, text};
use crate::products;
use crate::wire::coding::Progress;
use crate::wire::content::{Form, Mislabel};
use crate::wire::framing::Framing;

const BYPASS: Text = text(
    "try --no-proxy, another network, or the provider's own address to find what rewrites",
    "用 --no-proxy、换网络或直连服务商，找出是谁在改写",
);
const IDENTITY: Text = text("send --accept-encoding identity", "加 --accept-encoding identity");

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        code: "tls-intercepted",
        class: Class::ProxyRewrite,
        severity: Severity::Error,
        at_fault: AtFault::Proxy,
        retryable: false,
        title: text("TLS is opened on the way: the certificate was issued by {product}", "TLS 在途中被解开：证书由 {product} 签发"),
        summary: text(
            "Issuer: {issuer}. A proxy of your network or machine reads, and may change, all that is sent and received, keys included.",
            "签发者：{issuer}。你的网络或本机上的代理能读取并可能改动收发的一切，包括 key。",
        ),
        advice: &[
            text(
                "if that is your company's proxy and wanted: trust its authority with --cacert FILE",
                "若这是公司代理且是有意为之：用 --cacert FILE 信任其 CA",
            ),
            text("if not: do not send keys over this connection", "若不是：不要通过此连接发送 key"),
        ],
        confirm: "{command} -v",
        labels: &[],
        follows: &[],
        explain: explain!("tls-intercepted"),
        examine: tls_intercepted,
    },
    Entry {
        code: "coding-mislabelled",
        class: Class::ProxyRewrite,
        severity: Severity::Error,
        at_fault: AtFault::Relay,
        retryable: false,
        title: text("the body is not in the coding that its label says: {fact}", "响应体与其编码标签不符：{fact}"),
        summary: text(
            "A relay that decompresses, or compresses, without changing Content-Encoding leaves this. Clients fail to decode, or show binary garbage.",
            "中转解压或压缩之后没有改 Content-Encoding，就会这样。客户端会解码失败，或显示乱码。",
        ),
        advice: &[
            IDENTITY,
            text(
                "to the operator: drop Content-Encoding and Content-Length when the body is decoded",
                "给运维：解码响应体时一并删除 Content-Encoding 和 Content-Length",
            ),
        ],
        confirm: "{command} --accept-encoding identity",
        labels: &[("label", text("the label", "标签")), ("body", text("the body begins here", "响应体从这里开始"))],
        follows: &["error-after-cut-body"],
        explain: explain!("coding-mislabelled"),
        examine: coding_mislabelled,
    },
    Entry {
        code: "coding-forced",
        class: Class::ProxyRewrite,
        severity: Severity::Error,
        at_fault: AtFault::Proxy,
        retryable: false,
        title: text("the answer is compressed with {coding}, which was not asked for", "回答用 {coding} 压缩，但请求并未允许"),
        summary: text(
            "The request accepts «{accepted}». Something compresses regardless; a client that cannot decode it gets garbage.",
            "请求只接受「{accepted}」。有环节不顾此要求进行了压缩；无法解码的客户端会得到乱码。",
        ),
        advice: &[BYPASS, text("to the operator: compress only what Accept-Encoding allows", "给运维：只按 Accept-Encoding 压缩")],
        confirm: "{command} --accept-encoding identity -v",
        labels: &[("label", text("not asked for", "并未请求"))],
        follows: &["coding-mislabelled"],
        explain: explain!("coding-forced"),
        examine: coding_forced,
    },
    Entry {
        code: "digest-mismatch",
        class: Class::ProxyRewrite,
        severity: Severity::Error,
        at_fault: AtFault::Proxy,
        retryable: false,
        title: text("the body is not the one whose {algorithm} the sender gave", "响应体与发送方给出的 {algorithm} 不符"),
        summary: text(
            "{field} promises a digest, and the bytes that came have another: they were changed on the way.",
            "{field} 给出了摘要，而收到的字节摘要不同：内容在途中被改动。",
        ),
        advice: &[BYPASS],
        confirm: "{command} -v --record evidence.jsonl",
        labels: &[("digest", text("does not fit the body", "与响应体不符"))],
        follows: &[
            "cut-by-close",
            "cut-by-reset",
            "cut-without-tls-close",
            "chunks-without-end",
            "malformed-chunk",
            "stalled-in-body",
            "deadline-passed",
            "body-longer-than-declared",
            "empty-body-after-overwrite",
            "copy-stopped-at-block",
            "interrupted-by-user",
        ],
        explain: explain!("digest-mismatch"),
        examine: digest_mismatch,
    },
    Entry {
        code: "body-altered",
        class: Class::ProxyRewrite,
        severity: Severity::Error,
        at_fault: AtFault::Proxy,
        retryable: false,
        title: text("markup was inserted into the API's answer", "API 的回答里被插入了网页标记"),
        summary: text(
            "After {at} bytes of good content stands «{foreign}», which no API writes there: a proxy that adds scripts or notices to pages has added them to this one.",
            "在 {at} 字节正常内容之后出现「{foreign}」，API 不会写这个：给网页插入脚本或通知的代理把它插到了这里。",
        ),
        advice: &[
            BYPASS,
            text(
                "to the operator: exclude application/json and text/event-stream from content filters (nginx sub_filter_types)",
                "给运维：让内容过滤跳过 application/json 和 text/event-stream（nginx sub_filter_types）",
            ),
        ],
        confirm: "{command} -v --record evidence.jsonl",
        labels: &[("foreign", text("inserted here", "插入在此"))],
        follows: &[],
        explain: explain!("body-altered"),
        examine: body_altered,
    },
    Entry {
        code: "stream-type-rewritten",
        class: Class::ProxyRewrite,
        severity: Severity::Error,
        at_fault: AtFault::Proxy,
        retryable: false,
        title: text("{form} under the content type {type}", "{form}，却标为 {type}"),
        summary: text(
            "The content is what was asked for, its label is not. Clients that look at the label take it for something else.",
            "内容正是所请求的，标签却不对。按标签判断的客户端会误认。",
        ),
        advice: &[
            BYPASS,
            text("to the operator: pass the upstream's Content-Type through unchanged", "给运维：原样透传上游的 Content-Type"),
        ],
        confirm: "{command} -v",
        labels: &[("type", text("not the type of what follows", "与其后内容不符"))],
        follows: &["stream-ignored", "stream-unasked"],
        explain: explain!("stream-type-rewritten"),
        examine: stream_type_rewritten,
    },
    Entry {
        code: "stream-buffered",
        class: Class::ProxyRewrite,
        severity: Severity::Error,
        at_fault: AtFault::Proxy,
        retryable: false,
        title: text(
            "the stream was held back and came in one burst: {events} events within {burst} ms, after {wait} s",
            "流被扣住后一次放出：等待 {wait} 秒后，{events} 个事件在 {burst} 毫秒内到达",
        ),
        summary: text(
            "{proof}. The answer is complete, but the first token comes as late as the last, and idle timeouts on the way see silence.",
            "{proof}。回答是完整的，但首个 token 与最后一个同时到达，途中的空闲超时只会看到静默。",
        ),
        advice: &[
            BYPASS,
            text(
                "to the operator: no storing and no compression for text/event-stream (X-Accel-Buffering: no; proxy_buffering off; do_stream on)",
                "给运维：对 text/event-stream 不要存储也不要压缩（X-Accel-Buffering: no；proxy_buffering off；do_stream on）",
            ),
        ],
        confirm: "{command} -v",
        labels: &[("length", text("a stream whose length is known was stored before it was sent", "长度已知的流，必是存好之后才发送"))],
        follows: &[],
        explain: explain!("stream-buffered"),
        examine: stream_buffered,
    },
    Entry {
        code: "model-substituted",
        class: Class::ProxyRewrite,
        severity: Severity::Warning,
        at_fault: AtFault::Relay,
        retryable: false,
        title: text("asked for {model}, answered by {answered}", "请求的是 {model}，回答的是 {answered}"),
        summary: text(
            "The answer names a model that is not a dated version of the one asked for.",
            "回答中的模型名并不是所请求模型的某个日期版本。",
        ),
        advice: &[text(
            "compare price and quality with what you pay for; ask the relay for its model mapping",
            "对照你付费的价格与质量；向中转询问其模型映射",
        )],
        confirm: "{command} -v",
        labels: &[],
        follows: &[],
        explain: explain!("model-substituted"),
        examine: model_substituted,
    },
];

fn tls_intercepted(evidence: &Evidence<'_>) -> Option<Found> {
    let issuer = evidence.transcript.tls.as_ref()?.issuer.as_ref()?;
    let product = products::intercepts(issuer)?;
    Some(Found::likely().value("product", product.name).value("issuer", super::excerpt(issuer)))
}

fn coding_mislabelled(evidence: &Evidence<'_>) -> Option<Found> {
    let content = evidence.content()?;
    let label = evidence.head()?.all("content-encoding").next();
    let fact = match content.mislabel {
        Some(Mislabel::Plain) => ("plain-under-label", text("it is plain under a label of compression", "标为压缩，实为明文")),
        Some(Mislabel::Twice) => ("compressed-twice", text("it is compressed once more than the label says", "比标签多压缩了一次")),
        Some(Mislabel::Unlabelled) => ("compressed-without-label", text("it is compressed without a label", "已压缩，却没有标签")),
        None if matches!(content.progress(), Some(Progress::Faulty(_))) && !evidence.response()?.may_be_masked => {
            ("another-coding", text("it cannot be decoded", "无法解码"))
        }
        None => return None,
    };
    let start = evidence.response()?.body.start;
    let found = Found::certain().word("fact", fact.0, fact.1);
    Some(found.mark_if("label", label.map(|field| field.value_span.clone())).mark("body", start..start + 1))
}

fn coding_forced(evidence: &Evidence<'_>) -> Option<Found> {
    let content = evidence.content()?;
    let label = content.label.as_ref()?;
    let field = evidence.head()?.all("content-encoding").next()?;
    // RFC 9110 section 12.5.3: without the field every coding is acceptable.
    let accepted = evidence.transcript.request()?.get("accept-encoding")?;
    let is_accepted = |coding: &str| {
        let coding = coding.trim().to_ascii_lowercase();
        let name = coding.strip_prefix("x-").unwrap_or(&coding).to_string();
        name == "identity"
            || accepted.split(',').any(|item| {
                let mut parts = item.split(';').map(|part| part.trim().to_ascii_lowercase());
                let listed = parts.next().unwrap_or_default();
                let is_excluded = parts.any(|part| matches!(part.replace(' ', "").as_str(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
                (listed == name || listed == "*") && !is_excluded
            })
    };
    // An unknown word over plain text («none», «utf-8») is a slip, not a coding.
    let is_plain = content.is_undecodable && !matches!(content.form, Form::Other(_));
    if is_plain || label.split(',').all(is_accepted) {
        return None;
    }
    Some(
        Found::certain()
            .value("coding", super::excerpt(label))
            .value("accepted", super::excerpt(accepted))
            .mark("label", field.value_span.clone()),
    )
}

fn digest_mismatch(evidence: &Evidence<'_>) -> Option<Found> {
    // RFC 9530 means the bytes as sent; a proxy that only compresses keeps the digest of what it compressed, and alters nothing.
    if evidence.response()?.may_be_masked {
        return None;
    }
    let of_decoded = &evidence.content()?.digests;
    let fits_decoded = |index: usize| of_decoded.get(index).is_some_and(|digest| digest.fits());
    let digests = evidence.response()?.digests.iter().enumerate();
    let (_, digest) = digests.into_iter().find(|(index, digest)| !digest.fits() && !fits_decoded(*index))?;
    Some(Found::certain().value("field", digest.field).value("algorithm", digest.algorithm).mark("digest", digest.span.clone()))
}

/// Markup behind a closed JSON, in place of its next token, or as a line of a stream.
fn body_altered(evidence: &Evidence<'_>) -> Option<Found> {
    let content = evidence.content().filter(|_| evidence.appended.is_none())?;
    let (at, foreign) = match &content.form {
        Form::Json(document) => {
            let at = document.trailing().or(evidence.syntax_fault.as_ref().map(|fault| fault.at as u64))? as usize;
            // The parser may stop a little before or in what was inserted.
            let from = at.saturating_sub(1).min(document.text.len());
            let window = &document.text[from..document.text.len().min(at + 64)];
            let shift = memchr::memchr(b'<', window).filter(|_| is_markup(window))?;
            ((from + shift) as u64, String::from_utf8_lossy(&window[shift..]).into_owned())
        }
        Form::Stream(_) => {
            let end = evidence.body_end();
            let start = evidence.response()?.body.start;
            let (from, tail) = evidence.transcript.received.slice(end.saturating_sub(4096).max(start)..end);
            let shift = memchr::memmem::find(tail, b"\n<")? + 1;
            if !is_markup(&tail[shift..]) {
                return None;
            }
            let shown = &tail[shift..tail.len().min(shift + 64)];
            (from + shift as u64 - start, String::from_utf8_lossy(shown).into_owned())
        }
        _ => return None,
    };
    let is_wire = content.progress().is_none() && (evidence.framing() != Framing::Chunked || matches!(content.form, Form::Stream(_)));
    let start = evidence.response()?.body.start;
    let place = is_wire.then(|| start + at..start + at + 1);
    Some(Found::certain().value("at", at).value("foreign", super::excerpt(&foreign)).mark_if("foreign", place))
}

/// A tag of HTML, not only a `<`.
fn is_markup(bytes: &[u8]) -> bool {
    const TAGS: [&str; 10] = ["<script", "<html", "<!--", "<!doctype", "<div", "<iframe", "<body", "<link", "<style", "</"];
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(128)]).to_lowercase();
    TAGS.iter().any(|tag| text.contains(tag))
}

fn stream_type_rewritten(evidence: &Evidence<'_>) -> Option<Found> {
    const JSON: (&str, Text) = ("json", text("a JSON answer", "JSON 回答"));
    const STREAM: (&str, Text) = ("stream", text("a stream", "流"));
    let kind = evidence.content_type()?;
    let field = evidence.head()?.all("content-type").next()?;
    let form = match evidence.content().map(|content| &content.form)? {
        // Errors may come under any label; only an answer's label misleads.
        Form::Json(_) if kind == "text/event-stream" && evidence.is_success() && evidence.error.is_none() => JSON,
        // A stream of lines has no type that all agree on.
        Form::Stream(stream) if kind != "text/event-stream" && !kind.is_empty() && !stream.is_of_lines() => STREAM,
        _ => return None,
    };
    Some(Found::certain().word("form", form.0, form.1).value("type", super::excerpt(&kind)).mark("type", field.value_span.clone()))
}

/// A stream is stored on the way if its whole length was known before its first byte was sent, or if events that take a model at least
/// a fifth of a millisecond each came all at once; and it matters only if there was a wait.
fn stream_buffered(evidence: &Evidence<'_>) -> Option<Found> {
    const SHORTEST_WAIT: f64 = 1000.0;
    const LONG_WAIT: f64 = 1900.0;
    const FASTEST_EVENTS_PER_MS: f64 = 5.0;
    let stream = evidence.stream().filter(|stream| stream.is_finished() && !evidence.asked().lost.arrivals)?;
    let (first, last) = (stream.first_event_at?, stream.last_event_at?);
    let burst = last.saturating_sub(first) as f64 / 1000.0;
    let wait = first as f64 / 1000.0 - evidence.transcript.times.sent?;
    // Where we were kept from reading, the burst may be our own.
    if evidence.transcript.held_up as f64 > wait / 20.0 {
        return None;
    }
    // A model that thinks for long answers with its reasoning in the stream, or tells how much it used.
    // What was stored comes head and all at once, and nothing before it.
    let head = evidence.transcript.times.head?;
    let is_hit = |name: &&str| evidence.field(name).is_some_and(|value| value.to_lowercase().contains("hit"));
    // An answer older than our wait for it was made for somebody else.
    let is_old = evidence.field("age").and_then(|age| age.trim().parse::<f64>().ok()).is_some_and(|age| age > wait / 1000.0 + 2.0);
    let is_cached = is_old || ["x-cache", "cf-cache-status", "cf-aig-cache-status", "x-portkey-cache-status"].iter().any(is_hit);
    if stream.comments() > 0 || is_cached || first as f64 / 1000.0 - head > wait / 20.0 {
        return None;
    }
    let has_hidden_reasoning = evidence.usage().and_then(|usage| usage.reasoning_tokens).is_some_and(|tokens| tokens > 0);
    if wait < SHORTEST_WAIT || burst > wait / 20.0 || has_hidden_reasoning {
        return None;
    }
    let is_declared = evidence.length.as_ref().filter(|_| stream.chunks >= 4);
    // Servers that stream flush every event, and proxies that pass it on send what they read: many events are many chunks.
    let is_one_write = wait >= LONG_WAIT && stream.chunks >= 10 && evidence.response()?.body.chunks == 1;
    let is_too_fast = wait >= LONG_WAIT && stream.chunks >= 40 && stream.chunks as f64 > burst * FASTEST_EVENTS_PER_MS;
    let (key, words) = match (is_declared, is_too_fast) {
        (None, _) if is_one_write => (
            "one-write",
            text("All its events came in one chunk: something had stored them to the end", "所有事件都在一个分块里：有环节先把它们存完了"),
        ),
        (Some(_), _) => (
            "declared-length",
            text("Its length was declared: something had stored it to its end before sending", "声明了长度：有环节先把它存完才发送"),
        ),
        (None, true) => (
            "burst",
            text("No model makes events that fast: something had stored them", "没有模型能这么快产生事件：有环节先把它们存下来了"),
        ),
        (None, false) => return None,
    };
    let found = Found::likely()
        .word("proof", key, words)
        .value("events", stream.events)
        .value("burst", burst.ceil().max(1.0))
        .value("wait", (wait / 100.0).round() / 10.0);
    Some(found.mark_if("length", is_declared.map(|length| length.span.clone())))
}

/// Only who asks for a model that all the world knows by this name can be given another: an alias is whatever its owner says it is.
fn model_substituted(evidence: &Evidence<'_>) -> Option<Found> {
    let asked = evidence.asked().model.as_deref()?;
    let answered = evidence.reply.as_ref()?.model.as_deref()?;
    let is_deployment = || evidence.asked().url.contains("/openai/deployments/");
    if model::is_same(asked, answered) || !evidence.is_success() || !model::is_known_family(asked) || is_deployment() {
        return None;
    }
    Some(Found::likely().value("model", super::excerpt(asked)).value("answered", super::excerpt(answered)))
}
