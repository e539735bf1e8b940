//! Length mismatches: the declared length and the body disagree, by the sender's own arithmetic or in the relay behind it.
//! RFC 9112 section 6.3 says what a declared length promises.

use super::arithmetic::{Counted, counted};
use super::{AtFault, Class, Entry, Found, Severity, explain};
use crate::evidence::{Evidence, Length};
use crate::lang::{Text, text};
use crate::wire::content::Form;
use crate::wire::framing::Framing;

pub(super) const ANOTHER_DELIMITER: Text = text("use --stream: a stream declares no length", "改用 --stream：流式响应不声明长度");
pub(super) const OPERATOR_RECOUNT: Text = text(
    "to the operator: after changing a body, drop Content-Length (and Content-Encoding) or count the bytes again",
    "给运维：改动响应体之后，删除 Content-Length（和 Content-Encoding），或按字节重新计算",
);
const OPERATOR_BYTES: Text =
    text("to the operator: declare the length of the encoded bytes, not of the string", "给运维：声明编码后的字节数，而不是字符串的长度");
pub(super) const DECLARED_LABEL: (&str, Text) = ("declared", text("declares {declared} bytes", "声明了 {declared} 字节"));
const CUT_LABEL: (&str, Text) =
    ("declared_end", text("byte {declared}: clients stop reading here", "第 {declared} 字节：客户端读到这里为止"));
const WHOLE_LABEL: (&str, Text) = ("end", text("byte {wire}: the content is complete here", "第 {wire} 字节：内容到这里才完整"));
pub(super) const BY_STREAM: &str = "{command} --stream";

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        code: "conflicting-content-lengths",
        class: Class::LengthMismatch,
        severity: Severity::Error,
        at_fault: AtFault::Server,
        retryable: false,
        title: text("several Content-Length values that differ: {values}", "多个互相矛盾的 Content-Length：{values}"),
        summary: text(
            "Clients must not guess which is right (RFC 9112 section 6.3): most refuse the response, proxies pick the first or the last. {wire} body bytes came.",
            "客户端不得猜测哪个正确（RFC 9112 第 6.3 节）：多数会拒绝该响应，代理则取第一个或最后一个。实收响应体 {wire} 字节。",
        ),
        advice: &[
            ANOTHER_DELIMITER,
            text(
                "to the operator: a proxy or middleware adds its own Content-Length beside the upstream's; keep one",
                "给运维：某个代理或中间件在上游之外又加了一个 Content-Length，只保留一个",
            ),
        ],
        confirm: "{command} -v",
        labels: &[("declared", text("one value", "其一")), ("other", text("another", "另一个"))],
        follows: &[],
        explain: explain!("conflicting-content-lengths"),
        examine: conflicting_content_lengths,
    },
    Entry {
        code: "length-and-chunked",
        class: Class::LengthMismatch,
        severity: Severity::Error,
        at_fault: AtFault::Relay,
        retryable: false,
        title: text("both Content-Length and Transfer-Encoding: chunked", "Content-Length 与 Transfer-Encoding: chunked 同时出现"),
        summary: text(
            "A message has one framing (RFC 9112 section 6.1). Strict clients refuse this one, others follow either field; {wire} body bytes came.",
            "一个消息只能有一种分帧（RFC 9112 第 6.1 节）。严格的客户端会拒绝，其余的各随其一；实收响应体 {wire} 字节。",
        ),
        advice: &[text(
            "to the operator: a relay copied the upstream's Content-Length onto a body that it sends in chunks; drop it",
            "给运维：中转把上游的 Content-Length 抄到了分块发送的响应上，应当删除",
        )],
        confirm: "{command} -v",
        labels: &[("declared", text("a length", "一个长度")), ("chunked", text("and chunks", "又是分块"))],
        follows: &[],
        explain: explain!("length-and-chunked"),
        examine: length_and_chunked,
    },
    Entry {
        code: "invalid-content-length",
        class: Class::LengthMismatch,
        severity: Severity::Error,
        at_fault: AtFault::Server,
        retryable: false,
        title: text("Content-Length is not a length: {text}", "Content-Length 不是长度：{text}"),
        summary: text(
            "Clients cannot tell where the body ends and refuse the response. {wire} body bytes came.",
            "客户端无法得知响应体在何处结束，只能拒绝。实收响应体 {wire} 字节。",
        ),
        advice: &[
            ANOTHER_DELIMITER,
            text("to the operator: whatever writes this field writes no decimal number", "给运维：写这个头字段的程序没有写出十进制数"),
        ],
        confirm: "{command} -v",
        labels: &[("declared", text("not a number of bytes", "不是字节数"))],
        follows: &[],
        explain: explain!("invalid-content-length"),
        examine: invalid_content_length,
    },
    Entry {
        code: "second-response-after-body",
        class: Class::LengthMismatch,
        severity: Severity::Error,
        at_fault: AtFault::Server,
        retryable: false,
        title: text("a second HTTP response follows the body", "响应体之后又跟着第二个 HTTP 响应"),
        summary: text(
            "After the declared end of the body {surplus} more bytes came, and they begin a response that nobody asked for: two writers share one connection, or the response was split. On a kept connection the next request would get this answer.",
            "声明的结尾之后又来了 {surplus} 字节，开头是一个没人请求过的响应：两个写入者共用一条连接，或响应被拆分。在复用的连接上，下一个请求会拿到这个回答。",
        ),
        advice: &[
            text(
                "do not reuse connections to this server; treat answers of others as possible leaks",
                "不要对该服务器复用连接；可能串到别人的回答",
            ),
            text(
                "to the operator: this is response splitting; look for an error page written after a complete answer, or for header injection",
                "给运维：这是响应拆分；检查是否在完整回答之后又写了错误页，或存在头注入",
            ),
        ],
        confirm: "{command} -v --record evidence.jsonl",
        labels: &[DECLARED_LABEL, ("second", text("the second response begins here", "第二个响应从这里开始"))],
        follows: &[],
        explain: explain!("second-response-after-body"),
        examine: second_response_after_body,
    },
    Entry {
        code: "length-counts-characters",
        class: Class::LengthMismatch,
        severity: Severity::Error,
        at_fault: AtFault::Relay,
        retryable: false,
        title: text(
            "the server declared characters, not bytes: {declared} declared, {wire} sent",
            "服务器声明的是字符数而非字节数：声明 {declared}，发出 {wire}",
        ),
        summary: text(
            "The body has exactly {declared} characters and {wire} bytes. Clients stop after {declared} bytes and lose the rest; answers in plain ASCII pass unharmed.",
            "响应体正好 {declared} 个字符、{wire} 字节。客户端读到 {declared} 字节就停，其余丢失；纯 ASCII 的回答不受影响。",
        ),
        advice: &[ANOTHER_DELIMITER, OPERATOR_BYTES],
        confirm: BY_STREAM,
        labels: &[DECLARED_LABEL, CUT_LABEL, WHOLE_LABEL],
        follows: &[],
        explain: explain!("length-counts-characters"),
        examine: |evidence| miscounted(evidence, |counted| matches!(counted, Counted::Characters)),
    },
    Entry {
        code: "length-counts-utf16-units",
        class: Class::LengthMismatch,
        severity: Severity::Error,
        at_fault: AtFault::Relay,
        retryable: false,
        title: text(
            "the server declared UTF-16 units, not bytes: {declared} declared, {wire} sent",
            "服务器声明的是 UTF-16 单元数而非字节数：声明 {declared}，发出 {wire}",
        ),
        summary: text(
            "The body has exactly {declared} UTF-16 units, what `length` gives in JavaScript, Java and C#, and {wire} bytes. Clients stop after {declared} bytes and lose the rest.",
            "响应体正好 {declared} 个 UTF-16 单元（JavaScript、Java、C# 的 length），实际 {wire} 字节。客户端读到 {declared} 字节就停，其余丢失。",
        ),
        advice: &[ANOTHER_DELIMITER, OPERATOR_BYTES],
        confirm: BY_STREAM,
        labels: &[DECLARED_LABEL, CUT_LABEL, WHOLE_LABEL],
        follows: &[],
        explain: explain!("length-counts-utf16-units"),
        examine: |evidence| miscounted(evidence, |counted| matches!(counted, Counted::Utf16Units)),
    },
    Entry {
        code: "length-counts-decoded-bytes",
        class: Class::LengthMismatch,
        severity: Severity::Error,
        at_fault: AtFault::Relay,
        retryable: false,
        title: text(
            "the server declared the size before compression: {declared} declared, {wire} sent",
            "服务器声明的是压缩前的大小：声明 {declared}，发出 {wire}",
        ),
        summary: text(
            "The body was sent compressed in {wire} bytes; decoded it has exactly the declared {declared}. Something compresses the answer and keeps the old length.",
            "响应体压缩后发送，共 {wire} 字节；解码后正好是声明的 {declared} 字节。有环节压缩了回答却保留旧长度。",
        ),
        advice: &[text("send --accept-encoding identity", "加 --accept-encoding identity"), OPERATOR_RECOUNT],
        confirm: "{command} --accept-encoding identity",
        labels: &[DECLARED_LABEL],
        follows: &[],
        explain: explain!("length-counts-decoded-bytes"),
        examine: |evidence| miscounted(evidence, |counted| matches!(counted, Counted::DecodedBytes)),
    },
    Entry {
        code: "length-counts-other-serialization",
        class: Class::LengthMismatch,
        severity: Severity::Error,
        at_fault: AtFault::Relay,
        retryable: false,
        title: text("the declared length is that of the same JSON {variant}", "声明的长度属于同一 JSON 的另一种写法（{variant}）"),
        summary: text(
            "{declared} bytes were declared and {wire} came. Written {variant}, the same JSON has exactly the declared size: the relay parsed and wrote the answer anew, and kept the length of the old text.",
            "声明 {declared} 字节，实收 {wire}。同一 JSON 若{variant}，大小正好等于声明值：中转解析后重新写出回答，却保留了旧文本的长度。",
        ),
        advice: &[
            ANOTHER_DELIMITER,
            text(
                "use the model's name without the relay's mapping: answers that are not rewritten keep their length",
                "使用未经中转映射的模型名：不被改写的回答长度不变",
            ),
            OPERATOR_RECOUNT,
        ],
        confirm: BY_STREAM,
        labels: &[DECLARED_LABEL, CUT_LABEL, WHOLE_LABEL],
        follows: &[],
        explain: explain!("length-counts-other-serialization"),
        examine: |evidence| miscounted(evidence, |counted| matches!(counted, Counted::OtherSerialization(_))),
    },
    Entry {
        code: "length-counts-other-model-name",
        class: Class::LengthMismatch,
        severity: Severity::Error,
        at_fault: AtFault::Relay,
        retryable: false,
        title: text("the declared length fits another model's name in the answer", "声明的长度对应回答里另一个模型名"),
        summary: text(
            "{declared} bytes were declared and {wire} came. With «{model}», as asked for, in place of «{answered}» the answer has exactly the declared size: the relay changed the name after the length was counted.",
            "声明 {declared} 字节，实收 {wire}。若把「{answered}」换成所请求的「{model}」，大小正好等于声明值：中转在计算长度之后改了模型名。",
        ),
        advice: &[
            text("ask for the model by the name that the upstream uses", "直接使用上游的模型名"),
            ANOTHER_DELIMITER,
            OPERATOR_RECOUNT,
        ],
        confirm: BY_STREAM,
        labels: &[DECLARED_LABEL, CUT_LABEL, WHOLE_LABEL],
        follows: &[],
        explain: explain!("length-counts-other-model-name"),
        examine: |evidence| miscounted(evidence, |counted| matches!(counted, Counted::OtherModelName)),
    },
    Entry {
        code: "body-longer-than-declared",
        class: Class::LengthMismatch,
        severity: Severity::Error,
        at_fault: AtFault::Server,
        retryable: false,
        title: text("{surplus} bytes more than declared", "比声明多出 {surplus} 字节"),
        summary: text(
            "The framing ends the body, and {surplus} more bytes came: {what}. Nearly all clients cut them off silently; on a kept connection they would be read as the next response.",
            "按分帧响应体已结束，却又来了 {surplus} 字节：{what}。几乎所有客户端都会悄悄丢掉它们；在复用的连接上会被当作下一个响应。",
        ),
        advice: &[
            ANOTHER_DELIMITER,
            text(
                "no retry will help: the sender counts wrongly, by a rule that none of the known miscounts explains",
                "重试无用：发送方数错了，且不属于任何已知的错误算法",
            ),
            OPERATOR_RECOUNT,
        ],
        confirm: BY_STREAM,
        labels: &[DECLARED_LABEL, ("surplus", text("the surplus begins here", "多余字节从这里开始"))],
        follows: &[
            "second-response-after-body",
            "relay-wrote-more-than-declared",
            "conflicting-content-lengths",
            "length-and-chunked",
            "chunk-framing-in-content",
            "html-instead-of-api",
            "proxy-rate-limit",
            "gateway-timeout",
            "bad-gateway",
            "gateway-unavailable",
            "gateway-failure",
            "web-page-not-api",
        ],
        explain: explain!("body-longer-than-declared"),
        examine: body_longer_than_declared,
    },
    Entry {
        code: "body-shorter-than-declared",
        class: Class::LengthMismatch,
        severity: Severity::Error,
        at_fault: AtFault::Relay,
        retryable: false,
        title: text(
            "{declared} bytes declared, but the answer is complete after {wire}",
            "声明 {declared} 字节，但回答在 {wire} 字节处已完整",
        ),
        summary: text(
            "Nothing of the content is missing: it is the declaration that is {missing} bytes too long. Clients wait for the rest, or report an incomplete body and throw the answer away.",
            "内容并无缺失，是声明多了 {missing} 字节。客户端会一直等待，或报告响应体不完整并丢弃回答。",
        ),
        advice: &[
            ANOTHER_DELIMITER,
            text(
                "send --accept-encoding identity: a relay that decompresses often keeps the old length",
                "加 --accept-encoding identity：会解压的中转常常保留旧长度",
            ),
            text(
                "llmcheck prints the answer all the same; a retry would be billed and fail alike",
                "llmcheck 照样输出了回答；重试会再次计费且同样失败",
            ),
            OPERATOR_RECOUNT,
        ],
        confirm: BY_STREAM,
        labels: &[DECLARED_LABEL, WHOLE_LABEL],
        follows: &["relay-wrote-more-than-declared"],
        explain: explain!("body-shorter-than-declared"),
        examine: body_shorter_than_declared,
    },
    Entry {
        code: "body-clipped-to-declared",
        class: Class::LengthMismatch,
        severity: Severity::Error,
        at_fault: AtFault::Relay,
        retryable: false,
        title: text("the body is clipped to its declared {declared} bytes, {where}", "响应体被裁到声明的 {declared} 字节，{where}"),
        summary: text(
            "Exactly the declared bytes came, and the JSON is not finished. A text beyond ASCII that is counted in characters and cut to that many bytes ends like this.",
            "正好收到声明的字节数，JSON 却没有结束。含非 ASCII 字符的文本按字符计数、再裁到这么多字节，就是这样结束的。",
        ),
        advice: &[
            ANOTHER_DELIMITER,
            text("ask for an answer in plain ASCII to confirm: it should then be complete", "要求纯 ASCII 的回答以确认：那样应当完整"),
            OPERATOR_BYTES,
        ],
        confirm: BY_STREAM,
        labels: &[DECLARED_LABEL, ("end", text("the body ends here", "响应体到此为止"))],
        follows: &[],
        explain: explain!("body-clipped-to-declared"),
        examine: body_clipped_to_declared,
    },
];

fn conflicting_content_lengths(evidence: &Evidence<'_>) -> Option<Found> {
    let lengths = &evidence.response()?.body.promise.lengths;
    let first = lengths.iter().find(|length| length.bytes.is_some())?;
    let other = lengths.iter().find(|length| length.bytes.is_some_and(|bytes| Some(bytes) != first.bytes))?;
    let values: Vec<&str> = lengths.iter().map(|length| length.text.as_str()).collect();
    Some(
        Found::certain()
            .value("values", super::excerpt(&values.join(", ")))
            .mark("declared", first.span.clone())
            .mark("other", other.span.clone()),
    )
}

fn length_and_chunked(evidence: &Evidence<'_>) -> Option<Found> {
    let promise = &evidence.response()?.body.promise;
    let is_chunked = promise.framing == Framing::Chunked;
    let (length, chunked) = (promise.lengths.first()?, promise.transfer_encoding.clone().filter(|_| is_chunked)?);
    Some(Found::certain().mark("declared", length.span.clone()).mark("chunked", chunked))
}

fn invalid_content_length(evidence: &Evidence<'_>) -> Option<Found> {
    let promise = &evidence.response()?.body.promise;
    let invalid = promise.lengths.iter().find(|length| length.bytes.is_none())?;
    Some(Found::certain().value("text", format!("«{}»", super::excerpt(&invalid.text))).mark("declared", invalid.span.clone()))
}

fn second_response_after_body(evidence: &Evidence<'_>) -> Option<Found> {
    let (surplus, span) = evidence.surplus()?;
    let (start, bytes) = evidence.transcript.received.slice(span.start..span.start + 64);
    let blank = bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    if start != span.start || !bytes[blank..].starts_with(b"HTTP/1.") {
        return None;
    }
    let at = span.start + blank as u64;
    let found = Found::certain().value("surplus", surplus).mark("second", at..at + 8);
    Some(match &evidence.length {
        Some(length) => found.value("declared", length.declared).mark("declared", length.span.clone()),
        None => found,
    })
}

/// A length that one of the known miscounts explains.
fn miscounted(evidence: &Evidence<'_>, is_asked: fn(&Counted) -> bool) -> Option<Found> {
    let length = evidence.length.as_ref()?;
    let counted = counted(evidence, length).filter(is_asked)?;
    let found = match counted {
        // The count also explains why only texts beyond ASCII fail: two facts, not one.
        Counted::Characters | Counted::Utf16Units | Counted::DecodedBytes => Found::certain(),
        Counted::OtherSerialization(_) | Counted::OtherModelName => Found::likely(),
    };
    let found = with_length(found, evidence, length);
    Some(match counted {
        Counted::OtherSerialization(variant) => found.word("variant", variant.name, variant.words),
        Counted::OtherModelName => {
            let answered = evidence.reply.as_ref().and_then(|reply| reply.model.clone()).unwrap_or_default();
            found.value("answered", super::excerpt(&answered))
        }
        _ => found,
    })
}

/// The numbers of a length and the places where it was declared, passed and reached.
fn with_length(found: Found, evidence: &Evidence<'_>, length: &Length) -> Found {
    let start = evidence.response().map_or(0, |response| response.body.start);
    let end = start + length.wire;
    let found = found.value("declared", length.declared).value("wire", length.wire).mark("declared", length.span.clone());
    if length.surplus() > 0 {
        let declared_end = start + length.declared;
        found.value("surplus", length.surplus()).mark("declared_end", declared_end..declared_end + 1).mark("end", end..end)
    } else {
        found.value("missing", length.missing()).mark("end", end..end)
    }
}

fn body_longer_than_declared(evidence: &Evidence<'_>) -> Option<Found> {
    let (surplus, span) = evidence.surplus()?;
    if let Some(length) = &evidence.length
        && counted(evidence, length).is_some()
    {
        return None;
    }
    let (start, bytes) = evidence.transcript.received.slice(span.clone());
    let is_blank = start == span.start && bytes.len() as u64 == surplus && bytes.trim_ascii().is_empty();
    // Some servers send one more line end after the last chunk; nobody is misled by it.
    if is_blank && evidence.framing() == Framing::Chunked {
        return None;
    }
    let first = bytes.trim_ascii_start().first();
    let (what, words) = match first {
        None => ("white-space", text("white space", "空白")),
        Some(_) if !evidence.length.as_ref().is_none_or(|length| length.was_whole) => {
            ("rest-of-content", text("the rest of the content", "内容的其余部分"))
        }
        Some(b'{' | b'[') => ("another-json", text("another JSON text", "另一段 JSON")),
        Some(_) => ("other-bytes", text("something else", "其他内容")),
    };
    let found = Found::certain().value("surplus", surplus).word("what", what, words).mark("surplus", span.start..span.start + 1);
    Some(match &evidence.length {
        Some(length) => found.value("declared", length.declared).value("wire", length.wire).mark("declared", length.span.clone()),
        None => found,
    })
}

fn body_shorter_than_declared(evidence: &Evidence<'_>) -> Option<Found> {
    let length = evidence.length.as_ref()?;
    // Where a source does not show the end, its own end stands for it.
    let has_ended = evidence.how.map_or(evidence.asked().lost.end, |how| how != crate::exchange::recording::How::Cancelled);
    let fits = length.missing() > 0 && evidence.content_is_whole() && !evidence.coding_is_unfinished() && has_ended;
    if !fits || counted(evidence, length).is_some() {
        return None;
    }
    Some(with_length(Found::certain(), evidence, length))
}

const INSIDE: Text = text("inside a character", "断在一个字符中间");
const BEFORE_BRACKETS: Text = text("just before its last brackets", "恰好缺少末尾的括号");

fn body_clipped_to_declared(evidence: &Evidence<'_>) -> Option<Found> {
    let length = evidence.length.as_ref()?;
    if length.missing() > 0 || length.surplus() > 0 || !evidence.json_is_open() {
        return None;
    }
    let content = evidence.content()?;
    let Form::Json(document) = &content.form else {
        return None;
    };
    let start = evidence.response()?.body.start;
    let end = start + length.wire;
    let cut = std::str::from_utf8(&document.text).err().filter(|error| error.error_len().is_none() && !document.is_cut_off);
    let (found, inside) = match cut {
        Some(cut) => (Found::likely().word("where", "inside-a-character", INSIDE), start + cut.valid_up_to() as u64..end),
        // Only the closing brackets are missing, and with them the text has as many characters as bytes were declared.
        None if content.characters < content.decoded && content.characters + document.closers() == length.declared => {
            (Found::likely().word("where", "before-its-last-brackets", BEFORE_BRACKETS), end..end)
        }
        None => return None,
    };
    Some(found.value("declared", length.declared).mark("declared", length.span.clone()).mark("end", inside))
}
