"""A model card: what a model is, how good, and for what, as model hubs read it.

Markdown with a head of YAML, after <https://huggingface.co/docs/hub/model-cards>.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ganatomy.report.environment import number
from ganatomy.report.words import visible

WEIGHTS = "models/gan"  # as the record of artifacts names them
Record = Mapping[str, Any]
_SPECIAL = re.compile(r"[\\`*_{}\[\]<>|#~&]")
_TRAINING = {
    "loss": "loss",
    "generator": "generator",
    "discriminator": "discriminator",
    "conditional": "conditional",
    "r1": "R1 penalty",
    "spectral_norm": "spectral normalisation",
    "augment": "augmentation",
}
_LOAD = """```python
import ganatomy

gan = ganatomy.load_gan("models/gan")
z = ganatomy.latents(16, gan.architecture, seed=0)
images = ganatomy.to_uint8(ganatomy.generate(gan.generator_ema, z))
```"""


def model_card(twin: Record) -> str:
    """Write the card from what a page says.

    Parameters
    ----------
    twin : mapping
        What `ganatomy.report.twin.twin_of` returns. Every figure of the card is one of its figures.

    Returns
    -------
    str
        Whatever a user has named in it is text: it neither ends the head nor formats the body.
    """
    sections = {section["name"]: section["facts"] for section in twin["sections"]}
    about = twin["params"].get("report", {})
    parts = [
        _head(sections),
        f"# {_text(twin['title'])}",
        *_answers(twin),
        *([f"By {_text(about['author'])}"] if about.get("author") else []),
        f"## Intended use\n\n{_text(about.get('intended_use') or 'Not stated.')}",
        f"## Limits\n\n{_text(about.get('limits') or 'Not stated.')}",
        *_data(sections, about),
        *_training(sections),
        *_quality(sections),
        f"## How to load it\n\nWith `pip install` of this project, beside the weights:\n\n{_LOAD}",
        *_origin(twin),
    ]
    return "\n\n".join(parts) + "\n"


def _head(sections: Record) -> str:
    """The head; it names no licence, since that of the data is not the model's."""
    rows = sections.get("evaluate", {}).get("quality", {}).get("rows", [])
    method = sections.get("train", {}).get("settings", {}).get("method", {})
    values = {
        "library_name": "ganatomy",
        "pipeline_tag": "" if method.get("conditional") else "unconditional-image-generation",
        "tags": ["gan", "image-generation", "explainability"],
        "metrics": [row["name"] for row in rows],
    }
    lines = [f"{name}: {_quoted(value)}" for name, value in values.items() if value]
    return "\n".join(["---", *lines, "---"])


def _quoted(value: str | list[str]) -> str:
    """Write it as JSON, and what YAML holds for no character by its number."""
    written = json.dumps(value, ensure_ascii=False)
    return "".join(each if each.isprintable() else _number_of(each) for each in written)


def _number_of(letter: str) -> str:
    code = ord(letter)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _text(words: str) -> str:
    """Words that somebody has written, on one line and without any formatting."""
    return _SPECIAL.sub(r"\\\g<0>", visible(" ".join(str(words).split())))


def _answers(twin: Record) -> Iterator[str]:
    verdict = twin["verdict"]
    yield f"**{_text(verdict['headline'])}**"
    yield "\n".join(
        f"- **{_text(each['title'])}** {_text(_opened(each['answer']) + each['words'])}"
        for each in verdict["clauses"]
    )
    alarms = [alarm for section in twin["sections"] for alarm in section["alarms"]]
    if alarms:
        yield "\n".join(f"- **Warning: {_text(alarm)}**" for alarm in alarms)


def _opened(answer: str) -> str:
    return f"{answer[:1].upper()}{answer[1:]}. " if answer else ""


def _data(sections: Record, about: Record) -> Iterator[str]:
    data = sections.get("prepare", {}).get("data")
    if data:
        origin = about.get("origin") or data["origin"]
        finding, balance = _text(data["finding"]), _text(data["balance"])
        digest = f"Training images: SHA-256 {_text(data['train']['sha256'])}."
        licence = _text(about.get("licence") or "not stated")
        about_them = f"Origin: {_text(origin)}. Licence of the data: {licence}."
        yield f"## Data\n\n{about_them} {finding} {balance} {digest}"


def _training(sections: Record) -> Iterator[str]:
    facts = sections.get("train")
    if facts:
        train, settings = facts["train"], facts["settings"]
        told = {**settings, **settings.get("method", {})}
        known = [(key, words) for key, words in _TRAINING.items() if key in told]
        how = [f"- {words}: {_setting(told[key])}" for key, words in known]
        steps = f"step {number(train['published_step'])} of {number(train['num_steps'])}"
        yield "\n".join([f"## Training\n\n{_text(train['finding'])} Published: {steps}.\n", *how])


def _setting(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return number(value)
    return _text(", ".join(map(str, value)) if isinstance(value, list) else value) or "none"


def _quality(sections: Record) -> Iterator[str]:
    quality = sections.get("evaluate", {}).get("quality")
    if not quality:
        return
    yield f"## Quality\n\n{_text(quality['unmeasured'] or quality['finding'])}"
    if quality["rows"]:
        head = ["figure", "value", "95 % interval", "real images in their place", "in words"]
        rows = [head, ["---"] * len(head), *map(_row, quality["rows"])]
        yield "\n".join(f"| {' | '.join(row)} |" for row in rows)
        yield f"Of {number(quality['count'])} images each; {_text(quality['evaluator'])}."


def _row(row: Record) -> list[str]:
    return [
        _text(row["label"]),
        number(row["value"]),
        _interval(row["low"], row["high"]),
        f"{number(row['floor'])} ({_interval(row['floor_low'], row['floor_high'])})",
        _text(row["words"]),
    ]


def _interval(low: float | None, high: float | None) -> str:
    return f"{number(low)} to {number(high)}"


def _origin(twin: Record) -> Iterator[str]:
    """The run that made it, and what identifies the weights."""
    weights = [each["md5"] for each in twin["artifacts"] if each["path"] == WEIGHTS]
    facts = {
        **{f"Weights (`{WEIGHTS}`), MD5 as DVC has it": digest for digest in weights if digest},
        **{_text(name): value for name, value in twin["provenance"].items()},
    }
    if facts:
        lines = [f"- {name}: {_text(value)}" for name, value in facts.items()]
        yield "\n".join(["## Where it comes from\n", *lines])
