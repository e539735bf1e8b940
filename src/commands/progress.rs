//! How far a batch is, on the terminal: one line that fits its width, and nothing of it once the batch is over. Others who show how far
//! they are have their line from here too.

use std::collections::VecDeque;
use std::io::Write as _;
use std::sync::atomic::Ordering;
use std::time::Duration;

use unicode_width::UnicodeWidthStr as _;

use super::console::{Console, textwrap_width};
use super::interrupt::{CLEAR_LINE, HAS_BAR, is_stopped};
use crate::batch::{Board, Rest, Tally};
use crate::lang::{Lang, Text, text};

/// The rate is that of so long before now.
const WINDOW: Duration = Duration::from_secs(15);
/// The terminal shows `^C` behind the line, and it must not be wrapped for that.
const ROOM_FOR_ECHO: usize = 3;
/// Erase in line, to its end (ECMA-48 section 8.3.41).
pub const CLEAR_REST: &str = "\x1b[K";
const SHORTEST_BAR: usize = 8;
const LONGEST_BAR: usize = 40;

pub struct Progress<'a> {
    console: &'a Console,
    is_shown: bool,
    total: u64,
    before: u64,
    /// When so many had ended.
    samples: VecDeque<(Duration, u64)>,
    has_told_stop: bool,
    /// The endpoint that was told to be left alone.
    resting: Option<String>,
}

impl<'a> Progress<'a> {
    pub fn new(total: u64, before: u64, console: &'a Console) -> Progress<'a> {
        let is_shown = is_shown(console);
        HAS_BAR.store(is_shown, Ordering::Relaxed);
        let samples = VecDeque::from([(Duration::ZERO, 0)]);
        Progress { console, is_shown, total, before, samples, has_told_stop: false, resting: None }
    }

    pub fn show(&mut self, board: &Board, tally: &Tally) {
        const LET_FINISH: Text = text(
            "letting what is under way come to its end; Ctrl-C once more stops at once",
            "等待进行中的请求结束；再按一次 Ctrl-C 立即停止",
        );
        const RESTING: Text = text(
            "{endpoint} keeps failing ({code}) and is left alone for a while, then tried again",
            "{endpoint} 持续失败（{code}），暂停一段时间后再试",
        );
        let now = board.now();
        if is_stopped() && !self.has_told_stop {
            self.has_told_stop = true;
            self.note(LET_FINISH.get(self.console.lang));
        }
        let rest = board.with_pool(|pool| pool.rest(now));
        if let Some(rest) = &rest
            && self.resting.as_ref() != Some(&rest.endpoint)
        {
            self.resting = Some(rest.endpoint.clone());
            let slots = |slot: &str| match slot {
                "endpoint" => Some(rest.endpoint.clone()),
                "code" => Some(rest.code.to_string()),
                _ => None,
            };
            self.note(&RESTING.fill(self.console.lang, slots));
        }
        let ended = tally.answered + tally.failed;
        self.samples.push_back((now, ended));
        while self.samples.len() > 2 && self.samples[1].0 + WINDOW < now {
            self.samples.pop_front();
        }
        if self.is_shown {
            let state = State { done: self.before + ended, total: self.total, rate: self.rate(), failures: by_class(tally), rest, now };
            self.console.tell(&format!("\r{}{CLEAR_REST}", state.line(width(), self.console.lang)));
        }
    }

    /// Takes everything off the terminal.
    pub fn end(self) {
        self.clear();
        HAS_BAR.store(false, Ordering::Relaxed);
    }

    fn clear(&self) {
        if self.is_shown {
            let _ = std::io::stderr().lock().write_all(CLEAR_LINE);
        }
    }

    fn rate(&self) -> f64 {
        match (self.samples.front(), self.samples.back()) {
            (Some((from, first)), Some((to, last))) => (last - first) as f64 / (*to - *from).as_secs_f64().max(1e-3),
            _ => 0.0,
        }
    }

    fn note(&self, words: &str) {
        self.clear();
        self.console.note(words);
    }
}

/// There is a terminal on which a line can change.
pub fn is_shown(console: &Console) -> bool {
    let is_dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
    console.stderr_is_terminal && !console.quiet && !is_dumb
}

/// The widest that a line may be.
pub fn width() -> usize {
    textwrap_width().unwrap_or(80).saturating_sub(ROOM_FOR_ECHO)
}

/// A bar, its numbers, and as many of the pieces as there is room for, the most important first.
pub fn line(done: u64, total: u64, pieces: &[String], width: usize) -> String {
    let mut line = format!("{done}/{total}");
    for piece in pieces.iter().filter(|piece| !piece.is_empty()) {
        let longer = format!("{line} · {piece}");
        if longer.width() > width {
            break;
        }
        line = longer;
    }
    let room = width.saturating_sub(line.width() + 3).min(LONGEST_BAR);
    if room < SHORTEST_BAR {
        return line;
    }
    let full = (room as u64 * done.min(total) / total.max(1)) as usize;
    format!("[{}{}] {line}", "#".repeat(full), "-".repeat(room - full))
}

struct State {
    done: u64,
    total: u64,
    rate: f64,
    failures: String,
    rest: Option<Rest>,
    now: Duration,
}

impl State {
    fn line(&self, width: usize, lang: Lang) -> String {
        let pieces = match &self.rest {
            Some(rest) => vec![self.failures.clone(), resting(rest, self.now, lang)],
            None => vec![format!("{:.1}{}", self.rate, PER_SECOND.get(lang)), self.left(lang), self.failures.clone()],
        };
        self::line(self.done, self.total, &pieces, width)
    }

    fn left(&self, lang: Lang) -> String {
        const LEFT: Text = text("{left} left", "剩余 {left}");
        if self.rate <= 0.0 {
            return String::new();
        }
        let left = Duration::from_secs_f64((self.total.saturating_sub(self.done) as f64 / self.rate).min(1e9));
        LEFT.fill(lang, |slot| (slot == "left").then(|| roughly(left)))
    }
}

const PER_SECOND: Text = text("/s", " 条/秒");

fn resting(rest: &Rest, now: Duration, lang: Lang) -> String {
    const RESTING: Text = text("{code}: tried again in {left}", "{code}：{left} 后再试");
    RESTING.fill(lang, |slot| match slot {
        "code" => Some(rest.code.to_string()),
        "left" => Some(roughly(rest.until.saturating_sub(now))),
        _ => None,
    })
}

/// `12 rate_limit, 3 truncation`
fn by_class(tally: &Tally) -> String {
    let mut by_class: Vec<(&'static str, u64)> = Vec::new();
    for (class, count) in tally.failures.values() {
        match by_class.iter_mut().find(|(name, _)| *name == class.name()) {
            Some((_, known)) => *known += count,
            None => by_class.push((class.name(), *count)),
        }
    }
    by_class.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    by_class.iter().map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
}

/// A duration as one says it: no seconds beside hours, no minutes beside days.
pub fn roughly(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let step = match seconds {
        0..3600 => 1,
        3600..86_400 => 60,
        _ => 3600,
    };
    humantime::format_duration(Duration::from_secs(seconds / step * step)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> State {
        State { done: 250, total: 1000, rate: 12.5, failures: "12 rate_limit, 3 truncation".into(), rest: None, now: Duration::ZERO }
    }

    #[test]
    fn the_line_fits_and_says_the_most_important_first() {
        let line = |width| state().line(width, Lang::En);
        assert_eq!(line(99), format!("[{}{}] 250/1000 · 12.5/s · 1m left · 12 rate_limit, 3 truncation", "#".repeat(9), "-".repeat(30)));
        assert_eq!(line(60), "250/1000 · 12.5/s · 1m left · 12 rate_limit, 3 truncation");
        assert_eq!(line(40), "[##--------] 250/1000 · 12.5/s · 1m left");
        assert_eq!(line(3), "250/1000");
        for width in 10..200 {
            for lang in [Lang::En, Lang::Zh] {
                assert!(state().line(width, lang).width() <= width, "{width}");
            }
        }
    }

    #[test]
    fn while_nothing_can_be_asked_it_says_why_and_for_how_long() {
        let rest = Rest { endpoint: "relay".into(), code: "bad-gateway", until: Duration::from_secs(12) };
        let line = State { rest: Some(rest), failures: String::new(), ..state() }.line(45, Lang::En);
        assert_eq!(line, "250/1000 · bad-gateway: tried again in 12s");
    }

    #[test]
    fn durations_are_said_roughly() {
        for (seconds, said) in [(0, "0s"), (59, "59s"), (61, "1m 1s"), (3661, "1h 1m"), (90_061, "1day 1h")] {
            assert_eq!(roughly(Duration::from_secs(seconds)), said);
        }
    }
}
