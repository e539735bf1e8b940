//! What Prometheus scrapes: the text exposition format 0.0.4, names and units by prometheus.io/docs/practices/naming. Counters begin at
//! zero with each run, as Prometheus expects of a process that was started again.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::threshold::Rule;
use super::watch::{Change, Event, Watch};
use crate::diagnosis::Severity;
use crate::sample::Sample;

pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Upper bounds in seconds, from a good connection's first byte to the patience of most clients.
const BUCKETS: [f64; 14] = [0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 7.5, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0];

/// What is counted of one target.
#[derive(Clone, Debug)]
pub struct Meter {
    target: String,
    model: String,
    /// By class, code and severity.
    checks: BTreeMap<[&'static str; 3], u64>,
    first_byte: Histogram,
    first_token: Histogram,
    duration: Histogram,
    prompt_tokens: u64,
    completion_tokens: u64,
    /// Whether the last check went well, and when it began.
    last: Option<(bool, i64)>,
    error_share: f64,
    /// Of each rule: whether its alert is open, and how many have opened.
    alerts: Vec<(String, bool, u64)>,
}

#[derive(Clone, Debug, Default)]
struct Histogram {
    /// How many are in each bucket alone.
    counts: [u64; BUCKETS.len() + 1],
    sum: f64,
}

impl Histogram {
    fn count(&mut self, milliseconds: Option<f64>) {
        let Some(seconds) = milliseconds.map(|milliseconds| milliseconds / 1000.0) else { return };
        let bucket = BUCKETS.iter().position(|bound| seconds <= *bound).unwrap_or(BUCKETS.len());
        self.counts[bucket] += 1;
        self.sum += seconds;
    }
}

impl Meter {
    /// A target that was not checked yet; an earlier run may have left alerts open.
    pub fn new(target: &str, model: Option<&str>, rules: &[Rule], watch: &Watch) -> Meter {
        let mut meter = Meter {
            target: target.to_string(),
            model: model.unwrap_or_default().to_string(),
            // A counter that is there from the beginning can be told from one that has no reason to be.
            checks: BTreeMap::from([(["healthy", "healthy", "ok"], 0)]),
            first_byte: Histogram::default(),
            first_token: Histogram::default(),
            duration: Histogram::default(),
            prompt_tokens: 0,
            completion_tokens: 0,
            last: None,
            error_share: 0.0,
            alerts: rules.iter().map(|rule| (rule.name(), false, 0)).collect(),
        };
        meter.look_at(watch);
        meter
    }

    pub fn count(&mut self, sample: &Sample, at: i64, events: &[Event], watch: &Watch) {
        *self.checks.entry([sample.class.name(), sample.code, severity(sample.severity)]).or_default() += 1;
        self.last = Some((!sample.has_failed(), at));
        if !sample.has_failed() {
            self.first_byte.count(sample.first_byte_ms);
            self.first_token.count(sample.first_token_ms);
            self.duration.count(sample.total_ms);
        }
        self.prompt_tokens += sample.prompt_tokens.unwrap_or(0);
        self.completion_tokens += sample.answer_tokens.count;
        for event in events.iter().filter(|event| event.change == Change::Opened) {
            let name = event.rule.name();
            self.alerts.iter_mut().filter(|(rule, ..)| *rule == name).for_each(|(_, _, opened)| *opened += 1);
        }
        self.look_at(watch);
    }

    fn look_at(&mut self, watch: &Watch) {
        self.error_share = watch.failures().share();
        for ((_, is_open, _), (_, since)) in self.alerts.iter_mut().zip(watch.alerts()) {
            *is_open = since.is_some();
        }
    }
}

/// The whole page. A family's lines stand together, as the format wants it.
pub fn exposition<'a>(meters: impl Iterator<Item = &'a Meter> + Clone) -> String {
    let mut page = Page(String::new());
    page.family("llmcheck_build_info", "gauge", "The version of llmcheck that watches.");
    page.line("llmcheck_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1.0);
    page.family("llmcheck_checks_total", "counter", "Checks by verdict; those of severity error have failed.");
    for meter in meters.clone() {
        for ([class, code, severity], count) in &meter.checks {
            let labels =
                [("target", meter.target.as_str()), ("model", &meter.model), ("class", class), ("code", code), ("severity", severity)];
            page.line("llmcheck_checks_total", &labels, *count as f64);
        }
    }
    page.gauges(meters.clone(), "llmcheck_up", "Whether the last check went well: 1, or 0 where it failed.", |meter| {
        meter.last.map(|(is_well, _)| if is_well { 1.0 } else { 0.0 })
    });
    page.gauges(meters.clone(), "llmcheck_last_check_timestamp_seconds", "When the last check began, since 1970.", |meter| {
        meter.last.map(|(_, at)| at as f64 / 1000.0)
    });
    page.gauges(meters.clone(), "llmcheck_error_ratio", "The share of the checks in the window that failed.", |meter| {
        Some(meter.error_share)
    });
    page.histograms(
        meters.clone(),
        "llmcheck_first_byte_seconds",
        "Time to the first byte of the response, of checks that went well.",
        |meter| &meter.first_byte,
    );
    page.histograms(
        meters.clone(),
        "llmcheck_first_token_seconds",
        "Time to the first token of a stream, of checks that went well.",
        |meter| &meter.first_token,
    );
    page.histograms(meters.clone(), "llmcheck_duration_seconds", "Time of the whole exchange, of checks that went well.", |meter| {
        &meter.duration
    });
    page.family("llmcheck_tokens_total", "counter", "Tokens of the checks, as the server counts them or else estimated.");
    for meter in meters.clone() {
        for (kind, count) in [("prompt", meter.prompt_tokens), ("completion", meter.completion_tokens)] {
            page.line("llmcheck_tokens_total", &[("target", &meter.target), ("model", &meter.model), ("kind", kind)], count as f64);
        }
    }
    page.family("llmcheck_alert_firing", "gauge", "Whether the alert of this rule is open: 1, else 0.");
    for meter in meters.clone() {
        for (rule, is_open, _) in &meter.alerts {
            page.line("llmcheck_alert_firing", &[("target", &meter.target), ("rule", rule)], if *is_open { 1.0 } else { 0.0 });
        }
    }
    page.family("llmcheck_alerts_total", "counter", "Alerts that this rule has opened.");
    for meter in meters {
        for (rule, _, opened) in &meter.alerts {
            page.line("llmcheck_alerts_total", &[("target", &meter.target), ("rule", rule)], *opened as f64);
        }
    }
    page.0
}

/// As in reports.
fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Ok => "ok",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        let labels: Vec<String> = labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
        let _ = writeln!(self.0, "{name}{{{}}} {value}", labels.join(","));
    }

    fn gauges<'a>(&mut self, meters: impl Iterator<Item = &'a Meter>, name: &str, help: &str, value: impl Fn(&Meter) -> Option<f64>) {
        self.family(name, "gauge", help);
        for (meter, value) in meters.filter_map(|meter| Some((meter, value(meter)?))) {
            self.line(name, &[("target", &meter.target), ("model", &meter.model)], value);
        }
    }

    /// Buckets are cumulative.
    fn histograms<'a>(
        &mut self,
        meters: impl Iterator<Item = &'a Meter>,
        name: &str,
        help: &str,
        histogram: impl Fn(&Meter) -> &Histogram,
    ) {
        self.family(name, "histogram", help);
        for meter in meters {
            let histogram = histogram(meter);
            let own = [("target", meter.target.as_str()), ("model", meter.model.as_str())];
            let mut count = 0;
            for (place, in_bucket) in histogram.counts.iter().enumerate() {
                count += in_bucket;
                let bound = BUCKETS.get(place).map_or_else(|| "+Inf".to_string(), ToString::to_string);
                self.line(&format!("{name}_bucket"), &[own[0], own[1], ("le", &bound)], count as f64);
            }
            self.line(&format!("{name}_sum"), &own, histogram.sum);
            self.line(&format!("{name}_count"), &own, count as f64);
        }
    }
}

/// Backslash, quote and line feed, as the format has it.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Class;
    use crate::monitor::log::tests::sample;
    use crate::monitor::{Hysteresis, Seen, Span};

    const HYSTERESIS: Hysteresis = Hysteresis { span: Span::Checks(20), min_checks: 1, recover_after: 5 };
    const RULES: [Rule; 2] = [Rule::Class(Class::Auth), Rule::P95(5000.0)];

    fn page(target: &str, classes: &[(Class, &'static str)]) -> String {
        let mut watch = Watch::new(&RULES, HYSTERESIS);
        let mut meter = Meter::new(target, Some("m"), &RULES, &watch);
        for (place, (class, code)) in classes.iter().enumerate() {
            let (sample, at) = (sample(*class, code), 1_764_264_000_500 + place as i64);
            let events = watch.see(&Seen::of(&sample, at));
            meter.count(&sample, at, &events, &watch);
        }
        exposition([&meter].into_iter())
    }

    #[track_caller]
    fn has(page: &str, lines: &[&str]) {
        for line in lines {
            assert!(page.lines().any(|known| known == *line), "{line} is not in\n{page}");
        }
    }

    #[test]
    fn a_page_counts_what_was_seen() {
        let page = page("relay", &[(Class::Healthy, "healthy"), (Class::Healthy, "healthy"), (Class::Auth, "invalid-api-key")]);
        has(
            &page,
            &[
                "# TYPE llmcheck_checks_total counter",
                r#"llmcheck_checks_total{target="relay",model="m",class="healthy",code="healthy",severity="ok"} 2"#,
                r#"llmcheck_checks_total{target="relay",model="m",class="auth",code="invalid-api-key",severity="error"} 1"#,
                r#"llmcheck_up{target="relay",model="m"} 0"#,
                r#"llmcheck_last_check_timestamp_seconds{target="relay",model="m"} 1764264000.502"#,
                r#"llmcheck_first_token_seconds_bucket{target="relay",model="m",le="0.1"} 2"#,
                r#"llmcheck_duration_seconds_bucket{target="relay",model="m",le="0.5"} 0"#,
                r#"llmcheck_duration_seconds_bucket{target="relay",model="m",le="1"} 2"#,
                r#"llmcheck_duration_seconds_bucket{target="relay",model="m",le="+Inf"} 2"#,
                r#"llmcheck_duration_seconds_sum{target="relay",model="m"} 1.8005"#,
                r#"llmcheck_duration_seconds_count{target="relay",model="m"} 2"#,
                r#"llmcheck_tokens_total{target="relay",model="m",kind="completion"} 21"#,
                r#"llmcheck_alert_firing{target="relay",rule="class:auth"} 1"#,
                r#"llmcheck_alert_firing{target="relay",rule="p95"} 0"#,
                r#"llmcheck_alerts_total{target="relay",rule="class:auth"} 1"#,
            ],
        );
    }

    #[test]
    fn before_the_first_check_nothing_is_said_of_it() {
        let page = page("relay", &[]);
        has(&page, &[r#"llmcheck_checks_total{target="relay",model="m",class="healthy",code="healthy",severity="ok"} 0"#]);
        assert!(!page.contains("llmcheck_up{") && !page.contains("timestamp_seconds{"));
    }

    #[test]
    fn no_name_of_a_target_breaks_a_line() {
        let page = page("a\"b\\c\nd", &[]);
        has(&page, &[r#"llmcheck_error_ratio{target="a\"b\\c\nd",model="m"} 0"#]);
    }

    #[test]
    fn every_family_stands_in_one_piece_under_its_help_and_its_type() {
        let page = page("relay", &[(Class::Healthy, "healthy")]);
        let mut families: Vec<&str> = Vec::new();
        for line in page.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                families.push(rest.split(' ').next().unwrap());
            } else if !line.starts_with('#') {
                assert!(line.starts_with(families.last().unwrap()), "{line}");
            }
        }
        let mut once = families.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), families.len());
    }
}
