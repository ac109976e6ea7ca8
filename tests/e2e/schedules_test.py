"""When queries go out, and which: schedules, the panel, and several targets, through the real binary."""

import datetime
import json
import math
import unittest

from support import SOURCE, EndToEnd, await_true, get_json, records, scrape

DATA = SOURCE / "replay" / "demo_data"


def micros(text):
    at = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=datetime.timezone.utc)
    return (at - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // datetime.timedelta(microseconds=1)


def scheduled(found):
    """The scheduled times, in microseconds, in their order."""
    return sorted(micros(record["scheduled_at"]) for record in found)


def gaps(times):
    return [after - before for before, after in zip(times, times[1:])]


def orders(found):
    """The query ids of each cycle in the order in which they were scheduled."""
    cycles = {}
    for record in sorted(found, key=lambda record: micros(record["scheduled_at"])):
        cycles.setdefault(record["cycle"], []).append(record["query_id"])
    return cycles


class Schedules(EndToEnd):
    def setUp(self):
        super().setUp()
        _, self.url, _ = self.demo_server(DATA / "corpus.jsonl", DATA / "demo-small.jsonl", ttft=0.01)

    def configure(self, targets, panel="", name="config"):
        lines = "\n".join(f"  - {{name: {target}, url: \"{self.url}\", model: recorded, power: auto, {more}}}"
                          for target, more in targets.items())
        return self.write(f"{name}.yaml", f"""
listen: 127.0.0.1:0
corpus: {{name: demo, path: {DATA / "corpus.jsonl"}{panel}}}
probes: {{sources: [{{type: simulated, watts: 100}}]}}
store: {{path: {name}.db}}
targets:
{lines}
""")

    def replay(self, config, queries, *more):
        done = self.run_binary("replay", "-c", config, "--max-queries", queries, *more)
        self.assertEqual(done.returncode, 0, done.stderr)
        found = records(config.with_suffix(".db"))
        self.assertEqual({record["outcome"] for record in found}, {"ok"})
        return found

    def check_lateness(self, found):
        """Sent when scheduled or, on a machine that is busy, a little later: never before."""
        late = sorted(micros(record["sent_at"]) - micros(record["scheduled_at"]) for record in found)
        self.assertGreaterEqual(late[0], 0)
        self.assertLess(late[len(late) // 2], 500_000, "microseconds, the median")

    def test_a_constant_rate_is_kept(self):
        found = self.replay(self.configure({"t": "schedule: {mode: constant, rate: 20/s}"}), 60)
        self.assertEqual(gaps(scheduled(found)), [50_000] * 59)
        self.check_lateness(found)
        for record in found:
            self.assertGreaterEqual(record["scheduled_duration_s"], record["duration_s"])

    def test_a_poisson_schedule_is_its_seeds(self):
        def times(seed, name):
            found = self.replay(self.configure({"t": f"schedule: {{mode: poisson, rate: 30/s, seed: {seed}}}"}, name=name), 60)
            self.check_lateness(found)
            return gaps(scheduled(found))

        first, again, other = times(1, "first"), times(1, "again"), times(2, "other")
        for one, two in zip(first, again):
            self.assertLessEqual(abs(one - two), 1, "microseconds: the ends are rounded")
        self.assertNotEqual(first, other)
        mean = sum(first + other) / len(first + other) / 1e6
        self.assertAlmostEqual(mean, 1 / 30, delta=4 / 30 / math.sqrt(len(first + other)))
        self.assertGreater(max(first), 3 * sorted(first)[len(first) // 2], "not a constant one")

    def test_two_targets_keep_a_schedule_each(self):
        config = self.configure({"steady": "schedule: {mode: constant, rate: 20/s}",
                                 "eager": "schedule: {mode: closed, concurrency: 2}, warmup: 3",
                                 "rare": "schedule: {mode: trickle, rate: 1/s}"})
        process, url = self.sidecar(config)
        await_true(lambda: scrape(url).sum("ipw_queries_total", target="rare") >= 3, "three of the trickle")
        self.assertEqual(process.stop(), 0)
        found = {}
        for record in records(config.with_suffix(".db")):
            if record["outcome"] == "ok":
                found.setdefault(record["target"], []).append(record)
        self.assertEqual(set(gaps(scheduled(found["steady"]))), {50_000})
        self.assertGreater(len(found["eager"]), 2 * len(found["steady"]), "nothing but the server holds it up")
        rare = scheduled(found["rare"])
        self.assertLess(len(rare), 10)
        self.assertGreater(len(set(gaps(rare))), 1, "at places by chance")
        begin = min(scheduled(found["steady"]))
        slots = [(at - begin) // 1_000_000 for at in rare]
        for gap in gaps(rare):
            self.assertLess(gap, 2_100_000)
        self.assertLessEqual(len(slots) - len(set(slots)), 1, "one a slot; the two targets begin a moment apart")

    def test_a_panel_is_replayed_in_a_new_order_each_cycle(self):
        panel = ", panel: {size: 20, seed: 3}"
        config = self.configure({"t": "schedule: {mode: constant, rate: 40/s}"}, panel)
        process, url = self.sidecar(config)
        await_true(lambda: scrape(url).sum("ipw_queries_total") >= 65, "three cycles and a bit")
        info, = scrape(url).select("ipw_corpus_info")
        status = get_json(f"{url}/api/v1/status")["targets"][0]
        self.assertEqual(process.stop(), 0)
        self.assertEqual((info[0]["items"], info[0]["panel"], len(info[0]["digest"])), ("240", "20", 16))
        self.assertEqual((status["cycle_queries"], status["corpus_digest"]), (20, info[0]["digest"]))

        found = [record for record in records(config.with_suffix(".db")) if record["outcome"] == "ok"]
        cycles = orders(found)
        whole = [cycles[cycle] for cycle in range(3)]
        for order in whole:
            self.assertEqual(len(order), 20)
            self.assertEqual(set(order), set(whole[0]))
        self.assertEqual(len({tuple(order) for order in whole}), 3, "a new order each time")
        subjects = [json.loads(line)["subject"] for line in (DATA / "corpus.jsonl").read_text().splitlines()]
        of_panel = [record["subject"] for record in found if record["cycle"] == 0]
        for subject in set(subjects):
            self.assertAlmostEqual(of_panel.count(subject), subjects.count(subject) / 12, delta=1, msg=subject)

        # The start after goes on in the cycle that was cut off, in the order that it had.
        done, last = cycles[max(cycles)], max(cycles)
        process, url = self.sidecar(config, name="again")
        await_true(lambda: scrape(url).sum("ipw_queries_total") >= 20 - len(done) + 2, "the rest of the cycle")
        self.assertEqual(process.stop(), 0)
        found = [record for record in records(config.with_suffix(".db")) if record["outcome"] == "ok"]
        resumed = orders(found)[last]
        self.assertEqual(resumed[:len(done)], done)
        self.assertEqual((len(resumed), set(resumed)), (20, set(whole[0])))
        fresh = orders(self.replay(self.configure({"t": "schedule: {mode: closed}"}, panel, "fresh"), 20))
        self.assertEqual(fresh[0], whole[0], "the same seed and cycle: the same order, in any journal")

    def test_replay_counts_the_panel(self):
        config = self.configure({"t": "schedule: {mode: closed, concurrency: 4}"}, ", panel: {size: 20}")
        self.assertEqual(len(self.replay(config, 8)), 8)
        done = self.run_binary("replay", "-c", config, "--resume")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("unfinished", done.stderr)
        self.assertEqual({cycle: len(order) for cycle, order in orders(records(config.with_suffix(".db"))).items()}, {0: 20})

        # Another panel is another set of queries: its cycle is a new one.
        self.configure({"t": "schedule: {mode: closed, concurrency: 4}"}, ", panel: {size: 30, seed: 9}")
        done = self.run_binary("replay", "-c", config, "--resume")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("a new one begins", done.stderr)
        self.assertEqual({cycle: len(order) for cycle, order in orders(records(config.with_suffix(".db"))).items()},
                         {0: 20, 1: 30})

    def test_check_says_what_will_run(self):
        def check(panel):
            done = self.run_binary("check", "-c", self.configure(
                {"a": "schedule: {mode: poisson, rate: 2/s}", "b": "schedule: {mode: trickle, rate: 60/h}"}, panel))
            return done.returncode, done.stdout + done.stderr

        code, text = check(", panel: {size: 20, seed: 3}")
        self.assertEqual(code, 0, text)
        for part in ("poisson, 2/s", "trickle, 60/h", "240 queries", "panel     20 of 240, seed 3, ", " by subject: "):
            self.assertIn(part, text)
        code, text = check(", panel: {size: 999, stratify: none}")
        self.assertEqual(code, 0, text)
        self.assertIn("panel     240 of 240, seed 1, not stratified", text)
        self.assertEqual(text.count("larger than the corpus"), 1, text)
        code, text = check(", panel: {size: 20, stratify: subjct}")
        self.assertEqual(code, 2)
        self.assertRegex(text, r"config\.yaml:3:\d+: no line of the corpus has the field `subjct`, did you mean `subject`\?")


if __name__ == "__main__":
    unittest.main()
