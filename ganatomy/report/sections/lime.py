"""What speaks for “real”, by LIME."""

from pathlib import Path

from ganatomy.files import read_json
from ganatomy.report.sections.section import Figure, Record, Section, drawn

_MAY_LACK = tuple(f"mean_held_out_r2_{key}" for key in ("d_real", "d_fake", "g_regions"))


def _facts(folder: Path) -> Record:
    return {"lime": {**dict.fromkeys(_MAY_LACK), **read_json(folder / "metrics.json")}}


def _figures(folder: Path) -> dict[str, Figure]:
    return drawn(folder, "d_real", "d_fake", "g_regions", "classes", "r2", "latents")


def _summary(folder: Path) -> list[str]:
    found = _facts(folder)["lime"]
    return [
        f"LIME, mean held-out R² on {what}: {found[f'mean_held_out_r2_{key}']:.2f}"
        for key, what in (("d_real", "reals"), ("d_fake", "fakes"))
        if found[f"mean_held_out_r2_{key}"] is not None
    ]


SECTION = Section(
    name="lime",
    place=50,
    links=(("lime", "What speaks for “real”?"),),
    template=Path(__file__).with_name("lime.html"),
    load=Path,
    facts=_facts,
    figures=_figures,
    summary=_summary,
)
