//! What is wrong with a request before it is sent: facts, or as good as facts. Names of models, servers and relays that are not known are
//! never second-guessed, and no warning stops a request.

mod address;
mod body;
mod host;
mod key;
mod limits;
mod messages;
#[cfg(test)]
mod tests;

use serde::Serialize;
use serde_json::Value;

use crate::api::tokens::{self, Tokens};
use crate::config::Settings;
use crate::lang::{Lang, Sentence, Text, text};
use crate::plan::{KeyUse, Plan};
use host::Place;

/// A name and the words of a warning; slots are filled when it is given.
#[derive(Debug)]
struct Entry {
    /// Stable, in kebab-case, naming the fault.
    name: &'static str,
    title: Text,
    fix: Text,
}

impl Entry {
    fn with(&'static self, values: impl Into<Vec<(&'static str, String)>>) -> Warning {
        Warning { entry: self, values: values.into() }
    }
}

/// One thing that is wrong, and what to do.
#[derive(Clone, Debug)]
pub struct Warning {
    entry: &'static Entry,
    values: Vec<(&'static str, String)>,
}

/// A warning in one language.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct Told {
    pub name: &'static str,
    pub title: String,
    pub fix: String,
}

impl Warning {
    pub fn name(&self) -> &'static str {
        self.entry.name
    }

    pub fn told(&self, lang: Lang) -> Told {
        let say = |words| Sentence { words, values: self.values.clone() }.say(lang);
        Told { name: self.entry.name, title: say(self.entry.title), fix: say(self.entry.fix) }
    }

    /// All of it in one line.
    pub fn line(&self, lang: Lang) -> String {
        let Told { name, title, fix } = self.told(lang);
        let between = match lang {
            Lang::En => "; ",
            Lang::Zh => "；",
        };
        format!("warning[{name}]: {title}{between}{fix}")
    }
}

/// A request, and what is known of it by looking.
struct Draft<'a> {
    plan: &'a Plan,
    settings: &'a Settings,
    place: Place,
    /// The body, where it is JSON and goes as JSON.
    body: Value,
}

/// Looks at a request that is ready to be sent. Where its settings came from is told too.
pub fn check(plan: &Plan, settings: &Settings) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let body = body::read(plan, &mut warnings);
    // The lab is on this machine, whatever its hosts are called.
    let place = if settings.source("base_url") == "lab" { Place::Loopback } else { Place::of(&plan.target.host) };
    let draft = Draft { plan, settings, place, body };
    address::check(&draft, &mut warnings);
    key::check(&draft, &mut warnings);
    body::check_size(&draft, &mut warnings);
    messages::check(&draft, &mut warnings);
    limits::check(&draft, &mut warnings);
    warnings
}

static KEY_MISSING: Entry = Entry {
    name: "key-missing",
    title: text("there is no API key: a request without one is not sent to {host}", "没有 API key：没有 key 的请求不会发往 {host}"),
    fix: text("set OPENAI_API_KEY, or use --api-key-file FILE", "请设置 OPENAI_API_KEY，或使用 --api-key-file 文件"),
};

/// What keeps the request from being sent at all. A request that is sent has a diagnosis for that.
pub fn missing(plan: &Plan) -> Option<Warning> {
    (plan.key == KeyUse::Missing).then(|| KEY_MISSING.with([("host", plan.target.host.clone())]))
}

/// How many tokens the request is for a model; none where the body cannot be read.
pub fn estimate(plan: &Plan) -> Option<Tokens> {
    let body = body::read(plan, &mut Vec::new());
    body.is_object().then(|| tokens::of_request(&body))
}
