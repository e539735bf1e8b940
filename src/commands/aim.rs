//! Where a question goes: the endpoint that flags, environment and file name, or the lab, and the ways to go on from there.

use anyhow::anyhow;

use super::Failure;
use crate::api::request::{self, Composed};
use crate::batch::{Endpoint, Price};
use crate::cli::{BatchArgs, ChatArgs, PreferChoice, RecoverArgs, Remedy, RetryArgs};
use crate::config::fallback::Fallback;
use crate::config::{self, ConfigFile, Override, Resolved, Wanted};
use crate::lab::{Lab, Scenario};
use crate::plan::{Plan, Timeouts};
use crate::resilience::backoff::Backoff;
use crate::resilience::recovery::Allowed;
use crate::resilience::remedy::BY_COST;
use crate::secret::Mask;
use crate::spelling;

/// The request as it is put to each endpoint and model, the preferred one first, and what is known of the first.
pub struct Aim {
    pub routes: Vec<Plan>,
    pub first: Resolved,
}

impl Aim {
    /// # Errors
    /// Whatever the user has to correct.
    pub fn of_chat(args: &ChatArgs, prompt: Option<&str>, lab: Option<&RunningLab>) -> Result<Aim, Failure> {
        let file = config::load_file(args.connection.config.as_deref(), &config::environment).map_err(Failure::Usage)?;
        let own = lab.zip(args.lab.as_deref()).map(|(lab, name)| lab.aim(name, args.lab_tls)).transpose()?;
        let wanted = Wanted::of_chat(args, own.as_ref());
        let compose = |model: &str| request::compose(&args.request, prompt.map(str::to_string), model);
        let first = config::resolve(&wanted, &file, compose, &config::environment).map_err(Failure::Usage)?;
        let mut routes = vec![first.plan.clone()];
        for fallback in fallbacks(&args.recover, &file, lab.is_some()).map_err(Failure::Usage)? {
            let there = lab_of(&fallback, lab, args.lab_tls)?;
            let plan =
                fallback.resolve(&first.plan, &wanted, there.as_ref(), &file, compose, &config::environment).map_err(Failure::Usage)?;
            // A list of the file may name the first endpoint too.
            if !routes.iter().any(|route| is_same(route, &plan)) {
                routes.push(plan);
            }
        }
        Ok(Aim { routes, first })
    }
}

/// The endpoints that share a batch, the first one first, and those in reserve.
///
/// # Errors
/// Whatever the user has to correct.
pub fn of_batch(args: &BatchArgs, lab: Option<&RunningLab>) -> Result<Vec<Endpoint>, Failure> {
    let file = config::load_file(args.connection.config.as_deref(), &config::environment).map_err(Failure::Usage)?;
    let named = match args.lab.is_empty() {
        true => args.endpoints.clone(),
        false => args.lab.iter().map(|name| format!("lab/{name}")).collect(),
    };
    let mut sources: Vec<Fallback> =
        named.iter().map(|text| Fallback::parse(text)).collect::<anyhow::Result<_>>().map_err(Failure::Usage)?;
    let sharing = sources.len().max(1);
    if sources.is_empty() {
        sources.push(Fallback { endpoint: None, model: None });
    }
    sources.extend(fallbacks(&args.recover, &file, lab.is_some()).map_err(Failure::Usage)?);
    let mut endpoints: Vec<Endpoint> = Vec::new();
    for (index, source) in sources.iter().enumerate() {
        let there = lab_of(source, lab, false)?;
        let first = endpoints.first().map(|endpoint| endpoint.plan.clone());
        endpoints.push(Endpoint { is_reserve: index >= sharing, ..shared_endpoint(args, source, there.as_ref(), &file, first)? });
    }
    if args.prefer == PreferChoice::Cheapest && endpoints.iter().all(|endpoint| endpoint.price.is_none()) {
        let how = "price = { input = 0.15, output = 0.6 }";
        return Err(Failure::Usage(anyhow!("--prefer cheapest needs to know prices; put them in the configuration file, as in {how}")));
    }
    Ok(endpoints)
}

fn shared_endpoint(
    args: &BatchArgs,
    source: &Fallback,
    lab: Option<&Override>,
    file: &ConfigFile,
    first: Option<Plan>,
) -> Result<Endpoint, Failure> {
    let wanted = Wanted {
        base_url: args.base_url.as_deref(),
        endpoint: source.endpoint.as_deref(),
        connection: &args.connection,
        shape: &args.shape,
        lab,
        names_mode: false,
    };
    let compose = |model: &str| {
        Ok(Composed { body: Vec::new(), is_of_model: true, model: Some(model.into()), stream: false, max_tokens: None, trimmed: None })
    };
    let mut plan = match first {
        None => config::resolve(&wanted, file, compose, &config::environment).map(|resolved| resolved.plan),
        Some(first) if source.endpoint.is_none() => Ok(first),
        Some(first) => {
            let elsewhere = Fallback { model: None, ..source.clone() };
            elsewhere.resolve(&first, &wanted, lab, file, compose, &config::environment)
        }
    }
    .map_err(Failure::Usage)?;
    // The connection carries one request after the other.
    plan.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("connection"));
    // A line names its own model; a prompt does not.
    let own = if args.plain { plan.model.clone() } else { args.shape.model.clone() };
    let price = source.endpoint.as_deref().filter(|_| lab.is_none()).and_then(|name| file.endpoint(name).ok()?.price);
    let url = Mask::of_responses(&plan.secrets).cover_text(&plan.target.url()).into_owned();
    Ok(Endpoint {
        url,
        plan,
        model: source.model.clone().or(own),
        price: price.map(|price| Price { input: price.input, output: price.output }),
        is_reserve: false,
    })
}

/// The same question at the same place.
fn is_same(a: &Plan, b: &Plan) -> bool {
    (&a.endpoint, &a.target, &a.body) == (&b.endpoint, &b.target, &b.body)
}

/// Those of the flags, else those of the file, which need the user's leave by --recover.
fn fallbacks(args: &RecoverArgs, file: &ConfigFile, is_lab: bool) -> anyhow::Result<Vec<Fallback>> {
    let of_file = if args.recover.is_some() && !is_lab { &file.fallback[..] } else { &[] };
    let named = if args.fallback.is_empty() { of_file } else { &args.fallback };
    named.iter().map(|text| Fallback::parse(text)).collect()
}

/// With --lab a fallback is another scenario: `lab/NAME`.
fn lab_of(fallback: &Fallback, lab: Option<&RunningLab>, tls: bool) -> Result<Option<Override>, Failure> {
    let (Some(lab), Some(endpoint)) = (lab, &fallback.endpoint) else {
        return Ok(None);
    };
    let name = endpoint.strip_prefix("lab/").ok_or_else(|| {
        Failure::Usage(anyhow!("with --lab the fallback {endpoint:?} must be a scenario too, as in lab/healthy: no key goes anywhere else"))
    })?;
    lab.aim(name, tls).map(Some)
}

/// What may be done about a failure, with so many retries where the user names no number.
pub fn allowed(retry: &RetryArgs, recover: &RecoverArgs, usual_retries: u32) -> Allowed {
    let retries = retry.retry.unwrap_or(usual_retries);
    let mut remedies = match &recover.recover {
        Some(named) if named.is_empty() => BY_COST.to_vec(),
        Some(named) => named.clone(),
        None if retries > 0 => vec![Remedy::Wait, Remedy::Retry],
        None => Vec::new(),
    };
    // To name a fallback is to allow it, whatever else is allowed.
    if !recover.fallback.is_empty() {
        remedies.extend([Remedy::Endpoint, Remedy::Model]);
    }
    Allowed {
        remedies,
        retries,
        backoff: Backoff { base: retry.retry_base, cap: retry.retry_cap },
        max_time: retry.retry_max_time,
        max_cost_tokens: recover.max_cost_tokens,
    }
}

/// The lab, kept as long as the run lasts.
pub struct RunningLab(Lab);

impl RunningLab {
    /// # Errors
    /// When its ports cannot be opened.
    pub fn start() -> Result<RunningLab, Failure> {
        Lab::start(None).map(RunningLab).map_err(cannot_start)
    }

    pub fn aim(&self, name: &str, tls: bool) -> Result<Override, Failure> {
        let target = self.0.target(scenario(name)?, tls).map_err(cannot_start)?;
        let bounds = target.bounds;
        Ok(Override {
            endpoint: format!("lab/{name}"),
            base_url: target.base_url,
            proxy: target.proxy,
            addresses: target.addresses,
            authority: target.authority,
            timeouts: Timeouts { connect: bounds.connect, first_byte: bounds.first_byte, idle: bounds.idle, total: bounds.total },
        })
    }
}

fn scenario(name: &str) -> Result<&'static Scenario, Failure> {
    crate::lab::find(name).ok_or_else(|| {
        let hint = spelling::hint(name, crate::lab::scenarios().map(|scenario| scenario.name));
        Failure::Usage(anyhow!("there is no lab scenario {name:?}{hint} (`llmcheck lab --list` shows all)"))
    })
}

fn cannot_start(error: std::io::Error) -> Failure {
    Failure::Internal(anyhow::Error::new(error).context("the lab cannot be started"))
}
