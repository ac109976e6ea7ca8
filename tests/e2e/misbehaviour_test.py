"""A server that misbehaves on purpose: whatever it does, every attempt is booked exactly once."""

import collections
import signal
import time
import unittest

from support import BINARY, EndToEnd, await_true, check_laws, get, records, scrape, small_corpus

QUERIES = 100


class Misbehaviour(EndToEnd):
    def configure(self, url, load, target="retry: {attempts: 5}"):
        return self.write("ipw.yaml", f"""
listen: 127.0.0.1:0
corpus: {{name: sums, path: sums.jsonl}}
targets:
  - {{name: local, url: "{url}", dialect: openai, model: recorded, idle_watts: 50,
     schedule: {{mode: closed, concurrency: 8}}, {target}}}
probes:
  sources: [{{type: simulated, idle_watts: 50, watts_per_query: 100, load_url: "{load}"}}]
store: {{path: ipw.db}}
""")

    def serve(self, *misbehave, queries=QUERIES, **options):
        corpus, answers, self.right = small_corpus(self.folder, queries=queries)
        _, url, load = self.demo_server(corpus, answers, ttft=0.01, rate=1000, misbehave=misbehave, **options)
        return url, load

    def told(self, load):
        """What the server counted: its requests, those that came too early, and what each misbehaviour fell on."""
        page = get(load.removesuffix("/load") + "/misbehaviours")[1]
        return collections.Counter({name: int(count) for name, count in map(str.split, page.splitlines())})

    def check_attempts(self, found):
        """The attempts of each query: numbered from 1, the last one final and no other."""
        self.assertEqual(len({record["id"] for record in found}), len(found), "every attempt once")
        queries = collections.defaultdict(list)
        for record in found:
            queries[record["cycle"], record["query_id"]].append(record)
        for name, attempts in queries.items():
            attempts.sort(key=lambda record: record["attempt"])
            self.assertEqual([record["attempt"] for record in attempts], list(range(1, len(attempts) + 1)), name)
            self.assertEqual([record["final"] for record in attempts], [False] * (len(attempts) - 1) + [True], name)
            for record in attempts:
                self.assertTrue(record["reason"], record)
        return queries

    def test_a_fifth_of_the_streams_cut_loses_no_query(self):
        url, load = self.serve("cut@0.2")
        done = self.run_binary("replay", "-c", self.configure(url, load))
        self.assertEqual(done.returncode, 0, done.stderr)
        found = records(self.folder / "ipw.db")
        queries = self.check_attempts(found)
        told = self.told(load)
        self.assertEqual(len(queries), QUERIES)
        self.assertEqual(len(found), told["requests"])
        cut = [record for record in found if record["outcome"] == "stream_cut"]
        self.assertEqual(len(cut), told["cut"])
        self.assertTrue(8 <= len(cut) <= 45, len(cut))
        self.assertEqual({record["outcome"] for record in found}, {"ok", "stream_cut"})
        self.assertEqual(sum(record["attempt"] == 2 for record in found),
                         sum(record["attempt"] == 1 for record in cut), "each first attempt that was cut has a second")
        final = [record for record in found if record["final"]]
        self.assertEqual(sum(record["verdict"] == "correct" for record in final), self.right)
        for record in cut:
            self.assertFalse(record["final"])
            self.assertIsNone(record["verdict"])
            self.assertIsNotNone(record["energy_gross_j"], "a failure costs joules too")

    def test_the_books_balance_while_streams_are_cut(self):
        url, load = self.serve("cut@0.2", "error_nested@0.05", "http_500@0.05", queries=40)
        sidecar, address = self.sidecar(self.configure(url, load, "retry: {attempts: 3}"))
        await_true(lambda: scrape(address).sum("ipw_queries_total") > 150, "150 queries", 60)
        for _ in range(20):
            check_laws(self, scrape(address))
        self.assertEqual(sidecar.stop(), 0, sidecar.errors())
        found = records(self.folder / "ipw.db")
        self.check_attempts_of_cancelled(found)
        outcomes = collections.Counter(record["outcome"] for record in found)
        told = self.told(load)
        for outcome, name in (("stream_cut", "cut"), ("stream_error", "error_nested"), ("http_5xx", "http_500")):
            self.assertGreater(outcomes[outcome], 0)
            self.assertLessEqual(outcomes[outcome], told[name])

    def check_attempts_of_cancelled(self, found):
        """As check_attempts, but for what the end of the run took away."""
        whole = [record for record in found if record["outcome"] != "cancelled"]
        cancelled = {(record["cycle"], record["query_id"]) for record in found if record["outcome"] == "cancelled"}
        self.assertEqual(len({record["id"] for record in found}), len(found))
        self.check_attempts([record for record in whole if (record["cycle"], record["query_id"]) not in cancelled])

    def test_when_all_fail_the_exit_code_says_so(self):
        url, load = self.serve("http_401", queries=20)
        done = self.run_binary("replay", "-c", self.configure(url, load))
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("every query failed", done.stderr)
        self.assertIn("Incorrect API key provided", done.stderr)
        found = records(self.folder / "ipw.db")
        self.check_attempts(found)
        self.assertEqual({(record["outcome"], record["verdict"], record["attempt"]) for record in found},
                         {("http_4xx", "unanswered", 1)})
        self.assertEqual(self.told(load)["requests"], 20)

    def test_retry_after_is_obeyed(self):
        url, load = self.serve("retry_after:1s@0.3", queries=20)
        done = self.run_binary("replay", "-c", self.configure(url, load, "retry: {attempts: 2}"))
        self.assertEqual(done.returncode, 0, done.stderr)
        found = records(self.folder / "ipw.db")
        refused = [record for record in found if record["outcome"] == "http_429"]
        self.assertGreater(len(refused), 0)
        self.assertEqual(self.told(load)["too_early"], 0)
        self.assertTrue(all(record["outcome"] == "ok" for record in found if record["final"]))

    def test_an_unknown_misbehaviour_is_refused_and_the_known_ones_are_listed(self):
        corpus, answers, _ = small_corpus(self.folder, queries=2)
        base = ("demo-server", "--corpus", corpus, "--answers", answers, "--model", "m", "--misbehave")
        done = self.run_binary(*base, "cutt@0.2")
        self.assertEqual(done.returncode, 2)
        self.assertIn("unknown misbehaviour `cutt`, did you mean `cut`?", done.stderr)
        for arguments in (("demo-server", "--misbehave", "list"), ("demo-server", "--help")):
            done = self.run_binary(*arguments)
            self.assertEqual(done.returncode, 0, done.stderr)
            for name in ("cut", "retry_after", "standstill", "reasoning_content"):
                self.assertRegex(done.stdout, rf"(?m)^ +{name}\b")

    def test_what_makes_the_server_worse_must_be_whole(self):
        corpus, answers, _ = small_corpus(self.folder, queries=2)
        for arguments, words in ((("--worse", answers), "--worse requires --worse-while"),
                                 (("--worse-while", self.folder / "switch"), "--worse-while requires --worse"),
                                 (("--worse-load", "200"), "--worse-load requires --worse"),
                                 (("--worse", answers, "--worse-while", "switch", "--worse-load", "0"), "not in range"),
                                 (("--worse", "none.jsonl", "--worse-while", "switch"), "none.jsonl: cannot be opened")):
            with self.subTest(words):
                done = self.run_binary("demo-server", "--corpus", corpus, "--answers", answers, "--model", "m", *arguments)
                self.assertEqual(done.returncode, 2)
                self.assertIn(words, done.stderr)


class Standstill(EndToEnd):
    """A server that stands still for two seconds: 50 queries a second fall due meanwhile."""

    def durations(self, schedule, kind):
        corpus, answers, _ = small_corpus(self.folder, queries=300)
        _, url, _ = self.demo_server(corpus, answers, ttft=0.01, rate=1000, name=f"server-{kind}",
                                     misbehave=["standstill:2s", "standstill_after:1500ms"])
        config = self.write("ipw.yaml", f"""
corpus: {{path: sums.jsonl}}
targets: [{{name: {kind}, url: "{url}", model: recorded, schedule: {schedule}}}]
probes: {{sources: [{{type: simulated, watts: 300}}]}}
store: {{path: {kind}.db}}
""")
        done = self.run_binary("replay", "-c", config)
        self.assertEqual(done.returncode, 0, done.stderr)
        return records(self.folder / f"{kind}.db")

    def test_an_open_loop_does_not_omit_who_had_to_wait(self):
        def p95(found, field):
            values = sorted(record[field] for record in found)
            return values[len(values) * 95 // 100]

        naive = self.durations("{mode: closed, concurrency: 1}", "closed")
        corrected = self.durations("{mode: constant, rate: 50/s}", "open")
        capped = self.durations("{mode: constant, rate: 50/s, max_in_flight: 4}", "capped")
        self.assertLess(p95(naive, "duration_s"), 0.3, "one query of 300 met the standstill")
        self.assertGreater(p95(corrected, "scheduled_duration_s"), 1.0)
        # Few may be in flight: those that went out late met no standstill, but they had to wait.
        self.assertLess(p95(capped, "duration_s"), 0.5)
        self.assertGreater(p95(capped, "scheduled_duration_s"), 1.0)


class Interrupt(EndToEnd):
    def test_ctrl_c_finishes_what_is_running_and_says_how_to_go_on(self):
        corpus, answers, _ = small_corpus(self.folder, queries=200)
        _, url, _ = self.demo_server(corpus, answers, ttft=3, rate=1000)
        config = self.write("ipw.yaml", f"""
shutdown_grace: 100ms
corpus: {{path: sums.jsonl}}
targets: [{{name: local, url: "{url}", model: recorded, schedule: {{mode: closed, concurrency: 4}}}}]
probes: {{sources: [{{type: simulated, watts: 300}}]}}
store: {{path: ipw.db}}
""")
        replay = self.start("replay", BINARY, "replay", "-c", config)
        await_true(lambda: (self.folder / "ipw.db").exists(), "journal")
        time.sleep(1)
        self.assertEqual(replay.stop(signal.SIGINT), 0)
        self.assertIn("running queries are being finished", replay.errors())
        self.assertIn("--resume", replay.errors())
        found = records(self.folder / "ipw.db")
        self.assertEqual([record["outcome"] for record in found], ["ok"] * 4)


if __name__ == "__main__":
    unittest.main()
