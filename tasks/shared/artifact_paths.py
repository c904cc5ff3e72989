"""Where artifacts lie. dvc.yaml names the same paths; a test compares the two."""

from pathlib import Path

RAW = Path("data/raw")
PREPARED = Path("data/prepared")
VARIANTS = Path("data/variants")
IN_FULL = Path("data/in_full")
EVALUATOR = Path("models/evaluator")
GAN = Path("models/gan")
CODE = "code"  # in GAN: the files of a user's own networks, as they were when it was trained
HISTORY = Path("models/history")
PACKING = Path("models/packing")
RETRAINED = Path("models/variants")
REPORTS = Path("reports")
PAGE = REPORTS / "report.html"
UNFINISHED = REPORTS / "unfinished"  # the page of a run that failed, as long as it is the last one

# in a stage's folder of REPORTS
METRICS = "metrics.json"
CURVES = "curves.csv"
IMAGES = "images"
CARD = "MODEL_CARD.md"  # of the model, in the stage report's
