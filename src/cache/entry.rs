//! The form of an entry, `cache/1`: a line that names the request, the time and a digest, then the recording as it is. Whatever does not
//! fit together to the last bit is no entry.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::key::{Digest, Key};

/// The first line's mark: format and major version.
const FORMAT: &str = "cache/1";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header<'a> {
    llmcheck: &'a str,
    request: &'a str,
    /// RFC 3339.
    stored: &'a str,
    /// Over all the rest of the entry: what is in this line too, so that no flipped bit makes it younger.
    sha256: &'a str,
}

/// The entry as it is written.
pub(super) fn written(key: &Key, stored: Timestamp, recording: &[u8]) -> Vec<u8> {
    let stored = format!("{stored:.3}");
    let header = Header { llmcheck: FORMAT, request: key.as_str(), stored: &stored, sha256: &digest(key.as_str(), &stored, recording) };
    // Four plain texts are always JSON; an empty line would be no entry, and only a miss.
    let mut bytes = serde_json::to_vec(&header).unwrap_or_default();
    bytes.push(b'\n');
    bytes.extend_from_slice(recording);
    bytes
}

/// When it was stored, and the recording in it.
pub(super) fn read(key: &Key, mut bytes: Vec<u8>) -> Option<(Timestamp, Vec<u8>)> {
    let end = memchr::memchr(b'\n', &bytes)?;
    let header: Header<'_> = serde_json::from_slice(&bytes[..end]).ok()?;
    let is_whole = header.llmcheck == FORMAT
        && header.request == key.as_str()
        && header.sha256 == digest(header.request, header.stored, &bytes[end + 1..]);
    let stored = header.stored.parse().ok().filter(|_| is_whole)?;
    bytes.drain(..=end);
    Some((stored, bytes))
}

fn digest(request: &str, stored: &str, recording: &[u8]) -> String {
    let mut digest = Digest::of("llmcheck cache/1 entry");
    digest.part(request);
    digest.part(stored);
    digest.part(recording);
    digest.finish()
}
