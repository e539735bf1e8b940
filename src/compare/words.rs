//! What a comparison comes to, in sentences that a person can act on: the conclusion, and what else should be known of the figures.

use super::contrast::{By, Pair, level};
use super::figures::{about, interval, milliseconds, number, percent};
use super::judge::Recommendation;
use super::standing::Standing;
use super::{Comparison, MOST_ROUNDS};
use crate::lang::{Lang, Text, text};
use crate::statistics::{Side, trials_to_part};

const USE: Text = text("use {target}: {reasons}", "建议使用 {target}：{reasons}");
const BY_BOUND: Text =
    text("it fails in less than {bound} of the requests, and {other} in more", "其失败率低于 {bound}，而 {other} 高于 {bound}");
const BY_SUCCESS: Text = text(
    "it fails less often than {other} ({failed} of {requests} against {other_failed} of {other_requests})",
    "其失败少于 {other}（{requests} 次中 {failed} 次，对 {other_requests} 次中 {other_failed} 次）",
);
const BY_SPEED: Text = text(
    "its answers are complete sooner than those of {other} (half of them within {figure}, against {other_figure})",
    "其回答完成得比 {other} 快（半数在 {figure} 内，对 {other_figure}）",
);
const BY_PRICE: Text = text(
    "it costs less than {other} ({figure} against {other_figure} per 1000 answers), and nothing else tells them apart so far",
    "其费用低于 {other}（每 1000 个回答 {figure}，对 {other_figure}），目前没有别的差别",
);
const NOT_TOLD: Text = text("the data cannot tell which of {among} to use{forecast}", "数据不能说明 {among} 中哪个更好{forecast}");
const NOT_BETTER: Text = text(
    "{over} {fail} in more than {bound} of the requests, but the data cannot tell whether {among} is better{forecast}",
    "{over} 的失败率高于 {bound}，但数据不能说明 {among} 是否更好{forecast}",
);
const NOT_ANY_BETTER: Text = text(
    "{over} {fail} in more than {bound} of the requests, but the data cannot tell which of {among} is better, if any{forecast}",
    "{over} 的失败率高于 {bound}，但数据不能说明 {among} 中哪个更好{forecast}",
);
const NOT_SEEN: Text = text(
    "; no difference that matters shows so far: their shares of failures differ by at most {most} at 95 % confidence{detectable}",
    "；目前看不出有意义的差别：失败率之差最多 {most}（95 % 置信）{detectable}",
);
const DETECTABLE: Text =
    text(", and about {rounds} rounds in all would show a difference of {bound}", "；共约 {rounds} 轮可显示出 {bound} 的差别");
const NEEDS_ROUND: Text = text("no round was completed, so there is nothing to conclude", "没有完成任何一轮，无法得出结论");
const ALONE_UNDER: Text = text(
    "{target} fails in less than {bound} of the requests: {failed} of {requests}, which means {interval} at 95 % confidence",
    "{target} 的失败率低于 {bound}：{requests} 次中失败 {failed} 次，即 {interval}（95 % 置信）",
);
const ALONE_OVER: Text = text(
    "{target} fails in more than {bound} of the requests: {failed} of {requests}, which means {interval} at 95 % confidence; try another model or endpoint",
    "{target} 的失败率高于 {bound}：{requests} 次中失败 {failed} 次，即 {interval}（95 % 置信）；请换一个模型或端点",
);
const ALONE_OPEN: Text = text(
    "the data cannot tell yet whether {target} fails in less than {bound} of the requests: {failed} of {requests} means {interval} at 95 % confidence{forecast}",
    "数据还不能说明 {target} 的失败率是否低于 {bound}：{requests} 次中失败 {failed} 次，即 {interval}（95 % 置信）{forecast}",
);
const FORECAST: Text = text("; if it goes on like this, about {rounds} more rounds would tell", "；若情况不变，大约还需 {rounds} 轮");
const ALL_OVER: Text = text(
    "use none of them: each fails in more than {bound} of the requests; try another model or endpoint",
    "都不建议使用：每个的失败率都高于 {bound}；请换别的模型或端点",
);
const NO_ANSWER: Text = text(
    "none of them answered once: see what failed before you compare (llmcheck explain {code})",
    "没有一个给出过回答：先弄清失败的原因再比较（llmcheck explain {code}）",
);

fn fill(words: Text, lang: Lang, slots: &[(&str, String)]) -> String {
    words.fill(lang, |slot| slots.iter().find(|(name, _)| *name == slot).map(|(_, value)| value.clone()))
}

/// One sentence.
pub fn conclusion(comparison: &Comparison, lang: Lang) -> String {
    let bound = || percent(comparison.setting.max_error_rate);
    match &comparison.recommendation {
        Recommendation::Target { target } => fill(USE, lang, &[("target", target.clone()), ("reasons", reasons(comparison, target, lang))]),
        Recommendation::Undecided { among, over, more_rounds } => undecided(comparison, among, over, *more_rounds, lang),
        Recommendation::Alone { target, side } => {
            comparison.standing(target).map_or_else(String::new, |standing| alone(standing, *side, bound(), lang))
        }
        Recommendation::AllOver => fill(ALL_OVER, lang, &[("bound", bound())]),
        Recommendation::NoAnswer => fill(NO_ANSWER, lang, &[("code", most_frequent(comparison).to_string())]),
        Recommendation::Nothing => NEEDS_ROUND.get(lang).to_string(),
    }
}

fn undecided(comparison: &Comparison, among: &[String], over: &[String], more_rounds: Option<u64>, lang: Lang) -> String {
    let words = match (among, over) {
        (_, []) => NOT_TOLD,
        ([_], _) => NOT_BETTER,
        _ => NOT_ANY_BETTER,
    };
    let bound = percent(comparison.setting.max_error_rate);
    let forecast = match more_rounds {
        Some(rounds) => fill(FORECAST, lang, &[("rounds", about(rounds).to_string())]),
        None => {
            let detectable = rounds_to_see(comparison)
                .map(|rounds| fill(DETECTABLE, lang, &[("rounds", about(rounds).to_string()), ("bound", bound.clone())]));
            let most = percent(farthest(comparison, among, over));
            fill(NOT_SEEN, lang, &[("most", most), ("detectable", detectable.unwrap_or_default())])
        }
    };
    let fail = if over.len() == 1 { "fails" } else { "fail" }.to_string();
    let slots = [("among", list(among, lang)), ("over", list(over, lang)), ("fail", fail), ("bound", bound), ("forecast", forecast)];
    fill(words, lang, &slots)
}

/// How many rounds in all would show that one fails more often than the best one by as much as the bound, corrected for the number of tests.
fn rounds_to_see(comparison: &Comparison) -> Option<u64> {
    let lowest = comparison.targets.iter().filter_map(|standing| standing.error_rate).reduce(f64::min)?;
    let other = lowest + comparison.setting.max_error_rate;
    let rounds = trials_to_part(lowest, other.min(1.0), level(&comparison.pairs), MOST_ROUNDS)?;
    (rounds > comparison.setting.rounds).then_some(rounds)
}

/// By how much the failures of two of them may differ that were not told apart.
fn farthest(comparison: &Comparison, among: &[String], over: &[String]) -> f64 {
    let is_meant = |name: &String| among.contains(name) || over.contains(name);
    let open = comparison.pairs.iter().filter(|pair| pair.better.is_none() && is_meant(&pair.first) && is_meant(&pair.second));
    open.map(|pair| pair.failures_difference.high.max(-pair.failures_difference.low)).fold(0.0, f64::max).min(1.0)
}

fn alone(standing: &Standing, side: Side, bound: String, lang: Lang) -> String {
    let words = match side {
        Side::Under => ALONE_UNDER,
        Side::Over => ALONE_OVER,
        Side::Open => ALONE_OPEN,
    };
    let forecast = standing.more_rounds_for_side.map(|rounds| fill(FORECAST, lang, &[("rounds", about(rounds).to_string())]));
    let slots = [
        ("target", standing.target.clone()),
        ("bound", bound),
        ("failed", standing.failed.to_string()),
        ("requests", standing.requests.to_string()),
        ("interval", interval(standing.error_rate_interval)),
        ("forecast", forecast.unwrap_or_default()),
    ];
    fill(words, lang, &slots)
}

fn most_frequent(comparison: &Comparison) -> &'static str {
    let failures = comparison.targets.iter().flat_map(|standing| &standing.failures);
    failures.max_by_key(|failed| failed.count).map_or("undiagnosed-failure", |failed| failed.code)
}

/// Why it is better, for each of the others.
fn reasons(comparison: &Comparison, target: &str, lang: Lang) -> String {
    let of_target = comparison.pairs.iter().filter(|pair| pair.better.as_ref().is_some_and(|better| better.target == target));
    let mut reasons: Vec<(By, String)> = of_target.filter_map(|pair| reason(comparison, pair, lang)).collect();
    reasons.sort_by_key(|(by, _)| *by);
    let reasons: Vec<String> = reasons.into_iter().map(|(_, words)| words).collect();
    reasons.join(if lang == Lang::Zh { "；" } else { "; " })
}

fn reason(comparison: &Comparison, pair: &Pair, lang: Lang) -> Option<(By, String)> {
    let better = pair.better.as_ref()?;
    let (first, second) = comparison.of_pair(pair)?;
    let (one, other) = if better.target == first.target { (first, second) } else { (second, first) };
    let figures = |spread: fn(&Standing) -> Option<f64>, say: fn(f64) -> String| {
        [("figure", one), ("other_figure", other)].map(|(slot, standing)| (slot, spread(standing).map(say).unwrap_or_default()))
    };
    let counts = [
        ("failed", one.failed.to_string()),
        ("requests", one.requests.to_string()),
        ("other_failed", other.failed.to_string()),
        ("other_requests", other.requests.to_string()),
    ];
    let (words, mut slots) = match better.by {
        By::Bound => (BY_BOUND, vec![("bound", percent(comparison.setting.max_error_rate))]),
        By::Success => (BY_SUCCESS, counts.to_vec()),
        By::Speed => (BY_SPEED, figures(|standing| Some(standing.total_ms?.p50), milliseconds).to_vec()),
        By::Price => (BY_PRICE, figures(|standing| standing.cost_per_1000, number).to_vec()),
    };
    slots.push(("other", other.target.clone()));
    Some((better.by, fill(words, lang, &slots)))
}

/// `a, b and c`
fn list(names: &[String], lang: Lang) -> String {
    let (comma, and) = if lang == Lang::Zh { ("、", " 与 ") } else { (", ", " and ") };
    match names {
        [before @ .., last] if !before.is_empty() => format!("{}{and}{last}", before.join(comma)),
        _ => names.concat(),
    }
}

/// What else should be known of the figures, a sentence each.
pub fn remarks(comparison: &Comparison, lang: Lang) -> Vec<String> {
    let mut remarks = Vec::new();
    remarks.extend(stopped(comparison, lang));
    if !matches!(comparison.recommendation, Recommendation::Alone { .. } | Recommendation::AllOver) {
        remarks.extend(comparison.targets.iter().filter_map(|standing| over(comparison, standing, lang)));
        remarks.extend(open(comparison, lang));
    }
    remarks.extend(comparison.targets.iter().filter_map(|standing| of_rate_limits(comparison, standing, lang)));
    remarks.extend(shorter(comparison, lang));
    remarks.extend(few(comparison, lang));
    remarks
}

fn stopped(comparison: &Comparison, lang: Lang) -> Option<String> {
    const STOPPED: Text =
        text("stopped before the end: {done} of {wanted} rounds were completed", "提前停止：{wanted} 轮中完成了 {done} 轮");
    let setting = &comparison.setting;
    let slots = [("done", setting.rounds.to_string()), ("wanted", setting.rounds_wanted.to_string())];
    (setting.rounds < setting.rounds_wanted).then(|| fill(STOPPED, lang, &slots))
}

/// Who is over the bound, unless the conclusion says so already.
fn over(comparison: &Comparison, standing: &Standing, lang: Lang) -> Option<String> {
    const OVER: Text = text(
        "{target} fails in more than {bound} of the requests ({interval} at 95 % confidence): try another model or endpoint in its place",
        "{target} 的失败率高于 {bound}（{interval}，95 % 置信）：请换用别的模型或端点",
    );
    let slots = [
        ("target", standing.target.clone()),
        ("bound", percent(comparison.setting.max_error_rate)),
        ("interval", interval(standing.error_rate_interval)),
    ];
    (standing.side == Side::Over).then(|| fill(OVER, lang, &slots))
}

/// Of whom it is not known on which side of the bound they are, and how many rounds would tell of all of them.
fn open(comparison: &Comparison, lang: Lang) -> Option<String> {
    const OPEN: Text = text(
        "not known yet: whether less than {bound} of the requests to {targets} fail{forecast}",
        "尚不清楚：{targets} 的失败率是否低于 {bound}{forecast}",
    );
    let is_open = |standing: &&Standing| standing.side == Side::Open && standing.requests > 0;
    let open: Vec<&Standing> = comparison.targets.iter().filter(is_open).collect();
    let rounds =
        open.iter().map(|standing| standing.more_rounds_for_side).collect::<Option<Vec<u64>>>().and_then(|rounds| rounds.into_iter().max());
    let forecast = rounds.map(|rounds| fill(FORECAST, lang, &[("rounds", about(rounds).to_string())]));
    let names: Vec<String> = open.iter().map(|standing| standing.target.clone()).collect();
    let slots = [
        ("targets", list(&names, lang)),
        ("bound", percent(comparison.setting.max_error_rate)),
        ("forecast", forecast.unwrap_or_default()),
    ];
    (!open.is_empty()).then(|| fill(OPEN, lang, &slots))
}

fn of_rate_limits(comparison: &Comparison, standing: &Standing, lang: Lang) -> Option<String> {
    const TOGETHER: Text = text(
        "{limited} of the {failed} failures of {target} are rate limits, which the measuring itself may cause: lower -j or set --pause",
        "{target} 的 {failed} 次失败中有 {limited} 次是限流，可能由测量本身引起：请减小 -j 或设置 --pause",
    );
    const IN_TURN: Text = text(
        "{limited} of the {failed} failures of {target} are rate limits, which the measuring itself may cause: set --pause",
        "{target} 的 {failed} 次失败中有 {limited} 次是限流，可能由测量本身引起：请设置 --pause",
    );
    let limited = standing.rate_limited();
    let words = if comparison.setting.at_once > 1 { TOGETHER } else { IN_TURN };
    let slots = [("limited", limited.to_string()), ("failed", standing.failed.to_string()), ("target", standing.target.clone())];
    (limited > 0).then(|| fill(words, lang, &slots))
}

/// Who says less is done sooner: that is no speed.
fn shorter(comparison: &Comparison, lang: Lang) -> Option<String> {
    const SHORTER: Text = text(
        "the answers of {target} are also shorter than those of {other} ({length} against {other_length} characters), which takes less time by itself",
        "{target} 的回答也比 {other} 短（{length} 对 {other_length} 字符），这本身就更省时间",
    );
    const MUCH: f64 = 0.75;
    let is_by_speed = |pair: &&Pair| pair.better.as_ref().is_some_and(|better| better.by == By::Speed);
    comparison.pairs.iter().filter(is_by_speed).find_map(|pair| {
        let (first, second) = comparison.of_pair(pair)?;
        let is_first = pair.better.as_ref()?.target == first.target;
        let (one, other) = if is_first { (first, second) } else { (second, first) };
        let (length, other_length) = (one.answer_characters?.p50, other.answer_characters?.p50);
        let slots = [
            ("target", one.target.clone()),
            ("other", other.target.clone()),
            ("length", format!("{length:.0}")),
            ("other_length", format!("{other_length:.0}")),
        ];
        (length < MUCH * other_length).then(|| fill(SHORTER, lang, &slots))
    })
}

/// The hundredth part of fewer than a hundred is a guess.
fn few(comparison: &Comparison, lang: Lang) -> Option<String> {
    const FEW: Text = text(
        "of fewer than 100 answers p99 is little more than the slowest one, and of fewer than 20 so is p95",
        "回答少于 100 个时 p99 几乎就是最慢的一个，少于 20 个时 p95 也是如此",
    );
    let is_few = |standing: &Standing| standing.total_ms.is_some_and(|spread| spread.count < 100);
    comparison.targets.iter().any(is_few).then(|| FEW.get(lang).to_string())
}
