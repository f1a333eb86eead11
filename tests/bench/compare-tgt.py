#!/usr/bin/env python3
"""compare-tgt.py RESULTS WORKLOAD METRIC GATE: one row of the table of ratios, from compare-tgt.sh's lines of JSON."""
import json
import sys
from statistics import median


def values(lines, target, metric):
    found = []
    for line in lines:
        if line["target"] == target:
            value = line["report"]
            for key in metric.split("."):
                value = value[key]
            found.append(value)
    return found


def cpu_per_million(lines, target):
    """CPU seconds of the server for a million I/Os."""
    return median(line["cpu_s"] * 1e6 / (line["report"]["iops"] * line["report"]["seconds"])
                  for line in lines if line["target"] == target)


def main():
    path, workload, metric, gate = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        lines = [line for line in map(json.loads, file) if line["workload"] == workload]
    ours, theirs = values(lines, "lunaria", metric), values(lines, "tgt", metric)
    if not ours or not theirs:
        print(f"{workload:20} no result")
        return
    ratio = median(ours) / median(theirs)
    wanted = float(gate[2:])
    met = ratio >= wanted if gate.startswith(">=") else ratio <= wanted
    print(f"{workload:20} {metric:12} tgt {median(theirs):9.0f} [{min(theirs):.0f}..{max(theirs):.0f}]"
          f"  Lunaria {median(ours):9.0f} [{min(ours):.0f}..{max(ours):.0f}]  ratio {ratio:5.2f}  gate {gate:6}"
          f" {'met   ' if met else 'MISSED'}  CPU s per million I/Os: tgt {cpu_per_million(lines, 'tgt'):.1f},"
          f" Lunaria {cpu_per_million(lines, 'lunaria'):.1f}", flush=True)


main()
