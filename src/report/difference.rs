//! What differs between two exchanges, printed as a diff of head and body, with a sentence where a change means something for certain.

use colored::Colorize as _;

use super::human::Style;
use super::sanitize;
use crate::difference::{Change, Difference, Part};
use crate::lang::{Lang, Text, text};

const NOTHING: Text = text("nothing differs but what does from request to request", "除每次请求都会变化的内容外，没有差异");
const BODIES_EQUAL: Text = text("the bodies are the same byte for byte", "响应体逐字节相同");
const LEFT_OUT: Text = text("and {n} more", "另有 {n} 处");
const PARTIAL: Text = text("of the longer body only the beginning was compared", "较长的响应体只比较了开头部分");
const ADDED: Text = text("fields only in {side}: {fields}", "只有“{side}”中有这些字段：{fields}");

const ENDS_WITH_CONNECTION: Text = text("until the connection ends", "直到连接结束");
const NO_BODY: Text = text("no body", "无响应体");

/// The lines of the diff; `names` are those of its sides. What is the same takes one line.
pub fn lines(difference: &Difference, names: (&str, &str), style: Style) -> Vec<String> {
    let lang = style.lang;
    let mut lines = Vec::new();
    if difference.is_empty() {
        lines.push(NOTHING.get(lang).to_string());
    } else {
        lines.push(sanitize::for_line(&format!("--- {}", names.0)).red().to_string());
        lines.push(sanitize::for_line(&format!("+++ {}", names.1)).green().to_string());
    }
    let mut changes = difference.changes().iter().peekable();
    while let Some(change) = changes.next() {
        let line = |value: &String| sanitize::for_line(&shown(change, value, lang)).into_owned();
        lines.extend(change.a.as_ref().map(|value| format!("- {}", line(value)).red().to_string()));
        lines.extend(change.b.as_ref().map(|value| format!("+ {}", line(value)).green().to_string()));
        // What several in a row mean is said once.
        let next = changes.peek().and_then(|next| meaning(next));
        lines.extend(meaning(change).filter(|words| Some(*words) != next).map(|words| {
            let say = words.fill(lang, |slot| Some(if slot == "a" { names.0 } else { names.1 }.to_string()));
            format!("  {} {}", "=".blue().bold(), sanitize::for_line(&say))
        }));
    }
    let mut notes = Vec::new();
    if difference.left_out > 0 {
        notes.push(LEFT_OUT.fill(lang, |_| Some(difference.left_out.to_string())));
    }
    notes.extend(only_in(difference, names, lang));
    if difference.bodies_are_equal {
        notes.push(BODIES_EQUAL.get(lang).to_string());
    }
    if difference.is_partial {
        notes.push(PARTIAL.get(lang).to_string());
    }
    lines.extend(notes.iter().map(|note| format!("  {} {}", "=".blue().bold(), sanitize::for_line(note))));
    lines
}

/// The fields that one side alone has.
fn only_in(difference: &Difference, names: (&str, &str), lang: Lang) -> Vec<String> {
    let of = |is_there: fn(&Change) -> bool, side: &str| {
        let fields = difference.changes().iter().filter(|change| change.part == Part::Field && is_there(change));
        let fields: Vec<&str> = fields.map(|change| change.name.as_str()).collect();
        let say =
            |slot: &str| Some(if slot == "side" { side.to_string() } else { fields.join(if lang == Lang::Zh { "、" } else { ", " }) });
        (!fields.is_empty()).then(|| ADDED.fill(lang, say))
    };
    let sides = [of(|change| change.b.is_none(), names.0), of(|change| change.a.is_none(), names.1)];
    sides.into_iter().flatten().collect()
}

/// A side of a change as it stood in the response, or as it is called.
fn shown(change: &Change, value: &str, lang: Lang) -> String {
    let named = |name: &str| format!("{name}{} {value}", if lang == Lang::Zh { "：" } else { ":" }).replace("： ", "：");
    match (change.part, change.name.as_str()) {
        (Part::Status, "status") => format!("HTTP {value}"),
        (Part::Status, _) => value.to_string(),
        (Part::Field, "(case)") => value.to_string(),
        (Part::Field, name) => format!("{name}: {value}"),
        (Part::Framing, _) => match value {
            "close" => ENDS_WITH_CONNECTION.get(lang).to_string(),
            "none" => NO_BODY.get(lang).to_string(),
            _ => value.to_string(),
        },
        (Part::Coding, "content-encoding") => format!("Content-Encoding: {value}"),
        (_, name) => match label(change.part, name) {
            Some(words) => named(words.get(lang)),
            None => format!("{name}: {value}"),
        },
    }
}

/// What is compared, where it is no field and no path.
fn label(part: Part, name: &str) -> Option<Text> {
    Some(match (part, name) {
        (Part::Coding, _) => text("coding of the bytes", "实际编码"),
        (Part::End, "body") => text("body came", "响应体完整性"),
        (Part::End, _) => text("end of the connection", "连接结束方式"),
        (Part::Tls, "issuer") => text("certificate issued by", "证书签发者"),
        (Part::Tls, "subject") => text("certificate of", "证书主体"),
        (Part::Tls, _) => text("TLS version", "TLS 版本"),
        (_, "(kind)") => text("body", "响应体"),
        (_, "(order)") => text("order of the keys", "键的顺序"),
        (_, "(spacing)") => text("JSON is written", "JSON 排版"),
        (_, "(letters)") => text("letters beyond ASCII", "非 ASCII 字符"),
        (_, "(before)") => text("before the JSON", "JSON 之前"),
        (_, "(after)") => text("after the JSON", "JSON 之后"),
        (_, "(form)") => text("form of the stream", "流的格式"),
        (_, "(events)") => text("events", "事件"),
        (_, "(arrival)") => text("events came", "事件到达方式"),
        (_, "(line ends)") => text("line ends", "行尾"),
        (_, "(data)") => text("data lines", "data 行"),
        (_, "(comments)") => text("between the events", "事件之间"),
        _ => return None,
    })
}

/// What a change means, where that is a fact. Slots: the names of the sides.
fn meaning(change: &Change) -> Option<Text> {
    let (a, b) = (change.a.as_deref(), change.b.as_deref());
    let is_chunked = |side: Option<&str>| side.is_some_and(|side| side.starts_with("Transfer-Encoding"));
    let has_length = |side: Option<&str>| side.is_some_and(|side| side.starts_with("Content-Length"));
    let is_identity = |side: Option<&str>| side.is_none_or(|side| side == "identity");
    Some(match (change.part, change.name.as_str()) {
        (Part::Status, "line") if a.and_then(version) != b.and_then(version) && a.is_some() && b.is_some() => {
            text("{a} and {b} speak different versions of HTTP", "{a}与{b}使用不同的 HTTP 版本")
        }
        (Part::Field, "(case)") => text(
            "the names of fields are written in another case: another program wrote the head",
            "字段名大小写不同：响应头由另一个程序写出",
        ),
        (Part::Field, name) if name.eq_ignore_ascii_case("server") && a.is_some() && b.is_some() => {
            text("another server program answered", "作答的是另一个服务器程序")
        }
        (Part::Field, name) if name.eq_ignore_ascii_case("via") && a.is_none() => {
            text("{b} came through a proxy that says so", "{b}经过了一个自报身份的代理")
        }
        (Part::Framing, _) if has_length(a) && is_chunked(b) || is_chunked(a) && has_length(b) => text(
            "the body was re-framed: one declares its length, the other sends chunks",
            "响应体的分帧方式变了：一方声明长度，另一方分块发送",
        ),
        (Part::Framing, _) if has_length(a) && has_length(b) => {
            text("the bodies are the same, the declared lengths are not", "响应体相同，声明长度却不同")
        }
        (Part::Framing, _) => text("the body's end is told in another way", "响应体的结尾以另一种方式表示"),
        (Part::Coding, _) if is_identity(a) && !is_identity(b) => text("compressed only in {b}", "只有“{b}”是压缩的"),
        (Part::Coding, _) if !is_identity(a) && is_identity(b) => text("compressed only in {a}", "只有“{a}”是压缩的"),
        (Part::Coding, _) => text("compressed in another way", "压缩方式不同"),
        (Part::Tls, "issuer") => text(
            "the server certificate has another issuer: another server, or somebody in between who reads along",
            "服务器证书由另一个机构签发：是另一台服务器，或中间有人能读到内容",
        ),
        (_, "(spacing)" | "(letters)") => {
            text("the JSON was not written by the same serialiser with the same settings", "JSON 不是由同一序列化器以相同设置写出的")
        }
        (_, "(arrival)") if b == Some("at-once") => {
            text("in {b} the stream was gathered into one piece", "在“{b}”中，流被攒成一整块才送达")
        }
        (_, "(arrival)") => text("in {a} the stream was gathered into one piece", "在“{a}”中，流被攒成一整块才送达"),
        (_, "(line ends)" | "(data)") => text("the stream's lines were written by another program", "流的各行由另一个程序写出"),
        (Part::BodyValue, "model") => text("the answer names another model", "回答中写的是另一个模型名"),
        _ => return None,
    })
}

fn version(line: &str) -> Option<&str> {
    line.split_whitespace().next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Evidence;
    use crate::exchange::recording::{Asked, Event, Kind};
    use crate::wire::reader::Reader;
    use crate::wire::transcript::Transcript;

    fn transcript(response: &str) -> Transcript {
        let mut reader = Reader::new(Asked::default());
        reader.hear(&Event { at: 0, connection: 0, kind: Kind::Received(response.as_bytes().into()) });
        reader.finish()
    }

    fn printed(a: &str, b: &str, lang: Lang) -> String {
        colored::control::set_override(false);
        let (a, b) = (transcript(a), transcript(b));
        let difference = Difference::between(&Evidence::gather(&a), &Evidence::gather(&b));
        lines(&difference, ("direct", "proxied"), Style { lang, width: None, verbose: false }).join("\n")
    }

    const PLAIN: &str = "HTTP/1.1 200 OK\r\nServer: a\r\nContent-Length: 7\r\n\r\n{\"a\":1}";
    const CHUNKED: &str =
        "HTTP/1.1 200 OK\r\nServer: a\r\nVia: 1.1 relay\u{1b}[31m\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"a\": 1}\r\n0\r\n\r\n";

    #[test]
    fn a_rewrite_is_shown_as_a_diff_with_what_it_means() {
        let expected = "--- direct\n+++ proxied\n+ Via: 1.1 relay␛[31m\n  = proxied came through a proxy that says so\n- Content-Length: 7\n\
            + Transfer-Encoding: chunked\n  = the body was re-framed: one declares its length, the other sends chunks\n\
            - JSON is written: compact\n+ JSON is written: spaced\n  = the JSON was not written by the same serialiser with the same settings\n  \
            = fields only in proxied: Via";
        assert_eq!(printed(PLAIN, CHUNKED, Lang::En), expected);
    }

    #[test]
    fn the_same_is_told_in_one_line_in_either_language() {
        assert_eq!(
            printed(PLAIN, PLAIN, Lang::En),
            "nothing differs but what does from request to request\n  = the bodies are the same byte for byte"
        );
        assert!(printed(PLAIN, PLAIN, Lang::Zh).contains("响应体逐字节相同"));
        let chinese = printed(PLAIN, CHUNKED, Lang::Zh);
        assert!(chinese.contains("响应体的分帧方式变了") && chinese.contains("JSON 排版：spaced"), "{chinese}");
    }
}
