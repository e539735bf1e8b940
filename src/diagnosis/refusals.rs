//! What an API tells in its own JSON when it does not answer: rate limits, quota, keys, requests it rejects, failures behind it.
//! Which of them an error is, `meaning` decides.

mod found;

use super::{AtFault, Class, Entry, Severity, explain, meaning};
use crate::lang::{Text, text};

const WAIT: Text = text("wait as long as the response says; --retry N does so by itself", "按响应给出的时间等待；--retry N 会自动这样做");
const NEVER: Text = text("a retry cannot help", "重试没有用");
const SAYS: Text = text("The API says: «{message}»", "API 的原话：「{message}」");
const STATUS_LABEL: &[(&str, Text)] = &[("status", text("the answer's status", "响应状态"))];
const MODELS: &str = "curl -sS $OPENAI_BASE_URL/models -H \"Authorization: Bearer $OPENAI_API_KEY\"";

/// An entry whose function only asks whether this is what the error means.
macro_rules! told_entry {
    ($code:literal, $class:ident, $at_fault:ident, $retryable:literal, $title:expr, $advice:expr, $confirm:expr) => {
        Entry {
            code: $code,
            class: Class::$class,
            severity: Severity::Error,
            at_fault: AtFault::$at_fault,
            retryable: $retryable,
            title: $title,
            summary: SAYS,
            advice: $advice,
            confirm: $confirm,
            labels: STATUS_LABEL,
            follows: &[
                "relay-wrote-more-than-declared",
                "body-shorter-than-declared",
                "body-longer-than-declared",
                "conflicting-content-lengths",
                "length-and-chunked",
                "invalid-content-length",
                "key-missing",
            ],
            explain: explain!($code),
            examine: |evidence| (meaning::told(evidence) == Some($code)).then(|| found::found($code, evidence)),
        }
    };
}

pub(super) const ENTRIES: &[Entry] = &[
    told_entry!(
        "requests-per-minute",
        RateLimit,
        Client,
        true,
        text("too many requests per minute", "每分钟请求数超限"),
        &[WAIT, text("send fewer requests at a time, or ask for a higher limit", "降低请求频率，或申请更高限额")],
        "{command} --retry 3"
    ),
    told_entry!(
        "tokens-per-minute",
        RateLimit,
        Client,
        true,
        text("too many tokens per minute", "每分钟 token 数超限"),
        &[WAIT, text("lower --max-tokens: most providers count it in full beforehand", "调小 --max-tokens：多数服务商会预先按其全额计入")],
        "{command} --retry 3"
    ),
    told_entry!(
        "concurrency-limited",
        RateLimit,
        Client,
        true,
        text("too many requests at the same time", "并发请求过多"),
        &[text("run fewer requests side by side; a retry a little later succeeds", "减少并行请求；稍后重试即可")],
        "{command} --retry 3"
    ),
    told_entry!(
        "relay-saturated",
        RateLimit,
        Relay,
        true,
        text(
            "the relay says that its upstream is saturated, and hides the upstream's own words",
            "中转声称上游负载饱和，并隐去了上游的原话"
        ),
        &[
            text(
                "retry a few times; if it stays, the relay's own account may be out of quota: the same words cover any upstream 429",
                "可重试几次；若持续出现，可能是中转自己的账户额度用尽：任何上游 429 都会变成这句话"
            ),
            text("try another group, model or endpoint", "换分组、模型或 endpoint"),
        ],
        "{command} --retry 3"
    ),
    told_entry!(
        "relay-cooldown",
        RateLimit,
        Relay,
        true,
        text("the relay rests all its deployments of this model after failures", "中转因之前的失败，暂停了该模型的全部部署"),
        &[
            text(
                "wait the seconds that it names (5 by default); each failure of its upstream begins the rest anew",
                "等待它给出的秒数（默认 5 秒）；上游每失败一次都会重新计时"
            ),
            text(
                "to the operator: the failure that began the cooldown stands in the log before this one; add a deployment or a fallback",
                "给运维：触发冷却的失败在日志中更早的位置；请增加部署或备用模型"
            ),
        ],
        "{command} --retry 3"
    ),
    told_entry!(
        "daily-limit-reached",
        RateLimit,
        Client,
        false,
        text("the limit per day is reached", "已达到每日限额"),
        &[
            text(
                "wait until the day ends, or as long as the response says: some limits come back bit by bit, most at midnight",
                "等到次日，或按响应给出的时间等待：有的限额逐步恢复，多数在零点重置"
            ),
            text("use another model or key meanwhile, or ask for a higher limit", "期间可换模型或 key，或申请更高限额"),
        ],
        "{command} -v"
    ),
    told_entry!(
        "rate-limited",
        RateLimit,
        Client,
        true,
        text("too many requests for now (429)", "暂时请求过多（429）"),
        &[WAIT],
        "{command} --retry 3"
    ),
    told_entry!(
        "stream-rate-limited",
        RateLimit,
        Client,
        true,
        text("a rate limit, told inside the stream", "流中途报告限流"),
        &[
            WAIT,
            text(
                "the status was 200: a client that looks at the status only takes this for success",
                "状态是 200：只看状态的客户端会当作成功"
            )
        ],
        "{command} --retry 3"
    ),
    told_entry!(
        "quota-exhausted",
        Quota,
        Client,
        false,
        text("the account's credit or quota is used up", "账户余额或额度已用尽"),
        &[
            text(
                "top up, raise the limit in the provider's console, or use another key; a quota per day or month comes back by itself",
                "充值、在控制台提高限额，或换一个 key；按天或按月的额度到期会自动恢复"
            ),
            NEVER
        ],
        "{command} -v"
    ),
    told_entry!(
        "plan-limit-reached",
        Quota,
        Client,
        false,
        text("the plan's allowance for this period is used up", "套餐在本周期内的额度已用完"),
        &[
            text(
                "wait until the period ends (hours for coding plans; the message or the console names the time), or use a key that is billed by use",
                "等到周期结束（编程套餐通常以小时计，时间见原话或控制台），或换用按量计费的 key"
            ),
            NEVER
        ],
        "{command} -v"
    ),
    told_entry!(
        "relay-quota-exhausted",
        Quota,
        Client,
        false,
        text("the account or token at the relay has no quota left", "中转上的账户或令牌没有剩余额度"),
        &[
            text(
                "top up at the relay, or lower --max-tokens: relays reserve its full price beforehand",
                "在中转充值，或调小 --max-tokens：中转会按其全价预扣"
            ),
            NEVER
        ],
        "{command} -v"
    ),
    told_entry!(
        "relay-token-rejected",
        Auth,
        Client,
        false,
        text("the relay does not accept this token", "中转不接受这个令牌"),
        &[
            text(
                "check that key and base URL belong together: it is the relay that refuses, not the model's provider",
                "确认 key 与 base URL 属于同一家：拒绝的是中转，而不是模型厂商"
            ),
            NEVER
        ],
        MODELS
    ),
    told_entry!(
        "relay-token-expired",
        Auth,
        Client,
        false,
        text("the relay's token has expired", "中转的令牌已过期"),
        &[text("make a new token at the relay, or extend this one", "在中转新建令牌，或延长它的有效期"), NEVER],
        MODELS
    ),
    told_entry!(
        "key-invalid",
        Auth,
        Client,
        false,
        text("the API key is not accepted", "API key 不被接受"),
        &[
            text(
                "check for a key of another service, a stale variable, or blanks at its ends; -v shows where it was read",
                "检查是否用了别家的 key、过期的变量或首尾空白；-v 会显示它从哪里读到"
            ),
            NEVER,
        ],
        MODELS
    ),
    told_entry!(
        "region-blocked",
        Auth,
        Client,
        false,
        text("the provider does not serve the region that this request came from", "服务商不向此请求的来源地区提供服务"),
        &[
            text(
                "what counts is the address that the provider sees: that of the proxy or relay, if there is one",
                "服务商看到的地址才算数：若有代理或中转，就是它的地址"
            ),
            NEVER
        ],
        "{command} -v"
    ),
    told_entry!(
        "access-denied",
        Auth,
        Client,
        false,
        text("the key is known, but not allowed to do this ({status})", "key 有效，但无权这样做（{status}）"),
        &[
            text(
                "check the key's permissions for this model and project, and the list of allowed addresses",
                "检查 key 对该模型和项目的权限，以及允许的 IP 列表"
            ),
            NEVER
        ],
        MODELS
    ),
    told_entry!(
        "relay-no-channel",
        UpstreamError,
        Relay,
        false,
        text("the relay has no channel for the model «{model}»", "中转没有可用于模型「{model}」的渠道"),
        &[
            text(
                "check the model's name against the relay's list, and the group of your token",
                "对照中转的模型列表检查名称，以及令牌所属的分组"
            ),
            text("to the operator: no enabled channel of this group offers the model", "给运维：该分组没有启用了此模型的渠道"),
        ],
        MODELS
    ),
    told_entry!(
        "model-not-found",
        InvalidRequest,
        Client,
        false,
        text("there is no model «{model}» for this key", "此 key 没有模型「{model}」"),
        &[text("list what there is at /models, and check the spelling", "在 /models 查看可用模型并检查拼写"), NEVER],
        MODELS
    ),
    told_entry!(
        "prompt-refused-by-filter",
        ContentFilter,
        Client,
        false,
        text("the prompt was refused by a content filter", "提示词被内容过滤拒绝"),
        &[
            text(
                "rephrase the prompt; the answer names the category where the provider tells it",
                "改写提示词；若服务商说明了类别，见其回答"
            ),
            NEVER
        ],
        "{command} -v"
    ),
    told_entry!(
        "context-too-long",
        InvalidRequest,
        Client,
        false,
        text("the prompt is longer than the model's context", "提示词超过模型的上下文长度"),
        &[
            text(
                "shorten the prompt or the history, lower --max-tokens, or use a model with a larger context",
                "缩短提示词或历史，调小 --max-tokens，或换上下文更长的模型"
            ),
            NEVER
        ],
        "{command} -v"
    ),
    told_entry!(
        "request-over-token-limit",
        InvalidRequest,
        Client,
        false,
        text("this single request is larger than the limit per minute", "单个请求就超过了每分钟限额"),
        &[text("waiting never helps: shorten the prompt or lower --max-tokens", "等待无用：缩短提示词或调小 --max-tokens"), NEVER],
        "{command} --max-tokens 100"
    ),
    told_entry!(
        "body-too-large",
        InvalidRequest,
        Client,
        false,
        text("the request body is too large (413)", "请求体过大（413）"),
        &[
            text("shorten the prompt, or send images by URL instead of base64", "缩短提示词，或以 URL 而非 base64 发送图片"),
            text(
                "to the operator of a proxy: nginx allows 1 MB unless client_max_body_size says more",
                "给代理运维：nginx 默认只允许 1 MB，除非设置 client_max_body_size"
            ),
        ],
        "{command} -v"
    ),
    told_entry!(
        "path-not-found",
        InvalidRequest,
        Client,
        false,
        text("there is no such path at this API ({status})", "该 API 没有这个路径（{status}）"),
        &[text("the request went to {path}: {path_fault}", "请求到达的路径是 {path}：{path_fault}"), NEVER],
        "{command} -v"
    ),
    told_entry!(
        "parameter-rejected",
        InvalidRequest,
        Client,
        false,
        text("the API rejects a parameter of the request", "API 拒绝了请求中的某个参数"),
        &[
            text(
                "correct or leave out the parameter; newer models want --max-completion-tokens, and some no --temperature",
                "改正或去掉该参数；较新的模型要用 --max-completion-tokens，有的不接受 --temperature"
            ),
            NEVER
        ],
        "{command} -v"
    ),
    told_entry!(
        "request-rejected",
        InvalidRequest,
        Client,
        false,
        text("the API rejects the request ({status})", "API 拒绝了请求（{status}）"),
        &[text("read its words above: they name what is wrong", "看上面的原话：它说明了问题所在"), NEVER],
        "{command} -v"
    ),
    told_entry!(
        "provider-overloaded",
        UpstreamError,
        Provider,
        true,
        text("the provider is overloaded", "服务商过载"),
        &[text("retry slowly, or use another model or endpoint for a while", "放慢重试，或暂时换用其他模型或 endpoint")],
        "{command} --retry 5 --retry-base 5s"
    ),
    told_entry!(
        "relay-upstream-failed",
        UpstreamError,
        Relay,
        true,
        text("the relay says that its own upstream failed", "中转报告它的上游失败"),
        &[
            text("a retry may take another channel; each attempt may be billed", "重试可能换到别的渠道；每次都可能计费"),
            text(
                "to the operator: the upstream's own error stands in the relay's log under the request id",
                "给运维：上游的原始错误在中转日志中，按请求 id 查找"
            ),
        ],
        "{command} --retry 3"
    ),
    told_entry!(
        "relay-crashed",
        UpstreamError,
        Relay,
        true,
        text("the relay's own program crashed over this request", "中转程序在处理此请求时崩溃"),
        &[
            text(
                "a retry may take another path; if it crashes again, try the other mode (--stream or --no-stream) or another model",
                "重试可能走别的路径；若再次崩溃，换另一种模式（--stream 或 --no-stream）或换模型"
            ),
            text(
                "to the operator: the stack trace stands in the relay's log; update it, or report it to its authors",
                "给运维：调用栈在中转日志中；请升级，或报告给其作者"
            ),
        ],
        "{command} --retry 3"
    ),
    told_entry!(
        "provider-error",
        UpstreamError,
        Provider,
        true,
        text("the API reports a failure of its own ({status})", "API 报告自身故障（{status}）"),
        &[text("retry with backoff; if it stays, look at the provider's status page", "退避重试；若持续出现，查看服务商的状态页")],
        "{command} --retry 3"
    ),
    told_entry!(
        "error-in-success",
        UpstreamError,
        Relay,
        true,
        text("an error under the status {status}", "状态 {status} 之下却是一个错误"),
        &[
            text("programs that look at the status only take this for success and fail later", "只看状态的程序会当作成功，随后才出错"),
            text("a retry may succeed", "重试可能成功")
        ],
        "{command} --retry 3"
    ),
    told_entry!(
        "error-in-stream",
        StreamError,
        Provider,
        true,
        text("the stream carries an error in place of its end", "流以一个错误代替了结尾"),
        &[
            text("what came before the error is printed, and was billed; a retry may succeed", "错误之前的内容已输出并计费；重试可能成功"),
            text("use --no-stream: the same error then has a status", "改用 --no-stream：同样的错误会带上状态码")
        ],
        "{command} --no-stream"
    ),
];
