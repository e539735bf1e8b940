//! Content codings, decoded as the bytes come: gzip, deflate, br and zstd. Decoding stops at a fault, at the coding's own end,
//! and where so little expands to so much that it can only be an attack.

use std::ops::{ControlFlow, RangeInclusive};

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};
use flate2::{Crc, Decompress, FlushDecompress, Status};
use zstd::stream::raw::{Decoder as ZstdDecoder, Operation as _};

/// What we can decode, as an `Accept-Encoding` value.
pub const ACCEPTED: &str = "gzip, deflate, br, zstd";

/// Encoded bytes given to a decoder at a time.
const STEP: usize = 1024;
/// Beyond this many decoded bytes, at a ratio beyond [`BOMB_RATIO`], decoding stops: deflate's best ratio is 1032, brotli's a million.
const BOMB_SIZE: u64 = 256 * 1024 * 1024;
const BOMB_RATIO: u64 = 200;

/// Identification and the one method there is.
const GZIP_MAGIC: [u8; 3] = [0x1f, 0x8b, 8];
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// A frame to be skipped, RFC 8878 section 3.1.2.
const ZSTD_SKIPPED: [RangeInclusive<u8>; 4] = [0x50..=0x5f, 0x2a..=0x2a, 0x4d..=0x4d, 0x18..=0x18];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    Br,
    Deflate,
    Gzip,
    Identity,
    Zstd,
}

impl Coding {
    /// The codings of a `Content-Encoding` value in the order in which they were applied (RFC 9110 section 8.4), identity left out;
    /// `None` if one of them is none that we can decode.
    pub fn from_label(label: &str) -> Option<Vec<Coding>> {
        let label = label.to_ascii_lowercase();
        let codings = label.split(',').map(str::trim).filter(|coding| !matches!(*coding, "" | "identity"));
        codings
            .map(|coding| match coding {
                "gzip" | "x-gzip" => Some(Coding::Gzip),
                "deflate" => Some(Coding::Deflate),
                "br" => Some(Coding::Br),
                "zstd" => Some(Coding::Zstd),
                _ => None,
            })
            .collect()
    }

    pub fn name(self) -> &'static str {
        match self {
            Coding::Br => "br",
            Coding::Deflate => "deflate",
            Coding::Gzip => "gzip",
            Coding::Identity => "identity",
            Coding::Zstd => "zstd",
        }
    }

    /// The coding that the first bytes of a body betray by their magic number.
    pub fn from_magic(bytes: &[u8]) -> Option<Coding> {
        match bytes {
            _ if bytes.starts_with(&GZIP_MAGIC) => Some(Coding::Gzip),
            _ if bytes.starts_with(&ZSTD_MAGIC) => Some(Coding::Zstd),
            _ => None,
        }
    }
}

/// How far a decoder came.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// The coding's end, with its trailer where it has one, was not reached.
    Unfinished,
    Finished,
    /// The bytes are not of this coding, or a checksum is wrong.
    Faulty(String),
    /// Stopped on purpose: it expands without end.
    Bomb,
}

/// Decodes one body.
pub struct Decoder {
    engine: Engine,
    progress: Progress,
    /// Bytes directly behind the coding's end that may begin another member or frame; `None` once something else stands there.
    behind: Option<Vec<u8>>,
    encoded: u64,
    decoded: u64,
}

enum Engine {
    Br(Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>),
    Gzip(Box<Gzip>),
    Identity,
    Inflate(Box<Decompress>),
    /// Which of the two forms of deflate it is shows in its first two bytes.
    UndecidedDeflate(Vec<u8>),
    Zstd(Box<ZstdDecoder<'static>>),
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder").field("progress", &self.progress).field("decoded", &self.decoded).finish_non_exhaustive()
    }
}

impl Decoder {
    pub fn new(coding: Coding) -> Decoder {
        let engine = match coding {
            Coding::Br => {
                Engine::Br(Box::new(BrotliState::new(StandardAlloc::default(), StandardAlloc::default(), StandardAlloc::default())))
            }
            Coding::Deflate => Engine::UndecidedDeflate(Vec::new()),
            Coding::Gzip => Engine::Gzip(Box::default()),
            Coding::Identity => Engine::Identity,
            Coding::Zstd => match ZstdDecoder::new() {
                Ok(decoder) => Engine::Zstd(Box::new(decoder)),
                // Only without memory; the body then stays undecoded.
                Err(_) => Engine::Identity,
            },
        };
        Decoder { engine, progress: Progress::Unfinished, behind: Some(Vec::new()), encoded: 0, decoded: 0 }
    }

    pub fn is_identity(&self) -> bool {
        matches!(self.engine, Engine::Identity)
    }

    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Decodes the next bytes and gives what comes out to `out`, piece by piece. Nothing comes after the coding's end or a fault.
    pub fn decode(&mut self, bytes: &[u8], mut out: impl FnMut(&[u8])) {
        if self.is_identity() {
            self.encoded += bytes.len() as u64;
            self.decoded += bytes.len() as u64;
            return out(bytes);
        }
        for step in bytes.chunks(STEP) {
            match &self.progress {
                Progress::Unfinished => self.take(step, &mut out),
                // A gzip body may have several members (RFC 1952 section 2.2) and a zstd body several frames; what else follows the end
                // is ignored.
                Progress::Finished => {
                    let Some(behind) = &mut self.behind else {
                        return;
                    };
                    behind.extend_from_slice(step);
                }
                Progress::Faulty(_) | Progress::Bomb => return,
            }
            while self.progress == Progress::Finished
                && let Some(bytes) = self.behind.take()
            {
                match self.engine.begins_anew(&bytes) {
                    Some(true) => self.take(&bytes, &mut out),
                    Some(false) => return,
                    None => {
                        self.behind = Some(bytes);
                        break;
                    }
                }
            }
        }
    }

    fn take(&mut self, step: &[u8], out: &mut impl FnMut(&[u8])) {
        self.encoded += step.len() as u64;
        let (encoded, decoded) = (self.encoded, &mut self.decoded);
        let mut is_bomb = false;
        let outcome = self.engine.decode(step, &mut |bytes| {
            *decoded += bytes.len() as u64;
            out(bytes);
            is_bomb = *decoded > BOMB_SIZE && *decoded / encoded.max(1) > BOMB_RATIO;
            if is_bomb { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        self.progress = match outcome {
            _ if is_bomb => Progress::Bomb,
            Ok(Some(behind)) => {
                self.behind = Some(step[step.len() - behind..].to_vec());
                Progress::Finished
            }
            Ok(None) => Progress::Unfinished,
            Err(fault) => Progress::Faulty(fault),
        };
    }
}

impl Engine {
    /// After the coding's end: whether these bytes, which stand directly behind it, begin another member or frame. `None` while more of
    /// them must tell.
    fn begins_anew(&mut self, bytes: &[u8]) -> Option<bool> {
        match self {
            Engine::Gzip(gzip) => {
                let begins = begins_with(bytes, &GZIP_MAGIC.map(|byte| byte..=byte));
                if begins == Some(true) {
                    **gzip = Gzip::default();
                }
                begins
            }
            Engine::Zstd(_) => match (begins_with(bytes, &ZSTD_MAGIC.map(|byte| byte..=byte)), begins_with(bytes, &ZSTD_SKIPPED)) {
                (Some(false), skipped) => skipped,
                (frame, _) => frame,
            },
            _ => Some(false),
        }
    }

    /// At the coding's end, how many of the bytes stand behind it; or what is wrong. `out` may break off.
    fn decode(&mut self, bytes: &[u8], out: &mut impl FnMut(&[u8]) -> ControlFlow<()>) -> Result<Option<usize>, String> {
        match self {
            Engine::Identity => unreachable!("identity is passed through before"),
            Engine::Br(state) => decode_br(state, bytes, out),
            Engine::Gzip(gzip) => gzip.decode(bytes, out),
            Engine::Inflate(inflate) => inflate_step(inflate, bytes, out),
            Engine::Zstd(decoder) => decode_zstd(decoder, bytes, out),
            Engine::UndecidedDeflate(first) => {
                first.extend_from_slice(bytes);
                let &[method, flags, ..] = first.as_slice() else {
                    return Ok(None);
                };
                // RFC 1950 section 2.2; servers send both the zlib form, which is deflate, and the bare one.
                let is_zlib = method & 0x0f == 8 && u16::from_be_bytes([method, flags]).is_multiple_of(31);
                let first = std::mem::take(first);
                *self = Engine::Inflate(Box::new(Decompress::new(is_zlib)));
                self.decode(&first, out)
            }
        }
    }
}

/// Inflates a step; at the end of the deflate data, how many of its bytes were not part of it.
fn inflate_step(inflate: &mut Decompress, bytes: &[u8], out: &mut impl FnMut(&[u8]) -> ControlFlow<()>) -> Result<Option<usize>, String> {
    let mut buffer = [0; 16 * 1024];
    let mut from = 0;
    loop {
        let (taken_before, given_before) = (inflate.total_in(), inflate.total_out());
        let status = inflate.decompress(&bytes[from..], &mut buffer, FlushDecompress::None);
        from += (inflate.total_in() - taken_before) as usize;
        let given = (inflate.total_out() - given_before) as usize;
        // What stands before a fault is given, too: whether it comes in the same read is chance.
        if out(&buffer[..given]).is_break() {
            return Ok(None);
        }
        match status.map_err(|error| error.to_string())? {
            Status::StreamEnd => return Ok(Some(bytes.len() - from)),
            _ if from == bytes.len() && given < buffer.len() => return Ok(None),
            _ => {}
        }
    }
}

/// One gzip member, RFC 1952: a header of variable length, deflate data, and a trailer of checksum and size.
struct Gzip {
    header: Vec<u8>,
    has_header: bool,
    inflate: Decompress,
    checksum: Crc,
    trailer: Vec<u8>,
    has_data: bool,
}

impl Default for Gzip {
    fn default() -> Gzip {
        Gzip {
            header: Vec::new(),
            has_header: false,
            inflate: Decompress::new(false),
            checksum: Crc::new(),
            trailer: Vec::new(),
            has_data: false,
        }
    }
}

impl Gzip {
    /// A header is ten bytes, and names and comments are short: more than this is no header.
    const LONGEST_HEADER: usize = 128 * 1024;

    fn decode(&mut self, bytes: &[u8], out: &mut impl FnMut(&[u8]) -> ControlFlow<()>) -> Result<Option<usize>, String> {
        if !self.has_header {
            self.header.extend_from_slice(bytes);
            let Some(length) = gzip_header(&self.header)? else {
                return if self.header.len() > Gzip::LONGEST_HEADER { Err("a gzip header without end".into()) } else { Ok(None) };
            };
            self.has_header = true;
            let data = std::mem::take(&mut self.header).split_off(length);
            return self.decode_data(&data, out);
        }
        self.decode_data(bytes, out)
    }

    fn decode_data(&mut self, bytes: &[u8], out: &mut impl FnMut(&[u8]) -> ControlFlow<()>) -> Result<Option<usize>, String> {
        let mut rest = bytes;
        if !self.has_data {
            let checksum = &mut self.checksum;
            let after = inflate_step(&mut self.inflate, bytes, &mut |bytes| {
                checksum.update(bytes);
                out(bytes)
            })?;
            let Some(after) = after else {
                return Ok(None);
            };
            self.has_data = true;
            rest = &bytes[bytes.len() - after..];
        }
        let (trailer, after) = rest.split_at(rest.len().min(8 - self.trailer.len()));
        self.trailer.extend_from_slice(trailer);
        let &[a, b, c, d, e, f, g, h] = self.trailer.as_slice() else {
            return Ok(None);
        };
        let fits = u32::from_le_bytes([a, b, c, d]) == self.checksum.sum() && u32::from_le_bytes([e, f, g, h]) == self.checksum.amount();
        if !fits {
            return Err("the gzip checksum does not fit".into());
        }
        Ok(Some(after.len()))
    }
}

/// The length of a gzip header, once it is there as a whole.
fn gzip_header(bytes: &[u8]) -> Result<Option<usize>, String> {
    const HAS_CHECKSUM: u8 = 2;
    const HAS_EXTRA: u8 = 4;
    const HAS_NAME: u8 = 8;
    const HAS_COMMENT: u8 = 16;
    if bytes.iter().zip(GZIP_MAGIC).any(|(byte, expected)| *byte != expected) {
        return Err("not gzip data".into());
    }
    let Some(&flags) = bytes.get(3) else {
        return Ok(None);
    };
    let mut at = 10;
    if flags & HAS_EXTRA != 0 {
        let Some(length) = bytes.get(at..at + 2) else {
            return Ok(None);
        };
        at += 2 + usize::from(u16::from_le_bytes([length[0], length[1]]));
    }
    for text in [HAS_NAME, HAS_COMMENT] {
        if flags & text != 0 {
            let Some(end) = bytes.get(at..).and_then(|rest| memchr::memchr(0, rest)) else {
                return Ok(None);
            };
            at += end + 1;
        }
    }
    if flags & HAS_CHECKSUM != 0 {
        at += 2;
    }
    Ok((bytes.len() >= at).then_some(at))
}

fn decode_br(
    state: &mut BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
    bytes: &[u8],
    out: &mut impl FnMut(&[u8]) -> ControlFlow<()>,
) -> Result<Option<usize>, String> {
    let mut buffer = [0; 16 * 1024];
    let (mut left, mut from) = (bytes.len(), 0);
    loop {
        let (mut room, mut written, mut total) = (buffer.len(), 0, 0);
        let result = BrotliDecompressStream(&mut left, &mut from, bytes, &mut room, &mut written, &mut buffer, &mut total, state);
        if out(&buffer[..written]).is_break() {
            return Ok(None);
        }
        match result {
            BrotliResult::NeedsMoreOutput => {}
            BrotliResult::NeedsMoreInput => return Ok(None),
            BrotliResult::ResultSuccess => return Ok(Some(left)),
            BrotliResult::ResultFailure => return Err(format!("not brotli data at byte {from} of this step")),
        }
    }
}

/// Whether each of the first bytes is one of its pattern; `None` while there are fewer and all are.
fn begins_with(bytes: &[u8], pattern: &[RangeInclusive<u8>]) -> Option<bool> {
    if bytes.iter().zip(pattern).any(|(byte, expected)| !expected.contains(byte)) {
        return Some(false);
    }
    (bytes.len() >= pattern.len()).then_some(true)
}

fn decode_zstd(
    decoder: &mut ZstdDecoder<'static>,
    bytes: &[u8],
    out: &mut impl FnMut(&[u8]) -> ControlFlow<()>,
) -> Result<Option<usize>, String> {
    let mut buffer = [0; 16 * 1024];
    let mut from = 0;
    loop {
        let status = decoder.run_on_buffers(&bytes[from..], &mut buffer).map_err(|error| error.to_string())?;
        from += status.bytes_read;
        if out(&buffer[..status.bytes_written]).is_break() {
            return Ok(None);
        }
        // 0 means that the frame is complete and flushed.
        if status.remaining == 0 {
            return Ok(Some(bytes.len() - from));
        }
        if from == bytes.len() && status.bytes_written < buffer.len() {
            return Ok(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    /// «hello brotli, hello brotli, hello brotli» by the reference encoder.
    const BROTLI: &[u8] = include_bytes!("../../tests/data/hello.br");

    /// 512 MiB of zeros by the reference encoder.
    const ZEROS: &[u8] = include_bytes!("../../tests/data/zeros.br");

    fn compressed(coding: Coding, text: &[u8]) -> Vec<u8> {
        match coding {
            Coding::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(text).unwrap();
                encoder.finish().unwrap()
            }
            Coding::Deflate => {
                let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(text).unwrap();
                encoder.finish().unwrap()
            }
            Coding::Zstd => zstd::encode_all(text, 3).unwrap(),
            Coding::Br | Coding::Identity => unreachable!(),
        }
    }

    fn decoded(coding: Coding, bytes: &[u8], step: usize) -> (Vec<u8>, Progress) {
        let mut decoder = Decoder::new(coding);
        let mut text = Vec::new();
        for piece in bytes.chunks(step) {
            decoder.decode(piece, |bytes| text.extend_from_slice(bytes));
        }
        (text, decoder.progress().clone())
    }

    #[test]
    fn every_coding_is_decoded_in_pieces_of_any_size_and_knows_its_end() {
        let text = "data: {\"content\":\"你好\"}\n\n".repeat(300);
        for coding in [Coding::Gzip, Coding::Deflate, Coding::Zstd] {
            let bytes = compressed(coding, text.as_bytes());
            for step in [1, 7, 100_000] {
                assert_eq!(decoded(coding, &bytes, step), (text.clone().into_bytes(), Progress::Finished), "{coding:?} by {step}");
            }
            for cut in 0..bytes.len() {
                assert_ne!(decoded(coding, &bytes[..cut], 50).1, Progress::Finished, "{coding:?} cut at {cut}");
            }
        }
        for step in [1, 1000] {
            let (text, progress) = decoded(Coding::Br, BROTLI, step);
            assert_eq!((text.as_slice(), progress), (&b"hello brotli, hello brotli, hello brotli"[..], Progress::Finished));
        }
    }

    #[test]
    fn several_members_and_frames_are_one_body() {
        for coding in [Coding::Gzip, Coding::Zstd] {
            let members = [compressed(coding, b"one, "), compressed(coding, b"two")];
            let bytes = members.concat();
            for step in 1..=bytes.len() {
                assert_eq!(decoded(coding, &bytes, step), (b"one, two".to_vec(), Progress::Finished), "{coding:?} by {step}");
            }
            // What is no member ends the body, whatever stands behind it.
            let bytes = members.join(&0);
            for step in 1..=bytes.len() {
                assert_eq!(decoded(coding, &bytes, step), (b"one, ".to_vec(), Progress::Finished), "{coding:?} by {step}");
            }
        }
    }

    #[test]
    fn deflate_without_the_zlib_form_is_decoded_too() {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(b"bare deflate").unwrap();
        let bytes = encoder.finish().unwrap();
        assert_eq!(decoded(Coding::Deflate, &bytes, 1), (b"bare deflate".to_vec(), Progress::Finished));
    }

    #[test]
    fn text_arrives_as_soon_as_its_bytes_do() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(b"data: 1\n\n").unwrap();
        encoder.flush().unwrap();
        let (text, progress) = decoded(Coding::Gzip, encoder.get_ref(), 10);
        assert_eq!((text.as_slice(), progress), (&b"data: 1\n\n"[..], Progress::Unfinished));
    }

    #[test]
    fn what_is_not_of_the_coding_is_a_fault() {
        for coding in [Coding::Gzip, Coding::Zstd] {
            assert!(matches!(decoded(coding, b"{\"id\":\"chatcmpl-1\"} and more text to come", 5).1, Progress::Faulty(_)), "{coding:?}");
        }
        // A stored block, then one of no kind.
        let bytes = [&GZIP_MAGIC[..], &[0; 7], b"\x00\x02\x00\xfd\xffhi\x07"].concat();
        for step in 1..=bytes.len() {
            assert_eq!(decoded(Coding::Gzip, &bytes, step).0, b"hi", "by {step}");
        }
        let mut bytes = compressed(Coding::Gzip, b"a checksum follows");
        let crc = bytes.len() - 8;
        bytes[crc] ^= 1;
        assert!(matches!(decoded(Coding::Gzip, &bytes, 5).1, Progress::Faulty(_)));
    }

    #[test]
    fn a_bomb_is_stopped() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        let zeros = vec![0; 1 << 20];
        for _ in 0..300 {
            encoder.write_all(&zeros).unwrap();
        }
        for (coding, bytes) in [(Coding::Gzip, encoder.finish().unwrap()), (Coding::Br, ZEROS.to_vec())] {
            let mut decoder = Decoder::new(coding);
            let (mut largest, mut all) = (0, 0);
            decoder.decode(&bytes, |bytes| {
                largest = largest.max(bytes.len());
                all += bytes.len() as u64;
            });
            assert_eq!(*decoder.progress(), Progress::Bomb, "{coding:?}");
            assert!(largest <= 64 * 1024 && all <= BOMB_SIZE + largest as u64, "{coding:?}: {largest} {all}");
        }
    }
}
