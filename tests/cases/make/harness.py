"""What all makers share: servers that are started and ended, questions asked through llmcheck, and cases written down.

A case's findings are the maker's words, from how the fault was brought about. What llmcheck says is only compared with them, and a
difference is printed: then one of the two is wrong, and the bytes say which.
"""

import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import upstream

MAKE = pathlib.Path(__file__).resolve().parent
CASES = MAKE.parent
LLMCHECK = os.environ.get("LLMCHECK", str(MAKE.parents[2] / "target/debug/llmcheck"))
PYTHON = os.environ.get("CASES_PYTHON", "/opt/cases-py/bin")
LITELLM = os.environ.get("CASES_LITELLM", "/opt/cases-litellm/bin")
MITMPROXY = os.environ.get("CASES_MITMPROXY", "/opt/cases-mitm/bin")
NODE_MODULES = os.environ.get("CASES_NODE", "/opt/cases-node/node_modules")
PATH = f"{PYTHON}:{os.environ['PATH']}:/usr/sbin:/usr/local/sbin"

KEY = "sk-cases-0123456789abcdef"


def class_of():
    """The class of each code, from the catalogue itself."""
    rows = subprocess.run([LLMCHECK, "explain", "--list"], capture_output=True, text=True, check=True).stdout.splitlines()
    return {row.split()[2]: row.split()[1] for row in rows}


CLASS_OF = class_of()


def free_port():
    """A port on which nobody listens, below the range from which the kernel takes ports for clients."""
    while True:
        port = random.randrange(21000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class Server:
    """A program in a directory of its own, which listens on its port from here on and ends with the maker."""

    def __init__(self, make, arguments, port=None, files=(), environment=(), patience=30):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="cases-"))
        # Apache and Squid give up root for users of their own.
        self.directory.chmod(0o755)
        self.port = port or free_port()
        slots = {"port": self.port, "dir": self.directory, "upstream": make.upstream}
        for name, text in dict(files).items():
            for slot, value in slots.items():
                text = text.replace(f"<{slot}>", str(value))
            (self.directory / name).write_text(text)
        arguments = [str(argument).replace("<port>", str(self.port)).replace("<dir>", str(self.directory)) for argument in arguments]
        log = open(self.directory / "log", "wb")
        self.child = subprocess.Popen(
            arguments, cwd=self.directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            env={"PATH": PATH, "HOME": str(self.directory), "LANG": "C.UTF-8", **dict(environment)},
        )
        make.servers.append(self)
        deadline = time.monotonic() + patience
        while not self.listens():
            if self.child.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{arguments} does not listen on {self.port}:\n{(self.directory / 'log').read_text()}")
            time.sleep(0.02)

    def listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return self.child.poll() is None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def end(self):
        # Squid leaves shared memory behind where it is killed at once.
        for name in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.child.pid, name)
            except ProcessLookupError:
                break
            try:
                self.child.wait(3)
            except subprocess.TimeoutExpired:
                continue
        shutil.rmtree(self.directory, ignore_errors=True)


class Make:
    """Makes the cases of one maker file; `wanted` are the names to make, all of them if there are none."""

    def __init__(self, maker, software, wanted, upstream_port):
        self.maker, self.software, self.wanted = maker, software, wanted
        self.upstream = upstream_port
        self.servers, self.made, self.differing = [], 0, 0

    def serve(self, arguments, **rest):
        return Server(self, arguments, **rest)

    def end(self):
        for server in self.servers:
            server.end()
        self.servers.clear()

    def sweep(self, server, rows, suffix="", ask=(), in_path=True, **rest):
        """A case for each row: fault of the upstream (with `-stream` where a stream is asked for), findings, what `server` made of it.
        `in_path`: the path carries the fault to the upstream.
        """
        for row, findings, what in rows:
            name, _, text = row.partition(".")
            fault = name.removesuffix("-stream")
            is_stream = name != fault
            name = "-".join(part for part in (fault, text, suffix, "stream" if is_stream else "") if part)
            words = f"The upstream {upstream.FAULTS[fault][0]}; {what}."
            path = f"{fault}.{text}" if text else fault
            self.case(name, findings, words, server, path if in_path else None, ask=[*(["--stream"] if is_stream else []), *ask], **rest)

    def case(
        self, name, findings, what, server, path=None, ask=(), prompt="What does a proxy do?", keeps_times=False, no_replay=None, away=(), key=KEY,
    ):
        """Asks `server` (or a URL) once and writes the case down. `findings`: codes with blanks between, the verdict first.
        `away`: arguments that lead to this machine only, and mean nothing when the case is played back.
        """
        name = f"{self.maker}-{name}"
        if self.wanted and name not in self.wanted:
            return
        codes = findings.split()
        code = codes[0] if codes else "healthy"
        directory = CASES / code / name
        for old in CASES.glob(f"*/{name}"):
            shutil.rmtree(old)
        directory.mkdir(parents=True)
        url = server if server is None or isinstance(server, str) else server.url
        to = ["--base-url", url + (f"/{path}/v1" if path else "")] if url else []
        arguments = [prompt, *ask]
        recording = directory / "recording.jsonl"
        report = run(["chat", *arguments, *away, *to, "--json", "--retry", "0", "--record", str(recording)], key)
        case = {
            "what": what, "made_by": f"make/run {name}", "software": self.software,
            "class": CLASS_OF[code], "code": code, "findings": codes, "ask": arguments,
        }
        if keeps_times:
            case["keeps_times"] = True
        if no_replay:
            case["replay"] = no_replay
        (directory / "case.json").write_text(json.dumps(case, ensure_ascii=False, indent=2) + "\n")
        forget_paths(recording)
        self.made += 1
        self.compare(case, report)

    def of_lab(self, name, findings, what, ask, scenario=None, no_replay=None):
        """A case of a scenario of the built-in server."""
        away = ["--lab", scenario or name, "--connect-timeout", "2s", "--first-byte-timeout", "2s", "--idle-timeout", "1s", "--timeout", "4s"]
        sentence = what[0].upper() + what[1:].rstrip(".") + "."
        self.case(name, findings, sentence, None, ask=ask, away=away, key=None, no_replay=no_replay)

    def compare(self, case, report):
        got = [finding["code"] for finding in report["findings"]]
        verdict = report["verdict"]
        if (verdict["class"], verdict["code"], sorted(got)) != (case["class"], case["code"], sorted(case["findings"])):
            self.differing += 1
            print(f"DIFFERS {case['made_by']}: expected {case['findings'] or 'healthy'}, got {verdict['class']}/{verdict['code']} {got}")
            print(f"        {report.get('response') and report['response']['status']} {report['ledger']}")


def run(arguments, key):
    environment = {"PATH": PATH, "HOME": "/nonexistent", "LLMCHECK_LANG": "en", **({"OPENAI_API_KEY": key} if key else {})}
    ran = subprocess.run([LLMCHECK, *arguments], capture_output=True, env=environment, timeout=90)
    try:
        return json.loads(ran.stdout)
    except ValueError:
        raise SystemExit(f"no report: {arguments}\n{ran.stdout.decode()}{ran.stderr.decode()}")


def forget_paths(recording):
    """The command that asked names files of this machine, and the order of all else matters to nobody: only it is dropped."""
    first, _, rest = recording.read_text().partition("\n")
    first = json.loads(first)
    first["asked"].pop("command", None)
    recording.write_text(json.dumps(first, ensure_ascii=False, separators=(",", ":")) + "\n" + rest)


def version_of(*command):
    """The first version number that a program prints about itself."""
    ran = subprocess.run(command, capture_output=True, text=True, env={"PATH": PATH, "HOME": "/tmp"})
    return re.search(r"\d+\.\d+(\.\d+)?", ran.stdout + ran.stderr).group()
