//! The documents that are handed on: whatever the server sends, their markup is ours, nothing in them is hidden, and no secret is shown.
#![no_main]

use libfuzzer_sys::fuzz_target;
use llmcheck::diagnosis::diagnose;
use llmcheck::evidence::Evidence;
use llmcheck::lang::Lang;
use llmcheck::report::file::{self, Format};
use llmcheck::report::model::{Attempt, Report};
use llmcheck::secret::{Mask, Secret};
use llmcheck_fuzz::Script;

const SECRET: &str = "sk-0123456789abcdef";
/// An input's byte that stands for the secret.
const STANDS_FOR_SECRET: u8 = 1;
const ELEMENTS: &str = " html head meta title style body svg defs pattern rect main h1 h2 h3 h4 strong p span code article header section dl div dt dd ul ol li a figure pre mark figcaption desc text line path circle table thead tbody tr th td footer ";

fn assert_markup_is_ours(html: &str) {
    let (head, after) = html.split_once("<style>").expect("a style sheet");
    let (_, body) = after.split_once("</style>").expect("its end");
    let pieces = [head, body].into_iter().flat_map(|part| part.split('<').skip(1));
    for piece in pieces.skip_while(|piece| piece.starts_with("!DOCTYPE html>")) {
        let (tag, text) = piece.split_once('>').expect("a tag's end");
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or("");
        assert!(ELEMENTS.contains(&format!(" {name} ")), "the element {name:?}");
        assert!(!text.contains(['>', '"', '\'']), "text that is not escaped: {text:?}");
    }
}

fn assert_nothing_is_hidden(text: &str) {
    let is_hidden = |c: &char| {
        (c.is_control() && !matches!(c, '\n' | '\t'))
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    assert_eq!(text.chars().find(is_hidden), None);
    assert!(!text.contains(SECRET), "the secret is shown");
}

fuzz_target!(|input: &[u8]| {
    let Some(mut script) = Script::from_input(input, 0) else {
        return;
    };
    let secret = SECRET.bytes();
    script.received =
        script.received.iter().flat_map(|byte| if *byte == STANDS_FOR_SECRET { secret.clone().collect() } else { vec![*byte] }).collect();
    let mask = Mask::of_responses([&Secret::new(SECRET.to_string())]);
    let transcript = script.transcript(script.cuts);
    let evidence = Evidence::gather(&transcript);
    let diagnosis = diagnose(&evidence);
    for lang in [Lang::En, Lang::Zh] {
        let attempts = vec![Attempt::of(&evidence, &diagnosis), Attempt::of(&evidence, &diagnosis)];
        let report = Report::new(&evidence, &diagnosis, attempts, lang);
        let exchanges = [(&report, &transcript), (&report, &transcript)];
        let html = file::text(Format::Html, &exchanges, &mask);
        assert_markup_is_ours(&html);
        assert_nothing_is_hidden(&html);
        let markdown = file::text(Format::Markdown, &exchanges, &mask);
        assert_nothing_is_hidden(&markdown);
        assert!(markdown.chars().count() <= 65_536, "more than an issue takes");
    }
});
