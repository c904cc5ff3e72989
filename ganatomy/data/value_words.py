"""What was done to the pixels of a data set's files, in sentences for the terminal and the page."""

from typing import Any

from ganatomy.data.choices import AUTO, FULL
from ganatomy.data.values import BLACK, DEEPEST, WHITE
from ganatomy.wording import counted, of_all

_GREYS = {BLACK: "black", WHITE: "white"}


def sentences_on(values: dict[str, Any]) -> list[str]:
    """Say all that was done, one sentence each.

    Parameters
    ----------
    values : dict
        ``values`` of the data card.
    """
    told = [_on_window, _on_background, _on_frames, _on_fit]
    return [sentence for tell in told if (sentence := tell(values))]


def warnings_of(values: dict[str, Any]) -> list[str]:
    """Say only what a user may not expect."""
    used_whole = values["treatment"]["window"] is None and values["largest"] > DEEPEST // 2
    told = ["" if used_whole else _on_window(values), _on_background(values), _on_frames(values)]
    return [sentence for sentence in told if sentence]


def _on_window(values: dict[str, Any]) -> str:
    if not values["num_deep"]:
        return ""
    low, high = values["treatment"]["window"] or (0, DEEPEST)
    files = counted(values["num_deep"], "file has", "files have")
    said = (
        f"{files} more than 8 bits a channel, with levels from {values['least']:,g} to "
        f"{values['largest']:,g}: {low:,g} is made black and {high:,g} white (window: "
        f"{_rule(values['window'])})"
    )
    if values["largest"] > DEEPEST // 2:
        return said
    fewer = "fewer than half of the 65,536 levels of 16 bits are used"
    if values["window"] == FULL:
        return f"{said}; {fewer}, so that they come out dark"
    return f"{said}, because {fewer}" if values["window"] == AUTO else said


def _on_background(values: dict[str, Any]) -> str:
    if not values["num_transparent"]:
        return ""
    ground = values["treatment"]["background"]
    images = counted(values["num_transparent"], "image is", "images are")
    if values["treatment"]["num_channels"] > 3:
        return f"{images} transparent in part: opacity is a channel of its own (channels: all)"
    said = (
        f"{images} transparent in part: laid on {_GREYS.get(ground, f'grey {ground}')} "
        f"(background: {_rule(values['background'])})"
    )
    if values["num_lost"]:
        return f"{said}; more than half of what {values['num_lost']:,} of them show is lost on it"
    return said


def _on_frames(values: dict[str, Any]) -> str:
    if not values["num_with_frames"]:
        return ""
    files = counted(values["num_with_frames"], "file has", "files have")
    return f"{files} several frames or pages: only the first of each is used"


def _on_fit(values: dict[str, Any]) -> str:
    if not values["num_reshaped"]:
        return ""
    ground = values["treatment"]["background"]
    done = {
        "crop": "their middle is kept and the rest cut off",
        "pad": f"they are framed in {_GREYS.get(ground, f'grey {ground}')}",
        "stretch": "they are stretched",
    }
    images = of_all(values["num_reshaped"], values["num_images"], "image")
    fit = values["treatment"]["fit"]
    return f"Of other proportions than those asked for: {images}; {done[fit]} (fit: {fit})"


def _rule(value: Any) -> str:
    return value if isinstance(value, str) else str(value).strip("()")
