"""What `explain` found: in words, as pictures, in a notebook, on a page."""

import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from html import escape
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from PIL import Image
from torch import nn

from ganatomy.explain.lime.hiding import fills_of
from ganatomy.explain.maps.explanation_guards import ExplanationFinding
from ganatomy.explain.maps.methods import Methods
from ganatomy.facade.alone import OnProgress
from ganatomy.files import check_can_write, write_bytes
from ganatomy.wording import counted, of_all, opened, signed

if TYPE_CHECKING:
    from ganatomy.facade.trust import Trust

_SHOWN = 8  # images of a picture


@dataclass(frozen=True, eq=False)
class Maps:
    """Every kind of map of one target.

    Attributes
    ----------
    target : str
    images : Tensor of shape (n, c, h, w), on the CPU
        What the maps are drawn over.
    scores : Tensor of shape (n,)
        The target's values.
    maps : dict of str to Tensor of shape (n, h, w)
        By method; those of a layer by ``<method> <layer>``. Signed: above zero where a place
        raises the target.
    reasons : dict of str to list of str
        By method why each image's map means nothing, "" where nothing is wrong.
    """

    target: str
    images: torch.Tensor
    scores: torch.Tensor
    maps: dict[str, torch.Tensor]
    reasons: dict[str, list[str]]


@dataclass(frozen=True, eq=False)
class Asked:
    """The question behind an explanation, as far as the tests of its maps ask it again.

    Attributes
    ----------
    discriminator : nn.Module
    layers : tuple of str
    images : Tensor of shape (n, c, h, w)
        On the discriminator's device.
    reals : Tensor of shape (m, c, h, w) or None
    methods : Methods
    seed : int
    on_progress : callable
    """

    discriminator: nn.Module
    layers: tuple[str, ...]
    images: torch.Tensor
    reals: torch.Tensor | None
    methods: Methods
    seed: int
    on_progress: OnProgress

    def fills(self, images: torch.Tensor, seed: int) -> torch.Tensor:
        """Make what hides images, (n, m, c, h, w)."""
        return fills_of(self.methods.hiding, images, self.reals, seed=seed)


@dataclass(frozen=True, eq=False)
class Explanation:
    """Maps of a discriminator, and of its generator where one was given.

    Attributes
    ----------
    of_d : Maps
        D's logit of the images.
    of_g : Maps or None
        D's logit of the generator's images, explained within the generator.
    real_scores : Tensor of shape (m,) or None
        D's logits of the real images.
    findings : tuple of ExplanationFinding
        Why no map of D can mean anything; empty where nothing is wrong.
    notes : tuple of str
        What else to know.
    asked : Asked
        What `trust` asks again.
    """

    of_d: Maps
    of_g: Maps | None
    real_scores: torch.Tensor | None
    findings: tuple[ExplanationFinding, ...]
    notes: tuple[str, ...]
    asked: Asked

    def __repr__(self) -> str:
        images = counted(len(self.of_d.scores), "image")
        return f'<Explanation of {images}: show(), trust(), save("page.html"), of_d.maps>'

    def words(self) -> tuple[str, ...]:
        """Say in sentences what was found and what to beware of."""
        return tuple(self._words())

    def _words(self) -> Iterator[str]:
        yield from (f"{note[:1].upper()}{note[1:].rstrip('.')}." for note in self.notes)
        yield from (f"Nothing here means anything: {each.reason}." for each in self.findings)
        yield f"D's logit of {self._level()}{self._beside_reals()}."
        for name, part in (("D", self.of_d), ("G", self.of_g)):
            for method, reasons in {} if part is None else part.reasons.items():
                if (count := sum(map(bool, reasons))) and not self.findings:
                    reason = next(filter(None, reasons))
                    some = of_all(count, len(reasons), "map")
                    yield f"{opened(some)} of {name} by {method}: {reason}."

    def _level(self) -> str:
        scores = self.of_d.scores
        low, mean, high = (
            signed(float(each)) for each in (scores.min(), scores.mean(), scores.max())
        )
        images = counted(len(scores), "image")
        if low == high:
            return f"{images} is {mean}"
        return f"{images} lies between {low} and {high}, on average {mean}"

    def _beside_reals(self) -> str:
        if self.real_scores is None:
            return ""
        mean, count = float(self.real_scores.mean()), len(self.real_scores)
        return f"; of {counted(count, 'real image')} on average {signed(mean)}"

    def pictures(self) -> dict[str, bytes]:
        """Draw the maps over the first images, as PNG files by network: ``D``, and ``G``."""
        from ganatomy.facade.explanation_section import OF_G, mark_of_d, sheet  # a second to import

        sheets = {"D": sheet(self.of_d, _SHOWN, mark_of_d(self))}
        return sheets if self.of_g is None else {**sheets, "G": sheet(self.of_g, _SHOWN, OF_G)}

    def trust(self) -> "Trust":
        """Test every kind of D's maps; the first call takes as long as many explanations.

        Returns
        -------
        Trust
            The table, and its words.
        """
        return self._trust

    @cached_property
    def _trust(self) -> "Trust":
        from ganatomy.facade.trust import examined

        return examined(self.asked)

    def show(self) -> None:
        """Say the words and show the pictures: in a notebook, else in the system's viewer."""
        if (display := _notebook_display()) is not None:
            display(self)
            return
        for sentence in self.words():
            print(sentence)
        for content in self.pictures().values():
            Image.open(BytesIO(content)).show()

    def save(self, path: str | Path, title: str = "What the discriminator looks at") -> None:
        """Write one self-contained page: words, pictures, and the verdict on each kind of map.

        Pictures for which a page of 10 MB has no room are written to ``<name>-figures`` beside it.

        Parameters
        ----------
        path : path
            Of the HTML file. A file that is there is replaced.
        title : str

        Raises
        ------
        InputError
            No file can be written there; that is seen before anything is computed.
        """
        path = Path(path)
        check_can_write(path, "path")
        from ganatomy.facade.explanation_section import EXPLANATION
        from ganatomy.report.beside import Beside
        from ganatomy.report.page import PageFrame, render_page
        from ganatomy.report.parts import fill
        from ganatomy.report.verdict.verdict import Verdict

        part = fill(EXPLANATION, self)
        verdict = Verdict(part.clauses, ("maps",))
        beside = Beside.of(path)
        page = render_page(PageFrame(title), [part], verdict=verdict, beside=beside)
        beside.write(path.parent)
        write_bytes(path, page.encode())

    def _repr_html_(self) -> str:
        """Show the sentences, then the pictures, in a notebook."""
        lines = "".join(f"<li>{escape(sentence)}</li>" for sentence in self.words())
        pictures = "".join(
            f'<p><img alt="maps of {name}" src="data:image/png;base64,{b64encode(each).decode()}">'
            for name, each in self.pictures().items()
        )
        return f"<ul>{lines}</ul>{pictures}"

    def _repr_png_(self) -> bytes:
        """Show the picture of D's maps in a notebook without HTML."""
        return self.pictures()["D"]


def _notebook_display() -> Callable[[object], object] | None:
    """IPython's way to show an object, where IPython is at work."""
    ipython = sys.modules.get("IPython")
    if ipython is None or ipython.get_ipython() is None:
        return None
    display: Callable[[object], object] = import_module("IPython.display").display
    return display
