"""Every query of every dashboard, as Grafana would ask it, finds data in a real Prometheus that has scraped a real run."""

import json
import os
import re
import time
import unittest
import zlib

from grafana import DASHBOARDS, Prometheus, columns, legend, load, panels, text_of
from judge_server import JudgeServer
from support import BINARY, SOURCE, EndToEnd, await_true, free_port, query

DEMO = SOURCE / "replay" / "demo_data"
PANEL = 60  # queries of a cycle

# A board that no target uses: what only hardware shows. It is lost for a second, so that its source has events.
BOARD = """gpu GPU-1
power at=0 watts=200
counter period=0.05
instant period=0.05
limit watts=500 max=700
clock mhz=1500 max=1980 application=1980
reasons bits=4
lost from=5 to=6.5 code=15
"""

CONFIG = """
listen: 127.0.0.1:{port}
corpus: {{name: demo, path: "{corpus}", panel: {{size: {panel}, seed: 1}}}}
targets:
  - name: local
    url: {local}
    model: demo
    accelerator: "Board (with brackets) + more"
    power: {{accelerator: simulated/sim0}}
    idle_watts: 50
    schedule: {{mode: closed, concurrency: 4}}
    retry: {{attempts: 2}}
    warmup: 2
    budget: {{queries: 1000000}}
    pricing: {{input_per_million: 0.1, output_per_million: 0.2}}
  - name: cloud
    url: {cloud}
    model: demo-small
    accelerator: cloud
    locality: cloud
    schedule: {{mode: closed, concurrency: 2}}
    budget: {{dollars: 1000}}
    pricing: {{input_per_million: 1, output_per_million: 4}}
    estimate: {{joules_per_input_token: 0.1, joules_per_output_token: 2}}
coverage: {{reference: cloud}}
judges: {{audit: 0.3, llm: {{url: "{judge}", model: scripted, concurrency: 4}}}}
probes:
  sources:
    - {{type: simulated, idle_watts: 50, watts_per_query: 100, load_url: "{load}"}}
    - {{type: nvml, library: "{nvml}"}}
carbon: {{grams_per_kwh: 400}}
electricity: {{price_per_kwh: 0.25, currency: EUR}}
store: {{path: ipw.db}}
"""


class Dashboards(EndToEnd):
    def local_server(self, truncated, port=0):
        """The local target's, which fails now and then and cuts this share of its answers; gives the process and its URLs."""
        name = f"local-{truncated}"
        server = self.start(name, BINARY, "demo-server", "--corpus", DEMO / "corpus.jsonl", "--answers", DEMO / "demo-large.jsonl",
                            "--model", "demo", "--ttft", 0.01, "--rate", 3000, "--listen", f"127.0.0.1:{port}",
                            "--misbehave", "http_500@0.03", "--misbehave", "empty@0.03", "--misbehave", f"length@{truncated}",
                            "--misbehave", "cached_nested:8@0.2", "--misbehave", "reasoning_tokens_nested@0.2")
        lines = await_true(lambda: (server.output().count("\n") >= 2 and server.output()) or not server.alive(), name)
        self.assertTrue(server.alive(), server.errors())
        return server, dict(line.split() for line in lines.splitlines())

    def sidecar_with_two_targets(self):
        judge = JudgeServer(lambda prompt: "INCORRECT" if zlib.crc32(prompt.encode()) % 5 == 0 else "CORRECT")
        self.addCleanup(judge.close)
        local, urls = self.local_server(0.03)
        _, cloud, _ = self.demo_server(DEMO / "corpus.jsonl", DEMO / "demo-small.jsonl", "demo-small", ttft=0.03, rate=2000, name="cloud")
        port = free_port()
        config = self.write("ipw.yaml", CONFIG.format(port=port, corpus=DEMO / "corpus.jsonl", panel=PANEL, local=urls["url"],
                                                      load=urls["load_url"], cloud=cloud, judge=judge.url,
                                                      nvml=os.environ["IPW_FAKE_NVML"]))
        rules = (SOURCE / "dashboards/rules/efficiency.yml").read_text()
        rules = self.write("rules.yml", re.sub(r"interval: \w+", "interval: 1s", rules))
        prometheus = self.prometheus(f"127.0.0.1:{port}", rules=rules)
        self.sidecar(config, env={**os.environ, "FAKE_NVML_SCRIPT": str(self.write("board", BOARD))})
        return prometheus, local, int(re.search(r":(\d+)/", urls["url"])[1])

    def run_with_a_regression(self):
        """A baseline, then answers that are cut short at the same address, until Prometheus has seen the verdict."""
        begin = time.time()
        prometheus, local, port = self.sidecar_with_two_targets()
        await_true(lambda: query(prometheus, 'ipw_change_ratio{target="local",quantity="accuracy"}'), "a baseline", 90)
        local.stop()
        self.local_server(0.9, port)
        await_true(lambda: query(prometheus, 'ipw_regression_detected{target="local",quantity="accuracy"} == 1'), "the regression", 90)
        for late in ("ipw_regression_detected{target=\"local\"} == 1", "ipw_change_ratio{target=\"cloud\"}",
                     "ipw_source_crosscheck_ratio", "ipw_judge_kappa", "ipw:fleet_accuracy:rate7d"):
            seen = f"count_over_time(({late})[1m:1s]) > 4"
            await_true(lambda seen=seen: query(prometheus, seen), late, 60)
        return Prometheus(prometheus, begin, time.time())

    def test_every_query_finds_data(self):
        self.prometheus_ = self.run_with_a_regression()
        counts = {"panels": 0, "queries": 0, "variables": 0, "annotations": 0}
        self.faults, self.asked = [], 0
        for path in DASHBOARDS:
            dashboard = load(path)
            variables = {variable["name"]: variable for variable in dashboard["templating"]["list"]}
            offered = self.offered(path.stem, variables, counts)
            for values in self.selections(variables, offered):
                self.ask_annotations(path.stem, dashboard, variables, values)
                self.ask_panels(path.stem, dashboard, variables, values, offered)
            self.ask_choices(path.stem, dashboard, variables, values)
            counts["panels"] += len(list(panels(dashboard)))
            counts["queries"] += sum(len(panel["targets"]) for panel, _ in panels(dashboard))
            counts["annotations"] += len(dashboard["annotations"]["list"])
        print(f"{len(DASHBOARDS)} dashboards: {json.dumps(counts)}; asked {self.asked} times, {self.prometheus_.own}")
        self.assertEqual(self.faults, [])

    def offered(self, board, variables, counts):
        """The values of every variable, those that a query gives in their order: a query may use the ones before."""
        values, found = {}, {}
        for name, variable in variables.items():
            if variable["type"] == "query":
                asked = self.prometheus_.filled(variable["query"]["query"], variables, values)
                found[name] = self.prometheus_.label_values(asked)
                self.assertTrue(found[name], f"{board}: no value for ${name}: {asked}")
                counts["variables"] += 1
            elif variable["type"] == "custom":
                found[name] = [variable["current"]["value"]]
            else:
                found[name] = ["prometheus"]
            values[name] = "$__all" if variable.get("includeAll") else found[name][0]
        return found

    def selections(self, variables, offered):
        """What a person may have chosen: all, and each value there is. Two targets are compared with each other."""
        sides = {"a": "local", "b": "cloud"}
        one = {name: sides.get(name, offered[name][0]) for name in variables}
        several = [name for name, variable in variables.items() if variable.get("includeAll")]
        return {**one, **{name: "$__all" for name in several}}, {**one, **{name: offered[name] for name in several}}

    def ask_annotations(self, board, dashboard, variables, values):
        for annotation in dashboard["annotations"]["list"]:
            label = f"{board}/{annotation['name']}"
            for labels, _ in self.ask(label, annotation["target"], variables, values):
                self.named(label, annotation["titleFormat"] + annotation["textFormat"], labels)

    def ask_panels(self, board, dashboard, variables, values, offered):
        for panel, repeat in panels(dashboard):
            for chosen in offered[repeat] if repeat else [None]:
                label = f"{board}/{panel['title']}" + (f" of {chosen}" if chosen else "")
                filled = {**values, repeat: chosen} if repeat else values
                found = {target["refId"]: self.ask(f"{label}/{target['refId']}", target, variables, filled) for target in panel["targets"]}
                self.check_names(label, panel, found)

    def ask_choices(self, board, dashboard, variables, values):
        """Each choice that is no query's, such as a window, wherever it is used. Two need not have data, only be understood:
        an hour ago, before the run, and the running cycle, which has no figures while it is young."""
        for name, variable in variables.items():
            for value in [option["value"] for option in variable["options"]] if variable["type"] == "custom" else []:
                for panel, _ in panels(dashboard):
                    for target in panel["targets"]:
                        if f"${name}" in target["expr"]:
                            label = f"{board}/{panel['title']}/{target['refId']} with {name}={value}"
                            empty = name == "shift" or (value == "cycle" and target["instant"])
                            self.ask(label, target, variables, {**values, name: value}, needs_data=not empty)

    def ask(self, label, target, variables, values, needs_data=True):
        """The query's series; having none is noted, and so is a heatmap without a query in it."""
        expression = self.prometheus_.filled(target["expr"], variables, values)
        self.asked += 1
        try:
            found = self.prometheus_.series(expression, target.get("instant"))
        except AssertionError as refused:
            self.faults.append(f"{label}: {refused}")
            return []
        if not needs_data:
            return []
        if not found or (target.get("format") == "heatmap" and max(max(values) for _, values in found) == 0):
            self.faults.append(f"{label}: no data: {expression}")
        return found

    def named(self, label, form, labels):
        name, missing = legend(form, labels)
        self.faults += [f"{label}: {form}: no label {one} in {labels}" for one in missing]
        return name

    def check_names(self, label, panel, found):
        """Series that stand beside each other can be told apart, and a table's columns have something in them."""
        if panel["type"] == "table":
            labels = {name for series in found.values() for labels, _ in series for name in labels}
            values = {"Value" if len(found) == 1 else f"Value #{ref}" for ref in found}
            missing = [column for column in columns(panel) if column not in labels | values]
            self.faults += [f"{label}: the column {column} is empty" for column in missing]
            shared = set.intersection(*(set(labels) - {"__name__"} for series in found.values() for labels, _ in series))
            for ref, series in found.items():  # rows are merged by the labels that all queries have
                keys = [tuple(labels[name] for name in sorted(shared)) for labels, _ in series]
                self.faults += [f"{label}/{ref}: several rows for {key}" for key in set(keys) if keys.count(key) > 1]
        elif panel["type"] != "heatmap":
            names = [self.named(label, target["legendFormat"], labels)
                     for target in panel["targets"] for labels, _ in found[target["refId"]]]
            self.faults += [f"{label}: two series are called {name}" for name in set(names) if names.count(name) > 1]


class Interpolation(unittest.TestCase):
    """What stands in a query for what was chosen, as Grafana's Prometheus datasource writes it."""

    SEVERAL = {"multi": True, "includeAll": True, "allValue": ".*"}

    def test_values(self):
        for what, variable, value, text in (
                ("all is the variable's own expression", self.SEVERAL, "$__all", ".*"),
                ("one of several", self.SEVERAL, ["local"], "local"),
                ("several are alternatives", self.SEVERAL, ["local", "cloud"], "(local|cloud)"),
                ("signs of expressions are escaped for the string and for the expression", self.SEVERAL, ["L (v1.0)"], r"L \\(v1\\.0\\)"),
                ("a backslash too", self.SEVERAL, ["a\\b"], r"a\\\\b"),
                ("a single choice is plain text", {}, "L (v1.0)", "L (v1.0)"),
                ("in which Grafana escapes an apostrophe twice", {}, "it's", r"it\\'s")):
            with self.subTest(what):
                self.assertEqual(text_of(variable, value), text)

    def test_queries(self):
        prometheus = Prometheus("", 0, 4000)
        variables = {"target": self.SEVERAL, "window": {}}
        for query_, text in (('x{target=~"$target"}', 'x{target=~"(a|b)"}'),
                             ("x{w=\"${window}\"}[$__range]", "x{w=\"1h\"}[4000s]"),
                             ("rate(x[$__rate_interval])", "rate(x[21s])"),
                             ('label_replace(x, "y", "$1", "z", "(.*)")', 'label_replace(x, "y", "$1", "z", "(.*)")')):
            with self.subTest(query_):
                self.assertEqual(prometheus.filled(query_, variables, {"target": ["a", "b"], "window": "1h"}), text)

    def test_an_unknown_variable_is_a_fault(self):
        with self.assertRaises(KeyError):
            Prometheus("", 0, 4000).filled("x[$interval]", {}, {})


if __name__ == "__main__":
    unittest.main()
