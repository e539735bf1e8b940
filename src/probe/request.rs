//! From a setting to the request that is made in it.

use std::collections::BTreeSet;

use serde_json::json;

use super::factor::Level;
use crate::api::families;
use crate::plan::{Addresses, Family, Method, Plan, Variation};

/// `max_tokens` of the small and of the large limit; the answers that are asked for fit into either.
pub const SMALL_LIMIT: u64 = 64;
const LARGE_LIMIT: u64 = 4096;
/// What a long text may take.
const TEXT_LIMIT: u64 = 1200;

/// What makes an answer long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Long {
    /// The likeliest tokens are told beside each one: some kilobytes for each token of the answer, which costs no more for that.
    Logprobs,
    /// More words, where the API does not tell that.
    Words,
}

/// The requests of an experiment.
#[derive(Clone, Debug)]
pub struct Requests {
    pub here: Plan,
    /// The endpoint that is asked beside it.
    pub there: Option<Plan>,
    pub long: Long,
    /// The endpoints, here or there, that refused `max_tokens` and want `max_completion_tokens`.
    pub renamed: BTreeSet<Level>,
}

impl Requests {
    /// The endpoint that these levels ask wants the limit under its other name; false where it was asked for so already.
    pub fn rename_limit(&mut self, levels: &[Level]) -> bool {
        self.renamed.insert(place(levels))
    }

    /// Tokens that one request is expected to cost at most, prompt and answer.
    pub fn tokens(&self, levels: &[Level]) -> u64 {
        const SHORT: u64 = 40;
        match (levels.contains(&Level::Long), self.long) {
            (false, _) => SHORT,
            (true, Long::Logprobs) => SHORT + SMALL_LIMIT,
            (true, Long::Words) => SHORT + TEXT_LIMIT,
        }
    }

    /// Both limits, where the model's answers may be so long.
    pub fn limits(&self) -> (u64, u64) {
        let longest = self.here.model.as_deref().and_then(families::find).and_then(|family| family.longest_answer);
        (SMALL_LIMIT, longest.map_or(LARGE_LIMIT, |longest| longest.min(LARGE_LIMIT)))
    }

    /// The request in which all that the levels name is as they say.
    pub fn plan(&self, levels: &[Level]) -> Plan {
        let has = |level| levels.contains(&level);
        let base = self.there.as_ref().filter(|_| has(Level::There)).unwrap_or(&self.here);
        let mut plan = base.vary(&Variation { stream: Some(has(Level::Stream)), ..Variation::default() });
        let (small, large) = self.limits();
        let is_long_text = has(Level::Long) && self.long == Long::Words;
        let limit = if has(Level::LargeLimit) { large } else { small };
        let limit = if is_long_text { limit.max(TEXT_LIMIT) } else { limit };
        let is_renamed = self.renamed.contains(&place(levels));
        let is_refused = plan.model.as_deref().and_then(families::find).is_some_and(|family| family.refuses_max_tokens);
        plan.edit(|body| {
            body.ask_instead(prompt(has(Level::Long), has(Level::Chinese), self.long));
            if is_renamed {
                body.remove("max_tokens");
            }
            if (is_refused || is_renamed) && !body.has("max_tokens") {
                body.set("max_completion_tokens", &json!(limit));
            }
            body.set_max_tokens(limit);
            if has(Level::Long) && self.long == Long::Logprobs {
                body.set("logprobs", &json!(true));
                body.set("top_logprobs", &json!(20));
            }
        });
        plan.max_tokens = Some(limit);
        for (level, coding) in [(Level::Identity, "identity"), (Level::Gzip, "gzip"), (Level::Brotli, "br")] {
            if has(level) {
                plan.set_header("accept-encoding", coding);
            }
        }
        if has(Level::Kept) || has(Level::Second) {
            plan.remove_header("connection");
        }
        if has(Level::Direct) {
            plan.proxy = None;
        }
        for (level, family) in [(Level::V4, Family::V4), (Level::V6, Family::V6)] {
            if has(level) {
                plan.addresses = Addresses::OfFamily(family);
            }
        }
        plan
    }
}

fn place(levels: &[Level]) -> Level {
    if levels.contains(&Level::There) { Level::There } else { Level::Here }
}

fn prompt(is_long: bool, is_chinese: bool, long: Long) -> &'static str {
    match (is_long, is_chinese, long) {
        (false, false, _) => "Reply with this one word and nothing else: ready",
        (false, true, _) => "请只回答这两个字，不要其他内容：就绪",
        (true, false, Long::Logprobs) => "Count from 1 to 30, the numbers as words, separated by blanks, and nothing else.",
        (true, true, Long::Logprobs) => "请用汉字从一数到三十，用空格分隔，不要其他内容。",
        (true, false, Long::Words) => "Write about 800 words on the history of paper, in plain English without any symbols.",
        (true, true, Long::Words) => "请用中文写一篇约一千字的短文，介绍造纸术的历史。",
    }
}

/// The request for the list of models; none where the URL is not of the usual form.
pub fn models(plan: &Plan) -> Option<Plan> {
    let (path, query) = plan.target.path.split_once('?').map_or((plan.target.path.as_str(), None), |(path, query)| (path, Some(query)));
    let base = path.strip_suffix("/chat/completions")?;
    let mut asked = plan.clone();
    asked.method = Method::Get;
    asked.target.path = format!("{base}/models{}", query.map_or_else(String::new, |query| format!("?{query}")));
    (asked.body, asked.stream, asked.max_tokens) = (Vec::new(), false, None);
    asked.remove_header("content-type");
    asked.set_header("accept", "application/json");
    Some(asked)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn requests(model: &str) -> Requests {
        let mut here = Plan::supposed("api.example.com");
        here.model = Some(model.into());
        here.headers = vec![("accept-encoding".into(), "gzip".into()), ("connection".into(), "close".into())];
        here.body =
            json!({"model": model, "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "x"}]}).to_string().into();
        Requests { here, there: None, long: Long::Logprobs, renamed: BTreeSet::new() }
    }

    fn body(plan: &Plan) -> Value {
        serde_json::from_slice(&plan.body).unwrap()
    }

    #[test]
    fn each_level_is_in_the_request() {
        let plan = requests("gpt-4o-mini").plan(&[
            Level::Stream,
            Level::Brotli,
            Level::Long,
            Level::Chinese,
            Level::LargeLimit,
            Level::Kept,
            Level::V6,
        ]);
        let body = body(&plan);
        assert_eq!((&body["stream"], &body["max_tokens"], &body["top_logprobs"]), (&json!(true), &json!(4096), &json!(20)));
        assert_eq!(body["messages"][0]["content"], "s");
        assert!(body["messages"][1]["content"].as_str().unwrap().contains("三十"));
        assert!(plan.stream && plan.addresses == Addresses::OfFamily(Family::V6));
        assert_eq!(plan.headers, [("accept-encoding".to_string(), "br".to_string()), ("accept".into(), "text/event-stream".into())]);
    }

    #[test]
    fn a_model_that_refuses_max_tokens_gets_the_other_name() {
        let body = body(&requests("o3-mini").plan(&[Level::Plain, Level::SmallLimit]));
        assert_eq!((&body["max_completion_tokens"], &body["max_tokens"]), (&json!(SMALL_LIMIT), &Value::Null));
    }

    #[test]
    fn an_endpoint_that_refused_max_tokens_gets_the_other_name_from_then_on() {
        let mut requests = requests("own");
        let levels = [Level::Plain, Level::SmallLimit];
        assert!(requests.rename_limit(&levels) && !requests.rename_limit(&levels));
        let asked = body(&requests.plan(&levels));
        assert_eq!((&asked["max_completion_tokens"], &asked["max_tokens"]), (&json!(SMALL_LIMIT), &Value::Null));
    }

    #[test]
    fn a_long_text_has_room_under_either_limit() {
        let requests = Requests { long: Long::Words, ..requests("gpt-4o-mini") };
        let body = body(&requests.plan(&[Level::Long, Level::SmallLimit]));
        assert_eq!((&body["max_tokens"], &body["logprobs"]), (&json!(TEXT_LIMIT), &Value::Null));
    }

    #[test]
    fn the_list_of_models_stands_beside_the_chat() {
        let mut plan = requests("m").here;
        plan.target.path = "/v1/chat/completions?api-version=1".into();
        let models = models(&plan).unwrap();
        assert_eq!((models.target.path.as_str(), models.method, models.body.len()), ("/v1/models?api-version=1", Method::Get, 0));
        plan.target.path = "/elsewhere".into();
        assert!(super::models(&plan).is_none());
    }
}
