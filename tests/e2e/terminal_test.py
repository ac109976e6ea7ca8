"""Tables and progress on a terminal of a given width, with and without colours, and in a pipe."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import unicodedata
import unittest

from support import BINARY, EndToEnd, small_corpus

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def columns(line):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


class Terminal(EndToEnd):
    def on_terminal(self, width, *arguments, **variables):
        """What the program writes to a terminal so many columns wide."""
        reader, writer = pty.openpty()
        fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
        environment = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "COLUMNS")}
        environment.update({"TERM": "xterm", **variables})
        process = subprocess.Popen([BINARY, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=writer,
                                   stderr=writer, env=environment, cwd=self.folder)
        os.close(writer)
        text = b""
        while True:
            try:
                more = os.read(reader, 65536)
            except OSError:
                break
            if not more:
                break
            text += more
        os.close(reader)
        self.assertEqual(process.wait(60), 0, text.decode())
        return text.decode().replace("\r\n", "\n")

    def config(self):
        corpus, answers, _ = small_corpus(self.folder)
        long = "a-model-with-a-name-that-is-much-longer-than-any-terminal-has-room-for"
        _, url, _ = self.demo_server(corpus, answers, long, ttft=0.1, rate=200)
        return self.write("ipw.yaml", f"""
corpus: {{name: sums, path: "{corpus}"}}
targets: [{{name: local, url: "{url}", dialect: openai, model: {long}, schedule: {{mode: closed, concurrency: 2}}}}]
probes: {{sources: [{{type: simulated, watts: 300}}]}}
store: {{path: ipw.db}}
""")

    def check_width(self, text, width):
        table = [line for line in COLOUR.sub("", text).split("\n") if "  " in line.strip()]
        self.assertGreater(len(table), 1)
        for line in table:
            for part in re.split(r"\r|\x1b\[K", line):
                self.assertLessEqual(columns(part), width, part)

    def test_probes(self):
        tree = self.folder / "empty"
        tree.mkdir()
        for width in (60, 80, 200):
            with self.subTest(width):
                text = self.on_terminal(width, "probes", "--root", tree)
                self.assertIn("\x1b[1m", text)
                self.check_width(text.split("`power: auto`")[0], width)
        plain = self.run_binary("probes", "--root", tree)
        self.assertNotIn("\x1b", plain.stdout)
        self.assertNotIn("…", plain.stdout)
        for name, variables in (("NO_COLOR", {"NO_COLOR": "1"}), ("dumb", {"TERM": "dumb"})):
            with self.subTest(name):
                self.assertNotIn("\x1b", self.on_terminal(80, "probes", "--root", tree, **variables))
        self.assertIn("\x1b[1m", self.on_terminal(80, "probes", "--root", tree, NO_COLOR=""), "set, but empty")

    def test_check_cuts_what_is_too_long(self):
        config = self.config()
        for width in (60, 80, 200):
            with self.subTest(width):
                text = self.on_terminal(width, "--log-level", "error", "check", "-c", config)
                self.check_width(text.split("\ncorpus ")[0], width)
                self.check_width(text.split("power source", 1)[1], width)
        self.assertIn("…", self.on_terminal(80, "--log-level", "error", "check", "-c", config).split("\ncorpus ")[0])
        plain = self.run_binary("check", "-c", config)
        self.assertIn("has-room-for", plain.stdout)
        self.assertNotIn("\x1b", plain.stdout)
        narrow = self.on_terminal(200, "--log-level", "error", "check", "-c", config, COLUMNS="60")
        self.check_width(narrow.split("\ncorpus ")[0], 60)

    def test_replay_renews_one_line(self):
        config = self.config()
        for width in (60, 200):
            with self.subTest(width):
                text = self.on_terminal(width, "--log-level", "error", "replay", "-c", config)
                renewed = re.findall(r"\r\x1b\[K([^\r\n]*queries[^\r\n]*)", text)
                self.assertTrue(renewed, text)
                for line in renewed:
                    self.assertLess(columns(COLOUR.sub("", line)), width)
                self.assertEqual("[" in COLOUR.sub("", renewed[-1]), width == 200, "a bar where there is room")
                self.assertIn("accuracy (95 %)", text)
        piped = self.run_binary("replay", "-c", config)
        self.assertEqual(piped.returncode, 0, piped.stderr)
        self.assertNotIn("\x1b", piped.stdout + piped.stderr)
        self.assertIn("has-room-for", piped.stdout)


if __name__ == "__main__":
    unittest.main()
