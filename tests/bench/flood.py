#!/usr/bin/env python3
"""What a flood of requests does to the measurement: the same replay, left alone and with wrk at its pages.

  tests/bench/flood.py BINARY [SECONDS]    default: 20 seconds a phase

Needs wrk (Debian's package). Sidecar, demo server and wrk share the machine: read ratios of one run. The server's own pace is
known (first token after 50 ms, then one every 5 ms), so that what differs from it is lag, the server's or ours.
"""

import json
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

PATHS = ("/metrics", "/api/v1/status", "/api/v1/queries?limit=100", "/")


def start(folder, name, *command):
    log = open(folder / name, "w")
    return subprocess.Popen([str(part) for part in command], stdout=log, stderr=log)


def await_match(path, pattern):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if found := re.search(pattern, path.read_text()):
            return found[1]
        time.sleep(0.05)
    sys.exit(f"{path.name}: {path.read_text()}")


def write_inputs(folder):
    with open(folder / "corpus.jsonl", "w") as corpus, open(folder / "answers.jsonl", "w") as answers:
        for i in range(500):
            corpus.write(json.dumps({"id": f"sum/{i}", "problem": f"What is {i} + {i}?", "answer": str(2 * i), "judge": "numeric"}) + "\n")
            answers.write(json.dumps({"id": f"sum/{i}", "text": "We add with care. " * 12 + f"Answer: {2 * i}"}) + "\n")


def percentile(values, share):
    return sorted(values)[int(share * (len(values) - 1))] if values else float("nan")


def scrape(address, name):
    text = urllib.request.urlopen(f"{address}/metrics", timeout=60).read().decode()
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith((f"{name}{{", f"{name} ")))


def flood(address, path, seconds):
    done = subprocess.run(["wrk", "-t1", "-c200", f"-d{seconds}s", "--timeout", "5s", address + path], capture_output=True, text=True)
    answered = int(re.search(r"(\d+) requests in", done.stdout)[1])
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout)
    return answered / seconds, int(refused[1]) if refused else 0, answered


def phase(name, binary, folder, address, action):
    began, missed = time.time(), scrape(address, "ipw_sampler_missed_ticks_total")
    said = action()
    time.sleep(1.5)
    missed = scrape(address, "ipw_sampler_missed_ticks_total") - missed
    done = subprocess.run([binary, "export", folder / "ipw.db"], capture_output=True, text=True, check=True)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(began))
    records = [r for r in map(json.loads, done.stdout.splitlines()) if r["sent_at"] >= stamp]
    first = [r["time_to_first_token_s"] * 1e3 for r in records]
    whole = [r["duration_s"] * 1e3 for r in records]
    joules = [r["energy_gross_j"] for r in records if r["energy_validity"] == "ok"]
    bad = sum(r["outcome"] != "ok" for r in records)
    print(f"| {name} | {said} | {len(records)} | {bad} | {percentile(first, .5):.2f} / {percentile(first, .99):.2f} | "
          f"{percentile(whole, .5):.1f} / {percentile(whole, .99):.1f} | {statistics.mean(joules):.2f} | {missed:.0f} |", flush=True)


def main():
    binary, seconds = pathlib.Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 20
    if not shutil.which("wrk"):
        sys.exit("flood: needs wrk: apt-get install wrk")
    with tempfile.TemporaryDirectory() as held:
        folder = pathlib.Path(held)
        write_inputs(folder)
        server = start(folder, "server.log", binary, "demo-server", "--corpus", folder / "corpus.jsonl", "--answers",
                       folder / "answers.jsonl", "--model", "recorded", "--ttft", 0.05, "--rate", 200)
        url = await_match(folder / "server.log", r"(?m)^url (\S+)$")
        load = await_match(folder / "server.log", r"(?m)^load_url (\S+)$")
        (folder / "ipw.yaml").write_text(f"""
listen: 127.0.0.1:0
corpus: {{path: corpus.jsonl}}
targets: [{{name: local, url: "{url}", model: recorded, schedule: {{mode: constant, rate: 20/s}}}}]
probes: {{sources: [{{type: simulated, idle_watts: 50, watts_per_query: 100, load_url: "{load}"}}]}}
store: {{path: ipw.db}}
""")
        sidecar = start(folder, "sidecar.log", binary, "run", "-c", folder / "ipw.yaml")
        try:
            address = await_match(folder / "sidecar.log", r"metrics=(http://\S+)/metrics")
            time.sleep(3)
            print("| | requests/s, refused with 503 | queries | failed | first token ms: median / p99 | "
                  "whole ms: median / p99 | J a query | missed ticks |\n" + "| --- " * 8 + "|")
            phase("left alone", binary, folder, address, lambda: time.sleep(seconds) or "none")
            for path in PATHS:
                def action(path=path):
                    rate, refused, answered = flood(address, path, seconds)
                    return f"{rate:,.0f}, {refused / max(1, answered):.0%}"

                phase(f"`{path}`", binary, folder, address, action)
        finally:
            for process in (sidecar, server):
                process.terminate()
                process.wait(20)


if __name__ == "__main__":
    main()
