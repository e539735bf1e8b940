//! Streams that ended before their answer did, though the flow that carried them may have ended in order.

use super::truncation::{AGAIN_RECORDED, BILLED, CUTS, OPERATOR_TIMERS};
use super::{AtFault, Class, Entry, Found, Severity, explain};
use crate::evidence::Evidence;
use crate::lang::text;
use crate::wire::framing::Framing;
use crate::wire::stream::Stream;

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        code: "event-cut",
        class: Class::Truncation,
        severity: Severity::Error,
        at_fault: AtFault::Server,
        retryable: true,
        title: text("the stream stops inside an event", "流在一个事件中间停止"),
        summary: text(
            "After {events} events half a data line came, and then the end. SDKs drop the half line silently and report success.",
            "在 {events} 个事件之后只到了半行数据就结束。SDK 会悄悄丢掉这半行并报告成功。",
        ),
        advice: &[BILLED, OPERATOR_TIMERS],
        confirm: AGAIN_RECORDED,
        labels: &[("rest", text("this event has no end", "这个事件没有结尾"))],
        follows: CUTS,
        explain: explain!("event-cut"),
        examine: event_cut,
    },
    Entry {
        code: "done-without-finish",
        class: Class::Truncation,
        severity: Severity::Error,
        at_fault: AtFault::Relay,
        retryable: true,
        title: text("{marker} came, but the model never finished", "收到了 {marker}，但模型从未结束"),
        summary: text(
            "No chunk has a finish_reason. Relays of the one-api family write [DONE] themselves when their upstream broke off, so that it proves nothing.",
            "没有任何分块带 finish_reason。one-api 系的中转在上游中断后会自己补写 [DONE]，因此它不能证明完整。",
        ),
        advice: &[
            BILLED,
            text(
                "use --no-stream, or another endpoint: the break is between relay and upstream",
                "改用 --no-stream 或换 endpoint：断点在中转与上游之间",
            ),
            text(
                "to the operator: the relay's log says `stream ended` or `scanner error`; lines over 64 KiB end old relays' streams",
                "给运维：中转日志有 `stream ended` 或 `scanner error`；超过 64 KiB 的行会使旧版中转断流",
            ),
        ],
        confirm: AGAIN_RECORDED,
        labels: &[
            ("done", text("says that all came", "声称已全部到达")),
            ("last", text("the last event, without finish_reason", "最后一个事件，没有 finish_reason")),
        ],
        follows: CUTS,
        explain: explain!("done-without-finish"),
        examine: done_without_finish,
    },
    Entry {
        code: "stream-closed-without-finish",
        class: Class::Truncation,
        severity: Severity::Error,
        at_fault: AtFault::Server,
        retryable: true,
        title: text(
            "the stream was closed in the middle of the answer, and only the close could say so",
            "流在回答中途被关闭，而能表示结束的只有关闭本身",
        ),
        summary: text(
            "{events} events came, without finish_reason and without [DONE]. The response has neither length nor chunks, so that for HTTP closing is the regular end and a cut looks the same: curl and the SDKs report success.",
            "共 {events} 个事件，没有 finish_reason 也没有 [DONE]。响应既无长度也不分块，对 HTTP 而言关闭就是正常结束，截断与之无异：curl 和各 SDK 都报告成功。",
        ),
        advice: &[
            BILLED,
            text("use --no-stream: a plain answer that is cut shows", "改用 --no-stream：普通回答被截断会显现"),
            text(
                "to the operator: send streams in chunks (HTTP/1.1), so that a cut cannot pass for an end",
                "给运维：以分块方式（HTTP/1.1）发送流，截断就不会被当作结束",
            ),
        ],
        confirm: AGAIN_RECORDED,
        labels: &[("last", text("the last event, without finish_reason", "最后一个事件，没有 finish_reason"))],
        follows: CUTS,
        explain: explain!("stream-closed-without-finish"),
        examine: |evidence| without_finish(evidence, true),
    },
    Entry {
        code: "stream-without-finish",
        class: Class::Truncation,
        severity: Severity::Error,
        at_fault: AtFault::Server,
        retryable: true,
        title: text("the stream ended without finish_reason and without [DONE]", "流结束了，却没有 finish_reason 也没有 [DONE]"),
        summary: text(
            "{events} events came, the last of them still in the middle of the answer. For HTTP the end is clean, so that curl and the SDKs report success.",
            "共 {events} 个事件，最后一个仍在回答中途。对 HTTP 而言结束是正常的，因此 curl 和各 SDK 都报告成功。",
        ),
        advice: &[
            BILLED,
            text("use --no-stream: a plain answer that is cut shows", "改用 --no-stream：普通回答被截断会显现"),
            OPERATOR_TIMERS,
        ],
        confirm: AGAIN_RECORDED,
        labels: &[("last", text("the last event, without finish_reason", "最后一个事件，没有 finish_reason"))],
        follows: CUTS,
        explain: explain!("stream-without-finish"),
        examine: |evidence| without_finish(evidence, false),
    },
];

/// An answer's stream that the other side ended without a word on why.
fn unfinished_stream<'a>(evidence: &Evidence<'a>) -> Option<&'a Stream> {
    let is_another = super::content::is_stream_of_another_api(evidence);
    let is_told = evidence.error.is_some() || evidence.is_stopped_early();
    evidence.stream().filter(|stream| !stream.is_finished() && !is_another && !is_told)
}

fn event_cut(evidence: &Evidence<'_>) -> Option<Found> {
    let stream = unfinished_stream(evidence)?;
    let rest = stream.rest.as_ref()?;
    let is_wire = evidence.content().is_some_and(|content| content.progress().is_none());
    let place =
        is_wire.then(|| rest.start..evidence.response().and_then(|response| response.body.chunked_end).unwrap_or(evidence.body_end()));
    Some(Found::certain().value("events", stream.events).mark_if("rest", place))
}

fn done_without_finish(evidence: &Evidence<'_>) -> Option<Found> {
    let stream = evidence.stream().filter(|stream| stream.error.is_none() && !stream.has_finished_choice() && stream.done > 0)?;
    if !stream.has_content() {
        return None;
    }
    let found = Found::likely().value("marker", stream.done_marker.unwrap_or("[DONE]")).value("events", stream.events);
    Some(found.mark_if("done", stream.done_place.clone()))
}

/// The last event is whole and the answer is not. `by_close`: closing the connection was the only sign of an end there could be.
fn without_finish(evidence: &Evidence<'_>, by_close: bool) -> Option<Found> {
    let is_by_close = evidence.framing() == Framing::Close && evidence.ended_in_order();
    if is_by_close != by_close {
        return None;
    }
    if let Some(events) = unfinished_array(evidence) {
        return Some(Found::certain().value("events", events));
    }
    let stream = unfinished_stream(evidence).filter(|stream| stream.rest.is_none() && !stream.has_finished_choice())?;
    // The reason may have stood in an event that cannot be read.
    if stream.malformed.as_ref().is_some_and(|malformed| !malformed.is_cut && malformed.chunks_before == stream.chunks) {
        return None;
    }
    Some(Found::certain().value("events", stream.events).mark_if("last", stream.last_event.clone()))
}

/// Gemini's stream as an array, closed without a reason for the end.
fn unfinished_array(evidence: &Evidence<'_>) -> Option<usize> {
    let items = evidence.document.as_ref()?.as_array()?;
    let is_answer = evidence.reply.as_ref().is_some_and(|reply| reply.shape.is_some() && reply.finish_reason.is_none());
    (is_answer && evidence.error.is_none() && evidence.is_success()).then_some(items.len())
}
