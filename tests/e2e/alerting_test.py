"""From a fault to the message about it, and to the one that it is over: the sidecar, a real Prometheus with the alert
rules as they are, a real Alertmanager with the example's routes, and a webhook."""

import datetime
import http.server
import json
import math
import re
import statistics
import threading
import time
import unittest

from support import SOURCE, EndToEnd, await_true, get_json, query, records, scrape

DATA = SOURCE / "replay" / "demo_data"
PANEL, CYCLES = 40, 5
LOAD_WHILE_WORSE = 200  # percent


def rfc3339(at):
    return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Webhook:
    """Keeps what Alertmanager posts: when, to which path, and the message."""

    def __init__(self):
        self.messages = messages = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                messages.append((time.time(), self.path, body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def told(self, alert, status):
        """Every time that the alert was told of with this status: when, where, and the alert."""
        return [(at, path, found) for at, path, message in list(self.messages) for found in message["alerts"]
                if found["labels"]["alertname"] == alert and found["status"] == status]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Alerting(EndToEnd):
    def setUp(self):
        super().setUp()
        self.webhook = Webhook()
        self.addCleanup(self.webhook.close)
        self.switch = self.folder / "worse"

    def serve(self):
        return self.demo_server(DATA / "corpus.jsonl", DATA / "demo-large.jsonl", model="demo", ttft=0.1, rate=20000,
                                more=("--worse", DATA / "demo-small.jsonl", "--worse-while", self.switch,
                                      "--worse-load", LOAD_WHILE_WORSE))

    def configure(self, url, load_url):
        # Wide margins: a machine that is busy with other things is none of the faults that are looked for.
        return self.write("config.yaml", f"""
listen: 127.0.0.1:0
corpus: {{name: demo, path: {DATA}/corpus.jsonl, panel: {{size: {PANEL}, seed: 1}}}}
targets:
  - name: local
    url: {url}
    model: demo
    idle_watts: 50
    schedule: {{mode: closed, concurrency: 2}}
probes:
  period: 10ms
  sources: [{{type: simulated, idle_watts: 50, watts_per_query: 200, load_url: "{load_url}"}}]
store: {{path: {self.folder}/ipw.db}}
regression: {{cycles: {CYCLES}, accuracy_margin: 0.05, energy_margin: 0.2, latency_margin: 0.5, ipj_margin: 0.2}}
""")

    def rules(self, *impatient):
        """The alerts as they are, but for the patience of these themes: it is two seconds."""
        written = []
        for path in sorted((SOURCE / "dashboards" / "alerts").glob("*.yml")):
            if path.stem.endswith("_test"):
                continue
            text = path.read_text()
            if path.stem in impatient:
                text = re.sub(r"^( +)(for|keep_firing_for): \w+$", r"\1\2: 2s", text, flags=re.MULTILINE)
            written.append(self.write(f"rules/{path.name}", text))
        return written

    def manager(self):
        """The example's routes and inhibitions; only its receivers and its patience are the test's."""
        text = (SOURCE / "dashboards" / "alertmanager.yml").read_text()
        text = text.replace("http://127.0.0.1:9095", self.webhook.url)
        return self.alertmanager(re.sub(r"(group_wait|group_interval): \w+", r"\1: 1s", text))

    def by_quantity(self, url):
        return {test["quantity"]: test for test in get_json(f"{url}/api/v1/status")["targets"][0]["regression"]["tests"]}

    def detected(self, url, quantity):
        return scrape(url).sum("ipw_regression_detected", quantity=quantity)

    def expected_queries(self, rows, fault, log_threshold):
        """How many queries a change as large as this one takes (METHODOLOGY, "Regressions"): the threshold over what
        one query says, by the normal law with the baseline's own noise."""
        metered = [row for row in rows if row["energy_validity"] == "ok"]
        mean_score = statistics.mean(row["score"] for row in metered if row["cycle"] < CYCLES)
        known, changed = {}, []
        for row in metered:
            value = math.log(row["energy_gross_j"]) - row["score"] / mean_score
            if row["cycle"] < CYCLES:
                known.setdefault(row["query_id"], []).append(value)
            elif row["sent_at"] > fault:
                changed.append((row["query_id"], value))
        noise = statistics.mean(statistics.variance(values) for values in known.values() if len(values) > 1)
        spread = math.sqrt(noise * (1 + 1 / CYCLES))
        shift = statistics.mean(value - statistics.mean(known[item]) for item, value in changed if item in known) / spread
        tilt = min(shift, 3)
        return math.ceil(log_threshold / (tilt * shift - tilt * tilt / 2))

    def test_a_fault_is_told_and_its_end_too(self):
        manager = self.manager()
        _, url, load_url = self.serve()
        process, sidecar = self.sidecar(self.configure(url, load_url))
        prometheus = self.prometheus(sidecar.removeprefix("http://"), rules=self.rules("regressions"), alertmanager=manager)
        await_true(lambda: "ipj" in (tests := self.by_quantity(sidecar)) and tests["ipj"]["queries"] > PANEL and tests,
                   "a baseline, and a cycle more", 90)
        self.assertEqual([body for _, _, body in self.webhook.messages], [], "a healthy run is not worth a message")
        self.every_rule_can_be_evaluated(prometheus)
        log_threshold = self.by_quantity(sidecar)["ipj"]["log_threshold"]

        begin = time.time()
        self.switch.touch()
        await_true(lambda: self.detected(sidecar, "ipj") == 1, "the sidecar's own decision", 60)
        decided = time.time()
        at, path, alert = await_true(lambda: self.webhook.told("IpwRegression", "firing"), "the message", 60)[0]
        self.assertEqual((path, alert["labels"]["severity"], alert["labels"]["target"]), ("/pager", "critical", "local"))
        self.assertRegex(alert["annotations"]["summary"],
                         r"^local \(demo on .+\) gives [\d.]+% of its baseline's right answers per joule \(95 % bounds .+\), "
                         r"seen in \d+ queries\. Of the baseline's: accuracy [\d.]+%, joules per query [\d.]+%, duration")
        self.assertEqual(alert["annotations"]["runbook_url"], "docs/runbooks/regressions.md#ipwregression")
        self.causes_are_not_told_apart(sidecar, manager)

        taken = self.by_quantity(sidecar)["ipj"]["queries_to_alarm"]
        rows = records(self.folder / "ipw.db")
        expected = self.expected_queries(rows, rfc3339(begin + 1), log_threshold)  # a second later it has changed for sure
        asked = sum(rfc3339(begin) < row["sent_at"] < rfc3339(at) for row in rows)
        print(f"\nfrom the fault to the decision {decided - begin:.1f} s, to the webhook {at - begin:.1f} s; "
              f"{taken} queries to the alarm, expected {expected}; {asked} were asked until the webhook was told")
        # Where a handful is expected, twice of it is usual, and evidence comes in whole queries.
        self.assertLessEqual(taken, 3 * expected + 10)

        self.switch.unlink()
        mended = time.time()
        await_true(lambda: self.detected(sidecar, "ipj") == 0, "the recovery", 90)
        over, path, _ = await_true(lambda: self.webhook.told("IpwRegression", "resolved"), "the message of its end", 60)[0]
        self.assertEqual(path, "/pager")
        print(f"from the end of the fault to the webhook {over - mended:.1f} s")
        self.assertEqual(process.stop(), 0)

    def test_what_is_away_is_told(self):
        manager = self.manager()
        server, url, load_url = self.serve()
        process, sidecar = self.sidecar(self.configure(url, load_url))
        prometheus = self.prometheus(sidecar.removeprefix("http://"), rules=self.rules("replay", "power", "sidecar"),
                                     alertmanager=manager)
        await_true(lambda: query(prometheus, "ipw_target_last_query_timestamp_seconds"), "a query that Prometheus knows")
        for alert in ("IpwTargetDown", "IpwSourceDown", "IpwSidecarDown"):
            self.assertEqual(self.webhook.told(alert, "firing"), [], alert)

        server.kill()
        for alert, where, summary in (("IpwTargetDown", "/pager", r"^local does not answer"),
                                      ("IpwSourceDown", "/team", r"^The power source simulated/sim0 \(sim0\) cannot be read")):
            _, path, found = await_true(lambda alert=alert: self.webhook.told(alert, "firing"), alert, 60)[0]
            self.assertEqual(path, where)
            self.assertRegex(found["annotations"]["summary"], summary)

        self.assertEqual(process.stop(), 0)
        _, path, found = await_true(lambda: self.webhook.told("IpwSidecarDown", "firing"), "IpwSidecarDown", 60)[0]
        self.assertEqual((path, found["labels"]["job"]), ("/team", "ipw"))
        # What it said last is no longer so, as far as anybody knows.
        await_true(lambda: self.webhook.told("IpwTargetDown", "resolved"), "nothing is known of the target", 60)

    def every_rule_can_be_evaluated(self, prometheus):
        for group in get_json(f"{prometheus}/api/v1/rules")["data"]["groups"]:
            for rule in group["rules"]:
                self.assertEqual(rule.get("lastError", ""), "", rule["name"])
                self.assertNotEqual(rule.get("state"), "firing", rule["name"])

    def causes_are_not_told_apart(self, sidecar, manager):
        """Accuracy and energy are alerts too, and the headline holds their messages back."""
        await_true(lambda: self.detected(sidecar, "energy") == 1, "the rise of energy", 60)

        def held_back():
            alerts = get_json(f"{manager}/api/v2/alerts?filter=alertname=%22IpwEnergyRise%22")
            return alerts and all(alert["status"]["inhibitedBy"] for alert in alerts)

        await_true(held_back, "the rise of energy is known, and held back", 60)


if __name__ == "__main__":
    unittest.main()
