#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The load balancer at work on this machine: demo.py [--stay]

Starts real archives, the agent and HAProxy, sends each sample to one port,
prints where it arrived, asks by C-ECHO and C-FIND, and ends all of it; with
--stay it stays up until Ctrl-C. Exit status 0 only if all is as expected.

Environment:
  DICOM_PORT    where associations come in (11112)
  STATS_PORT    HAProxy's stats page (8404)
  ARCHIVE_PORT  the first of nine ports for archives and agent (any that are free)
  DICOM_HOST    the address to listen on for DICOM (127.0.0.1; 0.0.0.0: all)
  POLICY        the agent's policy (haproxy/policy.json)
"""
import os
import re
import signal
import sys
import time

import objects
import send
import stack

SAMPLES = os.path.join(stack.ROOT, "build", "samples")
POLICY_FILE = os.path.join(stack.ROOT, "haproxy", "policy.json")
TABLE = os.path.join(stack.ROOT, "dicom-samples", "expected.tsv")
PRIOR = os.path.join(SAMPLES, "ct-prior.dcm")


class Ended(Exception):
    """A signal asked for the end."""


def main():
    stay = sys.argv[1:] == ["--stay"]
    if sys.argv[1:] and not stay:
        sys.exit(__doc__)
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, end)
    try:
        with stack.Stack(os.environ.get("DICOM_HOST", "127.0.0.1"), port("DICOM_PORT", 11112),
                         port("STATS_PORT", 8404), port("ARCHIVE_PORT", 0),
                         os.path.abspath(os.environ.get("POLICY", POLICY_FILE))) as running:
            try:
                good = show(running)
                if stay:
                    stay_up(running)
            finally:
                ignore_signals()
        return 0 if good else 1
    except stack.Trouble as trouble:
        print(trouble, file=sys.stderr)
    except Ended as ended:
        return ended.args[0]
    return 1


def end(number, _):
    raise Ended(128 + number)


def ignore_signals():
    """Once the end has begun, a second Ctrl-C must not leave half of it."""
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, signal.SIG_IGN)


def port(variable, default):
    """Make exports what stands on its command line: make demo DICOM_PORT=12112"""
    text = os.environ.get(variable) or str(default)
    if not re.fullmatch(r"\d{1,5}", text) or int(text) > 65535:
        raise stack.Trouble(f"{variable}={text} is not a port: a number up to 65535 is expected.")
    return int(text)


def show(running):
    if not os.path.exists(PRIOR):
        raise stack.Trouble("The samples have not been made: make samples")
    samples = objects.samples(TABLE, SAMPLES)
    running.start(PRIOR)
    host = running.reach
    print(f"Sending {len(samples)} samples to {host}:{running.dicom_port}\n", flush=True)
    good = send.show(samples, host, running.dicom_port, running.archives, running.log)
    running.check_children()
    return good


def stay_up(running):
    print(f"""
Up: DICOM on {running.host}:{running.dicom_port}, http://127.0.0.1:{running.stats_port}/stats
Send something:  storescu {running.reach} {running.dicom_port} build/samples/mr-brain.dcm
What arrives is under {running.archives}; Ctrl-C ends and removes all of it.
""", flush=True)
    log = send.Log(running.log)
    try:
        while True:
            time.sleep(0.2)
            running.check_children()
            for fields in log.new():
                print("  ".join(f"{key}={fields.get(key)}" for key in
                                ("calling_ae", "rule", "pool", "server", "sop_class", "decision_us", "error")
                                if fields.get(key, "-") != "-"), flush=True)
    except Ended:
        print("\nEnding.")


if __name__ == "__main__":
    sys.exit(main())
