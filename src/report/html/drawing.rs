//! What both drawings share. Places across are shares of the width, so that a drawing fits a phone and a page with its words at the same
//! size; places down are pixels.

use super::super::facts::Exchange;
use super::markup::Html;
use crate::wire::framing::Framing;

/// A share of the width as SVG writes it.
pub fn percent(share: f64) -> String {
    format!("{:.2}%", (share.clamp(0.0, 1.0) * 100.0))
}

/// A place down.
pub fn pixels(y: f64) -> String {
    format!("{y:.1}")
}

/// An SVG with its name and its description for who does not see it.
pub fn drawing<'a>(html: &mut Html<'a>, id: &str, height: f64, [title, description]: [&str; 2], content: impl FnOnce(&mut Html<'a>)) {
    let (title_id, description_id) = (format!("{id}-title"), format!("{id}-desc"));
    let names = format!("{title_id} {description_id}");
    let attributes = [("class", "drawing"), ("role", "img"), ("width", "100%"), ("height", &pixels(height)), ("aria-labelledby", &names)];
    html.element("svg", &attributes, |html| {
        html.line("title", &[("id", &title_id)], title);
        html.line("desc", &[("id", &description_id)], description);
        content(html);
    });
}

/// A bar from one share of the width to another; never thinner than can be seen.
pub fn bar(html: &mut Html<'_>, class: &str, [from, to]: [f64; 2], [y, height]: [f64; 2]) {
    let (x, width) = (percent(from), percent((to - from).max(0.002)));
    html.leaf("rect", &[("class", class), ("x", &x), ("width", &width), ("y", &pixels(y)), ("height", &pixels(height))]);
}

pub fn vertical(html: &mut Html<'_>, class: &str, at: f64, [from, to]: [f64; 2]) {
    let x = percent(at);
    html.leaf("line", &[("class", class), ("x1", &x), ("x2", &x), ("y1", &pixels(from)), ("y2", &pixels(to))]);
}

/// Words at a place across, on the side of it where there is room.
pub fn words(html: &mut Html<'_>, class: &str, at: f64, baseline: f64, text: &str) {
    let (anchor, shift) = match at {
        left if left < 0.02 => ("start", "0"),
        left if left < 0.4 => ("start", "5"),
        right if right > 0.6 => ("end", "-5"),
        _ => ("middle", "0"),
    };
    let attributes = [("class", class), ("x", &percent(at)), ("dx", shift), ("y", &pixels(baseline)), ("text-anchor", anchor)];
    html.line("text", &attributes, text);
}

/// A round step of which two to five go into the whole: the labels of more would not stand side by side on a phone.
pub fn step(whole: f64) -> f64 {
    let power = 10f64.powf((whole / 5.0).log10().floor());
    [1.0, 2.0, 5.0].into_iter().map(|factor| factor * power).find(|step| whole / step <= 5.0).unwrap_or(10.0 * power)
}

/// How the flow of bytes ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum End {
    /// By the peer, with nothing missing.
    Orderly,
    /// By us, or in a way that nobody saw.
    Ours,
    /// By the peer, before the message was complete by its framing.
    TooEarly,
}

impl End {
    pub fn of(exchange: &Exchange<'_>) -> End {
        let response = exchange.transcript.response.as_ref();
        let is_complete = response.is_some_and(|response| response.body.promise.framing == Framing::Close || response.body.is_complete());
        match exchange.report.ledger.end {
            "fin" | "tls-close" if is_complete => End::Orderly,
            "fin" | "tls-close" | "reset" | "tls-cut" => End::TooEarly,
            _ => End::Ours,
        }
    }
}

/// The sign of an end: a full circle, a cross, or a bar.
pub fn end_sign(html: &mut Html<'_>, end: End, at: f64, y: f64) {
    let (x, y) = (percent(at), pixels(y));
    html.element("svg", &[("class", "sign"), ("x", &x), ("y", &y), ("width", "1"), ("height", "1")], |html| match end {
        End::Orderly => html.leaf("circle", &[("class", "orderly"), ("r", "5")]),
        End::Ours => html.leaf("path", &[("class", "ours"), ("d", "M-2.5-6h5v12h-5z")]),
        End::TooEarly => html.leaf("path", &[("class", "cross"), ("d", "M-5-5L5 5M-5 5L5-5")]),
    });
}
