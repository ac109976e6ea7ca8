"""kill -9 in the middle of a pass: no query lost, none counted twice."""

import random
import time
import unittest

from support import BINARY, EndToEnd, await_true, records, small_corpus

QUERIES = 30000


class Crash(EndToEnd):
    def written(self):
        """Changes whenever something was written to the journal."""
        log = self.folder / "ipw.db-wal"
        return log.stat().st_mtime_ns if log.exists() and log.stat().st_size > 100_000 else None

    def test_killed_and_resumed_pass_has_every_query_once(self):
        corpus, answers, right = small_corpus(self.folder, queries=QUERIES)
        _, url, load = self.demo_server(corpus, answers, ttft=0.01, rate=0)
        config = self.write("ipw.yaml", f"""
corpus: {{path: sums.jsonl}}
targets: [{{name: local, url: "{url}", dialect: openai, model: recorded, schedule: {{mode: closed, concurrency: 8}}}}]
probes: {{sources: [{{type: simulated, watts: 300}}]}}
store: {{path: ipw.db}}
""")
        chance, kills = random.Random(7), 0
        arguments = ["replay", "-c", config]
        while True:
            before = self.written()
            replay = self.start(f"replay-{kills}", BINARY, *arguments)
            arguments = ["replay", "-c", config, "--resume"]
            await_true(lambda: self.written() not in (None, before) or not replay.alive(), "records in the journal")
            time.sleep(chance.uniform(0.0, 0.7))
            if not replay.alive():
                break
            replay.process.kill()
            replay.wait()
            kills += 1
            self.assertLess(kills, 60)
        self.assertEqual(replay.wait(), 0, replay.errors())
        self.assertGreaterEqual(kills, 2, "the pass ended before it could be killed twice")

        final = [r for r in records(self.folder / "ipw.db") if r["final"]]
        self.assertEqual(sorted(r["query_id"] for r in final), sorted(f"sum/{i}" for i in range(QUERIES)))
        self.assertEqual(sum(r["verdict"] == "correct" for r in final), right)
        self.assertEqual(len({r["id"] for r in final}), QUERIES)
        self.assertIn(str(QUERIES), replay.output())

    def test_a_finished_pass_is_not_run_again_by_resume_but_by_a_new_replay(self):
        corpus, answers, _ = small_corpus(self.folder, queries=10)
        _, url, _ = self.demo_server(corpus, answers)
        config = self.write("ipw.yaml", f"""
corpus: {{path: sums.jsonl}}
targets: [{{name: local, url: "{url}", dialect: openai, model: recorded}}]
probes: {{sources: [{{type: simulated, watts: 300}}]}}
store: {{path: ipw.db}}
""")
        for arguments, expected in (((), 10), (("--resume",), 10), ((), 20)):
            done = self.run_binary("replay", "-c", config, *arguments)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(len(records(self.folder / "ipw.db")), expected)


if __name__ == "__main__":
    unittest.main()
