//! The live view: a line for each target, redrawn in place when something has changed and never faster than one can read. Nothing of it
//! is drawn where there is no terminal.

use std::io::Write as _;
use std::time::{Duration, Instant};

use colored::{ColoredString, Colorize as _};
use unicode_width::UnicodeWidthStr as _;

use super::super::console::{Console, textwrap_width};
use super::super::progress;
use super::desk::{Desk, Station};
use super::words::{percent, seconds};
use crate::lang::{Lang, Text, text};
use crate::report::sanitize;

const CALM: Duration = Duration::from_millis(500);
/// Erase in line, to its end; erase in display, to its end (ECMA-48 section 8.3).
const CLEAR_REST: &str = "\x1b[K";
const CLEAR_BELOW: &str = "\x1b[J";
/// Checks that the trail shows at most.
const LONGEST_TRAIL: usize = 40;
const WIDEST_NAME: usize = 32;

pub struct View<'a> {
    console: &'a Console,
    is_shown: bool,
    /// Lines that stand on the terminal now.
    standing: usize,
    drawn: Vec<Row>,
    drawn_at: Option<Instant>,
}

/// A line without its colours.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    mark: Mark,
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Alert,
    Failed,
    Unknown,
    Well,
}

impl Mark {
    fn coloured(self) -> ColoredString {
        match self {
            Mark::Alert => "!".red().bold(),
            Mark::Failed => "✗".yellow(),
            Mark::Unknown => "·".dimmed(),
            Mark::Well => "✓".green(),
        }
    }
}

impl<'a> View<'a> {
    /// Lines on stdout would stand in its midst where that is a terminal too.
    pub fn new(console: &'a Console, prints_lines: bool) -> View<'a> {
        let is_disturbed = prints_lines && console.stdout_is_terminal;
        let is_shown = progress::is_shown(console) && !is_disturbed;
        View { console, is_shown, standing: 0, drawn: Vec::new(), drawn_at: None }
    }

    pub fn draw(&mut self, desk: &Desk) {
        if !self.is_shown || self.drawn_at.is_some_and(|at| at.elapsed() < CALM) {
            return;
        }
        let width = textwrap_width().unwrap_or(80).saturating_sub(1);
        let height = terminal_size::terminal_size_of(std::io::stderr()).map_or(24, |(_, height)| usize::from(height.0));
        let rows = rows(desk, width, height.saturating_sub(2).max(1), self.console.lang);
        if rows == self.drawn && self.standing > 0 {
            return;
        }
        let mut text = up(self.standing);
        for row in &rows {
            text += &format!("{} {}{CLEAR_REST}\n", row.mark.coloured(), row.text);
        }
        text += CLEAR_BELOW;
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
        (self.standing, self.drawn, self.drawn_at) = (rows.len(), rows, Some(Instant::now()));
    }

    /// A line that stays, above the targets.
    pub fn note(&mut self, words: &str) {
        self.clear();
        self.console.note(words);
    }

    pub fn clear(&mut self) {
        if self.standing > 0 {
            let _ = std::io::stderr().lock().write_all(format!("{}{CLEAR_BELOW}", up(self.standing)).as_bytes());
            (self.standing, self.drawn_at) = (0, None);
        }
    }
}

fn up(lines: usize) -> String {
    if lines == 0 { "\r".into() } else { format!("\r\x1b[{lines}A") }
}

/// The targets, as many as there is room for.
fn rows(desk: &Desk, width: usize, height: usize, lang: Lang) -> Vec<Row> {
    const MORE: Text = text("{n} more", "另有 {n} 个");
    let names = desk.stations.iter().map(|station| sanitize::for_line(&station.name).width()).max().unwrap_or(0).min(WIDEST_NAME);
    let shown = if desk.stations.len() > height { height.saturating_sub(1) } else { desk.stations.len() };
    let mut rows: Vec<Row> = desk.stations[..shown].iter().map(|station| row(station, names, width, lang)).collect();
    if shown < desk.stations.len() {
        let text = MORE.fill(lang, |_| Some((desk.stations.len() - shown).to_string()));
        rows.push(Row { mark: Mark::Unknown, text });
    }
    rows
}

fn row(station: &Station, names: usize, width: usize, lang: Lang) -> Row {
    const WAITING: Text = text("waiting for the first answer", "等待第一个回答");
    const FAILED: Text = text("{share} failed", "失败 {share}");
    const FIRST_TOKEN: Text = text("first token {time}", "首个 token {time}");
    let mark = match &station.last {
        _ if station.watch.is_alerting() => Mark::Alert,
        None => Mark::Unknown,
        Some(last) if last.has_failed => Mark::Failed,
        Some(_) => Mark::Well,
    };
    let name = sanitize::for_line(&station.name).into_owned();
    let mut pieces = Vec::new();
    match &station.last {
        None => pieces.push(WAITING.get(lang).to_string()),
        Some(last) => {
            pieces.push(last.code.to_string());
            pieces.extend(alerts(station, lang));
            pieces.extend(last.total_ms.map(seconds));
            pieces.push(trail(station));
            pieces.push(FAILED.fill(lang, |_| Some(percent(station.watch.failures().share(), lang))));
            pieces.extend(last.first_token_ms.map(|time| FIRST_TOKEN.fill(lang, |_| Some(seconds(time)))));
        }
    }
    // The mark and the space behind it take two columns.
    let room = width.saturating_sub(2);
    let mut text = cut(&format!("{name}{}", " ".repeat(names.saturating_sub(name.width()))), room);
    for (place, piece) in pieces.iter().enumerate() {
        let longer = format!("{text}{}{piece}", if place == 0 { "  " } else { " · " });
        if longer.width() > room {
            break;
        }
        text = longer;
    }
    Row { mark, text }
}

fn alerts(station: &Station, lang: Lang) -> Option<String> {
    const OPEN: Text = text("alert: {rules}", "告警：{rules}");
    let open: Vec<String> = station.watch.alerts().filter(|(_, since)| since.is_some()).map(|(rule, _)| rule.name()).collect();
    (!open.is_empty()).then(|| OPEN.fill(lang, |_| Some(open.join(", "))))
}

/// The window's checks, the oldest first: a dot for each that went well, a cross for each that failed.
fn trail(station: &Station) -> String {
    let checks: Vec<bool> = station.watch.failures().trail().collect();
    checks[checks.len().saturating_sub(LONGEST_TRAIL)..].iter().map(|failed| if *failed { '✗' } else { '·' }).collect()
}

fn cut(text: &str, width: usize) -> String {
    let mut kept = String::new();
    for c in text.chars() {
        kept.push(c);
        if kept.width() > width {
            kept.pop();
            break;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Class;
    use crate::monitor::log::tests::sample;
    use crate::monitor::{Hysteresis, Memory, Rule, Span};

    fn desk(targets: &[&str], classes: &[Class]) -> Desk {
        let rules = [Rule::ErrorRate(0.02)];
        let hysteresis = Hysteresis { span: Span::Checks(20), min_checks: 3, recover_after: 5 };
        let pasts = Memory::new(targets.iter().copied(), &rules, hysteresis).pasts();
        let mut desk = Desk::new(pasts, vec![None; targets.len()], &rules, None);
        for class in classes {
            desk.take(0, 0, &sample(*class, class.name())).unwrap();
        }
        desk
    }

    fn told(desk: &Desk, width: usize, lang: Lang) -> Vec<(Mark, String)> {
        rows(desk, width, 20, lang).into_iter().map(|row| (row.mark, row.text)).collect()
    }

    #[test]
    fn a_row_says_how_the_target_is_and_how_it_was() {
        use Class::{Healthy, Timeout};
        let desk = desk(&["relay", "b"], &[Healthy, Timeout, Healthy]);
        assert_eq!(
            told(&desk, 100, Lang::En),
            [
                (Mark::Well, "relay  healthy · 900 ms · ·✗· · 33.3 % failed · first token 40 ms".into()),
                (Mark::Unknown, "b      waiting for the first answer".into())
            ]
        );
    }

    #[test]
    fn an_alert_stands_before_the_numbers_and_every_row_fits() {
        let desk = desk(&["relay"], &[Class::Timeout; 3]);
        assert_eq!(told(&desk, 40, Lang::En), [(Mark::Alert, "relay  timeout · alert: error-rate".into())]);
        for width in 0..120 {
            for lang in [Lang::En, Lang::Zh] {
                assert!(told(&desk, width, lang).iter().all(|(_, text)| text.width() + 2 <= width.max(2)), "{width}");
            }
        }
    }

    #[test]
    fn a_fleet_larger_than_the_terminal_is_cut_and_says_so() {
        let names: Vec<String> = (0..50).map(|number| format!("t{number}")).collect();
        let rows = rows(&desk(&names.iter().map(String::as_str).collect::<Vec<_>>(), &[]), 80, 10, Lang::En);
        assert_eq!((rows.len(), rows[9].text.as_str()), (10, "41 more"));
    }

    #[test]
    fn no_name_of_a_target_reaches_the_terminal_as_it_came() {
        let rows = told(&desk(&["a\u{1b}[2Jb"], &[]), 80, Lang::En);
        assert!(!rows[0].1.contains('\u{1b}'), "{rows:?}");
    }
}
