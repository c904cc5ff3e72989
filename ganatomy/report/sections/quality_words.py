"""What is found about the images and about copies, as sentences that follow from the figures."""

from collections.abc import Sequence

from ganatomy.report.glossary import term
from ganatomy.report.sections.page_section import Record
from ganatomy.wording import apart, counted, listed, of_all, percent

_IN_POINTS = ("precision", "recall", "coverage")


def is_told_apart(row: Record) -> bool:
    """Say whether the interval of a figure of fakes lies wholly beside that of reals.

    Parameters
    ----------
    row : dict
        Of fidelity.csv.
    """
    return bool(row["high"] < row["floor_low"] or row["low"] > row["floor_high"])


def finding_of_fidelity(rows: Sequence[Record], count: int) -> str:
    """Say in which figures generated images fall short of real ones, the widest gap first.

    Parameters
    ----------
    rows : sequence of dict
        Of fidelity.csv, all measured in the same features.
    count : int
        Images of each kind.
    """
    beyond = [row for row in rows if is_told_apart(row)]
    short = [row for row in beyond if _is_worse(row)]
    said = []
    if shares := sorted((row for row in short if _bare(row) in _IN_POINTS), key=_gap):
        first, *others = shares
        said.append(
            f"{_name(first)} falls short of real images’ by {_points(first)}"
            + "".join(f", {_name(row)} by {_points(row)}" for row in others)
        )
    said += [
        f"the {_name(row)} is {row['value']:.3g} where real images have {row['floor']:.3g}"
        for row in short
        if _bare(row) not in _IN_POINTS
    ]
    if above := [_name(row) for row in beyond if not _is_worse(row)]:
        lie = "lies" if len(above) == 1 else "lie"
        said.append(f"{listed(above)} {lie} beyond what real images reach among themselves")
    alike = [_name(row) for row in rows if not is_told_apart(row)]
    if not said:
        return f"At {count:,} images no figure can be told from real images’."
    if alike:
        said.append(f"{listed(alike)} cannot be told from real images’ at {count:,} images")
    return _opened("; ".join(said)) + "."


def in_short(rows: Sequence[Record], classes: Record) -> str:
    """Say in one sentence in how many figures images fall short, and how many classes are made.

    Parameters
    ----------
    rows : sequence of dict
        Of fidelity.csv.
    classes : dict
        As of `records.classes_record`.
    """
    beyond = [row for row in rows if is_told_apart(row)]
    short = sum(map(_is_worse, beyond))
    figures = counted(len(rows), "figure")
    said = f"In {short} of {figures} the images fall short of real ones"
    if alike := len(rows) - len(beyond):
        said += f", in {alike} no difference can be told"
    if not classes["names"]:
        return f"{said}."
    made = of_all(classes["num_found"], classes["num_modes"], "class is", "classes are")
    return f"{said}; {made} made."


def finding_of_classes(classes: Record) -> str:
    """Say which classes are made, and whether about as often as in the data.

    Parameters
    ----------
    classes : dict
        As of `records.classes_record`, of data with classes.
    """
    found, modes = classes["num_found"], classes["num_modes"]
    said = f"{found} of {counted(modes, 'class', 'classes')} are made"
    if found == modes:
        said = f"All {modes} classes are made" if modes > 1 else "The one class is made"
    if classes["missing"]:
        said += f"; missing: {listed(classes['missing'])}"
    if classes["unsettled"]:
        said += f"; too few images to tell: {listed(classes['unsettled'])}"
    shares = classes["jensen_shannon"]
    if modes < 2:
        return f"{said}."
    if shares["value"] > shares["floor_high"]:
        return f"{said}; their shares differ from the data’s by more than chance does."
    return f"{said}; their shares differ no more than among real images by chance."


def finding_of_copies(memorisation: Record) -> str:
    """Say how many generated images come as near to training images as copies do.

    Parameters
    ----------
    memorisation : dict
        As of `records.memorisation_record`.
    """
    shares = [
        f"{percent(evidence['copies']['value'], 1)} (by {space})"
        for space, evidence in memorisation["spaces"].items()
    ]
    expected = max(each["copies"]["expected"] for each in memorisation["spaces"].values())
    return (
        f"{_opened(listed(shares))} of the generated images come as near to a training image as "
        f"{percent(expected, 1)} of held-out images do."
    )


def where_they_lie(memorisation: Record) -> str:
    """Say where generated images lie farther from the training images than held-out ones; or ""."""
    far = [space for space, each in memorisation["spaces"].items() if _is_farther(each)]
    if not far:
        return ""
    return (
        f"By {listed(far)}, generated images lie farther from the training images than held-out "
        "real images do: off the data, as of a generator that has not learned enough. That is the "
        "opposite of copying, and no merit."
    )


def d_and_its_training_images(gap: Record) -> str:
    """Say whether D gives its training images higher logits than held-out ones.

    Parameters
    ----------
    gap : dict
        As of `records.generalisation_record`.
    """
    low, high = apart(100 * gap["auc_low"], 50, 1), apart(100 * gap["auc_high"], 50, 1)
    pairs = (
        f"a training image gets the higher logit than a held-out one in {100 * gap['auc']:.1f} % "
        f"of pairs ({low} to {high} %; 50 % is not to know them)"
    )
    if gap["auc_low"] > 0.5:
        sds = f"{gap['gap_sd']:.2g} standard deviations of its logits"
        return f"D knows its training images: {pairs}, by {sds} in the mean."
    if gap["auc_high"] < 0.5:
        return f"D ranks its training images below held-out ones: {pairs}."
    return f"D is not seen to know its training images, at most by so much: {pairs}."


def _is_farther(evidence: Record) -> bool:
    authentic = evidence["authenticity"]
    return bool(evidence["c_t"]["low"] > 0 and authentic["low"] > authentic["floor_high"])


def _is_worse(row: Record) -> bool:
    fakes_are_lower = row["high"] < row["floor_low"]
    return bool(fakes_are_lower == (row["better"] == "higher"))


def _bare(row: Record) -> str:
    return str(row["name"]).removesuffix("_inception")


def _name(row: Record) -> str:
    known = term(row["name"])
    return known.name if known else str(row["name"])


def _gap(row: Record) -> float:
    """For sorting: the widest first."""
    return float(row["value"] - row["floor"])


def _points(row: Record) -> str:
    points = -100 * _gap(row)
    if points >= 0.95:
        return counted(round(points), "point")
    return f"{points:.1g} points"


def _opened(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
