#!/usr/bin/env python3
"""Runs libiscsi's tests over a set of LUNs, one process and one fresh LUN each, and compares with expected.txt, which explains its lines.

  run-suite.py plan                    prints the LUNs needed, as target.sh takes them
  run-suite.py run --url URL           runs; URL has {target} and {lun} in it
A test that ran nothing has failed: libiscsi's tool takes a name that it does not know for success.
"""
import argparse
import fnmatch
import re
import subprocess
import sys
import threading
import time
from collections import namedtuple

TIMEOUT_S = 240
# Two targets, one per worker: a target reset in the one must not disturb a test that runs beside it in the other.
WORKERS = 2
# What the tool says before and after every test where there are no persistent reservations to clear; no word of the test itself.
FRAME = "[SKIPPED] PERSISTENT RESERVE IN is not implemented."

# Tests that pass only behind another one of their suite: they look at a variable that it sets.
WHOLE_SUITE = {"iSCSITMF.LUNResetSimpleAsync": "iSCSITMF"}

Run = namedtuple("Run", "test kind worker lun")


class Expected:
    """expected.txt."""

    def __init__(self, path):
        self.kinds, self.runs, self.rules, self.never = {}, [], [], []
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                words = line.split("#")[0].split(maxsplit=2)
                if not words:
                    continue
                word, rest = words[0], " ".join(words[2:]).strip()
                if word == "lun":
                    self.kinds[words[1]] = rest.split(",")
                elif word == "run":
                    self.runs.append((words[1], rest.split()))
                elif word in ("skip", "fail"):
                    self.rules.append((word, *words[1].split(":", 1), rest))
                elif word == "never":
                    self.never.append((words[1], rest))
                else:
                    sys.exit(f"{path}: {line.strip()} is no line of this file")

    def kinds_of(self, test, only):
        found = []
        for pattern, kinds in self.runs:
            if fnmatch.fnmatchcase(test, pattern):
                found = kinds
        return [kind for kind in found if not only or kind in only]

    def outcome(self, test, kind):
        for outcome, of_kind, pattern, reason in reversed(self.rules):
            if fnmatch.fnmatchcase(kind, of_kind) and fnmatch.fnmatchcase(test, pattern):
                return outcome, reason
        return "pass", ""

    def never_passes(self, test):
        return next((reason for pattern, reason in self.never if fnmatch.fnmatchcase(test, pattern)), None)


def plan(expected, tests, only_kinds):
    """Which test runs on which LUN of which worker's target."""
    runs, next_lun = [], [1] * WORKERS
    for index, test in enumerate(tests):
        worker = index % WORKERS
        for kind in expected.kinds_of(test, only_kinds):
            runs.append(Run(test, kind, worker, next_lun[worker]))
            next_lun[worker] += 1
    return runs


def specs(expected, runs):
    for run in runs:
        size, *options = expected.kinds[run.kind]
        own = [option for option in options if not option.startswith("paths=")]
        yield f"w{run.worker}:{run.lun}={','.join([size, *own])}"
        if own != options:
            yield f"path{run.worker}:{run.lun}={','.join([size, *own])},volume=w{run.worker}-{run.lun}"


def execute(run, url, two_paths):
    """Returns (outcome, explanation)."""
    first = url.format(target=f"w{run.worker}", lun=run.lun)
    command = ["iscsi-test-cu", "-d", "-n", "-S", "-t", "ALL." + WHOLE_SUITE.get(run.test, run.test), first]
    if two_paths:
        command.append(url.format(target=f"path{run.worker}", lun=run.lun))
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as expired:
        return "fail", f"hung for {TIMEOUT_S} s\n" + (expired.output or b"").decode(errors="replace")[-1500:]
    text = done.stdout.decode(errors="replace")
    counts = re.search(r"^\s+tests\s+\d+\s+(\d+)\s+(\d+)\s+(\d+)", text, re.MULTILINE)
    lines = [line.strip() for line in text.splitlines()]
    if not counts or counts[1] == "0":
        return "fail", "ran no test\n" + text[-1500:]
    if done.returncode != 0 or counts[3] != "0":
        wanted = ("[FAILED]", "Suite ", "1.", "2.", "3.")
        return "fail", "\n".join(line.replace(FRAME, "") for line in lines if line.startswith(wanted)) or text[-1500:]
    skipped = [line for line in lines if line.startswith("[SKIPPED]")]
    skipped = skipped[1:] if skipped[:1] == [FRAME] else skipped
    skipped = skipped[:-1] if skipped[-1:] == [FRAME] else skipped
    return ("skip", skipped[0]) if skipped else ("pass", "")


def judge(expected, run, outcome, why):
    """One line about a run that is not as plain as passing where it must; True where it is a failure."""
    wanted, reason = expected.outcome(run.test, run.kind)
    name, first = f"{run.test} on {run.kind}", why.splitlines()[0] if why else ""
    if outcome == "pass":
        if wanted != "pass":
            print(f"note  {name} passes; expected.txt says {wanted}")
        return False
    if outcome == wanted:
        print(f"{outcome.upper()}  {name}, as expected: {reason or first}")
        return False
    if wanted == "pass" and outcome == "skip" and expected.never_passes(run.test) is not None:
        return False
    print(f"FAIL  {name}: {'must pass, was skipped: ' if outcome == 'skip' else ''}{why}")
    return True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("verb", choices=("plan", "run"))
    parser.add_argument("--expected", required=True)
    parser.add_argument("--url")
    parser.add_argument("--tests", nargs="+", required=True)
    parser.add_argument("--kinds", nargs="*", default=[], help="only these kinds of LUN")
    parser.add_argument("--only", nargs="*", default=[], help="only tests like these")
    options = parser.parse_args()
    expected = Expected(options.expected)
    runs = plan(expected, options.tests, options.kinds)
    if options.verb == "plan":
        print("\n".join(specs(expected, runs)))
        return 0
    chosen = [run for run in runs if not options.only or any(fnmatch.fnmatchcase(run.test, p) for p in options.only)]
    results = {}

    def work(worker):
        for run in chosen:
            if run.worker == worker:
                results[run] = execute(run, options.url, any(o.startswith("paths=") for o in expected.kinds[run.kind]))

    started = time.monotonic()
    threads = [threading.Thread(target=work, args=(n,)) for n in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    failed = sum(judge(expected, run, *results[run]) for run in chosen)
    tests = {run.test for run in chosen}
    passing = {run.test for run in chosen if results[run][0] == "pass"}
    without = 0
    for test in sorted(tests - passing):
        reason = expected.never_passes(test)
        print(f"{'FAIL' if reason is None else 'none'}  {test} passes on no LUN of the set" + (f": {reason}" if reason else ""))
        failed += reason is None
        without += reason is not None
    outcomes = [outcome for outcome, _ in results.values()]
    print(f"libiscsi: {len(passing)} of {len(tests)} tests pass on the set; {len(outcomes)} runs: {outcomes.count('pass')} pass, "
          f"{outcomes.count('skip')} skip, {outcomes.count('fail')} fail, {time.monotonic() - started:.0f} s")
    print(f"{len(passing)} passed, {failed} failed, {without} skipped")
    return 1 if failed or not chosen else 0


sys.exit(main())
