//! Verdicts from words: what a client's exception or a server's log line names, where the bytes themselves are not at hand. The same words
//! often stand for several causes: the likeliest is the verdict, the others are told beside it with what would decide.

use super::{AtFault, Class, Confidence, Entry, Finding, Found, Mark, Severity, Side, entry, explain, meaning};
use crate::evidence::Evidence;
use crate::exchange::source::Source;
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
        code: "body-not-shown",
        class: Class::Unknown,
        severity: Severity::Error,
        at_fault: AtFault::Unknown,
        retryable: false,
        title: text("the body is not shown here, so the answer cannot be judged", "这里看不到响应体，无法判断回答"),
        summary: text(
            "The head says {status}. Whether a whole answer followed it, a cut one or none stands in bytes that this capture leaves out.",
            "响应头的状态是 {status}。其后是完整的回答、被截断的回答还是什么都没有，要看这份材料里没有的字节。",
        ),
        advice: &[
            text(
                "capture it again with the body: curl -i without -o, a HAR with content, or llmcheck chat --record FILE",
                "连同响应体再抓一次：curl -i（不加 -o）、带内容的 HAR，或 llmcheck chat --record FILE",
            ),
            text(
                "if nothing was left out, the body was empty: then see llmcheck explain empty-body",
                "若没有遗漏，那么响应体就是空的：请看 llmcheck explain empty-body",
            ),
        ],
        confirm: "{command} -v --record evidence.jsonl",
        labels: &[],
        follows: &[],
        explain: explain!("body-not-shown"),
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

/// The name of an exchange without an answer and without a known fault.
pub(super) fn unanswered(evidence: &Evidence<'_>) -> (&'static Entry, Found) {
    let asked = evidence.asked();
    let is_declared = evidence.response().is_some_and(|response| response.body.promise.declared().is_some_and(|declared| declared > 0));
    let found = Found::possible();
    let (code, found) = match asked.source {
        Source::Text => ("nothing-recognised", found),
        _ if asked.lost.body && is_declared && evidence.is_success() => {
            ("body-not-shown", found.or("empty-body-after-overwrite", Confidence::Possible, LOOK_AT_BODY))
        }
        _ if asked.lost.body && evidence.response().is_some() => ("body-not-shown", found),
        _ => ("undiagnosed-failure", found),
    };
    (entry(code).unwrap_or(&super::UNDIAGNOSED), found)
}

/// What the most telling statement of the exchange means. Vague words give way to an error that is known already, and all but a sender's
/// word on its own count give way to an API's error that says what it is.
pub(super) fn found(evidence: &Evidence<'_>, is_known: bool) -> Option<(&'static Entry, Found)> {
    let testimony = evidence.transcript.testimony.as_ref()?;
    let is_explained = testimony.error.is_some() && meaning::told(evidence).is_some_and(|code| !IS_GENERAL.contains(&code));
    let is_telling = |statement: &&Statement| match statement.symptom {
        Symptom::OverwroteDeclaration | Symptom::UnderwroteDeclaration => true,
        symptom => !is_explained && (!is_known || !symptom.is_vague()),
    };
    let statement = testimony.statements.iter().find(is_telling)?;
    let (code, found) = judge(statement);
    let entry = entry(code)?;
    let said = testimony.text.get(statement.span.clone()).unwrap_or_default();
    let counted = testimony.statements.iter().find(|other| other.number("received").is_some()).unwrap_or(statement);
    let counted = if statement.symptom == Symptom::ResetInBody { counted } else { statement };
    let found = with_values(found, statement, counted, entry, said);
    Some((entry, found.span_of_text("said", statement.span.start as u64..statement.span.end as u64)))
}

/// Errors whose status is all that is known of them: what a log says beside them says more.
const IS_GENERAL: [&str; 4] = ["provider-error", "request-rejected", "error-in-success", "error-in-stream"];

/// Marks the API's error in the text that tells of it.
pub(super) fn mark_error(evidence: &Evidence<'_>, findings: &mut [Finding]) {
    let told = evidence.transcript.testimony.as_ref().and_then(|testimony| testimony.error.as_ref());
    let Some((_, span)) = told.filter(|_| evidence.response().is_none()) else {
        return;
    };
    let code = meaning::told(evidence);
    for finding in findings.iter_mut().filter(|finding| Some(finding.entry.code) == code && finding.marks.is_empty()) {
        finding.marks.push(Mark { key: "said", side: Side::Text, span: span.start as u64..span.end as u64 });
        finding.values.push(("speaker", "API".into()));
    }
}

/// The code that a statement stands for, how surely, and what else it may be.
fn judge(statement: &Statement) -> (&'static str, Found) {
    use Confidence::Possible;
    use Symptom::*;
    let likely = Found::likely;
    let possible = Found::possible;
    match statement.symptom {
        ShortBody => short_body(statement),
        LongBody => ("body-longer-than-declared", likely().or("length-counts-characters", Possible, RUN_IT)),
        OverwroteDeclaration => ("relay-wrote-more-than-declared", likely()),
        UnderwroteDeclaration => ("body-shorter-than-declared", likely().or("cut-by-close", Possible, RUN_IT)),
        ChunksWithoutEnd => ("chunks-without-end", likely().or("malformed-chunk", Possible, RUN_IT)),
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
        CertificateRejected => ("certificate-rejected", likely()),
        TlsHandshakeFailed => ("tls-handshake-failed", likely().or("plain-http-on-tls-port", Possible, RUN_IT)),
        PlainHttpOnTlsPort => ("plain-http-on-tls-port", likely()),
        NameNotFound => ("name-not-found", likely()),
        ProxyNameNotFound | ProxyUnreachable => ("proxy-unreachable", likely()),
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
        Http2GoAway => ("closed-before-response", possible().or("cut-by-close", Possible, RUN_IT)),
        BadGateway => ("bad-gateway", likely()),
        GatewayUnavailable => ("gateway-unavailable", likely()),
        GatewayTimeout => ("gateway-timeout", likely()),
        UpstreamStalled => ("cut-after-gateway-timeout", likely()),
        RequestTooLarge => ("body-too-large", likely()),
        ProxyRateLimited => ("proxy-rate-limit", likely()),
        RelayUpstreamFailed => ("relay-upstream-failed", likely()),
        KeyMissing => ("key-missing", likely()),
        Status => by_status(statement),
        ReaderGone => ("reader-gone", likely()),
        Opaque => ("cause-hidden-by-client", Found::certain()),
    }
}

/// A status without a body: the body would tell more, so that the verdict is open to what else servers say with the same number.
fn by_status(statement: &Statement) -> (&'static str, Found) {
    use Confidence::Possible;
    let (likely, possible) = (Found::likely, Found::possible);
    match statement.number("status").unwrap_or(0) {
        401 => ("key-invalid", likely().or("key-missing", Possible, LOOK_AT_BODY)),
        402 => ("quota-exhausted", likely()),
        403 => (
            "access-denied",
            possible().or("region-blocked", Possible, LOOK_AT_BODY).or("html-instead-of-api", Possible, LOOK_AT_BODY).or(
                "relay-quota-exhausted",
                Possible,
                LOOK_AT_BODY,
            ),
        ),
        404 => ("path-not-found", possible().or("model-not-found", Possible, LOOK_AT_BODY)),
        405 | 501 => ("path-not-found", possible()),
        407 => ("proxy-auth-required", likely()),
        408 | 504 | 522 | 524 => ("gateway-timeout", likely()),
        413 => ("body-too-large", likely()),
        429 => (
            "rate-limited",
            possible().or("quota-exhausted", Possible, LOOK_AT_BODY).or("proxy-rate-limit", Possible, LOOK_AT_BODY).or(
                "relay-saturated",
                Possible,
                LOOK_AT_BODY,
            ),
        ),
        502 | 520 | 521 | 523 => ("bad-gateway", likely()),
        503 => ("gateway-unavailable", possible().or("provider-overloaded", Possible, LOOK_AT_BODY)),
        529 => ("provider-overloaded", likely()),
        500 => ("provider-error", possible().or("gateway-failure", Possible, LOOK_AT_BODY)),
        501..=599 => ("gateway-failure", possible().or("provider-error", Possible, LOOK_AT_BODY)),
        _ => ("request-rejected", possible()),
    }
}

/// «Received N bytes, expected M»: nothing, or whole blocks of a copy loop, is what an overwritten declaration leaves. The block that was
/// refused is the one that would have gone beyond the declared end: more than a block is never missing.
fn short_body(statement: &Statement) -> (&'static str, Found) {
    const BLOCK: u64 = 32 * 1024;
    use Confidence::Possible;
    let missing = counts(statement).find_map(|(name, number)| (name == "missing").then_some(number));
    match statement.number("received") {
        Some(0) => ("empty-body-after-overwrite", Found::likely().or("cut-by-close", Possible, BOTH_MODES)),
        Some(received) if received % BLOCK == 0 && missing.is_some_and(|missing| missing < BLOCK) => {
            ("copy-stopped-at-block", Found::likely().value("blocks", received / BLOCK).or("cut-by-close", Possible, BOTH_MODES))
        }
        None => (
            "cut-by-close",
            Found::likely().or("empty-body-after-overwrite", Possible, BOTH_MODES).or("body-shorter-than-declared", Possible, BOTH_MODES),
        ),
        Some(_) => ("cut-by-close", Found::likely().or("body-shorter-than-declared", Possible, BOTH_MODES)),
    }
}

/// The numbers of `counted` and the names of the statement under the names that the entry's texts use; where those ask for words, the words said.
fn with_values(mut found: Found, statement: &Statement, counted: &Statement, entry: &Entry, said: &str) -> Found {
    const WAITS: [&str; 5] = ["first_byte_timeout", "connect_timeout", "silence", "timeout", "seconds"];
    const WORDS: [&str; 10] = ["begins", "message", "detail", "what", "where", "reason", "refusal", "text", "values", "said"];
    let slots: Vec<&str> = entry.texts().flat_map(|words| words.slots()).collect();
    for (name, number) in counts(counted) {
        found = found.value(name, number);
    }
    if let Some(seconds) = seconds(statement) {
        for name in WAITS.into_iter().filter(|name| slots.contains(name)) {
            found = found.value(name, seconds);
        }
    }
    for (name, value) in names(statement).into_iter().filter(|(name, _)| slots.contains(name)) {
        found = found.value(name, super::excerpt(&value));
    }
    // What such a gateway answers with, where the words do not tell.
    let status = match entry.code {
        "bad-gateway" => Some(502),
        "gateway-unavailable" => Some(503),
        "gateway-timeout" => Some(504),
        _ => None,
    };
    if let Some(status) = status.filter(|_| !found.values.iter().any(|(known, _)| *known == "status")) {
        found = found.value("status", status);
    }
    if slots.contains(&"loss") {
        found = found.word("loss", "unknown", text("Whether content was lost, the words do not tell.", "是否丢失内容，这些话没有说明。"));
    }
    for name in WORDS.into_iter().filter(|name| slots.contains(name)) {
        if !found.values.iter().any(|(known, _)| *known == name) {
            found = found.value(name, super::excerpt(said));
        }
    }
    found.value("speaker", statement.speaker)
}

/// Declared, received, missing and surplus bytes; what is not said follows from the others.
fn counts(statement: &Statement) -> impl Iterator<Item = (&'static str, u64)> {
    let received = statement.number("received");
    let missing = statement.number("missing");
    let declared =
        statement.number("declared").or_else(|| received.zip(missing).map(|(received, missing)| received.saturating_add(missing)));
    let missing = missing.or_else(|| declared.zip(received).and_then(|(declared, received)| declared.checked_sub(received)));
    let surplus =
        statement.number("surplus").or_else(|| received.zip(declared).and_then(|(received, declared)| received.checked_sub(declared)));
    [("declared", declared), ("wire", received), ("missing", missing), ("surplus", surplus.filter(|surplus| *surplus > 0))]
        .into_iter()
        .filter_map(|(name, number)| Some((name, number?)))
}

/// How long somebody waited.
fn seconds(statement: &Statement) -> Option<f64> {
    let value = |slot: &str| statement.value(slot).and_then(|value| value.replace(',', "").parse::<f64>().ok());
    value("seconds").or_else(|| value("ms").map(|ms| ms / 1000.0))
}

/// Host, address and the other names, where one follows from another too.
fn names(statement: &Statement) -> Vec<(&'static str, String)> {
    let value = |slot: &str| statement.value(slot).map(str::to_string);
    let of_url = |url: String| url.split("://").nth(1).and_then(|rest| rest.split(['/', '?']).next()).map(str::to_string);
    let host = value("host").map(|host| of_url(host.clone()).unwrap_or(host)).or_else(|| value("url").and_then(of_url));
    let address = value("address").or_else(|| match (host.clone(), value("port")) {
        (Some(host), Some(port)) => Some(format!("{host}:{port}")),
        (host, _) => host,
    });
    let host = host.or_else(|| value("address"));
    let is_plain_on_tls = statement.symptom == Symptom::PlainHttpOnTlsPort;
    let protocol = |name: &str| is_plain_on_tls.then(|| name.to_string());
    let derived = [("host", host), ("address", address), ("spoken", protocol("http")), ("asked", protocol("https"))];
    let others = statement.values.iter().filter(|(name, _)| !derived.iter().any(|(known, _)| known == name));
    let others = others.filter(|(name, _)| !matches!(*name, "declared" | "received" | "missing" | "surplus" | "seconds" | "ms"));
    let others: Vec<(&'static str, String)> = others.cloned().collect();
    derived.into_iter().filter_map(|(name, value)| Some((name, value?))).chain(others).collect()
}
