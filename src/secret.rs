//! Keys and passwords: a type that cannot be printed, and the mask that takes them out of every byte that is shown or kept.
//! A masked byte becomes `*`, one for one, so that every offset in a recording stays true.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use memchr::memmem::Finder;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// A shorter secret is masked only in the request's own fields: as a word of an answer («EMPTY», «none») it proves nothing,
/// and masking it would alter the evidence.
const SHORTEST_IN_A_RESPONSE: usize = 8;

/// A field's value shorter than this is no credential, and would be found all over the request.
const SHORTEST_FIELD: usize = 4;

/// A text that neither `Debug` nor `Display` shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The text itself, for the wire only.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// Finds secrets, plain, percent-encoded or inside base64, and overwrites them with `*`.
#[derive(Clone, Debug, Default)]
pub struct Mask {
    needles: Vec<Finder<'static>>,
}

impl Mask {
    /// A mask for what a server may send back.
    pub fn of_responses<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Mask {
        let long = secrets.into_iter().filter(|secret| secret.0.len() >= SHORTEST_IN_A_RESPONSE);
        Mask::of_forms(long.flat_map(|secret| forms(&secret.0)))
    }

    /// A mask for what is sent: every form of the secrets, and the field values that carry them, however short they are.
    pub fn of_requests<'a>(secrets: impl IntoIterator<Item = &'a Secret>, field_values: impl IntoIterator<Item = String>) -> Mask {
        let long = secrets.into_iter().filter(|secret| secret.0.len() >= SHORTEST_IN_A_RESPONSE);
        let values = field_values.into_iter().filter(|value| value.len() >= SHORTEST_FIELD);
        Mask::of_forms(long.flat_map(|secret| forms(&secret.0)).chain(values))
    }

    fn of_forms(forms: impl Iterator<Item = String>) -> Mask {
        let mut forms: Vec<String> = forms.filter(|form| !form.is_empty()).collect();
        forms.sort_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
        forms.dedup();
        Mask { needles: forms.iter().map(|form| Finder::new(form.as_bytes()).into_owned()).collect() }
    }

    /// Overwrites every secret in `bytes`.
    pub fn cover(&self, bytes: &mut [u8]) {
        for needle in &self.needles {
            let mut from = 0;
            while let Some(at) = needle.find(&bytes[from..]) {
                let start = from + at;
                from = start + needle.needle().len();
                bytes[start..from].fill(b'*');
            }
        }
    }

    /// Whether any secret stands in `bytes`.
    pub fn finds_any(&self, bytes: &[u8]) -> bool {
        self.needles.iter().any(|needle| needle.find(bytes).is_some())
    }

    /// The text with every secret overwritten.
    pub fn cover_text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if !self.finds_any(text.as_bytes()) {
            return Cow::Borrowed(text);
        }
        let mut bytes = text.as_bytes().to_vec();
        self.cover(&mut bytes);
        // A needle is whole characters, so that what is left is still UTF-8.
        Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The end of a text that was cut may hold the beginning of a secret: the text with that overwritten too, where it is long enough to tell.
    pub fn cover_cut_text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let covered = self.cover_text(text);
        let unfinished = self.telling_end(covered.as_bytes());
        if unfinished == 0 {
            return covered;
        }
        let mut bytes = covered.into_owned().into_bytes();
        let end = bytes.len();
        bytes[end - unfinished..].fill(b'*');
        Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// A covered text may end within a secret: what would follow is the rest of that, in the clear.
    pub fn may_end_within(&self, covered: &str) -> bool {
        let run = covered.len() - covered.trim_end_matches('*').len();
        run >= SHORTEST_IN_A_RESPONSE && self.needles.iter().any(|needle| needle.needle().len() > run)
    }

    /// What goes on from a text that is out already, covered as a part of both.
    pub fn cover_after(&self, before: &str, rest: &str) -> String {
        let mut flow = MaskedFlow::after(self.clone(), before);
        let mut bytes = rest.as_bytes().to_vec();
        let shown = flow.pass(&mut bytes).into_owned();
        String::from_utf8_lossy(&[shown, flow.finish()].concat()).into_owned()
    }

    /// The end of a text that was cut, where it is enough of the beginning of a secret to tell.
    pub fn begun_in<'a>(&self, text: &'a str) -> Option<&'a str> {
        let begun = self.telling_end(text.as_bytes());
        (begun > 0).then(|| &text[text.len() - begun..])
    }

    /// How many bytes at the end are the beginning of a secret and enough of it to count as one.
    fn telling_end(&self, bytes: &[u8]) -> usize {
        Some(self.unfinished(bytes)).filter(|length| *length >= SHORTEST_IN_A_RESPONSE).unwrap_or(0)
    }

    /// Whether a secret, or as much of its beginning as tells, stands in bytes that were cut.
    pub fn finds_any_in_cut(&self, bytes: &[u8]) -> bool {
        self.finds_any(bytes) || self.telling_end(bytes) > 0
    }

    /// How many bytes at the end of `bytes` may be the beginning of a secret that goes on in the next read.
    fn unfinished(&self, bytes: &[u8]) -> usize {
        self.needles
            .iter()
            .map(|needle| {
                let needle = needle.needle();
                let longest = bytes.len().min(needle.len() - 1);
                (1..=longest).rev().find(|&length| bytes.ends_with(&needle[..length])).unwrap_or(0)
            })
            .max()
            .unwrap_or(0)
    }
}

/// A mask over bytes that arrive in pieces: what may be the beginning of a secret is held back until the next piece decides.
#[derive(Debug, Default)]
pub struct MaskedFlow {
    mask: Arc<Mask>,
    held: Vec<u8>,
    /// How many bytes at the beginning of `held` are out already.
    out: usize,
}

impl MaskedFlow {
    pub fn new(mask: impl Into<Arc<Mask>>) -> MaskedFlow {
        MaskedFlow { mask: mask.into(), held: Vec::new(), out: 0 }
    }

    /// A mask over what goes on from a text that is out already: a secret that began there is covered to its end.
    pub fn after(mask: impl Into<Arc<Mask>>, before: &str) -> MaskedFlow {
        let mask: Arc<Mask> = mask.into();
        let begun = mask.unfinished(before.as_bytes());
        let held = before.as_bytes()[before.len() - begun..].to_vec();
        MaskedFlow { mask, held, out: begun }
    }

    /// The bytes that can be shown now: everything held back so far and `piece`, less a tail that is still undecided.
    pub fn pass<'a>(&mut self, piece: &'a mut [u8]) -> Cow<'a, [u8]> {
        if self.held.is_empty() {
            self.mask.cover(piece);
            let ready = piece.len() - self.mask.unfinished(piece);
            self.held.extend_from_slice(&piece[ready..]);
            return Cow::Borrowed(&piece[..ready]);
        }
        let mut joined = std::mem::take(&mut self.held);
        joined.extend_from_slice(piece);
        self.mask.cover(&mut joined);
        let ready = joined.len() - self.mask.unfinished(&joined);
        self.held = joined.split_off(ready);
        let out = self.out.min(ready);
        self.out -= out;
        joined.drain(..out);
        Cow::Owned(joined)
    }

    /// What is still held back when nothing more can come. As much of a secret as tells stays covered.
    pub fn finish(&mut self) -> Vec<u8> {
        let mut held = std::mem::take(&mut self.held);
        let shown = held.len() - self.mask.telling_end(&held);
        held[shown..].fill(b'*');
        held.split_off(std::mem::take(&mut self.out).min(held.len()))
    }
}

/// Overwrites what looks like a key in bytes that others recorded, where no one can say what the secrets are: what follows `Bearer `, and
/// the forms that providers give to their keys.
pub fn cover_key_like(bytes: &mut [u8]) {
    const MARKS: [&[u8]; 7] = [b"Bearer ", b"bearer ", b"sk-", b"sk_", b"AIza", b"gsk_", b"hf_"];
    for mark in MARKS {
        let is_prefix = !mark.ends_with(b" ");
        let mut from = 0;
        while let Some(found) = memchr::memmem::find(&bytes[from..], mark) {
            let start = from + found;
            let after = start + mark.len();
            let length =
                bytes[after..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')).count();
            from = after + length;
            // A prefix within a word («risk-…») begins no key.
            let is_in_word =
                is_prefix && start > 0 && (bytes[start - 1].is_ascii_alphanumeric() || matches!(bytes[start - 1], b'-' | b'_'));
            if length >= SHORTEST_KEY && !is_in_word {
                bytes[if is_prefix { start } else { after }..from].fill(b'*');
            }
        }
    }
}

/// Keys of providers and relays are longer.
const SHORTEST_KEY: usize = 16;

/// The text with whatever looks like a key overwritten.
pub fn covered(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    cover_key_like(&mut bytes);
    // Only whole ASCII characters were overwritten.
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The secret as itself, percent-encoded where it must or may be, and as it shows inside base64 at each of the three alignments.
fn forms(secret: &str) -> Vec<String> {
    let needed = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let all: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
    // As JavaScript's encodeURIComponent and Python's quote leave it, and as PHP writes a slash in JSON.
    const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    let usual = utf8_percent_encode(secret, UNRESERVED).to_string();
    let mut forms =
        vec![secret.to_string(), lower_hex(&needed), needed, lower_hex(&usual), usual, all.to_lowercase(), all, secret.replace('/', "\\/")];
    for skipped in 0..3 {
        // Base64 mixes neighbouring bytes into the first and last characters: only those in between are the secret's own.
        let mut padded = vec![0; skipped];
        padded.extend_from_slice(secret.as_bytes());
        let first = (skipped * 4).div_ceil(3);
        let last = padded.len() * 4 / 3;
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            forms.push(engine.encode(&padded)[first..last].to_string());
        }
    }
    forms
}

/// Percent-encoded text with its hexadecimal digits in lower case.
fn lower_hex(encoded: &str) -> String {
    let mut parts = encoded.split('%');
    let first = parts.next().unwrap_or_default().to_string();
    parts.fold(first, |text, part| {
        let (digits, rest) = part.split_at(part.len().min(2));
        text + "%" + &digits.to_lowercase() + rest
    })
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    const KEY: &str = "sk-proj-Zm9v/YmFy+1234567890";

    fn masked(text: &str) -> String {
        let mask = Mask::of_responses([&Secret::new(KEY)]);
        mask.cover_text(text).into_owned()
    }

    #[test]
    fn a_secret_is_covered_byte_for_byte() {
        assert_eq!(masked(&format!("you sent {KEY}!")), format!("you sent {}!", "*".repeat(KEY.len())));
    }

    #[test]
    fn a_percent_encoded_secret_is_covered() {
        let needed = utf8_percent_encode(KEY, NON_ALPHANUMERIC).to_string();
        let all: String = KEY.bytes().map(|byte| format!("%{byte:02x}")).collect();
        for encoded in [lower_hex(&needed), needed, all.to_uppercase(), all] {
            assert_eq!(masked(&encoded), "*".repeat(encoded.len()));
        }
    }

    #[test]
    fn a_secret_inside_base64_is_covered_at_every_alignment() {
        for before in ["", "B", "Be", "Bea", "Bearer "] {
            let encoded = STANDARD.encode(format!("{before}{KEY}, and more"));
            let shown = masked(&encoded);
            assert!(shown.contains(&"*".repeat(KEY.len())), "{before:?}: {shown}");
        }
    }

    #[test]
    fn a_secret_split_at_any_byte_over_two_reads_is_covered() {
        let text = format!("a{KEY}b");
        for cut in 0..=text.len() {
            let mut flow = MaskedFlow::new(Mask::of_responses([&Secret::new(KEY)]));
            let (mut first, mut second) = (text.as_bytes()[..cut].to_vec(), text.as_bytes()[cut..].to_vec());
            let mut shown = flow.pass(&mut first).into_owned();
            shown.extend_from_slice(&flow.pass(&mut second));
            shown.extend(flow.finish());
            assert_eq!(String::from_utf8(shown).unwrap(), format!("a{}b", "*".repeat(KEY.len())), "cut at {cut}");
        }
    }

    #[test]
    fn what_only_begins_like_a_secret_arrives_unchanged() {
        let mut flow = MaskedFlow::new(Mask::of_responses([&Secret::new(KEY)]));
        let mut first = b"sk-proj".to_vec();
        assert_eq!(&*flow.pass(&mut first), b"");
        let mut second = b"ect".to_vec();
        assert_eq!(&*flow.pass(&mut second), b"sk-project");
        assert!(flow.finish().is_empty());
    }

    #[test]
    fn the_beginning_of_a_secret_at_a_cut_is_covered_where_it_tells() {
        let mask = Mask::of_responses([&Secret::new(KEY)]);
        for cut in 1..KEY.len() {
            let shown = if cut < SHORTEST_IN_A_RESPONSE { KEY[..cut].to_string() } else { "*".repeat(cut) };
            let text = format!("it is {}", &KEY[..cut]);
            assert_eq!(mask.cover_cut_text(&text), format!("it is {shown}"));
            assert_eq!(mask.finds_any_in_cut(text.as_bytes()), cut >= SHORTEST_IN_A_RESPONSE);
            assert_eq!(mask.begun_in(&text), (cut >= SHORTEST_IN_A_RESPONSE).then_some(&KEY[..cut]));
            let mut flow = MaskedFlow::new(mask.clone());
            let mut bytes = text.into_bytes();
            let passed = flow.pass(&mut bytes).into_owned();
            assert_eq!([passed, flow.finish()].concat(), format!("it is {shown}").as_bytes());
        }
        assert_eq!(mask.cover_cut_text("it is none"), "it is none");
    }

    #[test]
    fn a_secret_that_began_in_what_is_out_already_is_covered_to_its_end() {
        let mask = Mask::of_responses([&Secret::new(KEY)]);
        for cut in 0..=KEY.len() {
            let (before, rest) = (format!("it is {}", &KEY[..cut]), format!("{}, you see", &KEY[cut..]));
            assert_eq!(mask.cover_after(&before, &rest), format!("{}, you see", "*".repeat(KEY.len() - cut)), "{cut}");
            // In pieces of one byte, and without an end.
            let mut flow = MaskedFlow::after(mask.clone(), &before);
            let shown: Vec<u8> = KEY[cut..].bytes().flat_map(|byte| flow.pass(&mut [byte]).into_owned()).collect();
            assert_eq!([shown, flow.finish()].concat(), "*".repeat(KEY.len() - cut).as_bytes(), "{cut}");
        }
        assert_eq!(mask.cover_after("it is sk-pro", "nounced so"), "nounced so");
        assert_eq!(mask.cover_after("it is sk", "-pro"), "-pro");
        assert_eq!(mask.cover_after("it is sk", "-proj-Zm"), "********");
        for (covered, expected) in [("it is *********", true), ("it is *******", false), ("*********, it is", false), ("it is", false)] {
            assert_eq!(mask.may_end_within(covered), expected, "{covered}");
        }
        assert!(!mask.may_end_within(&"*".repeat(1000)) && !Mask::default().may_end_within("it is *********"));
    }

    #[test]
    fn a_short_key_is_masked_in_the_request_and_not_as_a_word_of_the_answer() {
        let key = Secret::new("EMPTY");
        assert_eq!(Mask::of_responses([&key]).cover_text("the box is EMPTY"), "the box is EMPTY");
        let request = Mask::of_requests([&key], ["Bearer EMPTY".to_string()]);
        assert_eq!(request.cover_text("authorization: Bearer EMPTY"), "authorization: ************");
    }

    #[test]
    fn a_secret_is_not_printed_by_debug() {
        assert_eq!(format!("{:?}", Secret::new(KEY)), "Secret(***)");
    }
}
