"""The trust table's part of docs/benchmarks.md."""

# ruff: noqa: E501  the lines are those of the page

from collections.abc import Callable
from typing import Any

from benchmarks.tables import Result, machine_line, table

Rows = list[dict[str, Any]]
_QUESTIONS = ("faithful", "stable", "sane")
_STEPS = ("gradcam", "hirescam", "against the baseline", "integrated")


def section(results: list[Result]) -> str:
    """The page's part."""
    frozen = next((each for each in results if "rules_of" in each), None)
    now = next(each for each in results if "rules_of" not in each)
    parts = [
        f"""\
## The trust table on data that it was not made on

{machine_line(now)}

`benchmarks/trust.py`: the D's of GANs trained for 60,000 images (`dcgan-plain`, else the defaults) on digits, Fashion-MNIST (5,000 images), scikit-learn's digits
(1,797, enlarged from 8 x 8) and 32-pixel patches of brick, grass and gravel (scikit-image), seeds 0, 1, 2 each; 40 held-out and 40 generated images, settings as in
`params.yaml`."""
    ]
    if frozen:
        parts.append(f"""\
**With the rules as they were** (revision `{frozen["rules_of"]}`, made while looking at one run on the digits; nothing was changed between that revision and these runs): how many seeds pass.

{_passed(frozen["runs"])}""")
    half = [run for run in now["runs"] if not run["development"]]
    of_seeds = ", ".join(f"{run['data']} {run['seed']}" for run in half)
    other = f"The other half ({of_seeds}), how many seeds pass:\n\n{_passed(half)}"
    if not half:
        other = "**The other half has not been judged yet**: what follows is of the half that chose the rules, and flatters them."
    parts.append(f"""\
**With the rules as they are.** They were changed on one half of the runs (all digits, and seed 0 of the other data sets; named before the look) and then frozen.

{other}

The half that they were changed on:

{_passed([run for run in now["runs"] if run["development"]])}""")
    parts.append(_false_passes(frozen, now))
    parts.append(_steps(now["runs"]))
    return "\n\n".join(parts)


def _passed(runs: Rows) -> str:
    """A row for each kind of map, a column for each data set: seeds that pass."""
    by_data: dict[str, Rows] = {}
    for run in runs:
        by_data.setdefault(run["data"], []).append(run)
    names = dict.fromkeys(row["method"] for run in runs for row in run["methods"])
    rows = []
    for name in sorted(names, key=lambda each: (" layers" not in each, each)):
        cells = []
        for of in by_data.values():
            own = [row for run in of for row in run["methods"] if row["method"] == name]
            counts = [sum(row[each] == "pass" for row in own) for each in _QUESTIONS]
            trusted = sum(bool(row["trusted"]) for row in own)
            text = f"{' / '.join(map(str, counts))}: **{trusted}** of {len(own)}"
            cells.append(text if own else "")
        rows.append([f"`{name}`", *cells])
    heads = ["kind of map", *(f"{name}: faithful / stable / sane: trusted" for name in by_data)]
    return table(heads, rows)


def _false_passes(frozen: Result | None, now: Result) -> str:
    columns = [
        ("as they were, all runs", frozen["runs"] if frozen else []),
        ("as they are, half they were changed on", [r for r in now["runs"] if r["development"]]),
        ("as they are, other half", [r for r in now["runs"] if not r["development"]]),
    ]
    kinds: list[tuple[str, Callable[[dict[str, Any]], Rows]]] = [
        ("random map", lambda run: [r for r in run["blind"] if r["map"].startswith("random")]),
        *(
            (name, lambda run, name=name: [r for r in run["blind"] if r["map"] == name])
            for name in ("edges", "local contrast", "brightness")
        ),
        ("the method's map of another image", lambda run: run["others"]),
        (
            "the truth of a planted D, against what hides",
            lambda run: [r for r in run["truths"] if r["map"].startswith("truth")],
        ),
        (
            "the truth of a planted D, against black",
            lambda run: [r for r in run["truths"] if r["map"].startswith("against")],
        ),
    ]
    rows = [
        [name, *(_share([row for run in runs for row in pick(run)]) for _, runs in columns)]
        for name, pick in kinds
    ]
    return f"""\
**What must fail, and what must pass**, by *faithful* alone: the only question that can refuse a map of another image, which is as stable and as sane as its method. Random maps,
edges, local contrast and brightness know nothing of the network: they stay as they are when it is randomised, so that *sane* refuses them all besides. The truths are
those of hand-built D's whose logit is the brightness of one region, or of one less that of another, on the images of that run: what each pixel adds against the image's blur, which hides in
deletion, and against black, which is the truth of another question.

{table(["map", *(name for name, _ in columns)], rows)}"""


def _share(rows: Rows) -> str:
    passed = sum(bool(row["faithful"]) for row in rows)
    return f"{passed} of {len(rows)} ({100 * passed / len(rows):.0f} %)" if rows else ""


def _steps(runs: Rows) -> str:
    """Of each step, the measures in which it is above the map of another image, and random."""
    rows = []
    layers = dict.fromkeys(
        (run["data"], row["map"].split("|")[1]) for run in runs for row in run["steps"]
    )
    for data, layer in layers:
        for unit in ("pixels", "cells"):
            cells = []
            for step in _STEPS:
                (row,) = (
                    row
                    for run in runs
                    if run["data"] == data
                    for row in run["steps"]
                    if row["map"] == f"{step}|{layer}|{unit}"
                )
                cells.append(" / ".join(_told(row["clear"][c]) for c in ("random", "other")))
            rows.append([data, layer, unit, *cells])
    return f"""\
**Why do class activation maps fail?** Seed 0 of each data set, 40 images, layer by layer (`layers.0` has half of the image's side, each later one half of that before). In how many of the four removal measures the map is
clearly better (95 % interval) than a random map / than the same method's map of another image; in brackets, where it is clearly worse. `pixels`: removed pixel by pixel; `cells`: whole cells of the layer's grid, controls averaged to the same grid.
From left to right one thing changes at a time: Grad-CAM weighs a channel by its mean gradient; HiResCAM by the gradient of each place; then the activation is taken against that of the blurred image; then the gradient is
integrated over the way from there.

{table(["data", "layer", "removed in", *_STEPS], rows)}"""


def _told(clear: list[int]) -> str:
    above, below = clear
    return f"{above} (-{below})" if below else str(above)
