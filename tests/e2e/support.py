"""What the end-to-end tests share: the real binary, a real Prometheus, and readers for what they say."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

SOURCE = pathlib.Path(os.environ["IPW_SOURCE_DIR"])
BINARY = os.environ["IPW_BINARY"]
SHARED = SOURCE.parent / "shared"
TOOLS = SOURCE / "build" / "tools" / "usr" / "bin"
PROMETHEUS = TOOLS / "prometheus"
ALERTMANAGER = TOOLS / "prometheus-alertmanager"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(url, timeout=10):
    """Status and body, whatever the status is."""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def get_json(url):
    status, body = get(url)
    assert status == 200, f"{url}: {status} {body}"
    return json.loads(body)


def await_true(condition, what, seconds=30):
    """The condition's first true value; fails with `what` when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


class Process:
    """A child process whose output goes to files, and that never outlives its test."""

    def __init__(self, folder, name, command, **options):
        self.out = folder / f"{name}.out"
        self.err = folder / f"{name}.err"
        with open(self.out, "w") as out, open(self.err, "w") as err:
            self.process = subprocess.Popen([str(part) for part in command], stdout=out, stderr=err, **options)

    def alive(self):
        return self.process.poll() is None

    def output(self):
        return self.out.read_text()

    def errors(self):
        return self.err.read_text()

    def wait(self, seconds=120):
        return self.process.wait(seconds)

    def stop(self, number=signal.SIGTERM, seconds=30):
        if self.alive():
            self.process.send_signal(number)
        return self.process.wait(seconds)

    def kill(self):
        if self.alive():
            self.process.kill()
        self.process.wait(10)


class EndToEnd(unittest.TestCase):
    """A folder and child processes of the test's own."""

    maxDiff = None

    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="ipw-e2e-")
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)

    def start(self, name, *command, **options):
        process = Process(self.folder, name, command, **options)
        self.addCleanup(process.kill)
        return process

    def run_binary(self, *arguments, seconds=300, **options):
        return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=seconds,
                              stdin=subprocess.DEVNULL, **options)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def demo_server(self, corpus, answers, model="recorded", ttft=0.0, rate=0, name="server", misbehave=(), more=()):
        """Streams recorded answers, and misbehaves as it is told; gives its base URL and the URL of its load."""
        corpora = [part for path in (corpus if isinstance(corpus, list) else [corpus]) for part in ("--corpus", path)]
        server = self.start(name, BINARY, "demo-server", *corpora, "--answers", answers, "--model", model,
                            "--ttft", ttft, "--rate", rate, *(part for spec in misbehave for part in ("--misbehave", spec)), *more)
        lines = await_true(lambda: (server.output().count("\n") >= 2 and server.output()) or
                           (not server.alive() and server.errors()), "demo server")
        self.assertTrue(server.alive(), server.errors())
        urls = dict(line.split() for line in lines.splitlines())
        return server, urls["url"], urls["load_url"]

    def sidecar(self, config, name="sidecar", **options):
        """`run` on this configuration; gives the process and the base URL of its pages."""
        process = self.start(name, BINARY, "run", "-c", config, **options)
        found = await_true(lambda: re.search(r"metrics=(http://\S+)/metrics", process.errors()) or not process.alive(),
                           "sidecar")
        self.assertTrue(process.alive(), process.errors())
        return process, found[1]

    def prometheus(self, address, rules=(), alertmanager=None, features=()):
        """A real Prometheus that scrapes `address` every second and evaluates a file of rules, or several, and tells an
        Alertmanager at that base URL; gives its base URL."""
        if not PROMETHEUS.exists():
            self.skipTest("build/tools has no prometheus: run deploy/setup prometheus")
        rules = [rules] if isinstance(rules, pathlib.Path) else rules or []
        managers = [{"static_configs": [{"targets": [alertmanager.removeprefix("http://")]}]}] if alertmanager else []
        config = self.write("prometheus.yml", f"""
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
alerting: {{alertmanagers: {json.dumps(managers)}}}
scrape_configs: [{{job_name: ipw, static_configs: [{{targets: ["{address}"]}}]}}]
rule_files: {json.dumps([str(path) for path in rules])}
""")
        port = free_port()
        self.start("prometheus", PROMETHEUS, f"--config.file={config}", f"--storage.tsdb.path={self.folder}/tsdb",
                   f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn",
                   *(f"--enable-feature={feature}" for feature in features))
        url = f"http://127.0.0.1:{port}"
        await_true(lambda: answers(f"{url}/-/ready"), "Prometheus ready")
        return url

    def alertmanager(self, config):
        """A real Alertmanager on this configuration's text; gives its base URL."""
        if not ALERTMANAGER.exists():
            self.skipTest("build/tools has no prometheus-alertmanager: run deploy/setup alertmanager")
        path, port = self.write("alertmanager.yml", config), free_port()
        self.start("alertmanager", *among_its_files(self), f"--config.file={path}", f"--storage.path={self.folder}/alertmanager",
                   f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=", "--log.level=warn")
        url = f"http://127.0.0.1:{port}"
        await_true(lambda: answers(f"{url}/-/ready"), "Alertmanager ready")
        return url


def among_its_files(test):
    """A command that runs the unpacked Alertmanager: Debian's looks for its files under /usr/share, and finds them there in
    a mount namespace of its own. Skips the test where there can be none."""
    if pathlib.Path("/usr/share/prometheus/alertmanager/default.tmpl").exists():
        return [ALERTMANAGER]
    inside = 'mount -t tmpfs none /usr/share && ln -s "$0" /usr/share/prometheus && exec "$@"'
    for flags in ("-m", "-rm"):
        command = ["unshare", flags, "sh", "-c", inside, TOOLS.parent / "share" / "prometheus"]
        if subprocess.run([*command, "true"], capture_output=True).returncode == 0:
            return [*command, ALERTMANAGER]
    return test.skipTest("no mount namespace can be had, and Alertmanager is not installed")


def set_up_llama(test):
    """Has llama-server unpacked; skips the test with the reason where it cannot be had, and fails for any other."""
    cannot_be_had = 3
    done = subprocess.run([SOURCE / "deploy" / "setup", "llama"], capture_output=True, text=True, timeout=300)
    if done.returncode == cannot_be_had:
        test.skipTest(done.stderr.splitlines()[-1])
    test.assertEqual(done.returncode, 0, done.stderr)


def answers(url):
    try:
        return get(url, 2)[0] == 200
    except OSError:
        return False


def query(prometheus, expression):
    """The instant vector of a PromQL expression: a list of (labels, value)."""
    url = f"{prometheus}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
    answer = get_json(url)
    return [(row["metric"], float(row["value"][1])) for row in answer["data"]["result"]]


SAMPLE = re.compile(r'^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class Scrape:
    """The samples of one scraped text."""

    def __init__(self, text):
        self.samples = []
        for line in text.splitlines():
            if line and not line.startswith("#"):
                name, labels, value = SAMPLE.match(line).groups()
                self.samples.append((name, dict(LABEL.findall(labels or "")), float(value)))

    def select(self, name, **labels):
        return [(found, value) for sample, found, value in self.samples
                if sample == name and all(found.get(key) == wanted for key, wanted in labels.items())]

    def sum(self, name, **labels):
        return sum(value for _, value in self.select(name, **labels))


def scrape(url):
    status, text = get(f"{url}/metrics")
    assert status == 200, text
    return Scrape(text)


def check_laws(test, sample):
    """The laws at the end of the contract's table of metrics, on one scraped text."""
    for labels, metered in sample.select("ipw_scope_energy_joules_total"):
        book = {key: labels[key] for key in ("device", "scope", "quality")}
        test.assertAlmostEqual(sample.sum("ipw_energy_joules_total", **book), metered, delta=1e-6 * max(1, metered), msg=book)
    pending = sample.sum("ipw_judgements_pending")
    asked = sample.sum("ipw_queries_total") - sample.sum("ipw_queries_total", outcome="cancelled")
    test.assertEqual(sample.sum("ipw_verdicts_total") + pending, asked)
    if pending:
        return
    for scope in {labels["scope"] for labels, _ in sample.select("ipw_energy_joules_total")}:
        charged = sample.sum("ipw_energy_joules_total", share="query", scope=scope)
        metered = sample.sum("ipw_metered_energy_joules_total", scope=scope)
        test.assertAlmostEqual(metered, charged, delta=1e-6 * max(1, charged), msg=scope)
        test.assertAlmostEqual(sample.sum("ipw_query_energy_joules_sum", scope=scope), charged, delta=1e-6 * max(1, charged))


def questions(labels):
    """The questions at the end of the contract's metrics, for these labels."""
    rates = {name: f"sum by({labels})(rate(ipw_metered_{name}_total[6h]))"
             for name in ("score", "energy_joules", "power_watts", "queries", "seconds")}
    return {
        "IPJ": f"{rates['score']} / {rates['energy_joules']}",
        "IPW, query": f"{rates['score']} / {rates['power_watts']}",
        "IPW, time": f"({rates['score']} / {rates['queries']}) / ({rates['energy_joules']} / {rates['seconds']})",
        "accuracy": "sum by(target,corpus,subject)(rate(ipw_score_total[6h])) / "
                    "sum by(target,corpus,subject)(rate(ipw_verdicts_total[6h]))",
    }


def records(journal):
    """The journal's records, as `export` writes them."""
    done = subprocess.run([BINARY, "export", str(journal)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def small_corpus(folder, queries=20, words=12):
    """A corpus of sums and the recorded answers to it, four of five right; gives both paths and the right ones' number."""
    corpus, answers_path, right = folder / "sums.jsonl", folder / "answers.jsonl", 0
    with open(corpus, "w") as lines, open(answers_path, "w") as texts:
        for i in range(queries):
            correct = i % 5 != 4
            right += correct
            lines.write(json.dumps({"id": f"sum/{i}", "problem": f"What is {i} + {i}? Finish with \"Answer: N\".",
                                    "answer": str(2 * i), "subject": "sums" if i % 2 else "doubles", "language": "en",
                                    "judge": "numeric"}) + "\n")
            filler = "We add the two numbers with care. " * (words // 6)
            texts.write(json.dumps({"id": f"sum/{i}", "text": f"{filler}\nAnswer: {2 * i if correct else 2 * i + 1}"}) + "\n")
    return corpus, answers_path, right


class FakeRapl:
    """A powercap tree whose energy_uj a thread of the test advances by a known power."""

    def __init__(self, root, watts, range_uj=262143328850, start_uj=0):
        self.watts_at, self.range, self.start_uj = watts, range_uj, start_uj
        self.zone = root / "sys/class/powercap/intel-rapl:0"
        self.zone.mkdir(parents=True)
        (self.zone / "name").write_text("package-0\n")
        (self.zone / "max_energy_range_uj").write_text(f"{range_uj}\n")
        self.begin, self.stopped, self.frozen = time.time(), threading.Event(), False
        self.write()
        self.thread = threading.Thread(target=self.advance, daemon=True)
        self.thread.start()

    def joules(self, at):
        """True joules since the beginning: `watts` is a function that integrates the power."""
        return self.watts_at(at - self.begin)

    def write(self):
        value = int(self.start_uj + self.joules(time.time()) * 1e6) % self.range
        # In place and of constant width, as the kernel would: a reader never sees half of it.
        with open(self.zone / "energy_uj", "r+" if (self.zone / "energy_uj").exists() else "w") as file:
            file.write(f"{value:015d}\n")

    def advance(self):
        while not self.stopped.wait(0.001):
            if not self.frozen:
                self.write()

    def stop(self):
        self.stopped.set()
        self.thread.join()
