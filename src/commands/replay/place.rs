//! Where a recorded request is sent again, and with which key. A recording may come from anybody and name any host: a key goes only where
//! the user's own settings or flags send it.

use anyhow::{anyhow, bail};

use super::recorded::Recorded;
use super::request::{Request, is_masked};
use crate::api::edit::Body;
use crate::api::request::Composed;
use crate::cli::{ReplayArgs, ShapeArgs};
use crate::commands::Failure;
use crate::commands::aim::RunningLab;
use crate::config::{self, ConfigFile, Override, Owner, Resolved, Wanted};
use crate::exchange::recording::Asked;
use crate::exchange::source::Source;
use crate::lang::{Sentence, text};
use crate::plan::{KeyUse, Method, Plan, Target, Timeouts, Variation};

/// The request as it is sent now.
pub struct Aimed {
    pub plan: Plan,
    pub notes: Vec<Sentence>,
    /// Serves as long as it is kept.
    pub lab: Option<RunningLab>,
}

/// # Errors
/// Whatever the user has to correct, and a host that must not get the key unasked.
pub fn aim(args: &ReplayArgs, recorded: &Recorded) -> Result<Aimed, Failure> {
    let file = config::load_file(args.connection.config.as_deref(), &config::environment).map_err(Failure::Usage)?;
    let asked = &recorded.transcript.asked;
    let names_place = args.base_url.is_some() || args.endpoint.is_some();
    let scenario = args.lab.as_deref().or_else(|| asked.endpoint.strip_prefix("lab/").filter(|_| !names_place && !args.send_key));
    let lab = scenario.map(|_| RunningLab::start()).transpose()?;
    let tls = args.lab_tls || args.lab.is_none() && asked.url.starts_with("https:");
    let there = scenario.zip(lab.as_ref()).map(|(name, lab)| lab.aim(name, tls)).transpose()?;
    let place = match &there {
        Some(there) => Place::Lab(there),
        None => place(args, asked, &recorded.request, &file).map_err(Failure::Usage)?,
    };
    let (plan, notes) = plan(args, recorded, &place, &file).map_err(Failure::Usage)?;
    Ok(Aimed { plan, notes, lab })
}

/// Where it goes.
enum Place<'a> {
    Lab(&'a Override),
    /// As the flags say.
    Named,
    /// Where requests go that name no place; the recording's host is there.
    Default,
    /// The endpoint of the configuration by whose name it was asked, wherever that is now.
    Endpoint(String),
    /// The endpoint of the configuration that is at the recording's host.
    Host(String),
    /// The recording's own URL, with a key only if the user says so.
    Recorded {
        with_key: bool,
    },
}

fn place<'a>(args: &ReplayArgs, asked: &Asked, request: &Request, file: &ConfigFile) -> anyhow::Result<Place<'a>> {
    if args.base_url.is_some() || args.endpoint.is_some() {
        return Ok(Place::Named);
    }
    if !args.send_key && request.had_key && request.method == Method::Post && !is_question(&asked.url) {
        bail!(
            "it asks {} for something else than an answer: your key is not sent with that unasked; add --send-key if it shall be done again in your name",
            asked.url
        );
    }
    if file.endpoint(&asked.endpoint).is_ok() {
        return Ok(Place::Endpoint(asked.endpoint.clone()));
    }
    if asked.url.is_empty() {
        bail!("the recording does not say where its request went; name the place with --base-url or --endpoint");
    }
    let target = config::exact(&asked.url)
        .map_err(|error| error.context("the URL in the recording; name the place with --base-url or --endpoint"))?;
    let shape = shape(args);
    match config::owner(&target, &wanted(args, &shape), file, &config::environment)? {
        Owner::Default => Ok(Place::Default),
        Owner::Endpoint(name) => Ok(Place::Host(name)),
        Owner::Several(names) => bail!("{} is the host of the endpoints {}; name one with --endpoint", target.origin(), names.join(", ")),
        Owner::Nobody if args.send_key || !request.had_key => Ok(Place::Recorded { with_key: args.send_key }),
        Owner::Nobody => bail!(
            "the recording was made with a key and went to {origin}, which none of your settings names: yours is not sent there unasked. If that host is to have it, add --send-key; to ask another, add --base-url URL or --endpoint NAME",
            origin = target.origin()
        ),
    }
}

/// The URL is one at which a model answers. Others may order, delete or create: whoever made the recording could have it done by us.
fn is_question(url: &str) -> bool {
    const ENDS: [&str; 9] = [
        "/chat/completions",
        "/completions",
        "/responses",
        "/messages",
        "/embeddings",
        "/api/chat",
        "/api/generate",
        ":generateContent",
        ":streamGenerateContent",
    ];
    let path = url.split(['?', '#']).next().unwrap_or_default();
    ENDS.iter().any(|end| path.ends_with(end))
}

fn shape(args: &ReplayArgs) -> ShapeArgs {
    ShapeArgs {
        model: None,
        system: None,
        max_tokens: None,
        max_completion_tokens: None,
        temperature: None,
        headers: Vec::new(),
        accept_encoding: args.accept_encoding.clone(),
    }
}

fn wanted<'a>(args: &'a ReplayArgs, shape: &'a ShapeArgs) -> Wanted<'a> {
    Wanted { base_url: None, endpoint: None, connection: &args.connection, shape, lab: None, names_mode: args.stream || args.no_stream }
}

fn plan(args: &ReplayArgs, recorded: &Recorded, place: &Place<'_>, file: &ConfigFile) -> anyhow::Result<(Plan, Vec<Sentence>)> {
    let (asked, request) = (&recorded.transcript.asked, &recorded.request);
    let shape = shape(args);
    let mut connection = args.connection.clone();
    let mut environment: config::Environment<'_> = &config::environment;
    if matches!(place, Place::Recorded { with_key: false }) {
        connection.api_key_file = None;
        environment = &config::environment_of_nobody;
    }
    let url = asked.url.split('?').next().unwrap_or_default();
    let wanted = Wanted { connection: &connection, ..wanted(args, &shape) };
    let wanted = match place {
        Place::Lab(there) => Wanted { lab: Some(there), ..wanted },
        Place::Named => Wanted { base_url: args.base_url.as_deref(), endpoint: args.endpoint.as_deref(), ..wanted },
        Place::Default => wanted,
        Place::Endpoint(name) | Place::Host(name) => Wanted { endpoint: Some(name), ..wanted },
        Place::Recorded { .. } => Wanted { base_url: Some(url), ..wanted },
    };
    let Resolved { mut plan, mut notes, .. } = config::resolve(&wanted, file, |_| Ok(composed(request)), environment)?;
    plan.target = target(&plan.target, asked, place);
    plan.method = request.method;
    plan.headers = headers(request, &plan.headers, args.accept_encoding.as_deref());
    if plan.key == KeyUse::Missing && !request.had_key {
        plan.key = KeyUse::NotNeeded;
    }
    if !matches!(place, Place::Lab(_)) && asked.source == Source::Recording {
        plan.timeouts = bounds(args, plan.timeouts, asked.timeouts);
    }
    notes.extend(differing_way(&plan, asked, place));
    if !request.left_out.is_empty() {
        let words = text("left out, because a secret is masked in it: {fields}", "以下字段含被遮盖的密钥，未发送：{fields}");
        notes.push(Sentence { words, values: vec![("fields", request.left_out.join(", "))] });
    }
    Ok((varied(plan, args)?, notes))
}

fn composed(request: &Request) -> Composed {
    let body = Body::read(&request.body);
    Composed {
        is_of_model: false,
        model: body.as_ref().and_then(Body::model),
        stream: body.as_ref().is_some_and(Body::is_stream),
        max_tokens: body.as_ref().and_then(Body::max_tokens),
        body: request.body.clone(),
        trimmed: None,
    }
}

/// Where only the host is known to be ours it is the recorded path; else that of the place, if both are for chat.
fn target(resolved: &Target, asked: &Asked, place: &Place<'_>) -> Target {
    const CHAT: &str = "/chat/completions";
    let Ok(recorded) = config::exact(&asked.url) else {
        return resolved.clone();
    };
    let is_by_host = matches!(place, Place::Default | Place::Host(_) | Place::Recorded { .. });
    if is_by_host && !is_masked(&recorded.path) {
        return recorded;
    }
    let (path, query) = recorded.path.split_once('?').unwrap_or((&recorded.path, ""));
    if path.ends_with(CHAT) {
        return resolved.clone();
    }
    let base = resolved.path.split('?').next().unwrap_or_default().trim_end_matches(CHAT);
    // The lab's recordings have the scenario before it.
    let version = path.find("/v1/").filter(|_| base.ends_with("/v1"));
    let path = version.map_or_else(|| path.to_string(), |at| format!("{base}{}", &path[at + "/v1".len()..]));
    let query = if query.is_empty() || is_masked(query) { String::new() } else { format!("?{query}") };
    Target { path: format!("{path}{query}"), ..resolved.clone() }
}

/// The recorded fields, then those of today that belong to the connection, to the account or to the endpoint.
fn headers(request: &Request, today: &[(String, String)], accept_encoding: Option<&str>) -> Vec<(String, String)> {
    const OF_REQUEST: [&str; 4] = ["content-type", "accept", "accept-encoding", "user-agent"];
    let is_own = |name: &str| OF_REQUEST.iter().any(|own| name.eq_ignore_ascii_case(own));
    let own: Vec<&(String, String)> = today.iter().filter(|(name, _)| !is_own(name)).collect();
    let is_replaced = |name: &str| {
        own.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
            || accept_encoding.is_some() && name.eq_ignore_ascii_case("accept-encoding")
    };
    let mut headers: Vec<(String, String)> = request.fields.iter().filter(|(name, _)| !is_replaced(name)).cloned().collect();
    headers.extend(accept_encoding.map(|codings| ("accept-encoding".to_string(), codings.to_string())));
    headers.extend(own.into_iter().cloned());
    headers
}

/// A bound that ended the exchange then is the same now, unless a flag says otherwise.
fn bounds(args: &ReplayArgs, today: Timeouts, then: Timeouts) -> Timeouts {
    let flags = &args.connection;
    let choose = |flag: Option<_>, then: Option<std::time::Duration>, today| flag.or(then.filter(|bound| !bound.is_zero())).or(today);
    Timeouts {
        connect: choose(flags.connect_timeout, then.connect, today.connect),
        first_byte: choose(flags.first_byte_timeout, then.first_byte, today.first_byte),
        idle: choose(flags.idle_timeout, then.idle, today.idle),
        total: choose(flags.timeout, then.total, today.total),
    }
}

/// What is otherwise than then, by no flag.
fn differing_way(plan: &Plan, asked: &Asked, place: &Place<'_>) -> Vec<Sentence> {
    let mut notes = Vec::new();
    let proxy = plan.proxy.as_ref().map(|proxy| proxy.url());
    if asked.source == Source::Recording && proxy != asked.proxy && !matches!(place, Place::Lab(_)) {
        let words = text("then by the proxy {then}, now by {now}", "当时经由代理 {then}，现在经由 {now}");
        let shown = |proxy: Option<String>| proxy.unwrap_or_else(|| "-".into());
        notes.push(Sentence { words, values: vec![("then", shown(asked.proxy.clone())), ("now", shown(proxy))] });
    }
    if let (Place::Endpoint(name), Ok(then)) = (place, config::exact(&asked.url))
        && !then.origin().eq_ignore_ascii_case(&plan.target.origin())
    {
        let words = text("the endpoint {name} was at {then} then and is at {now} now", "端点 {name} 当时在 {then}，现在在 {now}");
        notes.push(Sentence { words, values: vec![("name", name.clone()), ("then", then.origin()), ("now", plan.target.origin())] });
    }
    if matches!(place, Place::Recorded { with_key: false }) {
        let words = text("sent without a key to {host}", "不带 key 发往 {host}");
        notes.push(Sentence { words, values: vec![("host", plan.target.origin())] });
    }
    notes
}

fn varied(plan: Plan, args: &ReplayArgs) -> anyhow::Result<Plan> {
    let no_object =
        || anyhow!("the body is no JSON object, so that nothing in it can be asked otherwise; leave out --model, --stream and --no-stream");
    let mut plan = plan;
    if let Some(model) = &args.model {
        plan = plan.to_model(model);
        if plan.model.as_deref() != Some(model) {
            return Err(no_object());
        }
    }
    if args.stream || args.no_stream {
        plan = plan.vary(&Variation { stream: Some(args.stream), ..Variation::default() });
        if plan.stream != args.stream {
            return Err(no_object());
        }
    }
    Ok(plan)
}
