//! Words of the reports that are handed on: headings, names of facts, what the drawings say.

use crate::diagnosis::Severity;
use crate::lang::{Lang, Text, text};

pub const REPORT: Text = text("diagnosis of a chat request", "聊天请求的诊断报告");
pub const ADVICE: Text = text("What to do", "怎么办");
pub const PROOF: Text = text("The bytes that prove it", "作为证据的字节");
pub const LEDGER: Text = text("The ledger of bytes", "字节账目");
pub const TIMELINE: Text = text("When the bytes came", "字节何时到达");
pub const WITNESSES: Text = text("Witnesses of completeness", "完整性的各项证据");
pub const FINDINGS: Text = text("Other findings", "其他发现");
pub const ALTERNATIVES: Text = text("Other causes that would leave the same bytes", "会留下同样字节的其他原因");
pub const EXPERIMENT: Text = text("to decide, {experiment}", "要区分：{experiment}");
pub const PRODUCTS: Text = text("Products on the way", "途经的产品");
pub const SOURCE: Text = text("Evidence", "依据");
pub const CACHE: Text = text("Cache", "缓存");
pub const PARTS: Text = text("Parts", "分段");
pub const JOINED: Text = text("Joined", "拼接");
pub const FILE: Text = text("File", "文件");
pub const REQUEST: Text = text("Request, as sent", "请求（实发）");
pub const REQUEST_UNSENT: Text = text("Request, never sent", "请求（未发出）");
pub const RESPONSE: Text = text("Response head, as received", "响应头（实收）");
pub const BODY: Text = text("Response body, as received", "响应体（实收）");
pub const BODY_DECODED: Text = text("Response body, decoded", "响应体（解码后）");
pub const RECEIVED: Text = text("What was received", "收到的字节");
pub const SAID: Text = text("What was said", "所述文本");
pub const ROUTE: Text = text("Route", "路径");
pub const LIMITS: Text = text("Rate limits, as the response states them", "限流信息（响应所述）");
pub const ATTEMPTS: Text = text("Attempts", "各次尝试");
pub const AGAIN: Text = text("To ask the same again", "如何重现");
pub const CONTENTS: Text = text("Exchanges in this report", "本报告中的交换");

pub const CLASS: Text = text("Class", "类别");
pub const CODE: Text = text("Code", "代码");
pub const SEVERITY: Text = text("Severity", "严重程度");
pub const CONFIDENCE: Text = text("Confidence", "把握");
pub const WHO: Text = text("Who", "责任");
pub const RETRY: Text = text("Same request again", "原样重发");
pub const RETRY_HELPS: Text = text("may well succeed", "有可能成功");
pub const RETRY_IS_USELESS: Text = text("would fail the same way", "会同样失败");
pub const FACT: Text = text("Fact", "项目");
pub const VALUE: Text = text("Value", "数值");
pub const STAGE: Text = text("Stage", "阶段");
pub const AT: Text = text("Reached after", "到达时刻");
pub const TOOK: Text = text("Took", "用时");
pub const WITNESS: Text = text("Witness", "证据");
pub const SAYS: Text = text("Says", "表明");
pub const SPEAKS: Text = text("For the verdict", "对结论");
pub const FOR: Text = text("for", "支持");
pub const AGAINST: Text = text("against", "相反");
pub const COMPLETE: Text = text("complete", "完整");
pub const INCOMPLETE: Text = text("incomplete", "不完整");
pub const YES: Text = text("yes", "是");
pub const NO: Text = text("no", "否");
pub const FOLLOWS: Text = text("a consequence of {codes}", "由 {codes} 引起");

pub const DECLARED: Text = text("Declared", "声明长度");
pub const WIRE: Text = text("On the wire", "线上实收");
pub const MISSING: Text = text("Missing", "缺少字节");
pub const SURPLUS: Text = text("Surplus", "多余字节");
pub const CHUNKS: Text = text("Chunks", "分块");
pub const DECODED: Text = text("Decoded ({coding})", "解码后（{coding}）");
pub const CHARACTERS: Text = text("Characters", "字符");
pub const JSON: Text = text("JSON is closed", "JSON 已闭合");
pub const EVENTS: Text = text("Events", "事件");
pub const FINISH: Text = text("finish_reason", "finish_reason");
pub const DONE: Text = text("[DONE]", "[DONE]");
pub const PART: Text = text("Part of the answer", "收到的部分回答");
pub const PART_CHARACTERS: Text = text("{n} characters", "{n} 个字符");
pub const END: Text = text("Connection ended by", "连接结束方式");
pub const NOT_KEPT: Text = text("Counted, not kept", "已计数未保留");
pub const BYTES: Text = text("{n} bytes", "{n} 字节");
pub const EQUALS_DECLARED: Text = text("{n} = declared", "{n} = 声明长度");
pub const NONE: Text = text("none", "无");
pub const NOT_SEEN: Text = text("not seen", "未见");

pub const ENDPOINT: Text = text("Endpoint", "端点");
pub const ADDRESS: Text = text("Address", "地址");
pub const PROXY: Text = text("Proxy", "代理");
pub const TLS: Text = text("TLS", "TLS");
pub const SUBJECT: Text = text("Certificate for", "证书主体");
pub const ISSUER: Text = text("Issued by", "颁发者");
pub const VALID: Text = text("Valid", "有效期");
pub const MODEL: Text = text("Model asked for", "请求的模型");
pub const USAGE: Text = text("Usage", "用量");
pub const URL: Text = text("URL", "URL");

pub const ATTEMPT: Text = text("attempt {n}", "第 {n} 次");
pub const BY: Text = text("by: {remedy}", "办法：{remedy}");
pub const WAITED: Text = text("after a wait of {wait}", "等待 {wait} 后");
pub const EARLIER: Text = text("{n} earlier ones are not listed", "另有 {n} 次未列出");
pub const LEFT_OUT: Text = text("{n} exchanges are left out: the report would be too large", "{n} 次交换未收入：报告会过大");
pub const CUT: Text = text("… {n} bytes not shown …", "……{n} 字节未显示……");
pub const CUT_LINES: Text = text("… {n} more lines not shown", "……另有 {n} 行未显示");
pub const WITHHELD: Text = text(
    "The bytes of the response are not shown: the server sent the key back in a form that cannot be masked byte for byte.",
    "不显示响应的字节：服务器以无法逐字节遮盖的形式回传了 key。",
);
pub const PLACE: Text = text("offset {start} of the {side}", "{side}偏移 {start}");
pub const PLACES: Text = text("offsets {start} to {end} of the {side}", "{side}偏移 {start} 至 {end}");
pub const OF_REQUEST: Text = text("request", "请求");
pub const OF_RESPONSE: Text = text("response", "响应");
pub const OF_TEXT: Text = text("text", "文本");

pub const BY_LLMCHECK: Text = text("With llmcheck", "用 llmcheck");
pub const BY_CURL: Text = text("With curl", "用 curl");
pub const TO_CONFIRM: Text = text("To confirm the verdict", "确认结论");
pub const TO_EXPLAIN: Text = text("What the code means", "代码的含义");
pub const NO_REQUEST: Text = text("No request was sent: this only opens the connection.", "请求没有发出：此命令只建立连接。");
pub const BODY_FILE: Text = text(
    "The request body of {n} bytes is not printed here; save it as request-body.json first.",
    "{n} 字节的请求体未印在此处；请先存为 request-body.json。",
);
pub const NEEDS_VARIABLES: Text = text("Set {names} first; no key is in this report.", "请先设置 {names}；本报告不含 key。");
pub const CAUTION: Text = text(
    "Keys and cookies are masked. The prompt and parts of the answer are in this report: read it before you hand it on.",
    "key 与 cookie 已遮盖。报告含提示词与部分回答：转交前请先看一遍。",
);
pub const MADE: Text = text("Made by {tool} from an exchange that began at {started}.", "由 {tool} 根据 {started} 开始的交换生成。");

pub const TO_SCALE: Text = text("Drawn to scale.", "按比例绘制。");
pub const SHORTENED: Text = text("The bars are shortened at the break; what is small is drawn larger.", "断口处缩短；过小的部分已放大。");
pub const NO_LENGTH_CHUNKED: Text = text("no length; ends with an empty chunk", "无长度，以空块结束");
pub const NO_LENGTH_CLOSE: Text = text("no length; ends with the connection", "无长度，到连接关闭为止");
pub const NO_LENGTH: Text = text("no length", "无长度");
pub const WHOLE_AT: Text = text("the content is complete at byte {n}", "内容在第 {n} 字节完整");
pub const NEVER_WHOLE: Text = text("the content is not complete here", "内容到此仍不完整");
pub const LAST_CHUNK: Text = text("last chunk", "末块");
pub const NO_LAST_CHUNK: Text = text("no last chunk", "没有末块");
pub const CUMULATIVE: Text = text("bytes received so far, {n} in all", "累计收到字节，共 {n}");
pub const SILENCE: Text = text("longest silence {time}", "最长静默 {time}");
pub const SILENCE_AT_END: Text = text("silence until the end {time}", "直到结束的静默 {time}");
pub const NOTHING_CAME: Text = text("no byte of a response came", "没有收到任何响应字节");
pub const FIRST_TOKEN: Text = text("first token", "首个 token");

pub const THE_END: Text = text("end", "结束");

pub fn severity(severity: Severity) -> Text {
    match severity {
        Severity::Error => text("Error", "错误"),
        Severity::Warning => text("Warning", "警告"),
        Severity::Ok => text("OK", "正常"),
    }
}

/// The name of a witness in words.
pub fn witness(name: &str) -> Option<Text> {
    Some(match name {
        "declared-length" => text("declared length", "声明长度"),
        "last-chunk" => text("last chunk", "末块"),
        "end-of-connection" => text("end of the connection", "连接的结束"),
        "coding-trailer" => text("end of the content coding", "内容编码的结尾"),
        "json" => text("JSON", "JSON"),
        "finish-reason" => text("finish_reason", "finish_reason"),
        "done" => text("[DONE]", "[DONE]"),
        "content" => text("content of the answer", "回答的内容"),
        _ => return None,
    })
}

/// How many bytes.
pub fn bytes(n: u64, lang: Lang) -> String {
    BYTES.fill(lang, |_| Some(n.to_string()))
}
