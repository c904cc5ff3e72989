"""What can be chosen about images: where they come from, their shape, their duplicates, changes.

No torch here.
"""

from typing import Literal

Source = Literal["mnist-sample", "mnist", "fashion-mnist", "cifar10", "image-folder"]
Classes = Literal["auto", "folders", "none", "dataset.json"]  # of a folder: what tells them apart
ImageSize = Literal[28, 32, 64, 128]  # that GANatomy's own networks are made for
Channels = Literal[0, 1, 3, "all"]  # 0: grey, or RGB where there is colour
WindowRule = Literal["auto", "full", "seen"]  # of greys of more than 8 bits
Window = WindowRule | tuple[float, float]
BackgroundRule = Literal["auto"]
Background = BackgroundRule | int
Fit = Literal["crop", "pad", "stretch"]  # of images of other proportions
Shape = tuple[int, int]  # height and width
Size = int | Shape
OnDuplicates = Literal["keep", "together", "drop"]
Mode = Literal["remove", "permute", "noise"]  # of changing a feature
After = Literal["prepare", "directions"]  # the stage that another waits for

AUTO: Literal["auto"] = "auto"
FULL: Literal["full"] = "full"
SEEN: Literal["seen"] = "seen"
CROP: Literal["crop"] = "crop"
ALL: Literal["all"] = "all"
