"""What is found about the discriminator, as sentences that follow from the figures."""

from ganatomy.metrics.discriminator.health import DiscriminatorHealth
from ganatomy.metrics.discriminator.unreal import UNREAL
from ganatomy.report.sections.page_section import Record, rows_of
from ganatomy.statistics import share_interval
from ganatomy.wording import listed, percent, signed

LEVEL_UNKNOWN = "the higher, the more D takes the image for real"


def sign_in_words(health: DiscriminatorHealth) -> str:
    """Say what a logit above 0 means, by what was measured of real and generated images.

    Parameters
    ----------
    health : DiscriminatorHealth
    """
    if not health.record["has_level"]:
        return f"{LEVEL_UNKNOWN}; its sign means nothing with this loss"
    wrong = {each.rule for each in health.findings}
    if "separation" in wrong:
        return "D does not rank real images above generated ones: its logit does not mean “real”"
    cut = health.record["boundary"]
    if cut and wrong & {"boundary", "squashed"}:
        told = f"real and fake are told apart best at {signed(cut['best'])}, not at 0"
        return f"{LEVEL_UNKNOWN}; {told}"
    if "squashed" in wrong:
        return f"{LEVEL_UNKNOWN}; it ends in a sigmoid, so that 0 is no boundary of it"
    if health.record["held_out"] is None:
        return f"{LEVEL_UNKNOWN}; {_of_one_kind(health)}"
    reals, fakes = (_share_above_0(health, kind) for kind in ("held_out", "fakes"))
    if reals == fakes and reals in (0, 1):
        where = "above" if reals else "below"
        return f"{LEVEL_UNKNOWN}; all logits lie {where} 0 here, so compare them with each other"
    if reals > 0.5 > fakes:
        return (
            f"{LEVEL_UNKNOWN}; D cuts near 0: it takes {percent(1 - reals)} of {health.reals} real "
            f"images for generated and {percent(fakes)} of generated ones for real"
        )
    shares = f"{percent(reals)} of {health.reals} real images lie above 0"
    return f"{LEVEL_UNKNOWN}; {shares}, and {percent(fakes)} of fakes"


def _of_one_kind(health: DiscriminatorHealth) -> str:
    """Say how many logits lie above 0 where reals cannot be compared with generated images."""
    kinds = {"held_out": (f"{health.reals} real", "generated"), "fakes": ("generated", "real")}
    kind, (name, other) = next(each for each in kinds.items() if each[0] in health.logits)
    share = percent(_share_above_0(health, kind))
    return f"{share} of {name} images lie above 0; of {other} ones nothing is known"


def finding_of_logits(health: DiscriminatorHealth) -> str:
    """Say how well D ranks real above generated images, and what else it ranks above real ones."""
    found = health.record["held_out"]
    above = [row for row in rows_of(health.unreal) if row["low"] > 0.5]
    if found is None:
        return _finding_of_one_kind(health, above)
    low, high = (percent(each, 1) for each in _interval(found, len(health.logits["held_out"])))
    pairs = f"in {percent(found['auc'], 1)} of pairs ({low} to {high})"
    reals = f"{health.reals} real"
    if found["low"] > 0.5:
        said = f"D gives a {reals} image a higher logit than a generated one {pairs}"
    elif found["high"] < 0.5:
        said = f"D gives generated images the higher logits: a {reals} one has it {pairs}"
    else:
        said = f"D is not seen to tell {reals} images from generated ones: higher {pairs}"
    if not above:
        return f"{said}; it ranks nothing that is no data above real images."
    return f"{said}; above real images it ranks what is no data: {_named(above)}."


def _finding_of_one_kind(health: DiscriminatorHealth, above: list[Record]) -> str:
    if health.unreal.empty:
        return f"Of generated images alone: {_of_one_kind(health)}."
    if not above:
        return f"D ranks nothing that is no data above {health.reals} real images."
    return f"Above {health.reals} real images D ranks what is no data: {_named(above)}."


def _named(above: list[Record]) -> str:
    return listed([f"{UNREAL[row['kind']]} ({percent(row['auc'])})" for row in above])


def with_honest_interval(row: Record, num_images: int) -> Record:
    """Widen an interval without width: none or all of so many images do not prove never or always.

    Parameters
    ----------
    row : dict
        With auc, low and high.
    num_images : int
        Behind it.
    """
    low, high = _interval(row, num_images)
    return {**row, "low": low, "high": high}


def _share_above_0(health: DiscriminatorHealth, kind: str) -> float:
    return float((health.logits[kind] > 0).double().mean())


def _interval(row: Record, num_images: int) -> tuple[float, float]:
    if row["low"] < row["high"] or row["auc"] not in (0, 1):
        return row["low"], row["high"]
    return share_interval(row["auc"] * num_images, num_images)
