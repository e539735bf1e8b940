//! Where settings come from: flags, variables and the configuration file, and what is said about a mistake.

use serde_json::Value;

use crate::program::{Ran, directory, file, llmcheck, run};
use crate::server::{Server, good};

fn with_environment(arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut command = llmcheck(["chat", "hi", "--json"].iter().chain(arguments));
    command.envs(variables.iter().copied());
    run(command)
}

/// Value and source of a setting.
#[track_caller]
fn setting(ran: &Ran, name: &str) -> (String, String) {
    let setting = ran.report()["settings"][name].clone();
    let word = |key: &str| setting[key].as_str().unwrap_or_default().to_string();
    (word("value"), word("source"))
}

const NOWHERE: &str = "http://127.0.0.1:1/v1";

#[test]
fn an_endpoint_of_the_file_gives_url_model_key_headers_and_timeouts() {
    let server = Server::always(good("ok"));
    let url = server.url();
    let text = format!(
        "[endpoints.relay]\nbase_url = \"{url}\"\nmodel = \"m1\"\napi_key_env = \"RELAY_KEY\"\nheaders = {{ X-Team = \"blue\" }}\n\
         [endpoints.relay.timeouts]\nfirst_byte = \"7s\"\n"
    );
    let config = file("endpoint", text);
    let ran = with_environment(&["--config", &config, "--endpoint", "relay"], &[("RELAY_KEY", "sk-relay-0123456789")]);
    let request = server.request();
    assert_eq!((ran.code, &request.json()["model"]), (Some(0), &Value::from("m1")));
    assert_eq!((request.field("authorization"), request.field("x-team")), (Some("Bearer sk-relay-0123456789"), Some("blue")));
    assert_eq!(setting(&ran, "first_byte_timeout").0, "7s");
    assert!(setting(&ran, "base_url").1.contains("relay"), "{}", setting(&ran, "base_url").1);
}

#[test]
fn the_file_is_found_in_xdg_config_home_and_in_home() {
    let text = format!("default = \"a\"\n[endpoints.a]\nbase_url = \"{NOWHERE}\"\nmodel = \"found\"\n");
    let (xdg, home) = (directory("xdg"), directory("home"));
    for path in [xdg.join("llmcheck"), home.join(".config/llmcheck")] {
        std::fs::create_dir_all(&path).unwrap();
        std::fs::write(path.join("config.toml"), &text).unwrap();
    }
    for (name, path) in [("XDG_CONFIG_HOME", &xdg), ("HOME", &home)] {
        let ran = with_environment(&[], &[(name, path.to_str().unwrap())]);
        assert_eq!(setting(&ran, "model").0, "found", "{name}");
    }
}

#[test]
fn a_mistake_in_the_file_names_file_line_and_the_right_spelling() {
    for (text, line, words) in [
        ("[endpoints.a]\nbase_url = \"http://a\"\nmodle = \"m\"\n", 3, "did you mean \"model\""),
        ("[endpoints.a]\nbase_ulr = \"http://a\"\n", 2, "did you mean \"base_url\""),
        ("[endpoint.a]\nbase_url = \"http://a\"\n", 1, "did you mean \"endpoints\""),
        ("[endpoints.a]\nbase_url = \"http://a\"\n[endpoints.a.timeouts]\nidle = \"soon\"\n", 4, "duration"),
        ("[endpoints.a]\nbase_url = \"http://a\"\n[endpoints.a.timeouts]\nfirst-byte = \"1s\"\n", 4, "did you mean \"first_byte\""),
        ("[endpoints.a]\nbase_url = 3\n", 2, "string"),
        ("[endpoints.a]\nbase_url = \"http://a\n", 2, ""),
        ("\n\n[endpoints.a]\nmodel = \"m\"\n", 3, "base_url"),
    ] {
        let config = file("mistake", text);
        let ran = run(llmcheck(["chat", "hi", "--json", "--config", &config, "--endpoint", "a"]));
        ran.ends_with(2).prints("").tells(&format!("{config}:{line}: ")).tells(words);
    }
}

#[test]
fn a_bad_url_or_proxy_in_the_file_names_the_endpoint() {
    for text in ["base_url = \"ftp://a\"", "base_url = \"http://127.0.0.1:1\"\nproxy = \"ftp://b\""] {
        let config = file("bad-url", format!("[endpoints.relay]\n{text}\n"));
        let ran = run(llmcheck(["chat", "hi", "--config", &config, "--endpoint", "relay"]));
        ran.ends_with(2).prints("").tells("endpoint");
    }
}

#[test]
fn two_sources_of_one_key_are_a_mistake() {
    let config = file("two-keys", format!("[endpoints.a]\nbase_url = \"{NOWHERE}\"\napi_key_env = \"A\"\napi_key_file = \"b\"\n"));
    run(llmcheck(["chat", "hi", "--config", &config, "--endpoint", "a"])).ends_with(2).prints("").tells(&config);
}

#[test]
fn a_timeout_of_nothing_is_a_mistake_in_the_file_as_in_a_flag() {
    let config = file("no-time", format!("[endpoints.a]\nbase_url = \"{NOWHERE}\"\n[endpoints.a.timeouts]\ntotal = \"0s\"\n"));
    run(llmcheck(["chat", "hi", "--config", &config, "--endpoint", "a"])).ends_with(2).prints("").tells(&format!("{config}:4: "));
}

#[test]
fn an_unknown_endpoint_gets_a_suggestion() {
    let config = file("unknown-endpoint", "[endpoints.relay]\nbase_url = \"http://a\"\n");
    run(llmcheck(["chat", "hi", "--config", &config, "--endpoint", "realy"])).ends_with(2).tells("\"relay\"");
    run(llmcheck(["chat", "hi", "--config", "/nowhere/config.toml"])).ends_with(2).tells("/nowhere/config.toml");
}

#[test]
fn the_base_url_comes_from_flag_endpoint_own_variable_sdk_variable_and_file_in_this_order() {
    let config =
        file("order", format!("default = \"d\"\n[endpoints.d]\nbase_url = \"{NOWHERE}/d\"\n[endpoints.e]\nbase_url = \"{NOWHERE}/e\"\n"));
    let (own, sdk, old) = (
        ("LLMCHECK_BASE_URL", "http://127.0.0.1:1/own"),
        ("OPENAI_BASE_URL", "http://127.0.0.1:1/sdk"),
        ("OPENAI_API_BASE", "http://127.0.0.1:1/old"),
    );
    let file_flags = ["--config", config.as_str()];
    let url = |arguments: &[&str], variables: &[(&str, &str)]| {
        setting(&with_environment(&[&file_flags, arguments].concat(), variables), "base_url").0
    };
    assert_eq!(url(&["--base-url", "http://127.0.0.1:1/flag"], &[own, sdk, old]), "http://127.0.0.1:1/flag");
    assert_eq!(url(&["--endpoint", "e"], &[own, sdk, old]), format!("{NOWHERE}/e"));
    assert_eq!(url(&[], &[own, sdk, old]), own.1);
    assert_eq!(url(&[], &[sdk, old]), sdk.1);
    assert_eq!(url(&[], &[old]), old.1);
    assert_eq!(url(&[], &[]), format!("{NOWHERE}/d"));
}

#[test]
fn the_old_variable_comes_with_a_note_and_no_other_does() {
    with_environment(&[], &[("OPENAI_API_BASE", NOWHERE)]).ends_with(23).tells("OPENAI_API_BASE").tells("OPENAI_BASE_URL");
    with_environment(&[], &[("OPENAI_BASE_URL", NOWHERE)]).ends_with(23).is_silent();
    with_environment(&[], &[("OPENAI_BASE_URL", NOWHERE), ("OPENAI_API_BASE", NOWHERE)]).ends_with(23).is_silent();
}

#[test]
fn own_variables_win_over_those_of_the_sdk() {
    let server = Server::always(good("ok"));
    let variables = [
        ("OPENAI_BASE_URL", NOWHERE),
        ("LLMCHECK_BASE_URL", &server.url()),
        ("OPENAI_API_KEY", "sk-of-the-sdk-000000"),
        ("LLMCHECK_API_KEY", "sk-of-our-own-000000"),
        ("OPENAI_ORG_ID", "org-1"),
        ("OPENAI_PROJECT_ID", "proj-1"),
        ("LLMCHECK_PROJECT_ID", "proj-2"),
    ];
    with_environment(&[], &variables).ends_with(0);
    let request = server.request();
    let fields = ["authorization", "openai-organization", "openai-project"].map(|name| request.field(name));
    assert_eq!(fields, [Some("Bearer sk-of-our-own-000000"), Some("org-1"), Some("proj-2")]);
}

#[test]
fn the_key_file_wins_over_every_variable() {
    let server = Server::always(good("ok"));
    let key = file("key-file", "sk-from-a-file-0000\nsecond line\n");
    let ran = with_environment(&["--api-key-file", &key, "--base-url", &server.url()], &[("LLMCHECK_API_KEY", "sk-other-000000")]);
    assert_eq!(server.request().field("authorization"), Some("Bearer sk-from-a-file-0000"));
    assert_eq!(setting(&ran, "api_key"), ("set".into(), "--api-key-file".into()));
}

/// The heads of requests that carry a credential of the default endpoint to another place, which these arguments and this variable name.
fn credentials_sent_elsewhere(test: &str, by_flag: bool, variable: &str) -> Vec<String> {
    let server = Server::always(good("ok"));
    let headers = "headers = { api-key = \"secret-of-a\" }";
    let config = file(test, format!("default = \"a\"\n[endpoints.a]\nbase_url = \"{NOWHERE}\"\napi_key_env = \"A_KEY\"\n{headers}\n"));
    let mut command = llmcheck(["chat", "hi", "--config", &config]);
    if by_flag {
        command.args(["--base-url", &server.url()]);
    }
    command.env("A_KEY", "sk-only-for-a-0000").env(variable, server.url());
    run(command).ends_with(0);
    let heads = server.requests().into_iter().map(|request| request.head);
    heads.filter(|head| head.contains("sk-only-for-a") || head.contains("secret-of-a")).collect()
}

#[test]
fn the_credentials_of_an_endpoint_are_not_sent_where_a_variable_points() {
    for variable in ["OPENAI_BASE_URL", "LLMCHECK_BASE_URL"] {
        assert_eq!(credentials_sent_elsewhere("elsewhere-by-variable", false, variable), [""; 0]);
    }
}

#[test]
fn the_credentials_of_an_endpoint_are_not_sent_where_a_flag_points() {
    assert_eq!(credentials_sent_elsewhere("elsewhere-by-flag", true, "UNUSED"), [""; 0]);
}

#[test]
fn a_key_that_cannot_be_had_is_wrong_usage_that_names_its_source() {
    let config = file("no-key", format!("[endpoints.a]\nbase_url = \"{NOWHERE}\"\napi_key_command = \"exit 3\"\n"));
    run(llmcheck(["chat", "hi", "--config", &config, "--endpoint", "a"])).ends_with(2).tells("api_key_command").tells("3");
    run(llmcheck(["chat", "hi", "--base-url", NOWHERE, "--api-key-file", "/nowhere/key"])).ends_with(2).tells("/nowhere/key");
}

#[test]
fn wrong_usage_exits_with_2_and_an_empty_stdout() {
    for wrong in [
        &["chat", "hi", "--nope"][..],
        &["chat", "hi", "--base-url", NOWHERE, "--endpoint", "e"],
        &["chat", "hi", "--timeout", "10"],
        &["chat", "hi", "--timeout", "0s"],
        &["chat", "hi", "--base-url", "ftp://a/v1"],
        &["chat", "hi", "--base-url", "api.example.com"],
        &["chat", "hi", "--base-url", NOWHERE, "-H", "no colon"],
        &["chat", "hi", "--base-url", NOWHERE, "-H", "a: b\r\nc: d"],
        &["chat", "hi", "--base-url", NOWHERE, "--proxy", "ftp://a"],
        &["chat", "hi", "--base-url", "https://127.0.0.1:1", "--cacert", "/nowhere/ca.pem"],
        &["chat", "hi", "--base-url", NOWHERE, "--record", "/nowhere/at/all/r.jsonl"],
        &["chat", "hi", "--lab", "healthy", "--base-url", NOWHERE],
        &["chat", "hi", "--lab-tls"],
        &["chat", "hi", "--lang", "fr", "--lab", "healthy"],
        &["chat", "--body", "/nowhere/body", "--lab", "healthy"],
        &["chat", "--messages", "/nowhere/messages", "--lab", "healthy"],
        &["lab"],
        &["explain"],
        &["nonsense"],
        &[],
    ] {
        let ran = run(llmcheck(wrong));
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.is_empty()), (Some(2), "", false), "{wrong:?}: {ran:?}");
    }
}

#[test]
fn help_and_version_go_to_stdout_and_are_no_failure() {
    for asked in [&["--help"][..], &["--version"], &["chat", "--help"], &["-h"]] {
        let ran = run(llmcheck(asked));
        assert!(ran.code == Some(0) && !ran.stdout.is_empty(), "{asked:?}");
        ran.is_silent();
    }
}

#[test]
fn an_unknown_scenario_or_code_gets_a_suggestion() {
    run(llmcheck(["chat", "hi", "--lab", "json-cutt"])).ends_with(2).tells("\"json-cut\"").tells("llmcheck lab --list");
    run(llmcheck(["explain", "lenght-counts-characters"])).ends_with(2).tells("\"length-counts-characters\"").tells("--list");
}
