"""What no server at hand can be brought to do, by the built-in one that misbehaves on purpose: a case for each code that has no other, and
its healthy scenarios.
"""

import json
import re
import signal
import socket
import subprocess
import threading
import time

import harness

PLAIN = """
    key-missing connection-refused reset-before-response length-and-chunked invalid-content-length
    no-connection-in-time end-not-signalled deadline-passed head-cut tokens-per-minute concurrency-limited relay-cooldown
    daily-limit-reached plan-limit-reached relay-quota-exhausted relay-token-expired region-blocked relay-no-channel
    prompt-refused-by-filter request-over-token-limit parameter-rejected relay-crashed error-in-success not-http
    chunk-framing-in-content malformed-header-field text-before-json digest-mismatch other-api-shape empty-body
    choice-without-finish tool-arguments-cut content-filtered name-not-found proxy-unreachable certificate-rejected
""".split()
# With a consequence of their own.
CONSEQUENCES = {"malformed-chunk": "json-cut"}
STREAMED = "stream-rate-limited malformed-event events-misframed choice-without-finish tool-arguments-cut other-api-shape".split()
NO_REPLAY = {"deadline-passed": "what it sends after the time is up was never recorded"}
# Too large for the repository, or healthy only after some attempts.
LEFT_OUT = {"healthy-long-event", "huge-stream", "huge-answer", "flaky-429-retry-after", "flaky-500-twice", "flaky-reset-once"}


def software():
    return "llmcheck lab " + harness.version_of(harness.LLMCHECK, "--version")


def described():
    """The sentence of each scenario, without the verdict before it; and the modes in which it is healthy."""
    rows = subprocess.run([harness.LLMCHECK, "lab", "--list"], capture_output=True, text=True, check=True).stdout.splitlines()
    sentences, modes = {}, {}
    for row in rows:
        name, verdict, sentence = re.split(r"\s{2,}", row.strip(), maxsplit=2)
        sentences[name] = sentence
        if verdict.startswith("healthy"):
            modes[name] = [mode for mode in ("plain", "--stream") if "(" not in verdict or mode in verdict]
    return sentences, modes


def cases(make):
    sentences, modes = described()
    for code in [*PLAIN, *CONSEQUENCES]:
        findings = f"{code} {CONSEQUENCES.get(code, '')}".strip()
        make.of_lab(code, findings, sentences[code], [], no_replay=NO_REPLAY.get(code))
    for scenario in sorted(set(modes) - LEFT_OUT):
        for mode in modes[scenario]:
            name, ask = (scenario, []) if mode == "plain" else (f"{scenario}-stream", ["--stream"])
            make.of_lab(name, "", sentences[scenario], ask, scenario=scenario)
    for code in STREAMED:
        make.of_lab(f"{code}-stream", code, sentences[code], ["--stream"], scenario=code)
    make.case("no-route", "host-unreachable", "There is no way to 2001:db8::1 (RFC 3849) from a machine without IPv6.", "http://[2001:db8::1]")
    not_modified(make)
    interrupted(make)


def not_modified(make):
    """304 answers a condition that nobody set, and has no body by definition."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer():
        connection, _ = listener.accept()
        connection.recv(65536)
        connection.sendall(b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nConnection: close\r\n\r\n')
        connection.close()

    threading.Thread(target=answer, daemon=True).start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    make.case("not-modified", "undiagnosed-failure", "304 answers a condition that nobody set: no rule claims to know why.", url)
    listener.close()


def interrupted(make):
    """The user presses Ctrl-C in the middle of a stream."""
    if make.wanted and "lab-interrupted-stream" not in make.wanted:
        return
    directory = harness.CASES / "interrupted-by-user" / "lab-interrupted-stream"
    directory.mkdir(parents=True, exist_ok=True)
    recording = directory / "recording.jsonl"
    recording.unlink(missing_ok=True)
    ask = ["What does a proxy do?", "--stream"]
    command = [harness.LLMCHECK, "chat", *ask, "--lab", "stalled-in-body", "--json", "--record", str(recording)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    while not recording.exists() or '"<"' not in recording.read_text():
        time.sleep(0.05)
    time.sleep(0.2)
    child.send_signal(signal.SIGINT)
    report = json.loads(child.communicate(timeout=20)[0])
    case = {
        "what": "The user stops a stream that has stalled.", "made_by": "make/run lab-interrupted-stream", "software": make.software,
        "class": "interrupted", "code": "interrupted-by-user", "findings": ["interrupted-by-user"], "ask": ask,
        "replay": "nobody presses Ctrl-C when it is played back",
    }
    (directory / "case.json").write_text(json.dumps(case, ensure_ascii=False, indent=2) + "\n")
    harness.forget_paths(recording)
    make.made += 1
    make.compare(case, report)
