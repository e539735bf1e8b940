//! `llmcheck probe`: walk the way to an endpoint, and where something fails find out by experiment what that depends on.

mod ask;
mod drive;
pub mod object;
mod page;
mod recordings;
mod stages;

use std::collections::BTreeSet;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;
use std::time::Duration;

use super::aim::RunningLab;
use super::console::{Console, Reader};
use super::interrupt::{is_stopped, stop_on_interrupt};
use super::{Failure, typed};
use crate::api::request::{self as body, Composed};
use crate::cli::ProbeArgs;
use crate::config::fallback::Fallback;
use crate::config::{self, ConfigFile, Wanted};
use crate::diagnosis::Class;
use crate::difference::Difference;
use crate::evidence::Evidence;
use crate::lang::{Text, text};
use crate::plan::{Addresses, Family, Plan, Timeouts};
use crate::probe::factor::{Level, Space};
use crate::probe::request::{Long, Requests};
use crate::probe::stage::State;
use crate::probe::words::Names;
use ask::Asker;
use drive::{Driven, Driver, Ended};
use recordings::Recordings;
use stages::Walk;

/// Everything that a probe brought.
struct Probed<'a> {
    requests: &'a Requests,
    walk: &'a Walk,
    driven: Option<&'a Driven>,
    names: Names,
    command: String,
    recordings: Option<&'a Path>,
    /// Not everything could be recorded.
    is_cut_off: bool,
    /// The stages themselves ended early.
    is_out_of_time: bool,
    /// The experiment would have been of use, and was not made.
    is_left_out: bool,
    /// What differs between the way that is suspected and the other one.
    difference: Option<&'a Compared>,
}

impl Probed<'_> {
    /// The class of most failures of the experiment, else of what ended the walk or failed first on it.
    fn class(&self) -> Class {
        let of_experiment = self.driven.and_then(|driven| {
            let explanation = driven.experiment.explain().into_iter().next()?;
            let (code, _) = explanation.codes.first()?;
            driven.told.get(code).map(|told| told.class)
        });
        let of_stages = || self.walk.stages.iter().find(|stage| stage.state == State::Failed).and_then(|stage| stage.class);
        let is_interrupted = self.driven.is_some_and(|driven| driven.ended == Ended::Interrupted) || is_stopped();
        let of_end = || self.driven.and_then(|driven| driven.stopper.as_ref()).map(|(_, told)| told.class);
        if is_interrupted { Class::Interrupted } else { of_experiment.or_else(of_end).or_else(of_stages).unwrap_or(Class::Healthy) }
    }
}

/// What nobody asked to be waited for longer.
const FIRST_BYTE: Duration = Duration::from_secs(60);
const TOTAL: Duration = Duration::from_secs(120);
/// Requests that the comparison of two ways takes behind the experiment.
const COMPARISON: u32 = 2;

pub fn run(args: &ProbeArgs, console: &Console) -> Result<u8, Failure> {
    let lab = args.lab.as_ref().map(|_| RunningLab::start()).transpose()?;
    let mut requests = requests(args, lab.as_ref())?;
    let mut recordings = Recordings::to(args.record.as_deref())?;
    stop_on_interrupt();
    let mut page = page::Printer::new(args, console);
    let mut asker = Asker::new(&mut recordings, console, args.max_requests, args.max_time);
    let is_read = page.head(&requests.here)? == Reader::Present;
    let walk = match is_read {
        true => stages::walk(&mut requests, &mut asker, &mut |stage| page.stage(stage))?,
        false => Walk::default(),
    };
    let space = space(&requests, &walk);
    let left = args.max_requests.saturating_sub(walk.requests);
    let wants = is_read && wants_experiment(args, &walk, left) && asker.is_over().is_none();
    let driven = match wants && may_begin(args, &requests, &space, (left, asker.left()), console)? {
        true => Some(drive(args, &requests, &walk, &space, left, &mut asker)?),
        false => None,
    };
    let is_out_of_time = driven.is_none() && asker.is_over() == Some(Ended::OutOfTime);
    let is_left_out = wants && driven.is_none();
    let names = names(&requests, driven.as_ref());
    let difference = driven.as_ref().map(|driven| compared(&requests, driven, &mut asker)).transpose()?.flatten();
    let command = typed::command_line();
    page.finish(&Probed {
        requests: &requests,
        walk: &walk,
        driven: driven.as_ref(),
        names,
        command,
        recordings: recordings.directory(),
        is_cut_off: recordings.is_cut_off(),
        is_out_of_time,
        is_left_out,
        difference: difference.as_ref(),
    })
}

fn requests(args: &ProbeArgs, lab: Option<&RunningLab>) -> Result<Requests, Failure> {
    let file = config::load_file(args.connection.config.as_deref(), &config::environment).map_err(Failure::Usage)?;
    let there = lab.zip(args.lab.as_deref()).map(|(lab, name)| lab.aim(name, args.lab_tls)).transpose()?;
    let wanted = Wanted {
        base_url: args.target.base_url.as_deref(),
        endpoint: args.target.endpoint.as_deref(),
        connection: &args.connection,
        shape: &args.shape,
        lab: there.as_ref(),
        names_mode: false,
    };
    let mut here = config::resolve(&wanted, &file, |model| compose(args, model), &config::environment).map_err(Failure::Usage)?.plan;
    let mut against = against(args, &here, &wanted, lab, &file)?;
    for plan in std::iter::once(&mut here).chain(against.as_mut()) {
        shorten(&mut plan.timeouts, args, lab.is_some());
    }
    Ok(Requests { here, there: against, long: Long::Logprobs, renamed: BTreeSet::new() })
}

fn against(
    args: &ProbeArgs,
    here: &Plan,
    wanted: &Wanted<'_>,
    lab: Option<&RunningLab>,
    file: &ConfigFile,
) -> Result<Option<Plan>, Failure> {
    let Some(named) = &args.against else {
        return Ok(None);
    };
    let source = Fallback::parse(named).map_err(Failure::Usage)?;
    let scenario = source.endpoint.as_deref().and_then(|endpoint| endpoint.strip_prefix("lab/"));
    let there = scenario.zip(lab).map(|(name, lab)| lab.aim(name, args.lab_tls)).transpose()?;
    let resolved = source.resolve(here, wanted, there.as_ref(), file, |model| compose(args, model), &config::environment);
    resolved.map(Some).map_err(Failure::Usage)
}

fn compose(args: &ProbeArgs, model: &str) -> anyhow::Result<Composed> {
    let body = body::compose_prompt(&args.shape, "", model)?;
    let max_tokens = args.shape.max_tokens.or(args.shape.max_completion_tokens);
    Ok(Composed { body, is_of_model: true, model: Some(model.to_string()), stream: false, max_tokens, trimmed: None })
}

/// Short answers are asked for: a wait of minutes would be a failure.
fn shorten(timeouts: &mut Timeouts, args: &ProbeArgs, is_lab: bool) {
    if is_lab {
        return;
    }
    let within = |bound: &mut Option<Duration>, flag: Option<Duration>, most: Duration| {
        if flag.is_none() {
            *bound = Some(bound.map_or(most, |bound| bound.min(most)));
        }
    };
    within(&mut timeouts.first_byte, args.connection.first_byte_timeout, FIRST_BYTE);
    within(&mut timeouts.idle, args.connection.idle_timeout, FIRST_BYTE);
    within(&mut timeouts.total, args.connection.timeout, TOTAL);
}

/// What can be varied here.
fn space(requests: &Requests, walk: &Walk) -> Space {
    use Level::*;
    let mut levels = vec![Plain, Stream, Identity, Gzip, Brotli, Short, Long, Ascii, Chinese, SmallLimit, LargeLimit, Closed, Kept, Second];
    if requests.here.proxy.is_some() {
        levels.extend([Proxied, Direct]);
    }
    let is_free = requests.here.addresses == Addresses::All && requests.here.proxy.is_none();
    if is_free && walk.families.len() > 1 {
        levels.extend(walk.families.iter().map(|family| if *family == Family::V4 { V4 } else { V6 }));
    }
    if requests.there.is_some() {
        levels.extend([Here, There]);
    }
    Space::of(&levels)
}

/// A fault that depends on how it is asked for is worth it; one that the key, the model or the name has is not.
fn wants_experiment(args: &ProbeArgs, walk: &Walk, left: u32) -> bool {
    if args.shallow || walk.stopper.is_some() || walk.is_unread || left < COMPARISON + 2 {
        return false;
    }
    let depends = |class: Class| {
        !matches!(class, Class::Healthy | Class::Auth | Class::Quota | Class::RateLimit | Class::InvalidRequest | Class::Interrupted)
    };
    let has_failed = walk.chats.iter().any(|chat| chat.has_failed && depends(chat.class));
    let cannot_help = walk.chats.iter().any(|chat| chat.has_failed && !depends(chat.class));
    !cannot_help && (args.deep || args.against.is_some()) || has_failed
}

/// Says what the experiment may cost, and asks for leave where it costs anybody anything.
fn may_begin(
    args: &ProbeArgs,
    requests: &Requests,
    space: &Space,
    (left, time): (u32, Duration),
    console: &Console,
) -> Result<bool, Failure> {
    const COST: Text = text(
        "the experiment takes up to {n} requests and about {tokens} tokens, and {time} at most (--max-requests, --max-time)",
        "实验最多发送 {n} 个请求，约 {tokens} 个 token，最长 {time}（--max-requests、--max-time）",
    );
    const ASK: Text = text("go on? [Y/n] ", "继续吗？[Y/n] ");
    const NEEDS_YES: Text = text("it was not made: add --yes", "未进行实验：请加 --yes");
    let settings = space.settings();
    let sum: u64 = settings.iter().map(|setting| requests.tokens(&space.levels(setting).collect::<Vec<_>>())).sum();
    let tokens = sum / settings.len().max(1) as u64 * u64::from(left);
    let said = COST.fill(console.lang, |slot| match slot {
        "n" => Some(left.to_string()),
        "tokens" => Some(tokens.to_string()),
        "time" => Some(humantime::format_duration(Duration::from_secs(time.as_secs_f64().ceil() as u64)).to_string()),
        _ => None,
    });
    console.note(&said);
    let is_own = [Some(&requests.here), requests.there.as_ref()].into_iter().flatten().all(is_on_this_computer);
    if args.yes || is_own {
        return Ok(true);
    }
    if !console.stderr_is_terminal || !io::stdin().is_terminal() || console.quiet {
        console.note(NEEDS_YES.get(console.lang));
        return Ok(false);
    }
    console.tell(ASK.get(console.lang));
    let _ = io::stderr().flush();
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    // Ctrl-D says no as well.
    let is_yes = read.is_ok_and(|length| length > 0) && matches!(answer.trim().to_lowercase().as_str(), "" | "y" | "yes" | "是");
    Ok(is_yes && !is_stopped())
}

fn is_on_this_computer(plan: &Plan) -> bool {
    let host = plan.target.host.as_str();
    let is_loopback = |host: &str| host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    is_loopback(host) || !plan.known_addresses.is_empty() && plan.known_addresses.iter().all(|address| address.is_loopback())
}

fn drive(args: &ProbeArgs, requests: &Requests, walk: &Walk, space: &Space, left: u32, asker: &mut Asker<'_>) -> Result<Driven, Failure> {
    let compares = requests.there.is_some() || requests.here.proxy.is_some();
    let most_requests = left - if compares { COMPARISON } else { 0 };
    let seed = args.seed.unwrap_or_else(|| u64::from(fastrand::u16(..)));
    let has_succeeded = walk.chats.iter().any(|chat| !chat.has_failed);
    let driver = Driver { requests: requests.clone(), asker, most_requests, seed, has_succeeded };
    driver.drive(space.clone())
}

/// What to add to a `chat` that goes here so that it goes there.
fn flags_to(there: &Plan, here: &Plan) -> String {
    let model =
        there.model.as_ref().filter(|model| here.model.as_ref() != Some(model)).map_or_else(String::new, |model| format!(" -m {model}"));
    match there.endpoint.strip_prefix("lab/") {
        Some(scenario) => format!("--lab {scenario}{model}"),
        None if there.endpoint == here.endpoint => model.trim().to_string(),
        None => format!("--endpoint {}{model}", there.endpoint),
    }
}

/// The same request by two ways, and what differs.
struct Compared {
    /// The levels of the clean way and of the suspected one.
    ways: [Level; 2],
    difference: Difference,
}

/// Asks once more by both ways, in a setting that was seen to fail by the one, if there is any.
fn compared(requests: &Requests, driven: &Driven, asker: &mut Asker<'_>) -> Result<Option<Compared>, Failure> {
    let space = driven.experiment.space();
    let Some(ways) = [[Level::There, Level::Here], [Level::Direct, Level::Proxied]].into_iter().find(|ways| {
        let usual = space.usual();
        space.has(&space.with(&usual, ways[0]), ways[0])
    }) else {
        return Ok(None);
    };
    let outcomes = driven.experiment.outcomes();
    let failed = outcomes.iter().rev().find(|outcome| outcome.failure.is_some() && space.has(&outcome.setting, ways[1]));
    let setting = failed.map_or_else(|| space.usual(), |outcome| space.with(&outcome.setting, Level::Closed));
    let requests = Requests { long: driven.long, ..requests.clone() };
    let mut ask = |way: Level| {
        if asker.is_over().is_some() {
            return Ok(None);
        }
        let there = space.with(&setting, way);
        let levels: Vec<Level> = space.levels(&there).collect();
        let name = if way == ways[0] { "compared-a" } else { "compared-b" };
        asker.once(None, &requests.plan(&levels), name).map(Some)
    };
    let (Some(clean), Some(suspect)) = (ask(ways[0])?, ask(ways[1])?) else {
        return Ok(None);
    };
    let difference = Difference::between(&Evidence::gather(&clean.transcript), &Evidence::gather(&suspect.transcript));
    Ok(Some(Compared { ways, difference }))
}

fn names(requests: &Requests, driven: Option<&Driven>) -> Names {
    Names {
        proxy: requests.here.proxy.as_ref().map(|proxy| proxy.url()).unwrap_or_default(),
        here: requests.here.endpoint.clone(),
        there: requests.there.as_ref().map(|there| there.endpoint.clone()).unwrap_or_default(),
        there_flags: requests.there.as_ref().map(|there| flags_to(there, &requests.here)).unwrap_or_default(),
        limits: requests.limits(),
        longest: driven.map_or(0, |driven| driven.longest),
    }
}
