//! Digests that a head promises: Content-Digest and Repr-Digest (RFC 9530) with SHA-256 or SHA-512, and Content-MD5 (RFC 1864).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use ring::digest::{Context, SHA256, SHA512};

use super::head::{Head, Span};

/// One digest as promised, and the hash of what came so far.
pub struct Promised {
    /// The name of the field that carries it.
    pub field: &'static str,
    pub algorithm: &'static str,
    pub span: Span,
    expected: Vec<u8>,
    hash: Hash,
}

enum Hash {
    Md5(Md5),
    Sha(Context),
}

impl std::fmt::Debug for Promised {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Promised({} {})", self.field, self.algorithm)
    }
}

/// The digests of a response head that we can check. What cannot be read as one is passed over.
pub fn promised(head: &Head) -> Vec<Promised> {
    let mut digests = Vec::new();
    for field in &head.fields {
        let is_named = |known: &&str| known.eq_ignore_ascii_case(&field.name);
        let Some(name) = ["content-digest", "repr-digest", "content-md5"].into_iter().find(is_named) else {
            continue;
        };
        let mut add = |algorithm: &'static str, text: &str, length: usize, hash: Hash| {
            if let Some(expected) = STANDARD.decode(text).ok().filter(|bytes| bytes.len() == length) {
                digests.push(Promised { field: name, algorithm, span: field.value_span.clone(), expected, hash });
            }
        };
        if name == "content-md5" {
            add("md5", field.value.trim(), 16, Hash::Md5(Md5::new()));
            continue;
        }
        for member in field.value.split(',') {
            let Some((algorithm, value)) = member.trim().split_once('=') else {
                continue;
            };
            let value = value.trim_matches(':');
            match algorithm {
                "sha-256" => add("sha-256", value, 32, Hash::Sha(Context::new(&SHA256))),
                "sha-512" => add("sha-512", value, 64, Hash::Sha(Context::new(&SHA512))),
                _ => {}
            }
        }
    }
    digests
}

impl Promised {
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.hash {
            Hash::Md5(hash) => hash.update(bytes),
            Hash::Sha(context) => context.update(bytes),
        }
    }

    /// The bytes so far have the promised digest.
    pub fn fits(&self) -> bool {
        match &self.hash {
            Hash::Md5(hash) => hash.clone().finalize().as_slice() == self.expected,
            Hash::Sha(context) => context.clone().finish().as_ref() == self.expected,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(field: &str, body: &[u8]) -> Vec<bool> {
        let head = Head::parse(format!("HTTP/1.1 200 OK\r\n{field}\r\n\r\n").as_bytes(), 0);
        let mut digests = promised(&head);
        digests.iter_mut().for_each(|digest| body.chunks(2).for_each(|piece| digest.update(piece)));
        digests.iter().map(Promised::fits).collect()
    }

    #[test]
    fn the_digest_of_the_body_fits_and_of_another_body_does_not() {
        // RFC 9530 appendix B.1; `printf hello | md5sum`.
        let sha256 = "Content-Digest: sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:";
        assert_eq!(fits(sha256, b"{\"hello\": \"world\"}\n"), [true]);
        assert_eq!(fits(sha256, b"{\"hello\": \"World\"}\n"), [false]);
        assert_eq!(fits("Content-MD5: XUFAKrxLKna5cZ2REBfFkg==", b"hello"), [true]);
        assert_eq!(fits("content-md5: nonsense", b"hello"), [] as [bool; 0]);
        assert_eq!(fits("Repr-Digest: unixsum=:AAA=:", b"hello"), [] as [bool; 0]);
    }
}
