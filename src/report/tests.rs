//! Whatever a server says, in whatever place: the documents stay ours. HTML is read by the strictest rule there is, that of our own writer;
//! Markdown by a parser of CommonMark and GitHub's tables.

use std::borrow::Cow;

use proptest::prelude::*;
use pulldown_cmark::{Event as Part, Options, Parser, Tag};

use super::model::{Attempt, Report};
use super::{html, markdown};
use crate::diagnosis::diagnose;
use crate::evidence::Evidence;
use crate::exchange::recording::{Asked, Ending, Event, How, Kind, Opened, TlsFacts};
use crate::lang::Lang;
use crate::secret::{Mask, Secret};
use crate::wire::reader::Reader;
use crate::wire::transcript::Transcript;

/// One text in every place that a server, a proxy or a certificate fills.
fn exchange(hostile: &str, body: &[u8], lang: Lang) -> (Report, Transcript) {
    let asked = Asked {
        method: "POST".into(),
        url: "http://api.example/v1/chat/completions".into(),
        endpoint: hostile.into(),
        model: Some(hostile.into()),
        command: Some(format!("llmcheck chat {}", super::curl::quoted(hostile))),
        proxy: Some(hostile.into()),
        started: hostile.into(),
        attempt: 1,
        ..Asked::default()
    };
    let facts =
        TlsFacts { subject: Some(hostile.into()), issuer: Some(hostile.into()), names: vec![hostile.into()], ..TlsFacts::default() };
    let line = hostile.replace(['\r', '\n'], " ");
    let head =
        format!("HTTP/1.1 500 {line}\r\nServer: {line}\r\n{line}: {line}\r\nx-ratelimit-{line}: {line}\r\nSet-Cookie: {line}\r\n\r\n");
    let sent = format!("POST /v1/chat/completions HTTP/1.1\r\nX-Mine: {line}\r\n\r\n{hostile}");
    let mut reader = Reader::new(asked);
    for (at, kind) in [
        (1, Kind::Open(Opened::Connected { address: hostile.into() })),
        (2, Kind::Open(Opened::Tls(facts))),
        (3, Kind::Sent(Cow::Borrowed(sent.as_bytes()))),
        (4, Kind::Received(Cow::Borrowed(head.as_bytes()))),
        (5, Kind::Received(Cow::Borrowed(body))),
        (6, Kind::End(Ending::because(How::Fin, hostile))),
    ] {
        reader.hear(&Event { at: at * 1000, connection: 0, kind });
    }
    let transcript = reader.finish();
    let evidence = Evidence::gather(&transcript);
    let diagnosis = diagnose(&evidence);
    let attempts = vec![Attempt::of(&evidence, &diagnosis), Attempt::of(&evidence, &diagnosis)];
    let report = Report::new(&evidence, &diagnosis, attempts, lang);
    (report, transcript)
}

/// An error of the API with this message.
fn error(message: &str) -> Vec<u8> {
    serde_json::to_vec(&serde_json::json!({ "error": { "message": message, "type": message, "code": message } })).unwrap()
}

/// The HTML is nothing but elements that we write, attributes that we write, and escaped text.
fn is_ours(html: &str) {
    const ELEMENTS: &str = " html head meta title style body svg defs pattern rect main h1 h2 h3 h4 strong p span code article header section dl div dt dd ul ol li a figure pre mark figcaption desc text line path circle table thead tbody tr th td footer ";
    let rest = html.strip_prefix("<!DOCTYPE html>").unwrap();
    let (before_style, after) = rest.split_once("<style>").unwrap();
    let (_, after_style) = after.split_once("</style>").unwrap();
    for part in [before_style, after_style] {
        for piece in part.split('<').skip(1) {
            let (tag, text) = piece.split_once('>').unwrap_or_else(|| panic!("a tag without end: {piece}"));
            assert!(!text.contains(['>', '"', '\'']), "unescaped text: {text}");
            let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
            assert!(ELEMENTS.contains(&format!(" {name} ")), "element {name}");
            for attribute in tag.split("=\"").skip(1) {
                let (_, next) = attribute.split_once('"').unwrap_or_else(|| panic!("an attribute without end: {tag}"));
                let name = next.trim_start();
                assert!(
                    name.is_empty()
                        || name == "/"
                        || (next.starts_with(' ') && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'/')),
                    "{tag}"
                );
                assert!(!name.starts_with("on"), "{tag}");
            }
        }
    }
    is_visible(html);
}

/// No control, no turn, no invisible character.
fn is_visible(text: &str) {
    let is_bad = |c: &char| {
        (c.is_control() && *c != '\n' && *c != '\t')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    assert_eq!(text.chars().find(is_bad), None);
}

/// The Markdown has no HTML, link or picture, and no word outside of code that GitHub would make one of; its headings are ours.
fn has_no_markup_of_others(text: &str, headings: usize) {
    let mut seen = 0;
    let mut depth_of_code = 0;
    for part in
        Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_MATH | Options::ENABLE_FOOTNOTES)
    {
        match part {
            Part::Start(Tag::CodeBlock(_)) => depth_of_code += 1,
            Part::End(pulldown_cmark::TagEnd::CodeBlock) => depth_of_code -= 1,
            Part::Start(Tag::Heading { .. }) => seen += 1,
            Part::Start(Tag::Paragraph | Tag::List(_) | Tag::Item | Tag::Table(_) | Tag::TableHead | Tag::TableRow | Tag::TableCell) => {}
            Part::Start(other) => panic!("{other:?} in\n{text}"),
            Part::Text(words) if depth_of_code == 0 => {
                let lower = words.to_ascii_lowercase();
                assert!(!["@", "://", "www.", "#"].iter().any(|sign| lower.contains(sign)), "{words:?}");
            }
            Part::Html(_) | Part::InlineHtml(_) | Part::InlineMath(_) | Part::DisplayMath(_) | Part::FootnoteReference(_) => {
                panic!("{part:?} in\n{text}")
            }
            _ => {}
        }
    }
    assert_eq!(seen, headings, "{text}");
    is_visible(text);
}

/// Both documents of a server that says this everywhere; they have the same sections.
fn are_safe(hostile: &str, body: &[u8], lang: Lang) {
    let (report, transcript) = exchange(hostile, body, lang);
    let mask = Mask::default();
    let page = html::document(&[(&report, &transcript)], &mask);
    is_ours(&page);
    has_no_markup_of_others(&markdown::document(&[(&report, &transcript)], &mask), 1 + page.matches("<h3>").count());
}

#[test]
fn what_breaks_out_elsewhere_stays_text_here() {
    for hostile in [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='x' \" onfocus=\"y",
        "</pre></svg></style><script>",
        "--> ]]> <!-- <![CDATA[",
        "&lt;script&gt; &#60;b&#62;",
        "```\n# heading\n[a](http://evil.example) <b>x</b>\n```",
        "`````````` x ``````````",
        "~~~\n# heading\n~~~",
        "@root www.evil.example http://evil.example #1 a@b.c",
        "[x]: http://evil.example\n\n[x] ![y](z) $a$ | b | c \\|",
        "\u{1b}[31m\u{1b}]8;;http://x\u{7}\u{9b}2J\0\r\n\u{202e}\u{2066}\u{200b}\u{feff}\u{e0041}\u{ffff}",
        "- a\n+ b\n1. c\n===\n---\n    code",
        "*a* _b_ **c** ~~d~~ <https://x.example> \\",
    ] {
        are_safe(hostile, &error(hostile), Lang::En);
        are_safe(hostile, hostile.as_bytes(), Lang::Zh);
    }
}

/// What is pasted or exported shows less than a recording, and no more is told of it than it shows.
#[test]
fn what_the_evidence_does_not_show_is_neither_drawn_nor_guessed() {
    let said =
        "openai.RateLimitError: Error code: 429 - {'error': {'message': 'Rate limit reached for requests', 'code': 'rate_limit_exceeded'}}";
    let verbose = "> POST /v1/chat/completions HTTP/1.1\r\n> Host: api.example\r\n>\n< HTTP/1.1 502 Bad Gateway\r\n< Server: nginx\r\n<\n<html>bad</html>\n";
    let body = "{\"choices\":[{\"message\":{\"content\":\"cut";
    for (text, shown, has_ledger) in [(said, "What was said", false), (verbose, "Server: nginx", true), (body, "Response body", false)] {
        let mut made = Vec::new();
        crate::import::read(&mut text.as_bytes(), |transcript| made.push(transcript)).unwrap();
        let transcript = made.pop().unwrap();
        let evidence = Evidence::gather(&transcript);
        let diagnosis = diagnose(&evidence);
        let report = Report::new(&evidence, &diagnosis, vec![Attempt::of(&evidence, &diagnosis)], Lang::En);
        let mask = Mask::default();
        let (page, markdown) = (html::document(&[(&report, &transcript)], &mask), markdown::document(&[(&report, &transcript)], &mask));
        is_ours(&page);
        has_no_markup_of_others(&markdown, 1 + page.matches("<h3>").count());
        for text in [&page, &markdown] {
            assert!(text.contains(shown) && text.contains("does not show"), "{text}");
            assert!(!text.contains("never sent") && !text.contains("silence until the end"), "{text}");
        }
        assert_eq!(markdown.contains("The ledger of bytes"), has_ledger, "{markdown}");
    }
}

#[test]
fn a_report_of_much_is_bounded_and_says_what_it_leaves_out() {
    let mask = Mask::default();
    for (count, length) in [(1, 2 * 1024 * 1024), (12, 64 * 1024)] {
        let mut body = b"{\"choices\":[{\"message\":{\"content\":\"".to_vec();
        body.extend(std::iter::repeat_n(b"\\\"&<", length).flatten());
        let (report, transcript) = exchange(&"\"&'".repeat(length / 16), &body, Lang::En);
        let many = vec![(&report, &transcript); count];
        let (page, text) = (html::document(&many, &mask), markdown::document(&many, &mask));
        assert!(page.len() < 1024 * 1024, "{} bytes of {count}", page.len());
        assert!(text.chars().count() < 65_536, "{} characters of {count}", text.chars().count());
        assert!(page.contains("not shown") && text.contains("not shown"));
        assert_eq!(text.contains("exchanges are left out"), count > 1);
        is_ours(&page);
    }
}

#[test]
fn a_key_that_comes_back_is_masked_and_where_it_cannot_be_the_bytes_are_withheld() {
    let key = "sk-live-0123456789abcdef";
    let mask = Mask::of_responses([&Secret::new(key)]);
    let escaped =
        error("x").into_iter().map(|b| b as char).collect::<String>().replace("\"x\"", "\"you sent \\u0073k-live-0123456789abcdef\"");
    let (report, transcript) = exchange("plain", escaped.as_bytes(), Lang::En);
    for text in [html::document(&[(&report, &transcript)], &mask), markdown::document(&[(&report, &transcript)], &mask)] {
        assert!(!text.contains("k-live-0123456789abcdef"), "{text}");
        assert!(text.contains("cannot be masked byte for byte"));
    }
}

#[test]
fn colours_of_both_schemes_can_be_read() {
    let css = include_str!("html/style.css");
    let schemes: Vec<&str> = css.match_indices(":root{").map(|(at, _)| &css[at..at + css[at..].find('}').unwrap()]).collect();
    assert_eq!(schemes.len(), 3);
    for scheme in schemes {
        let colour = |name: &str| {
            let at = scheme.find(&format!("--{name}:#")).unwrap() + name.len() + 4;
            u32::from_str_radix(&scheme[at..at + 6], 16).unwrap()
        };
        for ground in ["paper", "soft"] {
            for ink in ["ink", "muted", "accent", "bad", "warn", "good"] {
                let ratio = contrast(colour(ink), colour(ground));
                assert!(ratio >= 4.5, "{ink} on {ground}: {ratio:.2}");
            }
        }
        assert!(contrast(colour("ink"), colour("mark")) >= 4.5);
    }
}

/// WCAG 2.2, «contrast ratio».
fn contrast(a: u32, b: u32) -> f64 {
    let luminance = |colour: u32| {
        let linear = |shift: u32| {
            let share = f64::from(colour >> shift & 255) / 255.0;
            if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(16) + 0.7152 * linear(8) + 0.0722 * linear(0)
    };
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_of_a_server_becomes_markup(hostile in r#"([<>"'&`@#|\\\[\]()!*_~$:/=. \n\r\t\x00\x1b-]|[a-z0-9]|script|http://|www\.|\u{202e}|\u{200b}|你|😀){0,40}"#) {
        are_safe(&hostile, &error(&hostile), Lang::En);
    }

    #[test]
    fn no_body_becomes_markup(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        are_safe("x", &body, Lang::En);
    }
}
