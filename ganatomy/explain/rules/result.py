"""What the study of rules found: an answer for each decision that was asked about."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from ganatomy.explain.rules.answer import DESCRIBES, NETWORKS, Answer
from ganatomy.explain.rules.result_files import load_parts, save_parts
from ganatomy.explain.rules.telling import answered, of_coverage, of_formula
from ganatomy.explain.rules.units import units_of
from ganatomy.results import validated
from ganatomy.wording import opened

__all__ = ["DESCRIBES", "NETWORKS", "Answer", "RulesStudy"]

_NAN = float("nan")


@dataclass(frozen=True, eq=False)
class RulesStudy:
    """The answers, and the concepts that they are made of.

    Attributes
    ----------
    answers : tuple of Answer
    concepts : DataFrame
        One row for each concept: ``name``, ``unit``, ``low``, ``high``, ``mean``, ``std`` over the
        real images (generated ones where there are none); ``reason`` why it is left out, else "".
    formula : DataFrame
        D's logit as a short sum of concepts (see `formula`), a row for each term; empty without D.
    formula_figures : dict of str to float
        ``r2``, ``low``, ``high`` on held-out images, ``num_images``, even where there is no formula
        for want of them; empty without D.
    left_out : dict of str to str
        Questions that could not be asked, by name, and why.
    coverage : DataFrame
        Regions of concepts that the data has and G makes too rarely, or the other way round: see
        `coverage`; empty without real images or G.
    shifts : DataFrame
        How far each concept of G's images is off the data's, the furthest first: see `shifts`.
    forced : DataFrame
        What each direction of the latents forces: see `latent_rules`.
    """

    answers: tuple[Answer, ...]
    concepts: pd.DataFrame
    formula: pd.DataFrame
    formula_figures: dict[str, float]
    left_out: dict[str, str]
    coverage: pd.DataFrame = field(default_factory=pd.DataFrame)
    shifts: pd.DataFrame = field(default_factory=pd.DataFrame)
    forced: pd.DataFrame = field(default_factory=pd.DataFrame)

    def answer(self, name: str) -> Answer | None:
        """Return the answer to a question, by its key; None where it could not be asked."""
        return next((each for each in self.answers if each.name == name), None)

    def metrics(self) -> dict[str, float]:
        """Give the figures that the study ends in; NaN where one cannot be computed."""
        shown = [each for each in self.answers if each.rule is not None]
        figures: dict[str, float] = {
            "num_decisions_asked": len(self.answers),
            "num_rules_shown": len(shown),
            "num_rules_that_cause": sum(each.causes is True for each in shown),
            "num_rules_that_describe": sum(each.causes is False for each in shown),
            "num_rules_better_as_they_come": sum(
                found.is_better for each in shown if (found := each.as_they_come)
            ),
        }
        real = self.answer("real")
        if real is not None:
            row = real.shown_row
            figures["fidelity_real"] = _NAN if row is None else float(row["fidelity"])
            figures["gain_real"] = _NAN if row is None else float(row["fidelity"] - row["baseline"])
            found = real.as_they_come
            figures["natural_fidelity_real"] = _NAN if found is None else found.natural_fidelity
            figures["natural_baseline_real"] = _NAN if found is None else found.natural_baseline
        if self.formula_figures:
            figures["formula_r2"] = self.formula_figures["r2"]
        return figures

    def verdict(self) -> str:
        """Say in plain sentences what was found, and what could not be asked."""
        return " ".join(self.sentences())

    def sentences(self) -> list[str]:
        """Say what was found, a sentence or two for each decision."""
        return list(self._sentences())

    def _sentences(self) -> Iterator[str]:
        units = units_of(self.concepts)
        if not self.answers:
            yield "No rule could be asked for."
        for each in self.answers:
            yield from answered(each, units)
        yield from of_coverage(self.coverage, units)
        yield from of_formula(self.formula, self.formula_figures)
        for reason in dict.fromkeys(self.left_out.values()):
            yield f"{opened(reason).removesuffix('.')}."

    def save(self, folder: Path) -> None:
        """Write tables as CSV, rules as JSON and images as safetensors into a folder."""
        save_parts(folder, self)

    @staticmethod
    @validated
    def load(folder: Path) -> "RulesStudy":
        """Read what `save` wrote; `InputError` where a file is missing or damaged."""
        return RulesStudy(**load_parts(folder))
