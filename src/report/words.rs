//! Words of the page that belong to no single diagnosis.

use std::time::Duration;

use super::model::{CachedReport, SourceReport};
use crate::diagnosis::{AtFault, Confidence};
use crate::exchange::source::Source;
use crate::lang::{Lang, Text, text};

pub const LEDGER: Text = text("ledger:", "账目：");
pub const WHO: Text = text("who:", "责任：");
pub const WHAT: Text = text("what:", "经过：");
pub const HELP: Text = text("help:", "建议：");
pub const ALSO: Text = text("also:", "另有：");
pub const CONFIRM: Text = text("confirm:", "确认：");
pub const BUT: Text = text("but:", "但是：");
pub const SAY_COMPLETE: Text =
    text("complete by {witnesses}: who looks only there takes it for success", "{witnesses}显示完整：只看这些的会当作成功");
pub const FACTS: Text = text("facts:", "事实：");
pub const COMPLETE: Text = text("complete by {witnesses}", "{witnesses}显示完整");
pub const SAY_INCOMPLETE: Text = text("incomplete by {witnesses}", "{witnesses}显示不完整");
pub const OR: Text = text("or:", "或者：");
pub const VIA: Text = text("via:", "途经：");
pub const TIMER: Text = text("timer:", "计时：");
pub const AFTER_REQUEST: Text =
    text("{seconds} s after the request, the length of {owners}", "请求后 {seconds} 秒，正是这些计时器的长度：{owners}");
pub const AFTER_SILENCE: Text =
    text("{seconds} s after the last byte, the length of {owners}", "最后一个字节后 {seconds} 秒，正是这些计时器的长度：{owners}");
pub const SOURCE: Text = text("from:", "来源：");
pub const SAID: Text = text("says so", "这样说");
pub const ALTERNATIVE: Text =
    text("{code} ({confidence}): {title}; to decide, {experiment}", "{code}（{confidence}）：{title}；要区分：{experiment}");
pub const TRIED: Text = text("tried:", "尝试：");
pub const PARTS: Text = text("parts:", "分段：");
pub const JOINED: Text = text("joined:", "拼接：");
pub const MORE: Text = text("more:", "详情：");

pub const ERROR: Text = text("error", "错误");
pub const WARNING: Text = text("warning", "警告");
pub const OK: Text = text("ok", "正常");

pub const RESPONSE_FROM: Text = text("response from {host}", "{host} 的响应");
pub const REQUEST_TO: Text = text("request to {host}", "发往 {host} 的请求");
pub const ATTEMPT: Text = text("attempt {n}", "第 {n} 次");
pub const FROM_CACHE: Text = text("from the cache, {age} old", "来自缓存，{age} 前存入");
pub const FOLLOWS: Text = text("{code}, a consequence: {title}", "{code}，由此引起：{title}");
pub const BESIDE: Text = text("{code}: {title}", "{code}：{title}");

pub const DECLARED: Text = text("declared {n}", "声明长度 {n}");
pub const ON_THE_WIRE: Text = text("on the wire {n}", "线上实收 {n}");
pub const MISSING: Text = text("missing {n}", "缺少字节 {n}");
pub const SURPLUS: Text = text("surplus {n}", "多余字节 {n}");
pub const CHUNKS: Text = text("chunks {n}", "分块 {n}");
pub const DECODED: Text = text("decoded {n} ({coding})", "解码后 {n}（{coding}）");
pub const CHARACTERS: Text = text("characters {n}", "字符 {n}");
pub const EVENTS: Text = text("events {n}", "事件 {n}");
pub const EQUALS_DECLARED: Text = text(" = declared", " = 声明长度");
pub const ENDED: Text = text("ended by {end}", "结束方式 {end}");
pub const PART: Text = text("part of the answer {n} characters", "部分回答 {n} 个字符");
pub const NOT_KEPT: Text = text("not kept {n}", "未保留 {n}");
pub const NO_LENGTH: Text = text("no length declared", "未声明长度");

pub const LIMITS: Text = text("limits:", "限额：");
pub const LIMIT_COLUMNS: [Text; 4] = [text("what", "项目"), text("limit", "限额"), text("left", "剩余"), text("back in", "恢复时间")];

/// Known parts of a limit's name.
pub fn limit(name: &str) -> Option<Text> {
    Some(match name {
        "requests" => text("requests", "请求"),
        "tokens" => text("tokens", "token"),
        "input-tokens" => text("input tokens", "输入 token"),
        "output-tokens" => text("output tokens", "输出 token"),
        "project-tokens" => text("project tokens", "项目 token"),
        "retry" => text("next attempt", "下次尝试"),
        "second" => text("per second", "每秒"),
        "minute" => text("per minute", "每分钟"),
        "hour" => text("per hour", "每小时"),
        "day" => text("per day", "每天"),
        "month" => text("per month", "每月"),
        _ => return None,
    })
}

/// That the answer comes from the cache, and how old it is there.
pub fn cached(cached: &CachedReport, lang: Lang) -> String {
    FROM_CACHE.fill(lang, |_| Some(humantime::format_duration(Duration::from_secs(cached.age_seconds)).to_string()))
}

pub fn end(end: &str) -> Text {
    match end {
        "fin" => text("close (FIN)", "正常关闭（FIN）"),
        "reset" => text("reset (RST)", "重置（RST）"),
        "tls-close" => text("TLS close", "TLS 正常关闭"),
        "kept" => text("the message's own end, connection kept", "消息自身的结尾，连接保留"),
        "tls-cut" => text("TLS cut without close_notify", "TLS 断开，无 close_notify"),
        "idle" => text("silence", "静默"),
        "timeout" => text("our timeout", "我方超时"),
        "cancelled" => text("you", "用户中止"),
        _ => text("nothing seen", "未见结束"),
    }
}

pub fn at_fault(at_fault: AtFault) -> Text {
    match at_fault {
        AtFault::Client => text("the request or its settings, on your side", "请求或其设置，在你这一侧"),
        AtFault::Network => text("the network in between", "中间的网络"),
        AtFault::Provider => text("the model's provider", "模型服务商"),
        AtFault::Proxy => text("a proxy or gateway in between", "中间的代理或网关"),
        AtFault::Relay => text("the server or relay that wrote the response", "写出响应的服务器或中转"),
        AtFault::Server => text("the server that answered, or its upstream", "作答的服务器或其上游"),
        AtFault::Unknown => text("not known", "未知"),
    }
}

pub fn confidence(confidence: Confidence) -> Text {
    match confidence {
        Confidence::Certain => text("certain", "确定"),
        Confidence::Likely => text("likely", "很可能"),
        Confidence::Possible => text("possible", "可能"),
    }
}

/// Names of witnesses, joined.
pub fn witnesses(names: &[&str], lang: Lang) -> String {
    let name = |name: &&str| {
        let words = match *name {
            "declared-length" => text("the declared length", "声明长度"),
            "last-chunk" => text("the last chunk", "最后一个分块"),
            "end-of-connection" => text("the orderly end of the connection", "连接的正常结束"),
            "coding-trailer" => text("the coding's trailer", "编码的结尾"),
            "json" => text("the JSON", "JSON"),
            "finish-reason" => text("finish_reason", "finish_reason"),
            "done" => text("[DONE]", "[DONE]"),
            _ => text("the content", "内容"),
        };
        words.get(lang)
    };
    names.iter().map(name).collect::<Vec<_>>().join(if lang == Lang::Zh { "、" } else { ", " })
}

/// What the evidence is, and what it does not show.
pub fn source(source: &SourceReport, lang: Lang) -> String {
    let kind = match source.kind {
        Source::Recording => text("a recording", "记录"),
        Source::RawResponse => text("a raw response", "原始响应"),
        Source::CurlVerbose => text("the output of curl -v", "curl -v 的输出"),
        Source::CurlTrace => text("a curl trace", "curl 的 trace"),
        Source::Har => text("a HAR", "HAR 文件"),
        Source::Body => text("a body without its head", "没有响应头的响应体"),
        Source::Text => text("an error text", "错误文本"),
    };
    let lacks = source.lacks.iter().map(|lack| match *lack {
        "bytes" => text("the exchange itself", "交换本身"),
        "head" => text("the head", "响应头"),
        "body" => text("the body", "响应体"),
        "chunks" => text("chunk framing", "分块边界"),
        "coding" => text("the content coding", "内容编码"),
        "length" => text("the body's size on the wire", "响应体的线上大小"),
        "end" => text("how the connection ended", "连接如何结束"),
        _ => text("when the pieces arrived", "各段何时到达"),
    });
    let lacks: Vec<&str> = lacks.map(|lack| lack.get(lang)).collect();
    if lacks.is_empty() {
        return kind.get(lang).to_string();
    }
    SHOWS_NOT.fill(lang, |slot| match slot {
        "kind" => Some(kind.get(lang).to_string()),
        _ => Some(lacks.join(if lang == Lang::Zh { "、" } else { ", " })),
    })
}

const SHOWS_NOT: Text = text("{kind}; it does not show {lacks}", "{kind}；其中看不到：{lacks}");
