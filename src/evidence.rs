//! Every fact that a rule may look at, drawn from a transcript once. Facts are what the bytes say; what they mean is for the rules.

pub mod foreign;

use std::borrow::Cow;
use std::cell::OnceCell;

use foreign::{Appended, Preceded, What};

use crate::api::error::ApiError;
use crate::api::json::Value;
use crate::api::native;
use crate::api::reply::{Reply, Usage};
use crate::api::shape::Shape;
use crate::exchange::recording::{Asked, How};
use crate::wire::calls::Calls;
use crate::wire::coding::Progress;
use crate::wire::content::{Content, Form};
use crate::wire::framing::{Framing, Inside};
use crate::wire::head::{Head, Span};
use crate::wire::json::Closure;
use crate::wire::salvage;
use crate::wire::stream::Stream;
use crate::wire::transcript::{Response, Transcript};

/// The evidence of one exchange.
#[derive(Debug)]
pub struct Evidence<'a> {
    pub transcript: &'a Transcript,
    /// How the last connection ended; `None` where the recording does not say.
    pub how: Option<How>,
    /// A plain answer's JSON, where it parses.
    pub document: Option<Value<'a>>,
    /// Where and why a closed JSON text does not parse.
    pub syntax_fault: Option<SyntaxFault>,
    /// The error that the answer tells, plain or in a stream.
    pub error: Option<ApiError>,
    /// An error or a page that was written behind a content it does not belong to.
    pub appended: Option<Appended>,
    /// An answer with foreign text before it; the document is then the answer's.
    pub preceded: Option<Preceded<'a>>,
    /// The answer as a whole, plain or streamed.
    pub reply: Option<Reply>,
    /// The answer's text in what was cut: all of it that came of a plain answer, what the half event adds to that of a stream. No rule looks
    /// at it: what was not said to its end proves nothing.
    pub salvaged: Option<String>,
    pub length: Option<Length>,
    /// What the error means, once that was judged: many rules ask.
    pub meaning: OnceCell<Option<&'static str>>,
}

/// A JSON text that is closed and yet malformed.
#[derive(Clone, Debug, PartialEq)]
pub struct SyntaxFault {
    /// Offset in the decoded text.
    pub at: usize,
    pub reason: String,
}

/// One declared length and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Length {
    pub declared: u64,
    pub span: Span,
    /// All body bytes that came, also after the declared end.
    pub wire: u64,
    /// The content was whole when the declared end was reached.
    pub was_whole: bool,
}

impl Length {
    pub fn surplus(&self) -> u64 {
        self.wire.saturating_sub(self.declared)
    }

    pub fn missing(&self) -> u64 {
        self.declared.saturating_sub(self.wire)
    }
}

impl<'a> Evidence<'a> {
    pub fn gather(transcript: &'a Transcript) -> Evidence<'a> {
        let content = transcript.response.as_ref().map(|response| &response.content);
        let (document, syntax_fault) = content.map_or((None, None), parse_document);
        let preceded = content.and_then(foreign::preceded);
        let document = document.or_else(|| preceded.as_ref().map(|preceded| preceded.value.clone()));
        let is_error_status = transcript.response.as_ref().and_then(|response| response.head.status()).is_some_and(|status| status >= 400);
        let stream = content.and_then(Content::stream);
        let told = transcript.testimony.as_ref().and_then(|testimony| testimony.error.as_ref());
        let error = match (&document, stream) {
            (Some(document), _) => {
                native::error(document).or_else(|| ApiError::from_value(document, is_error_status || has_no_head(transcript)))
            }
            (None, Some(stream)) => stream.error.as_ref().map(|(error, _)| error.clone()),
            _ => told.map(|(error, _)| error.clone()),
        };
        let reply = match (&document, stream) {
            (Some(document), _) => Some(Reply::from_value(document)),
            (None, Some(stream)) => Some(reply_of_stream(stream)),
            _ => None,
        };
        let mut evidence = Evidence {
            transcript,
            how: transcript.ending.as_ref().map(|ending| ending.how),
            document,
            syntax_fault,
            error,
            appended: None,
            preceded,
            reply,
            salvaged: None,
            meaning: OnceCell::new(),
            length: transcript.response.as_ref().filter(|response| !response.body.is_unframed).and_then(length),
        };
        evidence.appended = foreign::appended(&evidence);
        evidence.salvaged = salvaged(&evidence, is_error_status);
        if let (Some(Appended { what: What::Error(error), .. }), Some(_), None) = (&evidence.appended, stream, &evidence.error) {
            evidence.error = Some(error.clone());
        }
        evidence
    }

    pub fn asked(&self) -> &Asked {
        &self.transcript.asked
    }

    /// The last request was for a tunnel: the exchange did not come further than the proxy.
    pub fn is_of_tunnel(&self) -> bool {
        self.transcript.sent.beginning().starts_with(b"CONNECT ") && self.transcript.request().is_some()
    }

    pub fn response(&self) -> Option<&'a Response> {
        self.transcript.response.as_ref()
    }

    pub fn head(&self) -> Option<&'a Head> {
        self.response().map(|response| &response.head)
    }

    /// The first response field of that name.
    pub fn field(&self, name: &str) -> Option<&'a str> {
        self.head()?.get(name)
    }

    /// The response's status; without its head, the one that a text names, or that alone can carry what came.
    pub fn status(&self) -> Option<u16> {
        if let Some(status) = self.head().and_then(Head::status) {
            return Some(status);
        }
        let told = self.transcript.testimony.as_ref().and_then(|testimony| testimony.status);
        let is_answer = self.stream().is_some() || self.reply.as_ref().is_some_and(|reply| reply.choices.is_some());
        told.or_else(|| (has_no_head(self.transcript) && is_answer).then_some(200))
    }

    pub fn is_success(&self) -> bool {
        self.status().is_some_and(|status| (200..300).contains(&status))
    }

    pub fn content(&self) -> Option<&'a Content> {
        self.response().map(|response| &response.content)
    }

    pub fn stream(&self) -> Option<&'a Stream> {
        self.content()?.stream()
    }

    pub fn framing(&self) -> Framing {
        self.response().map_or(Framing::None, |response| response.body.promise.framing)
    }

    /// The peer ended the connection in order, as far as the recording says.
    pub fn ended_in_order(&self) -> bool {
        match self.how {
            Some(how) => matches!(how, How::Fin | How::TlsClose),
            // Where a source does not show the end, its own end stands for it; the verdict is less sure.
            None => self.asked().lost.end && self.response().is_some(),
        }
    }

    /// Why we stopped listening ourselves, if we did before the peer had ended.
    pub fn is_stopped_by_us(&self) -> bool {
        matches!(self.how, Some(How::Cancelled | How::Deadline | How::Idle | How::FirstByteTimeout))
    }

    /// We stopped listening before the message was complete: that it is not complete is our doing.
    pub fn is_stopped_early(&self) -> bool {
        self.is_stopped_by_us() && !self.framing_is_complete()
    }

    /// The body is complete by its own framing. One that lasts until the connection closes is so when it closed in order.
    pub fn framing_is_complete(&self) -> bool {
        self.response().is_some_and(|response| match response.body.promise.framing {
            Framing::Close => self.ended_in_order(),
            _ => response.body.is_complete(),
        })
    }

    /// The content is complete by its own form: closed JSON, a stream with its finish.
    pub fn content_is_whole(&self) -> bool {
        self.content().is_some_and(Content::is_whole) || self.preceded.is_some()
    }

    /// The first tool call whose arguments stop inside their JSON: its place, and how many bytes of them came.
    pub fn cut_call(&self) -> Option<(usize, u64)> {
        if let Some(stream) = self.stream() {
            return stream.calls.cut();
        }
        let mut calls = Calls::default();
        self.reply.as_ref()?.tools.iter().for_each(|piece| calls.take(piece));
        calls.cut()
    }

    /// The model calls a tool, if only in what a cut left of its answer.
    pub fn calls_tools(&self) -> bool {
        let foreign = self.appended.as_ref().map_or("", |appended| &appended.text);
        let has_cut_call = match self.content().map(|content| &content.form) {
            Some(Form::Json(document)) if self.document.is_none() => {
                salvage::has_call_in_document(&document.text, foreign, Shape::asked_at(&self.asked().url))
            }
            Some(Form::Stream(stream)) => salvage::has_call_in_stream(stream, foreign),
            _ => false,
        };
        has_cut_call || self.reply.as_ref().is_some_and(|reply| reply.tool_calls > 0)
    }

    /// The content is whole, tells no error, and where it is a stream the model has said why it stopped: `[DONE]` alone is no such word.
    pub fn answer_is_whole(&self) -> bool {
        let is_finished = self.stream().is_none_or(|stream| stream.finish_reason.is_some());
        self.content_is_whole() && self.error.is_none() && is_finished
    }

    /// JSON that was opened and not closed.
    pub fn json_is_open(&self) -> bool {
        matches!(self.content().map(|content| &content.form), Some(Form::Json(document)) if document.closure() == Closure::Open)
    }

    /// The content coding has an end, and it was not reached.
    pub fn coding_is_unfinished(&self) -> bool {
        self.content().is_some_and(|content| content.progress() == Some(&Progress::Unfinished))
    }

    /// Where a chunked body stopped before its end.
    pub fn chunks_stopped_inside(&self) -> Option<Inside> {
        self.response().filter(|response| response.body.chunked_end.is_none())?.body.stopped_inside()
    }

    /// All body bytes that came, chunk framing not counted.
    pub fn wire(&self) -> u64 {
        self.response().map_or(0, |response| response.body.payload)
    }

    /// Where the body ends in the flow of what was received.
    pub fn body_end(&self) -> u64 {
        self.transcript.received.length()
    }

    /// Bytes after the end that the framing names, and where they begin.
    pub fn surplus(&self) -> Option<(u64, Span)> {
        let response = self.response()?;
        let end = match (&self.length, response.body.chunked_end) {
            (_, Some(end)) => end,
            (Some(length), None) if self.framing() == Framing::ContentLength => response.body.start.checked_add(length.declared)?,
            _ => return None,
        };
        let received = self.body_end();
        (received > end).then(|| (received - end, end..received))
    }

    /// The content type without its parameters, in lower case.
    pub fn content_type(&self) -> Option<Cow<'a, str>> {
        let value = self.field("content-type")?;
        let kind = value.split(';').next().unwrap_or(value).trim();
        let has_capitals = kind.bytes().any(|byte| byte.is_ascii_uppercase());
        Some(if has_capitals { Cow::Owned(kind.to_ascii_lowercase()) } else { Cow::Borrowed(kind) })
    }

    /// Text of the body that is neither JSON nor a stream, in lower case, for a search of words.
    pub fn page(&self) -> Option<String> {
        self.content()?.other_text().map(|text| String::from_utf8_lossy(text).to_lowercase())
    }

    /// A JSON text that is neither object nor array, under a type that says JSON.
    pub fn is_json_scalar(&self) -> bool {
        let is_labelled = || self.content_type().is_some_and(|kind| kind.ends_with("json"));
        let text = self.content().and_then(Content::other_text).filter(|_| is_labelled());
        text.is_some_and(|text| serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok())
    }

    pub fn is_markup(&self) -> bool {
        matches!(self.content().map(|content| &content.form), Some(Form::Markup(_)))
    }

    /// Nothing but white space came as content.
    pub fn is_empty(&self) -> bool {
        !self.asked().lost.body && matches!(self.content().map(|content| &content.form), Some(Form::Empty))
    }

    pub fn usage(&self) -> Option<&Usage> {
        self.reply.as_ref()?.usage.as_ref()
    }

    pub fn finish_reason(&self) -> Option<&str> {
        self.reply.as_ref()?.finish_reason.as_deref()
    }

    /// Milliseconds from the last byte sent to the first byte received.
    pub fn waited_for_first_byte(&self) -> Option<f64> {
        let times = &self.transcript.times;
        Some(times.first_byte? - times.sent.or(times.connected)?)
    }

    /// Milliseconds from the last byte sent to the end.
    pub fn waited_for_end(&self) -> Option<f64> {
        let times = &self.transcript.times;
        Some(times.total? - times.sent.or(times.connected)?)
    }

    pub fn detail(&self) -> &str {
        self.transcript.ending.as_ref().and_then(|ending| ending.detail.as_deref()).unwrap_or("")
    }
}

/// A body is known without its head.
fn has_no_head(transcript: &Transcript) -> bool {
    transcript.response.as_ref().is_some_and(|response| response.head.first_line.is_empty())
}

fn parse_document(content: &Content) -> (Option<Value<'_>>, Option<SyntaxFault>) {
    let Form::Json(form) = &content.form else {
        return (None, None);
    };
    let (Closure::Closed { end }, Some(text)) = (form.closure(), content.document()) else {
        return match form.closure() {
            Closure::Broken { at } => (None, Some(SyntaxFault { at: at as usize, reason: "a bracket that nothing opened".into() })),
            _ => (None, None),
        };
    };
    // A byte order mark is not JSON (RFC 8259 section 8.1), but parsers may ignore it.
    let bom = "\u{feff}".as_bytes();
    let skipped = if text.starts_with(bom) { bom.len() } else { 0 };
    let value = &text[skipped..end as usize];
    match crate::api::json::parse(value) {
        Ok(value) => (Some(value), None),
        Err(error) => {
            let at = skipped + crate::api::chunk::offset_of(value, error.line(), error.column());
            (None, Some(SyntaxFault { at, reason: words_of(&error) }))
        }
    }
}

fn salvaged(evidence: &Evidence<'_>, is_error_status: bool) -> Option<String> {
    let appended = evidence.appended.as_ref();
    let foreign = appended.map_or("", |appended| &appended.text);
    match &evidence.content()?.form {
        // A text that something was appended to may seem closed, or broken, by that.
        Form::Json(document) if evidence.document.is_none() && (document.closure() == Closure::Open || appended.is_some()) => {
            let status_is_error = is_error_status || has_no_head(evidence.transcript);
            salvage::of_document(&document.text, foreign, Shape::asked_at(&evidence.asked().url), status_is_error)
        }
        Form::Stream(stream) => salvage::of_stream(stream, foreign),
        _ => None,
    }
}

/// The parser's words without its place, which we give in bytes.
fn words_of(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(words, _)| words.to_string())
}

fn reply_of_stream(stream: &Stream) -> Reply {
    Reply {
        id: stream.id.clone(),
        created: stream.created,
        shape: stream.shape,
        model: stream.model.clone(),
        choices: Some(usize::from(stream.has_choice || stream.has_content())),
        text: stream.text.clone(),
        reasoning: stream.reasoning as usize,
        tool_calls: stream.tool_calls as usize,
        tools: Vec::new(),
        has_refusal: stream.has_refusal,
        has_other_content: stream.has_other_content,
        finish_reason: stream.finish_reason.clone(),
        said: stream.choices.clone(),
        usage: stream.usage.clone(),
        repeats: false,
    }
}

/// The length to be held against the body: one that is declared without contradiction and not overruled by chunks.
fn length(response: &Response) -> Option<Length> {
    let promise = &response.body.promise;
    let first = promise.lengths.first()?;
    let declared = first.bytes?;
    if promise.framing != Framing::ContentLength || promise.lengths.iter().any(|other| other.bytes != Some(declared)) {
        return None;
    }
    let was_whole = match response.at_declared {
        Some(checkpoint) => checkpoint.is_whole,
        None => response.content.is_whole(),
    };
    Some(Length { declared, span: first.span.clone(), wire: response.body.payload, was_whole })
}
