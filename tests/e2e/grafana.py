"""What Grafana makes of a dashboard: its variables' values, and its queries with those filled in."""

import json
import math
import re
import urllib.parse

from support import SOURCE, get_json

DASHBOARDS = sorted((SOURCE / "dashboards" / "grafana").glob("*.json"))
VARIABLE = re.compile(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))")  # not $1: that is of label_replace()
LEGEND = re.compile(r"\{\{(\w+)\}\}")
LABEL_VALUES = re.compile(r"label_values\((.*), (\w+)\)")
SCRAPE_INTERVAL = 1


def load(path):
    return json.loads(path.read_text())


def panels(dashboard):
    """Every panel that queries, with the variable by which its row repeats it, if it does."""
    repeat = None
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            repeat = panel.get("repeat")
        else:
            yield panel, repeat


def legend(form, labels):
    """What a series is called, and the labels that its name wants and it does not have."""
    return LEGEND.sub(lambda found: labels.get(found[1], ""), form), [name for name in LEGEND.findall(form) if name not in labels]


def columns(panel):
    """The fields that a table shows: labels, and values by the query's letter."""
    chosen, = (part["options"]["include"]["names"] for part in panel["transformations"] if part["id"] == "filterFieldsByName")
    return chosen


def escaped(value, regex):
    """A value inside a PromQL string, as Grafana's Prometheus datasource writes it."""
    if not regex:
        return value.replace("\\", "\\\\").replace("'", "\\\\'")
    return re.sub(r"[$^*{}\[\]'+?.()|]", r"\\\\\g<0>", value.replace("\\", "\\\\\\\\"))


def text_of(variable, value):
    """What stands for the variable in a query: "All" is the variable's own regular expression, several are alternatives."""
    if value == "$__all":
        return variable["allValue"]
    chosen = [escaped(one, variable.get("multi") or variable.get("includeAll")) for one in
              (value if isinstance(value, list) else [value])]
    return chosen[0] if len(chosen) == 1 else f"({'|'.join(chosen)})"


class Prometheus:
    """A real one, over its HTTP API, for the time from `begin` to `end` (Unix seconds)."""

    def __init__(self, url, begin, end, points=200):
        self.url, self.begin, self.end = url, begin, end
        self.step = max(SCRAPE_INTERVAL, round((end - begin) / points))
        self.own = {"__interval": f"{self.step}s", "__range": f"{round(end - begin)}s",
                    "__rate_interval": f"{max(self.step + SCRAPE_INTERVAL, 4 * SCRAPE_INTERVAL)}s"}

    def ask(self, path, **parameters):
        return get_json(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters, doseq=True)}")["data"]

    def filled(self, text, variables, values):
        return VARIABLE.sub(lambda found: self.value(found[1] or found[2], variables, values), text)

    def value(self, name, variables, values):
        return self.own[name] if name in self.own else text_of(variables[name], values[name])

    def label_values(self, query):
        selector, label = LABEL_VALUES.fullmatch(query).groups()
        return self.ask(f"label/{label}/values", **{"match[]": selector}, start=self.begin, end=self.end)

    def series(self, expression, instant):
        """The labels of every series with data, over the time or at its end, and its values. No number is no data."""
        if instant:
            rows = self.ask("query", query=expression, time=self.end)["result"]
            pairs = [(row["metric"], [row["value"]]) for row in rows]
        else:
            rows = self.ask("query_range", query=expression, start=self.begin, end=self.end, step=self.step)["result"]
            pairs = [(row["metric"], row["values"]) for row in rows]
        found = [(labels, [float(value) for _, value in points if math.isfinite(float(value))]) for labels, points in pairs]
        return [(labels, values) for labels, values in found if values]
