//! Content codings, as a server applies them.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

/// The names are those of Content-Encoding; `deflate` means the zlib format (RFC 9110 section 8.4.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lab) enum Coding {
    Deflate,
    Gzip,
    /// The LZ4 frame format, which no HTTP client is known to offer.
    Lz4,
    Zstd,
}

impl Coding {
    pub(in crate::lab) const ALL: [Coding; 4] = [Coding::Gzip, Coding::Zstd, Coding::Deflate, Coding::Lz4];

    pub(in crate::lab) fn name(self) -> &'static str {
        match self {
            Coding::Deflate => "deflate",
            Coding::Gzip => "gzip",
            Coding::Lz4 => "lz4",
            Coding::Zstd => "zstd",
        }
    }

    pub(in crate::lab) fn encode(self, body: impl AsRef<[u8]>) -> io::Result<Vec<u8>> {
        let body = body.as_ref();
        match self {
            Coding::Deflate => {
                let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(body)?;
                encoder.finish()
            }
            Coding::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(body)?;
                encoder.finish()
            }
            Coding::Lz4 => Ok(lz4_frame(body)),
            Coding::Zstd => zstd::encode_all(body, zstd::DEFAULT_COMPRESSION_LEVEL),
        }
    }
}

/// A frame of stored blocks: magic number, descriptor with its checksum, blocks marked as uncompressed, end mark.
fn lz4_frame(body: &[u8]) -> Vec<u8> {
    const HEADER: [u8; 7] = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82];
    const LARGEST_BLOCK: usize = 64 * 1024;
    const STORED: u32 = 1 << 31;
    let mut frame = HEADER.to_vec();
    for block in body.chunks(LARGEST_BLOCK) {
        frame.extend((block.len() as u32 | STORED).to_le_bytes());
        frame.extend(block);
    }
    frame.extend([0; 4]);
    frame
}
