//! Which remedy is taken, in which order, how often, and why none is.

use serde_json::json;

use super::*;
use crate::diagnosis::{Diagnosis, diagnose};
use crate::evidence::Evidence;
use crate::plan::ProxyKind;
use crate::resilience::circuit::Blame;
use crate::resilience::recorded::{OFFERS_GZIP, answer, completion, exchange, lacking, name, refusal};

/// The question as it is put to an endpoint and a model.
fn route(endpoint: &str, model: &str) -> Plan {
    let body = json!({"model": model, "messages": [{"role": "user", "content": "hi"}]}).to_string();
    Plan {
        headers: vec![("accept-encoding".into(), "gzip".into())],
        body: body.into_bytes(),
        model: Some(model.into()),
        ..Plan::supposed(endpoint)
    }
}

/// All remedies, and two retries whose waits are none.
fn everything() -> Allowed {
    Allowed {
        remedies: BY_COST.to_vec(),
        retries: 2,
        backoff: Backoff { base: Duration::from_secs(1), cap: Duration::from_secs(30) },
        max_time: None,
        max_cost_tokens: None,
    }
}

fn only(remedies: &[Remedy]) -> Allowed {
    Allowed { remedies: remedies.to_vec(), ..everything() }
}

/// A run: each attempt takes no time and costs what the server says; the circuits hear of it as they do live.
struct Run {
    /// What each attempt did and where: `retry a/m`, `stream a/m stream`.
    trail: Vec<String>,
    waits: Vec<(u64, Option<String>)>,
    decision: Decision,
}

const NOTHING_PRINTED: Moment = Moment { elapsed: Duration::ZERO, jitter: 0.0, has_printed: false, spent_tokens: 0 };

fn run(allowed: &Allowed, routes: &[Plan], server: impl Fn(&Plan) -> Vec<u8>) -> Run {
    run_with(allowed, routes, &mut Circuits::default(), server)
}

fn run_with(allowed: &Allowed, routes: &[Plan], circuits: &mut Circuits, server: impl Fn(&Plan) -> Vec<u8>) -> Run {
    const ENDLESS: usize = 60;
    let mut recovery = Recovery::new(Arc::new(allowed.clone()), routes.to_vec(), 0, false);
    let (mut trail, mut waits, mut moment) = (vec![described(&recovery.plan(), "ask")], Vec::new(), NOTHING_PRINTED);
    while trail.len() < ENDLESS {
        let plan = recovery.plan();
        let fields: String = plan.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let sent = format!("POST {} HTTP/1.1\r\n{fields}\r\n{}", plan.target.path, String::from_utf8_lossy(&plan.body));
        let transcript = exchange(plan.stream, &sent, &server(&plan));
        let evidence = Evidence::gather(&transcript);
        let diagnosis = diagnose(&evidence);
        circuits.report(&plan.endpoint, Blame::of(&diagnosis), moment.elapsed);
        moment.spent_tokens += crate::resilience::cost::Cost::of(&evidence, &diagnosis).tokens;
        match recovery.next(&Case { evidence: &evidence, diagnosis: &diagnosis }, circuits, moment) {
            Decision::Again(step) => {
                moment.elapsed += step.wait;
                trail.push(described(&recovery.plan(), &name(step.remedy)));
                waits.push((step.wait.as_millis() as u64, step.source));
            }
            decision => return Run { trail, waits, decision },
        }
    }
    panic!("endless: {trail:?}");
}

fn described(plan: &Plan, remedy: &str) -> String {
    let stream = if plan.stream { " stream" } else { "" };
    let identity = if plan.offers_coding() { "" } else { " identity" };
    let bound = plan.max_tokens.map_or_else(String::new, |bound| format!(" {bound}"));
    format!("{remedy} {}/{}{stream}{identity}{bound}", plan.endpoint, plan.model.as_deref().unwrap_or("-"))
}

const FAILS: &str = "The server had an error while processing your request";

/// A body that is cut whichever way it is asked for.
fn cut(plan: &Plan) -> Vec<u8> {
    match plan.stream {
        true => b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {\"choices\":[{\"delta\":{\"content\":\"Hel".to_vec(),
        false => lacking(90, "200 OK", "", &completion("Hello")[..70]),
    }
}

#[test]
fn all_that_helps_is_tried_in_the_order_of_its_cost() {
    let at = |model: &str| {
        let steps = ["retry", "retry", "stream", "max-tokens", "max-tokens", "max-tokens"];
        let ways = ["", "", " stream", " stream 512", " stream 128", " stream 32"];
        steps.iter().zip(ways).map(|(step, way)| format!("{step} a/{model}{way}")).collect::<Vec<_>>()
    };
    let ran = run(&everything(), &[route("a", "m"), route("a", "n")], cut);
    let expected = [vec!["ask a/m".to_string()], at("m"), vec!["model a/n".into()], at("n")].concat();
    assert_eq!((ran.trail, ran.decision), (expected, Decision::Stop(Reason::Exhausted)));
}

#[test]
fn a_failure_that_passes_is_retried_at_each_route_as_often_as_allowed_and_each_route_is_visited_once() {
    let routes = [route("a", "m"), route("b", "m"), route("b", "n"), route("c", "m")];
    let ran = run(&Allowed { retries: 1, ..everything() }, &routes, |_| refusal("500 x", "", FAILS));
    let expected = ["ask a/m", "retry a/m", "endpoint b/m", "retry b/m", "endpoint c/m", "retry c/m", "endpoint b/n", "retry b/n"];
    assert_eq!((&ran.trail[..], ran.decision), (&expected.map(String::from)[..], Decision::Stop(Reason::Exhausted)));
}

#[test]
fn an_answer_that_is_empty_is_billed_and_asked_for_once_more_only() {
    let empty = |_: &Plan| answer("200 OK", "", &completion(""));
    let ran = run(&Allowed { retries: 3, ..only(&[Remedy::Wait, Remedy::Retry]) }, &[route("a", "m")], empty);
    assert_eq!((&ran.trail[..], ran.decision), (&["ask a/m", "retry a/m"].map(String::from)[..], Decision::Stop(Reason::Exhausted)));
}

#[test]
fn a_model_that_fails_leads_to_the_next_model_where_no_other_endpoint_is_left() {
    let refuse = |plan: &Plan| match plan.model.as_deref() {
        Some("good") => answer("200 OK", "", &completion("ok")),
        _ => answer("404 x", "", r#"{"error":{"message":"The model `m` does not exist","code":"model_not_found"}}"#),
    };
    let ran = run(&everything(), &[route("a", "m"), route("a", "n"), route("a", "good")], refuse);
    assert_eq!(ran.trail, ["ask a/m", "model a/n", "model a/good"]);
    assert_eq!(ran.decision, Decision::Stop(Reason::Over));
}

#[test]
fn only_what_is_allowed_is_done() {
    let routes = [route("a", "m"), route("b", "m")];
    for (allowed, trail) in [
        (only(&[]), vec!["ask a/m"]),
        (only(&[Remedy::Wait, Remedy::Retry]), vec!["ask a/m", "retry a/m", "retry a/m"]),
        (only(&[Remedy::Stream]), vec!["ask a/m", "stream a/m stream"]),
        (only(&[Remedy::MaxTokens]), vec!["ask a/m", "max-tokens a/m 512", "max-tokens a/m 128", "max-tokens a/m 32"]),
        (only(&[Remedy::Endpoint]), vec!["ask a/m", "endpoint b/m"]),
        (only(&[Remedy::Model]), vec!["ask a/m"]),
    ] {
        let page = "<html><head><title>504 Gateway Time-out</title></head><body><h1>504</h1><hr>nginx</body></html>";
        let ran = run(&allowed, &routes, |_| answer("504 Gateway Time-out", "Server: nginx\r\n", page));
        assert_eq!(ran.trail, trail, "{:?}", allowed.remedies);
    }
}

#[test]
fn each_way_of_asking_is_tried_once() {
    // Empty under a length, and compressed: both the mode and the coding may be to blame.
    let empty = |_: &Plan| lacking(90, "200 OK", "Content-Encoding: gzip\r\n", "");
    let ran = run(&only(&[Remedy::Stream, Remedy::Identity]), &[route("a", "m")], empty);
    assert_eq!(ran.trail, ["ask a/m", "stream a/m stream", "identity a/m identity", "stream a/m stream identity"]);
    let mut streamed = route("a", "m");
    streamed.stream = true;
    streamed.edit(|body| body.set_stream(true));
    assert_eq!(run(&only(&[Remedy::Stream]), &[streamed], cut).trail, ["ask a/m stream", "stream a/m"]);
}

#[test]
fn the_wait_that_is_asked_for_is_taken_and_counts_as_a_retry() {
    let limited = |fields: &'static str| move |_: &Plan| refusal("429 x", fields, "slow down");
    let ran = run(&everything(), &[route("a", "m")], limited("Retry-After: 7\r\n"));
    assert_eq!(ran.trail, ["ask a/m", "wait a/m", "wait a/m"]);
    assert_eq!(ran.waits, vec![(7000, Some("retry-after".into())); 2]);
    // What asks for no wait gets our own.
    assert_eq!(run(&everything(), &[route("a", "m")], limited("Retry-After: 0\r\n")).trail, ["ask a/m", "retry a/m", "retry a/m"]);
    // To try before the time would be of no use.
    assert_eq!(run(&only(&[Remedy::Retry]), &[route("a", "m")], limited("Retry-After: 7\r\n")).trail, ["ask a/m"]);
}

#[test]
fn a_wait_that_is_too_long_leads_to_the_next_endpoint_or_to_an_end() {
    let limited = |_: &Plan| refusal("429 x", "Retry-After: 121\r\n", "slow down");
    assert_eq!(run(&everything(), &[route("a", "m"), route("b", "m")], limited).trail, ["ask a/m", "endpoint b/m"]);
    let Decision::Stop(Reason::AskedTooLong(wait)) = run(&everything(), &[route("a", "m")], limited).decision else { panic!() };
    assert_eq!(wait.duration.as_secs(), 121);
}

#[test]
fn nothing_begins_after_its_time_and_a_shorter_way_is_taken_instead() {
    let limited = |_: &Plan| refusal("429 x", "Retry-After: 7\r\n", "slow down");
    let allowed = Allowed { max_time: Some(Duration::from_secs(10)), ..everything() };
    let ran = run(&allowed, &[route("a", "m")], limited);
    assert_eq!((&ran.trail[..], ran.decision), (&["ask a/m", "wait a/m"].map(String::from)[..], Decision::Stop(Reason::OutOfTime)));
    let ran = run(&allowed, &[route("a", "m"), route("b", "m")], limited);
    assert_eq!(ran.trail, ["ask a/m", "wait a/m", "endpoint b/m"]);
    assert_eq!(ran.decision, Decision::Stop(Reason::OutOfTime));
}

#[test]
fn nothing_begins_once_the_tokens_are_spent() {
    let cut = |_: &Plan| lacking(90, "200 OK", "", &completion("Hello")[..70]);
    for (bound, attempts, reason) in [(1, 1, Reason::OutOfTokens), (100, 3, Reason::Exhausted)] {
        let allowed = Allowed { max_cost_tokens: Some(bound), ..only(&[Remedy::Retry]) };
        let ran = run(&allowed, &[route("a", "m")], cut);
        assert_eq!((ran.trail.len(), ran.decision), (attempts, Decision::Stop(reason)), "{bound}");
    }
    // What is refused costs nothing.
    let allowed = Allowed { max_cost_tokens: Some(1), ..only(&[Remedy::Retry]) };
    assert_eq!(run(&allowed, &[route("a", "m")], |_| refusal("500 x", "", FAILS)).trail.len(), 3);
}

/// The decision after one attempt that was answered so.
fn decision(allowed: &Allowed, is_splittable: bool, moment: Moment, received: &[u8]) -> Decision {
    let routes = [route("a", "m")];
    let transcript = exchange(false, OFFERS_GZIP, received);
    let evidence = Evidence::gather(&transcript);
    let diagnosis = diagnose(&evidence);
    let case = Case { evidence: &evidence, diagnosis: &diagnosis };
    Recovery::new(Arc::new(allowed.clone()), routes.to_vec(), 0, is_splittable).next(&case, &Circuits::default(), moment)
}

#[test]
fn each_end_has_its_reason() {
    let whole = lacking(90, "200 OK", "", &completion("Hello"));
    let printed = Moment { has_printed: true, ..NOTHING_PRINTED };
    for (allowed, moment, received, reason) in [
        (everything(), NOTHING_PRINTED, answer("200 OK", "", &completion("Hello")), Reason::Over),
        (only(&[]), NOTHING_PRINTED, refusal("500 x", "", FAILS), Reason::Over),
        (everything(), NOTHING_PRINTED, refusal("401 x", "", "Incorrect API key provided"), Reason::Useless),
        (only(&[Remedy::Split]), NOTHING_PRINTED, refusal("500 x", "", FAILS), Reason::Useless),
        (only(&[Remedy::Endpoint]), NOTHING_PRINTED, refusal("500 x", "", FAILS), Reason::Useless),
        (everything(), NOTHING_PRINTED, whole, Reason::Whole),
        (everything(), printed, refusal("500 x", "", FAILS), Reason::Printed),
        (everything(), printed, refusal("401 x", "", "Incorrect API key provided"), Reason::Useless),
    ] {
        assert_eq!(decision(&allowed, false, moment, &received), Decision::Stop(reason), "{}", String::from_utf8_lossy(&received));
    }
}

#[test]
fn a_choice_or_tool_call_that_stops_inside_is_no_whole_answer() {
    let choice = json!({"choices": [{"index": 0, "message": {"content": "a"}, "finish_reason": "stop"}, {"index": 1, "message": {"content": "b"}, "finish_reason": null}]});
    let call = json!({"choices": [{"index": 0, "finish_reason": "tool_calls", "message": {"content": null, "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{\"a\": "}}]}}]});
    for body in [choice, call] {
        let Decision::Again(step) = decision(&everything(), false, NOTHING_PRINTED, &answer("200 OK", "", &body.to_string())) else {
            panic!("{body}");
        };
        assert_eq!(step.remedy, Remedy::Retry);
    }
}

#[test]
fn an_input_that_is_too_large_is_split_by_the_errors_own_numbers_and_in_time() {
    let message = "This model's maximum context length is 1000 tokens. However, your messages resulted in 2000 tokens.";
    let body = json!({"error": {"message": message, "code": "context_length_exceeded"}}).to_string();
    let refused = answer("400 x", "", &body);
    let Decision::Split(size) = decision(&everything(), true, NOTHING_PRINTED, &refused) else { panic!() };
    assert_eq!(size, 200.max(route("a", "m").body.len() * 35 / 100));
    assert_eq!(decision(&only(&[Remedy::Split]), false, NOTHING_PRINTED, &refused), Decision::Stop(Reason::Useless));
    let late = Moment { elapsed: Duration::from_secs(9), ..NOTHING_PRINTED };
    let allowed = Allowed { max_time: Some(Duration::from_secs(8)), ..everything() };
    assert_eq!(decision(&allowed, true, late, &refused), Decision::Stop(Reason::OutOfTime));
}

/// The bounds that were tried against this answer.
fn bounds(first: Option<u64>, received: &[u8]) -> Vec<u64> {
    let mut plan = route("a", "m");
    plan.max_tokens = first;
    if let Some(bound) = first {
        plan.edit(|body| body.set("max_completion_tokens", &json!(bound)));
    }
    let allowed = only(&[Remedy::MaxTokens]);
    let ran = run(&allowed, &[plan], |plan| {
        let body: serde_json::Value = serde_json::from_slice(&plan.body).unwrap();
        let name = if first.is_some() { "max_completion_tokens" } else { "max_tokens" };
        assert_eq!(body[name].as_u64(), plan.max_tokens);
        received.to_vec()
    });
    ran.trail[1..].iter().map(|step| step.rsplit(' ').next().unwrap().parse().unwrap()).collect()
}

#[test]
fn max_tokens_is_lowered_to_what_the_cause_lets_through() {
    let too_long =
        |message: &str| answer("400 x", "", &json!({"error": {"message": message, "code": "context_length_exceeded"}}).to_string());
    let of_both = "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (3000 in the messages, 2000 in the completion).";
    let of_prompt = "This model's maximum context length is 4096 tokens. However, your messages resulted in 5000 tokens.";
    let per_minute = "Request too large for gpt-4o in organization org-x on tokens per min (TPM): Limit 30000, Requested 45012.";
    let large =
        answer("429 x", "", &json!({"error": {"message": per_minute, "type": "tokens", "code": "rate_limit_exceeded"}}).to_string());
    let afford = refusal(
        "402 x",
        "",
        "This request requires more credits, or fewer max_tokens. You requested up to 9000 tokens, but can only afford 1000.",
    );
    let slow = answer("504 x", "Server: nginx\r\n", "<html><title>504 Gateway Time-out</title><hr>nginx</html>");
    let cut = lacking(900, "200 OK", "", &completion(&"word ".repeat(160))[..600]);
    for (first, received, expected) in [
        (None, slow.clone(), vec![512, 128, 32]),
        (Some(4000), slow.clone(), vec![1000, 250, 62]),
        (Some(100), slow.clone(), vec![25]),
        (Some(20), slow, vec![]),
        (None, too_long(of_both), vec![1096]),
        (Some(2000), too_long(of_both), vec![1096]),
        (Some(1000), too_long(of_both), vec![]),
        (Some(2000), too_long(of_prompt), vec![]),
        (None, too_long("the context is too long"), vec![]),
        (Some(40_000), large, vec![24_988, 9976]),
        (Some(9000), afford.clone(), vec![1000]),
        (None, afford, vec![1000]),
        (None, cut, vec![84, 42, 21]),
    ] {
        assert_eq!(bounds(first, &received), expected, "{first:?} {}", String::from_utf8_lossy(&received));
    }
}

#[test]
fn a_body_that_is_no_object_is_sent_as_it_is_or_not_again() {
    let mut plan = route("a", "m");
    plan.body = b"[1]".to_vec();
    let allowed = only(&[Remedy::Stream, Remedy::MaxTokens]);
    let ran = run(&allowed, &[plan], |_| lacking(900, "200 OK", "", &completion("Hello")[..70]));
    assert_eq!((ran.trail.len(), ran.decision), (1, Decision::Stop(Reason::Exhausted)));
}

#[test]
fn an_endpoint_that_is_known_to_fail_is_passed_over() {
    let routes = [route("a", "m"), route("b", "m"), route("c", "m")];
    let mut circuits = Circuits::default();
    circuits.report("b", Blame::Lasting, Duration::ZERO);
    let ran = run_with(&everything(), &routes, &mut circuits, |_| refusal("401 x", "", "Incorrect API key provided"));
    assert_eq!(ran.trail, ["ask a/m", "endpoint c/m"]);
}

#[test]
fn an_endpoint_that_keeps_failing_is_left_for_another_whatever_retries_are_left() {
    let allowed = Allowed { retries: 9, ..everything() };
    let ran = run(&allowed, &[route("a", "m"), route("b", "m")], |_| refusal("500 x", "", FAILS));
    let counted = |endpoint: &str| ran.trail.iter().filter(|step| step.contains(endpoint)).count();
    // Five failures open the circuit; where nowhere else is left, what is allowed is done.
    assert_eq!((counted(" a/"), counted(" b/")), (5, 10));
}

#[test]
fn a_model_is_changed_at_an_endpoint_that_failed_with_another() {
    let allowed = Allowed { retries: 6, ..everything() };
    let ran = run(&allowed, &[route("a", "m"), route("a", "n")], |_| refusal("500 x", "", FAILS));
    assert!(ran.trail.contains(&"model a/n".to_string()), "{:?}", ran.trail);
}

#[test]
fn behind_a_proxy_that_fails_only_an_endpoint_without_it_helps() {
    let behind = |endpoint: &str| Plan {
        proxy: Some(Proxy { kind: ProxyKind::Http, host: "proxy".into(), port: 3128, credentials: None }),
        ..route(endpoint, "m")
    };
    for (second, expected) in [(behind("b"), vec![]), (route("b", "m"), vec![1])] {
        let (allowed, routes) = (everything(), [behind("a"), second]);
        let transcript = exchange(false, OFFERS_GZIP, b"");
        let evidence = Evidence::gather(&transcript);
        let diagnosis = Diagnosis::supposed("proxy-unreachable");
        let decision = Recovery::new(Arc::new(allowed.clone()), routes.to_vec(), 0, false).next(
            &Case { evidence: &evidence, diagnosis: &diagnosis },
            &Circuits::default(),
            NOTHING_PRINTED,
        );
        let to: Vec<usize> = if let Decision::Again(step) = decision { vec![step.route] } else { Vec::new() };
        assert_eq!(to, expected);
    }
}
