"""An NVIDIA board that is scripted (tests/support/fake_nvml), through the real binary and in real time."""

import ctypes
import os
import time
import unittest
from datetime import datetime

from support import EndToEnd, await_true, check_laws, records, scrape, small_corpus

FAKE = os.environ["IPW_FAKE_NVML"]
CONFIG = """
listen: 127.0.0.1:0
corpus: {{path: sums.jsonl}}
targets:
  - name: local
    url: {url}
    dialect: openai
    model: recorded
    power: {{accelerator: nvml/gpu0}}
probes: {{period: 50ms, sources: [{{type: nvml, library: "{fake}"}}, {{type: simulated, watts: 50, name: other}}]}}
store: {{path: ipw.db}}
"""


class Board:
    """The truth: the same script in this process."""

    def __init__(self, script):
        self.script = script
        self.library = ctypes.CDLL(FAKE)
        self.library.fake_nvml_load.restype = ctypes.c_char_p
        self.library.fake_nvml_true_joules.restype = ctypes.c_double
        self.library.fake_nvml_true_joules.argtypes = [ctypes.c_int, ctypes.c_double]
        wrong = self.library.fake_nvml_load(script.encode())
        assert wrong is None, wrong
        self.started = time.monotonic_ns()
        self.wall_started = time.time() - (time.monotonic_ns() - self.started) * 1e-9

    def joules(self, begin, end):
        """Between two instants, in seconds since it began."""
        return self.library.fake_nvml_true_joules(0, end) - self.library.fake_nvml_true_joules(0, begin)

    def now(self):
        return (time.monotonic_ns() - self.started) * 1e-9

    def wall(self, stamp):
        return datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp() - self.wall_started


class Gpu(EndToEnd):
    def begin(self, lines, queries=12):
        corpus, answers, _ = small_corpus(self.folder, queries=queries, words=240)
        _, url, _ = self.demo_server(corpus, answers, ttft=0.1, rate=600)
        config = self.write("ipw.yaml", CONFIG.format(url=url, fake=FAKE))
        board = Board("gpu GPU-1\n" + lines)
        script = self.write("script", board.script)
        environment = {**os.environ, "FAKE_NVML_SCRIPT": str(script), "FAKE_NVML_START_NS": str(board.started)}
        return board, config, environment

    def replayed(self, lines, queries=12):
        """The records of a replay, each with the true joules."""
        board, config, environment = self.begin(lines, queries)
        done = self.run_binary("replay", "-c", config, env=environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        found = records(self.folder / "ipw.db")
        self.assertGreater(len(found), 8)
        for record in found:
            self.assertEqual(record["energy_validity"], "ok")
            begin = board.wall(record["sent_at"])
            yield record, board.joules(begin, begin + record["duration_s"])

    def watched(self, lines):
        """A sidecar that keeps running on such a board."""
        board, config, environment = self.begin(lines)
        sidecar, address = self.sidecar(config, env=environment)
        return board, sidecar, address

    def events(self, address, event, channel="gpu0"):
        return scrape(address).sum("ipw_source_events_total", channel=channel, event=event)

    def check_the_other_is_undisturbed(self, address):
        now = scrape(address)
        self.assertEqual(now.sum("ipw_source_up", channel="other"), 1)
        self.assertEqual(now.sum("ipw_source_events_total", channel="other"), 0)
        check_laws(self, now)

    def test_a_counter_of_20_ms(self):
        for record, truth in self.replayed("counter period=0.02 phase=0.003 jitter=0.0003\n"
                                           "square at=0 high=600 low=90 period=0.7 duty=0.4\n"):
            self.assertAlmostEqual(record["energy_gross_j"] / truth, 1, delta=0.02, msg=record)

    def test_a_counter_of_100_ms_states_what_it_cannot_tell(self):
        covered = []
        for record, truth in self.replayed("counter period=0.1 phase=0.003\n"
                                           "square at=0 high=600 low=90 period=0.73 duty=0.4\n", 24):
            off = abs(record["energy_gross_j"] - truth)
            self.assertLess(off, 0.1 * truth, record)
            covered.append(off <= 1.96 * record["energy_error_j"])
        self.assertGreaterEqual(sum(covered) / len(covered), 0.8, covered)

    def test_a_lost_board_comes_back(self):
        board, sidecar, address = self.watched("power at=0 watts=300\nlost from=4 to=7 code=15\n")
        await_true(lambda: scrape(address).sum("ipw_source_up", channel="gpu0") == 1, "the board")
        await_true(lambda: scrape(address).sum("ipw_source_up", channel="gpu0") == 0, "its loss")
        self.assertFalse(scrape(address).select("ipw_source_power_watts", channel="gpu0"), "unknown is not zero")
        await_true(lambda: scrape(address).sum("ipw_source_up", channel="gpu0") == 1, "its return")
        self.assertIn("lost", sidecar.errors())
        await_true(lambda: scrape(address).sum("ipw_source_power_watts", channel="gpu0") > 290, "its power")
        self.assertLessEqual(scrape(address).sum("ipw_source_energy_joules_total", channel="gpu0"), board.joules(0, board.now()))
        self.check_the_other_is_undisturbed(address)
        self.assertEqual(sidecar.stop(), 0, sidecar.errors())

    def test_a_driver_that_is_reloaded_begins_at_nothing(self):
        board, sidecar, address = self.watched("power at=0 watts=300\ncounter start=100000\nreload at=4 for=1\n")
        await_true(lambda: self.events(address, "reset") == 1, "the reset")
        await_true(lambda: scrape(address).sum("ipw_source_power_watts", channel="gpu0") > 290, "its power")
        self.assertLessEqual(scrape(address).sum("ipw_source_energy_joules_total", channel="gpu0"), board.joules(0, board.now()))
        self.check_the_other_is_undisturbed(address)
        self.assertEqual(sidecar.stop(), 0, sidecar.errors())

    def test_a_sensor_that_lies_is_not_believed(self):
        board, sidecar, address = self.watched("power at=0 watts=300\nsays from=3 to=3.3 millijoules=99999999999\n")
        await_true(lambda: self.events(address, "implausible") > 0, "the lie")
        await_true(lambda: board.now() > 5, "the truth again")
        self.assertLessEqual(scrape(address).sum("ipw_source_energy_joules_total", channel="gpu0"), board.joules(0, board.now()))
        self.check_the_other_is_undisturbed(address)
        self.assertEqual(sidecar.stop(), 0, sidecar.errors())

    def test_a_slow_driver_delays_nobody_else(self):
        board, sidecar, address = self.watched("power at=0 watts=300\nslow from=2 to=6 ms=700\n")
        await_true(lambda: board.now() > 7, "the driver to be slow")
        now = scrape(address)
        self.assertGreater(now.sum("ipw_sampler_read_seconds_total", source="nvml"), 2)
        self.assertGreaterEqual(now.sum("ipw_sampler_reads_total", source="simulated"), 0.9 * 20 * (board.now() - 2))
        self.check_the_other_is_undisturbed(address)
        self.assertEqual(sidecar.stop(), 0, sidecar.errors())


if __name__ == "__main__":
    unittest.main()
