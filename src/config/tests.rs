//! Precedence and sources, each with its own environment.

use clap::Parser as _;

use super::*;
use crate::cli::{Cli, Command};

fn resolved(args: &[&str], variables: &[(&str, &str)]) -> Result<Resolved> {
    let cli = Cli::parse_from(["llmcheck", "chat", "hi"].iter().chain(args));
    let Command::Chat(args) = cli.command else { unreachable!() };
    let environment = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_string());
    let file = load_file(args.connection.config.as_deref(), &environment)?;
    let wanted = Wanted::of_chat(&args, None);
    resolve(&wanted, &file, |model| crate::api::request::compose(&args.request, args.prompt.clone(), model), &environment)
}

fn source(resolved: &Resolved, name: &str) -> String {
    resolved.settings.0[name]["source"].as_str().unwrap().to_string()
}

#[test]
fn a_flag_beats_the_tools_variable_which_beats_the_sdks() {
    let variables = [("OPENAI_BASE_URL", "http://127.0.0.1:1/v1"), ("LLMCHECK_BASE_URL", "http://127.0.0.1:2/v1")];
    let by_flag = resolved(&["--base-url", "http://127.0.0.1:3/v1"], &variables).unwrap();
    assert_eq!((by_flag.plan.target.port, source(&by_flag, "base_url").as_str()), (3, "--base-url"));
    let by_variable = resolved(&[], &variables).unwrap();
    assert_eq!((by_variable.plan.target.port, source(&by_variable, "base_url").as_str()), (2, "LLMCHECK_BASE_URL"));
    let by_default = resolved(&[], &[]).unwrap();
    assert_eq!(
        (by_default.plan.target.url().as_str(), source(&by_default, "base_url").as_str()),
        ("https://api.openai.com/v1/chat/completions", "default")
    );
}

#[test]
fn the_old_variable_works_with_a_note() {
    let old = resolved(&[], &[("OPENAI_API_BASE", "http://127.0.0.1:1/v1")]).unwrap();
    assert_eq!((old.plan.target.port, old.notes.len()), (1, 1));
}

#[test]
fn without_a_key_only_loopback_is_asked() {
    assert_eq!(resolved(&[], &[]).unwrap().plan.key, KeyUse::Missing);
    assert_eq!(resolved(&["--base-url", "http://localhost:1/v1"], &[]).unwrap().plan.key, KeyUse::NotNeeded);
    assert_eq!(resolved(&["-H", "api-key: k"], &[]).unwrap().plan.key, KeyUse::Sent);
    let with_key = resolved(&[], &[("OPENAI_API_KEY", "sk-1"), ("OPENAI_ORG_ID", "org-1")]).unwrap().plan;
    assert!(with_key.headers.contains(&("authorization".into(), "Bearer sk-1".into())));
    assert!(with_key.headers.contains(&("openai-organization".into(), "org-1".into())));
}

#[test]
fn the_settings_name_the_keys_source_and_never_the_key() {
    let with_key = resolved(&[], &[("OPENAI_API_KEY", "sk-secret-1234567890")]).unwrap();
    assert_eq!(source(&with_key, "api_key"), "OPENAI_API_KEY");
    let shown = format!("{:?}", with_key.settings);
    assert!(!shown.contains("sk-secret"), "{shown}");
}

#[test]
fn a_header_of_a_flag_replaces_ours_and_an_empty_one_removes_it() {
    let plan = resolved(&["-H", "User-Agent: mine", "-H", "Accept:"], &[]).unwrap().plan;
    let named: Vec<_> = plan.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("user-agent") || name == "accept").collect();
    assert_eq!(named, [&("User-Agent".to_string(), "mine".to_string())]);
    assert!(resolved(&["-H", "no colon"], &[]).is_err());
    assert!(resolved(&["-H", "a: b\r\nc: d"], &[]).is_err());
}

#[test]
fn a_key_that_no_field_can_carry_is_refused_without_being_shown() {
    let error = format!("{:#}", resolved(&[], &[("OPENAI_API_KEY", "sk-secret 1")]).unwrap_err());
    assert!(error.contains("OPENAI_API_KEY") && !error.contains("sk-secret"), "{error}");
}

#[test]
fn the_body_is_what_was_asked_for_in_order() {
    let plan = resolved(&["-m", "m", "--max-tokens", "5", "--temperature", "0.5", "--stream", "--system", "s"], &[]).unwrap().plan;
    let expected = r#"{"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":"hi"}],"max_tokens":5,"temperature":0.5,"stream":true}"#;
    assert_eq!(String::from_utf8(plan.body).unwrap(), expected);
}
