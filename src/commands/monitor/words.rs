//! What is said of alerts, in both languages: one sentence for each that opens or closes, for people and for `--on-alert` alike.

use std::time::Duration;

use super::super::progress::roughly;
use crate::lang::{Lang, Text, text};
use crate::monitor::{Change, Event, Rule};

fn fill(words: Text, lang: Lang, slots: &[(&str, String)]) -> String {
    words.fill(lang, |slot| slots.iter().find(|(name, _)| *name == slot).map(|(_, value)| value.clone()))
}

/// `2 %` of 0.02, and no more digits than it takes.
pub fn percent(share: f64, lang: Lang) -> String {
    let number = (share * 1000.0).round() / 10.0;
    if lang == Lang::Zh { format!("{number}%") } else { format!("{number} %") }
}

/// A time as people say it; a bound keeps all its digits.
pub fn seconds(milliseconds: f64) -> String {
    if milliseconds < 1000.0 { format!("{milliseconds:.0} ms") } else { format!("{} s", (milliseconds / 10.0).round() / 100.0) }
}

/// The whole sentence. `code` is that of the check that decided, at which the clock showed `now`.
pub fn of_event(event: &Event, target: &str, code: &str, now: i64, lang: Lang) -> String {
    const CLASS: Text = text("alert: {target}: {code} ({rule})", "告警：{target}：{code}（{rule}）");
    const RATE: Text = text(
        "alert: {target}: {broken} of {checks} checks failed, more than {bound}; now {code}",
        "告警：{target}：{checks} 次检查有 {broken} 次失败，超过 {bound}；当前为 {code}",
    );
    const TIME: Text = text(
        "alert: {target}: {what} is {value} (95th percentile of {checks} checks), more than {bound}",
        "告警：{target}：{what}为 {value}（{checks} 次检查的第 95 百分位），超过 {bound}",
    );
    const CLOSED: Text = text("recovered: {target}: {rule}, after {time}", "恢复：{target}：{rule}，持续 {time}");
    let words = match (event.change, event.rule) {
        (Change::Closed, _) => CLOSED,
        (_, Rule::Class(_)) => CLASS,
        (_, Rule::ErrorRate(_)) => RATE,
        (_, Rule::FirstByte(_) | Rule::FirstToken(_) | Rule::P95(_)) => TIME,
    };
    let bound = event.rule.bound().unwrap_or_default();
    let lasted = Duration::from_millis(u64::try_from(now - event.since).unwrap_or(0));
    let slots = [
        ("target", target.to_string()),
        ("code", code.to_string()),
        ("rule", event.rule.name()),
        ("broken", event.broken.to_string()),
        ("checks", event.checks.to_string()),
        ("value", seconds(event.value)),
        ("bound", if event.rule.is_of_time() { seconds(bound) } else { percent(bound, lang) }),
        ("what", measured(event.rule).get(lang).to_string()),
        ("time", roughly(lasted)),
    ];
    fill(words, lang, &slots)
}

fn measured(rule: Rule) -> Text {
    match rule {
        Rule::FirstByte(_) => text("the time to the first byte", "首字节时间"),
        Rule::FirstToken(_) => text("the time to the first token", "首个 token 的时间"),
        Rule::Class(_) | Rule::ErrorRate(_) | Rule::P95(_) => text("the time of an answer", "回答时间"),
    }
}

/// What the settings cost.
pub struct Start<'a> {
    pub targets: &'a [String],
    pub interval: Duration,
    pub jitter: f64,
    pub max_tokens: Option<u64>,
    /// What one round of checks costs at most, where all prices are known, in whatever currency they have.
    pub cost: Option<f64>,
}

impl Start<'_> {
    pub fn say(&self, lang: Lang) -> String {
        const START: Text = text(
            "watching {targets}: a check every {interval}{jitter}, {requests} requests an hour{tokens}{cost}",
            "正在监测 {targets}：每 {interval}{jitter} 检查一次，每小时 {requests} 个请求{tokens}{cost}",
        );
        const TOKENS: Text = text(", with {tokens} tokens of answers at most", "，回答最多 {tokens} 个 token");
        const COST: Text = text(", for {cost} at most by the configured prices", "，按配置的价格最多花费 {cost}");
        let rounds = 3600.0 / self.interval.as_secs_f64();
        let an_hour = (self.targets.len() as f64 * rounds).round();
        let tokens = self.max_tokens.map(|most| fill(TOKENS, lang, &[("tokens", (an_hour * most as f64).to_string())]));
        let slots = [
            ("targets", self.targets.join(if lang == Lang::Zh { "、" } else { ", " })),
            ("interval", humantime::format_duration(self.interval).to_string()),
            ("jitter", if self.jitter > 0.0 { format!(" ± {}", percent(self.jitter, lang)) } else { String::new() }),
            ("requests", an_hour.to_string()),
            ("tokens", tokens.unwrap_or_default()),
            ("cost", self.cost.map(|cost| fill(COST, lang, &[("cost", money(cost * rounds))])).unwrap_or_default()),
        ];
        fill(START, lang, &slots)
    }
}

/// To two digits that count.
fn money(amount: f64) -> String {
    let digits = if amount >= 1.0 || amount <= 0.0 { 2 } else { (1 - amount.log10().floor() as i32).clamp(2, 9) as usize };
    format!("{amount:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Class;

    fn event(change: Change, rule: Rule, value: f64) -> Event {
        Event { change, rule, value, checks: 20, broken: 3, since: 1000 }
    }

    #[test]
    fn an_event_is_one_sentence_that_says_what_was_measured_and_what_was_allowed() {
        let said = |change, rule, value| of_event(&event(change, rule, value), "relay", "bad-gateway", 126_000, Lang::En);
        for (said, expected) in [
            (said(Change::Opened, Rule::ErrorRate(0.02), 0.15), "alert: relay: 3 of 20 checks failed, more than 2 %; now bad-gateway"),
            (said(Change::Opened, Rule::Class(Class::Auth), 1.0), "alert: relay: bad-gateway (class:auth)"),
            (
                said(Change::Opened, Rule::FirstToken(5000.0), 7341.2),
                "alert: relay: the time to the first token is 7.34 s (95th percentile of 20 checks), more than 5 s",
            ),
            (said(Change::Closed, Rule::ErrorRate(0.02), 0.0), "recovered: relay: error-rate, after 2m 5s"),
        ] {
            assert_eq!(said, expected);
        }
        let chinese = of_event(&event(Change::Opened, Rule::ErrorRate(0.005), 0.15), "relay", "bad-gateway", 0, Lang::Zh);
        assert_eq!(chinese, "告警：relay：20 次检查有 3 次失败，超过 0.5%；当前为 bad-gateway");
    }

    #[test]
    fn the_start_says_what_it_costs() {
        let targets = ["a".to_string(), "b".to_string()];
        let start = Start { targets: &targets, interval: Duration::from_secs(60), jitter: 0.1, max_tokens: Some(16), cost: None };
        let said = "watching a, b: a check every 1m ± 10 %, 120 requests an hour, with 1920 tokens of answers at most";
        assert_eq!(start.say(Lang::En), said);
        let priced = Start { cost: Some(2.0 * (10.0 * 0.15 + 16.0 * 0.6) / 1e6), ..start };
        assert_eq!(priced.say(Lang::En), format!("{said}, for 0.0013 at most by the configured prices"));
        assert_eq!([0.0, 12.0, 0.5, 0.000_001_23].map(money), ["0.00", "12.00", "0.50", "0.0000012"]);
    }
}
