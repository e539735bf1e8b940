//! What is told of a replay: the verdict then and of each run, how long each took, how often it was the same, and what differs.

use std::collections::BTreeMap;

use colored::Colorize as _;
use serde::Serialize;
use unicode_width::UnicodeWidthStr as _;

use super::recorded::Recorded;
use super::words;
use crate::cli::ReplayArgs;
use crate::commands::Failure;
use crate::commands::check::Checked;
use crate::commands::console::Console;
use crate::diagnosis::{AtFault, Class, Diagnosis, Severity, diagnose};
use crate::difference::Difference;
use crate::evidence::Evidence;
use crate::exchange::source::Source;
use crate::lang::{Lang, Text};
use crate::plan::Plan;
use crate::report::model::{Attempt, Report};
use crate::report::{difference, human, sanitize};
use crate::sample::Sample;
use crate::secret::Mask;
use crate::statistics::{Interval, Z95, quantile, wilson};

const SCHEMA: &str = "llmcheck.replay/1";

/// A verdict in a few words.
#[derive(Clone, Debug, Serialize)]
pub struct Told {
    pub class: Class,
    pub code: &'static str,
    pub severity: Severity,
    pub at_fault: AtFault,
    pub title: String,
}

impl Told {
    fn of(evidence: &Evidence<'_>, diagnosis: &Diagnosis, lang: Lang) -> Told {
        let verdict = Report::new(evidence, diagnosis, Vec::new(), lang).verdict;
        Told { class: verdict.class, code: verdict.code, severity: verdict.severity, at_fault: verdict.at_fault, title: verdict.title }
    }
}

/// One exchange of the replay.
#[derive(Debug, Serialize)]
pub struct Run {
    verdict: Told,
    same_verdict: bool,
    sample: Sample,
    difference: Difference,
    #[serde(skip)]
    exit_code: u8,
}

impl Run {
    pub fn of(then: &Evidence<'_>, checked: &Checked, strict: bool, lang: Lang) -> Run {
        let now = Evidence::gather(&checked.transcript);
        Run {
            verdict: Told::of(&now, &checked.diagnosis, lang),
            same_verdict: false,
            sample: checked.sample.clone(),
            difference: Difference::between(then, &now),
            exit_code: checked.diagnosis.exit_code(strict),
        }
    }
}

/// All that is known of a run.
pub fn page(checked: &Checked, console: &Console) -> String {
    let evidence = Evidence::gather(&checked.transcript);
    let attempt = Attempt::of(&evidence, &checked.diagnosis);
    let report = Report::new(&evidence, &checked.diagnosis, vec![attempt], console.lang);
    match report.verdict.severity {
        Severity::Ok => human::line(&report, console.style()),
        Severity::Warning | Severity::Error => human::page(&report, &checked.transcript, console.style()),
    }
}

/// What was recorded, as it stands in the object on stdout.
#[derive(Debug, Serialize)]
struct Then {
    source: Source,
    /// Which exchange of the file, from 1.
    attempt: usize,
    of: usize,
    started: String,
    endpoint: String,
    url: String,
    verdict: Told,
    sample: Sample,
}

/// Where the request went now.
#[derive(Debug, Serialize)]
struct Now {
    endpoint: String,
    method: &'static str,
    url: String,
    model: Option<String>,
    stream: bool,
    proxy: Option<String>,
}

/// The recording beside all runs so far.
pub struct Comparison<'a> {
    then: Then,
    now: Now,
    runs: Vec<Run>,
    console: &'a Console,
}

impl<'a> Comparison<'a> {
    pub fn new(evidence: &Evidence<'_>, recorded: &Recorded, plan: &Plan, console: &'a Console) -> Comparison<'a> {
        let (asked, diagnosis) = (evidence.asked(), diagnose(evidence));
        Comparison {
            then: Then {
                source: asked.source,
                attempt: recorded.number,
                of: recorded.of,
                started: asked.started.clone(),
                endpoint: asked.endpoint.clone(),
                url: asked.url.clone(),
                verdict: Told::of(evidence, &diagnosis, console.lang),
                sample: Sample::of(evidence, &diagnosis),
            },
            now: Now {
                endpoint: plan.endpoint.clone(),
                method: plan.method.name(),
                url: Mask::of_responses(&plan.secrets).cover_text(&plan.target.url()).into_owned(),
                model: plan.model.clone(),
                stream: plan.stream,
                proxy: plan.proxy.as_ref().map(|proxy| proxy.url()),
            },
            runs: Vec::new(),
            console,
        }
    }

    /// Says what was recorded, where people read.
    pub fn begin(&self, args: &ReplayArgs, mask: &Mask) {
        self.show(words::THEN.get(self.console.lang), &self.then.verdict, &self.then.sample, args, mask);
    }

    /// Takes a run, and says how it went.
    pub fn add(&mut self, mut run: Run, args: &ReplayArgs, mask: &Mask) {
        run.same_verdict = run.verdict.code == self.then.verdict.code;
        self.show(&self.name(self.runs.len() + 1, args), &run.verdict, &run.sample, args, mask);
        self.runs.push(run);
    }

    fn name(&self, number: usize, args: &ReplayArgs) -> String {
        let now = words::NOW.get(self.console.lang);
        if args.times == 1 { now.to_string() } else { format!("{now} {number}/{}", args.times) }
    }

    fn show(&self, name: &str, verdict: &Told, sample: &Sample, args: &ReplayArgs, mask: &Mask) {
        if self.shows(args) {
            // All names are as wide as the widest.
            let width = self.name(args.times as usize, args).width().max(words::THEN.get(self.console.lang).width());
            let padded = format!("{name}{}", " ".repeat(width.saturating_sub(name.width())));
            self.tell(&self.line(&padded, verdict, sample), mask);
        }
    }

    /// Tells all that only the whole shows.
    ///
    /// # Errors
    /// When stdout cannot take it.
    pub fn finish(&self, args: &ReplayArgs, mask: &Mask) -> Result<(), Failure> {
        if args.json {
            let json = serde_json::to_string(&self.object()).map_err(|error| Failure::Internal(error.into()))?;
            self.console.print(&format!("{}\n", mask.cover_text(&json)))?;
        }
        let lang = self.console.lang;
        let Some(typical) = self.typical().filter(|_| self.shows(args)) else {
            if self.runs.is_empty() {
                self.console.note(words::STOPPED.get(lang));
            }
            return Ok(());
        };
        let mut page = format!("  {} {}\n\n{}\n", "=".blue().bold(), self.agreement().bold(), self.times());
        let names = (words::THEN.get(lang), words::NOW.get(lang));
        for line in difference::lines(&typical.difference, names, self.console.style()) {
            page.push_str(&line);
            page.push('\n');
        }
        let alike = self.runs.iter().filter(|run| run.difference == typical.difference).count();
        if alike < self.runs.len() {
            let say = words::ALIKE.fill(lang, |slot| Some(if slot == "n" { alike } else { self.runs.len() }.to_string()));
            page.push_str(&format!("  {} {say}\n", "=".blue().bold()));
        }
        self.tell(&page, mask);
        Ok(())
    }

    /// That of the most frequent verdict.
    pub fn exit_code(&self) -> u8 {
        self.typical().map_or(0, |run| run.exit_code)
    }

    fn shows(&self, args: &ReplayArgs) -> bool {
        !args.json || self.console.verbose
    }

    fn tell(&self, text: &str, mask: &Mask) {
        self.console.tell(&mask.cover_text(text));
    }

    /// The last run with the verdict that most have; of two as frequent the one that came later.
    fn typical(&self) -> Option<&Run> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        self.runs.iter().for_each(|run| *counts.entry(run.verdict.code).or_default() += 1);
        self.runs.iter().enumerate().max_by_key(|(at, run)| (counts[run.verdict.code], *at)).map(|(_, run)| run)
    }

    fn same(&self) -> usize {
        self.runs.iter().filter(|run| run.same_verdict).count()
    }

    fn interval(&self) -> Interval {
        wilson(self.same() as u64, self.runs.len() as u64, Z95)
    }

    fn line(&self, name: &str, verdict: &Told, sample: &Sample) -> String {
        let lang = self.console.lang;
        let severity = match verdict.severity {
            Severity::Error => words::ERROR.get(lang).red().bold(),
            Severity::Warning => words::WARNING.get(lang).yellow().bold(),
            Severity::Ok => words::OK.get(lang).green().bold(),
        };
        let colon = if lang == Lang::Zh { "：" } else { ": " };
        let status = sample.status.map(|status| format!("HTTP {status}"));
        let parts: Vec<String> =
            [Some(verdict.title.clone()), status, sample.total_ms.map(human::milliseconds)].into_iter().flatten().collect();
        format!("{name}  {severity}[{}]{colon}{}\n", verdict.code, sanitize::for_line(&parts.join(" · ")))
    }

    /// How many of the runs had the verdict of the recording, and what that tells.
    fn agreement(&self) -> String {
        let (same, all) = (self.same(), self.runs.len());
        let was_fault = self.then.verdict.severity == Severity::Error;
        let words = match (all, same, was_fault) {
            (1, 1, _) => words::SAME,
            (1, ..) => words::OTHER,
            (_, same, true) if same == all => words::CONSTANT,
            (_, 0, true) => words::GONE,
            (_, _, true) => words::SPORADIC,
            (_, same, false) if same == all => words::AS_THEN,
            (_, _, false) => words::NOT_AS_THEN,
        };
        let interval = self.interval();
        let now = self.typical().map_or("", |run| run.verdict.code);
        words.fill(self.console.lang, |slot| {
            Some(match slot {
                "same" => same.to_string(),
                "all" => all.to_string(),
                "low" => format!("{:.0}", interval.low * 100.0),
                "high" => format!("{:.0}", interval.high * 100.0),
                "then" => self.then.verdict.code.to_string(),
                _ => now.to_string(),
            })
        })
    }

    /// A table of how long it took then and now; of several runs the median, and the shortest and longest.
    fn times(&self) -> String {
        type Time = fn(&Sample) -> Option<f64>;
        let columns: [(Text, Time); 3] = [
            (words::FIRST_BYTE, |sample| sample.first_byte_ms),
            (words::FIRST_TOKEN, |sample| sample.first_token_ms),
            (words::TOTAL, |sample| sample.total_ms),
        ];
        let lang = self.console.lang;
        let now = match self.runs.len() {
            1 => words::NOW.get(lang).to_string(),
            all => words::MEDIAN.fill(lang, |_| Some(all.to_string())),
        };
        let mut rows = [vec![String::new()], vec![words::THEN.get(lang).to_string()], vec![now]];
        for (name, time) in columns {
            let mut times: Vec<f64> = self.runs.iter().filter_map(|run| time(&run.sample)).collect();
            times.sort_by(f64::total_cmp);
            let then = time(&self.then.sample);
            // A column that nobody has is left out: a plain answer has no first token.
            if then.is_none() && times.is_empty() {
                continue;
            }
            let range = match (times.first(), times.last()) {
                (Some(first), Some(last)) if times.len() > 1 => {
                    format!(" ({}–{})", human::milliseconds(*first), human::milliseconds(*last))
                }
                _ => String::new(),
            };
            let shown = |time: Option<f64>| time.map_or_else(|| "–".to_string(), human::milliseconds);
            rows[0].push(name.get(lang).to_string());
            rows[1].push(shown(then));
            rows[2].push(format!("{}{range}", shown(quantile(&times, 0.5))));
        }
        table(&rows)
    }

    fn object(&self) -> impl Serialize + '_ {
        #[derive(Serialize)]
        struct Object<'a> {
            schema: &'static str,
            tool: &'static str,
            recording: &'a Then,
            request: &'a Now,
            runs: &'a [Run],
            same_verdict: usize,
            /// Of the rate at which the verdict is the same, with 95 % confidence.
            interval: Interval,
            /// Of the last run with the most frequent verdict.
            difference: Option<&'a Difference>,
            lang: &'static str,
        }
        Object {
            schema: SCHEMA,
            tool: concat!("llmcheck ", env!("CARGO_PKG_VERSION")),
            recording: &self.then,
            request: &self.now,
            runs: &self.runs,
            same_verdict: self.same(),
            interval: self.interval(),
            difference: self.typical().map(|run| &run.difference),
            lang: self.console.lang.tag(),
        }
    }
}

/// Rows in columns of even width, the first one to the left, the others to the right.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0);
    let mut text = String::new();
    for row in rows {
        let mut line = String::from("  ");
        for column in 0..columns {
            let cell = row.get(column).map_or("", String::as_str);
            let padding = " ".repeat(width(column) - cell.width());
            line.push_str(&if column == 0 { format!("{cell}{padding}") } else { format!("   {padding}{cell}") });
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_even_also_where_characters_are_wide() {
        let row = |cells: [&str; 2]| cells.map(str::to_string).to_vec();
        assert_eq!(
            table(&[row(["", "首字节"]), row(["then", "1 ms"]), row(["当时", "10.0 s"])]),
            "         首字节\n  then     1 ms\n  当时   10.0 s\n"
        );
    }
}
