"""Features that are changed by choosing images: a class, the balance of classes, an attribute."""

import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.features.feature import Selection
from ganatomy.rng import generator


class LeftOutClass(Selection):
    """One class, all of whose images are taken away."""

    def __init__(self, class_name: str, label: int) -> None:
        super().__init__(
            f"class_{class_name}",
            "class",
            "1 in the class, else 0",
            remove=f"class {class_name} is left out",
        )
        self.label = label

    def measure(self, dataset: Dataset) -> torch.Tensor:
        return (dataset.labels == self.label).float()

    def select(self, dataset: Dataset, mode: str, seed: int) -> torch.Tensor:
        self.meaning(mode)
        return torch.nonzero(dataset.labels != self.label).flatten()


class ClassBalance(Selection):
    """The frequency of each class; images without a label stay as they are.

    There are as many images as before, so that an epoch is as long: classes that are to be larger
    repeat images, all of them equally often up to one.
    """

    def __init__(self) -> None:
        super().__init__(
            "class_balance",
            "balance",
            "share of the labelled images that are in the image's class",
            remove="all classes are made equally frequent, by leaving out and repeating images",
            noise="classes get random frequencies, by leaving out and repeating images",
        )

    def measure(self, dataset: Dataset) -> torch.Tensor:
        labels = dataset.labels.cpu()
        labelled = labels >= 0
        counts = labels[labelled].bincount()
        shares = torch.full((len(labels),), torch.nan)
        shares[labelled] = counts[labels[labelled]] / counts.sum()
        return shares

    def select(self, dataset: Dataset, mode: str, seed: int) -> torch.Tensor:
        self.meaning(mode)
        labels = dataset.labels.cpu()
        present = labels[labels >= 0].unique()
        counts = torch.stack([(labels == label).sum() for label in present])
        draw = generator(seed, self.name, mode)
        if mode == "remove":
            shares = torch.full((len(present),), 1 / len(present), dtype=torch.float64)
        else:  # exponentials over their sum: every division into shares is equally likely
            uniform = torch.rand(len(present), generator=draw, dtype=torch.float64)
            shares = -torch.log1p(-uniform)
        chosen = [torch.nonzero(labels < 0).flatten()]
        for label, wanted in zip(present, _whole(shares, counts)):
            members = torch.nonzero(labels == label).flatten()
            members = members[torch.randperm(len(members), generator=draw)]
            chosen.append(members.repeat(-(-wanted // len(members)))[:wanted])
        return torch.cat(chosen).sort().values


class Attribute(Selection):
    """A column of the attribute table.

    With two values: images that have the larger one are left out. With more: images in the middle
    half stay, so that its variation is gone; unknown ones are left out.
    """

    def __init__(self, column: str, values: torch.Tensor) -> None:
        two_valued = len(values[~values.isnan()].unique()) <= 2
        super().__init__(
            f"attribute_{column}",
            "attribute",
            "as in the attribute table",
            remove=f"images that have attribute {column} are left out"
            if two_valued
            else f"only images in the middle half of attribute {column} stay",
        )
        self.column, self.two_valued = column, two_valued

    def measure(self, dataset: Dataset) -> torch.Tensor:
        return dataset.attributes[self.column]

    def select(self, dataset: Dataset, mode: str, seed: int) -> torch.Tensor:
        self.meaning(mode)
        values = self.measure(dataset).cpu()
        known = values[~values.isnan()]
        if len(known.unique()) < 2:  # a constant has no variation to remove
            return torch.arange(len(values))
        if self.two_valued:
            kept = values != known.max()  # true for NaN: not known to have it
        else:
            low, high = _quantile(known, 0.25), _quantile(known, 0.75)
            kept = (low <= values) & (values <= high)
        return torch.nonzero(kept).flatten()


def _quantile(values: torch.Tensor, share: float) -> torch.Tensor:
    # torch.quantile refuses more than 16 million values
    ordered = values.sort().values
    return ordered[round(share * (len(ordered) - 1))]


def _whole(shares: torch.Tensor, counts: torch.Tensor) -> list[int]:
    """Split ``counts.sum()`` in proportion to `shares`, into whole numbers of at least one.

    What rounding leaves over goes to the largest remainders, and among equal ones to the classes
    that have most images: what is balanced stays as it is.
    """
    total = int(counts.sum())
    exact = shares / shares.sum() * (total - len(counts)) + 1
    whole = exact.floor().long()
    remainder = exact - whole
    order = sorted(
        range(len(counts)), key=lambda k: (-round(float(remainder[k]), 9), -int(counts[k]))
    )
    for k in order[: total - int(whole.sum())]:
        whole[k] += 1
    return [int(number) for number in whole]
