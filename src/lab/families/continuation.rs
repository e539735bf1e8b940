//! Answers that end too early, and go on when the request hands their beginning back as a message of the assistant.
//! The whole text is the lab's answer to the first message of the user, so that a client's joined text can be held against it.

use std::io;

use super::{HEALTHY, Verdicts, scenario};
use crate::lab::answer::{Answer, Part, quoted, tokens};
use crate::lab::exchange::Exchange;
use crate::lab::link::Ending;
use crate::lab::request::Asked;
use crate::lab::{Expected, Scenario};
use crate::lang::text;

/// Words that a continuation repeats.
const REPEATED: usize = 5;

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario(
        "cuts-long-answers",
        text(
            "closes once half as much as the whole text is sent, and when asked to continue begins with the last five words",
            "发出全文的一半就关闭连接；被要求继续时，先重复最后五个词",
        ),
        CUT,
        |exchange| {
            let whole = whole_text(&exchange.asked);
            let begun = &whole[..length_of_begun(&exchange.asked, &whole)];
            let from = tokens(begun).iter().rev().take(REPEATED).map(|token| token.len()).sum::<usize>();
            cut_after_half(exchange, &whole, &whole[begun.len() - from..])
        },
    ),
    scenario(
        "continues-at-limit",
        text(
            "stops at max_tokens, and when asked to continue goes on with the very next word",
            "到 max_tokens 时停止；被要求继续时，从下一个词接着写",
        ),
        HEALTHY,
        |exchange| {
            let whole = whole_text(&exchange.asked);
            let rest = &whole[length_of_begun(&exchange.asked, &whole)..];
            exchange.give(&Answer::saying(&exchange.asked, rest))
        },
    ),
    scenario(
        "restarts-when-continued",
        text(
            "closes after half of the text, and when asked to continue begins again with the first word",
            "发出一半就关闭连接；被要求继续时，从第一个词重新写起",
        ),
        CUT,
        |exchange| {
            let whole = whole_text(&exchange.asked);
            if length_of_begun(&exchange.asked, &whole) > 0 {
                return exchange.give(&Answer::saying(&exchange.asked, &whole));
            }
            cut_after_half(exchange, &whole, &whole)
        },
    ),
];

const CUT: Verdicts = Verdicts {
    plain: Some(Expected { class: "truncation", code: "cut-by-close" }),
    stream: Some(Expected { class: "truncation", code: "chunks-without-end" }),
};

/// All that the lab would say to the first message of the user.
fn whole_text(asked: &Asked) -> String {
    let first = asked.messages.iter().find(|message| message.role == "user").map_or_else(String::new, |message| message.text.clone());
    Answer::to(&Asked { prompt: first, max_tokens: None, ..asked.clone() }).content.unwrap_or_default()
}

/// How much of the text the request hands back: its last message of the assistant, where that is a beginning of the text.
fn length_of_begun(asked: &Asked, whole: &str) -> usize {
    let last = asked.messages.iter().rfind(|message| message.role == "assistant");
    last.map(|message| message.text.as_str()).filter(|begun| whole.starts_with(begun)).map_or(0, str::len)
}

/// Says `rest`, but at most half as many tokens as the whole text has: then the connection closes, for a plain answer within a word.
fn cut_after_half(exchange: &mut Exchange, whole: &str, rest: &str) -> io::Result<Ending> {
    let half = tokens(whole).len().div_ceil(2);
    let answer = Answer::saying(&exchange.asked, rest);
    if answer.completion_tokens() <= half {
        return exchange.give(&answer);
    }
    if exchange.asked.stream {
        let events = answer.events(false).into_iter().take_while(|event| event.part <= Part::Content);
        exchange.begin_chunks(events.take(1 + half).map(|event| event.text))?;
        return Ok(Ending::Close);
    }
    let content = answer.content.as_deref().unwrap_or_default();
    let pieces = tokens(content);
    let within: String = pieces.get(half).map_or_else(String::new, |next| next.chars().take(next.chars().count() / 2).collect());
    let shown = pieces[..half].concat() + &within;
    let body = answer.json();
    // Up to the quote that would end the text.
    let end = body.find(&quoted(content)).map_or(0, |at| at + quoted(&shown).len() - 1);
    let bytes = exchange.ok().declaring(body.len(), &body.as_bytes()[..end]);
    exchange.send(bytes)?;
    Ok(Ending::Close)
}
