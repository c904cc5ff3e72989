"""What can be chosen about class activation maps. No torch here."""

from typing import Literal

CamMethod = Literal["gradcam", "gradcam++", "hirescam", "layercam"]
DEFAULT_CAMS: tuple[CamMethod, ...] = ("gradcam", "hirescam")
