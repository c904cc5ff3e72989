"""Whose GAN it is, and whether it does what was said of it."""

from pathlib import Path

from ganatomy.gan.adopt.contract import Contract
from ganatomy.gan.adopt.origin import Origin
from ganatomy.report.sections.page_section import Block, PageSection, Record
from ganatomy.wording import counted, opened

_TITLE = "Whose GAN is this?"
_NAMES = {"generator": "G", "discriminator": "D"}


def _facts(contract: Contract) -> Record:
    return {
        "contract": {
            "finding": contract.finding,
            "is_in_order": not contract.findings,
            "findings": [opened(each) for each in contract.findings],
            "networks": [
                {"name": _NAMES[name], "rows": _rows(each)}
                for name, each in contract.origins.items()
            ],
            "told": _told(contract),
            "notes": [opened(each) for each in contract.notes],
        }
    }


def _rows(origin: Origin) -> Record:
    """Everything that identifies a network, by its name."""
    code = f"{counted(origin.code_files, 'file')}, SHA-256 {origin.code_sha256}"
    return {
        "class or program": origin.what,
        "package": origin.package or "a file of one's own",
        "weights": origin.weights or "none: those that the class sets",
        "SHA-256 of the weights": origin.weights_sha256 or "\N{EN DASH}",
        "code": code if origin.code_sha256 else "within the program",
        "parameters": f"{origin.num_parameters:,}",
    }


def _told(contract: Contract) -> list[str]:
    said = []
    if contract.latent:
        said.append(
            f"Latents are {contract.latent}. On this page they are {contract.explained}: each less "
            "its mean and in its own standard deviations, so that a step is one of them; unlike "
            "those of z, coordinates may depend on each other."
            if contract.explained
            else f"Latents are {contract.latent}; on this page they are standard normal numbers."
        )
    if contract.low is not None and contract.high is not None:
        said.append(
            f"Values of generated images reach from {contract.low:.2f} to {contract.high:.2f}, "
            "where -1 is black and 1 is white."
        )
    for name, manners in contract.manners.items():
        said += manners.words(_NAMES[name])
    said += [opened(f"{each.words}.") for each in contract.agreements if each.is_same]
    if not contract.agreements:
        said.append(
            "That these networks answer as they did where they were trained is not checked: there "
            "is no reference batch (`reference` in the YAML file)."
        )
    return said


def _lead(contract: Contract) -> list[str]:
    """Whose GAN, from which file, with which hash."""
    return [f"{_NAMES[name]}: {each.in_short}" for name, each in contract.origins.items()]


def _alarms(contract: Contract) -> list[str]:
    return [opened(each) for each in contract.findings]


_HERE = Path(__file__)
SECTION = PageSection(
    name="contract",
    place=5,
    blocks=(Block("contract", _TITLE, "gan", _HERE.with_name("contract.html")),),
    load=Contract.load,
    facts=_facts,
    figures=lambda contract: {},
    alarms=_alarms,
    summary=lambda contract: [contract.finding],
    lead=_lead,
    of_adopted=True,
)
