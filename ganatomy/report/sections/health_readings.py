"""Each rule of D's health: what it asks, what was measured, and whether it holds."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from ganatomy.metrics.discriminator.changes import FEEDS, HARMLESS
from ganatomy.metrics.discriminator.findings import ALIKE, BETTER, FEW, LOST, MATES, RULES, SURE
from ganatomy.metrics.discriminator.health import DiscriminatorHealth
from ganatomy.metrics.discriminator.unreal import UNREAL
from ganatomy.report.sections.discriminator_words import with_honest_interval
from ganatomy.report.sections.page_section import Record, rows_of
from ganatomy.wording import apart, percent, signed


class Reading(NamedTuple):
    """A figure of D's health beside what it should be, as texts."""

    rule: str
    what: str
    asked: str
    measured: str
    holds: bool


def readings(health: DiscriminatorHealth) -> list[Record]:
    """Give what each rule of `RULES` asked, what was measured, and whether it holds.

    A rule that did not apply has no row.
    """
    return [reading._asdict() for rule in RULES for reading in _READ[rule](health)]


def feed_in_words(row: Record) -> str:
    """Name another way to feed D, by a row of the table of them."""
    return str(row.get("words") or FEEDS[row["change"]].words)


def _tells_apart(health: DiscriminatorHealth) -> bool:
    found = health.record["held_out"]
    return bool(found and found["low"] > 0.5)


def _separation(health: DiscriminatorHealth) -> Iterator[Reading]:
    found = health.record["held_out"]
    if not found:
        return
    low, high = apart(found["low"], 0.5), apart(found["high"], 0.5)
    yield Reading(
        "separation",
        f"ranks {health.reals} real images above generated ones (AUC)",
        "interval above 0.5",
        f"{found['auc']:.2f} ({low} to {high})",
        _tells_apart(health),
    )


def _boundary(health: DiscriminatorHealth) -> Iterator[Reading]:
    cut = health.record["boundary"]
    if not (health.record["has_level"] and _tells_apart(health)):
        return
    allowed = max(LOST, SURE * cut["error"])
    lost = cut["accuracy_at_best"] - cut["accuracy_at_0"]
    yield Reading(
        "boundary",
        "0 is its boundary: accuracy lost by cutting there",
        f"at most {percent(allowed, 1)}",
        f"{percent(max(lost, 0.0), 1)} (best at {signed(cut['best'])})",
        lost <= allowed,
    )


def _batch(health: DiscriminatorHealth) -> Iterator[Reading]:
    trained = health.record["batch_trained"]
    moved = max(trained["companions_train"], trained["companions_eval"], trained["eval_train"])
    yield Reading(
        "batch",
        "its logit depends on the image alone, in standard deviations of the logits",
        f"at most {MATES:g}",
        apart(moved, MATES, 3),
        moved <= MATES,
    )


def _fixed(health: DiscriminatorHealth) -> Iterator[Reading]:
    forwards = {row["mode"]: row for row in rows_of(health.forwards)}
    if not (health.record["num_reference"] and health.record["held_out"]):
        return
    if "explained" not in forwards or "fixed" not in health.asked:
        return
    explained, trained = forwards["explained"], forwards["trained"]
    ranks = min(explained["spearman_real"], explained["spearman_fake"])
    yield Reading(
        "fixed",
        "as it is explained, it ranks as in training (Spearman, the lower of reals and fakes)",
        f"at least {ALIKE:g}",
        apart(ranks, ALIKE),
        ranks >= ALIKE,
    )
    yield Reading(
        "fixed",
        "as it is explained, it separates as in training: fall of the AUC",
        f"at most {BETTER:g}",
        apart(trained["auc"] - explained["auc"], BETTER),
        explained["auc"] >= trained["auc"] - BETTER,
    )


def _feed(health: DiscriminatorHealth) -> Iterator[Reading]:
    texts = [each.text for each in health.findings if each.rule == "feed"]
    for row in rows_of(health.feeds):
        words = feed_in_words(row)
        yield Reading(
            "feed",
            f"was fed as it is now: gain of the AUC with {words}",
            f"at most {BETTER:g}",
            apart(row["gain"], BETTER),
            not any(f" with {words} (" in text for text in texts),
        )


def _squashed(health: DiscriminatorHealth) -> Iterator[Reading]:
    function = health.record["saturation"]["function"]
    yield Reading(
        "squashed", "ends in no bounded function", "none", function or "none", not function
    )


def _saturated(health: DiscriminatorHealth) -> Iterator[Reading]:
    found = health.record["saturation"]
    if found["reasons"]:
        yield Reading(
            "saturated",
            "its answers can be explained",
            "nothing against it",
            "; ".join(found["reasons"]),
            False,
        )
    yield Reading(
        "saturated",
        "images that no gradient reaches",
        f"at most {percent(FEW)}",
        percent(found["without"], 1),
        found["without"] <= FEW,
    )
    if health.record.get("has_sigmoid"):
        yield Reading(
            "saturated",
            "logits that a sigmoid in float32 cannot tell from certain",
            f"at most {percent(FEW)}",
            percent(found["beyond"], 1),
            found["beyond"] <= FEW,
        )


def _harmless(health: DiscriminatorHealth) -> Iterator[Reading]:
    if not _tells_apart(health):
        return
    for row in rows_of(health.harmless):
        low, high = apart(row["low"], 0.5), apart(row["high"], 0.5)
        yield Reading(
            "harmless",
            f"real images {HARMLESS[row['change']][0]} rank above generated ones (AUC)",
            "interval not below 0.5",
            f"{row['auc']:.2f} ({low} to {high})",
            row["high"] >= 0.5,
        )


def _unreal(health: DiscriminatorHealth) -> Iterator[Reading]:
    for row in rows_of(health.unreal):
        given = with_honest_interval(row, len(health.logits.get("held_out", ())))
        low, high = apart(given["low"], 0.5), apart(given["high"], 0.5)
        yield Reading(
            "unreal",
            f"does not rank {UNREAL[row['kind']]} above real images (AUC)",
            "interval not above 0.5",
            f"{row['auc']:.2f} ({low} to {high})",
            row["low"] <= 0.5,
        )


_READ: dict[str, Callable[[DiscriminatorHealth], Iterator[Reading]]] = {
    "separation": _separation,
    "boundary": _boundary,
    "batch": _batch,
    "fixed": _fixed,
    "feed": _feed,
    "squashed": _squashed,
    "saturated": _saturated,
    "harmless": _harmless,
    "unreal": _unreal,
}
