//! Who says what when they refuse: one row for each saying, in order of precedence. The first row that fits gives the meaning.
//!
//! A code that says one thing stands before words, words before codes that say little («rate_limit_error»), and those before the
//! status, which is not here. Words are compared in any letter case; `*` in them is one word, such as a model's name.

use crate::api::error::Speaker;

/// One saying.
pub(super) struct Saying {
    /// The code of the entry.
    pub(super) means: &'static str,
    /// Any of these is the error's code or type, exactly; none where the code does not matter.
    pub(super) codes: &'static [&'static str],
    /// Any of these stands in the message; none where the words do not matter.
    pub(super) words: &'static [&'static str],
    pub(super) when: When,
    /// Who says it.
    pub(super) who: &'static str,
    /// Where that can be read.
    pub(super) source: &'static str,
}

const fn row(
    means: &'static str,
    codes: &'static [&'static str],
    words: &'static [&'static str],
    when: When,
    who: &'static str,
    source: &'static str,
) -> Saying {
    Saying { means, codes, words, when, who, source }
}

const fn code(means: &'static str, codes: &'static [&'static str], who: &'static str, source: &'static str) -> Saying {
    row(means, codes, &[], When::Always, who, source)
}

const fn words(means: &'static str, words: &'static [&'static str], who: &'static str, source: &'static str) -> Saying {
    row(means, &[], words, When::Always, who, source)
}

const fn both(
    means: &'static str,
    codes: &'static [&'static str],
    words: &'static [&'static str],
    who: &'static str,
    source: &'static str,
) -> Saying {
    row(means, codes, words, When::Always, who, source)
}

const fn rate(
    means: &'static str,
    codes: &'static [&'static str],
    words: &'static [&'static str],
    who: &'static str,
    source: &'static str,
) -> Saying {
    row(means, codes, words, When::Rate, who, source)
}

const fn said_by(speaker: Speaker, means: &'static str, codes: &'static [&'static str], source: &'static str) -> Saying {
    row(means, codes, &[], When::SaidBy(speaker), speaker.name(), source)
}

impl Saying {
    const fn at(self, statuses: &'static [u16]) -> Saying {
        Saying { when: When::Status(statuses), ..self }
    }
}

/// What else must hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum When {
    Always,
    /// It is about the rate: status 429, or one of `RATE_CODES`.
    Rate,
    /// The status, of HTTP or as the error's code, is one of these.
    Status(&'static [u16]),
    /// The envelope is this vendor's: its numbers mean something else at others.
    SaidBy(Speaker),
}

/// Codes and types that say «too fast» and nothing more; some vendors send them for quotas and overload too, so words decide first.
pub(super) const RATE_CODES: &[&str] = &[
    "rate_limit_exceeded",      // OpenAI, Groq, OpenRouter
    "rate_limit_error",         // Anthropic
    "rate_limit_reached_error", // Moonshot
    "rate_limited",             // Mistral
    "rate_limit",               // ZenMux
    "slow_down",                // OpenAI
    "resource_exhausted",       // Google
    "throttling",               // DashScope
    "throttling_error",         // LiteLLM
    "throttlingexception",      // Bedrock
    "toomanyrequestsexception", // Bedrock
    "ratelimitreached",         // Azure
    "too_many_requests",        // Azure, Vercel
    "accountratelimitexceeded", // Volcengine
    "1305",                     // Zhipu
];

const OPENAI: &str = "https://developers.openai.com/docs/guides/error-codes";
const AZURE: &str = "https://learn.microsoft.com/azure/ai-services/openai/quotas-limits";
const ANTHROPIC: &str = "https://docs.anthropic.com/en/api/errors";
const GEMINI: &str = "https://ai.google.dev/gemini-api/docs/troubleshooting";
const DEEPSEEK: &str = "https://api-docs.deepseek.com/quick_start/error_codes";
const KIMI: &str = "https://platform.moonshot.cn/docs";
const ZHIPU: &str = "https://docs.bigmodel.cn/cn/api/api-code";
const DASHSCOPE: &str = "https://help.aliyun.com/zh/model-studio/error-code";
const VOLCENGINE: &str = "https://www.volcengine.com/docs/82379/1299023";
const SILICONFLOW: &str = "https://docs.siliconflow.cn";
const MINIMAX: &str = "https://platform.minimaxi.com/docs";
const XUNFEI: &str = "https://www.xfyun.cn/doc/spark";
const BAIDU: &str = "https://cloud.baidu.com/doc/WENXINWORKSHOP";
const OPENROUTER: &str = "https://openrouter.ai/docs/api-reference/errors";
const MISTRAL: &str = "https://docs.mistral.ai";
const BEDROCK: &str = "https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html";
const CLOUDFLARE: &str = "https://developers.cloudflare.com/workers-ai/platform/errors";
const LITELLM: &str = "github.com/BerriAI/litellm: litellm/proxy, litellm/router.py";
const PORTKEY: &str = "github.com/Portkey-AI/gateway: src/handlers";
const ONE_API: &str = "github.com/songquanpeng/one-api: middleware, relay/controller";
const NEW_API: &str = "github.com/QuantumNous/new-api: middleware, types/error.go";
const SHELL_API: &str = "https://docs.apiyi.com";
const FAST_CHAT: &str = "github.com/lm-sys/FastChat: fastchat/constants.py";
const VLLM: &str = "github.com/vllm-project/vllm: vllm/entrypoints/openai";
const OLLAMA: &str = "github.com/ollama/ollama: server/routes.go, server/sched.go";
const LLAMA_CPP: &str = "github.com/ggml-org/llama.cpp: tools/server";
const TGI: &str = "github.com/huggingface/text-generation-inference: router/src";
const HUGGING_FACE: &str = "https://huggingface.co/docs/inference-providers";
const KONG: &str = "github.com/Kong/kong: kong/plugins/key-auth/handler.lua";
const AWS_GATEWAY: &str = "https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html";

/// The table. Between its parts stands what is arithmetic: see `super::sums`.
pub(super) const SAYINGS: &[Saying] = &[
    // ── A code together with words: either alone would say something else ──────────────────────────────────────────────────────
    both("request-over-token-limit", RATE_CODES, &["request too large"], "OpenAI, Groq", OPENAI),
    // Kimi for Coding disguises the end of its plan's period as overload; a real overload has the type engine_overloaded_error.
    both(
        "plan-limit-reached",
        &["rate_limit_error"],
        &["engine is currently overloaded"],
        "Kimi",
        "github.com/Astro-Han/pawwork: issue 740",
    ),
    both(
        "relay-no-channel",
        &["model_not_found", "get_channel_failed"],
        &["无可用渠道", "可用渠道失败", "可用渠道不存在", "no available channel"],
        "one-api, new-api",
        ONE_API,
    ),
    both("daily-limit-reached", &["limit_requests", "throttling.ratequota"], &["per day", "daily"], "DashScope", DASHSCOPE),
    both(
        "context-too-long",
        &["20015", "invalidparameter", "invalid_parameter_error"],
        CONTEXT_WORDS,
        "SiliconFlow, DashScope",
        SILICONFLOW,
    ),
    // ── Codes that say one thing ───────────────────────────────────────────────────────────────────────────────────────────────
    code("relay-quota-exhausted", &["insufficient_user_quota", "pre_consume_token_quota_failed"], "one-api, new-api, ShellAPI", SHELL_API),
    code("relay-quota-exhausted", &["budget_exceeded"], "LiteLLM", LITELLM),
    code(
        "quota-exhausted",
        &[
            "insufficient_quota",
            "credit_balance_exhausted",
            "organization_spend_limit_exceeded",
            "project_spend_limit_exceeded",
            "organization_usage_limit_exceeded",
            "billing_hard_limit_reached",
            "billing_not_active",
        ],
        "OpenAI",
        OPENAI,
    ),
    code("quota-exhausted", &["enforced_spend_limit_reached", "billing_error"], "Anthropic", ANTHROPIC),
    code("quota-exhausted", &["exceeded_current_quota_error"], "Moonshot", KIMI),
    code("quota-exhausted", &["arrearage", "throttling.allocationquota", "allocationquota.freetieronly"], "DashScope", DASHSCOPE),
    code("quota-exhausted", &["1113"], "Zhipu", ZHIPU),
    code("quota-exhausted", &["accountoverdueerror", "quotaexceeded", "setlimitexceeded", "serviceoverdue"], "Volcengine", VOLCENGINE),
    code("quota-exhausted", &["30001"], "SiliconFlow", SILICONFLOW),
    said_by(Speaker::MiniMax, "quota-exhausted", &["1008"], MINIMAX),
    code("quota-exhausted", &["42902"], "FastChat", FAST_CHAT),
    code(
        "quota-exhausted",
        &["insufficient_credit", "reject_no_credit", "insufficient_balance", "insufficient_funds"],
        "resellers",
        OPENROUTER,
    ),
    code("plan-limit-reached", &["usage_limit_reached", "usage_not_included"], "OpenAI's plans", OPENAI),
    code("plan-limit-reached", &["1308", "1309", "1310"], "Zhipu's coding plan", ZHIPU),
    said_by(Speaker::MiniMax, "plan-limit-reached", &["2056"], MINIMAX),
    code("daily-limit-reached", &["1304"], "Zhipu", ZHIPU),
    code("daily-limit-reached", &["11201"], "Xunfei", XUNFEI),
    code("region-blocked", &["unsupported_country_region_territory"], "OpenAI", OPENAI),
    code("relay-token-expired", &["expired_key"], "LiteLLM", LITELLM),
    // Without a database LiteLLM knows its master key only, and says this to every other.
    code("relay-token-rejected", &["token_not_found_in_db", "no_db_connection"], "LiteLLM", LITELLM),
    code("key-invalid", &["invalid_api_key", "incorrect_api_key_error"], "OpenAI, Moonshot", OPENAI),
    code("key-invalid", &["invalidapikey"], "DashScope", DASHSCOPE),
    code("key-invalid", &["1000", "1002", "1003", "1004"], "Zhipu", ZHIPU).at(&[401]),
    code("key-missing", &["1001"], "Zhipu", ZHIPU).at(&[401]),
    said_by(Speaker::MiniMax, "key-invalid", &["1004", "2049"], MINIMAX),
    code("key-invalid", &["11200"], "Xunfei", XUNFEI),
    code("key-invalid", &["40101", "40102"], "FastChat", FAST_CHAT),
    code("key-invalid", &["unrecognizedclientexception", "invalidsignatureexception", "expiredtokenexception"], "Bedrock", BEDROCK),
    code("access-denied", &["key_model_access_denied", "team_model_access_denied", "user_model_access_denied"], "LiteLLM", LITELLM),
    code("access-denied", &["1110", "1111", "1112", "1120", "1121", "1220", "1311", "1313"], "Zhipu", ZHIPU),
    code(
        "access-denied",
        &["modelnotopen", "invalidendpointormodel.modelidaccessdisabled", "invalidaccountstatus"],
        "Volcengine",
        VOLCENGINE,
    ),
    code("access-denied", &["model.accessdenied", "model_access_denied"], "DashScope", DASHSCOPE),
    code("access-denied", &["accessdeniedexception"], "Bedrock", BEDROCK),
    code("access-denied", &["40103"], "FastChat", FAST_CHAT),
    code("relay-no-channel", &["get_channel_failed", "channel:no_available_key", "no_provider_available"], "new-api", NEW_API),
    code("prompt-refused-by-filter", &["content_policy_violation"], "OpenAI", OPENAI),
    code("prompt-refused-by-filter", &["responsibleaipolicyviolation"], "Azure", AZURE),
    code("prompt-refused-by-filter", &["content_filter"], "Azure, Moonshot", KIMI),
    code("prompt-refused-by-filter", &["datainspectionfailed", "data_inspection_failed"], "DashScope", DASHSCOPE),
    code("prompt-refused-by-filter", &["1301"], "Zhipu", ZHIPU),
    code(
        "prompt-refused-by-filter",
        &["sensitivecontentdetected", "inputtextsensitivecontentdetected", "inputtextriskdetection", "inputimageriskdetection"],
        "Volcengine",
        VOLCENGINE,
    ),
    said_by(Speaker::MiniMax, "prompt-refused-by-filter", &["1026", "1027"], MINIMAX),
    code("prompt-refused-by-filter", &["10013", "10014", "10019"], "Xunfei", XUNFEI),
    code("prompt-refused-by-filter", &["sensitive_words_detected", "prompt_blocked"], "new-api", NEW_API),
    code("prompt-refused-by-filter", &["safety_check_failed"], "ZenMux", "https://docs.zenmux.ai/guide/advanced/error-codes.html"),
    code("context-too-long", &["context_length_exceeded", "string_above_max_length"], "OpenAI, DeepSeek", OPENAI),
    code("context-too-long", &["exceed_context_size_error"], "llama.cpp", LLAMA_CPP),
    code("context-too-long", &["1261"], "Zhipu", ZHIPU),
    code("context-too-long", &["10907", "10910"], "Xunfei", XUNFEI),
    code("context-too-long", &["40303"], "FastChat", FAST_CHAT),
    code("parameter-rejected", PARAMETER_CODES, "OpenAI, Volcengine, Zhipu", OPENAI).at(&[400, 422]),
    code("model-not-found", &["model_not_found", "model_decommissioned"], "OpenAI, Groq", OPENAI),
    code("model-not-found", &["deploymentnotfound"], "Azure", AZURE),
    code(
        "model-not-found",
        &["modelnotfound", "model_not_supported", "model_not_available", "invalid_model"],
        "DashScope, resellers",
        DASHSCOPE,
    ),
    code("model-not-found", &["1211", "1222"], "Zhipu", ZHIPU),
    code("model-not-found", &["invalidendpointormodel.notfound", "invalidendpoint.notfound"], "Volcengine", VOLCENGINE),
    code("model-not-found", &["20012"], "SiliconFlow", SILICONFLOW),
    code("model-not-found", &["40301"], "FastChat", FAST_CHAT),
    said_by(Speaker::Cloudflare, "model-not-found", &["5007"], CLOUDFLARE),
    code("body-too-large", &["request_too_large"], "Anthropic", ANTHROPIC),
    code("path-not-found", &["api_not_implemented"], "one-api", ONE_API),
    code("path-not-found", &["not_supported_error"], "llama.cpp", LLAMA_CPP).at(&[501]),
    code("concurrency-limited", &["1302"], "Zhipu", ZHIPU),
    code("concurrency-limited", &["inflightbatchsizeexceeded"], "Volcengine", VOLCENGINE),
    code("concurrency-limited", &["11203"], "Xunfei", XUNFEI),
    said_by(Speaker::MiniMax, "concurrency-limited", &["1041"], MINIMAX),
    code("requests-per-minute", &["limit_requests", "throttling.ratequota", "limit_burst_rate"], "DashScope", DASHSCOPE),
    code("requests-per-minute", &["1303"], "Zhipu", ZHIPU),
    code("requests-per-minute", &["modelaccountrpmratelimitexceeded", "ratelimitexceeded.endpointrpmexceeded"], "Volcengine", VOLCENGINE),
    said_by(Speaker::MiniMax, "requests-per-minute", &["1002"], MINIMAX),
    code("requests-per-minute", &["11202"], "Xunfei", XUNFEI),
    code("tokens-per-minute", &["modelaccounttpmratelimitexceeded", "ratelimitexceeded.endpointtpmexceeded"], "Volcengine", VOLCENGINE),
    said_by(Speaker::MiniMax, "tokens-per-minute", &["1039"], MINIMAX),
    said_by(Speaker::Cloudflare, "daily-limit-reached", &["3036", "4006"], CLOUDFLARE),
    code("provider-overloaded", &["overloaded_error"], "Anthropic", ANTHROPIC),
    code("provider-overloaded", &["engine_overloaded_error"], "Moonshot", KIMI),
    code("provider-overloaded", &["overloaded"], "TGI", TGI),
    code("provider-overloaded", &["serveroverloaded", "requestbursttoofast"], "Volcengine", VOLCENGINE),
    code("provider-overloaded", &["1312"], "Zhipu", ZHIPU),
    code("provider-overloaded", &["50505", "50508", "50603"], "SiliconFlow", SILICONFLOW),
    code("provider-overloaded", &["service_tier_capacity_exceeded"], "Mistral", MISTRAL),
    code("provider-overloaded", &["modelnotreadyexception", "serviceunavailableexception"], "Bedrock", BEDROCK),
    code("provider-overloaded", &["42903"], "FastChat", FAST_CHAT),
    said_by(Speaker::Cloudflare, "provider-overloaded", &["3040"], CLOUDFLARE),
    said_by(Speaker::MiniMax, "provider-error", &["1000", "1001", "1013", "1024", "1033"], MINIMAX),
    said_by(Speaker::MiniMax, "parameter-rejected", &["2013"], MINIMAX),
    code("relay-crashed", &["one_api_panic", "new_api_panic", "shell_api_panic"], "one-api, new-api", ONE_API),
    // ── Words ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────
    words("relay-crashed", &["panic detected, error:"], "one-api, new-api", ONE_API),
    words(
        "relay-quota-exhausted",
        &["令牌额度", "用户额度不足", "额度已用尽", "剩余额度", "insufficient user quota", "preconsumedquota", "预扣费额度失败"],
        "one-api, new-api, ShellAPI",
        ONE_API,
    ),
    words("relay-quota-exhausted", &["budget has been exceeded", "exceededbudget", "crossed budget"], "LiteLLM", LITELLM),
    words("plan-limit-reached", &["usage limit for this period", "reached your usage limit"], "Kimi", KIMI),
    words("plan-limit-reached", &["您的限额将在"], "Zhipu's coding plan", ZHIPU),
    words("daily-limit-reached", &["free-models-per-day"], "OpenRouter", OPENROUTER),
    words("daily-limit-reached", &["open api daily request limit reached"], "Baidu", BAIDU),
    words("daily-limit-reached", &["今日调用次数限额", "日流控超限"], "Zhipu, Xunfei", ZHIPU),
    words("daily-limit-reached", &["daily free allocation"], "Cloudflare", CLOUDFLARE),
    words(
        "quota-exhausted",
        &["exceeded your current quota", "used all available credits", "billing hard limit"],
        "OpenAI, Gemini",
        OPENAI,
    ),
    words("quota-exhausted", &["credit balance is too low", "reached your specified api usage limits"], "Anthropic", ANTHROPIC),
    words(
        "quota-exhausted",
        &["insufficient balance", "insufficient credits", "insufficient_balance"],
        "DeepSeek and many others",
        DEEPSEEK,
    ),
    words("quota-exhausted", &["suspended due to insufficient balance"], "Moonshot", KIMI),
    words(
        "quota-exhausted",
        &["account is in good standing", "free allocated quota exceeded", "allocated quota exceeded"],
        "DashScope",
        DASHSCOPE,
    ),
    words("quota-exhausted", &["余额不足", "账户已欠费", "欠费", "balance is insufficient"], "SiliconFlow and others", SILICONFLOW),
    words("quota-exhausted", &["requires more credits", "can only afford", "key limit exceeded"], "OpenRouter", OPENROUTER),
    words("quota-exhausted", &["doesn't have any credits", "run out of credits"], "xAI", "https://docs.x.ai/docs"),
    words("quota-exhausted", &["due to reaching the monthly spending limit"], "Fireworks", "https://docs.fireworks.ai"),
    words("quota-exhausted", &["overdue balance"], "Volcengine", VOLCENGINE),
    words("quota-exhausted", &["open api total request limit reached"], "Baidu", BAIDU),
    words("quota-exhausted", &["exceeded your monthly included credits"], "Hugging Face", HUGGING_FACE),
    words("region-blocked", &["country, region, or territory not supported"], "OpenAI", OPENAI),
    words("region-blocked", &["location is not supported"], "Gemini", GEMINI),
    words("region-blocked", &["not available in your region", "not available in your country"], "Anthropic and others", ANTHROPIC),
    words("relay-token-expired", &["令牌已过期", "authentication error - expired key"], "one-api, LiteLLM", ONE_API),
    words("relay-token-rejected", &["无效的令牌", "令牌验证失败", "该令牌状态不可用", "令牌不可用"], "one-api, new-api", ONE_API),
    words("relay-token-rejected", &["invalid proxy server token", "malformed api key passed in"], "LiteLLM", LITELLM),
    words(
        "key-missing",
        &["didn't provide an api key", "missing bearer", "missing api key", "api key is missing", "no api key provided"],
        "OpenAI and others",
        OPENAI,
    ),
    words("key-missing", &["no api key passed in"], "LiteLLM", LITELLM),
    words("key-missing", &["未提供令牌", "未收到 authentication 参数", "未收到authorization参数"], "one-api, Zhipu", ONE_API),
    words("key-missing", &["not authenticated"], "FastAPI", "https://fastapi.tiangolo.com/reference/security").at(&[401, 403]),
    words("key-missing", &["no api key found in request"], "Kong", KONG),
    words("key-missing", &["no cookie auth credentials found", "no auth credentials found"], "OpenRouter", OPENROUTER),
    words(
        "access-denied",
        &["令牌无权", "用户已被封禁", "渠道已被禁用", "不在令牌允许访问的列表", "只能在指定网段"],
        "one-api, new-api",
        ONE_API,
    ),
    words("access-denied", &["ip not authorized", "must be a member of an organization"], "OpenAI", OPENAI),
    words("access-denied", &["has not activated the model"], "Volcengine", VOLCENGINE),
    words("access-denied", &["no permission to access data"], "Baidu", BAIDU),
    words("path-not-found", &["missing authentication token"], "AWS API Gateway", AWS_GATEWAY).at(&[403]),
    // With the status 200, since it knows no other for this.
    words("path-not-found", &["unexpected endpoint or method. ("], "LM Studio", "github.com/lmstudio-ai/lmstudio-bug-tracker: issue 2055"),
    words("path-not-found", &["invalid url ("], "OpenAI, one-api", OPENAI),
    words(
        "key-invalid",
        &["incorrect api key", "invalid api key", "api key expired", "api key not valid"],
        "OpenAI, Gemini, llama.cpp",
        OPENAI,
    ),
    words("key-invalid", &["authentication fails"], "DeepSeek", DEEPSEEK),
    words("key-invalid", &["invalid authentication"], "Moonshot", KIMI),
    words("key-invalid", &["invalid api-key"], "DashScope", DASHSCOPE),
    words("key-invalid", &["invalid subscription key"], "Azure", AZURE),
    words("key-invalid", &["access token invalid", "access token expired"], "Baidu", BAIDU),
    words("key-invalid", &["the api key or ak/sk in the request is missing or invalid"], "Volcengine", VOLCENGINE),
    words("relay-cooldown", &["no deployments available for selected model, try again in"], "LiteLLM", LITELLM),
    // The router's own limit of requests (rpm, tpm) says no more than this.
    rate("rate-limited", &[], &["no deployments available for selected model"], "LiteLLM", LITELLM),
    words(
        "relay-no-channel",
        &["no deployments available", "no healthy deployments", "no healthy deployment available"],
        "LiteLLM",
        LITELLM,
    ),
    words("relay-no-channel", &["无可用渠道", "可用渠道失败", "可用渠道不存在", "no available channel"], "one-api, new-api", NEW_API),
    words("relay-no-channel", &["no endpoints found", "no allowed providers are available"], "OpenRouter", OPENROUTER),
    words("prompt-refused-by-filter", &["content management policy"], "Azure", AZURE),
    words("prompt-refused-by-filter", &["rejected as a result of our safety system"], "OpenAI", OPENAI),
    words("prompt-refused-by-filter", &["considered high risk"], "Moonshot", KIMI),
    words("prompt-refused-by-filter", &["content exists risk"], "DeepSeek", DEEPSEEK),
    words("prompt-refused-by-filter", &["contentpolicyviolationerror", "contentpolicyviolation"], "LiteLLM", LITELLM),
    words("prompt-refused-by-filter", &["blocked by content filtering policy"], "Anthropic", ANTHROPIC),
    words("prompt-refused-by-filter", &["your input was flagged for"], "OpenRouter", OPENROUTER),
    words("prompt-refused-by-filter", &["不安全或敏感内容", "inappropriate content"], "Zhipu, DashScope", ZHIPU),
    words("prompt-refused-by-filter", &["the content of message not pass", "输入内容涉及敏感"], "Baidu, Xunfei", BAIDU),
    words("prompt-refused-by-filter", &["guardrail checks defined in the config failed"], "Portkey", PORTKEY),
    words("context-too-long", CONTEXT_WORDS, "OpenAI, Anthropic, Gemini, Kimi, DashScope, vLLM, llama.cpp", VLLM),
    words("parameter-rejected", &["unsupported parameter", "unrecognized request argument", "unsupported value"], "OpenAI", OPENAI)
        .at(&[400, 422]),
    words("parameter-rejected", &["unsupportedparamserror"], "LiteLLM", LITELLM),
    words("parameter-rejected", &["extra inputs are not permitted"], "Mistral, Groq", MISTRAL).at(&[400, 422]),
    words("model-not-found", &["model not exist", "model does not exist", "model not found"], "DeepSeek, SiliconFlow, vLLM", DEEPSEEK),
    words(
        "model-not-found",
        &["model * does not exist", "model * not found", "model * not exist", "model * is not supported", "no such model"],
        "OpenAI, vLLM, ollama",
        VLLM,
    )
    .at(&[400, 404]),
    both("model-not-found", &["not_found_error"], &["model:"], "Anthropic", ANTHROPIC),
    words("model-not-found", &["invalid model name", "unknown model", "unsupported model"], "LiteLLM, MiniMax", LITELLM),
    words("model-not-found", &["try pulling it first"], "ollama", OLLAMA),
    words("model-not-found", &["not a valid model id"], "OpenRouter", OPENROUTER),
    words("model-not-found", &["模型不存在"], "Zhipu", ZHIPU),
    words("model-not-found", &["deployment for this resource does not exist"], "Azure", AZURE),
    words("body-too-large", &["exceeds limit 2097152"], "Moonshot", KIMI),
    words("relay-saturated", &["负载已饱和", "upstream load is saturated"], "one-api, new-api", ONE_API),
    words(
        "provider-overloaded",
        &["currently overloaded", "model is overloaded", "overloaded, please"],
        "OpenAI, Gemini, Moonshot",
        OPENAI,
    ),
    words("provider-overloaded", &["overloaded"], "Anthropic, TGI, SiliconFlow", ANTHROPIC).at(&[429, 503, 529]),
    words("provider-overloaded", &["experiencing high demand"], "Azure, Gemini", AZURE),
    words("provider-overloaded", &["too many requests at the moment"], "Kimi", KIMI),
    words("provider-overloaded", &["server busy", "too busy", "high demand"], "ollama, SiliconFlow", OLLAMA).at(&[429, 503]),
    words("provider-overloaded", &["loading model", "is currently loading"], "llama.cpp, Hugging Face", HUGGING_FACE).at(&[503]),
    words("provider-overloaded", &["service tier capacity exceeded"], "Mistral", MISTRAL),
    words("requests-per-minute", &["qps request limit reached"], "Baidu", BAIDU),
    // ── About the rate, and what words say of it ───────────────────────────────────────────────────────────────────────────────
    rate("concurrency-limited", &[], &["concurren", "并发", "max parallel request limit reached"], "Azure, Moonshot, LiteLLM", LITELLM),
    rate("daily-limit-reached", &[], &["per day", "(rpd)", "(tpd)", "requests/day", "tokens/day"], "OpenAI, Groq", OPENAI),
    rate("tokens-per-minute", &["tokens"], &[], "OpenAI", OPENAI),
    rate(
        "tokens-per-minute",
        &[],
        &[
            "tokens per min",
            "(tpm)",
            "token rate limit",
            "tokens per minute",
            "token limit is exceeded",
            "tpm limit reached",
            "limit type: tokens",
        ],
        "OpenAI, Azure, Anthropic, SiliconFlow, LiteLLM",
        AZURE,
    ),
    rate("requests-per-minute", &["requests"], &[], "OpenAI", OPENAI),
    rate(
        "requests-per-minute",
        &[],
        &[
            "requests per min",
            "(rpm)",
            "request rate limit",
            "requests rate limit",
            "call rate limit",
            "requests per minute",
            "rpm limit reached",
            "limit type: requests",
            "free-models-per-min",
        ],
        "OpenAI, Azure, DashScope, SiliconFlow, LiteLLM, OpenRouter",
        AZURE,
    ),
    rate("requests-per-minute", &[], &["最多请求", "总请求数限制"], "new-api", NEW_API),
    rate("rate-limited", &[], &[], "everybody", "RFC 6585, section 4"),
    // ── Codes and types that say little ────────────────────────────────────────────────────────────────────────────────────────
    code(
        "access-denied",
        &["permission_error", "permission_denied", "accessdenied", "access_denied"],
        "Anthropic, Google, DashScope",
        ANTHROPIC,
    ),
    code(
        "key-invalid",
        &[
            "authentication_error",
            "authenticationerror",
            "unauthenticated",
            "auth_error",
            "invalid_authentication_error",
            "invalid_authentication",
        ],
        "Anthropic, Google, LiteLLM, Moonshot, Volcengine",
        ANTHROPIC,
    ),
    code("relay-upstream-failed", RELAY_CODES, "one-api, new-api", NEW_API),
    words("relay-upstream-failed", &["请求上游地址失败", "bad response status code"], "new-api", NEW_API),
    // The names of LiteLLM's exceptions, where neither it nor its upstream says more.
    words("quota-exhausted", &["litellm.paymentrequirederror"], "LiteLLM", LITELLM),
    words("rate-limited", &["litellm.ratelimiterror"], "LiteLLM", LITELLM),
    words("key-invalid", &["litellm.authenticationerror"], "LiteLLM", LITELLM),
    words("access-denied", &["litellm.permissiondeniederror"], "LiteLLM", LITELLM),
    // The relay's connection, or its JSON parser at half an answer or none; the provider said nothing.
    words(
        "relay-upstream-failed",
        &["exception - connection error", "exception - expecting value", "exception - unterminated string", "exception - extra data"],
        "LiteLLM",
        LITELLM,
    ),
    words("relay-upstream-failed", &["litellm.apiconnectionerror", "litellm.badgatewayerror"], "LiteLLM", LITELLM),
    words("provider-error", &["litellm.timeout", "litellm.serviceunavailableerror", "litellm.internalservererror"], "LiteLLM", LITELLM),
];

const CONTEXT_WORDS: &[&str] = &[
    "maximum context length",                // OpenAI, vLLM, OpenRouter
    "context window",                        // Codex, LiteLLM, Groq
    "context length",                        // many
    "prompt is too long",                    // Anthropic
    "input token count",                     // Gemini
    "exceeded model token limit",            // Kimi
    "available context size",                // llama.cpp
    "range of input length",                 // DashScope
    "must be less than max_seq_len",         // SiliconFlow
    "contextwindowexceedederror",            // LiteLLM
    "input is too long for requested model", // Bedrock
    "`inputs` must have less than",          // TGI
    "`inputs` tokens + `max_new_tokens`",    // TGI
];

const PARAMETER_CODES: &[&str] = &[
    "unsupported_parameter",
    "unsupported_value",
    "invalid_type",
    "invalid_value",
    "missing_required_parameter",
    "unknown_parameter",
    "missingparameter",
    "invalidparameter",
    "invalid_parameter_error",
    "1210",
    "1212",
    "1213",
    "1214",
    "1215",
    "20015",
    "40302",
];

const RELAY_CODES: &[&str] = &[
    "do_request_failed",
    "bad_response_status_code",
    "bad_response_body",
    "read_response_body_failed",
    "unmarshal_response_body_failed",
    "bad_response",
    "close_response_body_failed",
    "write_response_body_failed",
    "copy_response_body_failed",
    "upstream_error",
    "channel:invalid_key",
    "channel:model_mapped_error",
    "channel:response_time_exceeded",
];
