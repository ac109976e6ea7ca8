"""The dashboards: in normal form, honest about units, scopes and quality, and what they name exists."""

import itertools
import json
import os
import re
import subprocess
import tempfile
import unittest

from alerts_test import exported
from house import SOURCE, name, tracked

DASHBOARDS = {path.stem: path for path in tracked("dashboards/grafana/*.json")}
EXPECTED = {"overview", "compare", "query-anatomy", "energy-books", "sidecar-health"}
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
BUILT_IN = {"__rate_interval", "__interval", "__range", "__all"}
IN_LINKS = {"__url_time_range", "__field.labels.target", "__data.fields.Target"}
UNITS = {"bytes", "currencyUSD", "dateTimeAsIso", "hertz", "joule", "massg", "none", "ops", "percentunit", "reqps", "s",
         "short", "suffix: x", "suffix:/J", "suffix:/W", "watt"}
# Okabe and Ito's, which every kind of colour vision tells apart, and grey.
COLOURS = {"#0072B2", "#56B4E9", "#009E73", "#F0E442", "#E69F00", "#D55E00", "#CC79A7", "#8E8E8E", "text", "transparent"}
OF_PROMETHEUS = {"scrape_duration_seconds", "scrape_samples_scraped"}
METRIC = re.compile(r"\b(?:(?:ipw|process|scrape)_\w+|ipw:[\w:]+)")
# Metrics that have a scope and a quality: those must be chosen, or kept apart.
SCOPED = re.compile(r"\b(?:ipw_(?:metered_\w+|query_(?:active_)?energy_\w+|query_power\w+|phase_energy\w+|energy_joules_total|"
                    r"scope_energy_joules_total|books_lag\w+|intelligence_\w+|joules_per_query\w*|window_metered\w+|change_ratio\w*|"
                    r"query_carbon\w+|query_electricity\w+)|ipw:fleet_(?:intel|joules)[\w:]+)\{([^}]*)\}")
VARIABLE = re.compile(r"\$(?:\{([A-Za-z_][\w.]*)\}|([A-Za-z_]\w*))")


def load(path):
    return json.loads(path.read_text())


def every(value, key):
    """All values of this key, at any depth."""
    if isinstance(value, dict):
        for found, inner in value.items():
            if found == key:
                yield inner
            yield from every(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from every(inner, key)


def variables_in(text):
    return {found[1] or found[2] for found in VARIABLE.finditer(text)}


def panels(dashboard):
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def queries(dashboard):
    """Every query of panels and annotations, by what it belongs to."""
    for panel in panels(dashboard):
        for target in panel["targets"]:
            yield f"{panel['title']}/{target['refId']}", target
    for annotation in dashboard["annotations"]["list"]:
        yield annotation["name"], annotation["target"]


class DashboardCase(unittest.TestCase):
    def each(self):
        self.assertEqual(set(DASHBOARDS), EXPECTED)
        return [(stem, load(path)) for stem, path in DASHBOARDS.items()]


class Files(DashboardCase):
    def test_in_normal_form(self):
        done = subprocess.run([SOURCE / "dashboards/normalise", "--check"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, f"run dashboards/normalise: {done.stdout}{done.stderr}")

    def test_normalise_brings_an_export_into_that_form(self):
        with tempfile.NamedTemporaryFile("w+", suffix=".json") as file:
            json.dump({**load(DASHBOARDS["compare"]), "id": 7, "version": 3}, file)
            file.flush()
            command = [SOURCE / "dashboards/normalise", file.name]
            self.assertEqual(subprocess.run([*command, "--check"], capture_output=True).returncode, 1)
            self.assertEqual(subprocess.run(command, capture_output=True).returncode, 0)
            file.seek(0)
            self.assertEqual(file.read(), DASHBOARDS["compare"].read_text())

    def test_names_that_others_rely_on(self):
        for stem, dashboard in self.each():
            self.assertEqual(dashboard["uid"], f"ipw-{stem}")
            self.assertTrue(dashboard["editable"])
            self.assertIn("ipw-sidecar", dashboard["tags"])
            self.assertIn("recording rules", dashboard["description"])

    def test_provisioning_serves_them(self):
        datasource, = tracked("dashboards/provisioning/datasources/*.yml")
        self.assertRegex(datasource.read_text(), r"exemplarTraceIdDestinations:\n +- name: id\n +url: \S+/queries/\$\$\{__value\.raw\}")
        provider, = tracked("dashboards/provisioning/dashboards/*.yml")
        self.assertRegex(provider.read_text(), r"type: file\n(.*\n)* +path: /\S+")


class Panels(DashboardCase):
    def test_each_says_what_it_shows(self):
        for _, dashboard in self.each():
            for panel in panels(dashboard):
                self.assertRegex(panel.get("description", ""), r"^[A-Z0-9`].{15,}\.$", panel["title"])
                self.assertIn(panel["fieldConfig"]["defaults"].get("unit"), UNITS, panel["title"])
                units = [property["value"] for override in panel["fieldConfig"]["overrides"]
                         for property in override["properties"] if property["id"] == "unit"]
                self.assertLessEqual(set(units), UNITS, panel["title"])

    def test_none_has_a_fixed_datasource(self):
        for _, dashboard in self.each():
            for datasource in every(dashboard, "datasource"):
                self.assertEqual(datasource, DATASOURCE)
            for panel in panels(dashboard):
                self.assertIn("datasource", panel, panel["title"])
                self.assertTrue(panel["targets"], panel["title"])
                self.assertTrue(all("datasource" in target for target in panel["targets"]), panel["title"])

    def test_ids_are_unique(self):
        for stem, dashboard in self.each():
            ids = [panel["id"] for panel in dashboard["panels"]]
            self.assertEqual(len(ids), len(set(ids)), stem)
            for panel in panels(dashboard):
                refs = [target["refId"] for target in panel["targets"]]
                self.assertEqual(len(refs), len(set(refs)), panel["title"])

    def test_the_grid_has_24_columns_and_no_overlap(self):
        for _, dashboard in self.each():
            places = [(panel["title"], panel["gridPos"]) for panel in dashboard["panels"]]
            for title, at in places:
                self.assertTrue(0 <= at["x"] and at["w"] > 0 and at["h"] > 0 and at["x"] + at["w"] <= 24, title)
            for (one, a), (other, b) in itertools.combinations(places, 2):
                apart = (a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"] or
                         a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"])
                self.assertTrue(apart, f"{one} and {other} overlap")

    def test_the_verdict_comes_first(self):
        for _, dashboard in self.each():
            row, *first = dashboard["panels"][:5]
            self.assertEqual(row["type"], "row")
            self.assertTrue(row["title"].startswith("Verdict"))
            self.assertEqual({panel["type"] for panel in first}, {"stat"})

    def test_colours_can_be_told_apart(self):
        for _, dashboard in self.each():
            for colour in itertools.chain(every(dashboard, "fixedColor"), every(dashboard, "color"), every(dashboard, "iconColor")):
                if isinstance(colour, str) and not colour.startswith("rgba("):
                    self.assertIn(colour, COLOURS)
            schemes = {panel["options"]["color"]["scheme"] for panel in panels(dashboard) if panel["type"] == "heatmap"}
            self.assertLessEqual(schemes, {"Cividis"})

    def test_heatmaps_of_queries_show_exemplars(self):
        for _, dashboard in self.each():
            for panel in panels(dashboard):
                if panel["type"] == "heatmap":
                    self.assertTrue(all(target.get("exemplar") for target in panel["targets"]), panel["title"])


class Queries(DashboardCase):
    def test_every_metric_exists(self):
        recorded = {found for path in tracked("dashboards/rules/*.yml") for found in re.findall(r"- record: (\S+)", path.read_text())}
        known = exported() | recorded | OF_PROMETHEUS
        for _, dashboard in self.each():
            for title, target in queries(dashboard):
                used = set(METRIC.findall(target["expr"]))
                self.assertTrue(used, title)
                self.assertLessEqual(used, known, title)
            for query in (variable["definition"] for variable in dashboard["templating"]["list"] if variable["type"] == "query"):
                self.assertLessEqual(set(METRIC.findall(query)), known)

    def test_scopes_are_never_added_and_quality_is_chosen(self):
        for _, dashboard in self.each():
            for title, target in queries(dashboard):
                for matchers in SCOPED.findall(target["expr"]):
                    self.assertRegex(matchers, r'scope=(~"\$scope\||"\$scope")', title)
                    self.assertRegex(matchers, r'quality=~"\$quality\|?"', title)

    def test_variables_are_defined_described_and_used(self):
        for _, dashboard in self.each():
            defined = {variable["name"]: variable for variable in dashboard["templating"]["list"]}
            self.assertEqual(next(iter(defined)), "datasource")
            text = json.dumps(dashboard)
            used = variables_in(text)
            self.assertLessEqual(used, set(defined) | BUILT_IN | IN_LINKS | {"1"})
            for variable in defined.values():
                self.assertTrue(variable["label"] and variable["description"].endswith("."), variable["name"])
                self.assertGreater(len(re.findall(rf"\${{?{variable['name']}\b", text)), 0, f"${variable['name']} is not used")
                if variable["type"] == "query":
                    self.assertEqual(variable["query"]["query"], variable["definition"])
                    earlier = itertools.takewhile(lambda other, name=variable["name"]: other != name, defined)
                    self.assertLessEqual(variables_in(variable["definition"]), set(earlier), "asks for a later variable")
            repeats = {panel["repeat"] for panel in dashboard["panels"] if "repeat" in panel}
            self.assertLessEqual(repeats, set(defined))

    def test_annotations_ask_every_version_of_grafana_the_same(self):
        for _, dashboard in self.each():
            annotations = dashboard["annotations"]["list"]
            self.assertTrue(annotations)
            for annotation in annotations:
                self.assertEqual(annotation["expr"], annotation["target"]["expr"], annotation["name"])

    def test_links_lead_somewhere(self):
        boards = {dashboard["uid"]: {variable["name"] for variable in dashboard["templating"]["list"]} for _, dashboard in self.each()}
        for _, dashboard in self.each():
            link, = dashboard["links"]
            self.assertEqual((link["type"], link["tags"]), ("dashboards", ["ipw-sidecar"]))
            self.assertTrue(link["includeVars"] and link["keepTime"])
            for url in every(dashboard["panels"], "url"):
                uid, _, parameters = re.fullmatch(r"/d/([\w-]+)(\?(\S+))?", url).groups()
                self.assertIn(uid, boards)
                self.assertLessEqual(set(re.findall(r"var-(\w+)=", parameters or "")), boards[uid])


class ConfigMaps(DashboardCase):
    def made(self, *arguments):
        done = subprocess.run([SOURCE / "deploy/dashboards_configmap", *arguments], capture_output=True, text=True, check=True)
        return [part for part in done.stdout.split("---\n") if part]

    def texts(self, parts):
        """The dashboards that stand in the maps, by their names."""
        for part in parts:
            head, body = part.split(".json: |-\n")
            yield head.split("  ipw-")[-1], head, "\n".join(line.removeprefix("    ") for line in body.splitlines())

    def test_they_hold_the_same_dashboards(self):
        found = list(self.texts(self.made("--namespace", "watch", "--folder", "Power")))
        self.assertEqual({stem for stem, _, _ in found}, EXPECTED)
        for stem, head, text in found:
            self.assertEqual(json.loads(text), load(DASHBOARDS[stem]))
            self.assertLess(len(text.encode()), 256 * 1024, "more than kubectl apply takes")
            for line in ('    grafana_dashboard: "1"', f"  name: ipw-dashboard-{stem}", '  namespace: "watch"',
                         '    grafana_folder: "Power"'):
                self.assertIn(line + "\n", head)

    def test_helm_gives_them_back(self):
        escape = '{{"{{"}}'
        for stem, _, text in self.texts(self.made("--helm")):
            self.assertNotIn("{{", text.replace(escape, ""))
            self.assertEqual(json.loads(text.replace(escape, "{{")), load(DASHBOARDS[stem]))

    def test_they_are_yaml(self):
        try:
            import yaml
        except ImportError:
            self.skipTest("no python3-yaml on this machine")
        for part in self.made():
            document = yaml.safe_load(part)
            self.assertEqual(document["kind"], "ConfigMap")
            (key, text), = document["data"].items()
            self.assertEqual(json.loads(text)["uid"] + ".json", key)


# What must be refused: where in a dashboard, and what stands there then.
WRONG = {
    "a time of no text": (("refresh",), 30),
    "a schema version of text": (("schemaVersion",), "39"),
    "a key that no dashboard has": (("panelz",), []),
    "a place of text": (("panels", 1, "gridPos", "w"), "6"),
    "a colour mode that a stat has not": (("panels", 1, "options", "colorMode"), "rainbow"),
    "an option that a stat has not": (("panels", 1, "options", "colourMode"), "value"),
    "decimals of text": (("panels", 1, "fieldConfig", "defaults", "decimals"), "one"),
    "a query of no text": (("panels", 1, "targets", 0, "expr"), 1),
    "a key that no query has": (("panels", 1, "targets", 0, "legend"), "x"),
    "a panel of another kind": (("panels", 1, "type"), "timeseries"),
    "a variable of no kind": (("templating", "list", 0, "type"), "data"),
    "an annotation without a colour": (("annotations", "list", 0, "iconColor"), None),
}


def changed(dashboard, path, value):
    dashboard = json.loads(json.dumps(dashboard))
    place = dashboard
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return dashboard


class PublishedSchema(unittest.TestCase):
    """TypeScript holds every file against the types of Grafana 10.4 and 11.6, and refuses what is wrong."""

    TYPES = SOURCE / "tests/house/grafana_schema"
    NPM = SOURCE / "build/tools/npm"

    @classmethod
    def setUpClass(cls):
        done = subprocess.run([SOURCE / "deploy/setup", "grafana-schema"], capture_output=True, text=True, timeout=300)
        if done.returncode == 3:
            raise unittest.SkipTest(done.stderr.splitlines()[-1])
        if done.returncode:
            raise AssertionError(done.stderr)

    def compile(self, dashboards):
        """What the compiler says of each, by its name and the version of Grafana."""
        said = {(one, version): [] for one in dashboards for version in (10, 11)}
        names = {f"d{number}": one for number, one in enumerate(dashboards)}
        with tempfile.TemporaryDirectory(dir=self.NPM) as folder:
            for file in ("dashboard.ts", "tsconfig.json"):
                os.link(self.TYPES / file, f"{folder}/{file}")
            for file, one in names.items():
                for version in (10, 11):
                    with open(f"{folder}/{file}_{version}.ts", "w") as out:
                        out.write(f'import type {{ Dashboard{version} }} from "./dashboard";\n'
                                  f"({json.dumps(dashboards[one])}) satisfies Dashboard{version};\n")
            done = subprocess.run([self.NPM / "node_modules/.bin/tsc", "--pretty", "false", "-p", folder],
                                  capture_output=True, text=True, cwd=folder)
        for line in done.stdout.splitlines():
            if found := re.match(r"(d\d+)_(\d+)\.ts\(", line):
                said[names[found[1]], int(found[2])].append(line)
            elif not line.startswith(" "):
                self.fail(line)
        self.assertEqual(done.returncode != 0, any(said.values()), done.stderr)
        return said

    def test_every_dashboard_satisfies_it(self):
        for one, said in self.compile({stem: load(path) for stem, path in DASHBOARDS.items()}).items():
            self.assertEqual(said, [], one)

    def test_what_is_wrong_does_not(self):
        overview = load(DASHBOARDS["overview"])
        overview["panels"] = overview["panels"][:2]
        for one, said in self.compile({name: changed(overview, *wrong) for name, wrong in WRONG.items()}).items():
            self.assertTrue(said, f"{one} was not refused")


if __name__ == "__main__":
    unittest.main()
