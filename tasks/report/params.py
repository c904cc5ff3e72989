"""Section `report`: the page's title, and what only people can say about a run."""

from typing import ClassVar

from pydantic import Field

from tasks.params.section import Section

_LONGEST = 2000


class Report(Section):
    """The page's title, and what the page says for an audit that no file of the run knows."""

    name: ClassVar[str] = "report"

    title: str = Field("What this GAN learned", min_length=1, max_length=120)
    # who answers for the run; empty: the page names nobody
    author: str = Field("", max_length=200)
    # of the data; empty: the page says that it is not stated
    licence: str = Field("", max_length=_LONGEST)
    # where the data are from; empty: what their source says of itself
    origin: str = Field("", max_length=_LONGEST)
    intended_use: str = Field(
        "Research and teaching, and the review of a GAN before it is used further.",
        max_length=_LONGEST,
    )
    limits: str = Field(
        "Every figure holds for these data, these parameters and this seed. Generated images are"
        " no evidence of anything real. Bias was not examined, privacy only as far as copies of"
        " training images go. Not for decisions about people.",
        max_length=_LONGEST,
    )
