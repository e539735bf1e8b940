"""The LiteLLM proxy before the faulty upstream: a model's name chooses the fault."""

import pathlib

import harness

TOLD = "LiteLLM answers 500 in its JSON: its connection to the upstream failed"
FORGED = "LiteLLM writes finish_reason «stop» and [DONE] of its own behind it, and no byte shows the cut: nothing can be claimed"

ROWS = [
    ("whole", "", "LiteLLM writes it anew and compresses it"),
    ("whole.chinese", "", "LiteLLM writes it anew and compresses it"),
    ("whole.tool", "", "LiteLLM writes the tool call anew"),
    ("whole.limit", "token-limit-reached", "LiteLLM passes finish_reason «length» on"),
    ("gzip", "", "LiteLLM decodes it and writes it anew"),
    ("chunked-stream", "", "LiteLLM writes each event anew"),
    ("chunked-stream.chinese", "", "LiteLLM writes each event anew"),
    ("chunked-stream.tool", "", "LiteLLM writes the tool call anew, piece by piece"),
    ("slow-stream", "", "LiteLLM passes each event on as it comes"),
    ("no-done-stream", "", "LiteLLM writes the missing [DONE] itself"),
    ("comments-stream", "", "LiteLLM drops the comments"),
    ("undeclared-cut-stream", "", FORGED),
    ("no-finish-stream", "", FORGED),
    ("cut", "relay-upstream-failed", TOLD),
    ("reset", "relay-upstream-failed", TOLD),
    ("chunks-cut", "relay-upstream-failed", TOLD),
    ("empty", "relay-upstream-failed", TOLD),
    ("garbage", "relay-upstream-failed", TOLD),
    ("undeclared-cut", "relay-upstream-failed", "LiteLLM answers 500 in its JSON: it could not parse the half"),
    ("empty-body", "relay-upstream-failed", "LiteLLM answers 500 in its JSON: it could not parse nothing"),
    ("silent", "provider-error", "LiteLLM answers 408 in its JSON: its request timed out"),
    ("silent-stream", "provider-error", "LiteLLM answers 408 in its JSON: its request timed out"),
    ("chunks-cut-stream", "error-in-stream", "LiteLLM tells it in an error event, without [DONE]"),
    ("empty-body-stream", "empty-answer", "LiteLLM makes a finished stream without content of it"),
    ("error-event-stream", "error-in-stream", "LiteLLM tells it in its own words"),
    ("error-429", "requests-per-minute", "LiteLLM passes it on in its own words"),
    ("error-quota", "quota-exhausted", "LiteLLM passes it on in its own words"),
    ("error-401", "key-invalid", "LiteLLM passes on that the key which it holds is refused"),
    ("error-404-stream", "model-not-found", "LiteLLM passes it on in its own words"),
    ("error-context", "context-too-long", "LiteLLM passes it on in its own words, compressed"),
    ("error-500", "provider-error", "LiteLLM passes it on in its own words"),
    ("error-503-stream", "provider-overloaded", "LiteLLM passes it on in its own words"),
]
SETTINGS = """litellm_settings: {num_retries: 0, request_timeout: 1, telemetry: false}
router_settings: {num_retries: 0, enable_pre_call_checks: true, disable_cooldowns: true}
general_settings: {master_key: <key>}
"""


def software():
    return "LiteLLM " + harness.version_of(harness.LITELLM + "/python", "-c", "import importlib.metadata as m; print(m.version('litellm'))")


def model_of(row):
    return "api-" + row.replace("-stream", "").replace(".", "-")


def start(make):
    deployments = {model_of(row): (row.replace("-stream", ""), "") for row, _, _ in ROWS} | {"api-once": ("whole", ", rpm: 1")}
    models = "".join(
        f'  - model_name: {name}\n    litellm_params: {{model: openai/gpt-4o-mini, api_base: "http://127.0.0.1:<upstream>/{fault}/v1", api_key: sk-upstream{more}}}\n'
        for name, (fault, more) in deployments.items()
    )
    config = f"model_list:\n{models}{SETTINGS}".replace("<key>", harness.KEY)
    environment = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "PATH": f"{harness.LITELLM}:{harness.PATH}"}
    program = [pathlib.Path(harness.LITELLM) / "litellm", "--config", "<dir>/config.yaml", "--port", "<port>", "--host", "127.0.0.1"]
    return make.serve(program, files={"config.yaml": config}, environment=environment, patience=120)


def cases(make):
    server = start(make)
    base = server.url + "/v1"
    for row, findings, what in ROWS:
        make.sweep(base, [(row, findings, what)], ask=["-m", model_of(row)], in_path=False)
    make.case("rpm-first", "", "The model has an rpm of 1; this is its first request of the minute.", base, ask=["-m", "api-once"])
    for mode in ("", "-stream"):
        words = "The model's rpm of 1 is used up: LiteLLM says 429 and «No deployments available», for the rest of the minute."
        make.case(f"rpm{mode}", "rate-limited", words, base, ask=["-m", "api-once", *(["--stream"] if mode else [])])
    make.case("no-model", "model-not-found", "LiteLLM has no model of this name.", base, ask=["-m", "gpt-6-secret"])
    words = "LiteLLM has no database, and so knows no key but its master key: it says so, and not that the key is wrong."
    make.case("wrong-key", "relay-token-rejected", words, base, ask=["-m", "api-whole"], key="sk-wrong-9876543210")
    make.case("no-key", "gateway-failure", "LiteLLM got no key, and its handler for that fails in its turn (no prisma): a bare 500.", base, ask=["-m", "api-whole"], key=None)
    make.case("no-path", "path-not-found", "LiteLLM has no such path.", server.url + "/v1/v1", ask=["-m", "api-whole"])
