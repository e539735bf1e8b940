//! A response head and the ways to frame a body behind it, the wrong ones included.
//! Fields keep their order, letter case and repetitions; nothing is added that was not asked for, except Date.

use std::fmt::{Display, Write};
use std::time::SystemTime;

/// The end of a chunked body.
pub(in crate::lab) const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// A response head under construction.
#[must_use]
pub(in crate::lab) struct Reply {
    head: String,
}

impl Reply {
    /// `status` is code and reason, such as `200 OK`.
    pub(in crate::lab) fn new(status: &str) -> Reply {
        Reply::with_start_line(&format!("HTTP/1.1 {status}")).field("Date", httpdate::fmt_http_date(SystemTime::now()))
    }

    pub(in crate::lab) fn with_start_line(line: &str) -> Reply {
        Reply { head: format!("{line}\r\n") }
    }

    pub(in crate::lab) fn field(mut self, name: &str, value: impl Display) -> Reply {
        // Writing to a String cannot fail.
        let _ = write!(self.head, "{name}: {value}\r\n");
        self
    }

    pub(in crate::lab) fn fields(self, fields: &[(&str, &str)]) -> Reply {
        fields.iter().fold(self, |reply, (name, value)| reply.field(name, value))
    }

    /// The head with its empty line.
    pub(in crate::lab) fn head(self) -> Vec<u8> {
        let mut bytes = self.head.into_bytes();
        bytes.extend(b"\r\n");
        bytes
    }

    /// The head alone, its empty line still missing.
    pub(in crate::lab) fn unfinished_head(self) -> Vec<u8> {
        self.head.into_bytes()
    }

    /// Head and body without any declared length.
    pub(in crate::lab) fn followed_by(self, body: impl AsRef<[u8]>) -> Vec<u8> {
        let mut bytes = self.head();
        bytes.extend(body.as_ref());
        bytes
    }

    /// Head and body, the length declared as it is.
    pub(in crate::lab) fn whole(self, body: impl AsRef<[u8]>) -> Vec<u8> {
        self.declaring(body.as_ref().len(), body)
    }

    /// Head and body under any Content-Length.
    pub(in crate::lab) fn declaring(self, length: impl Display, body: impl AsRef<[u8]>) -> Vec<u8> {
        self.field("Content-Length", length).followed_by(body)
    }

    /// Head and body in one chunk and the last.
    pub(in crate::lab) fn chunked(self, body: impl AsRef<[u8]>) -> Vec<u8> {
        let mut bytes = self.chunked_head();
        bytes.extend(chunk(body));
        bytes.extend(LAST_CHUNK);
        bytes
    }

    pub(in crate::lab) fn chunked_head(self) -> Vec<u8> {
        self.field("Transfer-Encoding", "chunked").head()
    }
}

/// One chunk of a chunked body.
pub(in crate::lab) fn chunk(data: impl AsRef<[u8]>) -> Vec<u8> {
    let data = data.as_ref();
    let mut bytes = format!("{:x}\r\n", data.len()).into_bytes();
    bytes.extend(data);
    bytes.extend(b"\r\n");
    bytes
}
