//! The HTML report as a browser shows it: in light and dark, on a phone, on a wide screen and on paper; that nothing in it runs, loads or
//! is cut; and that what a server says stays text. `.ci/run` installs Chromium; run it with `cargo test --test browser -- --ignored`.
//! The pictures are left in target/tmp/browser for who wants to look.

#![cfg(unix)]

#[path = "browser/chromium.rs"]
mod chromium;
#[path = "browser/picture.rs"]
mod picture;
#[path = "browser/report.rs"]
mod report;

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use chromium::{Chromium, Medium, Page};
use picture::Picture;
use report::Made;

const PHONE: u32 = 380;
const DESK: u32 = 1100;
const WIDE: u32 = 1900;
/// A scale at which colours can be counted quickly.
const SMALL: f64 = 0.2;

/// One browser for all tests, one test at a time.
fn browser() -> MutexGuard<'static, Chromium> {
    static BROWSER: OnceLock<Mutex<Chromium>> = OnceLock::new();
    BROWSER.get_or_init(|| Mutex::new(Chromium::start())).lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whatever the report says, its page must be so.
fn is_sound(page: &mut Page<'_>, made: &Made) {
    page.show(Medium::Light, DESK);
    assert_eq!(page.evaluate(include_str!("browser/faults.js")), serde_json::json!([]), "{}", made.name);
    for medium in [Medium::Light, Medium::Dark] {
        for width in [PHONE, DESK, WIDE] {
            page.show(medium, width);
            let faults = page.evaluate(include_str!("browser/looks.js"));
            assert_eq!(faults, serde_json::json!([]), "{} {medium:?} {width}", made.name);
            // To be looked at; all six would take most of the time.
            if (medium == Medium::Light) != (width == DESK) && width != WIDE {
                std::fs::write(made.beside(&format!("{medium:?}-{width}.png")), page.picture(1.0)).unwrap();
            }
            let picture = Picture::read(&page.picture(SMALL));
            assert!(picture.colours() > 20, "{} {medium:?} {width}: blank", made.name);
            assert_eq!(picture.is_dark(), medium == Medium::Dark, "{} {medium:?} {width}", made.name);
        }
    }
    is_sound_on_paper(page, made);
    assert_eq!(page.requests(), [made.url()], "{}: something was loaded", made.name);
    assert_eq!(page.complaints(), Vec::<String>::new(), "{}", made.name);
}

/// Printed from a dark screen it is still black on white, and nothing runs out of the page.
fn is_sound_on_paper(page: &mut Page<'_>, made: &Made) {
    const A4: u32 = 718;
    page.show(Medium::DarkPaper, A4);
    assert_eq!(page.evaluate(include_str!("browser/looks.js")), serde_json::json!([]), "{} on paper", made.name);
    std::fs::write(made.beside("paper.png"), page.picture(1.0)).unwrap();
    assert!(!Picture::read(&page.picture(SMALL)).is_dark(), "{}: dark paper", made.name);
    let pdf = page.pdf();
    std::fs::write(made.beside("pdf"), &pdf).unwrap();
    let pages = pdf.windows(11).filter(|bytes| *bytes == b"/Type /Page").count()
        - pdf.windows(12).filter(|bytes| *bytes == b"/Type /Pages").count();
    assert!((1..=30).contains(&pages), "{}: {pages} pages", made.name);
}

fn check(made: &Made, look: impl FnOnce(&mut Page<'_>)) {
    let mut browser = browser();
    let mut page = browser.open(&made.url());
    look(&mut page);
    is_sound(&mut page, made);
}

/// Texts of all elements that a selector finds.
fn texts(page: &mut Page<'_>, selector: &str) -> Vec<String> {
    let found = page.evaluate(&format!("[...document.querySelectorAll({})].map(e => e.textContent)", serde_json::json!(selector)));
    found.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_string()).collect()
}

fn has(page: &mut Page<'_>, selector: &str, words: &str) {
    let texts = texts(page, selector);
    assert!(texts.iter().any(|text| text.contains(words)), "{selector} {words:?}: {texts:#?}");
}

#[test]
#[ignore = "needs Chromium"]
fn a_healthy_stream() {
    check(&Made::of_lab("healthy-slow", &["--stream"]), |page| {
        has(page, ".badge", "OK");
        has(page, ".title", "a complete, well-framed answer");
        has(page, ".drawing text", "no length; ends with the connection");
        has(page, ".drawing text", "receiving");
        assert!(texts(page, ".proof").is_empty());
    });
}

#[test]
#[ignore = "needs Chromium"]
fn a_length_that_counts_characters_in_chinese() {
    check(&Made::of_lab("length-counts-characters", &["--lang", "zh"]), |page| {
        assert_eq!(page.evaluate("document.documentElement.lang"), "zh-Hans");
        has(page, ".drawing text", "声明长度");
        has(page, ".proof mark", "420");
        assert_eq!(page.evaluate("document.querySelectorAll('.surplus').length"), 1);
    });
}

#[test]
#[ignore = "needs Chromium"]
fn a_body_shorter_than_declared() {
    check(&Made::of_lab("body-shorter-than-declared", &[]), |page| {
        assert_eq!(page.evaluate("document.querySelectorAll('.missing').length"), 1);
        has(page, ".drawing text", "missing 100");
    });
}

#[test]
#[ignore = "needs Chromium"]
fn a_stream_that_stops_between_chunks() {
    check(&Made::of_lab("chunks-without-end", &["--stream"]), |page| {
        has(page, ".drawing text", "no length; ends with an empty chunk");
        has(page, ".drawing text", "no last chunk");
        assert!(page.evaluate("document.querySelectorAll('.tick').length").as_u64().unwrap() > 3);
    });
}

#[test]
#[ignore = "needs Chromium"]
fn a_stream_that_stalls() {
    check(&Made::of_lab("stalled-in-body", &["--stream", "--idle-timeout", "1200ms"]), |page| {
        has(page, ".drawing text", "silence until the end 1");
        assert_eq!(page.evaluate("document.querySelectorAll('.silence').length"), 1);
    });
}

#[test]
#[ignore = "needs Chromium"]
fn a_reset_over_tls() {
    check(&Made::of_lab("cut-by-reset", &["--lab-tls"]), |page| {
        has(page, ".drawing text", "reset (RST)");
        has(page, "dt", "Issued by");
        assert!(page.evaluate("document.querySelectorAll('.cross').length").as_u64().unwrap() >= 2);
    });
}

#[test]
#[ignore = "needs Chromium"]
fn a_rate_limit_with_its_fields() {
    check(&Made::of_lab("requests-per-minute", &[]), |page| {
        has(page, "h3", "Rate limits");
        has(page, "dt", "ratelimit");
    });
}

#[test]
#[ignore = "needs Chromium"]
fn three_attempts() {
    check(&Made::of_lab("flaky-500-twice", &["--retry", "3", "--retry-base", "10ms"]), |page| {
        assert_eq!(page.evaluate("document.querySelectorAll('article').length"), 3);
        assert_eq!(page.evaluate("[...document.querySelectorAll('.contents a')].every(a => document.querySelector(a.hash))"), true);
        assert_eq!(texts(page, ".badge"), ["Error", "Error", "OK"]);
    });
}

#[test]
#[ignore = "needs Chromium"]
fn no_connection_at_all() {
    check(&Made::of_lab("connection-refused", &[]), |page| {
        has(page, ".note", "this only opens the connection");
        has(page, ".drawing text", "no byte of a response came");
    });
}

#[test]
#[ignore = "needs Chromium"]
fn a_compressed_answer() {
    check(&Made::of_lab("healthy-gzip", &[]), |page| has(page, ".drawing text", "Decoded (gzip)"));
}

#[test]
#[ignore = "needs Chromium"]
fn lengths_of_very_different_size() {
    let body = format!("{{\"choices\":[{{\"message\":{{\"content\":\"{}\"}},\"finish_reason\":\"stop\"}}]}}", "a".repeat(300_000));
    let made = Made::of_answer(
        "ratio",
        format!("HTTP/1.1 200 OK\r\nContent-Length: 30\r\nContent-Type: application/json\r\n\r\n{body}").into_bytes(),
    );
    check(&made, |page| {
        has(page, "figcaption", "shortened");
        let width = page.evaluate("document.querySelector('.promise').getBBox().width").as_f64().unwrap();
        assert!(width > 8.0, "{width}");
    });
}

#[test]
#[ignore = "needs Chromium"]
fn a_comparison_with_its_plots() {
    let targets = ["lab/healthy", "lab/fails-one-in-ten", "lab/healthy-slow", "--rounds", "25"];
    check(&Made::of_comparison("comparison", &targets), |page| {
        has(page, ".badge", "Not decided");
        has(page, ".drawing text", "lab/fails-one-in-ten");
        assert_eq!(page.evaluate("document.querySelectorAll('.drawing').length"), 4);
        assert_eq!(page.evaluate("document.querySelectorAll('#failures-title')[0].closest('svg').querySelectorAll('.dot').length"), 3);
        assert_eq!(page.evaluate("document.querySelectorAll('.curve').length"), 3);
        // A drawing's place is within it, whatever it shows.
        let outside = "[...document.querySelectorAll('.drawing')].some(d => [...d.querySelectorAll('circle, .box, .median, .whisker')].some(e => { const [a, b] = [e, d].map(x => x.getBoundingClientRect()); return a.left < b.left - 1 || a.right > b.right + 1 || a.top < b.top - 1 || a.bottom > b.bottom + 1; }))";
        assert_eq!(page.evaluate(outside), false);
    });
}

#[test]
#[ignore = "needs Chromium"]
fn a_comparison_in_chinese_of_names_that_are_long_and_hostile() {
    let long = format!("lab/healthy:{}", "模型-with-a-very-long-name-".repeat(4));
    let targets = ["lab/slow-healthy", &long, "lab/healthy:<img src=x onerror=pwned=1>", "--rounds", "9", "--lang", "zh", "--no-stream"];
    check(&Made::of_comparison("comparison-chinese", &targets), |page| {
        assert_eq!(page.evaluate("document.documentElement.lang"), "zh-Hans");
        assert_eq!(page.evaluate("document.querySelectorAll('img').length"), 0);
        has(page, "th", "<img src=x onerror=pwned=1>");
        has(page, "h3", "到回答结束的时间");
        assert_eq!(page.evaluate("document.querySelectorAll('.drawing').length"), 3);
    });
}

#[test]
#[ignore = "needs Chromium"]
fn a_comparison_of_one_that_never_answers() {
    check(&Made::of_comparison("comparison-failing", &["lab/key-invalid", "--rounds", "4"]), |page| {
        has(page, ".badge", "Over the bound");
        assert_eq!(page.evaluate("document.querySelectorAll('.fault').length"), 4);
    });
}

#[test]
#[ignore = "needs Chromium"]
fn what_a_hostile_server_says_is_text() {
    let made = Made::of_answer("hostile", report::hostile());
    check(&made, |page| {
        for mark in ["img", "iframe", "object", "base", "link", "form"] {
            assert_eq!(page.evaluate(&format!("document.querySelectorAll('main {mark}').length")), 0, "{mark}");
        }
        assert_eq!(page.evaluate("typeof window.pwned"), "undefined");
        has(page, "pre", "<script>window.pwned=1</script>");
        has(page, "pre", "X-Evil: \"><img src=x onerror=pwned=1>");
        assert_eq!(page.evaluate(r"/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/.test(document.documentElement.outerHTML)"), false);
    });
}
