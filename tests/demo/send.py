#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Sends the samples to one port and says where each of them arrived.

  send.py --table TSV --samples DIR --archives DIR --log FILE HOST PORT

The archives' directories are DIR/NAME; the log is HAProxy's. Exit status 0
only if each sample is, unchanged, in one archive of the pool that the table
names, and in no other.
"""
import argparse
import os
import re
import subprocess
import sys
import time

import objects

# What storescu proposes first, so that the object need not be converted.
PROPOSE = {
    "1.2.840.10008.1.2": "-xi",
    "1.2.840.10008.1.2.1": "-xe",
    "1.2.840.10008.1.2.2": "-xb",
    "1.2.840.10008.1.2.1.99": "-xd",
    "1.2.840.10008.1.2.4.70": "-xs",
}
HEADINGS = ("sample", "modality", "rule", "pool", "server", "found there", "identical", "")
LOG_WAIT_S = 10
PRIOR_PATIENT, PRIOR_DATE = "DEMO-1001", "20230707"


def dcmtk_environment():
    """DCMTK writes headers alone; without this each message waits 40 ms."""
    return dict(os.environ, TCP_NODELAY="1")


class Log:
    """HAProxy's log file, from now on: one dictionary for each association."""

    def __init__(self, path):
        self.path = path
        self.offset = os.path.getsize(path) if os.path.exists(path) else 0
        self.rest = b""

    def new(self):
        """The associations that were logged since the last call."""
        if not os.path.exists(self.path):
            return []
        with open(self.path, "rb") as file:
            file.seek(self.offset)
            text = file.read()
        self.offset += len(text)
        *lines, self.rest = (self.rest + text).split(b"\n")
        found = (dict(re.findall(r'(\w+)="([^"]*)"', line.decode("utf-8", "replace"))) for line in lines)
        return [fields for fields in found if "pool" in fields and "calling_ae" in fields]

    def next(self):
        """The next association, or what is known if none is logged in time."""
        end = time.monotonic() + LOG_WAIT_S
        while time.monotonic() < end:
            found = self.new()
            if found:
                return found[-1]
            time.sleep(0.01)
        return {}


class Row:
    """What became of one sample."""

    def __init__(self, sample, status, said, logged):
        self.sample = sample
        self.status = status
        self.said = said
        self.rule = logged.get("rule") or "-"
        self.pool = logged.get("pool") or "-"
        self.server = logged.get("server") or "-"
        self.error = logged.get("error", "").strip("-")
        self.found = []
        self.there = self.identical = False

    def look(self, archives, servers):
        """In which archives is it? archives: name -> objects."""
        copies = [(name, copy) for name, stored in archives.items()
                  for copy in stored if copy.uid == self.sample.object.uid]
        self.found = sorted(name for name, _ in copies)
        self.identical = bool(copies) and all(copy.same_as(self.sample.object) for _, copy in copies)
        self.there = self.found == [self.server] and self.server in servers(self.sample.pool)

    def complaints(self):
        sample = self.sample
        if self.status != 0:
            yield f"storescu failed: {self.said}" + (f" ({self.error})" if self.error else "")
        if (self.rule, self.pool) != (sample.rule, sample.pool):
            yield f"expected: rule {sample.rule}, pool {sample.pool}"
        if self.found != [self.server]:
            yield "it is in " + (", ".join(self.found) or "no archive")

    def good(self):
        return self.there and self.identical and not list(self.complaints())

    def cells(self):
        return (self.sample.name, self.sample.modality, self.rule, self.pool, self.server,
                "yes" if self.there else "NO", "yes" if self.identical else "NO",
                "; ".join(self.complaints()))


def send(sample, host, port, log):
    command = ["storescu", PROPOSE.get(sample.object.transfer_syntax, "-x="),
               "-aet", sample.calling_ae, "-aec", sample.called_ae,
               "-to", "10", "-ta", "60", "-td", "60", host, str(port), sample.object.path]
    done = ask(*command)
    said = done.stdout.strip().replace("\n", " | ")
    return Row(sample, done.returncode, said, log.next())


def table(rows):
    cells = [HEADINGS] + [row.cells() for row in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip()
                     for line in cells)


def in_pool(pool):
    """The archives of a pool are called after it: ct1, ct2."""
    return lambda name: re.fullmatch(re.escape(pool) + r"\d+", name)


def run(samples, host, port, directory, log):
    """Sends all, prints the table, and says whether all is well."""
    names = sorted(os.listdir(directory))
    before = objects.files_in(directory)
    rows = [send(sample, host, port, log) for sample in samples]
    archives, strangers = {}, []
    for name in names:
        archives[name], others = objects.written_since(os.path.join(directory, name), before)
        strangers += [path for path in others if not path.endswith("index.dat")]
    sent = {row.sample.object.uid for row in rows}
    strangers += [copy.path for new in archives.values() for copy in new if copy.uid not in sent]
    for row in rows:
        row.look(archives, lambda pool: list(filter(in_pool(pool), names)))
    print(table(rows))
    for path in strangers:
        print(f"nobody sent this: {path}")
    good = sum(row.good() for row in rows)
    print(f"\n{good} of {len(rows)} samples are where the policy says, unchanged, and nowhere else.\n", flush=True)
    return good == len(rows) and not strangers


def echo(host, port, log):
    done = ask("echoscu", "-aec", "ANY-SCP", host, str(port))
    server = log.next().get("server", "-")
    print("C-ECHO: " + (f"Success from {server}" if done.returncode == 0 else "FAILED " + done.stdout), flush=True)
    return done.returncode == 0


def find(host, port, log):
    """The query archive has one earlier examination, ct-prior."""
    done = ask("findscu", "-v", "-S", "-aec", "QUERY", "-k", "QueryRetrieveLevel=STUDY",
               "-k", f"PatientID={PRIOR_PATIENT}", "-k", "StudyDate", "-k", "StudyInstanceUID", host, str(port))
    server = log.next().get("server", "-")
    dates = re.findall(r"\(0008,0020\) DA \[(\d+)\s*\]", done.stdout)
    good = done.returncode == 0 and PRIOR_DATE in dates
    print("C-FIND: " + (f"{PRIOR_PATIENT} was examined on {', '.join(dates)}, says {server}" if good
                        else "FAILED " + done.stdout), flush=True)
    return good


def ask(*command):
    return subprocess.run(command, env=dcmtk_environment(), check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, encoding="utf-8", errors="replace")


def show(samples, host, port, archives, log_path):
    """Everything: the samples, a C-ECHO and a C-FIND."""
    log = Log(log_path)
    good = run(samples, host, port, archives, log)
    good &= echo(host, port, log)
    good &= find(host, port, log)
    return good


def main():
    parser = argparse.ArgumentParser(description="Sends the samples and says where they arrived.")
    parser.add_argument("--table", required=True)
    parser.add_argument("--samples", required=True)
    parser.add_argument("--archives", required=True)
    parser.add_argument("--log", required=True)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    given = parser.parse_args()
    samples = objects.samples(given.table, given.samples)
    return 0 if show(samples, given.host, given.port, given.archives, given.log) else 1


if __name__ == "__main__":
    sys.exit(main())
