//! Walking the way to an endpoint, stage by stage, each told as soon as it is known.

use std::net::SocketAddr;

use super::super::Failure;
use super::super::check::{Checked, asked, check};
use super::super::console::Console;
use super::super::interrupt::{STOP, is_stopped};
use super::drive::Told;
use super::recordings::Recordings;
use crate::diagnosis::{Class, Diagnosis, diagnose};
use crate::evidence::Evidence;
use crate::exchange::recording::Event;
use crate::exchange::{self, Listen, Next};
use crate::lang::Lang;
use crate::plan::{Addresses, Family, Plan};
use crate::probe::factor::Level;
use crate::probe::request::{self, Requests};
use crate::probe::stage::{self, Name, Stage, State};
use crate::sample::Sample;
use crate::wire::reader::Reader;
use crate::wire::transcript::Transcript;

/// What the walk brought.
#[derive(Default)]
pub struct Walk {
    pub stages: Vec<Stage>,
    /// Families of addresses to which a connection came about.
    pub families: Vec<Family>,
    /// The plain chat and the stream, where it came so far.
    pub chats: Vec<Sample>,
    /// The verdict that ended the walk early.
    pub stopper: Option<(&'static str, Told)>,
    pub requests: u32,
}

struct Listener(Reader);

impl Listen for Listener {
    fn hear(&mut self, event: &Event<'_>) -> Next {
        self.0.hear(event)
    }
}

/// Walks to the end, or to the stage behind which nothing can be reached. `tell` hears each stage.
///
/// # Errors
/// When llmcheck cannot do its part.
pub fn walk(
    requests: &Requests,
    recordings: &mut Recordings,
    console: &Console,
    tell: &mut dyn FnMut(&Stage) -> Result<(), Failure>,
) -> Result<Walk, Failure> {
    let mut walk = Walk::default();
    let mut add = |walk: &mut Walk, stage: Stage| {
        let stage = stage.in_lang(console.lang);
        let told = tell(&stage);
        walk.stages.push(stage);
        told
    };
    let plan = &requests.here;
    let connections = connections(plan, console.lang)?;
    for stage in connections.stages {
        add(&mut walk, stage)?;
    }
    walk.families = connections.families;
    walk.stopper = connections.stopper;
    if walk.stopper.is_some() || is_stopped() {
        return Ok(walk);
    }
    let mut is_key_known = false;
    if let Some(models) = request::models(plan) {
        walk.requests += 1;
        let checked = check(&models, walk.requests, None, recordings.file("models")?, console)?;
        let evidence = Evidence::gather(&checked.transcript);
        for stage in stage::of_models(&evidence, &checked.diagnosis, plan.model.as_deref()) {
            is_key_known |= stage.name == Name::Key;
            add(&mut walk, stage)?;
        }
    }
    for (name, mode, file) in [(Name::Chat, Level::Plain, "chat"), (Name::Stream, Level::Stream, "stream")] {
        if is_stopped() {
            break;
        }
        walk.requests += 1;
        let chat = requests.plan(&[mode, Level::Closed]);
        let checked = check(&chat, walk.requests, None, recordings.file(file)?, console)?;
        let evidence = Evidence::gather(&checked.transcript);
        for stage in stage::of_chat(name, &evidence, &checked.diagnosis, is_key_known) {
            is_key_known |= stage.name == Name::Key;
            add(&mut walk, stage)?;
        }
        let Checked { diagnosis, sample, .. } = checked;
        let entry = diagnosis.verdict.entry;
        walk.chats.push(sample);
        if matches!(entry.class, Class::Auth | Class::Quota) {
            walk.stopper = Some((entry.code, Told::of(&diagnosis, console.lang)));
            break;
        }
    }
    Ok(walk)
}

/// What is known of the connections.
struct Connections {
    stages: Vec<Stage>,
    families: Vec<Family>,
    stopper: Option<(&'static str, Told)>,
}

/// A connection to each address of the name, or one through the proxy.
fn connections(plan: &Plan, lang: Lang) -> Result<Connections, Failure> {
    let (first, mut diagnosis) = reach(plan)?;
    let proxy = plan.proxy.as_ref().map(|proxy| proxy.url());
    let mut found = Connections { stages: Vec::new(), families: Vec::new(), stopper: None };
    let mut addresses = Vec::new();
    if let Some((stage, known)) = stage::of_name(&first, &diagnosis) {
        found.stages.push(stage);
        addresses = known;
    }
    let mut tls = stage::of_tls(&first, &diagnosis, days_left);
    if addresses.len() < 2 || proxy.is_some() {
        found.stages.extend(stage::of_tcp(&first, &diagnosis, proxy.as_deref()));
        found.families.extend(family_of(&first));
        let is_closed = found.stages.iter().any(|stage| stage.name == Name::Tcp && stage.state == State::Failed);
        if is_closed {
            found.families.clear();
        }
        if is_closed && proxy.is_some() {
            let (direct, _) = reach(&Plan { proxy: None, ..plan.clone() })?;
            found.stages.extend(stage::past_proxy(&direct));
        }
    } else {
        for address in addresses.iter().filter_map(|address| address.parse::<SocketAddr>().ok()) {
            if is_stopped() {
                break;
            }
            let there = Plan { addresses: Addresses::Only(address.ip()), ..plan.clone() };
            let (transcript, judged) = reach(&there)?;
            found.stages.extend(stage::of_tcp(&transcript, &judged, None));
            found.families.extend(family_of(&transcript).filter(|family| !found.families.contains(family)));
            // One address may show another certificate than the others.
            let own = stage::of_tls(&transcript, &judged, days_left);
            if own.as_ref().is_some_and(|own| own.state == State::Failed) {
                diagnosis = judged;
            }
            tls = own.into_iter().chain(tls).max_by_key(|stage| stage.state);
        }
    }
    found.stages.extend(tls);
    // One good address is a way in.
    if found.families.is_empty() || has_failed_tls(&found.stages) {
        found.stopper = Some((diagnosis.verdict.entry.code, Told::of(&diagnosis, lang)));
    }
    Ok(found)
}

fn has_failed_tls(stages: &[Stage]) -> bool {
    stages.iter().any(|stage| stage.name == Name::Tls && stage.state == State::Failed)
}

fn reach(plan: &Plan) -> Result<(Transcript, Diagnosis), Failure> {
    let listener = Listener(Reader::new(asked(plan, 1, None)));
    let Listener(reader) = exchange::reach(plan, listener, &STOP).map_err(Failure::Usage)?;
    let transcript = reader.finish();
    let diagnosis = diagnose(&Evidence::gather(&transcript));
    Ok((transcript, diagnosis))
}

/// The family of the address to which a connection came about.
fn family_of(transcript: &Transcript) -> Option<Family> {
    use crate::exchange::recording::Opened;
    let address = transcript.opened.iter().rev().find_map(|opened| match opened {
        Opened::Connected { address } => address.parse::<SocketAddr>().ok(),
        _ => None,
    })?;
    Some(Family::of(address.ip()))
}

/// Days from now on, of a date as certificates are told.
fn days_left(date: &str) -> Option<i64> {
    let end: jiff::Timestamp = date.parse().ok()?;
    Some(end.duration_since(jiff::Timestamp::now()).as_secs() / 86_400)
}
