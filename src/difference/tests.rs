use super::*;
use crate::exchange::recording::{Asked, Event, Kind};
use crate::wire::reader::Reader;
use crate::wire::transcript::Transcript;

/// A transcript of pieces, each with its time in milliseconds.
fn transcript(pieces: &[(u64, &[u8])]) -> Transcript {
    let mut reader = Reader::new(Asked::default());
    for (at, bytes) in pieces {
        reader.hear(&Event { at: at * 1000, connection: 0, kind: Kind::Received((*bytes).into()) });
        reader.take_fresh_text();
    }
    reader.finish()
}

fn between(a: &Transcript, b: &Transcript) -> Difference {
    Difference::between(&Evidence::gather(a), &Evidence::gather(b))
}

/// The changes of two responses as `part name: a -> b`.
fn changes(a: impl AsRef<[u8]>, b: impl AsRef<[u8]>) -> Vec<String> {
    let (a, b) = (transcript(&[(1, a.as_ref())]), transcript(&[(1, b.as_ref())]));
    told(&between(&a, &b))
}

fn told(difference: &Difference) -> Vec<String> {
    let side = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".into());
    let tell = |change: &Change| {
        let part = serde_json::to_value(change.part).unwrap();
        format!("{} {}: {} -> {}", part.as_str().unwrap(), change.name, side(&change.a), side(&change.b))
    };
    difference.changes().iter().map(tell).collect()
}

fn plain(fields: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{fields}Content-Length: {}\r\n\r\n{body}", body.len())
}

fn stream(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n{body}")
}

fn answer(id: &str, text: &str) -> String {
    format!(
        r#"{{"id":"{id}","object":"chat.completion","created":1,"model":"m","choices":[{{"index":0,"message":{{"role":"assistant","content":"{text}"}},"finish_reason":"stop"}}],"usage":{{"prompt_tokens":1}}}}"#
    )
}

fn delta(text: &str) -> String {
    format!(
        "data: {{\"object\":\"chat.completion.chunk\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}},\"finish_reason\":null}}]}}\n\n"
    )
}

const END: &str =
    "data: {\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

#[test]
fn another_answer_of_the_same_shape_is_no_difference() {
    let volatile = |n: u32| {
        format!(
            "Date: {n}\r\nx-request-id: {n}\r\nCF-Ray: {n}\r\nSet-Cookie: a={n}\r\nopenai-processing-ms: {n}\r\nx-ratelimit-remaining-tokens: {n}\r\nx-ratelimit-limit-tokens: 9\r\n"
        )
    };
    let (a, b) = (plain(&volatile(1), &answer("a", "hi")), plain(&volatile(22), &answer("bb", "good morning, 你好")));
    assert_eq!(changes(a, b), Vec::<String>::new());
}

#[test]
fn a_volatile_field_counts_where_one_side_lacks_it() {
    let (a, b) = (plain("x-request-id: 1\r\n", "{}"), plain("x-ratelimit-limit-tokens: 9\r\n", "{}"));
    assert_eq!(changes(&a, &b), ["field x-request-id: 1 -> -", "field x-ratelimit-limit-tokens: - -> 9"]);
    let b = plain("X-Request-ID: 2\r\n", "{}");
    assert_eq!(changes(a, b), ["field (case): x-request-id -> X-Request-ID"]);
}

#[test]
fn framing_and_coding_count_and_a_length_only_where_the_bodies_are_the_same() {
    let chunked = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n";
    assert_eq!(changes(plain("", "{}"), chunked), ["framing framing: Content-Length: 2 -> Transfer-Encoding: chunked"]);
    assert_eq!(changes(plain("", "{}"), plain("", "{ }")), Vec::<String>::new());
    let wrong = plain("", "{}").replace("Length: 2", "Length: 3");
    assert_eq!(changes(plain("", "{}"), wrong), ["framing framing: Content-Length: 2 -> Content-Length: 3"]);
    let (a, b) = (transcript(&[(1, plain("", "{}").as_bytes())]), transcript(&[(1, chunked.as_bytes())]));
    assert!(between(&a, &b).bodies_are_equal);
    let cut = plain("", "{\"id\":1}").replace("1}", "");
    assert_eq!(changes(plain("", "{\"id\":1}"), cut), ["end body: complete -> cut"]);
    let labelled = plain("Content-Encoding: gzip\r\n", "{}");
    assert_eq!(changes(plain("", "{}"), labelled), ["coding content-encoding: - -> gzip"]);
}

#[test]
fn what_others_exported_is_not_taken_for_the_wire() {
    use crate::exchange::source::{Lost, Source};
    let exported = |bytes: &str| {
        let mut reader = Reader::new(Asked { source: Source::Har, lost: Lost::ALL_BUT_CONTENT, ..Asked::default() });
        reader.hear(&Event { at: 0, connection: 0, kind: Kind::Received(bytes.as_bytes().into()) });
        reader.finish()
    };
    let har = exported("HTTP/2 200\r\ncontent-type: application/json\r\ncontent-encoding: br\r\n\r\n{}");
    let wire = transcript(&[(1, plain("Content-Encoding: br\r\n", "{}").as_bytes())]);
    assert_eq!(told(&between(&har, &wire)), Vec::<String>::new());
    let refused = exported("HTTP/2 429\r\ncontent-type: application/json\r\n\r\n{}");
    assert_eq!(told(&between(&refused, &wire)), ["status status: 429 -> 200", "coding content-encoding: - -> br"]);
}

#[test]
fn paths_types_order_and_constants_of_the_json_are_compared() {
    let one = r#"{"id":"a","object":"chat.completion","model":"m","choices":[{"message":{"content":"x","refusal":null}}]}"#;
    let other =
        r#"{"id":7,"model":"n","object":"chat.completion","choices":[{"message":{"content":null},"logprobs":{"a":{"b":1}}}],"x":[]}"#;
    assert_eq!(
        changes(plain("", one), plain("", other)),
        [
            "body-shape choices[].message.content: string -> null",
            "body-shape choices[].message.refusal: null -> -",
            "body-shape choices[].logprobs: - -> object",
            "body-shape x: - -> array",
            "body-shape (order): id, object, model, choices -> id, model, object, choices",
            "body-value model: m -> n",
        ]
    );
    // What an empty array would hold, nobody knows.
    assert_eq!(changes(plain("", r#"{"a":[]}"#), plain("", r#"{"a":[{"b":1}]}"#)), Vec::<String>::new());
}

#[test]
fn a_serialiser_shows_by_its_blanks_escapes_and_last_line_feed() {
    let (a, b) = (plain("", "{\"a\":\"你好\",\"b\":1}"), plain("", " {\"a\": \"\\u4f60\\u597d, x\", \"b\": 2}\n"));
    assert_eq!(
        changes(a, b),
        [
            "body-shape (spacing): compact -> spaced",
            "body-shape (letters): raw -> escaped",
            "body-shape (before): - -> blanks",
            "body-shape (after): - -> line-feed",
        ]
    );
}

#[test]
fn streams_of_other_words_are_the_same_and_of_other_events_are_not() {
    let (a, b) = (format!("{}{END}", delta("x")), format!("{}{}{}{END}", delta("y"), delta("z"), delta("你")));
    assert_eq!(changes(stream(&a), stream(&b)), Vec::<String>::new());
    let rewritten = b.replace("[DONE]\n\n", "").replace("data: \n", "").replace("data: {", ": ping\r\n\r\ndata:{").replace("\":", "\": ");
    assert_eq!(
        changes(stream(&a), stream(rewritten.trim_end_matches("data: "))),
        [
            "stream-shape (events): {content} {}+finish [DONE] -> {content} {}+finish",
            "stream-shape (spacing): compact -> mixed",
            "stream-shape (line ends): LF -> CRLF",
            "stream-shape (data): data: … -> data:…",
            "stream-shape (comments): - -> comments",
        ]
    );
}

#[test]
fn a_stream_that_is_cut_lacks_nothing_that_would_have_come_later() {
    let whole = format!("{}{END}", delta("x"));
    assert_eq!(changes(stream(&whole), stream(&delta("y"))), Vec::<String>::new());
    assert_eq!(changes(stream(&delta("y")), stream(&whole)), Vec::<String>::new());
    assert_eq!(changes(plain("", &answer("a", "x")), plain("", "{\"id\":\"a\",\"obj")), Vec::<String>::new());
}

#[test]
fn a_stream_that_was_gathered_is_told_from_one_that_came_as_it_was_made() {
    let head = stream("");
    let events = [delta("a"), delta("b"), delta("c"), END.to_string()];
    let joined = format!("{head}{}", events.concat());
    let one_by_one: Vec<(u64, &[u8])> = [head.as_bytes()]
        .into_iter()
        .chain(events.iter().map(String::as_bytes))
        .enumerate()
        .map(|(n, bytes)| (n as u64 * 100, bytes))
        .collect();
    let (spread, gathered) = (transcript(&one_by_one), transcript(&[(500, joined.as_bytes())]));
    let difference = between(&spread, &gathered);
    assert_eq!(told(&difference), ["stream-shape (arrival): one-by-one -> at-once"]);
    assert!(difference.bodies_are_equal);
    // A server that has all of it at once has gathered nothing.
    let quick = transcript(&[(2, joined.as_bytes())]);
    assert!(between(&spread, &quick).is_empty());
}

#[test]
fn another_kind_of_body_another_status_and_no_response_are_each_one_change() {
    let page = "HTTP/1.1 502 Bad Gateway\r\nContent-Type: application/json\r\nContent-Length: 6\r\n\r\n<html>";
    assert_eq!(
        changes(plain("", &answer("a", "x")), page),
        ["status line: HTTP/1.1 200 OK -> HTTP/1.1 502 Bad Gateway", "body-shape (kind): json -> markup"]
    );
    let error = plain("", r#"{"error":{"message":"m","type":"t","code":null}}"#);
    assert_eq!(changes(plain("", &answer("a", "x")), error), ["body-shape (kind): json -> json-error"]);
    assert_eq!(changes(plain("", "{}"), ""), ["status line: HTTP/1.1 200 OK -> -"]);
    assert!(between(&transcript(&[]), &transcript(&[])).is_empty());
}

#[test]
fn what_no_one_would_read_is_counted_and_deep_or_huge_json_does_no_harm() {
    let many = |n: usize| format!("{{{}}}", (0..n).map(|n| format!("\"k{n}\":1")).collect::<Vec<_>>().join(","));
    let (a, b) = (transcript(&[(1, plain("", "{}").as_bytes())]), transcript(&[(1, plain("", &many(100)).as_bytes())]));
    let difference = between(&a, &b);
    assert_eq!((difference.changes().len(), difference.left_out), (60, 40));
    let deep = |n: usize| "[".repeat(n) + &"]".repeat(n);
    assert_eq!(changes(plain("", &deep(5000)), plain("", &deep(9000))), Vec::<String>::new());
    assert!(changes(plain("", &many(20_000)), plain("", &many(20_001))).is_empty());
}

#[test]
fn of_a_compressed_stream_in_chunks_the_events_are_compared() {
    use std::io::Write as _;
    let text = format!("{}{END}", delta("x"));
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.replace(",\"finish_reason\":null", "").as_bytes()).unwrap();
    let coded = encoder.finish().unwrap();
    let mut b =
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    b.extend(format!("{:x}\r\n", coded.len()).bytes());
    b.extend(coded);
    b.extend(b"\r\n0\r\n\r\n");
    assert_eq!(
        changes(stream(&text), b),
        [
            "framing framing: close -> Transfer-Encoding: chunked",
            "coding content-encoding: - -> gzip",
            "stream-shape choices[].finish_reason: null | string -> string",
        ]
    );
}

#[test]
fn damaged_bytes_do_no_harm_and_which_side_they_stand_on_does_not_matter() {
    let mut random = fastrand::Rng::with_seed(7);
    let bases = [
        plain("x-request-id: 1\r\n", &answer("a", "你好")),
        stream(&format!("{}{END}", delta("x"))),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{\"a.b\":[\r\n8\r\n{\"\":1}]}\r\n0\r\n\r\n".to_string(),
    ];
    for round in 0..3000 {
        let base = &bases[round % bases.len()];
        let mut damaged = base.clone().into_bytes();
        for _ in 0..random.usize(1..6) {
            let at = random.usize(0..damaged.len());
            match random.u8(0..4) {
                0 => damaged[at] = random.u8(..),
                1 if damaged.len() > 1 => drop(damaged.remove(at)),
                2 => damaged.insert(at, b"{}[],:.\"\\\r\n"[random.usize(0..11)]),
                _ => damaged.truncate(at.max(1)),
            }
        }
        let (a, b) = (transcript(&[(1, base.as_bytes())]), transcript(&[(1, &damaged)]));
        let (forth, back) = (between(&a, &b), between(&b, &a));
        assert_eq!(forth.changes().len(), back.changes().len(), "{}", String::from_utf8_lossy(&damaged));
        serde_json::to_string(&forth).unwrap();
    }
}
