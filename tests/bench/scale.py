#!/usr/bin/env python3
"""How one pass grows with its corpus: queries a second, memory, journal size; and kill -9 at random points until done.

  tests/bench/scale.py BINARY [QUERIES...]    default: 10000 100000 1000000

Each size is replayed against a demo server on the same machine, without pacing and with 64 queries at once: first in one
go, then killed at random points and resumed until it is done. Nothing of it may lose or double a query.
"""

import json
import pathlib
import random
import re
import sqlite3
import subprocess
import sys
import tempfile
import time

KILLS = 5


def write_corpus(folder, queries):
    with open(folder / "corpus.jsonl", "w") as corpus, open(folder / "answers.jsonl", "w") as answers:
        for i in range(queries):
            corpus.write(json.dumps({"id": f"sum/{i}", "problem": f"What is {i} + {i}?", "answer": str(2 * i),
                                     "subject": f"s{i % 10}", "judge": "numeric"}) + "\n")
            answers.write(json.dumps({"id": f"sum/{i}", "text": f"We add the two numbers with care.\nAnswer: {2 * i}"}) + "\n")


def write_config(folder, url, journal):
    path = folder / f"{journal}.yaml"
    path.write_text(f"""
corpus: {{path: corpus.jsonl}}
targets: [{{name: local, url: "{url}", model: recorded, schedule: {{mode: closed, concurrency: 64}}}}]
probes: {{sources: [{{type: simulated, watts: 300}}]}}
store: {{path: {journal}.db}}
""")
    return path


def resident_mib(pid):
    try:
        return int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) / 1024
    except (OSError, TypeError):
        return 0.0


def replay(binary, config, folder, resume=False, kill_after=None):
    """Seconds, highest memory in MiB, and whether it ended by itself."""
    command = [binary, "--log-level", "error", "replay", "-c", config] + (["--resume"] if resume else [])
    begin, most = time.monotonic(), 0.0
    with open(folder / "replay.err", "w") as err, subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=err) as run:
        while run.poll() is None:
            time.sleep(0.1)
            most = max(most, resident_mib(run.pid))
            if kill_after is not None and time.monotonic() - begin > kill_after:
                run.kill()
        took = time.monotonic() - begin
    if run.returncode not in (0, -9):
        sys.exit((folder / "replay.err").read_text())
    return took, most, run.returncode == 0


def check(journal, queries):
    with sqlite3.connect(journal) as database:
        done, different = database.execute("SELECT count(*), count(DISTINCT query_id) FROM attempts WHERE done = 1").fetchone()
    if (done, different) != (queries, queries):
        sys.exit(f"{queries} queries, but {done} finished and {different} different ones")


def measure(binary, folder, queries):
    write_corpus(folder, queries)
    server = subprocess.Popen([binary, "demo-server", "--corpus", folder / "corpus.jsonl", "--answers",
                               folder / "answers.jsonl", "--model", "recorded", "--ttft", "0", "--rate", "0"],
                              stdout=subprocess.PIPE, text=True)
    try:
        url = server.stdout.readline().split()[1]
        took, memory, _ = replay(binary, write_config(folder, url, "whole"), folder)
        check(folder / "whole.db", queries)
        size = (folder / "whole.db").stat().st_size / queries
        print(f"{queries:9} {queries / took:10.0f} {memory:10.0f} {size:12.0f}", end="", flush=True)

        config, chance, kills, ended = write_config(folder, url, "killed"), random.Random(7), 0, False
        while not ended:
            limit = chance.uniform(0.2, 2 * took / KILLS) + 1 if kills < 2 * KILLS else None
            _, more, ended = replay(binary, config, folder, resume=kills > 0, kill_after=limit)
            memory = max(memory, more)
            kills += not ended
        check(folder / "killed.db", queries)
        print(f" {kills:6} {memory:14.0f}", flush=True)
    finally:
        server.kill()
        server.wait()


def main(binary, *sizes):
    print("  queries  queries/s  most MiB  bytes/query  kills  most MiB, killed")
    for queries in map(int, sizes or (10_000, 100_000, 1_000_000)):
        with tempfile.TemporaryDirectory(prefix="ipw-scale-") as folder:
            measure(str(pathlib.Path(binary).resolve()), pathlib.Path(folder), queries)


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    main(*sys.argv[1:])
