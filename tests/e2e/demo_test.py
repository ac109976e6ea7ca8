"""The first of the README's two commands, as a new user would run it."""

import os
import re
import signal
import subprocess
import time
import unittest

from support import (SOURCE, EndToEnd, answers, await_true, check_laws, get_json, query, questions, scrape,
                     set_up_llama)


def descendants(pid):
    listing = subprocess.run(["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    children = {}
    for line in listing.splitlines():
        child, parent = map(int, line.split())
        children.setdefault(parent, []).append(child)
    found, todo = [], [pid]
    while todo:
        for child in children.get(todo.pop(), []):
            found.append(child)
            todo.append(child)
    return found


def kill_session(pid):
    """What a demo that was cut short has left behind."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Demo(EndToEnd):
    def demo(self, *arguments):
        """The running demo, and the base URLs of the sidecar and of Prometheus."""
        demo = self.start("demo", SOURCE / "deploy/demo", *arguments, start_new_session=True)
        self.addCleanup(kill_session, demo.process.pid)
        found = await_true(lambda: re.search(r"metrics +(http://\S+)/metrics\n +Prometheus +(http://\S+)/", demo.output())
                           or not demo.alive(), "addresses", 1200)
        self.assertTrue(demo.alive(), demo.errors() + demo.output())
        return demo, *found.groups()

    def interrupt(self, demo):
        started = descendants(demo.process.pid)
        self.assertGreaterEqual(len(started), 2)
        demo.process.send_signal(signal.SIGINT)
        demo.wait(30)
        await_true(lambda: not any(map(alive, started)), "everything the demo started has ended", 15)

    def test_demo_runs_answers_and_ends(self):
        demo, sidecar, prometheus = self.demo()
        built = time.monotonic()
        self.assertRegex(demo.output(), "This is a demo: a built-in server answers .* Power is (measured|simulated)")
        labels = "target,model,accelerator,corpus,scope,quality"
        for question, expression in questions(labels).items():
            await_true(lambda: [value for _, value in query(prometheus, expression) if value > 0], question, 120)
        self.assertLess(time.monotonic() - built, 120)

        sample = scrape(sidecar)
        check_laws(self, sample)
        self.assertTrue(sample.select("ipw_target_info", demo="true"))
        self.assertIn("demo", get_json(f"{sidecar}/api/v1/status")["demo"])

        self.interrupt(demo)
        self.assertFalse(answers(f"{prometheus}/-/ready"))

    def test_demo_with_llama_server_computes_and_ends(self):
        set_up_llama(self)
        demo, sidecar, prometheus = self.demo("--llama")
        self.assertRegex(demo.output(), "The energy is that of the CPU, (measured|estimated)")
        server = re.search(r"llama-server +(http://\S+)/", demo.output())[1]
        self.assertTrue(answers(f"{server}/health"))
        for target in ("chat", "completion"):
            answered = {"target": target, "outcome": "length"}
            await_true(lambda: scrape(sidecar).sum("ipw_queries_total", **answered) > 0, target, 60)
        check_laws(self, scrape(sidecar))
        expression = re.search(r"^  (sum by .*)$", demo.output(), re.MULTILINE)[1]
        await_true(lambda: sum(value > 0 for _, value in query(prometheus, expression)) == 2, expression, 120)
        self.interrupt(demo)
        self.assertFalse(answers(f"{server}/health"))


if __name__ == "__main__":
    unittest.main()
