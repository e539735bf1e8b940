//! Of an answer that was cut, at whatever byte and in whatever form, the report holds what arrived of its text: no character less, and
//! none more. What arrived is found here by its place in the whole, not by reading JSON.

use std::borrow::Cow;
use std::io::{Read, Write as _};
use std::ops::Range;

use flate2::Compression;
use flate2::read::{DeflateDecoder, GzDecoder, ZlibDecoder};
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use llmcheck::diagnosis::diagnose;
use llmcheck::evidence::Evidence;
use llmcheck::exchange::recording::{Asked, Ending, Event, How, Kind};
use llmcheck::lang::Lang;
use llmcheck::report::model::Report;
use llmcheck::wire::reader::Reader;
use llmcheck::wire::salvage::closed;
use proptest::prelude::*;
use serde::de::IgnoredAny;

/// Answers as JSON may spell them.
const SPELLINGS: [&str; 4] = [
    r#"She said \"caf\u00e9\"\n\tin C:\\temp \ud83d\ude00 \/ and no more. "#,
    "模型说：“你好，世界！”😀 到此为止。",
    r"\u6a21\u578b\u8bf4\uff1a\u4f60\u597d \uD83D\uDE00\u3002",
    r#"{\"a\":[1,{\"b\":\"}]\"}]} \\u12 \\\" data: [DONE]\n\n"#,
];

/// A content, and where in it the strings stand whose texts make the answer.
#[derive(Default)]
struct Written {
    bytes: Vec<u8>,
    texts: Vec<Range<usize>>,
}

impl Written {
    fn add(&mut self, before: &str, text: &str, after: &str) {
        self.bytes.extend_from_slice(before.as_bytes());
        let start = self.bytes.len();
        self.bytes.extend_from_slice(text.as_bytes());
        self.texts.push(start..self.bytes.len());
        self.bytes.extend_from_slice(after.as_bytes());
    }

    fn end_with(mut self, end: &str) -> Written {
        self.bytes.extend_from_slice(end.as_bytes());
        self
    }

    /// What can be read of the texts in so many of the bytes.
    fn arrived(&self, length: usize) -> String {
        self.texts.iter().map(|text| readable(&self.bytes[text.start.min(length)..text.end.min(length)])).collect()
    }
}

/// The characters that are there as a whole in the beginning of a good JSON string.
fn readable(string: &[u8]) -> String {
    let unit = |at: usize| u16::from_str_radix(std::str::from_utf8(string.get(at + 2..at + 6)?).unwrap(), 16).ok();
    let mut text = String::new();
    let mut at = 0;
    while at < string.len() {
        let (character, length) = match (string[at], string.get(at + 1)) {
            (b'\\', None) => break,
            (b'\\', Some(b'u')) => match unit(at) {
                None => break,
                Some(high @ 0xd800..0xdc00) => match unit(at + 6) {
                    None => break,
                    Some(low) => (char::decode_utf16([high, low]).next().unwrap().unwrap(), 12),
                },
                Some(unit) => (char::from_u32(unit.into()).unwrap(), 6),
            },
            (b'\\', Some(letter)) => {
                let known = b"nrtbf".iter().zip("\n\r\t\u{8}\u{c}".chars()).find(|(known, _)| *known == letter);
                (known.map_or(char::from(*letter), |(_, character)| character), 2)
            }
            (lead, _) => {
                let length = match lead {
                    0..0x80 => 1,
                    0x80..0xe0 => 2,
                    0xe0..0xf0 => 3,
                    _ => 4,
                };
                let Some(bytes) = string.get(at..at + length) else { break };
                (std::str::from_utf8(bytes).unwrap().chars().next().unwrap(), length)
            }
        };
        text.push(character);
        at += length;
    }
    text
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Framing {
    Chunked,
    Close,
    /// The length of what is there, as proxies count it anew.
    Clipped,
    Declared,
}

const FRAMINGS: [Framing; 4] = [Framing::Chunked, Framing::Close, Framing::Clipped, Framing::Declared];

/// A response whose body breaks off after so many bytes of the payload.
fn response(payload: &[u8], cut: usize, framing: Framing, kind: &str, coding: &str) -> Vec<u8> {
    let length = match framing {
        Framing::Chunked => "Transfer-Encoding: chunked\r\n".into(),
        Framing::Close => String::new(),
        Framing::Clipped => format!("Content-Length: {cut}\r\n"),
        Framing::Declared => format!("Content-Length: {}\r\n", payload.len()),
    };
    let label = if coding.is_empty() { String::new() } else { format!("Content-Encoding: {coding}\r\n") };
    let mut response = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n{label}{length}\r\n").into_bytes();
    if framing != Framing::Chunked {
        response.extend_from_slice(&payload[..cut]);
        return response;
    }
    for (number, chunk) in payload.chunks(50).enumerate() {
        let there = &chunk[..chunk.len().min(cut.saturating_sub(50 * number))];
        if there.is_empty() {
            break;
        }
        response.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        response.extend_from_slice(there);
        if there.len() == chunk.len() {
            response.extend_from_slice(b"\r\n");
        }
    }
    response
}

struct Told {
    text: String,
    partial: bool,
    finish_reason: Option<String>,
    is_healthy: bool,
}

fn tell(received: &[u8], step: usize, stream: bool, path: &str, how: How) -> Told {
    let mut reader = Reader::new(Asked { url: format!("http://127.0.0.1:1{path}"), stream, ..Asked::default() });
    let mut at = 0;
    let mut hear = |kind| {
        at += 100;
        reader.hear(&Event { at, connection: 0, kind });
    };
    hear(Kind::Sent(Cow::Borrowed(b"POST / HTTP/1.1\r\n\r\n")));
    received.chunks(step).for_each(|piece| hear(Kind::Received(Cow::Borrowed(piece))));
    hear(Kind::End(Ending::new(how)));
    let transcript = reader.finish();
    let evidence = Evidence::gather(&transcript);
    let diagnosis = diagnose(&evidence);
    let answer = Report::new(&evidence, &diagnosis, Vec::new(), Lang::En).answer;
    assert_ne!(answer.text.as_deref(), Some(""));
    let text = answer.text.unwrap_or_default();
    Told { text, partial: answer.partial, finish_reason: answer.finish_reason, is_healthy: diagnosis.is_healthy() }
}

/// Cuts the content, or what a coding made of it, at every byte: a short one under every framing, others under one after the other.
fn holds_at_every_cut(written: &Written, kind: &str, path: &str, coding: &str, payload: &[u8], decoded: impl Fn(&[u8]) -> usize) {
    let whole = written.arrived(written.bytes.len());
    let stream = kind != "application/json";
    for cut in 0..=payload.len() {
        let there = decoded(&payload[..cut]);
        let arrived = written.arrived(there);
        let turn = cut % FRAMINGS.len();
        for framing in if coding.is_empty() && !stream { &FRAMINGS[..] } else { &FRAMINGS[turn..=turn] } {
            let received = response(payload, cut, *framing, kind, coding);
            let told = tell(&received, [1, 7, 512][cut % 3], stream, path, [How::Fin, How::Reset][cut % 2]);
            assert_eq!(told.text, arrived, "{coding} {framing:?} {path} cut at {cut} of {}", payload.len());
            assert!(!told.is_healthy || arrived == whole, "healthy at {cut}, {framing:?}");
            assert!(told.partial || arrived == whole || arrived.is_empty(), "not partial at {cut}, {framing:?}");
            // The word for the end stands behind all texts, and counts only when what it stands in is whole.
            assert!(told.finish_reason.is_none() || arrived == whole);
            assert!(stream || told.finish_reason.is_none() || there == written.bytes.len());
        }
    }
}

fn plain(spelling: &str) -> Written {
    let mut written = Written::default();
    written.add(
        r#"{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":""#,
        spelling,
        r#"","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#,
    );
    written
}

/// A good JSON string in pieces that are good ones too.
fn pieces(spelling: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut from, mut at) = (0, 0);
    while at < spelling.len() {
        let rest = &spelling[at..];
        at += match rest.as_bytes() {
            [b'\\', b'u', b'd' | b'D', b'8' | b'9' | b'a' | b'b' | b'A' | b'B', ..] => 12,
            [b'\\', b'u', ..] => 6,
            [b'\\', ..] => 2,
            _ => rest.chars().next().unwrap().len_utf8(),
        };
        if at - from > 9 {
            pieces.push(&spelling[from..at]);
            from = at;
        }
    }
    pieces.push(&spelling[from..]);
    pieces
}

fn streamed(spelling: &str) -> Written {
    const OPENING: &str =
        r#"data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"#;
    let mut written = Written::default();
    written.add(&format!("{OPENING}\"role\":\"assistant\",\"content\":\""), "", "\"},\"finish_reason\":null}]}\n\n");
    for piece in pieces(spelling) {
        written.add(&format!("{OPENING}\"content\":\""), piece, "\"},\"finish_reason\":null}]}\n\n");
    }
    written.end_with(&format!("{OPENING}}},\"finish_reason\":\"stop\"}}]}}\n\ndata: [DONE]\n\n"))
}

fn decoded(mut decoder: impl Read) -> usize {
    let mut bytes = Vec::new();
    // The fault is the cut.
    let _ = decoder.read_to_end(&mut bytes);
    bytes.len()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

const PATH: &str = "/v1/chat/completions";

#[test]
fn of_a_plain_answer_all_that_arrived_is_told() {
    for spelling in SPELLINGS {
        let written = plain(spelling);
        holds_at_every_cut(&written, "application/json", PATH, "", &written.bytes, <[u8]>::len);
    }
}

#[test]
fn of_a_compressed_answer_all_that_can_be_decoded_is_told() {
    for spelling in SPELLINGS {
        let written = plain(spelling);
        let holds = |coding, payload: &[u8], decoded: fn(&[u8]) -> usize| {
            holds_at_every_cut(&written, "application/json", PATH, coding, payload, decoded);
        };
        holds("gzip", &gzip(&written.bytes), |part| decoded(GzDecoder::new(part)));
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::best());
        zlib.write_all(&written.bytes).unwrap();
        holds("deflate", &zlib.finish().unwrap(), |part| decoded(ZlibDecoder::new(part)));
        let mut bare = DeflateEncoder::new(Vec::new(), Compression::fast());
        bare.write_all(&written.bytes).unwrap();
        holds("deflate", &bare.finish().unwrap(), |part| decoded(DeflateDecoder::new(part)));
    }
}

#[test]
fn of_a_stream_all_that_arrived_is_told_with_its_half_event() {
    for spelling in SPELLINGS {
        let written = streamed(spelling);
        assert!(pieces(spelling).len() > 3);
        holds_at_every_cut(&written, "text/event-stream", PATH, "", &written.bytes, <[u8]>::len);
    }
}

#[test]
fn of_a_compressed_stream_all_that_can_be_decoded_is_told() {
    for spelling in SPELLINGS {
        let written = streamed(spelling);
        holds_at_every_cut(&written, "text/event-stream", PATH, "gzip", &gzip(&written.bytes), |part| decoded(GzDecoder::new(part)));
        // As servers flush: an event is a block.
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
        for event in written.bytes.split_inclusive(|byte| *byte == b'\n') {
            encoder.write_all(event).unwrap();
            encoder.flush().unwrap();
        }
        let zstd = encoder.finish().unwrap();
        let all = |part: &[u8]| decoded(zstd::stream::read::Decoder::new(part).unwrap());
        holds_at_every_cut(&written, "text/event-stream", PATH, "zstd", &zstd, all);
    }
}

/// An answer of 438 bytes by the reference encoder, and how much of it the reference decoder gives for each beginning.
#[test]
fn of_a_brotli_answer_all_that_the_reference_decoder_gives_is_told() {
    let lengths: Vec<usize> =
        include_str!("data/answer.br.lengths").split_ascii_whitespace().map(|length| length.parse().unwrap()).collect();
    let payload = include_bytes!("data/answer.br");
    let mut written = Written::default();
    written.add(
        r#"{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"gpt-4o-mini","choices":[{"index":0,"message":{"role":"assistant","content":""#,
        r#"She said \"caf\u00e9\" \ud83d\ude00: the quick brown fox jumps over the lazy dog, 而那只敏捷的棕色狐狸跳过了懒狗。\nThe end of the quick brown fox, and of the lazy dog."#,
        r#""},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#,
    );
    holds_at_every_cut(&written, "application/json", PATH, "br", payload, |part| lengths[part.len()]);
}

#[test]
fn of_the_answers_of_other_apis_all_that_arrived_is_told() {
    let spelling = SPELLINGS[0];
    for (path, before, after) in [
        (
            "/v1/messages",
            r#"{"id":"m","type":"message","role":"assistant","model":"c","content":[{"type":"text","text":""#,
            r#""}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1}}"#,
        ),
        (
            "/v1/responses",
            r#"{"id":"r","object":"response","status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":""#,
            r#""}]}],"usage":{"output_tokens":1}}"#,
        ),
        (
            "/v1beta/models/g:generateContent",
            r#"{"candidates":[{"content":{"parts":[{"text":""#,
            r#""}],"role":"model"},"finishReason":"STOP"}],"modelVersion":"g"}"#,
        ),
        (
            "/api/chat",
            r#"{"model":"l","created_at":"now","message":{"role":"assistant","content":""#,
            r#""},"done_reason":"stop","done":true,"eval_count":4}"#,
        ),
        (
            "/v1/completions",
            r#"{"id":"c","object":"text_completion","choices":[{"text":""#,
            r#"","index":0,"logprobs":null,"finish_reason":"stop"}]}"#,
        ),
    ] {
        let mut written = Written::default();
        written.add(before, spelling, after);
        holds_at_every_cut(&written, "application/json", path, "", &written.bytes, <[u8]>::len);
    }
}

#[test]
fn of_the_streams_of_other_apis_all_that_arrived_is_told() {
    let pieces = pieces(SPELLINGS[0]);
    let write = |first: &str, [before, after]: [&str; 2], end: &str| {
        let mut written = Written::default();
        written.bytes.extend_from_slice(first.as_bytes());
        pieces.iter().for_each(|piece| written.add(before, piece, after));
        written.end_with(end)
    };
    let anthropic = write(
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"role\":\"assistant\",\"content\":[]}}\n\n",
        [
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"",
            "\"}}\n\n",
        ],
        "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    );
    holds_at_every_cut(&anthropic, "text/event-stream", "/v1/messages", "", &anthropic.bytes, <[u8]>::len);
    let responses = write(
        "data: {\"type\":\"response.created\",\"response\":{\"object\":\"response\",\"status\":\"in_progress\",\"output\":[]}}\r\n\r\n",
        ["data: {\"type\":\"response.output_text.delta\",\"output_index\":0,\"delta\":\"", "\"}\r\n\r\n"],
        "data: {\"type\":\"response.completed\",\"response\":{\"object\":\"response\",\"status\":\"completed\",\"output\":[]}}\r\n\r\n",
    );
    holds_at_every_cut(&responses, "text/event-stream", "/v1/responses", "", &responses.bytes, <[u8]>::len);
    let gemini = write(
        "",
        ["data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"", "\"}],\"role\":\"model\"}}],\"modelVersion\":\"g\"}\n\n"],
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\"}]},\"finishReason\":\"STOP\"}]}\n\n",
    );
    let path = "/v1beta/models/g:streamGenerateContent";
    holds_at_every_cut(&gemini, "text/event-stream", path, "", &gemini.bytes, <[u8]>::len);
    let ollama = write(
        "",
        ["{\"model\":\"l\",\"message\":{\"role\":\"assistant\",\"content\":\"", "\"},\"done\":false}\n"],
        "{\"model\":\"l\",\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done_reason\":\"stop\",\"done\":true}\n",
    );
    holds_at_every_cut(&ollama, "application/x-ndjson", "/api/chat", "", &ollama.bytes, <[u8]>::len);
}

/// A text as a JSON string, its characters raw, escaped, or both.
fn spelled(text: &str, escaped: &[bool]) -> String {
    let mut spelling = String::new();
    for (at, character) in text.chars().enumerate() {
        let must = matches!(character, '"' | '\\' | '\0'..' ');
        if must || escaped[at % escaped.len()] {
            spelling.extend(character.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            spelling.push(character);
        }
    }
    spelling
}

/// Bytes that JSON is made of, and some that it is not.
fn json_like() -> impl Strategy<Value = Vec<u8>> {
    const TOKENS: [&[u8]; 24] = [
        b"{",
        b"}",
        b"[",
        b"]",
        b"\"",
        b"\"",
        b":",
        b",",
        b"\\",
        b"\\u",
        b"d83d",
        b"\\ude00",
        b"null",
        b"tru",
        b"-1",
        b".5e",
        b" ",
        b"\n",
        b"\"a\"",
        b"\"a\":",
        b"\xe4\xbd",
        b"\xff",
        b"{\"choices\":[{\"message\":{\"content\":\"",
        b"\xef\xbb\xbf",
    ];
    prop::collection::vec(prop::sample::select(&TOKENS[..]), 0..40).prop_map(|tokens| tokens.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn of_any_text_all_that_arrived_is_told(
        text in any::<String>(),
        escaped in prop::collection::vec(any::<bool>(), 1..5),
        cut in any::<prop::sample::Index>(),
        framing in 0..FRAMINGS.len(),
        is_stream in any::<bool>(),
        is_compressed in any::<bool>(),
        step in 1..600usize,
    ) {
        let spelling = spelled(&text, &escaped);
        prop_assert_eq!(readable(spelling.as_bytes()), text);
        let written = if is_stream { streamed(&spelling) } else { plain(&spelling) };
        let payload = if is_compressed { gzip(&written.bytes) } else { written.bytes.clone() };
        let cut = cut.index(payload.len());
        let there = if is_compressed { decoded(GzDecoder::new(&payload[..cut])) } else { cut };
        let kind = if is_stream { "text/event-stream" } else { "application/json" };
        let received = response(&payload, cut, FRAMINGS[framing], kind, if is_compressed { "gzip" } else { "" });
        let told = tell(&received, step, is_stream, PATH, How::Fin);
        prop_assert_eq!(told.text, written.arrived(there));
    }

    #[test]
    fn whatever_is_open_is_closed_so_that_it_parses(bytes in prop_oneof![json_like(), prop::collection::vec(any::<u8>(), 0..200)]) {
        for start in [&b""[..], b"{\"a\":\"", b"[", b"{\"a\":[{\"b\":"] {
            let text = [start, &bytes].concat();
            if let Some(closed) = closed(&text) {
                prop_assert!(serde_json::from_str::<IgnoredAny>(&closed).is_ok(), "{closed}");
                let is_whole = serde_json::from_slice::<IgnoredAny>(&text).is_ok();
                prop_assert!(!is_whole, "{closed}");
            }
        }
    }
}
