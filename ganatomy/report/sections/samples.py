"""What a generator makes, where there is nothing to compare it with."""

from pathlib import Path

from ganatomy.data.images import contact_sheet
from ganatomy.marking import GENERATED
from ganatomy.metrics.samples import NEAR, NOT_SEEN, SamplesStudy
from ganatomy.report.sections.page_section import (
    SAMPLES,
    Block,
    Figure,
    PageSection,
    Picture,
    Record,
    png,
)
from ganatomy.report.sections.samples_sheet import first_samples, viewable
from ganatomy.wording import opened, percent

_RULE = (
    "Near-identical: two images whose difference is at most "
    f"{percent(NEAR)} of that of any two (the median), or at most {NOT_SEEN:g} of 255 levels. By "
    "chance, as many are as pairs foretell that are up to four times as far apart. Images that "
    "vary little, but all of them alike, are not seen in this way: that takes real images beside "
    "them."
)
_SOURCE = "samples/pictures.safetensors"
_SIDE = 96  # larger images are made smaller on the sheet


def _facts(study: SamplesStudy) -> Record:
    return {
        "samples": {
            "verdict": study.verdict(),
            "is_collapsed": study.is_collapsed,
            "rule": _RULE,
        }
    }


def _figures(study: SamplesStudy) -> dict[str, Figure]:
    pairs = viewable(study.pairs.flatten(0, 1), _SIDE)
    figures: dict[str, Figure] = {SAMPLES: first_samples(study.shown, _SOURCE)}
    if study.is_collapsed:
        figures["alike"] = Picture(
            lambda: png(contact_sheet(pairs, 2, scale=max(1, _SIDE // pairs.shape[-1]))),
            "Near-identical images, two beside each other.",
            "The most alike of all pairs, each image once.",
            source=_SOURCE,
            kind="pixels",
            mark=GENERATED,
        )
    return figures


def _alarms(study: SamplesStudy) -> list[str]:
    return [opened(study.variety())] if study.is_collapsed else []


SECTION = PageSection(
    name="samples",
    place=8,
    blocks=(
        Block("samples", "What does G make?", "quality", Path(__file__).with_name("samples.html")),
    ),
    load=SamplesStudy.load,
    facts=_facts,
    figures=_figures,
    alarms=_alarms,
    summary=lambda study: [study.verdict()],
    of_adopted=True,
)
