//! Servers that answer and are no chat API at all.

use super::{Verdicts, both, scenario};
use crate::lab::Scenario;
use crate::lab::link::Ending;
use crate::lang::text;

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario(
        "web-page-not-api",
        text("answers with nginx's welcome page", "返回 nginx 的欢迎页"),
        stranger("web-page-not-api"),
        |exchange| exchange.say("200 OK", &[("Server", "nginx/1.22.1")], "text/html", WELCOME_PAGE),
    ),
    scenario(
        "redirected-elsewhere",
        text("redirects to another host", "重定向到另一个主机"),
        stranger("redirected-elsewhere"),
        |exchange| {
            let fields = [("Server", "nginx/1.22.1"), ("Location", "https://www.example.com/v1/chat/completions")];
            exchange.say("301 Moved Permanently", &fields, "text/html", super::nginx_page!("301 Moved Permanently"))
        },
    ),
    scenario(
        "redirected-to-https",
        text("redirects to https on the same host", "重定向到同一主机的 https"),
        stranger("redirected-elsewhere"),
        |exchange| {
            let host = exchange.request.field("Host").unwrap_or("127.0.0.1");
            let location = format!("https://{host}{}", exchange.request.path);
            let fields = [("Server", "nginx/1.22.1"), ("Location", &location)];
            exchange.say("308 Permanent Redirect", &fields, "text/html", super::nginx_page!("308 Permanent Redirect"))
        },
    ),
    scenario(
        "other-json",
        text("answers with the JSON of another service", "返回另一个服务的 JSON"),
        stranger("other-json"),
        |exchange| {
            exchange.say("200 OK", &[], "application/json", r#"{"status":"ok","service":"user-center","version":"2.4.1","uptime":86212}"#)
        },
    ),
    scenario("not-text-or-json", text("answers with an image", "返回一张图片"), stranger("not-text-or-json"), |exchange| {
        let bytes = exchange.ok_as("image/gif").whole(ONE_PIXEL);
        exchange.send(bytes)?;
        Ok(Ending::Reuse)
    }),
    scenario("not-http", text("speaks SSH", "使用 SSH 协议"), stranger("not-http"), |exchange| {
        exchange.send("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\nInvalid SSH identification string.\r\n")?;
        Ok(Ending::Close)
    }),
    scenario(
        "speaks-http2-only",
        text("speaks HTTP/2 without being asked, as gRPC ports do", "未经协商直接使用 HTTP/2，与 gRPC 端口相同"),
        stranger("not-http"),
        |exchange| {
            exchange.send([SETTINGS_FRAME, GOAWAY_FRAME].concat())?;
            Ok(Ending::Close)
        },
    ),
];

/// RFC 9113 section 6.5: MAX_FRAME_SIZE 16384.
const SETTINGS_FRAME: &[u8] = &[0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0x40, 0];

/// RFC 9113 section 6.8: PROTOCOL_ERROR, for the preface that never came.
const GOAWAY_FRAME: &[u8] = &[0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

const ONE_PIXEL: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

const WELCOME_PAGE: &str = concat!(
    "<!DOCTYPE html>\n<html>\n<head>\n<title>Welcome to nginx!</title>\n</head>\n<body>\n<h1>Welcome to nginx!</h1>\n",
    "<p>If you see this page, the nginx web server is successfully installed and\nworking. Further configuration is required.</p>\n",
    "<p><em>Thank you for using nginx.</em></p>\n</body>\n</html>\n"
);

const fn stranger(code: &'static str) -> Verdicts {
    both("not_an_api", code)
}
