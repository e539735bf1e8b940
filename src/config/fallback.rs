//! Where else a question may be asked: another endpoint, or another model. Nothing that belongs to the first endpoint alone goes along:
//! neither its key nor a field that carries credentials.

use anyhow::{Result, bail};

use super::file::Endpoint;
use super::{ConfigFile, Environment, Override, Wanted, key, resolve, url};
use crate::api::request::Composed;
use crate::exchange::is_sensitive;
use crate::plan::Plan;
use crate::secret::Secret;

/// `ENDPOINT[:MODEL]` or `:MODEL`, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fallback {
    /// None stays at the first endpoint.
    pub endpoint: Option<String>,
    pub model: Option<String>,
}

impl Fallback {
    /// A model's name may have colons of its own; an endpoint's has none.
    ///
    /// # Errors
    /// When neither is named, or a URL is given.
    pub fn parse(text: &str) -> Result<Fallback> {
        if text.contains("://") {
            bail!(
                "{text:?} is a URL; name it in the configuration file as [endpoints.NAME] and give NAME, so that it has a key of its own"
            );
        }
        let (endpoint, model) = text.split_once(':').map_or((text, None), |(endpoint, model)| (endpoint, Some(model)));
        let given = |part: &str| Some(part.trim().to_string()).filter(|part| !part.is_empty());
        let fallback = Fallback { endpoint: given(endpoint), model: model.and_then(given) };
        if fallback.endpoint.is_none() && fallback.model.is_none() || model.is_some() && fallback.model.is_none() {
            bail!("{text:?} must be ENDPOINT, ENDPOINT:MODEL or :MODEL");
        }
        Ok(fallback)
    }

    /// The question of `first` on this way. `compose` makes the body for a model; `lab` takes the place of an endpoint.
    ///
    /// # Errors
    /// As for the first endpoint; and when a body that is no JSON object shall go to another model.
    pub fn resolve(
        &self,
        first: &Plan,
        wanted: &Wanted<'_>,
        lab: Option<&Override>,
        file: &ConfigFile,
        compose: impl Fn(&str) -> Result<Composed>,
        environment: Environment<'_>,
    ) -> Result<Plan> {
        let Some(endpoint) = &self.endpoint else {
            return to_model(first, self.model.as_deref().unwrap_or_default());
        };
        let of_file = if lab.is_some() { None } else { Some(file.endpoint(endpoint)?) };
        if of_file.is_some_and(|there| is_first(there, first)) {
            return self.model.as_ref().map_or_else(|| Ok(first.clone()), |model| to_model(first, model));
        }
        let mut connection = wanted.connection.clone();
        connection.api_key_file = None;
        let mut shape = wanted.shape.clone();
        shape.headers.retain(|header| !is_of_one_endpoint(header.split(':').next().unwrap_or_default().trim()));
        let named = self.model.clone().or_else(|| of_file.and_then(|there| there.model.clone()));
        shape.model = named.clone().or_else(|| first.model.clone());
        let there = Wanted { base_url: None, endpoint: Some(endpoint), connection: &connection, shape: &shape, lab, ..*wanted };
        let mut brings_own_model = false;
        let resolved = resolve(
            &there,
            file,
            |model| {
                let composed = compose(model)?;
                brings_own_model = !composed.is_of_model;
                Ok(composed)
            },
            &|name| environment(name).filter(|_| !is_account_of_first(name, of_file, first, environment)),
        )?;
        match (&self.model, named) {
            (Some(model), _) if brings_own_model => to_model(&resolved.plan, model),
            // What is no JSON object goes to each endpoint as it is.
            (None, Some(model)) if brings_own_model => Ok(resolved.plan.to_model(&model)),
            _ => Ok(resolved.plan),
        }
    }
}

/// The fallback names the endpoint that is asked first.
fn is_first(there: &Endpoint, first: &Plan) -> bool {
    there.name == first.endpoint && url::target(&there.base_url).is_ok_and(|target| target == first.target)
}

/// A field that was typed for the first endpoint, and would give it away or lead astray elsewhere.
fn is_of_one_endpoint(name: &str) -> bool {
    is_sensitive(name) || ["host", "openai-organization", "openai-project"].iter().any(|own| name.eq_ignore_ascii_case(own))
}

/// A variable of the environment that holds the first endpoint's account. The key that stands in no endpoint's section is for whichever is
/// asked; once it is known whose it is, nobody else gets it.
fn is_account_of_first(name: &str, there: Option<&Endpoint>, first: &Plan, environment: Environment<'_>) -> bool {
    const ACCOUNT: [&str; 4] = ["LLMCHECK_ORG_ID", "OPENAI_ORG_ID", "LLMCHECK_PROJECT_ID", "OPENAI_PROJECT_ID"];
    let is_key = key::VARIABLES.contains(&name);
    let Some(there) = there.filter(|_| is_key || ACCOUNT.contains(&name)) else {
        return false;
    };
    let holds_its_key = |name: &&str| environment(name).is_some_and(|key| first.secrets.contains(&Secret::new(key.trim())));
    // To name the variable in the section is to say that the key is for both.
    let shares_key = there.api_key_env.as_deref().is_some_and(|own| key::VARIABLES.contains(&own));
    let is_same_place = url::target(&there.base_url).is_ok_and(|target| target.origin() == first.target.origin());
    !shares_key && !is_same_place && key::VARIABLES.iter().any(holds_its_key)
}

fn to_model(plan: &Plan, model: &str) -> Result<Plan> {
    let changed = plan.to_model(model);
    if changed.model.as_deref() != Some(model) {
        bail!("the body is no JSON object, so that it cannot be asked of another model; leave out :{model}");
    }
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_a_model_or_both_are_named() {
        let parsed = |text: &str| Fallback::parse(text).map(|fallback| (fallback.endpoint, fallback.model)).ok();
        let own = |text: &str| Some(text.to_string());
        assert_eq!(parsed("relay"), Some((own("relay"), None)));
        assert_eq!(parsed("relay:gpt-4o"), Some((own("relay"), own("gpt-4o"))));
        assert_eq!(parsed("local:llama3:8b"), Some((own("local"), own("llama3:8b"))));
        assert_eq!(parsed(":gpt-4o"), Some((None, own("gpt-4o"))));
        for wrong in ["", ":", "relay:", "https://a.example/v1"] {
            assert!(Fallback::parse(wrong).is_err(), "{wrong}");
        }
    }
}
