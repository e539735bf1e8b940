//! The places that are measured side by side or watched: endpoints of the configuration, models, scenarios of the lab.

use anyhow::anyhow;

use super::Failure;
use super::aim::RunningLab;
use crate::api::request;
use crate::batch::Price;
use crate::cli::{ConnectionArgs, RequestArgs};
use crate::config::fallback::Fallback;
use crate::config::{self, ConfigFile, Wanted};
use crate::plan::{KeyUse, Plan};
use crate::secret::Mask;

/// One place, and the request that it is asked.
pub struct Target {
    /// As it was typed, or the endpoint's name; no secret is in it.
    pub name: String,
    pub plan: Plan,
    pub price: Option<Price>,
}

/// How targets are asked, as it was typed.
#[derive(Clone, Copy)]
pub struct Ways<'a> {
    pub prompt: &'a str,
    pub request: &'a RequestArgs,
    pub base_url: Option<&'a str>,
    pub connection: &'a ConnectionArgs,
}

/// The targets in the order in which they were named; the default endpoint where none is. `:MODEL` is another model at the first one's
/// endpoint. `lab/NAME` is a scenario of the lab, which is started for it and given back.
///
/// # Errors
/// Whatever the user has to correct: a name that is not known or comes twice, a request that cannot be composed.
pub fn of(named: &[String], ways: Ways<'_>) -> Result<(Vec<Target>, Option<RunningLab>), Failure> {
    let file = config::load_file(ways.connection.config.as_deref(), &config::environment).map_err(Failure::Usage)?;
    let lab = named.iter().any(|name| name.starts_with("lab/")).then(RunningLab::start).transpose()?;
    let mut targets: Vec<Target> = Vec::new();
    let sources = named.iter().map(|name| Fallback::parse(name)).collect::<anyhow::Result<Vec<_>>>().map_err(Failure::Usage)?;
    for source in if sources.is_empty() { vec![Fallback { endpoint: None, model: None }] } else { sources } {
        let first = targets.first().map(|first| &first.plan);
        let target = one(&source, first, ways, lab.as_ref(), &file)?;
        if targets.iter().any(|known| known.name == target.name) {
            return Err(Failure::Usage(anyhow!("the target {:?} is named twice", target.name)));
        }
        targets.push(target);
    }
    let mask = Mask::of_responses(targets.iter().flat_map(|target| &target.plan.secrets));
    // A name is shown in many places, and cut in some, where a mask would not know it any more.
    targets.iter_mut().for_each(|target| target.name = mask.cover_text(&target.name).into_owned());
    Ok((targets, lab))
}

/// It would only be asked in vain again and again.
fn no_key(plan: &Plan) -> Failure {
    Failure::Usage(anyhow!(
        "there is no API key for {}: set OPENAI_API_KEY, or give its endpoint an api_key_env in the configuration file (for a server that wants none, set it to any word)",
        plan.endpoint
    ))
}

/// The first target may have the key of the environment or of a flag; it goes to no other endpoint.
fn one(source: &Fallback, first: Option<&Plan>, ways: Ways<'_>, lab: Option<&RunningLab>, file: &ConfigFile) -> Result<Target, Failure> {
    let scenario = source.endpoint.as_deref().and_then(|endpoint| endpoint.strip_prefix("lab/"));
    let there = scenario.zip(lab).map(|(name, lab)| lab.aim(name, false)).transpose()?;
    let mut shape = ways.request.shape.clone();
    if first.is_none() && source.model.is_some() {
        shape.model.clone_from(&source.model);
    }
    let wanted = Wanted {
        base_url: ways.base_url.filter(|_| source.endpoint.is_none()),
        endpoint: source.endpoint.as_deref(),
        connection: ways.connection,
        shape: &shape,
        lab: there.as_ref(),
        names_mode: ways.request.stream || ways.request.no_stream,
    };
    let arguments = RequestArgs { shape: shape.clone(), ..ways.request.clone() };
    // A conversation from a file may be all that is said.
    let prompt = Some(ways.prompt).filter(|prompt| !prompt.is_empty() || arguments.messages.is_none());
    let compose = |model: &str| request::compose(&arguments, prompt.map(str::to_string), model);
    let plan = match first {
        None => config::resolve(&wanted, file, compose, &config::environment).map(|resolved| resolved.plan),
        Some(first) => source.resolve(first, &wanted, there.as_ref(), file, compose, &config::environment),
    }
    .map_err(Failure::Usage)?;
    if plan.key == KeyUse::Missing {
        return Err(no_key(&plan));
    }
    let price = source.endpoint.as_deref().filter(|_| there.is_none()).and_then(|name| file.endpoint(name).ok()?.price);
    let model = source.model.as_ref().map_or_else(String::new, |model| format!(":{model}"));
    Ok(Target {
        name: format!("{}{model}", plan.endpoint),
        plan,
        price: price.map(|price| Price { input: price.input, output: price.output }),
    })
}
