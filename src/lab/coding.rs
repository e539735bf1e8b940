//! Content codings, as a server applies them.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

/// The names are those of Content-Encoding; `deflate` means the zlib format (RFC 9110 section 8.4.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lab) enum Coding {
    Deflate,
    Gzip,
    Zstd,
}

impl Coding {
    pub(in crate::lab) const ALL: [Coding; 3] = [Coding::Gzip, Coding::Zstd, Coding::Deflate];

    pub(in crate::lab) fn name(self) -> &'static str {
        match self {
            Coding::Deflate => "deflate",
            Coding::Gzip => "gzip",
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
            Coding::Zstd => zstd::encode_all(body, zstd::DEFAULT_COMPRESSION_LEVEL),
        }
    }
}
