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
    if wrong & {"boundary", "squashed"}:
        best = health.record["boundary"]["best"]
        return f"{LEVEL_UNKNOWN}; real and fake are told apart best at {signed(best)}, not at 0"
    reals, fakes = (_share_above_0(health, kind) for kind in ("held_out", "fakes"))
    if reals == fakes and reals in (0, 1):
        where = "above" if reals else "below"
        return f"{LEVEL_UNKNOWN}; all logits lie {where} 0 here, so compare them with each other"
    if reals > 0.5 > fakes:
        return (
            f"{LEVEL_UNKNOWN}; D cuts near 0: it takes {percent(1 - reals)} of held-out real "
            f"images for generated and {percent(fakes)} of generated ones for real"
        )
    shares = f"{percent(reals)} of held-out real images lie above 0, and {percent(fakes)} of fakes"
    return f"{LEVEL_UNKNOWN}; {shares}"


def finding_of_logits(health: DiscriminatorHealth) -> str:
    """Say how well D ranks real above generated images, and what else it ranks above real ones."""
    found = health.record["held_out"]
    low, high = (percent(each, 1) for each in _interval(found, len(health.logits["held_out"])))
    pairs = f"in {percent(found['auc'], 1)} of pairs ({low} to {high})"
    if found["low"] > 0.5:
        said = f"D gives a held-out real image a higher logit than a generated one {pairs}"
    elif found["high"] < 0.5:
        said = f"D gives generated images the higher logits: a held-out real one has it {pairs}"
    else:
        said = f"D is not seen to tell held-out real images from generated ones: higher {pairs}"
    above = [row for row in rows_of(health.unreal) if row["low"] > 0.5]
    if not above:
        return f"{said}; it ranks nothing that is no data above real images."
    named = [f"{UNREAL[row['kind']]} ({percent(row['auc'])})" for row in above]
    return f"{said}; above real images it ranks what is no data: {listed(named)}."


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
