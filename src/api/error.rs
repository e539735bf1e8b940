//! Error envelopes: the many shapes in which providers, relays, gateways and inference servers say that something is wrong.

mod quoted;

pub use quoted::Quoted;

use super::json::{Object, Value};

/// An error as an API tells it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApiError {
    pub message: String,
    /// `error.type`.
    pub kind: String,
    /// `error.code`, a number as its digits; where a more exact code stands deeper inside, that one.
    pub code: String,
    pub param: String,
    pub speaker: Speaker,
    /// The quotas that were exceeded, by their ids (Gemini's `QuotaFailure`, OpenRouter's `limit_source`), with blanks between them.
    pub quotas: String,
    /// The wait that a field of the error asks for, such as `34s`; empty where none does.
    pub retry_delay: String,
    /// The error of somebody else that this one passes on.
    pub quoted: Option<Box<Quoted>>,
    /// The whole error as JSON text, for words that stand elsewhere in it.
    pub raw: String,
}

/// Who wrote an error, where its form shows it. Numeric codes mean something only together with this.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Speaker {
    Anthropic,
    Aws,
    Baidu,
    Cloudflare,
    Google,
    LiteLlm,
    MiniMax,
    /// one-api and what descends from it.
    OneApi,
    OpenRouter,
    Portkey,
    #[default]
    Unknown,
    Xunfei,
}

impl Speaker {
    /// Passes on what others say.
    pub fn is_relay(self) -> bool {
        matches!(self, Speaker::LiteLlm | Speaker::OneApi | Speaker::OpenRouter | Speaker::Portkey)
    }

    /// Its numeric codes mean something else at others, and theirs something else here.
    pub fn has_own_numbers(self) -> bool {
        matches!(self, Speaker::Baidu | Speaker::Cloudflare | Speaker::MiniMax)
    }

    /// A name for people; empty where the form of the error is everybody's.
    pub const fn name(self) -> &'static str {
        match self {
            Speaker::Anthropic => "Anthropic",
            Speaker::Aws => "AWS",
            Speaker::Baidu => "Baidu",
            Speaker::Cloudflare => "Cloudflare",
            Speaker::Google => "Google",
            Speaker::LiteLlm => "LiteLLM",
            Speaker::MiniMax => "MiniMax",
            Speaker::OneApi => "one-api",
            Speaker::OpenRouter => "OpenRouter",
            Speaker::Portkey => "Portkey",
            Speaker::Unknown => "",
            Speaker::Xunfei => "Xunfei",
        }
    }
}

/// Keys under which a message stands.
const MESSAGE_KEYS: [&str; 6] = ["message", "msg", "Message", "error_msg", "errorMessage", "error_description"];

/// An error may quote another that quotes another; deeper ones are words.
const DEEPEST_QUOTATION: usize = 3;

impl ApiError {
    /// Reads the error that `value` tells, if it tells one. Whether a message of another kind (`{"message": …}`) is an error
    /// shows only in the status, which the caller knows: `status_is_error`.
    pub fn from_value(value: &Value<'_>, status_is_error: bool) -> Option<ApiError> {
        ApiError::read(value, status_is_error, DEEPEST_QUOTATION)
    }

    fn read(value: &Value<'_>, status_is_error: bool, depth: usize) -> Option<ApiError> {
        let object = match value {
            // Gemini's compatible endpoint wraps the object in an array.
            Value::Array(items) => {
                return items.first().filter(|_| items.len() == 1).and_then(|item| ApiError::read(item, status_is_error, depth));
            }
            // SiliconFlow answers 401 with a bare string.
            Value::String(message) if status_is_error && !message.trim().is_empty() => {
                return Some(ApiError { message: message.to_string(), raw: shortened(value.to_string()), ..ApiError::default() });
            }
            Value::Object(object) => object,
            _ => return None,
        };
        let mut error = read_object(object, status_is_error)?;
        // Words are looked for at the beginning: a message of megabytes is an echo of the request.
        error.message = shortened(error.message);
        error.raw = shortened(value.to_string());
        error.speaker = match error.speaker {
            Speaker::Unknown => speaker_of(object, &error),
            known => known,
        };
        error.quoted = quoted_by_provider(object, depth).or_else(|| quoted::in_message(&error.message, error.speaker, depth)).map(Box::new);
        Some(error)
    }

    /// Any of the words stands in the code or the type, exactly.
    pub fn is_coded(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.code.eq_ignore_ascii_case(word) || self.kind.eq_ignore_ascii_case(word))
    }

    /// Any of the phrases stands in the message, in any case.
    pub fn says(&self, phrases: &[&str]) -> bool {
        let message = self.message.to_lowercase();
        phrases.iter().any(|phrase| message.contains(&phrase.to_lowercase()))
    }

    /// The error at the bottom of all quotations; this one where there are none.
    pub fn innermost(&self) -> &ApiError {
        self.quoted.as_ref().map_or(self, |quoted| quoted.error.innermost())
    }

    /// The status that the code itself spells, as OpenRouter's 402 and LiteLLM's "429".
    pub fn status(&self) -> Option<u16> {
        self.code.parse().ok().filter(|status| (400..600).contains(status))
    }

    /// Words in which a wait may be named, the most exact last.
    pub fn words_of_wait(&self) -> String {
        let innermost = self.innermost();
        let delay = [&innermost.retry_delay, &self.retry_delay].into_iter().find(|delay| !delay.is_empty());
        match delay {
            Some(delay) => format!("retry in {delay}"),
            None if self.message.is_empty() => self.raw.clone(),
            None => format!("{}\n{}", innermost.message, self.message),
        }
    }

    fn is_blank(&self) -> bool {
        self.message.is_empty() && self.kind.is_empty() && (self.code.is_empty() || !is_error_code(&self.code))
    }
}

fn shortened(mut text: String) -> String {
    const LONGEST: usize = 16 * 1024;
    let end = (0..=LONGEST.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.truncate(end);
    text
}

/// The envelopes, the most exact first. What a good answer may hold as well counts only under an error's status.
fn read_object(object: &Object<'_>, status_is_error: bool) -> Option<ApiError> {
    if let Some(error) = object.get("error").and_then(|error| under_error(object, error, status_is_error)) {
        return Some(error);
    }
    if let Some(error) = in_vendors_form(object) {
        return Some(error);
    }
    if is_flat(object) {
        return Some(read_error(object));
    }
    if !status_is_error {
        return None;
    }
    if let Some(error) = object.get("detail").and_then(detail) {
        return Some(error);
    }
    if MESSAGE_KEYS.iter().any(|key| object.contains_key(key)) || object.get("error").is_some_and(Value::is_object) {
        return Some(read_error(object));
    }
    // RFC 9457: a problem without detail has a title.
    object.get("title").and_then(Value::as_str).map(|title| ApiError { message: title.to_string(), ..ApiError::default() })
}

/// What stands under `error`: an object, a sentence, a list of either, or only the word that there is one.
fn under_error(object: &Object<'_>, error: &Value<'_>, status_is_error: bool) -> Option<ApiError> {
    let read = match error {
        Value::Object(error) => read_error(error),
        Value::Array(items) => match items.first()? {
            Value::Object(first) => read_error(first),
            _ => {
                let messages: Vec<String> = items.iter().map(|item| text(Some(item))).collect();
                ApiError { message: messages.join("; "), ..ApiError::default() }
            }
        },
        Value::String(word) if !word.is_empty() => {
            match MESSAGE_KEYS.iter().map(|key| text(object.get(key))).find(|text| !text.is_empty()) {
                // «Unauthorized» and what it means; OAuth's error and its description.
                Some(message) => ApiError { kind: word.to_string(), message, code: text(object.get("code")), ..ApiError::default() },
                // ollama, TGI, Hugging Face, vLLM's key check.
                None => ApiError {
                    message: word.to_string(),
                    kind: text(object.get("error_type")),
                    retry_delay: seconds(object.get("estimated_time")),
                    ..ApiError::default()
                },
            }
        }
        Value::Bool(true) if !object.contains_key("choices") => read_error(object),
        Value::Number(number) if number.as_f64() != Some(0.0) && !object.contains_key("choices") => read_error(object),
        _ => return None,
    };
    // `"error": {}` stands beside good answers; under an error's status it is an error without words.
    (status_is_error || !read.is_blank()).then_some(read)
}

/// Forms that one vendor has, and which an answer never has.
fn in_vendors_form(object: &Object<'_>) -> Option<ApiError> {
    let failed = |code: Option<&Value<'_>>| code.is_some_and(|code| is_error_code(&text(Some(code))));
    // MiniMax answers 200 with the error beside empty choices.
    if let Some(base) = object.get("base_resp").and_then(Value::as_object).filter(|base| failed(base.get("status_code"))) {
        let (message, code) = (text(base.get("status_msg")), text(base.get("status_code")));
        return Some(ApiError { message, code, speaker: Speaker::MiniMax, ..ApiError::default() });
    }
    if failed(object.get("error_code")) && object.contains_key("error_msg") {
        let (message, code) = (text(object.get("error_msg")), text(object.get("error_code")));
        return Some(ApiError { message, code, speaker: Speaker::Baidu, ..ApiError::default() });
    }
    // Xunfei's own protocol has a header in the body.
    if let Some(header) = object.get("header").and_then(Value::as_object).filter(|header| failed(header.get("code"))) {
        return Some(ApiError { speaker: Speaker::Xunfei, ..read_error(header) });
    }
    if let Some(first) = object.get("errors").and_then(Value::as_array).and_then(|errors| errors.first()).and_then(Value::as_object)
        && object.get("success").and_then(Value::as_bool) == Some(false)
    {
        return Some(ApiError { speaker: Speaker::Cloudflare, ..read_error(first) });
    }
    // Volcengine's OpenAPI.
    if let Some(error) = object.get("ResponseMetadata").and_then(|metadata| metadata.get("Error")).and_then(Value::as_object) {
        let (message, code) = (text(error.get("Message")), text(error.get("Code")));
        return Some(ApiError { message, code, ..ApiError::default() });
    }
    // com.amazon.coral.service#AccessDeniedException
    let aws = object.get("__type").and_then(Value::as_str)?;
    let kind = aws.rsplit('#').next().unwrap_or(aws).to_string();
    Some(ApiError { kind, speaker: Speaker::Aws, ..read_error(object) })
}

/// The object itself is the error.
fn is_flat(object: &Object<'_>) -> bool {
    if object.contains_key("choices") {
        return false;
    }
    let has_message = MESSAGE_KEYS.iter().any(|key| object.contains_key(key));
    let has_code = object.get("code").is_some_and(|code| is_error_code(&text(Some(code))));
    let says_failure = object.get("success").and_then(Value::as_bool) == Some(false)
        || object.get("status").and_then(Value::as_str).is_some_and(|status| matches!(status, "failure" | "error" | "failed" | "fail"));
    object.get("object").and_then(Value::as_str) == Some("error") || (has_message && (has_code || says_failure))
}

/// FastAPI: a sentence, an error of its own form, or `[{"loc": […], "msg": "…", "type": "…"}]`.
fn detail(detail: &Value<'_>) -> Option<ApiError> {
    match detail {
        Value::String(detail) => Some(ApiError { message: detail.to_string(), ..ApiError::default() }),
        Value::Object(object) => read_object(object, true),
        Value::Array(items) => {
            let messages: Vec<String> = items.iter().map(|item| text(item.get("msg"))).collect();
            // A field that is missing is no parameter of ours that was rejected.
            let rejected = items.iter().find(|item| text(item.get("type")) != "missing" && !text(item.get("type")).contains("missing"));
            let place = rejected.and_then(|item| item.get("loc")).and_then(Value::as_array);
            let param = place.and_then(|place| place.iter().skip(1).find_map(Value::as_str)).unwrap_or_default().to_string();
            Some(ApiError { message: messages.join("; "), kind: "validation_error".into(), param, ..ApiError::default() })
        }
        _ => None,
    }
}

/// Chinese services wrap good answers too: `{"code": 0, "message": "ok", …}`.
fn is_error_code(code: &str) -> bool {
    !matches!(code.to_lowercase().as_str(), "" | "0" | "200" | "20000" | "ok" | "success" | "false")
}

fn read_error(error: &Object<'_>) -> ApiError {
    let message = MESSAGE_KEYS.iter().find_map(|key| error.get(key).filter(|value| !value.is_null()));
    let inner = ["details", "innererror", "inner_error"].iter().find_map(|key| error.get(key)).and_then(Value::as_object);
    let inner_code = inner.and_then(|inner| inner.get("error_code").or_else(|| inner.get("code"))).map(|code| text(Some(code)));
    let status = error.get("status").and_then(Value::as_str);
    let google = google_details(error.get("details"));
    ApiError {
        message: text(message),
        kind: match text(error.get("type")) {
            empty if empty.is_empty() => status.unwrap_or_default().to_string(),
            kind => kind,
        },
        code: inner_code.filter(|code| !code.is_empty()).unwrap_or_else(|| text(error.get("code"))),
        param: text(error.get("param")),
        quotas: match text(error.get("metadata").and_then(|metadata| metadata.get("limit_source"))) {
            empty if empty.is_empty() => google.0,
            openrouter => openrouter,
        },
        retry_delay: if google.1.is_empty() { seconds(error.get("resets_in_seconds")) } else { google.1 },
        ..ApiError::default()
    }
}

/// Google's details: the ids of the quotas that were exceeded, and the delay that is asked for.
fn google_details(details: Option<&Value<'_>>) -> (String, String) {
    let details = details.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let violations = details.iter().filter_map(|detail| detail.get("violations")).filter_map(Value::as_array).flatten();
    let quotas: Vec<String> = violations.map(|violation| text(violation.get("quotaId"))).filter(|id| !id.is_empty()).collect();
    let delay = details.iter().map(|detail| text(detail.get("retryDelay"))).find(|delay| !delay.is_empty());
    (quotas.join(" "), delay.unwrap_or_default())
}

/// OpenRouter passes the words of the provider on: `metadata.raw`, JSON as a string or plain text.
fn quoted_by_provider(object: &Object<'_>, depth: usize) -> Option<Quoted> {
    let metadata = object.get("error")?.get("metadata")?;
    let by = text(metadata.get("provider_name"));
    let raw = metadata.get("raw").filter(|raw| !raw.is_null())?;
    let parsed = raw.as_str().and_then(|raw| serde_json::from_str::<Value<'_>>(raw).ok());
    let error = ApiError::read(parsed.as_ref().unwrap_or(raw), true, depth.checked_sub(1)?)?;
    Some(Quoted { by, error })
}

fn speaker_of(object: &Object<'_>, error: &ApiError) -> Speaker {
    let has = |key: &str| object.contains_key(key);
    let metadata = object.get("error").and_then(|error| error.get("metadata"));
    let is_google = |kind: &str| kind.contains('_') && kind.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    match () {
        () if error.message.starts_with("litellm.") || error.message.contains("LiteLLM") => Speaker::LiteLlm,
        () if error.kind.contains("_api_error") || error.kind.contains("_api_panic") => Speaker::OneApi,
        () if metadata.is_some_and(|metadata| metadata.get("provider_name").is_some()) => Speaker::OpenRouter,
        () if has("provider") && error.message.contains(" error: ") => Speaker::Portkey,
        () if object.get("status").and_then(Value::as_str) == Some("failure") => Speaker::Portkey,
        () if object.get("type").and_then(Value::as_str) == Some("error") => Speaker::Anthropic,
        () if has("sid") && has("code") => Speaker::Xunfei,
        () if is_google(&error.kind) => Speaker::Google,
        () => Speaker::Unknown,
    }
}

/// A number of seconds as a duration in words.
fn seconds(value: Option<&Value<'_>>) -> String {
    value.and_then(Value::as_f64).filter(|seconds| *seconds > 0.0).map_or_else(String::new, |seconds| format!("{seconds}s"))
}

fn text(value: Option<&Value<'_>>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.to_string(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<ApiError> {
        ApiError::from_value(&serde_json::from_str(json).unwrap(), true)
    }

    #[test]
    fn every_shape_of_error_is_read() {
        // envelope, message, type, code
        let cases = [
            (r#"{"error":{"message":"m","type":"t","param":null,"code":"c"}}"#, "m", "t", "c"),
            (r#"{"error":{"message":"m","type":"t","code":400}}"#, "m", "t", "400"),
            (r#"{"error":"m"}"#, "m", "", ""),
            (r#"{"error":"m","error_type":"overloaded"}"#, "m", "overloaded", ""),
            (r#"[{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED"}}]"#, "m", "RESOURCE_EXHAUSTED", "429"),
            (r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#, "Overloaded", "overloaded_error", ""),
            (r#"{"object":"error","message":"m","type":"BadRequestError","code":40003}"#, "m", "BadRequestError", "40003"),
            (r#"{"code":"Arrearage","message":"m","request_id":"r"}"#, "m", "", "Arrearage"),
            (r#"{"detail":"Not Found"}"#, "Not Found", "", ""),
            (r#"{"detail":[{"loc":["body"],"msg":"Field required","type":"missing"}]}"#, "Field required", "validation_error", ""),
            (r#"{"message":"Forbidden"}"#, "Forbidden", "", ""),
            (r#"{"base_resp":{"status_code":1004,"status_msg":"m"},"choices":null}"#, "m", "", "1004"),
            (r#"{"error":{"message":"m","type":"rate_limit_error","details":{"error_code":"x"}}}"#, "m", "rate_limit_error", "x"),
        ];
        for (json, message, kind, code) in cases {
            let error = read(json).unwrap_or_else(|| panic!("{json}"));
            assert_eq!((error.message.as_str(), error.kind.as_str(), error.code.as_str()), (message, kind, code), "{json}");
        }
    }

    #[test]
    fn every_vendors_own_envelope_is_read() {
        // envelope, message, type, code, speaker
        let cases = [
            (r#"{"error_code":17,"error_msg":"m"}"#, "m", "", "17", Speaker::Baidu),
            (r#"{"success":false,"errors":[{"code":5007,"message":"m"}],"result":null}"#, "m", "", "5007", Speaker::Cloudflare),
            (r#"{"code":10013,"message":"m","sid":"cha@dx"}"#, "m", "", "10013", Speaker::Xunfei),
            (r#"{"header":{"code":11200,"message":"m","sid":"s","status":2}}"#, "m", "", "11200", Speaker::Xunfei),
            (
                r#"{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"m"}"#,
                "m",
                "AccessDeniedException",
                "",
                Speaker::Aws,
            ),
            (r#"{"ResponseMetadata":{"Error":{"Code":"InvalidAccessKey","Message":"m"}}}"#, "m", "", "InvalidAccessKey", Speaker::Unknown),
            (r#"{"code":500,"msg":"m","success":false}"#, "m", "", "500", Speaker::Unknown),
            (r#"{"error":{"message":"litellm.Timeout: m","type":null,"code":"408"}}"#, "litellm.Timeout: m", "", "408", Speaker::LiteLlm),
            (
                r#"{"error":{"message":"m","localized_message":"l","type":"shell_api_error","code":"c"}}"#,
                "m",
                "shell_api_error",
                "c",
                Speaker::OneApi,
            ),
            (r#"{"status":"failure","message":"m"}"#, "m", "failure", "", Speaker::Portkey),
            (r#"{"error":{"message":"openai error: m"},"provider":"openai"}"#, "openai error: m", "", "", Speaker::Portkey),
            (r#"{"type":"error","error":{"type":"t","message":"m"}}"#, "m", "t", "", Speaker::Anthropic),
            (r#"{"error":"Unauthorized","message":"m","statusCode":401}"#, "m", "Unauthorized", "", Speaker::Unknown),
            (
                r#"{"error":{"message":"","type":"shell_api_error","param":"502","code":"bad_response_status_code"}}"#,
                "",
                "shell_api_error",
                "bad_response_status_code",
                Speaker::OneApi,
            ),
            (r#"{"detail":{"error":"m"}}"#, "m", "", "", Speaker::Unknown),
            (r#"{"error":["m","n"]}"#, "m; n", "", "", Speaker::Unknown),
            (r#"{"type":"about:blank","title":"m","status":404}"#, "m", "", "", Speaker::Unknown),
            (r#""m""#, "m", "", "", Speaker::Unknown),
        ];
        for (json, message, kind, code, speaker) in cases {
            let error = read(json).unwrap_or_else(|| panic!("{json}"));
            let seen = (error.message.as_str(), error.kind.as_str(), error.code.as_str(), error.speaker);
            assert_eq!(seen, (message, kind, code, speaker), "{json}");
        }
    }

    #[test]
    fn what_a_vendor_adds_to_its_error_is_kept() {
        let gemini = read(concat!(
            r#"[{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED","details":[{"violations":[{"quotaId":"#,
            r#""GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]},{"retryDelay":"34s"}]}}]"#
        ));
        let gemini = gemini.unwrap();
        assert_eq!(
            (gemini.quotas.as_str(), gemini.words_of_wait().as_str()),
            ("GenerateRequestsPerDayPerProjectPerModel-FreeTier", "retry in 34s")
        );
        assert_eq!(read(r#"{"error":"loading","estimated_time":20.5}"#).unwrap().retry_delay, "20.5s");
        let rejected = r#"{"detail":[{"type":"less_than_equal","loc":["body","temperature"],"msg":"m"}]}"#;
        assert_eq!(read(rejected).unwrap().param, "temperature");
    }

    #[test]
    fn openrouter_passes_on_what_its_provider_said() {
        for (raw, message, code) in [
            (r#""{\"error\":{\"message\":\"m\",\"code\":\"insufficient_quota\"}}""#, "m", "insufficient_quota"),
            (r#"{"error":{"message":"m","code":"c"}}"#, "m", "c"),
            (r#""upstream connect error""#, "upstream connect error", ""),
        ] {
            let error =
                format!(r#"{{"error":{{"message":"Provider returned error","code":429,"metadata":{{"raw":{raw},"provider_name":"P"}}}}}}"#);
            let error = read(&error).unwrap();
            let inner = error.innermost();
            assert_eq!((error.speaker, error.quoted.as_ref().unwrap().by.as_str()), (Speaker::OpenRouter, "P"));
            assert_eq!((inner.message.as_str(), inner.code.as_str(), error.status()), (message, code, Some(429)), "{raw}");
        }
    }

    #[test]
    fn an_error_beside_an_answer_counts_only_if_it_says_something() {
        let answer = |error: &str| {
            let json = format!(r#"{{"choices":[{{"message":{{"content":"hi"}},"finish_reason":"stop"}}],"error":{error}}}"#);
            ApiError::from_value(&serde_json::from_str(&json).unwrap(), false)
        };
        for nothing in ["null", "{}", r#""""#, "false", "true", "0", "[]", r#"{"message":"","code":null}"#, r#"{"code":0}"#] {
            assert_eq!(answer(nothing), None, "{nothing}");
        }
        for something in
            [r#"{"message":"m"}"#, r#"{"code":502}"#, r#""m""#, r#"["m"]"#, r#"{"message":"","param":"502","code":"bad_response"}"#]
        {
            assert!(answer(something).is_some(), "{something}");
        }
    }

    #[test]
    fn an_answer_is_no_error() {
        for json in [r#"{"choices":[],"error":null}"#, r#"{"choices":[{"message":{"content":"error"}}]}"#, "[]", "3", r#"{"data":[]}"#] {
            assert_eq!(read(json), None, "{json}");
        }
        let quoting = serde_json::json!({"choices":[{"message":{"content":r#"{"error":{"message":"m","code":"insufficient_quota"}}"#}}]});
        assert_eq!(ApiError::from_value(&quoting.into(), true), None);
        for wrapped in [
            r#"{"code":0,"message":"Success","sid":"s","choices":[]}"#,
            r#"{"success":true,"errors":[],"result":{}}"#,
            r#"{"base_resp":{"status_code":0,"status_msg":""},"choices":[]}"#,
            r#"{"error_code":0,"error_msg":"ok"}"#,
            r#""m""#,
            r#"{"error":0,"message":"ok"}"#,
            r#"{"error":{}}"#,
        ] {
            assert_eq!(ApiError::from_value(&serde_json::from_str(wrapped).unwrap(), false), None, "{wrapped}");
        }
        let wrapped = serde_json::json!({"code": 0, "message": "ok", "data": {}});
        assert_eq!(ApiError::from_value(&wrapped.into(), false), None);
        let greeting = serde_json::json!({"message": "welcome"});
        assert_eq!(ApiError::from_value(&greeting.into(), false), None);
    }
}
