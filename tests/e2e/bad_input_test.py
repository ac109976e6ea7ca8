"""Wrong input of every kind: one clear message that says where and what to do, and nothing lost from the books."""

import os
import socket
import subprocess
import threading
import unittest

from support import EndToEnd, FakeRapl, await_true, check_laws, records, scrape, small_corpus

GOOD = """
listen: 127.0.0.1:0
corpus: {{path: sums.jsonl}}
targets: [{{name: local, url: "{url}", dialect: openai, model: recorded, {target}}}]
probes: {{{probes}}}
store: {{path: {store}}}
"""


class Server:
    """Plays one fixed reply to every request, byte for byte, then closes; `None` stays silent."""

    def __init__(self, reply):
        self.reply, self.listener = reply, socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = "http://127.0.0.1:%d/v1" % self.listener.getsockname()[1]
        self.kept = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection):
        try:
            connection.recv(65536)
            if self.reply is None:
                self.kept.append(connection)
                return
            connection.sendall(self.reply)
            connection.close()
        except OSError:
            pass

    def close(self):
        self.listener.close()


def http(status, body, kind="application/json"):
    return (f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode()


def stream(*events, end=True):
    body = "".join(f"data: {event}\n\n" for event in events)
    chunk = f"{len(body):x}\r\n{body}\r\n" + ("0\r\n\r\n" if end else "")
    return ("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk).encode()


TOKEN = '{"choices":[{"index":0,"delta":{"content":"Answer"}}]}'
REPLIES = {
    "401": (http(401, '{"error":{"message":"no such key"}}'), "http_4xx", "no such key"),
    "404": (http(404, '{"error":{"message":"no such model"}}'), "http_4xx", "no such model"),
    "429": (http(429, '{"error":{"message":"slow down"}}'), "http_429", "slow down"),
    "500": (http(500, "oops", "text/plain"), "http_5xx", "500"),
    "HTML": (http(200, "<html><body>Welcome</body></html>", "text/html"), "unparsable", "<html>"),
    "half an event": (stream(TOKEN, '{"choices":[{"ind', end=False)[:-4], "stream_cut", ""),
    "stops in mid-stream": (stream(TOKEN, end=False), "stream_cut", ""),
    "ends without a finish": (stream(TOKEN), "stream_cut", ""),
    "an error in the stream": (stream(TOKEN, '{"error":{"message":"out of memory"}}'), "stream_error", "out of memory"),
    "nothing at all": (b"", "stream_cut", ""),
    "silence": (None, "timeout_first_token", ""),
}


class BadInput(EndToEnd):
    def configure(self, url, store="ipw.db", probes="sources: [{type: simulated, watts: 100}]", target="retry: {attempts: 1}"):
        return self.write("ipw.yaml", GOOD.format(url=url, store=store, probes=probes, target=target))

    def test_servers(self):
        small_corpus(self.folder, queries=3)
        for name, (reply, outcome, words) in REPLIES.items():
            with self.subTest(name):
                (self.folder / "ipw.db").unlink(missing_ok=True)
                server = Server(reply)
                self.addCleanup(server.close)
                config = self.configure(server.url, target="retry: {attempts: 1}, ready_timeout: 0s, "
                                        "timeouts: {first_token: 300ms, total: 2s}")
                done = self.run_binary("replay", "-c", config)
                self.assertEqual(done.returncode, 3, done.stderr)
                self.assertIn("every query failed", done.stderr)
                for record in records(self.folder / "ipw.db"):
                    self.assertEqual((record["outcome"], record["verdict"]), (outcome, "unanswered"))
                    self.assertIn(words, record["reason"])
                    self.assertGreater(len(record["reason"]), 0)

    def test_a_server_that_is_not_there(self):
        small_corpus(self.folder, queries=3)
        for timeout in ("0s", "500ms"):
            done = self.run_binary("replay", "-c", self.configure("http://127.0.0.1:1/v1", target=f"ready_timeout: {timeout}"))
            self.assertEqual(done.returncode, 3)
            self.assertIn("connect", done.stderr)
            self.assertIn("127.0.0.1:1", done.stderr)

    def test_configuration_and_corpus(self):
        small_corpus(self.folder, queries=3)
        cases = {
            "unknown key": ("dialect: openai", "dialekt: openai", "dialect"),
            "wrong type": ("corpus: {path: sums.jsonl}", "corpus: [1]", "map"),
            "wrong unit": ("probes: {", "shutdown_grace: 5parsecs\nprobes: {", "5parsecs"),
            "out of range": ("listen: 127.0.0.1:0", "listen: 127.0.0.1:99999", "99999"),
            "unknown dialect": ("dialect: openai", "dialect: openaj", "openai"),
        }
        for name, (old, new, words) in cases.items():
            with self.subTest(name):
                path = self.configure("http://127.0.0.1:1/v1")
                path.write_text(path.read_text().replace(old, new))
                for command in ("check", "run", "replay"):
                    done = self.run_binary(command, "-c", path)
                    self.assertEqual(done.returncode, 2, done.stderr)
                    self.assertRegex(done.stderr, r"ipw\.yaml:\d+:\d+: ")
                    self.assertIn(words, done.stderr)
                    self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        lines = {"not JSON": "{", "no problem": '{"id": "x", "answer": "1"}', "twice": '{"id": "sum/1", "problem": "?", "answer": "1"}',
                 "no answer": '{"id": "y", "problem": "?", "judge": "numeric"}'}
        for name, line in lines.items():
            with self.subTest(name):
                small_corpus(self.folder, queries=3)
                with open(self.folder / "sums.jsonl", "a") as corpus:
                    corpus.write(line + "\n")
                done = self.run_binary("check", "-c", self.configure("http://127.0.0.1:1/v1"))
                self.assertEqual(done.returncode, 2)
                self.assertIn("sums.jsonl:4", done.stderr)
                self.assertEqual(self.run_binary("corpus", "check", self.folder / "sums.jsonl").returncode, 2)

    def test_a_port_already_taken(self):
        small_corpus(self.folder, queries=3)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            path = self.configure("http://127.0.0.1:1/v1")
            path.write_text(path.read_text().replace("127.0.0.1:0", f"127.0.0.1:{port}"))
            done = self.run_binary("run", "-c", path)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"127.0.0.1:{port}", done.stderr)

    def test_a_zone_that_disappears_and_comes_back(self):
        corpus, recorded, _ = small_corpus(self.folder, words=60)
        _, url, _ = self.demo_server(corpus, recorded, ttft=0.02, rate=400)
        meter = FakeRapl(self.folder / "root", lambda t: 100 * t)
        self.addCleanup(meter.stop)
        config = self.configure(url, probes=f'root: "{self.folder}/root", sources: [{{type: rapl}}]')
        sidecar, address = self.sidecar(config)
        metered = lambda: scrape(address).sum("ipw_metered_queries_total")
        await_true(lambda: metered() > 5, "metered queries")
        meter.frozen = True
        hidden = self.folder / "hidden"
        meter.zone.rename(hidden)
        await_true(lambda: scrape(address).select("ipw_source_up")[0][1] == 0, "source down")
        count = lambda: scrape(address).sum("ipw_queries_total")
        before = count()
        await_true(lambda: count() > before + 10, "queries go on without the meter")
        hidden.rename(meter.zone)
        meter.frozen = False
        await_true(lambda: scrape(address).select("ipw_source_up")[0][1] == 1, "source up")
        resumed = metered()
        await_true(lambda: metered() > resumed + 5, "metered queries after the gap")
        check_laws(self, scrape(address))
        self.assertEqual(sidecar.stop(), 0, sidecar.errors())
        found = records(self.folder / "ipw.db")
        self.assertIn("gap", {r["energy_validity"] for r in found})
        self.assertTrue(all(r["energy_gross_j"] is None or r["energy_validity"] != "gap" for r in found))

    @unittest.skipUnless(os.geteuid() == 0, "needs root for a small file system")
    def test_a_full_disk_under_the_journal(self):
        corpus, recorded, _ = small_corpus(self.folder, queries=400, words=600)
        _, url, _ = self.demo_server(corpus, recorded)
        disk = self.folder / "disk"
        disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True, text=True)
        if mounted.returncode != 0:
            self.skipTest(f"cannot mount: {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", disk])
        filler = disk / "filler"
        filler.write_bytes(b"x" * 600_000)
        sidecar, address = self.sidecar(self.configure(url, store=disk / "ipw.db"))
        await_true(lambda: "ipw.db" in sidecar.errors() and "full" in sidecar.errors(), "the log says that the disk is full")
        before = scrape(address).sum("ipw_queries_total")
        await_true(lambda: scrape(address).sum("ipw_queries_total") > before, "replay goes on")
        self.assertEqual(sum("full" in line for line in sidecar.errors().splitlines()), 1, "said once")
        check_laws(self, scrape(address))
        subprocess.run(["mount", "-o", "remount,size=200m", disk], check=True)
        filler.unlink()
        self.assertEqual(sidecar.stop(seconds=60), 0, sidecar.errors())
        final = [(r["cycle"], r["query_id"]) for r in records(disk / "ipw.db") if r["final"] and r["outcome"] != "cancelled"]
        self.assertEqual(len(final), len(set(final)))
        whole = {cycle for cycle, _ in final if cycle < max(c for c, _ in final)}
        for cycle in whole:
            self.assertEqual(sum(c == cycle for c, _ in final), 400, f"cycle {cycle} is complete")

    def test_usage(self):
        for arguments in ((), ("nonsense",), ("run",), ("replay", "-c"), ("export",), ("judge", "--corpus", "x")):
            done = self.run_binary(*arguments)
            self.assertEqual(done.returncode, 2, (arguments, done.stderr))
            self.assertNotEqual(done.stderr + done.stdout, "")
        self.assertEqual(self.run_binary("--help").returncode, 0)
        self.assertEqual(self.run_binary("version").returncode, 0)
        for arguments in (("run", "-c", "missing.yaml"), ("export", "missing.db"), ("corpus", "check", "missing.jsonl")):
            done = self.run_binary(*arguments)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("missing", done.stderr)


if __name__ == "__main__":
    unittest.main()
