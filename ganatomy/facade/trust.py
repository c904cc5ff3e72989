"""Whether an explanation can be trusted: every test of every kind of map, in a table and words."""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape

import pandas as pd

from ganatomy.explain.faithfulness.effort import DEFAULT_EFFORT, Effort
from ganatomy.explain.faithfulness.examination import Examination
from ganatomy.explain.faithfulness.judged import few_of, judge_images
from ganatomy.explain.faithfulness.verdict import QUESTIONS, RULES, trust
from ganatomy.facade.explanation import Asked


@dataclass(frozen=True, eq=False)
class Trust:
    """The verdict on each kind of map.

    Attributes
    ----------
    table : DataFrame
        As of `faithfulness.verdict.trust`: one row for each method.
    examination : Examination
        What it rests on.
    num_images : int
    """

    table: pd.DataFrame
    examination: Examination
    num_images: int

    def words(self) -> tuple[str, ...]:
        """Say of each kind of map whether it is trusted, and if not, why."""
        passed = self.table[self.table["trusted"]]["method"].tolist()
        head = f"{len(passed)} of {len(self.table)} kinds of map can be trusted"
        names = f": {', '.join(passed)}" if passed else ""
        reasons = [
            f"{row['method']} cannot: {row['why']}."
            for _, row in self.table.iterrows()
            if not row["trusted"]
        ]
        return f"{head}, by {self.num_images} images{names}.", *reasons

    def rules(self) -> dict[str, str]:
        """Say what each question asks, word by word."""
        return dict(RULES)

    def _repr_html_(self) -> str:
        """What a notebook shows: the table and the rules."""
        columns = ("method", *QUESTIONS, "why")
        head = "".join(f"<th>{name}</th>" for name in ("kind of map", *QUESTIONS, "why not"))
        rows = "".join(
            "<tr>" + "".join(f"<td>{escape(str(row[name]))}</td>" for name in columns) + "</tr>"
            for _, row in self.table.iterrows()
        )
        rules = "".join(f"<li><b>{name}</b>: {escape(rule)}</li>" for name, rule in RULES.items())
        table = f"<table><tr>{head}</tr>{rows}</table>"
        return f"<p>{escape(self.words()[0])}</p>{table}<ul>{rules}</ul>"


def examined(
    asked: Asked,
    *,
    effort: Effort = DEFAULT_EFFORT,
    on_test: Callable[[str], None] = lambda test: None,
) -> Trust:
    """Test the maps of an explanation: are they faithful, stable and sane?

    The same is asked again with other seeds, of images with noise, and of networks with random
    weights; and what the maps name is removed from the images. A map that means nothing is left
    out of every test.

    Parameters
    ----------
    asked : Asked
    effort : Effort
    on_test : callable
        Told the name of each test that is done.
    """
    judged = judge_images(
        asked.discriminator,
        asked.layers,
        asked.images,
        asked.images[: few_of(asked.images)],
        asked.fills_of,
        asked.methods.quietly(),
        effort,
        asked.seed,
        on_test=on_test,
    )
    table = trust(judged.examination.measures)
    return Trust(table, judged.examination, len(asked.images))
