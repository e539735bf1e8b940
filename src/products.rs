//! Who stands between us and the model, as far as it shows itself: proxies, CDNs, firewalls, gateways and relays by the fields, cookies and
//! words that are theirs. Presence accuses nobody; what blocks or answers in its own words is told apart from what only passed by.

use crate::wire::head::Head;

/// One sign of a product. Texts are in lower case.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sign {
    /// A field of this name whose value contains this text; an empty text is any value.
    Field(&'static str, &'static str),
    /// A cookie that is set under a name which begins like this.
    Cookie(&'static str),
    /// Words of a page.
    Page(&'static str),
    /// Part of the place that a redirect names.
    Location(&'static str),
    /// Part of the name of who issued the certificate.
    Issuer(&'static str),
}

/// A product and its signs.
#[derive(Clone, Copy, Debug)]
pub struct Product {
    pub name: &'static str,
    /// It took part in the exchange.
    pub passes: &'static [Sign],
    /// It answered in place of the API, to block, to challenge or to ask for a login.
    pub blocks: &'static [Sign],
    pub source: &'static str,
}

use Sign::{Cookie, Field, Issuer, Location, Page};

const LAB: &str = "measured on loopback";
const WAFW00F: &str = "EnableSecurity/wafw00f, wafw00f/plugins";
const OONI: &str = "ooni/blocking-fingerprints, fingerprints_http.csv";

const fn product(name: &'static str, passes: &'static [Sign], blocks: &'static [Sign], source: &'static str) -> Product {
    Product { name, passes, blocks, source }
}

/// All that are known. Of several that fit, each is named; the first that blocks is the one that answered.
pub const PRODUCTS: &[Product] = &[
    // Servers and proxies.
    product("openresty", &[Field("server", "openresty")], &[], LAB),
    product("Tengine", &[Field("server", "tengine")], &[], "tengine.taobao.org"),
    product("nginx", &[Field("server", "nginx")], &[], LAB),
    product("Apache", &[Field("server", "apache")], &[], LAB),
    product("Caddy", &[Field("server", "caddy"), Field("via", "caddy")], &[], LAB),
    product(
        "Squid",
        &[Field("server", "squid"), Field("via", "squid"), Field("x-squid-error", "")],
        &[
            Field("x-squid-error", "err_access_denied"),
            Field("x-squid-error", "err_cache_access_denied"),
            Field("x-squid-error", "err_too_big"),
        ],
        LAB,
    ),
    product("Varnish", &[Field("via", "varnish"), Field("x-varnish", "")], &[], LAB),
    product(
        "Envoy",
        &[Field("server", "envoy"), Field("server", "istio-envoy"), Field("x-envoy-upstream-service-time", "")],
        &[],
        "envoyproxy.io, http headers",
    ),
    product("Kong", &[Field("server", "kong/"), Field("via", "kong/"), Field("x-kong-upstream-latency", "")], &[], "docs.konghq.com"),
    product("Traefik", &[Field("server", "traefik")], &[], "doc.traefik.io"),
    product("IIS", &[Field("server", "microsoft-iis"), Field("x-powered-by", "asp.net")], &[], "learn.microsoft.com"),
    product("uvicorn", &[Field("server", "uvicorn")], &[], LAB),
    product("hypercorn", &[Field("server", "hypercorn")], &[], LAB),
    product("gunicorn", &[Field("server", "gunicorn")], &[], LAB),
    product("waitress", &[Field("server", "waitress")], &[], LAB),
    product("Werkzeug", &[Field("server", "werkzeug")], &[], LAB),
    product("aiohttp", &[Field("server", "aiohttp")], &[], LAB),
    product(
        "mitmproxy",
        &[Field("server", "mitmproxy"), Issuer("mitmproxy")],
        &[],
        "mitmproxy/mitmproxy, proxy/layers/http/_http1.py, options.py",
    ),
    // Clouds and CDNs.
    product(
        "Cloudflare",
        &[Field("server", "cloudflare"), Field("cf-ray", "")],
        &[
            Field("cf-mitigated", "challenge"),
            Page("sorry, you have been blocked"),
            Page("<title>just a moment...</title>"),
            Page("_cf_chl_opt"),
            Page("error code: 1020"),
            Page("error code: 1010"),
        ],
        WAFW00F,
    ),
    product("Akamai", &[Field("server", "akamaighost"), Field("x-akamai-request-id", "")], &[Page("errors.edgesuite.net")], WAFW00F),
    product("Amazon CloudFront", &[Field("x-amz-cf-id", ""), Field("via", "cloudfront")], &[], OONI),
    product("AWS load balancer", &[Field("server", "awselb"), Cookie("awsalb"), Cookie("awselb")], &[], WAFW00F),
    product(
        "AWS API Gateway",
        &[Field("x-amzn-requestid", ""), Field("x-amz-apigw-id", ""), Field("x-amzn-errortype", "")],
        &[],
        "docs.aws.amazon.com/apigateway",
    ),
    product("Google front end", &[Field("server", "google frontend"), Field("via", "1.1 google")], &[], "cloud.google.com/load-balancing"),
    product("Azure Front Door", &[Field("x-azure-ref", "")], &[], WAFW00F),
    product("Azure API Management", &[Field("apim-request-id", "")], &[], "learn.microsoft.com/azure/api-management"),
    product("Fastly", &[Field("x-served-by", "cache-"), Field("x-fastly-request-id", "")], &[], WAFW00F),
    product("Vercel", &[Field("server", "vercel"), Field("x-vercel-id", "")], &[], "vercel.com/docs"),
    product("Fly.io", &[Field("server", "fly/"), Field("fly-request-id", "")], &[], "fly.io/docs"),
    product("Alibaba Cloud CDN", &[Field("eagleid", "")], &[], "help.aliyun.com/cdn"),
    product(
        "Tencent EdgeOne",
        &[Field("eo-log-uuid", ""), Field("eo-cache-status", ""), Field("server", "edgeone")],
        &[],
        "cloud.tencent.com/document/product/1552",
    ),
    product("ChinaCache", &[Field("powered-by-chinacache", "")], &[], WAFW00F),
    // Relays and gateways for language models.
    product(
        "one-api family",
        &[Field("x-oneapi-request-id", ""), Field("x-new-api-version", "")],
        &[],
        "songquanpeng/one-api, middleware/request-id.go",
    ),
    product(
        "LiteLLM",
        &[Field("x-litellm-call-id", ""), Field("x-litellm-version", "")],
        &[],
        "BerriAI/litellm, proxy/common_request_processing.py",
    ),
    product("Portkey", &[Field("x-portkey-trace-id", ""), Field("x-portkey-provider", "")], &[], "Portkey-AI/gateway, src/globals.ts"),
    product("OpenRouter", &[Field("x-generation-id", "gen-")], &[], "openrouter.ai/docs"),
    product(
        "OpenAI",
        &[Field("openai-processing-ms", ""), Field("openai-version", "")],
        &[],
        "platform.openai.com/docs/api-reference/debugging-requests",
    ),
    product(
        "Anthropic",
        &[Field("anthropic-organization-id", ""), Field("anthropic-ratelimit-requests-limit", "")],
        &[],
        "docs.anthropic.com/en/api/rate-limits",
    ),
    product(
        "Azure OpenAI",
        &[Field("azureml-model-session", ""), Field("x-ms-region", "")],
        &[],
        "learn.microsoft.com/azure/ai-services/openai",
    ),
    product("llama.cpp", &[Field("server", "llama.cpp")], &[], "ggml-org/llama.cpp, tools/server"),
    // Firewalls, filters and portals.
    product("AWS WAF", &[], &[Field("x-amzn-waf-action", "")], "docs.aws.amazon.com/waf"),
    product(
        "Imperva",
        &[Cookie("incap_ses_"), Cookie("visid_incap_"), Field("x-iinfo", "")],
        &[Page("incapsula incident id"), Page("/_incapsula_resource")],
        WAFW00F,
    ),
    product(
        "F5 BIG-IP",
        &[Cookie("bigipserver"), Field("x-cnection", "close")],
        &[Page("the requested url was rejected. please consult with your administrator")],
        WAFW00F,
    ),
    product(
        "Citrix NetScaler",
        &[Field("via", "ns-cache"), Field("cneonction", ""), Field("nncoection", "")],
        &[Page("application firewall block page")],
        WAFW00F,
    ),
    product(
        "Fortinet",
        &[Cookie("fortiwafsid"), Issuer("fortinet"), Issuer("fortigate")],
        &[
            Page("fortiguard intrusion prevention"),
            Page("powered by fortiguard"),
            Page("you have tried to access a web page which is in violation of your internet usage policy"),
            Location(":8008/"),
        ],
        OONI,
    ),
    product(
        "Palo Alto",
        &[Issuer("palo alto networks")],
        &[
            Page("has been blocked in accordance with company policy"),
            Page("download of virus/spyware blocked"),
            Location("/php/urlblock.php"),
        ],
        OONI,
    ),
    product(
        "Zscaler",
        &[Issuer("zscaler")],
        &[Field("server", "zscaler"), Page("internet security by zscaler"), Location("gateway.zscaler")],
        OONI,
    ),
    product(
        "Blue Coat",
        &[Issuer("bluecoat"), Issuer("blue coat"), Issuer("symantec web security")],
        &[Location("notify.bluecoat"), Location("bluecoat.com/notify")],
        OONI,
    ),
    product(
        "Cisco",
        &[Field("via", "cisco-wsa"), Issuer("cisco umbrella")],
        &[
            Page("this site is blocked due to content filtering"),
            Page("this website is blocked by your network operator"),
            Page("block.opendns.com"),
            Location("block.opendns.com"),
            Location("wired.meraki.com"),
        ],
        OONI,
    ),
    product(
        "Forcepoint",
        &[Field("via", "forcepoint"), Issuer("forcepoint"), Issuer("websense")],
        &[Location("/cgi-bin/blockpage.cgi"), Page("/cgi-bin/blockpage.cgi")],
        OONI,
    ),
    product("McAfee Web Gateway", &[Issuer("mcafee web gateway"), Issuer("skyhigh")], &[Page("mcafee web gateway - notification")], OONI),
    product(
        "tinyproxy",
        &[Field("server", "tinyproxy"), Field("via", "tinyproxy")],
        &[Page("<h1>filtered</h1>"), Page("<h1>access denied</h1>\n<p>the administrator of this proxy")],
        "tinyproxy/tinyproxy, src/reqs.c",
    ),
    product("WatchGuard", &[], &[Page("request denied by watchguard http proxy")], OONI),
    product("SonicWall", &[Issuer("sonicwall")], &[Field("server", "sonicwall")], OONI),
    product("Check Point", &[Issuer("check point")], &[Page("check point usercheck")], OONI),
    product("Barracuda", &[Field("server", "barracudahttp"), Cookie("barra_counter_session")], &[], OONI),
    product("Kerio", &[], &[Page("this page has been blocked by kerio control")], OONI),
    product("Untangle", &[Issuer("untangle")], &[Page("this web page is blocked</b> because it violates network policy")], OONI),
    product("Netsweeper", &[], &[Page("/webadmin/deny/"), Location("/webadmin/deny/")], OONI),
    product("iboss", &[Issuer("iboss")], &[Page("/ibreports/ibp/bp.html"), Location("/ibreports/ibp/bp.html")], OONI),
    product("Cyberoam", &[Issuer("cyberoam")], &[Page("cyberoam is securing you")], OONI),
    product("Netskope", &[Issuer("netskope"), Issuer("goskope")], &[Page("netskope client")], "docs.netskope.com"),
    product("Sophos", &[Issuer("sophos")], &[Page("powered by sophos")], "docs.sophos.com"),
    product("Kaspersky", &[Issuer("kaspersky anti-virus")], &[], "support.kaspersky.com"),
    product("Avast", &[Issuer("avast web/mail shield")], &[], "support.avast.com"),
    product("ESET", &[Issuer("eset ssl filter ca")], &[], "support.eset.com"),
    product("Bitdefender", &[Issuer("bitdefender personal ca")], &[], "bitdefender.com/support"),
    product("AdGuard", &[Issuer("adguard personal ca")], &[], "adguard.com/kb"),
    product("Charles", &[Issuer("charles proxy")], &[], "charlesproxy.com/documentation"),
    product("Fiddler", &[Issuer("do_not_trust_fiddler"), Issuer("fiddlerroot"), Issuer("fiddler root")], &[], "docs.telerik.com/fiddler"),
    product("Proxyman", &[Issuer("proxyman")], &[], "docs.proxyman.io"),
    product("Burp", &[Issuer("portswigger")], &[], "portswigger.net/burp/documentation"),
    product("Whistle", &[Issuer("whistle.")], &[], "wproxy.org"),
    product(
        "Alibaba Cloud WAF",
        &[],
        &[Page("errors.aliyun.com"), Page("your request has been blocked as it may cause potential threats")],
        WAFW00F,
    ),
    product("Tencent Cloud WAF", &[], &[Page("waf.tencent-cloud.com"), Page("腾讯云web应用防火墙")], WAFW00F),
    product("Huawei Cloud WAF", &[Cookie("hwwafsesid")], &[Field("server", "huaweicloudwaf")], WAFW00F),
    product("Baidu Yunjiasu", &[Field("server", "yunjiasu"), Cookie("yjs_")], &[], WAFW00F),
    product("Chaitin SafeLine", &[], &[Page("safeline"), Page("<!-- event id:")], WAFW00F),
    product("360 WAF", &[Field("wzws-ray", ""), Field("x-panyun-request-id", "")], &[Field("server", "qianxin-waf")], WAFW00F),
    product("Jiasule", &[Cookie("__jsluid")], &[Field("server", "jiasule-waf")], WAFW00F),
    product("Yundun", &[Field("server", "yundun"), Field("x-cache", "yundun")], &[], WAFW00F),
    product("SafeDog", &[Field("x-powered-by", "waf/"), Cookie("safedog")], &[Page("safedogsite/broswer_logo.jpg")], WAFW00F),
    product("Yunsuo", &[Cookie("yunsuo_session")], &[Page("class=\"yunsuologo\"")], WAFW00F),
    product("UCloud WAF", &[], &[Field("server", "uewaf")], WAFW00F),
    // The words are from general knowledge, not from a capture.
    product("BT panel WAF", &[], &[Page("您的请求带有不合法参数")], "bt.cn"),
    product("an ICP filing notice", &[], &[Field("server", "beaver"), Page("网站暂时无法访问"), Page("未备案")], "general knowledge"),
    product(
        "a captive portal",
        &[],
        &[Page("captive portal"), Page("wlan_user_ip"), Location("wlanuserip"), Location("captive"), Location("wlan_user_ip")],
        OONI,
    ),
    product("a login form", &[], &[Page("type=\"password\""), Page("type='password'"), Page("type=password")], "HTML, input type=password"),
];

impl Sign {
    fn is_in_head(self, head: &Head) -> bool {
        match self {
            Field(name, text) => head.all(name).any(|field| field.value.to_lowercase().contains(text)),
            Cookie(name) => head.all("set-cookie").any(|field| field.value.trim_start().to_lowercase().starts_with(name)),
            Location(text) => head.all("location").any(|field| field.value.to_lowercase().contains(text)),
            Page(_) | Issuer(_) => false,
        }
    }
}

/// The products that show themselves in a response's head or in who issued the certificate, in the table's order.
pub fn passed(head: Option<&Head>, issuer: Option<&str>) -> Vec<&'static Product> {
    let shows = |sign: &Sign| match sign {
        Issuer(_) => issuer.is_some_and(|issuer| is_issuer(*sign, issuer)),
        _ => head.is_some_and(|head| sign.is_in_head(head)),
    };
    PRODUCTS.iter().filter(|product| product.passes.iter().chain(product.blocks).any(shows)).collect()
}

/// The product that answered in place of the API. `page` is the body's text in lower case.
pub fn answered(head: &Head, page: &str) -> Option<&'static Product> {
    let shows = |sign: &Sign| match sign {
        Page(words) => page.contains(words),
        _ => sign.is_in_head(head),
    };
    PRODUCTS.iter().find(|product| product.blocks.iter().any(shows))
}

/// The product whose login or block page a redirect names.
pub fn redirects(head: &Head) -> Option<&'static Product> {
    let shows = |sign: &Sign| matches!(sign, Location(_)) && sign.is_in_head(head);
    PRODUCTS.iter().find(|product| product.blocks.iter().any(shows))
}

/// The product that opens TLS under a certificate of its own making.
pub fn intercepts(issuer: &str) -> Option<&'static Product> {
    PRODUCTS.iter().find(|product| product.passes.iter().any(|sign| is_issuer(*sign, issuer)))
}

fn is_issuer(sign: Sign, issuer: &str) -> bool {
    matches!(sign, Issuer(words) if issuer.to_lowercase().contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(fields: &str) -> Head {
        Head::parse(format!("HTTP/1.1 200 OK\r\n{fields}\r\n").as_bytes(), 0)
    }

    fn names(products: Vec<&Product>) -> Vec<&str> {
        products.into_iter().map(|product| product.name).collect()
    }

    #[test]
    fn who_took_part_is_read_from_fields_and_cookies() {
        let head = head("Server: nginx/1.22.1\r\nCF-RAY: 8a\r\nx-litellm-call-id: 1\r\nSet-Cookie: AWSALB=x; Path=/\r\n");
        assert_eq!(names(passed(Some(&head), Some("CN=R11, O=Let's Encrypt"))), ["nginx", "Cloudflare", "AWS load balancer", "LiteLLM"]);
        assert!(answered(&head, "{\"choices\":[]}").is_none());
    }

    #[test]
    fn every_sign_is_in_lower_case_and_finds_its_product() {
        for product in PRODUCTS {
            assert!(!product.source.is_empty(), "{}", product.name);
            assert!(product.passes.len() + product.blocks.len() > 0, "{}", product.name);
            for sign in product.passes.iter().chain(product.blocks) {
                let (text, found) = match *sign {
                    Field(name, text) => (text, names(passed(Some(&head(&format!("{name}: {text}x\r\n"))), None))),
                    Cookie(name) => (name, names(passed(Some(&head(&format!("Set-Cookie: {name}1=2\r\n"))), None))),
                    Location(text) => (text, names(redirects(&head(&format!("Location: http://a{text}b\r\n"))).into_iter().collect())),
                    Page(text) => (text, names(answered(&head(""), text).into_iter().collect())),
                    Issuer(text) => (text, names(intercepts(&text.to_uppercase()).into_iter().collect())),
                };
                assert_eq!(text, text.to_lowercase(), "{}", product.name);
                assert!(found.contains(&product.name), "{}: {sign:?} finds {found:?}", product.name);
            }
        }
    }
}
