# SPDX-License-Identifier: MIT
"""A real Prometheus with the files of docs/monitoring; only targets are the test's, and what would take too long."""

import json
import os
import re
import shutil
import urllib.error
import urllib.parse
import urllib.request

from children import PATIENCE, ROOT, Child, free_port, wait_until

FILES = os.path.join(ROOT, "docs", "monitoring")
TARGETS = {"dicom-spoa": "127.0.0.1:8405", "haproxy": "127.0.0.1:8404", "dicom-haproxy": "127.0.0.1:8406"}


class Prometheus:
    """targets: {job: [port, ...]}. It asks every second, and an alert is not held back longer than that."""

    def __init__(self, directory, targets):
        self.port = free_port()
        self.directory = os.path.join(directory, "prometheus")
        shutil.copytree(FILES, self.directory)
        self._change("prometheus.yml", [(r"(?m)^(  \w+_interval): .*", r"\1: 1s")] +
                     [(re.escape(f'["{TARGETS[job]}"]'), json.dumps([f"127.0.0.1:{port}" for port in ports]))
                      for job, ports in targets.items()])
        self._change("alerts.yml", [(r"(?m)^( +for): .*", r"\1: 1s")])
        self.child = Child("prometheus", ["prometheus", "--config.file", os.path.join(self.directory, "prometheus.yml"),
                                          "--storage.tsdb.path", os.path.join(self.directory, "data"),
                                          "--web.listen-address", f"127.0.0.1:{self.port}"], directory)
        self.child.wait_for_port(self.port)
        wait_until(self._scraped, "every target has answered", 2 * PATIENCE)

    def _change(self, name, changes):
        path = os.path.join(self.directory, name)
        with open(path, encoding="utf-8") as f:
            text = f.read()
        for pattern, replacement in changes:
            text, count = re.subn(pattern, replacement, text)
            assert count, f"{name} has no {pattern}"
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)

    def ask(self, path, **parameters):
        """What its HTTP API answers: (data, None), or (None, error)."""
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
                return json.load(answer)["data"], None
        except urllib.error.HTTPError as error:
            if error.code == 503:  # it has only just begun to listen
                return None, "unavailable"
            return None, json.load(error)["error"]

    def _scraped(self):
        data, _ = self.ask("targets")
        return data and data["activeTargets"] and all(one["health"] == "up" for one in data["activeTargets"])

    def query(self, expression):
        """[(labels, value)] of an instant vector."""
        data, error = self.ask("query", query=expression)
        assert error is None, f"{expression}: {error}"
        if data["resultType"] == "scalar":
            return [({}, float(data["result"][1]))]
        return [(one["metric"], float(one["value"][1])) for one in data["result"]]

    def range(self, expression, start, end, step):
        """[(labels, [(time, value)])]"""
        data, error = self.ask("query_range", query=expression, start=start, end=end, step=step)
        assert error is None, f"{expression}: {error}"
        return [(one["metric"], [(at, float(value)) for at, value in one["values"]]) for one in data["result"]]

    def names(self):
        return set(self.ask("label/__name__/values")[0])

    def rules(self):
        return [rule for group in self.ask("rules")[0]["groups"] for rule in group["rules"]]

    def firing(self, name):
        return [alert for alert in self.ask("alerts")[0]["alerts"]
                if alert["labels"]["alertname"] == name and alert["state"] == "firing"]

    def stop(self):
        self.child.stop()
