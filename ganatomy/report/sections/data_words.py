"""What is found about the data, as sentences that follow from its card."""

from ganatomy.data.shape import size_words
from ganatomy.report.sections.page_section import Record
from ganatomy.wording import counted, listed

_TOLD = 6  # classes: so many fit into a sentence


def finding_of_data(card: Record) -> str:
    """Say how many images there are, and what is wrong with any of them.

    Parameters
    ----------
    card : dict
        As of the stage prepare.
    """
    train, test, repeats = card["train"], card["test"], card["duplicates"]
    size, refused = train["image_size"], card["num_quarantined"]
    shared = repeats["num_held_out_in_training"]
    wrong = [
        f"{counted(refused, 'file was', 'files were')} refused" if refused else "",
        f"{counted(shared, 'held-out image is', 'held-out images are')} also in training"
        if shared
        else "",
    ]
    trained = counted(train["num_images"], "training image")
    held_out = counted(test["num_images"], "image")
    said = f"{trained} of {size_words(size)}, and {held_out} held out"
    beside = listed([each for each in wrong if each])
    return f"{said}; {beside}." if any(wrong) else f"{said}; none was refused."


def finding_of_classes(counts: dict[str, int]) -> str:
    """Say how the training images are shared out among the classes; "" without classes.

    Parameters
    ----------
    counts : dict of str to int
        Training images by class.
    """
    if not counts:
        return ""
    fewest, most = min(counts, key=counts.__getitem__), max(counts, key=counts.__getitem__)
    images = counted(counts[most], "training image")
    if len(counts) == 1:
        return f"The one class has {images}."
    if counts[fewest] == counts[most]:
        return f"Each of {len(counts):,} classes has {images}."
    ratio = counts[most] / counts[fewest] if counts[fewest] else 0
    fewer = f", {ratio:.3g} times fewer" if ratio >= 2 else ""
    return (
        f"The most frequent of {len(counts):,} classes, {most}, has {images}; the rarest, "
        f"{fewest}, has {counts[fewest]:,}{fewer}."
    )


def is_drawn(counts: dict[str, int]) -> bool:
    """Say whether a chart of the classes tells more than a sentence."""
    return len(counts) > _TOLD and len(set(counts.values())) > 1
