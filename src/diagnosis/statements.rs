//! Verdicts from words: what a client's exception or a server's log line names, where the bytes themselves are not at hand. The same words
//! often stand for several causes: the likeliest is the verdict, the others are told beside it with what would decide.

use super::{AtFault, Class, Confidence, Entry, Found, Severity, entry, explain};
use crate::evidence::Evidence;
use crate::lang::{Text, text};
use crate::testimony::{Statement, Symptom};

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        code: "reader-gone",
        class: Class::Truncation,
        severity: Severity::Error,
        at_fault: AtFault::Client,
        retryable: false,
        title: text("the one that the answer was for had gone before its end", "回答尚未结束，接收方就已离开"),
        summary: text(
            "These are the words of a sender whose reader closed or reset the connection: the fault lies before it, with the client, its timeout, or a proxy between.",
            "这是发送方的话：它的读者关闭或重置了连接。问题在它前面：客户端、客户端的超时，或中间的代理。",
        ),
        advice: &[
            text(
                "to the operator: compare the time of this line with the client's and the proxies' timeouts",
                "给运维：把这一行的时间与客户端及各代理的超时对照",
            ),
            text("use --stream: bytes that flow keep timers from running out", "改用 --stream：持续的数据流不会让计时器到期"),
        ],
        confirm: "{command} --stream -v --record evidence.jsonl",
        labels: &[],
        follows: &[],
        explain: explain!("reader-gone"),
        examine: |_| None,
    },
    Entry {
        code: "cause-hidden-by-client",
        class: Class::Unknown,
        severity: Severity::Error,
        at_fault: AtFault::Unknown,
        retryable: false,
        title: text(
            "{speaker} says only that something failed; the cause stands in the exception behind it",
            "{speaker} 只说出了错；真正的原因在它背后的异常里",
        ),
        summary: text(
            "SDKs wrap what the HTTP client told them. The wrapped exception names the fault: `__cause__` in Python, `cause` (and its `cause`) in JavaScript.",
            "SDK 会把 HTTP 客户端的异常包起来。被包住的异常才说明故障：Python 的 `__cause__`，JavaScript 的 `cause`（及其 `cause`）。",
        ),
        advice: &[text(
            "paste the whole traceback, or send the same request with llmcheck chat: it sees the bytes",
            "贴出完整的 traceback，或用 llmcheck chat 发送同样的请求：它能看到字节",
        )],
        confirm: "{command} -v --record evidence.jsonl",
        labels: &[],
        follows: &[],
        explain: explain!("cause-hidden-by-client"),
        examine: |_| None,
    },
    Entry {
        code: "nothing-recognised",
        class: Class::Unknown,
        severity: Severity::Error,
        at_fault: AtFault::Unknown,
        retryable: false,
        title: text("nothing in this text names a fault that llmcheck knows", "这段文字里没有 llmcheck 认识的故障"),
        summary: text(
            "It is no recording, HAR, curl output, response or event stream, and no message of a client, relay or server that is known. Nothing is guessed.",
            "它不是记录、HAR、curl 输出、响应或事件流，也不含已知的客户端、中转或服务器的消息。不作猜测。",
        ),
        advice: &[
            text(
                "paste more of it: the whole exception with its causes, or the log lines around it",
                "多贴一些：带有各级原因的完整异常，或其前后的日志",
            ),
            text(
                "send the request with llmcheck chat --record FILE, and keep the recording",
                "用 llmcheck chat --record FILE 发送请求，并保存记录",
            ),
        ],
        confirm: "{command} -v --record evidence.jsonl",
        labels: &[],
        follows: &[],
        explain: explain!("nothing-recognised"),
        examine: |_| None,
    },
];

const RUN_IT: Text = text(
    "send the same request with llmcheck chat -v: the ledger then shows the bytes",
    "用 llmcheck chat -v 发送同样的请求：账目会显示字节",
);
const BOTH_MODES: Text = text(
    "send it once with --stream and once with --no-stream: only a wrong length spares the stream",
    "分别用 --stream 和 --no-stream 发送：只有长度错误才不影响流式",
);
const LOOK_AT_BODY: Text =
    text("look at the body and its status: llmcheck chat -v shows both", "看看响应体和状态：llmcheck chat -v 会显示两者");

/// What the most telling statement of the exchange means. Vague words give way to an error that is known already.
pub(super) fn found(evidence: &Evidence<'_>, is_known: bool) -> Option<(&'static Entry, Found)> {
    let testimony = evidence.transcript.testimony.as_ref()?;
    let statement = testimony.statements.iter().find(|statement| !(is_known && statement.symptom.is_vague()))?;
    let (code, found) = judge(statement);
    let found = with_values(found, statement).span_of_text("said", statement.span.start as u64..statement.span.end as u64);
    Some((entry(code)?, found))
}

/// The code that a statement stands for, how surely, and what else it may be.
fn judge(statement: &Statement) -> (&'static str, Found) {
    use Confidence::Possible;
    use Symptom::*;
    let likely = Found::likely;
    let possible = Found::possible;
    match statement.symptom {
        ShortBody => short_body(statement),
        LongBody => ("body-longer-than-declared", likely()),
        OverwroteDeclaration => ("relay-wrote-more-than-declared", likely()),
        UnderwroteDeclaration => ("body-shorter-than-declared", likely().or("cut-by-close", Possible, RUN_IT)),
        ChunksWithoutEnd => ("chunks-without-end", likely()),
        MalformedChunk => ("malformed-chunk", likely()),
        CutBody => {
            ("cut-by-close", likely().or("chunks-without-end", Possible, RUN_IT).or("empty-body-after-overwrite", Possible, BOTH_MODES))
        }
        ResetInBody => ("cut-by-reset", likely()),
        Reset => ("cut-by-reset", possible().or("reset-before-response", Possible, RUN_IT)),
        ResetBeforeResponse => ("reset-before-response", likely()),
        ClosedBeforeResponse => ("closed-before-response", likely()),
        HeadCut => ("head-cut", likely()),
        NotHttp => ("not-http", likely().or("body-longer-than-declared", Possible, RUN_IT)),
        ConflictingLengths => ("conflicting-content-lengths", likely()),
        LengthAndChunked => ("length-and-chunked", likely()),
        InvalidLength => ("invalid-content-length", likely()),
        WrongCoding => ("coding-mislabelled", likely()),
        CodingCut => ("encoded-body-cut", likely()),
        TlsCut => ("cut-without-tls-close", likely()),
        CertificateUntrusted => ("issuer-unknown", likely().or("tls-intercepted", Possible, RUN_IT)),
        CertificateExpired => ("certificate-expired", likely()),
        CertificateForAnotherName => ("name-mismatch", likely()),
        TlsHandshakeFailed => ("tls-handshake-failed", likely().or("plain-http-on-tls-port", Possible, RUN_IT)),
        PlainHttpOnTlsPort => ("plain-http-on-tls-port", likely()),
        NameNotFound => ("name-not-found", likely()),
        ProxyNameNotFound => ("proxy-unreachable", likely()),
        Refused => ("connection-refused", likely()),
        Unreachable => ("host-unreachable", likely()),
        ProxyAuthRequired => ("proxy-auth-required", likely()),
        ProxyRefusedTunnel => ("proxy-refused-tunnel", likely()),
        NoConnectionInTime => ("no-connection-in-time", likely()),
        NoFirstByteInTime => ("no-first-byte-in-time", likely()),
        StalledInBody => ("stalled-in-body", likely()),
        TimedOut => {
            ("no-first-byte-in-time", possible().or("stalled-in-body", Possible, RUN_IT).or("no-connection-in-time", Possible, RUN_IT))
        }
        JsonCut => ("json-cut", possible().or("body-clipped-to-declared", Possible, BOTH_MODES).or("empty-body", Possible, LOOK_AT_BODY)),
        JsonAbsent => (
            "empty-body",
            possible().or("empty-body-after-overwrite", Possible, BOTH_MODES).or("web-page-not-api", Possible, LOOK_AT_BODY).or(
                "stream-unasked",
                Possible,
                LOOK_AT_BODY,
            ),
        ),
        PageInsteadOfJson => {
            ("web-page-not-api", likely().or("html-instead-of-api", Possible, LOOK_AT_BODY).or("bad-gateway", Possible, LOOK_AT_BODY))
        }
        StreamInsteadOfJson => ("stream-unasked", likely()),
        CompressedInsteadOfJson => ("coding-mislabelled", likely()),
        JsonTrailing => ("json-malformed", possible().or("body-longer-than-declared", Possible, RUN_IT)),
        CharacterCut => ("length-counts-characters", possible().or("json-cut", Possible, BOTH_MODES)),
        StreamWithoutEnd => ("stream-without-finish", likely()),
        LineTooLong => ("stream-without-finish", likely()),
        Http2Reset => ("cut-by-reset", possible().or("relay-wrote-more-than-declared", Possible, BOTH_MODES)),
        Http2Length => ("body-longer-than-declared", possible().or("body-shorter-than-declared", Possible, BOTH_MODES)),
        BadGateway => ("bad-gateway", likely()),
        GatewayUnavailable => ("gateway-unavailable", likely()),
        GatewayTimeout => ("gateway-timeout", likely()),
        UpstreamStalled => ("cut-after-gateway-timeout", likely()),
        RequestTooLarge => ("body-too-large", likely()),
        ReaderGone => ("reader-gone", likely()),
        Opaque => ("cause-hidden-by-client", Found::certain()),
    }
}

/// «Received N bytes, expected M»: nothing, or whole blocks of a copy loop, is what an overwritten declaration leaves.
fn short_body(statement: &Statement) -> (&'static str, Found) {
    const BLOCK: u64 = 32 * 1024;
    use Confidence::Possible;
    match statement.number("received") {
        Some(0) => ("empty-body-after-overwrite", Found::likely().or("cut-by-close", Possible, BOTH_MODES)),
        Some(received) if received % BLOCK == 0 => {
            ("copy-stopped-at-block", Found::likely().value("blocks", received / BLOCK).or("cut-by-close", Possible, BOTH_MODES))
        }
        _ => ("cut-by-close", Found::likely().or("body-shorter-than-declared", Possible, BOTH_MODES)),
    }
}

/// The numbers of the statement under the names that the entries' texts use.
fn with_values(mut found: Found, statement: &Statement) -> Found {
    let received = statement.number("received");
    let missing = statement.number("missing");
    let declared =
        statement.number("declared").or_else(|| received.zip(missing).map(|(received, missing)| received.saturating_add(missing)));
    let missing = missing.or_else(|| declared.zip(received).and_then(|(declared, received)| declared.checked_sub(received)));
    for (name, number) in [("declared", declared), ("wire", received), ("missing", missing)] {
        if let Some(number) = number {
            found = found.value(name, number);
        }
    }
    for (name, value) in &statement.values {
        if !matches!(*name, "declared" | "received" | "missing") {
            found = found.value(name, super::excerpt(value));
        }
    }
    found.value("speaker", statement.speaker)
}
