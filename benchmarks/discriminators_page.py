"""The discriminators' section of docs/benchmarks.md."""

# ruff: noqa: E501  the lines are those of the page

import math

from benchmarks.discriminator_rule import (
    CANDIDATES,
    DATA,
    REFERENCE,
    SEEDS,
    cannot_win,
    failed,
    faults,
    geometric_mean,
    has_seeds,
    is_complete,
    log_ratio,
    winner,
)
from benchmarks.discriminators import CLASSIC, NUM_JUDGED
from benchmarks.tables import Result, machine_line, table

_RUN_HEADS = [
    *("data", "D", "seed", "epochs", "steps", "CPU s", "fcd@1000", "reals / fakes", "AUC"),
    *("balanced accuracy at 0 / at best", "blurred / noise / black", "eval - train", "fails"),
]
_CANDIDATE_HEADS = ["D", "a step, ms", "fcd@1000", *DATA, "eligible"]


def section(results: list[Result]) -> str:
    """Every run, what the rule makes of them, and the textbook's training beside them."""
    (result,) = results
    rows, step_s = sorted(result["rows"], key=_place), result["step_s"]
    of_candidates = [row for row in rows if row["candidate"] in CANDIDATES]
    classic = [row for row in rows if row["candidate"] == CLASSIC]
    return f"""\
## Which discriminator is the default

{machine_line(result)}

The rule, written before the runs, is in [decision 40](decisions/0040-the-default-discriminator.md): the default method with each D, for equal time, on the
5,000 digits (4,000 of them to train on) and on 5,000 images of Fashion-MNIST; {NUM_JUDGED:,} held-out reals, as many fakes of the moving average of G, the last
step. One evaluator for each data set. Logits are medians. eval - train: the largest difference of a logit in eval mode from that in train mode among
other images. CPU seconds: two trainings shared the machine, so wall time would say more of the neighbours.

{table(_RUN_HEADS, [_run(row) for row in of_candidates])}

fcd@1000 here is the geometric mean over six runs; behind it the ratio to that of `{REFERENCE}` on either data set, with its 95 % interval over seeds. A
run that could no longer change the choice was not made: the last column says why.

{table(_CANDIDATE_HEADS, [_candidate(of_candidates, name, step_s) for name in CANDIDATES])}

The rule's choice: **`{winner(of_candidates, step_s)}`**.

**Is the last step the best?** fcd@500 against training images, every {20_000:,} images, as `train.publish: best` looks at it: the last over the best,
on average over runs; and the lowest balanced accuracy of D at logit 0 on held-out reals and fakes, over these looks of the second half of the training.

{table(["D", "runs", "the last / the best", "runs whose last is the best", "lowest accuracy at 0"], [_course(rows, name) for name in (*CANDIDATES, CLASSIC) if _of(rows, name)])}{_textbook(classic, step_s[CLASSIC]) if classic else ""}"""


def _textbook(rows: list[Result], step_s: float) -> str:
    return f"""

### The textbook's training

`profiles/classic.yaml`: DCGAN with BatchNorm in both networks, bce, Adam at 0.0002 with betas 0.5 and 0.999, batches of 64, weights from N(0, 0.02), no penalty, a
constant rate, no moving average. The same time and data; a step of it takes {1000 * step_s:.1f} ms.

{table(_RUN_HEADS, [_run(row) for row in rows])}"""


def _place(row: Result) -> tuple[int, int, int]:
    order = [*CANDIDATES, CLASSIC]
    return DATA.index(row["data"]), order.index(row["candidate"]), row["seed"]


def _of(rows: list[Result], name: str) -> list[Result]:
    return [row for row in rows if row["candidate"] == name]


def _run(row: Result) -> list[str]:
    return [
        row["data"],
        f"`{row['candidate']}`",
        str(row["seed"]),
        str(row["epochs"]),
        f"{row['steps']:,}",
        f"{row['cpu_seconds']:.0f}",
        f"{row['fcd@1000']:.2f}",
        f"{row['reals']:+.2f} / {row['fakes']:+.2f}",
        f"{row['auc']:.3f} [{row['auc_low']:.3f}, {row['auc_high']:.3f}]",
        f"{row['balanced_at_0']:.3f} / {row['balanced_at_best']:.3f}",
        f"{row['blurred']:+.1f} / {row['noise']:+.1f} / {row['black']:+.1f}",
        f"{row['eval_train_difference']:.2g}",
        "; ".join(failed(row)) or "-",
    ]


def _candidate(rows: list[Result], name: str, step_s: dict[str, float]) -> list[str]:
    complete = is_complete(rows, name)
    compared = [name != REFERENCE and has_seeds(rows, name, data) for data in DATA]
    return [
        f"`{name}`",
        f"{1000 * step_s[name]:.1f}",
        f"{geometric_mean(rows, name):.2f}" if complete else "-",
        *(_ratio(rows, name, data) if there else "-" for data, there in zip(DATA, compared)),
        _eligible(rows, name, step_s),
    ]


def _eligible(rows: list[Result], name: str, step_s: dict[str, float]) -> str:
    """Whether it is, with every reason against it, told once for all its runs."""
    runs: dict[str, list[str]] = {}
    for found in faults(rows, name):
        words, _, run = found.rstrip(")").partition(" (")
        runs.setdefault(words, []).append(run)
    if runs:
        return "no: " + "; ".join(f"{words} ({_which(own)})" for words, own in runs.items())
    if is_complete(rows, name):
        return "yes"
    return f"not run to the end: {cannot_win(rows, name, step_s)}"


def _which(runs: list[str]) -> str:
    return "every run" if len(runs) == len(DATA) * len(SEEDS) else ", ".join(runs)


def _ratio(rows: list[Result], name: str, data: str) -> str:
    mean, half = log_ratio(rows, name, REFERENCE, data)
    low, high = math.exp(mean - half), math.exp(mean + half)
    return f"{math.exp(mean):.2f} [{low:.2f}, {high:.2f}]"


def _course(rows: list[Result], name: str) -> list[str]:
    own = _of(rows, name)
    last_over_best = [_last_over_best(row) for row in own]
    accuracies = [
        (look["d_accuracy_held_out"] + look["d_accuracy_ema_fakes"]) / 2
        for row in own
        for look in row["looks"][len(row["looks"]) // 2 :]
    ]
    return [
        f"`{name}`",
        str(len(own)),
        f"{sum(last_over_best) / len(own):.2f}",
        str(sum(ratio == 1 for ratio in last_over_best)),
        f"{min(accuracies):.2f}",
    ]


def _last_over_best(row: Result) -> float:
    values = [look["fcd@500"] for look in row["looks"]]
    return float(values[-1] / min(values))
