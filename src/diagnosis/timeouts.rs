//! Timeouts: one of our own bounds passed. The sender may only be slow; what it had sent until then is told beside it.

use super::{AtFault, Class, Entry, Found, Severity, explain};
use crate::evidence::Evidence;
use crate::exchange::recording::How;
use crate::lang::text;
use crate::wire::framing::Framing;

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        code: "no-connection-in-time",
        class: Class::Timeout,
        severity: Severity::Error,
        at_fault: AtFault::Network,
        retryable: true,
        title: text("no connection to {host} within {connect_timeout} s", "{connect_timeout} 秒内未能连上 {host}"),
        summary: text(
            "Name resolution, TCP or TLS did not come about within --connect-timeout. Silence, unlike a refusal, is what firewalls and unrouted addresses give.",
            "在 --connect-timeout 之内，域名解析、TCP 或 TLS 没有完成。与被拒绝不同，沉默通常来自防火墙或不可路由的地址。",
        ),
        advice: &[
            text(
                "check that this network reaches the host; behind a firewall, set a proxy (--proxy or HTTPS_PROXY)",
                "确认本网络能到达该主机；在防火墙后请设置代理（--proxy 或 HTTPS_PROXY）",
            ),
            text("a retry is free: nothing was sent", "重试不花钱：请求尚未发出"),
        ],
        confirm: "{command} -v --connect-timeout 30s",
        labels: &[],
        follows: &["interrupted-by-user"],
        explain: explain!("no-connection-in-time"),
        examine: |evidence| (evidence.how == Some(How::NoConnectionInTime)).then(Found::certain),
    },
    Entry {
        code: "no-first-byte-in-time",
        class: Class::Timeout,
        severity: Severity::Error,
        at_fault: AtFault::Server,
        retryable: true,
        title: text("no response byte within {first_byte_timeout} s", "{first_byte_timeout} 秒内没有收到任何响应字节"),
        summary: text(
            "The request was sent and taken, and then nothing came. A plain answer sends its first byte only when the whole of it is made: long answers and reasoning models take minutes.",
            "请求已发出并被接收，之后毫无动静。普通回答要整个生成完才会发出第一个字节：长回答和推理模型可能需要数分钟。",
        ),
        advice: &[
            text("use --stream: the first token comes long before the last", "改用 --stream：首个 token 远早于最后一个"),
            text("raise --first-byte-timeout, or lower --max-tokens", "调大 --first-byte-timeout，或调小 --max-tokens"),
            text("a retry may be billed again: the model may still be at work on this one", "重试可能再次计费：模型可能还在处理这一次"),
        ],
        confirm: "{command} --stream --first-byte-timeout 10m",
        labels: &[],
        follows: &["interrupted-by-user"],
        explain: explain!("no-first-byte-in-time"),
        examine: no_first_byte,
    },
    Entry {
        code: "end-not-signalled",
        class: Class::Timeout,
        severity: Severity::Error,
        at_fault: AtFault::Server,
        retryable: false,
        title: text(
            "the answer is complete, but nothing says so: no length, no chunks, no close",
            "回答已完整，却没有任何结束信号：无长度、无分块、不关闭",
        ),
        summary: text(
            "The response has neither Content-Length nor chunks, so that only closing the connection can end it, and the server keeps it open. Clients wait until their timeout and then lose the answer.",
            "响应既无 Content-Length 也不分块，只能靠关闭连接来结束，而服务器却保持连接。客户端会等到超时，然后丢失回答。",
        ),
        advice: &[
            text(
                "to the operator: close the connection after such a body, or declare its length",
                "给运维：发完这样的响应体后关闭连接，或声明长度",
            ),
            text("llmcheck prints the answer all the same", "llmcheck 照样输出了回答"),
        ],
        confirm: "{command} -v",
        labels: &[("end", text("the content is complete here; the connection stays open", "内容到此已完整，连接却仍开着"))],
        follows: &["conflicting-content-lengths", "length-and-chunked", "invalid-content-length"],
        explain: explain!("end-not-signalled"),
        examine: end_not_signalled,
    },
    Entry {
        code: "stalled-in-body",
        class: Class::Timeout,
        severity: Severity::Error,
        at_fault: AtFault::Server,
        retryable: true,
        title: text("the response began, then nothing came for {silence} s", "响应开始后，{silence} 秒没有任何数据"),
        summary: text(
            "{received} bytes of the response came before the silence, and the connection is still open: the sender is stuck, its upstream is, or it promised more than it has.",
            "静默之前到了 {received} 字节，连接仍然开着：发送方卡住了，或其上游卡住了，或它承诺了多于所有的内容。",
        ),
        advice: &[
            text(
                "raise --idle-timeout if the model may think that long between two tokens",
                "若模型在两个 token 之间确会思考这么久，请调大 --idle-timeout",
            ),
            text("a retry may succeed, but the first generation has been billed", "重试可能成功，但前一次生成已经计费"),
            text(
                "switch the mode (--stream or --no-stream): a buffering proxy stalls only one of them",
                "换一种模式（--stream 或 --no-stream）：有缓冲的代理只会卡住其中一种",
            ),
        ],
        confirm: "{command} -v --idle-timeout 5m",
        labels: &[("end", text("the last byte before the silence", "静默之前的最后一个字节"))],
        // A gateway's page under a length that is too long is whole all the same.
        follows: &[
            "interrupted-by-user",
            "relay-wrote-more-than-declared",
            "login-redirect",
            "redirected-elsewhere",
            "error-in-stream",
            "stream-rate-limited",
            "html-instead-of-api",
            "proxy-rate-limit",
            "gateway-timeout",
            "bad-gateway",
            "gateway-unavailable",
            "gateway-failure",
        ],
        explain: explain!("stalled-in-body"),
        examine: stalled_in_body,
    },
    Entry {
        code: "deadline-passed",
        class: Class::Timeout,
        severity: Severity::Error,
        at_fault: AtFault::Client,
        retryable: false,
        title: text("not complete within the {timeout} s of --timeout", "在 --timeout 的 {timeout} 秒内没有完成"),
        summary: text(
            "{received} bytes of the response came until then. It is our own bound that ended the exchange; the answer may only have been long.",
            "到那时为止收到 {received} 字节。结束交换的是我们自己的时限；也许只是回答较长。",
        ),
        advice: &[
            text("raise --timeout, or ask for a shorter answer (--max-tokens)", "调大 --timeout，或用 --max-tokens 缩短回答"),
            text(
                "use --stream and --idle-timeout: they bound silence, not length",
                "使用 --stream 和 --idle-timeout：它们限制的是静默，而不是长度",
            ),
        ],
        confirm: "{command} --stream --timeout 20m",
        labels: &[("end", text("the last byte before the deadline", "时限之前的最后一个字节"))],
        // What speaks another protocol never says that it is done.
        follows: &["interrupted-by-user", "not-http", "plain-http-on-tls-port"],
        explain: explain!("deadline-passed"),
        examine: deadline_passed,
    },
];

fn end_not_signalled(evidence: &Evidence<'_>) -> Option<Found> {
    let fits = evidence.framing() == Framing::Close && evidence.how == Some(How::Idle) && evidence.content_is_whole();
    let end = evidence.body_end();
    fits.then(|| Found::certain().mark("end", end..end))
}

fn stalled_in_body(evidence: &Evidence<'_>) -> Option<Found> {
    let times = &evidence.transcript.times;
    let received = evidence.transcript.received.length();
    let fits = evidence.how == Some(How::Idle)
        && received > 0
        && !evidence.transcript.is_not_http
        && !evidence.framing_is_complete()
        && !evidence.content_is_whole()
        && !evidence.response().is_some_and(|response| response.body.is_lost());
    if !fits {
        return None;
    }
    let silence = times.total? - times.last_byte?;
    Some(Found::certain().value("silence", seconds(silence)).value("received", received).mark("end", received..received))
}

/// Other programs have one word for silence, whenever it came.
fn no_first_byte(evidence: &Evidence<'_>) -> Option<Found> {
    let is_silent = evidence.how == Some(How::Idle) && evidence.transcript.received.length() == 0;
    (is_silent || evidence.how == Some(How::FirstByteTimeout)).then(Found::certain)
}

fn deadline_passed(evidence: &Evidence<'_>) -> Option<Found> {
    let received = evidence.transcript.received.length();
    let fits = evidence.how == Some(How::Deadline) && !evidence.framing_is_complete();
    let found = fits.then(|| Found::certain().value("received", received))?;
    Some(if received > 0 { found.mark("end", received..received) } else { found })
}

/// Milliseconds as seconds with one decimal.
fn seconds(milliseconds: f64) -> f64 {
    (milliseconds / 100.0).round() / 10.0
}
