//! `llmcheck compare`: several targets asked in turn, and what the data can tell of them.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::Failure;
use super::check::check;
use super::console::{Console, textwrap_width};
use super::handout::Handout;
use super::interrupt::{CLEAR_LINE, HAS_BAR, is_stopped, pause, stop_on_interrupt};
use super::progress;
use super::recording;
use super::target::{self, Target, Ways};
use crate::api::tokens;
use crate::cli::{CompareArgs, RequestArgs};
use crate::compare::{self, Asked, Comparison, Order, Page, Setting, Taken};
use crate::diagnosis::Class;
use crate::lang::{Text, text};
use crate::report::sanitize;
use crate::secret::Mask;
use anyhow::{Context as _, anyhow};

/// Short, and with an answer whose length can be compared.
const PROMPT: &str = "Write three sentences about the sea.";
/// Keeps what an answer costs and how long it takes in bounds.
const MAX_TOKENS: u64 = 128;

pub fn run(args: &CompareArgs, console: &Console) -> Result<u8, Failure> {
    // Whatever cannot be written is said before anything is spent.
    Handout::to(&args.reports).map_err(as_usage)?;
    if let Some(path) = args.reports.iter().find(|path| path.is_dir()) {
        return Err(Failure::Usage(anyhow!("the report {} cannot be written: it is a directory; name a file", path.display())));
    }
    let request = request(&args.request);
    let usual = if request.messages.is_some() { "" } else { PROMPT };
    let prompt = args.prompt.as_deref().unwrap_or(usual);
    let ways = Ways { prompt, request: &request, base_url: args.base_url.as_deref(), connection: &args.connection };
    let (targets, _lab) = target::of(&args.targets, ways)?;
    let mask = mask(&targets);
    let records = args.record.as_deref().map(|directory| records(directory, &targets)).transpose()?;
    stop_on_interrupt();
    announce(args, &targets, console);

    let started = format!("{:.3}", jiff::Timestamp::now());
    let seed = fastrand::u64(..);
    let run = Run {
        targets: &targets,
        records,
        samples: targets.iter().map(|_| Mutex::default()).collect(),
        bar: Bar::of(args.rounds * targets.len() as u64, console),
    };
    let measured = run.all(args, seed, console);
    let rounds = run.completed();
    let setting = Setting {
        started,
        rounds_wanted: args.rounds,
        rounds,
        at_once: args.jobs,
        seed,
        max_error_rate: args.max_error_rate,
        is_stopped: is_stopped(),
    };
    let comparison = Comparison::of(targets.iter().map(asked).collect(), run.finish(), setting, console.lang);
    let told = tell(args, &comparison, &mask, console);
    // What was measured was paid for: it is told also where the rest could not be.
    measured.and(told)?;
    if comparison.setting.is_stopped { Ok(130) } else { Ok(comparison.exit_code()) }
}

fn mask(targets: &[Target]) -> Mask {
    Mask::of_responses(targets.iter().flat_map(|target| &target.plan.secrets))
}

fn tell(args: &CompareArgs, comparison: &Comparison, mask: &Mask, console: &Console) -> Result<(), Failure> {
    // Neither a full disk nor a closed stdout costs what the others would get.
    let write = |path: &PathBuf| compare::file::write(path, comparison, mask, console.lang).map_err(Failure::Internal);
    let written = args.reports.iter().map(write).fold(Ok(()), Result::and);
    if args.json {
        let object = serde_json::to_string(comparison).map_err(|error| Failure::Internal(error.into()))?;
        console.print(&format!("{}\n", mask.cover_text(&object)))?;
        console.note(&comparison.conclusion);
    } else {
        let width = console.stdout_is_terminal.then(|| textwrap_width().unwrap_or(80));
        let is_coloured = console.stdout_is_coloured;
        let page = compare::page(comparison, Page { lang: console.lang, width, is_coloured });
        // The page is made of text that has passed the sanitiser, and of our own colours.
        console.print_own(&mask.cover_text(&page))?;
    }
    written
}

/// What a report cannot be written to is for the user to correct: nothing has been done yet.
fn as_usage(failure: Failure) -> Failure {
    match failure {
        Failure::Usage(error) | Failure::Internal(error) => Failure::Usage(error),
    }
}

/// A stream unless a plain answer is asked for, and a bound on its length unless there is one.
fn request(typed: &RequestArgs) -> RequestArgs {
    let mut request = typed.clone();
    if request.body.is_none() {
        request.stream = !request.no_stream;
        if request.shape.max_completion_tokens.is_none() {
            request.shape.max_tokens.get_or_insert(MAX_TOKENS);
        }
    }
    request
}

fn asked(target: &Target) -> Asked {
    Asked {
        target: target.name.clone(),
        model: target.plan.model.clone(),
        url: Mask::of_responses(&target.plan.secrets).cover_text(&target.plan.target.url()).into_owned(),
        price: target.price,
    }
}

/// A recording for each target, named after it.
fn records(directory: &Path, targets: &[Target]) -> Result<Vec<File>, Failure> {
    std::fs::create_dir_all(directory)
        .with_context(|| format!("the directory {} for recordings cannot be made", directory.display()))
        .map_err(Failure::Usage)?;
    let mut paths: Vec<PathBuf> = Vec::new();
    for target in targets {
        let plain = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' };
        let name: String = target.name.chars().map(plain).take(80).collect();
        let path = |suffix: &str| directory.join(format!("{}{suffix}.jsonl", name.trim_start_matches('.')));
        let free = (2..).map(|number| path(&format!("-{number}"))).find(|path| !paths.contains(path));
        paths.push(if paths.contains(&path("")) { free.unwrap_or_else(|| path("")) } else { path("") });
    }
    paths.iter().map(|path| recording::create(path).map_err(Failure::Usage)).collect()
}

/// What it will take, before it begins.
fn announce(args: &CompareArgs, targets: &[Target], console: &Console) {
    const REQUESTS: Text = text(
        "{requests} requests: {rounds} rounds of {targets}; at most about {tokens} tokens in all",
        "共 {requests} 次请求：{rounds} 轮，每轮 {targets} 个目标；总计最多约 {tokens} 个 token",
    );
    const UNBOUNDED: Text = text(
        "{requests} requests: {rounds} rounds of {targets}; about {tokens} tokens of prompts, and the answers, which have no bound",
        "共 {requests} 次请求：{rounds} 轮，每轮 {targets} 个目标；提示词约 {tokens} 个 token，另加无上限的回答",
    );
    let of_prompt = |target: &Target| tokens::about(&String::from_utf8_lossy(&target.plan.body));
    let of_round: u64 = targets.iter().map(|target| of_prompt(target) + target.plan.max_tokens.unwrap_or(0)).sum();
    let words = if targets.iter().all(|target| target.plan.max_tokens.is_some()) { REQUESTS } else { UNBOUNDED };
    console.note(&words.fill(console.lang, |slot| match slot {
        "requests" => Some((args.rounds * targets.len() as u64).to_string()),
        "rounds" => Some(args.rounds.to_string()),
        "targets" => Some(targets.len().to_string()),
        "tokens" => Some((args.rounds * of_round).to_string()),
        _ => None,
    }));
}

/// How far it is, on a terminal only.
struct Bar<'a> {
    console: &'a Console,
    is_shown: bool,
    total: u64,
    done: AtomicU64,
    began: Instant,
}

impl Bar<'_> {
    fn of(total: u64, console: &Console) -> Bar<'_> {
        let is_shown = progress::is_shown(console);
        HAS_BAR.store(is_shown, Ordering::Relaxed);
        Bar { console, is_shown, total, done: AtomicU64::new(0), began: Instant::now() }
    }

    /// Who is asked now.
    fn show(&self, target: &str) {
        if self.is_shown {
            let elapsed = progress::roughly(Duration::from_secs(self.began.elapsed().as_secs()));
            let pieces = [elapsed, sanitize::for_line(target).into_owned()];
            let line = progress::line(self.done.load(Ordering::Relaxed), self.total, &pieces, progress::width());
            self.console.tell(&format!("\r{line}{}", progress::CLEAR_REST));
        }
    }

    fn end(&self) {
        if self.is_shown {
            let _ = std::io::stderr().lock().write_all(CLEAR_LINE);
        }
        HAS_BAR.store(false, Ordering::Relaxed);
    }
}

/// The measuring under way.
struct Run<'a> {
    targets: &'a [Target],
    records: Option<Vec<File>>,
    samples: Vec<Mutex<Vec<Taken>>>,
    bar: Bar<'a>,
}

impl Run<'_> {
    /// Round after round.
    fn all(&self, args: &CompareArgs, seed: u64, console: &Console) -> Result<(), Failure> {
        let mut order = Order::new(self.targets.len(), seed);
        for round in 1..=args.rounds {
            self.round(round, &order.next_round(), args.jobs, console)?;
            if is_stopped() {
                return Ok(());
            }
            if let Some(wait) = args.pause.filter(|_| round < args.rounds) {
                pause(wait);
            }
        }
        Ok(())
    }

    /// Each target once, so many at the same time.
    fn round(&self, round: u64, order: &[usize], jobs: u16, console: &Console) -> Result<(), Failure> {
        let (next, has_failed, failure) = (AtomicUsize::new(0), AtomicBool::new(false), Mutex::new(None));
        let work = || {
            while !is_stopped() && !has_failed.load(Ordering::Relaxed) {
                let place = next.fetch_add(1, Ordering::Relaxed);
                let Some(index) = order.get(place) else { return };
                if let Err(error) = self.ask(*index, round, place + 1, console) {
                    has_failed.store(true, Ordering::Relaxed);
                    failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                }
            }
        };
        thread::scope(|scope| {
            for _ in 1..usize::from(jobs).min(order.len()) {
                scope.spawn(work);
            }
            work();
        });
        failure.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }

    fn ask(&self, index: usize, round: u64, place: usize, console: &Console) -> Result<(), Failure> {
        let target = &self.targets[index];
        let record = self.records.as_ref().and_then(|records| records.get(index));
        let attempt = u32::try_from(round).map_err(|_| Failure::Internal(anyhow!("too many rounds")))?;
        self.bar.show(&target.name);
        let sample = check(&target.plan, attempt, None, record, console)?.sample;
        self.bar.done.fetch_add(1, Ordering::Relaxed);
        // That one was ended by the user, and says nothing of the target.
        if sample.class != Class::Interrupted {
            self.samples[index].lock().unwrap_or_else(PoisonError::into_inner).push(Taken { round, place, sample });
        }
        Ok(())
    }

    /// Rounds in which each target was asked.
    fn completed(&self) -> u64 {
        let asked = self.samples.iter().map(|samples| samples.lock().unwrap_or_else(PoisonError::into_inner).len() as u64);
        asked.min().unwrap_or(0)
    }

    fn finish(self) -> Vec<Vec<Taken>> {
        self.bar.end();
        self.samples.into_iter().map(|samples| samples.into_inner().unwrap_or_else(PoisonError::into_inner)).collect()
    }
}
