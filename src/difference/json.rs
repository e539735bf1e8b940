//! The shape of JSON: which paths it has, of which types, in which order, and how its serialiser writes. The values are another answer each
//! time; those of a few paths are not.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Difference, Part};

/// More paths than this are no chat answer.
const MOST_PATHS: usize = 2000;
/// A key longer than this many characters is cut.
const LONGEST_KEY: usize = 80;
/// Values that the same request should give each time.
const CONSTANTS: [&str; 7] = ["object", "model", "service_tier", "error.type", "error.code", "error.param", "choices[].message.role"];
/// Where only the presence counts, not the type.
const VOLATILE: [&str; 4] = ["id", "created", "system_fingerprint", "service_tier"];

/// The paths of one or more JSON values, in the order in which they first came.
#[derive(Debug, Default)]
pub(super) struct Shape {
    paths: Vec<String>,
    types: HashMap<String, BTreeSet<&'static str>>,
    /// Arrays in which something was seen.
    filled: BTreeSet<String>,
    constants: BTreeMap<&'static str, String>,
    is_cut: bool,
}

impl Shape {
    /// Adds the paths of a JSON text; what is no JSON adds nothing more.
    pub fn add(&mut self, text: &[u8]) {
        let mut deserializer = serde_json::Deserializer::from_slice(text);
        self.is_cut |= Walk { shape: self, path: String::new() }.deserialize(&mut deserializer).is_err();
    }

    fn see(&mut self, path: &str, kind: &'static str) {
        if let Some(types) = self.types.get_mut(path) {
            types.insert(kind);
        } else if self.paths.len() < MOST_PATHS {
            self.paths.push(path.to_string());
            self.types.insert(path.to_string(), BTreeSet::from([kind]));
        } else {
            self.is_cut = true;
        }
    }

    fn see_text(&mut self, path: &str, text: &str) {
        self.see(path, "string");
        if let Some(constant) = CONSTANTS.iter().find(|constant| **constant == path) {
            self.constants.entry(constant).or_insert_with(|| text.to_string());
        }
    }

    fn types(&self, path: &str) -> Option<String> {
        Some(self.types.get(path)?.iter().copied().collect::<Vec<_>>().join(" | "))
    }

    /// Nothing is known of what would stand there: the array around it is empty.
    fn is_silent_on(&self, path: &str) -> bool {
        path.match_indices("[]").any(|(at, _)| self.types.contains_key(&path[..at]) && !self.filled.contains(&path[..at]))
    }

    fn has(&self, path: &str) -> bool {
        self.types.contains_key(path)
    }
}

fn parent(path: &str) -> &str {
    let end = path.strip_suffix("[]").map_or_else(|| path.rfind('.'), |array| Some(array.len()));
    &path[..end.unwrap_or(0)]
}

/// Notes the paths and types that are not the same. What lacks its end may lack anything.
pub(super) fn compare(a: (&Shape, bool), b: (&Shape, bool), part: Part, difference: &mut Difference) {
    let ((one, one_is_whole), (other, other_is_whole)) = (a, b);
    let in_both = |path: &str| one.has(path) && other.has(path);
    for path in one.paths.iter().chain(other.paths.iter().filter(|path| !one.has(path))) {
        // Of what is new as a whole, its root says enough.
        if path.is_empty() || !in_both(parent(path)) && !parent(path).is_empty() {
            continue;
        }
        let is_lacking = |shape: &Shape, is_whole: bool| !shape.has(path) && (!is_whole || shape.is_cut || shape.is_silent_on(path));
        if is_lacking(one, one_is_whole) || is_lacking(other, other_is_whole) {
            continue;
        }
        let is_volatile = VOLATILE.contains(&path.as_str()) || path.starts_with("usage");
        if in_both(path) && (is_volatile || !(one_is_whole && other_is_whole)) {
            continue;
        }
        difference.note(part, path, one.types(path), other.types(path));
    }
    if part == Part::BodyShape {
        order(one, other, difference);
    }
    for name in CONSTANTS {
        if let (Some(first), Some(second)) = (one.constants.get(name), other.constants.get(name)) {
            difference.note(Part::BodyValue, name, Some(first.clone()), Some(second.clone()));
        }
    }
}

/// The first object in which keys that both have stand in another order.
fn order(one: &Shape, other: &Shape, difference: &mut Difference) {
    let common = |shape: &Shape, with: &Shape| -> Vec<String> { shape.paths.iter().filter(|path| with.has(path)).cloned().collect() };
    let (first, second) = (common(one, other), common(other, one));
    let Some(at) = first.iter().zip(&second).position(|(a, b)| a != b) else {
        return;
    };
    let object = parent(&first[at]).to_string();
    let keys = |paths: &[String]| {
        let keys = paths.iter().filter(|path| !path.is_empty() && !path.ends_with("[]") && parent(path) == object);
        keys.map(|path| path[object.len()..].trim_start_matches('.')).collect::<Vec<_>>().join(", ")
    };
    let name = if object.is_empty() { "(order)".to_string() } else { format!("{object} (order)") };
    difference.note(Part::BodyShape, name, Some(keys(&first)), Some(keys(&second)));
}

struct Walk<'a> {
    shape: &'a mut Shape,
    path: String,
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.shape.see(&self.path, "null");
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.shape.see(&self.path, "boolean");
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.shape.see(&self.path, "number");
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        self.shape.see(&self.path, "number");
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.shape.see(&self.path, "number");
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.shape.see_text(&self.path, text);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.shape.see(&self.path, "array");
        let inner = format!("{}[]", self.path);
        while items.next_element_seed(Walk { shape: self.shape, path: inner.clone() })?.is_some() {
            self.shape.filled.insert(self.path.clone());
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        self.shape.see(&self.path, "object");
        while let Some(key) = members.next_key::<String>()? {
            if self.shape.paths.len() >= MOST_PATHS {
                self.shape.is_cut = true;
                members.next_value::<IgnoredAny>()?;
                continue;
            }
            let key: String = key.chars().take(LONGEST_KEY).collect();
            let path = if self.path.is_empty() { key } else { format!("{}.{key}", self.path) };
            members.next_value_seed(Walk { shape: self.shape, path })?;
        }
        Ok(())
    }
}

/// How a serialiser writes, as far as the text shows it.
#[derive(Debug, Default)]
pub(super) struct Style {
    close: u64,
    spaced: u64,
    broken: u64,
    escaped: u64,
    raw: u64,
}

impl Style {
    pub fn add(&mut self, text: &[u8]) {
        let (mut in_string, mut at) = (false, 0);
        while at < text.len() {
            match (in_string, text[at]) {
                (true, b'\\') => {
                    let digits = text.get(at + 2..at + 6).filter(|_| text.get(at + 1) == Some(&b'u'));
                    let is_foreign = digits.is_some_and(|digits| !digits.starts_with(b"00"));
                    self.escaped += u64::from(is_foreign);
                    at += 1;
                }
                (_, b'"') => in_string = !in_string,
                (true, byte) => self.raw += u64::from(byte >= 0xc0),
                (false, b':' | b',') => match text.get(at + 1) {
                    Some(b' ') => self.spaced += 1,
                    Some(b'\n' | b'\r') => self.broken += 1,
                    _ => self.close += 1,
                },
                (false, _) => {}
            }
            at += 1;
        }
    }

    fn spacing(&self) -> Option<String> {
        let told = match (self.close, self.spaced, self.broken) {
            (0, 0, 0) => return None,
            (_, 0, 0) => "compact",
            (0, _, 0) => "spaced",
            (_, _, 0) => "mixed",
            _ => "indented",
        };
        Some(told.into())
    }

    fn letters(&self) -> Option<String> {
        match (self.escaped, self.raw) {
            (0, 0) => None,
            (_, 0) => Some("escaped".into()),
            (0, _) => Some("raw".into()),
            _ => Some("mixed".into()),
        }
    }
}

/// Notes what both show and write differently.
pub(super) fn compare_style(a: &Style, b: &Style, part: Part, difference: &mut Difference) {
    for (name, one, other) in [("(spacing)", a.spacing(), b.spacing()), ("(letters)", a.letters(), b.letters())] {
        if one.is_some() && other.is_some() {
            difference.note(part, name, one, other);
        }
    }
}
