//! Whether an address that the user did not type is one of their own: where their key may go without being asked.

use anyhow::Result;

use super::{ConfigFile, Environment, Wanted, base_url, endpoint, url};
use crate::plan::Target;

/// Who names the host of an address, by scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// It is where requests go that name no place.
    Default,
    /// It is that of one endpoint of the file.
    Endpoint(String),
    /// It is that of several endpoints, which may have keys of their own.
    Several(Vec<String>),
    Nobody,
}

/// Whose host a target's is; `wanted` names no place itself.
///
/// # Errors
/// When the default endpoint is not there.
pub fn owner(target: &Target, wanted: &Wanted<'_>, file: &ConfigFile, environment: Environment<'_>) -> Result<Owner> {
    let is_there = |base: &str| url::target(base).is_ok_and(|known| known.origin().eq_ignore_ascii_case(&target.origin()));
    let default = endpoint(wanted, file, environment)?;
    if is_there(&base_url(wanted, default.as_ref(), environment, &mut Vec::new()).value) {
        return Ok(Owner::Default);
    }
    let mut names: Vec<String> = file.all().filter(|known| is_there(&known.base_url)).map(|known| known.name.clone()).collect();
    Ok(match names.len() {
        0 => Owner::Nobody,
        1 => Owner::Endpoint(names.remove(0)),
        _ => Owner::Several(names),
    })
}

/// An address as it stands in a recording: the whole URL, whatever its path.
///
/// # Errors
/// When it is not an absolute http or https URL.
pub fn exact(address: &str) -> Result<Target> {
    url::exact(address)
}
