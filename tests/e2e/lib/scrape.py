# SPDX-License-Identifier: MIT
"""Asks for metrics as Prometheus does."""

import http.client
import os
import re
import subprocess

from children import PATIENCE, ROOT

TYPE = "text/plain; version=0.0.4; charset=utf-8"
SAMPLE = re.compile(r'([a-z_:][a-z0-9_:]*)(?:\{((?:\w+="(?:[^"\\\n]|\\.)*",?)*)\})? (\S+)', re.I)


def request(port, path, method="GET", host="127.0.0.1", body=None):
    """(status, headers, text)"""
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode("utf-8")
    finally:
        connection.close()


def scrape(port, host="127.0.0.1"):
    """{name{labels}: value}"""
    status, headers, text = request(port, "/metrics", host=host)
    assert (status, headers["Content-Type"]) == (200, TYPE)
    samples = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, labels, value = SAMPLE.fullmatch(line).groups()
            samples[name + (f"{{{labels}}}" if labels else "")] = float(value)
    return samples


def labels_of(samples, name):
    """The labels of an info, or None if it is not there."""
    found = [key for key in samples if key.startswith(name + "{")]
    assert len(found) <= 1
    return dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', found[0])) if found else None


def check_format(text):
    """promtool has nothing to say about it, and the documentation names it."""
    with open(os.path.join(ROOT, "docs", "metrics.md"), encoding="utf-8") as f:
        known = set(re.findall(r"`(\w+)[`{]", f.read()))
    assert not set(re.findall(r"^# HELP (\S+)", text, re.M)) - known
    done = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
