//! What a probe tells on a terminal: its stages as they come, then on the same screen what the experiment came to.

use std::collections::BTreeMap;

use colored::Colorize as _;
use unicode_width::UnicodeWidthStr as _;

use super::super::console::{Console, Reader};
use super::super::{Failure, typed};
use super::Probed;
use super::drive::{Driven, Ended, Told};
use super::object::Object;
use crate::cli::ProbeArgs;
use crate::lang::{Lang, Text, text};
use crate::plan::Plan;
use crate::probe::belief::{Cause, Count, Trigger};
use crate::probe::experiment::Explanation;
use crate::probe::factor::{Factor, Level};
use crate::probe::stage::{Stage, State};
use crate::probe::words::way_around;
use crate::report::human::{Style, milliseconds};
use crate::report::{difference, sanitize, words};
use crate::secret::Mask;

/// An answer of fewer bytes is not long.
const NOT_LONG_YET: u64 = 2048;

const USE: Text = text("use:", "可用：");
const MORE: Text = text("more:", "详情：");
const KEPT: Text = text("kept:", "记录：");
const VIA: Text = text("via:", "途经：");
const NOTE: Text = text("note:", "说明：");

pub struct Printer<'a> {
    args: &'a ProbeArgs,
    console: &'a Console,
    mask: Mask,
}

impl<'a> Printer<'a> {
    pub fn new(args: &'a ProbeArgs, console: &'a Console) -> Printer<'a> {
        Printer { args, console, mask: Mask::of_responses([]) }
    }

    fn line(&self, text: &str) -> Result<(), Failure> {
        self.told(text).map(drop)
    }

    /// A line, and whether anybody reads it.
    fn told(&self, text: &str) -> Result<Reader, Failure> {
        if self.args.json {
            return Ok(Reader::Present);
        }
        self.console.print_own(&format!("{}\n", self.mask.cover_text(text.trim_end())))
    }

    /// What is probed.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn head(&mut self, plan: &Plan) -> Result<Reader, Failure> {
        const WORDS: Text = text("probe of {url}{model}", "探测 {url}{model}");
        self.mask = Mask::of_responses(&plan.secrets);
        let model = plan.model.as_ref().map_or_else(String::new, |model| format!(" · {model}"));
        let said = WORDS.fill(self.console.lang, |slot| Some(if slot == "url" { plan.target.url() } else { model.clone() }));
        self.told(&sanitize::for_line(&said))
    }

    /// One stage, as soon as it is known.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn stage(&self, stage: &Stage) -> Result<Reader, Failure> {
        const OK: Text = text("ok", "正常");
        const SKIPPED: Text = text("-", "-");
        const WARNING: Text = text("warn", "注意");
        const FAILED: Text = text("FAIL", "失败");
        let lang = self.console.lang;
        let padded = |text: Text, width: usize| pad(text.get(lang), width);
        let state = match stage.state {
            State::Ok => padded(OK, 5).green(),
            State::Skipped => padded(SKIPPED, 5).normal(),
            State::Warning => padded(WARNING, 5).yellow().bold(),
            State::Failed => padded(FAILED, 5).red().bold(),
        };
        let ms = stage.ms.map_or_else(String::new, milliseconds);
        let code = stage.code.map_or_else(String::new, |code| format!("[{code}] "));
        self.told(&format!("  {state} {} {ms:>8}  {code}{}", padded(stage.name.word(), 8), sanitize::for_line(&stage.text)))
    }

    /// The rest, and the exit code.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn finish(&self, probed: &Probed<'_>) -> Result<u8, Failure> {
        if self.args.json {
            let object = serde_json::to_string(&Object::of(probed, self.console.lang)).unwrap_or_default();
            self.console.print(&format!("{}\n", self.mask.cover_text(&object)))?;
            return Ok(probed.class().exit_code());
        }
        if let Some(driven) = probed.driven {
            self.experiment(probed, driven)?;
        } else if let Some((code, told)) = probed.walk.stopper.as_ref().or(probed.walk.trouble.as_ref()) {
            self.help(told)?;
            self.note(MORE, &format!("llmcheck explain {code}"))?;
        }
        if probed.is_out_of_time {
            why_ended(Ended::OutOfTime).map_or(Ok(()), |words| self.note(NOTE, words.get(self.console.lang)))?;
        }
        if let Some(directory) = probed.recordings {
            self.note(KEPT, &format!("{} (llmcheck diagnose FILE)", directory.display()))?;
        }
        if probed.is_cut_off {
            const CUT_OFF: Text = text("not everything could be recorded: is the disk full?", "未能全部记录：磁盘是否已满？");
            self.note(NOTE, CUT_OFF.get(self.console.lang))?;
        }
        Ok(probed.class().exit_code())
    }

    fn note(&self, name: Text, text: &str) -> Result<(), Failure> {
        self.line(&format!("   {} {} {}", "=".blue().bold(), name.get(self.console.lang).bold(), sanitize::for_line(text)))
    }

    fn experiment(&self, probed: &Probed<'_>, driven: &Driven) -> Result<(), Failure> {
        let lang = self.console.lang;
        self.line("")?;
        for explanation in driven.experiment.explain() {
            self.verdict(probed, driven, &explanation)?;
        }
        const COST: Text = text("{n} requests, {tokens} tokens, --seed {seed}", "{n} 个请求，{tokens} 个 token，--seed {seed}");
        let cost = COST.fill(lang, |slot| {
            Some(match slot {
                "n" => driven.requests.to_string(),
                "tokens" => driven.tokens.to_string(),
                _ => driven.seed.to_string(),
            })
        });
        self.note(NOTE, &cost)?;
        why_ended(driven.ended).map_or(Ok(()), |words| self.note(NOTE, words.get(lang)))?;
        if let Some((code, told)) = &driven.stopper {
            let is_told = driven.experiment.explain().iter().all(|one| one.cause == Cause::Nothing && !one.is_settled);
            if !is_told {
                self.note(NOTE, &format!("[{code}] {}", told.title))?;
            }
            self.help(told)?;
        }
        untried(driven).into_iter().try_for_each(|words| self.note(NOTE, words.get(lang)))?;
        self.difference(probed)
    }

    /// What differs between two ways, whatever failed.
    fn difference(&self, probed: &Probed<'_>) -> Result<(), Failure> {
        const MOST_LINES: usize = 16;
        let Some(compared) = probed.difference.filter(|compared| !compared.difference.is_empty()) else {
            return Ok(());
        };
        let name = |level: Level| match level {
            Level::Here => probed.names.here.clone(),
            Level::There => probed.names.there.clone(),
            other => other.word().get(self.console.lang).to_string(),
        };
        let [a, b] = compared.ways.map(name);
        let style = Style { width: None, ..self.console.style() };
        let lines = difference::lines(&compared.difference, (&a, &b), style);
        lines.iter().take(MOST_LINES).try_for_each(|line| self.line(&format!("   {line}")))
    }

    fn verdict(&self, probed: &Probed<'_>, driven: &Driven, explanation: &Explanation) -> Result<(), Failure> {
        let lang = self.console.lang;
        let error = |code: &str| format!("{}[{code}]", words::ERROR.get(lang).red().bold());
        let sentence = probed.names.sentence(explanation, lang);
        let colon = if lang == Lang::Zh { "：" } else { ": " };
        let code = explanation.codes.first().map(|(code, _)| *code);
        const UNSURE: Text = text("unsure", "未定");
        let is_cut_short = code.is_none() && !explanation.is_settled;
        let (head, sentence, rest) = match (code, &driven.stopper) {
            (None, Some((code, told))) if is_cut_short => (error(code), told.title.clone(), Some(sentence)),
            (None, _) if is_cut_short => (UNSURE.get(lang).yellow().bold().to_string(), sentence, None),
            (None, _) => (words::OK.get(lang).green().bold().to_string(), sentence, None),
            (Some(code), _) => (error(code), sentence, None),
        };
        self.line(&format!("{head}{colon}{}", sanitize::for_line(&sentence).bold()))?;
        rest.map_or(Ok(()), |rest| self.note(NOTE, &rest))?;
        let Some(code) = code else {
            const NOT_AGAIN: Text = text("the failure above did not come again: it may come and go", "上面的失败没有再现：可能时好时坏");
            let has_failed = probed.walk.chats.iter().any(|chat| chat.has_failed);
            return if has_failed { self.note(NOTE, NOT_AGAIN.get(lang)) } else { Ok(()) };
        };
        if let Some(told) = driven.told.get(code) {
            self.example(explanation, told)?;
        }
        driven.via(explanation).map_or(Ok(()), |who| self.note(VIA, who))?;
        if let Cause::Trigger(trigger) = &explanation.cause {
            let rows = match (trigger.0.is_empty(), explanation.is_constant()) {
                (true, true) => Vec::new(),
                (true, false) if !explanation.is_sure() => Vec::new(),
                (true, false) => margins(driven, lang),
                (false, _) => table(trigger, driven, lang),
            };
            rows.iter().try_for_each(|row| self.line(&format!("     {row}")))?;
            self.remedy(probed, driven, explanation, trigger)?;
        }
        self.note(MORE, &format!("llmcheck explain {code}"))
    }

    fn help(&self, told: &Told) -> Result<(), Failure> {
        told.advice.iter().try_for_each(|advice| self.note(words::HELP, advice))
    }

    fn example(&self, explanation: &Explanation, told: &Told) -> Result<(), Failure> {
        const EXAMPLE: Text = text("what:", "经过：");
        let lang = self.console.lang;
        self.note(EXAMPLE, &told.title)?;
        let others: Vec<String> = explanation.codes.iter().skip(1).map(|(code, n)| format!("{n} × {code}")).collect();
        if !others.is_empty() {
            self.note(words::ALSO, &others.join(" · "))?;
        }
        // Where the way through the middle is what fails, that is who.
        let is_of_proxy =
            matches!(&explanation.cause, Cause::Trigger(trigger) if trigger.0.iter().any(|claim| claim.levels == [Level::Proxied]));
        let who = if is_of_proxy { crate::diagnosis::AtFault::Proxy } else { told.at_fault };
        self.note(words::WHO, words::at_fault(who).get(lang))
    }

    fn remedy(&self, probed: &Probed<'_>, driven: &Driven, explanation: &Explanation, trigger: &Trigger) -> Result<(), Failure> {
        const OWN: Text =
            text("a connection for each request, as here, never failed: 0 of {of}", "像这样每个请求单独一个连接从未失败：{of} 次中 0 次");
        const SEEN: Text = text("never failed so, 0 of {of}", "这样从未失败，{of} 次中 0 次");
        const RETRY: Text = text("what comes and goes is worth a retry", "时好时坏，值得重试");
        let lang = self.console.lang;
        let space = driven.experiment.space();
        if let Some(way) = way_around(trigger, space, driven.experiment.outcomes(), &probed.names) {
            let words = if way.flags.is_empty() { OWN } else { SEEN };
            let seen = words.fill(lang, |_| Some(way.seen.of.to_string()));
            return self.note(USE, &format!("{}   # {seen}", typed::as_chat(&way.flags)));
        }
        if trigger.0.is_empty() && !explanation.is_constant() && explanation.is_sure() {
            return self.note(USE, &format!("{}   # {}", typed::as_chat("--retry 3"), RETRY.get(lang)));
        }
        let told = explanation.codes.first().and_then(|(code, _)| driven.told.get(code));
        let mut advice = told.into_iter().flat_map(|told| &told.advice).filter(|advice| !was_of_no_use(advice, trigger));
        advice.try_for_each(|advice| self.note(words::HELP, advice))
    }
}

/// It names a flag for what the failures do not depend on: it was tried, and failed as well.
fn was_of_no_use(advice: &str, trigger: &Trigger) -> bool {
    const TRIED: [(&str, Factor); 3] = [("--stream", Factor::Mode), ("--no-stream", Factor::Mode), ("--accept-encoding", Factor::Coding)];
    let names = |flag: &str| advice.split([' ', ':', ',', ';', '(', ')', '，', '：', '；', '（', '）']).any(|word| word == flag);
    TRIED.iter().any(|(flag, factor)| names(flag) && trigger.0.iter().all(|claim| claim.factor != *factor))
}

fn why_ended(ended: Ended) -> Option<Text> {
    match ended {
        Ended::Decided => None,
        Ended::OutOfRequests => {
            Some(text("--max-requests allows no more; more would tell more", "已达到 --max-requests；更多请求能说明更多"))
        }
        Ended::OutOfTime => Some(text("--max-time is over; more would tell more", "已到 --max-time；更长时间能说明更多")),
        Ended::Limited => Some(text("ended early: the server limits requests", "提前结束：服务器限流")),
        Ended::Refused => Some(text("ended early: the key or the account is refused", "提前结束：密钥或账户被拒绝")),
        Ended::Interrupted => Some(text("interrupted", "已中断")),
    }
}

/// What was asked for and not to be had.
fn untried(driven: &Driven) -> Vec<Text> {
    const CLOSES: Text = text("the server keeps no connection open", "服务器不保持连接");
    const LIMIT: Text = text("the model allows no large max_tokens", "该模型不允许较大的 max_tokens");
    const ASCII: Text =
        text("the model answers Chinese in ASCII: other text was tried in prompts only", "模型用 ASCII 回答中文：其他文字只在提示词中试过");
    const NOT_LONG: Text = text("no answer was long: what long ones do was not tried", "没有得到较长的回答：未能试验长回答");
    let well = || driven.trials.iter().filter(|trial| !trial.failed);
    let asked_for = |level| well().filter(|trial| trial.levels.contains(&level)).count() >= 2;
    let notes = [
        (driven.given_up.contains(&Level::Second), CLOSES),
        (driven.given_up.contains(&Level::LargeLimit), LIMIT),
        (asked_for(Level::Chinese) && !driven.has_chinese, ASCII),
        (asked_for(Level::Long) && driven.longest < NOT_LONG_YET, NOT_LONG),
    ];
    notes.into_iter().filter(|(holds, _)| *holds).map(|(_, words)| words).collect()
}

/// How often it failed for each combination of the levels of the trigger's factors.
fn table(trigger: &Trigger, driven: &Driven, lang: Lang) -> Vec<String> {
    const FAILED: Text = text("failed", "失败");
    let factors: Vec<Factor> = trigger.0.iter().map(|claim| claim.factor).collect();
    let mut rows: BTreeMap<Vec<Level>, Count> = BTreeMap::new();
    let space = driven.experiment.space();
    for outcome in driven.experiment.outcomes() {
        let key = space.levels(&outcome.setting).filter(|level| factors.contains(&level.factor())).collect();
        let count = rows.entry(key).or_default();
        count.of += 1;
        count.failed += u64::from(outcome.failure.is_some());
    }
    let head: Vec<String> = factors.iter().map(|factor| factor.word().get(lang).to_string()).collect();
    let mut sorted: Vec<_> = rows.into_iter().collect();
    sorted.sort_by(|a, b| (b.1.failed * a.1.of).cmp(&(a.1.failed * b.1.of)).then(a.0.cmp(&b.0)));
    let cells = |levels: &[Level]| levels.iter().map(|level| level.word().get(lang).to_string()).collect::<Vec<_>>();
    let body: Vec<(Vec<String>, String)> = sorted.iter().map(|(levels, count)| (cells(levels), counted(*count, lang))).collect();
    let width = |column: usize| body.iter().map(|(cells, _)| cells[column].width()).chain([head[column].width()]).max().unwrap_or(0) + 2;
    let line = |cells: &[String], last: &str| {
        let padded: String = cells.iter().enumerate().map(|(column, cell)| pad(cell, width(column))).collect();
        format!("{padded}{last}")
    };
    std::iter::once(line(&head, FAILED.get(lang)).bold().to_string()).chain(body.iter().map(|(cells, last)| line(cells, last))).collect()
}

/// How often it failed at each level of each factor: where nothing depends on any, they are alike.
fn margins(driven: &Driven, lang: Lang) -> Vec<String> {
    let space = driven.experiment.space();
    let line = |(factor, levels): &(Factor, Vec<Level>)| {
        let count = |level: &Level| {
            let there = driven.experiment.outcomes().iter().filter(|outcome| space.has(&outcome.setting, *level));
            there.fold(Count::default(), |count, outcome| Count {
                failed: count.failed + u64::from(outcome.failure.is_some()),
                of: count.of + 1,
            })
        };
        let told = levels.iter().map(|level| format!("{} {}", level.word().get(lang), counted(count(level), lang)));
        format!("{}{}", pad(factor.word().get(lang), 12), told.collect::<Vec<_>>().join(" · "))
    };
    space.factors.iter().map(line).collect()
}

fn counted(count: Count, lang: Lang) -> String {
    match lang {
        Lang::En => format!("{} of {}", count.failed, count.of),
        Lang::Zh => format!("{}/{}", count.failed, count.of),
    }
}

fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}
