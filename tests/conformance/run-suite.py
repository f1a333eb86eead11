#!/usr/bin/env python3
"""Runs libiscsi's tests, one process each, and compares with what is expected.

expected.txt holds lines `OUTCOME PATTERN [REASON]`; the last one that matches a test counts:
  pass       it must pass
  skip       it must not fail; libiscsi skips it for REASON
  any        it must not fail (the default)
  fail       it is known to fail for REASON; reported, not counted as a failure
A test that ran nothing has failed: libiscsi's tool takes a name that it does not know for success.
"""
import argparse
import fnmatch
import re
import subprocess
import sys
import threading
import time

TIMEOUT_S = 120
# What the tool says before and after every test where there are no persistent reservations to clear; no word of the test itself.
FRAME = "[SKIPPED] PERSISTENT RESERVE IN is not implemented."

# Tests that pass only behind another one of their suite: they look at a variable that it sets.
WHOLE_SUITE = {"iSCSITMF.LUNResetSimpleAsync": "iSCSITMF"}


def read_expected(path):
    rules = []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            words = line.split("#")[0].split(maxsplit=2)
            if words:
                rules.append((words[0], words[1], words[2] if len(words) > 2 else ""))
    return rules


def expectation(rules, test):
    found = ("any", "")
    for outcome, pattern, reason in rules:
        if fnmatch.fnmatchcase(test, pattern):
            found = (outcome, reason.strip())
    return found


def run(test, url):
    """Returns (outcome, explanation)."""
    command = ["iscsi-test-cu", "-d", "-n", "-S", "-t", "ALL." + WHOLE_SUITE.get(test, test), url]
    if test.startswith("MultipathIO."):
        command.append(url)
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


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--expected", required=True)
    parser.add_argument("--urls", nargs="+", required=True, help="per worker; the LUN is appended")
    parser.add_argument("--tests", nargs="+", required=True)
    parser.add_argument("--only", nargs="*", default=[])
    options = parser.parse_args()
    rules = read_expected(options.expected)
    chosen = [(i, t) for i, t in enumerate(options.tests)
              if not options.only or any(fnmatch.fnmatchcase(t, p) for p in options.only)]
    results, workers = {}, len(options.urls)

    def work(worker):
        for index, test in chosen:
            if index % workers == worker:
                results[test] = run(test, options.urls[worker] + str(index // workers + 1))

    started = time.monotonic()
    threads = [threading.Thread(target=work, args=(n,)) for n in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    passed, failed, skipped = 0, 0, 0
    for _, test in chosen:
        outcome, why = results[test]
        wanted, reason = expectation(rules, test)
        first = why.splitlines()[0] if why else ""
        if outcome == "pass":
            passed += 1
            if wanted in ("fail", "skip"):
                print(f"note  {test} passes; expected.txt says {wanted}")
        elif outcome == "skip" and wanted != "pass":
            skipped += 1
            print(f"SKIP  {test}: {reason or first}")
        elif outcome == "fail" and wanted == "fail":
            skipped += 1
            print(f"SKIP  {test}: known to fail: {reason}")
        else:
            failed += 1
            print(f"FAIL  {test}: {'must pass, was skipped: ' if outcome == 'skip' else ''}{why}")
    outcomes = [outcome for outcome, _ in results.values()]
    print(f"libiscsi: {len(outcomes)} tests, {outcomes.count('pass')} pass, {outcomes.count('skip')} skip, "
          f"{outcomes.count('fail')} fail, {time.monotonic() - started:.0f} s")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not chosen else 0


sys.exit(main())
