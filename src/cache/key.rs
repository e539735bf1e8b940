//! Which request an answer belongs to: a digest over all that may change the answer, and over nothing of who asks or by which way.

use std::fmt::Write as _;

use ring::digest::{Context, SHA256};

use crate::exchange::is_sensitive;
use crate::plan::Plan;

/// Another meaning of the parts below gets another tag, so that no old entry is found under it.
const VERSION: &str = "llmcheck cache/1 request";

/// Fields about the way of an answer and not about what it says.
const TRANSPORT: [&str; 4] = ["accept", "accept-encoding", "connection", "user-agent"];

/// The name of a request: 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// `lab` is the scenario where the lab is asked: it listens on another port each time, and its scenario is what stays.
    pub fn of(plan: &Plan, lab: Option<&str>) -> Key {
        let mut digest = Digest::of(VERSION);
        digest.part("POST");
        digest.part(
            lab.map_or_else(|| plan.target.origin(), |name| format!("{}://lab/{name}", if plan.target.https { "https" } else { "http" })),
        );
        digest.part(path_without_credentials(plan));
        // What came over a connection that nobody checked is not for who checks.
        digest.part(if plan.trust.insecure { "insecure" } else { "checked" });
        digest.part(&plan.body);
        for (name, value) in fields(plan) {
            digest.part(name);
            digest.part(value);
        }
        Key(digest.finish())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The fields that count, by name: in which order different ones were given changes nothing.
fn fields(plan: &Plan) -> Vec<(String, &str)> {
    let named = plan.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.as_str()));
    let mut fields: Vec<(String, &str)> = named.filter(|(name, _)| !is_sensitive(name) && !TRANSPORT.contains(&name.as_str())).collect();
    fields.sort_by(|a, b| a.0.cmp(&b.0));
    fields
}

/// Path and query; some APIs take the key as a parameter.
fn path_without_credentials(plan: &Plan) -> String {
    let Some((path, query)) = plan.target.path.split_once('?') else {
        return plan.target.path.clone();
    };
    let is_secret = |value: &str| plan.secrets.iter().any(|secret| secret.expose() == value);
    let parameters = query.split('&').map(|parameter| match parameter.split_once('=') {
        Some((name, value)) if is_secret(value) => format!("{name}=*"),
        _ => parameter.to_string(),
    });
    format!("{path}?{}", parameters.collect::<Vec<_>>().join("&"))
}

/// SHA-256 over parts, each with its length before it: no two lists of parts give the same bytes.
pub(super) struct Digest(Context);

impl Digest {
    pub(super) fn of(purpose: &str) -> Digest {
        let mut digest = Digest(Context::new(&SHA256));
        digest.part(purpose);
        digest
    }

    pub(super) fn part(&mut self, part: impl AsRef<[u8]>) {
        let part = part.as_ref();
        self.0.update(&(part.len() as u64).to_be_bytes());
        self.0.update(part);
    }

    /// In hexadecimal.
    pub(super) fn finish(self) -> String {
        self.0.finish().as_ref().iter().fold(String::new(), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{KeyUse, Target};
    use crate::secret::Secret;

    fn plan() -> Plan {
        Plan {
            target: Target { https: true, host: "a.example".into(), port: 443, path: "/v1/chat/completions".into() },
            headers: vec![("content-type".into(), "application/json".into()), ("authorization".into(), "Bearer key-0123456789".into())],
            body: b"{}".to_vec(),
            key: KeyUse::Sent,
            secrets: vec![Secret::new("key-0123456789")],
            ..Plan::supposed("a.example")
        }
    }

    fn key(change: impl FnOnce(&mut Plan)) -> Key {
        let mut plan = plan();
        change(&mut plan);
        Key::of(&plan, None)
    }

    fn field(name: &str, value: &str) -> Key {
        key(|plan| plan.headers.push((name.into(), value.into())))
    }

    #[test]
    fn every_part_that_may_change_the_answer_changes_the_key() {
        let keys = [
            key(|_| {}),
            key(|plan| plan.target.host = "b.example".into()),
            key(|plan| plan.target.https = false),
            key(|plan| plan.target.port = 444),
            key(|plan| plan.target.path = "/v2/chat/completions".into()),
            key(|plan| plan.target.path = "/v1/chat/completions?api-version=1".into()),
            key(|plan| plan.body = b"{ }".to_vec()),
            key(|plan| plan.trust.insecure = true),
            key(|plan| plan.headers[0].1 = "text/plain".into()),
            field("openai-organization", "org"),
            field("openai-organization", "org2"),
            field("openai-project", "org"),
            Key::of(&plan(), Some("healthy")),
            Key::of(&plan(), Some("healthy-gzip")),
        ];
        for (at, one) in keys.iter().enumerate() {
            assert!(one.as_str().len() == 64 && keys.iter().skip(at + 1).all(|other| other != one), "{at}");
        }
    }

    #[test]
    fn no_credential_and_nothing_of_the_way_is_in_the_key() {
        let plain = key(|_| {});
        for same in [
            key(|plan| plan.headers[1].1 = "Bearer another-key".into()),
            key(|plan| drop(plan.headers.pop())),
            key(|plan| plan.headers.reverse()),
            key(|plan| plan.headers[0].0 = "Content-Type".into()),
            key(|plan| plan.key = KeyUse::Missing),
            key(|plan| plan.endpoint = "relay".into()),
            field("Cookie", "a=b"),
            field("X-Api-Key", "abc"),
            field("Accept", "text/event-stream"),
            field("Accept-Encoding", "br"),
            field("User-Agent", "me"),
            field("Connection", "close"),
        ] {
            assert_eq!(same, plain);
        }
    }

    #[test]
    fn a_key_in_the_query_is_left_out_and_its_neighbours_are_not() {
        let with = |secret: &str, query: &str| {
            key(|plan| {
                plan.secrets = vec![Secret::new(secret)];
                plan.target.path = format!("/v1?{query}");
            })
        };
        assert_eq!(with("one", "key=one&v=1"), with("another", "key=another&v=1"));
        assert_ne!(with("one", "key=one&v=1"), with("one", "key=one&v=2"));
        assert_ne!(with("one", "key=one&v=1"), with("one", "key=two&v=1"));
    }

    #[test]
    fn bytes_that_move_from_one_part_to_the_next_change_the_digest() {
        let of = |parts: &[&str]| {
            let mut digest = Digest::of("test");
            parts.iter().for_each(|part| digest.part(part));
            digest.finish()
        };
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_ne!(of(&["ab"]), of(&["ab", ""]));
        assert_ne!(of(&["a", "b"]), of(&["ab"]));
    }

    #[test]
    fn a_scenario_has_one_key_whatever_port_the_lab_has() {
        let at = |port| {
            let mut plan = plan();
            plan.target.port = port;
            Key::of(&plan, Some("healthy"))
        };
        assert_eq!(at(1), at(2));
    }
}
