"""Measure and write results and their table."""

import argparse
import csv
import io
import json
from pathlib import Path
from typing import Any

from benchmarks import machine, pipeline

RESULTS = Path("benchmarks/results")
PAGE = Path("docs/benchmarks.md")


def main() -> None:
    """`python -m benchmarks` measures; `--table` only rewrites the page from the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--table", action="store_true", help="rewrite docs/benchmarks.md only")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    arguments = parser.parse_args()
    if not arguments.table:
        for seed in arguments.seeds:
            result = {"machine": machine.describe(), **pipeline.measure(seed)}
            RESULTS.mkdir(parents=True, exist_ok=True)
            path = RESULTS / f"pipeline-seed{seed}.json"
            path.write_text(json.dumps(result, indent=2) + "\n")
            print(path)
    results = [json.loads(path.read_text()) for path in sorted(RESULTS.glob("pipeline-*.json"))]
    PAGE.write_text(_page(results))
    print(PAGE)


def _page(results: list[dict[str, Any]]) -> str:
    at = results[0]["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in at["versions"].items())
    lines = [
        "# Benchmarks",
        "",
        "Made by `python -m benchmarks` from `benchmarks/results/*.json`; `--table` rewrites it.",
        "",
        f"Machine: {at['processor']}, {at['cores']} cores, {at['memory_gib']} GiB. {at['system']}.",
        f"Versions: {versions}. No GPU: no GPU figure was taken.",
        "",
        "## The default run",
        "",
        f"`{results[0]['command']}` in a fresh copy of the project, set-up done: wall seconds of",
        "the whole process, its Prefect server's start and new Prefect and MLflow databases",
        "included; then the same command again with nothing changed. About 4 s of either are the",
        "server's start (docs/decisions/0002).",
        "",
        "| seed | first run, s | again, s | stages that ran again | fcd@1000 | its floor |",
        "|---|---|---|---|---|---|",
    ]
    for result in results:
        again = [
            name
            for name, stage in result["second"]["stages"].items()
            if stage["outcome"] != "unchanged"
        ]
        quality = result["quality"]
        lines.append(
            f"| {result['seed']} | {result['first']['wall_s']:.0f} | "
            f"{result['second']['wall_s']:.1f} | {len(again)} | {quality['fcd@1000']:.2f} | "
            f"{quality['fcd_floor@1000']:.2f} |"
        )
    lines += [
        "",
        "Seconds of each stage, its process and imports included (independent stages overlap):",
        "",
        "| stage | " + " | ".join(f"seed {result['seed']}" for result in results) + " |",
        "|---|" + "---|" * len(results),
    ]
    for name in results[0]["first"]["stages"]:
        seconds = [f"{result['first']['stages'][name]['seconds']:.0f}" for result in results]
        lines.append(f"| {name} | " + " | ".join(seconds) + " |")
    lines += [
        "",
        "## Which features stand out on the default run",
        "",
        "The largest |t| of each feature over all readouts, against the threshold for the whole",
        "table (5 %, Bonferroni). Bold: stands out.",
        "",
    ]
    return "\n".join([*lines, *_importance(results)]) + "\n"


def _importance(results: list[dict[str, Any]]) -> list[str]:
    rankings = [
        {row["variant"]: row for row in csv.DictReader(io.StringIO(result["ranking"]))}
        for result in results
    ]
    thresholds = [
        float(next(csv.DictReader(io.StringIO(result["importance"])))["threshold"])
        for result in results
    ]
    heads = [
        f"seed {result['seed']} (> {threshold:.1f})"
        for result, threshold in zip(results, thresholds)
    ]
    lines = ["| feature | " + " | ".join(heads) + " |", "|---|" + "---|" * len(results)]
    for variant in rankings[0]:
        cells = []
        for ranking in rankings:
            row = ranking[variant]
            text = f"{float(row['max_abs_t']):.1f} ({row['strongest_readout']})"
            cells.append(f"**{text}**" if row["stands_out"] == "True" else text)
        lines.append(f"| {variant} | " + " | ".join(cells) + " |")
    return lines


if __name__ == "__main__":
    main()
