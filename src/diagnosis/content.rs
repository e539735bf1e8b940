//! What the content itself shows: the user stopped it, it is not what was asked for, it is malformed, or it is no chat completion.

use super::{AtFault, Class, Entry, Found, Severity, explain};
use crate::api::json::Value;
use crate::api::shape::Shape;
use crate::evidence::{Evidence, SyntaxFault};
use crate::exchange::recording::How;
use crate::lang::text;
use crate::wire::content::Form;
use crate::wire::framing::Framing;
use crate::wire::stream::Stream;

pub(super) const INTERRUPTION: &[Entry] = &[Entry {
    code: "interrupted-by-user",
    class: Class::Interrupted,
    severity: Severity::Error,
    at_fault: AtFault::Client,
    retryable: false,
    title: text("you stopped it", "你中止了它"),
    summary: text(
        "{received} bytes of the response had come until then. That they are not complete says nothing about the server.",
        "到那时已收到响应的 {received} 字节。其不完整并不说明服务器有问题。",
    ),
    advice: &[text("run it again without stopping it to get a verdict on the server", "重新运行且不要中止，才能得到对服务器的判断")],
    confirm: "{command}",
    labels: &[],
    follows: &[],
    explain: explain!("interrupted-by-user"),
    examine: |evidence| {
        let is_complete = evidence.framing_is_complete() && evidence.content_is_whole();
        (evidence.how == Some(How::Cancelled) && !is_complete).then(Found::certain)
    },
}];

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        code: "stream-ignored",
        class: Class::StreamError,
        severity: Severity::Error,
        at_fault: AtFault::Relay,
        retryable: false,
        title: text("a stream was asked for, a plain answer came", "请求的是流，来的却是普通回答"),
        summary: text(
            "The answer is complete and is printed. SDKs that iterate over a stream find no event in it and return nothing, without an error.",
            "回答是完整的，已输出。按流迭代的 SDK 在其中找不到事件，会悄无声息地返回空。",
        ),
        advice: &[
            text("use --no-stream here", "在这里使用 --no-stream"),
            text("to the operator: the relay or model drops «stream»: true", "给运维：中转或模型丢掉了 \"stream\": true"),
        ],
        confirm: "{command} --no-stream",
        labels: &[("body", text("JSON, not an event", "是 JSON，不是事件"))],
        follows: &["other-api-shape", "text-before-json", "no-choices", "empty-answer"],
        explain: explain!("stream-ignored"),
        examine: |evidence| {
            let is_answer = evidence.document.is_some() && evidence.is_success() && evidence.error.is_none();
            let has_choices = evidence.reply.as_ref().is_some_and(|reply| reply.choices.is_some());
            // Gemini's stream may be one array.
            let is_array = evidence.document.as_ref().is_some_and(Value::is_array);
            (evidence.asked().stream && is_answer && has_choices && !is_array).then(|| at_body(Found::certain(), evidence, "body"))
        },
    },
    Entry {
        code: "stream-unasked",
        class: Class::StreamError,
        severity: Severity::Error,
        at_fault: AtFault::Relay,
        retryable: false,
        title: text("a plain answer was asked for, a stream came", "请求的是普通回答，来的却是流"),
        summary: text(
            "The answer is printed. Clients that parse one JSON fail with «Unexpected token 'd'» or «Expecting value: line 1 column 1».",
            "回答已输出。按单个 JSON 解析的客户端会报「Unexpected token 'd'」或「Expecting value: line 1 column 1」。",
        ),
        advice: &[
            text("use --stream here", "在这里使用 --stream"),
            text("to the operator: the relay forces streams on this channel", "给运维：中转在此渠道强制使用流"),
        ],
        confirm: "{command} --stream",
        labels: &[("body", text("an event, not JSON", "是事件，不是 JSON"))],
        follows: &["other-api-shape"],
        explain: explain!("stream-unasked"),
        examine: |evidence| {
            let is_stream = evidence.stream().is_some_and(|stream| stream.events > 0) && evidence.is_success();
            // ollama streams unless it is told not to; Gemini is told by the path.
            let is_by_path = || matches!(Shape::asked_at(&evidence.asked().url), Shape::OllamaChat | Shape::GeminiContent);
            (!evidence.asked().stream && is_stream && !is_by_path()).then(|| at_body(Found::certain(), evidence, "body"))
        },
    },
    Entry {
        code: "malformed-event",
        class: Class::StreamError,
        severity: Severity::Error,
        at_fault: AtFault::Relay,
        retryable: true,
        title: text("an event of the stream is not JSON: «{event}»", "流中有一个事件不是 JSON：「{event}」"),
        summary: text(
            "SDKs stop here with a JSON error, or skip the event and lose its text.",
            "SDK 会在此因 JSON 错误中止，或跳过该事件而丢失文本。",
        ),
        advice: &[
            text("use --no-stream", "改用 --no-stream"),
            text(
                "to the operator: two writers on one stream, or an error text written as an event",
                "给运维：两个写入者共用一个流，或把错误文本当作事件写出",
            ),
        ],
        confirm: "{command} --no-stream",
        labels: &[("event", text("not a chunk", "不是数据块"))],
        follows: &[
            "malformed-chunk",
            "body-altered",
            "conflicting-content-lengths",
            "length-and-chunked",
            "relay-wrote-more-than-declared",
        ],
        explain: explain!("malformed-event"),
        examine: |evidence| {
            let malformed = evidence.stream()?.malformed.as_ref()?;
            Some(Found::certain().value("event", super::excerpt(&malformed.excerpt)).mark_if("event", malformed.place.clone()))
        },
    },
    Entry {
        code: "json-malformed",
        class: Class::UpstreamError,
        severity: Severity::Error,
        at_fault: AtFault::Server,
        retryable: true,
        title: text("the JSON is broken at byte {at}: {reason}", "JSON 在第 {at} 字节处损坏：{reason}"),
        summary: text(
            "The body is complete for HTTP and closed as JSON, and yet it does not parse.",
            "对 HTTP 而言响应体完整，作为 JSON 也已闭合，却无法解析。",
        ),
        advice: &[
            text(
                "a retry may succeed; if it breaks at the same place, the sender writes bad JSON",
                "重试可能成功；若总在同一处损坏，就是发送方写出了错误的 JSON",
            ),
            text("use --stream: each event is a JSON of its own", "改用 --stream：每个事件都是独立的 JSON"),
        ],
        confirm: "{command} -v --record evidence.jsonl",
        labels: &[("fault", text("the parser stops here", "解析器停在这里"))],
        follows: &[
            "body-altered",
            "relay-wrote-more-than-declared",
            "error-after-cut-body",
            "chunk-framing-in-content",
            "malformed-chunk",
            "conflicting-content-lengths",
            "length-and-chunked",
            "body-longer-than-declared",
        ],
        explain: explain!("json-malformed"),
        examine: json_malformed,
    },
    Entry {
        code: "other-json",
        class: Class::NotAnApi,
        severity: Severity::Error,
        at_fault: AtFault::Client,
        retryable: false,
        title: text("JSON, but no chat completion ({status})", "是 JSON，但不是聊天回答（{status}）"),
        summary: text(
            "There is neither «choices» nor an error in it. It begins: «{begins}»",
            "其中既没有 choices 也没有错误。开头是：「{begins}」",
        ),
        advice: &[text(
            "check the base URL and path: another service, or another API of this provider (its native one), answers there",
            "检查 base URL 和路径：那里是别的服务，或该服务商的另一种（原生）API",
        )],
        confirm: "{command} -v",
        labels: &[("body", text("not a chat completion", "不是聊天回答"))],
        follows: &[],
        explain: explain!("other-json"),
        examine: other_json,
    },
    Entry {
        code: "other-api-shape",
        class: Class::NotAnApi,
        severity: Severity::Error,
        at_fault: AtFault::Client,
        retryable: false,
        title: text("an answer in the shape of {api}, where {asked} was asked for", "请求的是 {asked}，来的却是 {api} 格式的回答"),
        summary: text(
            "A model answered, and was billed, but no client of {asked} can read this: it finds no text in it, or fails with a missing key.",
            "模型已经回答并计费，但 {asked} 的客户端读不懂：要么读不到文本，要么因缺少键而失败。",
        ),
        advice: &[
            text(
                "use the path that is compatible with OpenAI: /v1/chat/completions at Anthropic, ollama and vLLM, /v1beta/openai/chat/completions at Gemini",
                "使用与 OpenAI 兼容的路径：Anthropic、ollama、vLLM 为 /v1/chat/completions，Gemini 为 /v1beta/openai/chat/completions",
            ),
            text("or use a client that speaks {api}", "或改用支持 {api} 的客户端"),
            text(
                "to the operator: the relay passed its upstream's answer on without converting it; check the type of the channel",
                "给运维：中转没有转换就透传了上游的回答；检查渠道类型",
            ),
        ],
        confirm: "{command} -v",
        labels: &[("body", text("not the shape that was asked for", "不是所请求的格式"))],
        follows: &[],
        explain: explain!("other-api-shape"),
        examine: other_api_shape,
    },
    Entry {
        code: "events-misframed",
        class: Class::StreamError,
        severity: Severity::Error,
        at_fault: AtFault::Relay,
        retryable: false,
        title: text("the events of the stream are not framed as events: {what}", "流中的事件没有按事件格式分隔：{what}"),
        summary: text(
            "Each line is a whole chunk, but an event ends with an empty line and its data stands behind «data:». SDKs join all lines into one and fail with a JSON error, or see no event at all.",
            "每一行都是完整的分块，但事件要以空行结束，数据要写在「data:」之后。SDK 会把所有行连成一个而报 JSON 错误，或一个事件也看不到。",
        ),
        advice: &[
            text("use --no-stream", "改用 --no-stream"),
            text(
                "to the operator: write «data: », the JSON and two line ends; line-by-line relays and proxies that drop empty lines leave this",
                "给运维：写出「data: 」、JSON 和两个换行；按行转发的中转、会删除空行的代理常留下这种结果",
            ),
        ],
        confirm: "{command} --no-stream",
        labels: &[("events", text("several events in one", "多个事件挤在一起"))],
        follows: &["other-api-shape"],
        explain: explain!("events-misframed"),
        examine: events_misframed,
    },
];

fn at_body(found: Found, evidence: &Evidence<'_>, key: &'static str) -> Found {
    let start = evidence.response().map(|response| response.body.start);
    found.mark_if(key, start.filter(|_| evidence.framing() != Framing::Chunked).map(|start| start..start + 1))
}

fn other_api_shape(evidence: &Evidence<'_>) -> Option<Found> {
    let answered = evidence.reply.as_ref().and_then(|reply| reply.shape).filter(|_| evidence.is_success() && evidence.error.is_none())?;
    // A body alone does not say what was asked for.
    let asked = Some(&evidence.asked().url).filter(|url| !url.is_empty()).map(|url| Shape::asked_at(url))?;
    let found = || Found::certain().value("api", answered.name()).value("asked", asked.name());
    (answered != asked).then(|| at_body(found(), evidence, "body"))
}

fn events_misframed(evidence: &Evidence<'_>) -> Option<Found> {
    let stream = evidence.stream()?;
    let (key, words) = match () {
        () if stream.unseparated > 0 => ("no-empty-lines", text("no empty line separates them", "之间没有空行")),
        () if stream.is_of_lines() && stream.shape == Some(Shape::ChatCompletions) => {
            ("no-data-field", text("their lines lack «data:»", "各行缺少「data:」"))
        }
        () => return None,
    };
    Some(Found::certain().word("what", key, words).mark_if("events", stream.unseparated_place.clone()))
}

fn json_malformed(evidence: &Evidence<'_>) -> Option<Found> {
    let content = evidence.content()?;
    let is_answer = evidence.error.is_some() || evidence.reply.as_ref().is_some_and(|reply| reply.choices.is_some());
    let trailing = match &content.form {
        Form::Json(document) if is_answer => document.trailing().filter(|_| !super::entry_fires(evidence, &["body-altered"])),
        _ => None,
    };
    // Every parser stops at what follows the value; a surplus behind the declared length is told as that.
    let after = trailing.map(|at| SyntaxFault { at: at as usize, reason: "something follows the JSON".into() });
    let fault = evidence.syntax_fault.as_ref().or(after.as_ref())?;
    let is_wire = content.progress().is_none() && evidence.framing() != Framing::Chunked;
    let start = evidence.response()?.body.start + fault.at as u64;
    let found = Found::certain().value("at", fault.at).value("reason", super::excerpt(&fault.reason));
    Some(found.mark_if("fault", is_wire.then(|| start..start + 1)))
}

fn other_json(evidence: &Evidence<'_>) -> Option<Found> {
    if evidence.is_success() && is_stream_of_another_api(evidence) {
        return Some(at_body(Found::certain().value("begins", super::excerpt(&first_line(evidence))), evidence, "body"));
    }
    if evidence.is_success() && evidence.is_json_scalar() {
        let text = super::excerpt(&super::pages::beginning(evidence));
        return Some(at_body(Found::certain().value("begins", text), evidence, "body"));
    }
    evidence.document.as_ref()?;
    let has_choices = evidence.reply.as_ref().is_some_and(|reply| reply.choices.is_some());
    if !evidence.is_success() || has_choices || evidence.error.is_some() || has_null_choices(evidence) {
        return None;
    }
    let text = String::from_utf8_lossy(evidence.content()?.document()?).chars().take(120).collect::<String>();
    Some(at_body(Found::certain().value("begins", super::excerpt(&text)), evidence, "body"))
}

/// Events, all of them JSON, and not one of a chat completion: a provider's native stream.
pub(super) fn is_stream_of_another_api(evidence: &Evidence<'_>) -> bool {
    let is_other =
        |stream: &Stream| stream.events > stream.done && stream.chunks == 0 && stream.error.is_none() && stream.malformed.is_none();
    evidence.stream().is_some_and(is_other) && evidence.error.is_none()
}

fn first_line(evidence: &Evidence<'_>) -> String {
    let start = evidence.response().map_or(0, |response| response.body.start);
    String::from_utf8_lossy(evidence.transcript.received.slice(start..start + 120).1).into_owned()
}

/// `"choices": null` is an answer without content, not another API.
pub(super) fn has_null_choices(evidence: &Evidence<'_>) -> bool {
    evidence.document.as_ref().and_then(|document| document.get("choices")).is_some_and(|choices| choices.is_null())
}

/// A complete answer with content: what healthy means when nothing else was found.
pub(super) fn is_answered(evidence: &Evidence<'_>) -> bool {
    // A plain answer that is too large to be parsed is followed to its end all the same.
    let is_large = matches!(evidence.content().map(|content| &content.form), Some(Form::Json(document)) if document.is_cut_off);
    let has_content = evidence.reply.as_ref().is_some_and(|reply| reply.has_content() || reply.finish_reason.is_some());
    let ended_well = evidence.framing_is_complete() || evidence.framing() == Framing::Close;
    evidence.is_success() && evidence.content_is_whole() && ended_well && (has_content || is_large)
}
