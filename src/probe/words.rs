//! What an experiment came to, in words: the sentence that a person can act on, and the flags that get around the trouble.

use super::belief::{Cause, Count, Trigger};
use super::experiment::Explanation;
use super::factor::{Claim, Level, Space};
use crate::lang::{Lang, text};
use crate::statistics::{Z95, wilson};

/// Names of what was varied, as they belong into sentences.
#[derive(Clone, Debug, Default)]
pub struct Names {
    pub proxy: String,
    pub here: String,
    pub there: String,
    /// The flags of `chat` that go there.
    pub there_flags: String,
    /// The value of `max_tokens` at the large limit and at the small one.
    pub limits: (u64, u64),
    /// As large as long answers came, in bytes, where any came.
    pub longest: u64,
}

impl Names {
    /// When a claim holds: a part of a sentence that begins with «when».
    pub fn condition(&self, claim: &Claim, lang: Lang) -> String {
        use Level::*;
        let words = match claim.levels[..] {
            [Plain] => text("the answer is not streamed", "以非流式请求"),
            [Stream] => text("the answer is streamed", "以流式请求"),
            [Identity] => text("no compression is offered", "不接受压缩"),
            [Gzip] => text("gzip is offered", "接受 gzip 压缩"),
            [Brotli] => text("br is offered", "接受 br 压缩"),
            [Gzip, Brotli] => text("compression is offered", "接受压缩"),
            [Long] => text("the answer is long ({size})", "回答较长（{size}）"),
            [Short] => text("the answer is short", "回答较短"),
            [Chinese] => text("prompt and answer have non-ASCII text", "含非 ASCII 文字"),
            [Ascii] => text("prompt and answer are ASCII text", "只含 ASCII 文字"),
            [LargeLimit] => text("max_tokens is {large}", "max_tokens 为 {large}"),
            [SmallLimit] => text("max_tokens is {small}", "max_tokens 为 {small}"),
            [Closed] => text("the connection is closed after the answer", "回答后关闭连接"),
            [Kept] => text("it is the first request on a kept connection", "是保持连接上的第一个请求"),
            [Second] => text("it is the second request on a connection", "是同一连接上的第二个请求"),
            [Kept, Second] => text("the connection is kept", "保持连接"),
            [Proxied] => text("it goes through the proxy {proxy}", "经由代理 {proxy}"),
            [Direct] => text("it goes past the proxy {proxy}", "不经代理 {proxy} 直连"),
            [V4] => text("it goes over IPv4", "经由 IPv4"),
            [V6] => text("it goes over IPv6", "经由 IPv6"),
            [Here] => text("it goes to {here}", "发往 {here}"),
            [There] => text("it goes to {there}", "发往 {there}"),
            _ => text("{levels}", "{levels}"),
        };
        words.fill(lang, |slot| {
            Some(match slot {
                "size" => kilobytes(self.longest),
                "large" => self.limits.1.to_string(),
                "small" => self.limits.0.to_string(),
                "proxy" => self.proxy.clone(),
                "here" => self.here.clone(),
                "there" => self.there.clone(),
                "levels" => claim.levels.iter().map(|level| level.word().get(lang)).collect::<Vec<_>>().join("/"),
                _ => return None,
            })
        })
    }

    fn conditions(&self, trigger: &Trigger, lang: Lang) -> String {
        let and = if lang == Lang::Zh { "且" } else { " and " };
        trigger.0.iter().map(|claim| self.condition(claim, lang)).collect::<Vec<_>>().join(and)
    }

    /// The sentence that says what failures depend on.
    pub fn sentence(&self, explanation: &Explanation, lang: Lang) -> String {
        let Explanation { cause, within, outside, .. } = explanation;
        let words = match cause {
            Cause::Nothing if !explanation.is_settled => {
                text("no failure in {all} requests, which are too few to tell", "{all} 个请求没有失败，但太少，还不能下结论")
            }
            Cause::Nothing => text(
                "no failure in {all} requests, every two ways to ask among them (one that shows in less than {hidden} of requests could still hide)",
                "{all} 个请求没有一个失败，任意两种方式的组合都试过（出现率低于 {hidden} 的故障仍可能存在）",
            ),
            Cause::Trigger(trigger) if trigger.0.is_empty() && !explanation.is_sure() => text(
                "failed {failed} times in {of}; what that depends on cannot be told yet",
                "{of} 次中 {failed} 次失败；还不能确定与什么有关",
            ),
            Cause::Trigger(trigger) if trigger.0.is_empty() => match explanation.is_constant() {
                true => text("fails always, however it is asked: {failed} of {of}", "无论怎样请求都失败：{of} 次中 {failed} 次"),
                false => text(
                    "fails now and then, however it is asked: {failed} of {of} ({rate}; 95 % interval {low} to {high})",
                    "时好时坏，与请求方式无关：{of} 次中 {failed} 次失败（{rate}；95% 区间 {low} 至 {high}）",
                ),
            },
            Cause::Trigger(_) if !explanation.is_sure() => text(
                "cannot tell for certain yet; failures are likeliest when {when}: {failed} of {of}; otherwise {other} of {others}",
                "还不能确定；最可能在{when}时失败：{of} 次中 {failed} 次；其他情况 {others} 次中 {other} 次",
            ),
            Cause::Trigger(_) if explanation.is_constant() => text(
                "fails only when {when}: {failed} of {of}; never otherwise: {other} of {others}",
                "只在{when}时失败：{of} 次中 {failed} 次；其他情况从不失败：{others} 次中 {other} 次",
            ),
            Cause::Trigger(_) => text(
                "fails now and then, and only when {when}: {failed} of {of} ({rate}); never otherwise: {other} of {others}",
                "时好时坏，且只在{when}时失败：{of} 次中 {failed} 次（{rate}）；其他情况从不失败：{others} 次中 {other} 次",
            ),
        };
        let interval = wilson(within.failed, within.of, Z95);
        let when = if let Cause::Trigger(trigger) = cause { self.conditions(trigger, lang) } else { String::new() };
        words.fill(lang, |slot| {
            Some(match slot {
                "when" => when.clone(),
                "failed" => within.failed.to_string(),
                "of" => within.of.to_string(),
                "other" => outside.failed.to_string(),
                "others" => outside.of.to_string(),
                "all" => (within.of + outside.of).to_string(),
                "rate" => percent(within.failed as f64 / within.of.max(1) as f64),
                "low" => percent(interval.low),
                "high" => percent(interval.high),
                "hidden" => percent(wilson(0, outside.of, Z95).high),
                _ => return None,
            })
        })
    }
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

fn kilobytes(bytes: u64) -> String {
    if bytes < 1024 { format!("{bytes} B") } else { format!("{} KiB", bytes / 1024) }
}

/// How else to ask, so that one claim of the trigger does not hold: the level, which is to be preferred in this order, and its flags.
const WAYS_AROUND: [(Level, &str); 12] = [
    (Level::Stream, "--stream"),
    (Level::Plain, "--no-stream"),
    (Level::Identity, "--accept-encoding identity"),
    (Level::Gzip, "--accept-encoding gzip"),
    (Level::Brotli, "--accept-encoding br"),
    (Level::Direct, "--no-proxy"),
    (Level::Proxied, "--proxy {proxy}"),
    (Level::V4, "-4"),
    (Level::V6, "-6"),
    (Level::SmallLimit, "--max-tokens {small}"),
    (Level::There, "{there_flags}"),
    // chat closes each connection by itself.
    (Level::Closed, ""),
];

/// A way to ask that never failed here, and what was seen of it.
#[derive(Clone, Debug, PartialEq, serde::Serialize, schemars::JsonSchema)]
pub struct WayAround {
    pub level: Level,
    /// What to add to the command line; empty where `chat` asks like that by itself.
    pub flags: String,
    pub seen: Count,
}

/// The best way around this trigger: one in which a claim of it does not hold while all others do, asked at least twice without failure.
pub fn way_around(trigger: &Trigger, space: &Space, outcomes: &[super::experiment::Outcome], names: &Names) -> Option<WayAround> {
    WAYS_AROUND.iter().find_map(|(level, flags)| {
        let claim = trigger.0.iter().find(|claim| claim.factor == level.factor() && !claim.levels.contains(level))?;
        let others = || trigger.0.iter().filter(|other| *other != claim);
        let is_beside = |setting| space.has(setting, *level) && others().all(|other| other.holds(space, setting));
        let beside: Vec<_> = outcomes.iter().filter(|outcome| is_beside(&outcome.setting)).collect();
        let seen = Count { failed: beside.iter().filter(|outcome| outcome.failure.is_some()).count() as u64, of: beside.len() as u64 };
        let flags = flags
            .replace("{proxy}", &names.proxy)
            .replace("{small}", &names.limits.0.to_string())
            .replace("{there_flags}", &names.there_flags);
        (seen.failed == 0 && seen.of >= 2).then_some(WayAround { level: *level, flags, seen })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::factor::Factor;

    fn explanation(levels: &[&[Level]], within: (u64, u64), outside: (u64, u64)) -> Explanation {
        let claims = levels.iter().map(|levels| Claim { factor: levels[0].factor(), levels: levels.to_vec() }).collect();
        let count = |(failed, of)| Count { failed, of };
        Explanation {
            cause: Cause::Trigger(Trigger(claims)),
            probability: 0.999,
            within: count(within),
            outside: count(outside),
            codes: vec![("length-counts-characters", within.0)],
            is_settled: true,
        }
    }

    #[test]
    fn a_constant_fault_is_told_with_both_counts() {
        let told = |lang| Names::default().sentence(&explanation(&[&[Level::Plain], &[Level::Chinese]], (6, 6), (0, 14)), lang);
        assert_eq!(
            told(Lang::En),
            "fails only when the answer is not streamed and prompt and answer have non-ASCII text: 6 of 6; never otherwise: 0 of 14"
        );
        assert_eq!(told(Lang::Zh), "只在以非流式请求且含非 ASCII 文字时失败：6 次中 6 次；其他情况从不失败：14 次中 0 次");
    }

    #[test]
    fn what_is_not_sure_is_not_said_for_certain() {
        let told = Names::default().sentence(&explanation(&[&[Level::Stream]], (3, 3), (1, 5)), Lang::En);
        assert!(told.starts_with("cannot tell for certain yet"), "{told}");
    }

    #[test]
    fn too_few_requests_accuse_nobody_and_acquit_nobody() {
        let unsettled =
            |cause, within, outside| Explanation { cause, is_settled: false, probability: 0.6, ..explanation(&[], within, outside) };
        let told = |explanation: &Explanation| Names::default().sentence(explanation, Lang::En);
        let nothing = unsettled(Cause::Nothing, (0, 0), (0, 3));
        assert_eq!(told(&nothing), "no failure in 3 requests, which are too few to tell");
        let once = unsettled(Cause::Trigger(Trigger::default()), (1, 2), (0, 0));
        assert_eq!(told(&once), "failed 1 times in 2; what that depends on cannot be told yet");
    }

    #[test]
    fn chance_is_told_with_its_interval() {
        let told = Names::default().sentence(&explanation(&[], (9, 30), (0, 0)), Lang::En);
        assert_eq!(told, "fails now and then, however it is asked: 9 of 30 (30 %; 95 % interval 17 % to 48 %)");
    }

    #[test]
    fn every_claim_has_words_in_both_languages() {
        use Level::*;
        let all = [
            Plain, Stream, Identity, Gzip, Brotli, Short, Long, Ascii, Chinese, SmallLimit, LargeLimit, Closed, Kept, Second, Proxied,
            Direct, V4, V6, Here, There,
        ];
        for claim in Space::of(&all).claims() {
            let names =
                Names { proxy: "p".into(), here: "h".into(), there: "t".into(), there_flags: String::new(), limits: (1, 2), longest: 3 };
            for lang in [Lang::En, Lang::Zh] {
                let said = names.condition(&claim, lang);
                assert!(!said.contains(['{', '/']) && said.len() > 3, "{claim:?}: {said}");
            }
        }
    }

    #[test]
    fn the_way_around_was_seen_to_work() {
        use super::super::experiment::Outcome;
        let space = Space::of(&[Level::Plain, Level::Stream, Level::Ascii, Level::Chinese]);
        let chinese = space.with(&space.usual(), Level::Chinese);
        let streamed = space.with(&chinese, Level::Stream);
        let outcome = |setting, failure| Outcome { setting, failure };
        let trigger = Trigger(vec![
            Claim { factor: Factor::Mode, levels: vec![Level::Plain] },
            Claim { factor: Factor::Language, levels: vec![Level::Chinese] },
        ]);
        let once = [outcome(chinese, Some("x")), outcome(streamed.clone(), None)];
        assert_eq!(way_around(&trigger, &space, &once, &Names::default()), None);
        let twice = [once[0].clone(), once[1].clone(), outcome(streamed, None)];
        let way = way_around(&trigger, &space, &twice, &Names::default()).unwrap();
        assert_eq!((way.flags.as_str(), way.seen), ("--stream", Count { failed: 0, of: 2 }));
    }
}
