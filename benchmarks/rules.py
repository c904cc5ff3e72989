"""Rules: fidelity, length and seconds of ours and of others, on the same concepts and splits."""

# ruff: noqa: E501  the lines of `section` are those of the page

import os
import re
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks import plain_len, published_len
from benchmarks.discriminators import load
from benchmarks.tables import Result, machine_line, table
from ganatomy.data.images import to_float, to_uint8
from ganatomy.explain.rules.choosing import answer_for
from ganatomy.explain.rules.learners.known import LEARNERS
from ganatomy.explain.rules.looked import as_read
from ganatomy.explain.rules.measuring import Concepts
from ganatomy.explain.rules.splitting import Splits
from ganatomy.explain.rules.table import ConceptTable
from ganatomy.gan.checkpoint import load_gan
from ganatomy.gan.sampling import latents
from ganatomy.rng import seeded
from ganatomy.statistics import share_interval
from tests.unit.explain.rules.planted_tables import TRUTH, coins, concepts

Case = tuple[str, ConceptTable, torch.Tensor]
Says = Callable[[np.ndarray], np.ndarray]
GANS = (("digits", "dcgan-1"), ("digits", "resnet-0"), ("fashion-mnist", "dcgan-1"))
NUM_IMAGES = 1000  # of the data, and of the generator
MAX_LENGTH = 6
PUBLISHED = "entropy LEN (torch-explain)"


def measure(kept: Path) -> dict[str, Any]:
    """Each case by every one, one thread; `kept` has GANs that `discriminators` left there."""
    torch.set_num_threads(1)
    _warm()
    rows = []
    for name, concepts_of, decisions in _cases(kept):
        rows += _of_case(name, concepts_of, decisions)
    found = {"max_length": MAX_LENGTH, "load": round(os.getloadavg()[0], 1), "rows": rows}
    return found | ({"xor": published_len.xor()} if published_len.IS_INSTALLED else {})


def _warm() -> None:
    """Import what is imported when first used, outside of what is timed."""
    for learn in LEARNERS.values():
        learn(concepts(100, seed=0), TRUTH.holds(concepts(100, seed=0)), max_length=1, seed=0)


def _cases(kept: Path) -> Iterator[Case]:
    planted = concepts(6000, seed=100, others=38)
    yield "planted: thick and no hole", planted, TRUTH.holds(planted)
    flipped = TRUTH.holds(planted) ^ coins(6000, seed=100, share=0.1)
    yield "the same, one decision in ten by a coin", planted, flipped
    yield "coins", concepts(2000, seed=101, others=38), coins(2000, seed=101)
    for data, name in GANS:
        folder = kept / f"{data}-{name}"
        if folder.exists():
            yield _of_gan(data, name, folder)


def _of_gan(data: str, name: str, folder: Path) -> Case:
    """D's logit above its median, on held-out images and as many of the generator's."""
    gan = load_gan(folder)
    real = to_float(load(data)[1].images[:NUM_IMAGES])
    with torch.no_grad():
        made = gan.generator_ema(latents(NUM_IMAGES, gan.architecture, 0, "benchmark of rules"))
        images = torch.cat([real, to_float(to_uint8(made))])  # both as they are stored
        logits = torch.cat([gan.discriminator(part).flatten() for part in images.split(250)])
    return f"D of {data}, {name}", as_read(Concepts.on(images).table), logits > logits.median()


def _of_case(name: str, concepts_of: ConceptTable, decisions: torch.Tensor) -> list[dict[str, Any]]:
    found = []
    for which, learners in (("ours, chosen of all", None), *_alone()):
        started = time.perf_counter()
        answer = answer_for(
            concepts_of, decisions, learners=learners, max_length=MAX_LENGTH, num_draws=0
        )
        seconds = time.perf_counter() - started
        row = {"case": name, "by": which, "seconds": seconds}
        if answer.rule is None:
            found.append({**row, "reason": answer.reason})
            continue
        shown = answer.candidates[answer.candidates["is_shown"]].iloc[0]
        figures = {key: float(shown[key]) for key in ("fidelity", "low", "high")}
        rule = {"length": int(shown["length"]), "text": shown["text"]}
        found.append({**row, **figures, **rule, "learner": shown["learner"]})
    return [*found, *_others(name, concepts_of, decisions, answer.splits)]


def _alone() -> list[tuple[str, dict[str, Any]]]:
    return [("our logic network alone", {"logic network": LEARNERS["logic network"]})]


def _others(
    name: str, concepts_of: ConceptTable, decisions: torch.Tensor, splits: Splits
) -> Iterator[dict[str, Any]]:
    """Each as a plain script uses it: it learns from what ours learns from and chooses by."""
    learned = torch.cat([splits.train, splits.choice]).sort().values
    values = concepts_of.values.numpy()
    held_out, truth = values[splits.held_out], decisions[splits.held_out].numpy()
    for which, fit in _PLAIN.items():
        if which == PUBLISHED and not published_len.IS_INSTALLED:
            yield {"case": name, "by": which, "skipped": "not installed"}
            continue
        started = time.perf_counter()
        with seeded(0, "benchmark of rules"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            says, length = fit(values[learned], decisions[learned].int().numpy())
        seconds = time.perf_counter() - started
        right = int((says(held_out).astype(bool) == truth).sum())
        low, high = share_interval(right, len(truth))
        yield {
            "case": name,
            "by": which,
            "seconds": seconds,
            "fidelity": right / len(truth),
            "low": low,
            "high": high,
            "length": length,
        }


def _tree(values: np.ndarray, labels: np.ndarray) -> tuple[Says, int]:
    from sklearn.tree import DecisionTreeClassifier

    tree = DecisionTreeClassifier(max_leaf_nodes=MAX_LENGTH + 1, random_state=0)
    tree.fit(values, labels)
    return tree.predict, int(tree.tree_.node_count - tree.tree_.n_leaves)


def _figs(values: np.ndarray, labels: np.ndarray) -> tuple[Says, int]:
    from imodels import FIGSClassifier

    figs = FIGSClassifier(max_rules=MAX_LENGTH).fit(values, labels)
    return figs.predict, int(figs.complexity_)


def _rulefit(values: np.ndarray, labels: np.ndarray) -> tuple[Says, int]:
    from imodels import RuleFitClassifier

    fitted = RuleFitClassifier(max_rules=MAX_LENGTH, include_linear=False, random_state=0)
    fitted.fit(values, labels)

    def says(others: np.ndarray) -> np.ndarray:
        """Where its logistic regression's logit is above 0; `predict` compares it with 1/2."""
        return np.asarray(fitted._predict_continuous_output(others) > 0)

    return says, int(fitted.complexity_)


def _len(values: np.ndarray, labels: np.ndarray) -> tuple[Says, int]:
    known, decisions = torch.from_numpy(values), torch.from_numpy(labels).bool()
    terms = plain_len.fit(plain_len.as_concepts(known, known), decisions, seed=0)

    def says(others: np.ndarray) -> np.ndarray:
        concepts_of = plain_len.as_concepts(torch.from_numpy(others), known)
        return plain_len.says(terms, concepts_of > 0.5).numpy()

    return says, sum(map(len, terms))


def _published(values: np.ndarray, labels: np.ndarray) -> tuple[Says, int]:
    known, decisions = torch.from_numpy(values), torch.from_numpy(labels).bool()
    ranks = plain_len.as_concepts(known, known)
    formula = published_len.fit(ranks, decisions, seed=0, length=MAX_LENGTH)

    def says(others: np.ndarray) -> np.ndarray:
        concepts_of = plain_len.as_concepts(torch.from_numpy(others), known)
        return published_len.says(formula, concepts_of).numpy()

    return says, formula.count("feature")


_PLAIN: dict[str, Callable[[np.ndarray, np.ndarray], tuple[Says, int]]] = {
    "decision tree (scikit-learn)": _tree,
    "FIGS (imodels)": _figs,
    "RuleFit (imodels)": _rulefit,
    "entropy LEN, published recipe, re-derived": _len,
    PUBLISHED: _published,
}


def _of_xor(result: Result) -> str:
    """Say what it makes of its own example, where it was installed."""
    if "xor" not in result:
        return ""
    formula, share = result["xor"]["formula"], result["xor"]["fidelity"]
    plain = re.sub(r"feature0*(\d)\b", r"x\1", formula)
    return f" On its README's example, the exclusive or of two, it gives `{plain}`, right on {100 * share:.0f} % of the four cases."


def section(results: list[Result]) -> str:
    """Of the page."""
    result = results[0]
    rows, last = [], ""
    for row in result["rows"]:
        fidelity = (
            f"{100 * row['fidelity']:.1f}" if "fidelity" in row else row.get("skipped", "no rule")
        )
        interval = f"{100 * row['low']:.0f} to {100 * row['high']:.0f}" if "low" in row else "–"
        case = "" if row["case"] == last else row["case"]
        length = str(row.get("length", "–"))
        seconds = f"{row['seconds']:.2f}" if "seconds" in row else "–"
        rows.append([case, row["by"], fidelity, interval, length, seconds])
        last = row["case"]
    texts = "\n".join(
        f"- {row['case']}: `{row['text']}` ({row['learner']})"
        for row in result["rows"]
        if row["by"].startswith("ours") and "text" in row
    )
    heads = ["decision", "by", "agrees, %", "95 %", "conditions", "s"]
    return f"""\
## Rules: how well do they say what a network decides, and how long does that take?

{machine_line(result)}

Agreement with the network's own decision on held-out images, half of them so decided; 40 concepts (of GANs, those that are measured in 1,000 images of the data and 1,000 of the generator, read no finer than the study reads them; the decision is D's logit above its median). All have
the same images to learn from; ours chooses its rule by a third of these. Ours includes learning by all four learners, choosing and judging. FIGS, RuleFit and the tree have {result["max_length"]} splits or rules, and say so by sums and paths: their
conditions are counted before they are written as one rule; RuleFit is taken to decide at a logit of 0 (its own `predict` compares it with one half, and says the same of all images here). Entropy LEN, by which our network was made, stands twice: by torch-explain itself (1.5.1 of 2023, in no lock: rows by it need `pip install --no-deps torch-explain`) and with the same recipe re-derived in `benchmarks/plain_len.py`; both take
concepts as booleans, above or below the median, ties alike. torch-explain is asked for conjunctions of {result["max_length"]} concepts, its ten best joined and simplified (`benchmarks/published_len.py`); what its README calls takes every concept into each image's conjunction.{_of_xor(result)} One thread; load {result["load"]} on the machine. `benchmarks/rules.py`.

{table(heads, rows)}

Our rules:

{texts}"""
