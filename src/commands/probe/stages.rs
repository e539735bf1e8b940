//! Walking the way to an endpoint, stage by stage, each told as soon as it is known.

use std::net::SocketAddr;

use super::super::Failure;
use super::super::check::{Checked, asked};
use super::super::console::Reader;
use super::super::interrupt::{STOP, is_stopped};
use super::ask::{Asker, Came};
use super::drive::Told;
use crate::diagnosis::{Class, Diagnosis, diagnose};
use crate::evidence::Evidence;
use crate::exchange::recording::Event;
use crate::exchange::{self, Listen, Next};
use crate::lang::Lang;
use crate::plan::{Addresses, Family, Plan};
use crate::probe::factor::Level;
use crate::probe::fault::{self, Refused};
use crate::probe::request::{self, Requests};
use crate::probe::stage::{self, Name, Stage, State};
use crate::wire::reader;
use crate::wire::transcript::Transcript;

/// What the walk brought.
#[derive(Default)]
pub struct Walk {
    pub stages: Vec<Stage>,
    /// Families of addresses to which a connection came about.
    pub families: Vec<Family>,
    /// The plain chat and the stream, where it came so far.
    pub chats: Vec<Chat>,
    /// The verdict that ended the walk early.
    pub stopper: Option<(&'static str, Told)>,
    /// What the first chat that failed was told as.
    pub trouble: Option<(&'static str, Told)>,
    pub requests: u32,
    /// Nobody reads what is told.
    pub is_unread: bool,
}

/// How a chat went.
#[derive(Clone, Copy, Debug)]
pub struct Chat {
    pub class: Class,
    pub has_failed: bool,
}

struct Listener(reader::Reader);

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
    requests: &mut Requests,
    asker: &mut Asker<'_>,
    tell: &mut dyn FnMut(&Stage) -> Result<Reader, Failure>,
) -> Result<Walk, Failure> {
    let mut walk = Walk::default();
    let lang = asker.console.lang;
    let mut add = |walk: &mut Walk, stage: Stage| {
        let stage = stage.in_lang(lang);
        let told = tell(&stage)?;
        walk.is_unread |= told == Reader::Gone;
        walk.stages.push(stage);
        Ok::<(), Failure>(())
    };
    let connections = connections(&requests.here, lang)?;
    for stage in connections.stages {
        add(&mut walk, stage)?;
    }
    walk.families = connections.families;
    walk.stopper = connections.stopper;
    if walk.stopper.is_some() || is_stopped() || walk.is_unread {
        return Ok(walk);
    }
    let mut is_key_known = false;
    if let Some(models) = request::models(&requests.here) {
        let checked = asker.once(None, &models, "models")?;
        let evidence = Evidence::gather(&checked.transcript);
        for stage in stage::of_models(&evidence, &checked.diagnosis, requests.here.model.as_deref()) {
            is_key_known |= stage.name == Name::Key;
            add(&mut walk, stage)?;
        }
    }
    for (name, mode, file) in [(Name::Chat, Level::Plain, "chat"), (Name::Stream, Level::Stream, "stream")] {
        if asker.is_over().is_some() || walk.is_unread {
            break;
        }
        let Some(checked) = chat(requests, asker, &[mode, Level::Closed], file)? else {
            break;
        };
        let evidence = Evidence::gather(&checked.transcript);
        for stage in stage::of_chat(name, &evidence, &checked.diagnosis, is_key_known) {
            is_key_known |= stage.name == Name::Key;
            add(&mut walk, stage)?;
        }
        let fault = fault::of(&checked.diagnosis, &evidence);
        let chat = Chat { class: checked.sample.class, has_failed: fault.is_some() };
        walk.chats.push(chat);
        if let (Some(finding), None) = (fault, &walk.trouble) {
            walk.trouble = Some((finding.entry.code, Told::of(finding, lang)));
        }
        if matches!(chat.class, Class::Auth | Class::Quota) {
            walk.stopper = walk.trouble.clone();
            break;
        }
    }
    walk.requests = asker.requests;
    Ok(walk)
}

/// A chat, under the other name of its limit where the first is refused; none where no time is left.
fn chat(requests: &mut Requests, asker: &mut Asker<'_>, levels: &[Level], file: &str) -> Result<Option<Box<Checked>>, Failure> {
    loop {
        let checked = match asker.ask(None, &requests.plan(levels), file)? {
            Came::Answer(checked) | Came::Ended(_, Some(checked)) => checked,
            Came::Ended(_, None) => return Ok(None),
        };
        let refused = fault::refused(&checked.diagnosis, &Evidence::gather(&checked.transcript));
        if refused != Some(Refused::MaxTokens) || !requests.rename_limit(levels) {
            return Ok(Some(checked));
        }
    }
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
        found.stopper = Some((diagnosis.verdict.entry.code, Told::of(&diagnosis.verdict, lang)));
    }
    Ok(found)
}

fn has_failed_tls(stages: &[Stage]) -> bool {
    stages.iter().any(|stage| stage.name == Name::Tls && stage.state == State::Failed)
}

fn reach(plan: &Plan) -> Result<(Transcript, Diagnosis), Failure> {
    let listener = Listener(reader::Reader::new(asked(plan, 1, None)));
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
