//! An API's error as the exception of a client names it: by its type, its status and the message, without the JSON around it.

use std::ops::Range;

use super::pattern::{Matcher, Pattern, pattern};
use super::{Statement, Symptom};
use crate::api::error::ApiError;

/// An exception that stands for an API's error.
#[derive(Clone, Debug, PartialEq)]
pub struct Exception {
    pub status: Option<u16>,
    /// `None` where it gives a status and no words.
    pub error: Option<ApiError>,
}

/// Exceptions by the class that every SDK has for a status: openai, anthropic, litellm, google.
const CLASSES: [(&str, u16, &str); 22] = [
    ("RateLimitError", 429, ""),
    ("AuthenticationError", 401, ""),
    ("PermissionDeniedError", 403, ""),
    ("PermissionError", 403, ""),
    ("NotFoundError", 404, ""),
    ("BadRequestError", 400, ""),
    ("InvalidRequestError", 400, ""),
    ("UnprocessableEntityError", 422, ""),
    ("ConflictError", 409, ""),
    ("InternalServerError", 500, ""),
    ("ServiceUnavailableError", 503, ""),
    ("BadGatewayError", 502, ""),
    ("ContextWindowExceededError", 400, "context_length_exceeded"),
    ("ContentPolicyViolationError", 400, "content_policy_violation"),
    ("BudgetExceededError", 400, "budget_exceeded"),
    ("PaymentRequiredError", 402, ""),
    ("ResourceExhausted", 429, "resource_exhausted"),
    ("Unauthenticated", 401, "unauthenticated"),
    ("PermissionDenied", 403, "permission_denied"),
    ("InvalidArgument", 400, ""),
    ("RateLimitException", 429, ""),
    ("APIError", 0, ""),
];

/// Exceptions of botocore by the code in their parentheses (docs.aws.amazon.com, Bedrock runtime).
const AWS: [(&str, u16); 10] = [
    ("ThrottlingException", 429),
    ("TooManyRequestsException", 429),
    ("ServiceQuotaExceededException", 429),
    ("AccessDeniedException", 403),
    ("UnrecognizedClientException", 401),
    ("ValidationException", 400),
    ("ResourceNotFoundException", 404),
    ("ModelTimeoutException", 408),
    ("ServiceUnavailableException", 503),
    ("InternalServerException", 500),
];

const FORMS: &[Pattern] = &[
    pattern(
        "An error occurred ({aws*}) when calling the {*} operation (reached max retries: {n}): {message**}",
        Symptom::Status,
        "botocore",
    ),
    pattern("An error occurred ({aws*}) when calling the {*} operation: {message**}", Symptom::Status, "botocore"),
    pattern("error, status code: {status}, status: {*}, message: {message**}", Symptom::Status, "go-openai"),
    pattern("error, status code: {status}, message: {message**}", Symptom::Status, "go-openai"),
    pattern("ClientResultException: HTTP {status} ({kind*}: {code*})", Symptom::Status, "OpenAI .NET"),
    pattern("[GoogleGenerativeAI Error]: Error fetching from {*}: [{status} {*}] {message**}", Symptom::Status, "Google GenAI"),
    pattern("AI_APICallError: {message**}", Symptom::Status, "Vercel AI SDK"),
    pattern("AI_RetryError: Failed after {n} attempts. Last error: {message**}", Symptom::Status, "Vercel AI SDK"),
];

/// What relays of the one-api family answer in Chinese, and with which status: their pages and many clients show nothing else of it.
const RELAY: [(&str, u16); 19] = [
    ("当前分组上游负载已饱和", 429),
    ("您已达到请求数限制", 429),
    ("您已达到总请求数限制", 429),
    ("令牌额度不足", 403),
    ("用户额度不足", 403),
    ("该令牌额度已用尽", 403),
    ("无效的令牌", 401),
    ("未提供令牌", 401),
    ("该令牌已过期", 401),
    ("令牌验证失败", 401),
    ("该令牌无权使用模型", 403),
    ("该令牌无权访问模型", 403),
    ("该令牌无权访问任何模型", 403),
    ("用户已被封禁", 403),
    ("您的 IP 不在令牌允许访问的列表中", 403),
    ("该令牌只能在指定网段使用", 403),
    ("当前分组 ", 503),
    ("获取分组 ", 503),
    ("分组 ", 503),
];

/// The last such exception in the text, with the place of its words.
pub fn exception(text: &str, lower: &str) -> Option<(Exception, Range<usize>)> {
    FORMS
        .iter()
        .filter_map(Matcher::new)
        .find_map(|form| form.find(text, lower))
        .map(of_form)
        .or_else(|| of_class(text))
        .or_else(|| of_relay(text))
}

fn of_form(statement: Statement) -> (Exception, Range<usize>) {
    let value = |slot: &str| statement.values.iter().find(|(name, _)| *name == slot).map(|(_, value)| value.clone()).unwrap_or_default();
    let aws = AWS.iter().find(|(name, _)| *name == value("aws")).map(|(_, status)| *status);
    let code = [value("code"), value("aws")].into_iter().find(|code| !code.is_empty()).unwrap_or_default();
    let status = value("status").parse().ok().or(aws);
    (Exception { status, error: error(&value("message"), &value("kind"), &code) }, statement.span)
}

/// `openai.error.RateLimitError: You exceeded…`, `RateLimitError: 429 You exceeded…`, `litellm.RateLimitError: RateLimitError: … - …`.
fn of_class(text: &str) -> Option<(Exception, Range<usize>)> {
    let mut found: Option<(Exception, Range<usize>)> = None;
    for (name, status, code) in CLASSES {
        for start in memchr::memmem::find_iter(text.as_bytes(), name.as_bytes()) {
            let after = &text[start + name.len()..];
            let is_whole = after.starts_with(": ") && is_of_an_api(&text[..start]) && !super::quoting::is_quoted(text, start);
            if !is_whole || found.as_ref().is_some_and(|(_, span)| span.start <= start) {
                continue;
            }
            let whole_line = after[2..].lines().next().unwrap_or_default();
            let line = whole_line.strip_prefix("Error code: ").unwrap_or(whole_line);
            let given = super::statuses::number(line);
            let message = given.map_or(line, |_| line[3..].trim_start_matches([':', ' ', '-']));
            let status = given.or(Some(status).filter(|status| *status > 0)).or_else(|| in_stream(message));
            // JSON is read as such; a page, or nothing, is no message.
            let is_none = message.starts_with("status code (no body)") || message.starts_with(['<', '{']);
            // A table of names and numbers in a program.
            if !is_none && !message.is_empty() && !message.contains(char::is_alphanumeric) {
                continue;
            }
            let message = if is_none { "" } else { message };
            let exception = Exception { status, error: error(message, "", code) };
            found = Some((exception, start..start + name.len() + 2 + whole_line.len()));
        }
    }
    found
}

/// `无效的令牌`, `Error: 429 当前分组上游负载已饱和，请稍后再试`: the words are a whole clause, and no sentence leads to them.
fn of_relay(text: &str) -> Option<(Exception, Range<usize>)> {
    let clause = |words: &str, start: usize| {
        let line = &text[super::embedded::floor(text, start.saturating_sub(LONGEST_LABEL))..start];
        let line = line.rsplit('\n').next().unwrap_or(line);
        let rest = &text[start..super::embedded::floor(text, start + LONGEST_CLAUSE)];
        let rest = rest.lines().next().unwrap_or_default();
        let ends = if words.ends_with(' ') { rest.contains("可用渠道") } else { !rest[words.len()..].starts_with(is_ideograph) };
        let is_said = ends && is_label(line) && !super::quoting::is_quoted(text, start);
        is_said.then(|| rest.trim_end_matches(['"', '\'', '}', '`', ' ']))
    };
    RELAY.iter().find_map(|(words, status)| {
        let (start, message) = text.match_indices(words).find_map(|(start, _)| Some((start, clause(words, start)?)))?;
        Some((Exception { status: Some(*status), error: error(message, "", "") }, start..start + message.len()))
    })
}

/// So much of the line is looked at before and behind a relay's words: a log may be one line.
const LONGEST_LABEL: usize = 200;
const LONGEST_CLAUSE: usize = 400;

/// Nothing, a logger's stamp, a status, or the word for an error stands before a message.
fn is_label(before: &str) -> bool {
    const LABELS: [&str; 5] = ["报错", "错误", "异常", "提示", "信息"];
    let left = LABELS.iter().fold(before.to_string(), |left, label| left.replace(label, ""));
    let is_lead = before.trim_end().ends_with(|c: char| c.is_ascii_digit() || ":：-\"'`]>|".contains(c));
    !left.contains(is_ideograph) && (is_lead || super::pattern::begins_line(before))
}

fn is_ideograph(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

/// An error without a status came inside a stream, whose status was 200; its words may still be those of a limit.
fn in_stream(message: &str) -> Option<u16> {
    Some(if message.to_ascii_lowercase().contains("rate limit") { 429 } else { 200 })
}

/// The class is qualified by an SDK's module, begins the line, or follows another exception's name: a sentence about rate limits and
/// a program's own classes do not.
fn is_of_an_api(before: &str) -> bool {
    const MODULES: [&str; 9] = [
        "openai.",
        "openai.error.",
        "anthropic.",
        "litellm.",
        "litellm.exceptions.",
        "groq.",
        "google.api_core.exceptions.",
        "com.openai.errors.",
        "mistralai.",
    ];
    let line = before.rsplit(['\n', '"']).next().unwrap_or(before);
    MODULES.iter().any(|module| line.ends_with(module))
        || super::pattern::begins_line(line)
        || ["Error: ", "Uncaught ", "cause]: ", "Exception: "].iter().any(|wrapper| line.ends_with(wrapper))
}

fn error(message: &str, kind: &str, code: &str) -> Option<ApiError> {
    let message = message.trim().to_string();
    let is_said = !message.is_empty() || !code.is_empty();
    is_said.then(|| ApiError { raw: message.clone(), message, kind: kind.into(), code: code.into(), ..ApiError::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exceptions_name_status_and_message() {
        // text, status, message, code
        let cases = [
            ("RateLimitError: 429 You exceeded your quota\n    at x", Some(429), Some("You exceeded your quota"), ""),
            ("openai.error.AuthenticationError: Incorrect API key", Some(401), Some("Incorrect API key"), ""),
            ("litellm.ContextWindowExceededError: too long", Some(400), Some("too long"), "context_length_exceeded"),
            ("google.api_core.exceptions.ResourceExhausted: 429 Quota", Some(429), Some("Quota"), "resource_exhausted"),
            (
                "botocore.errorfactory.ThrottlingException: An error occurred (ThrottlingException) when calling the InvokeModel operation (reached max retries: 4): Too many requests",
                Some(429),
                Some("Too many requests"),
                "ThrottlingException",
            ),
            ("error, status code: 401, status: 401 Unauthorized, message: bad key", Some(401), Some("bad key"), ""),
            ("InternalServerError: 500 status code (no body)", Some(500), None, ""),
            ("openai.InternalServerError: Error code: 502", Some(502), None, ""),
            ("openai.RateLimitError: Error code: 429 - You exceeded", Some(429), Some("You exceeded"), ""),
            ("openai.APIError: Rate limit reached for x", Some(429), Some("Rate limit reached for x"), ""),
            ("InternalServerError: 502 <html>", Some(502), None, ""),
            ("无效的令牌", Some(401), Some("无效的令牌"), ""),
            ("报错：429 当前分组上游负载已饱和，请稍后再试\n", Some(429), Some("当前分组上游负载已饱和，请稍后再试"), ""),
            ("当前分组 vip 下对于模型 m 无可用渠道", Some(503), Some("当前分组 vip 下对于模型 m 无可用渠道"), ""),
        ];
        for (text, status, message, code) in cases {
            let (exception, _) = exception(text, &text.to_lowercase()).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(exception.status, status, "{text}");
            let told = exception.error.as_ref().map(|error| error.message.as_str());
            assert_eq!(told, message, "{text}");
            assert_eq!(exception.error.map_or(String::new(), |error| error.code), code, "{text}");
        }
        for text in ["无效的令牌通常意味着密钥写错", "如果看到：无效的令牌", "当前分组 A 有三人", "- 修复 无效的令牌"]
        {
            assert_eq!(exception(text, text), None, "{text}");
        }
        for text in ["our class MyRateLimitError: 429", "except RateLimitError: pass", "a RateLimitError: is raised"] {
            assert_eq!(exception(text, &text.to_lowercase()), None, "{text}");
        }
    }
}
