//! The input: one request a line, in the form of the OpenAI Batch API or as plain prompts. It is read twice: once to find every mistake
//! before anything is sent, and once to send it; neither time is it held in memory.

use std::borrow::Cow;
use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::fs::File;
use std::hash::BuildHasher as _;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, bail};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::output::Done;
use crate::api::edit::Body;
use crate::api::json::Word;
use crate::api::tokens;

/// No request is larger than this.
const LONGEST_LINE: u64 = 64 * 1024 * 1024;
/// Tokens set aside for an answer that nothing bounds, until answers have shown how long they are.
const USUAL_ANSWER: u64 = 256;

/// How a line becomes a request.
pub enum Form {
    /// `custom_id`, `method`, `url`, `body`.
    OpenAi,
    /// The whole line is the prompt; this makes the body.
    Plain(Compose),
}

/// Makes the body of a prompt.
pub type Compose = Box<dyn Fn(&str) -> Result<Vec<u8>> + Send + Sync>;

/// One request of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// From 1.
    pub line: u64,
    pub custom_id: String,
    pub body: Vec<u8>,
    /// What the body names.
    pub model: Option<String>,
    pub max_tokens: Option<u64>,
    /// About what it will cost.
    pub tokens: u64,
}

impl Item {
    pub fn id(&self) -> String {
        id_of(&self.custom_id, &self.body)
    }
}

/// A name for exactly this request: the same line gives the same one in every run.
pub(super) fn id_of(custom_id: &str, body: &[u8]) -> String {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    context.update(&(custom_id.len() as u64).to_le_bytes());
    context.update(custom_id.as_bytes());
    context.update(body);
    let digest = context.finish();
    digest.as_ref()[..12].iter().fold(String::from("batch_req_"), |mut id, byte| {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        id.push(HEX[usize::from(byte >> 4)] as char);
        id.push(HEX[usize::from(byte & 15)] as char);
        id
    })
}

/// An input without a mistake, from its beginning.
pub struct Checked {
    pub input: Input,
    pub total: u64,
    /// Answered in an earlier run.
    pub before: u64,
}

/// One line of the input as it stands there.
pub struct Line {
    /// From 1.
    number: u64,
    bytes: Vec<u8>,
}

/// Lines still to be read.
pub struct Input {
    path: PathBuf,
    form: Arc<Form>,
    lines: BufReader<File>,
    number: u64,
    buffer: Vec<u8>,
}

impl Input {
    /// # Errors
    /// When the file cannot be opened.
    pub fn open(path: &Path, form: Form) -> Result<Input> {
        Input::begin(path, Arc::new(form))
    }

    fn begin(path: &Path, form: Arc<Form>) -> Result<Input> {
        if path.as_os_str() == "-" {
            bail!("the input must be a file: a run that is taken up again reads it once more");
        }
        let place = || format!("the input {} cannot be opened", path.display());
        let metadata = std::fs::metadata(path).with_context(place)?;
        if metadata.is_dir() {
            bail!("the input {} is a directory", path.display());
        }
        // A pipe would be empty when it is read for the second time.
        if !metadata.is_file() {
            bail!("the input {} must be a file: it is read more than once", path.display());
        }
        let file = File::open(path).with_context(place)?;
        Ok(Input { path: path.to_path_buf(), form, lines: BufReader::with_capacity(256 * 1024, file), number: 0, buffer: Vec::new() })
    }

    /// Reads it all and begins anew; counts the requests, and those of them that are answered.
    ///
    /// # Errors
    /// Naming the first mistakes with their lines.
    pub fn check(mut self, done: &Done) -> Result<Checked> {
        const MOST_TOLD: usize = 5;
        // Two hashes under keys of their own: no two of any number of lines have both in common.
        let keys = (RandomState::new(), RandomState::new());
        let mut ids = HashSet::new();
        let mut mistakes = Vec::new();
        let (mut total, mut before) = (0, 0);
        let form = self.form.clone();
        loop {
            let read = self.advance().and_then(|line| line.map(|(line, number)| form.read(line, number)).transpose());
            match read {
                Ok(None) => break,
                Ok(Some(request)) => {
                    let custom_id = request.custom_id.as_ref();
                    total += 1;
                    if !ids.insert((keys.0.hash_one(custom_id), keys.1.hash_one(custom_id))) {
                        mistakes.push(anyhow!("line {}: the custom_id {custom_id:?} stands in an earlier line too", request.line));
                    }
                    match done.has(custom_id, &request.body) {
                        Ok(is_done) => before += u64::from(is_done),
                        Err(mistake) => mistakes.push(mistake.context(format!("line {}", request.line))),
                    }
                }
                Err(mistake) if mistake.is::<std::io::Error>() => return Err(mistake),
                Err(mistake) => mistakes.push(mistake),
            }
            if mistakes.len() > MOST_TOLD {
                break;
            }
        }
        if !mistakes.is_empty() {
            let more = if mistakes.len() > MOST_TOLD { "; and more" } else { "" };
            let told: Vec<String> = mistakes.iter().take(MOST_TOLD).map(|mistake| format!("{mistake:#}")).collect();
            let has_hint = mistakes.iter().take(MOST_TOLD).any(|mistake| mistake.is::<NoRequest>());
            let hint = if has_hint { format!("; {WHAT_A_LINE_IS}") } else { String::new() };
            bail!("{}: {}{more}{hint}; nothing was sent", self.path.display(), told.join("; "));
        }
        if total == 0 {
            bail!("{} holds no request", self.path.display());
        }
        Ok(Checked { input: Input::begin(&self.path, form)?, total, before })
    }

    /// The next line that is not empty, to be read by [`Form::item`].
    ///
    /// # Errors
    /// When the file cannot be read, or the line is no request's.
    pub fn line(&mut self) -> Result<Option<Line>> {
        Ok(self.advance()?.map(|(line, number)| Line { number, bytes: line.to_vec() }))
    }

    /// The next line that is not empty, with its number.
    fn advance(&mut self) -> Result<Option<(&[u8], u64)>> {
        loop {
            self.buffer.clear();
            self.number += 1;
            let mut limited = std::io::Read::take(&mut self.lines, LONGEST_LINE);
            let length = limited.read_until(b'\n', &mut self.buffer)?;
            if length == 0 {
                return Ok(None);
            }
            if length as u64 == LONGEST_LINE {
                self.pass_over_line()?;
                bail!("line {} is longer than 64 MiB", self.number);
            }
            let bom = "\u{feff}".as_bytes();
            let start = if self.number == 1 && self.buffer.starts_with(bom) { bom.len() } else { 0 };
            if !self.buffer[start..].trim_ascii().is_empty() {
                return Ok(Some((&self.buffer[start..], self.number)));
            }
        }
    }

    /// How lines become requests.
    pub fn form(&self) -> Arc<Form> {
        self.form.clone()
    }

    fn pass_over_line(&mut self) -> Result<()> {
        while !self.buffer.ends_with(b"\n") {
            self.buffer.clear();
            if std::io::Read::take(&mut self.lines, LONGEST_LINE).read_until(b'\n', &mut self.buffer)? == 0 {
                break;
            }
        }
        Ok(())
    }
}

/// What a line asks for.
struct Request<'a> {
    line: u64,
    text: &'a str,
    custom_id: Cow<'a, str>,
    body: Cow<'a, [u8]>,
    model: Option<Cow<'a, str>>,
    max_tokens: Option<u64>,
}

impl Form {
    /// # Errors
    /// What is wrong with the line.
    pub fn item(&self, line: &Line) -> Result<Item> {
        let request = self.read(&line.bytes, line.number)?;
        Ok(Item {
            line: line.number,
            tokens: tokens::about(request.text) + request.max_tokens.unwrap_or(USUAL_ANSWER),
            custom_id: request.custom_id.into_owned(),
            body: request.body.into_owned(),
            model: request.model.map(Cow::into_owned),
            max_tokens: request.max_tokens,
        })
    }

    fn read<'a>(&self, line: &'a [u8], number: u64) -> Result<Request<'a>> {
        self.request(line, number).with_context(|| format!("line {number}"))
    }

    fn request<'a>(&self, line: &'a [u8], number: u64) -> Result<Request<'a>> {
        let text = std::str::from_utf8(line).map_err(|error| {
            let is_utf16 = number == 1 && matches!(line, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]);
            let hint = if is_utf16 { ": this is UTF-16, as PowerShell writes it; save it as UTF-8" } else { "" };
            anyhow!("not UTF-8 at byte {}{hint}", error.valid_up_to() + 1)
        })?;
        let text = text.trim_end_matches(['\n', '\r']);
        match self {
            Form::Plain(compose) => {
                let body = compose(text)?;
                let read = Body::read(&body).context("the prompt makes no request")?;
                let (model, max_tokens) = (read.model().map(Cow::Owned), read.max_tokens());
                Ok(Request { line: number, text, custom_id: format!("line-{number}").into(), body: body.into(), model, max_tokens })
            }
            Form::OpenAi => of_batch_api(text, number),
        }
    }
}

/// A line is none of the Batch API at all, for this reason: what one is, is to be said once.
#[derive(Debug)]
struct NoRequest(String);

impl fmt::Display for NoRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a request of the Batch API: {}", self.0)
    }
}

impl std::error::Error for NoRequest {}

const WHAT_A_LINE_IS: &str =
    r#"a line is {"custom_id":…,"method":"POST","url":"/v1/chat/completions","body":{…}}, and --plain takes prompts"#;

/// A line of the Batch API.
#[derive(Deserialize)]
struct Asking<'a> {
    #[serde(borrow)]
    custom_id: Option<Word<'a>>,
    #[serde(borrow)]
    method: Option<Word<'a>>,
    #[serde(borrow)]
    url: Option<Word<'a>>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
}

/// What is to be known of a body before it is sent.
#[derive(Deserialize)]
struct Asked<'a> {
    #[serde(borrow)]
    model: Option<Word<'a>>,
    max_tokens: Option<u64>,
    max_completion_tokens: Option<u64>,
    stream: Option<bool>,
    #[serde(borrow)]
    messages: Option<&'a RawValue>,
    #[serde(borrow)]
    stream_options: Option<&'a RawValue>,
}

fn of_batch_api(text: &str, line: u64) -> Result<Request<'_>> {
    let asking: Asking<'_> = serde_json::from_str(text).map_err(|error| {
        // A line has no lines.
        let error = error.to_string().replace(" at line 1 column ", " at byte ");
        anyhow!(NoRequest(error))
    })?;
    let Word(custom_id) = asking.custom_id.filter(|id| !id.0.is_empty()).context("there is no custom_id")?;
    if let Some(Word(method)) = asking.method.filter(|method| !method.0.eq_ignore_ascii_case("POST")) {
        bail!("the method is {method:?}, not POST");
    }
    if let Some(Word(url)) = asking.url.filter(|url| !url.0.trim_end_matches('/').ends_with("/chat/completions")) {
        bail!("the url is {url:?}; only chat completions can be asked for");
    }
    let body = asking.body.filter(|body| body.get().starts_with('{')).context("there is no body, or it is no object")?.get();
    let read: Asked<'_> = serde_json::from_str(body).context("the body")?;
    let has_message = |messages: &str| messages.starts_with('[') && memchr::memchr2(b'{', b'"', messages.as_bytes()).is_some();
    if !read.messages.is_some_and(|messages| has_message(messages.get())) {
        bail!("the body has no messages");
    }
    let (model, max_tokens) = (read.model.map(|model| model.0), read.max_completion_tokens.or(read.max_tokens));
    // An item's answer is one JSON.
    let body = match read.stream == Some(true) || read.stream_options.is_some() {
        true => as_plain_answer(body).context("the body is no object")?.into(),
        false => body.as_bytes().into(),
    };
    Ok(Request { line, text, custom_id, body, model, max_tokens })
}

fn as_plain_answer(body: &str) -> Option<Vec<u8>> {
    let mut body = Body::read(body.as_bytes())?;
    body.set_stream(false);
    Some(body.into_bytes())
}

/// Enough of a hash to tell the lines of any file apart.
pub(super) fn short(text: &str) -> u128 {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    digest.as_ref()[..16].iter().fold(0, |hash, byte| hash << 8 | u128::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn openai(line: &str) -> Result<Item> {
        Form::OpenAi.item(&Line { number: 3, bytes: line.into() })
    }

    #[test]
    fn a_line_of_the_batch_api_is_taken_byte_for_byte() {
        let body = r#"{"model":"m", "messages":[{"role":"user","content":"\u4f60"}],"max_tokens":7}"#;
        let item = openai(&format!(r#"{{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{body}}}"#)).unwrap();
        assert_eq!((item.custom_id.as_str(), item.line, String::from_utf8(item.body).unwrap().as_str()), ("a", 3, body));
    }

    #[test]
    fn a_stream_is_asked_for_as_a_plain_answer() {
        let item = openai(r#"{"custom_id":"a","body":{"stream":true,"stream_options":{},"messages":[{}]}}"#).unwrap();
        assert_eq!(item.body, br#"{"messages":[{}]}"#);
    }

    #[test]
    fn every_mistake_is_named() {
        for (line, words) in [
            ("hello", "not a request of the Batch API"),
            ("{}", "custom_id"),
            (r#"{"custom_id":""}"#, "custom_id"),
            (r#"{"custom_id":"a"}"#, "no body"),
            (r#"{"custom_id":"a","body":[]}"#, "no object"),
            (r#"{"custom_id":"a","body":{}}"#, "messages"),
            (r#"{"custom_id":"a","method":"GET","body":{"messages":[{}]}}"#, "GET"),
            (r#"{"custom_id":"a","url":"/v1/embeddings","body":{"messages":[{}]}}"#, "/v1/embeddings"),
        ] {
            let told = format!("{:#}", openai(line).unwrap_err());
            assert!(told.contains(words), "{line}: {told}");
        }
    }

    #[test]
    fn an_item_has_the_same_name_in_every_run_and_another_one_for_other_bytes() {
        let item =
            |id: &str, body: &str| Item { line: 1, custom_id: id.into(), body: body.into(), model: None, max_tokens: None, tokens: 0 }.id();
        assert_eq!(item("a", "bc"), item("a", "bc"));
        assert_ne!(item("a", "bc"), item("ab", "c"));
        assert_eq!(item("a", "").len(), "batch_req_".len() + 24);
    }
}
