"""Names of tags and keys in MLflow, which is not imported here: that takes seconds."""

import hashlib
import re

PARENT_TAG = "mlflow.parentRunId"
NOTE_TAG = "mlflow.note.content"
USER_TAG = "mlflow.user"
SOURCE_TAG = "mlflow.source.name"
SOURCE_TYPE_TAG = "mlflow.source.type"
COMMIT_TAG = "mlflow.source.git.commit"
ENTRY_TAG = "ganatomy.entry"
STAGE_TAG = "ganatomy.stage"
OUTCOME_TAG = "ganatomy.outcome"
DIGEST_TAG = "ganatomy.digest"
COMPUTED_BY_TAG = "ganatomy.computed_by"
DETAILS_IN_TAG = "ganatomy.details_in"  # the nested run that has this one's pictures and curves
PAGE_TAG = "ganatomy.page"  # SHA-256 of the page that a run has
PAGE_IN_TAG = "ganatomy.page_in"  # the run that has this one's page
RESULTS_TAG = "results_id"  # names the results of a run, as its page does
VERDICT_TAG = "verdict"
PROFILE_TAG = "profile"
PUBLISHED_TAG = "published_step"
# who and what made a run: every run of ours has them, nested ones too
ORIGIN_TAGS = (USER_TAG, SOURCE_TAG, SOURCE_TYPE_TAG, COMMIT_TAG)
VIEW = "ganatomy"  # of the table of all runs: an address may name it
VIEW_TAG = f"mlflow.sharedViewState.{VIEW}"
# MLflow's page has another face for language models, which it shows unless its address says this
WORKFLOW = "workflowType=machine_learning"
_MAX_NOTE_CHARS = 7500  # MLflow refuses a tag of more than 8,000


def key_of(name: str) -> str:
    """A name as MLflow takes it; ``fcd@1000`` becomes ``fcd_at_1000``.

    With letters of other scripts it gets a digest: they become equal signs, and keys must not.
    """
    key = re.sub(r"[^a-zA-Z0-9_\-./ ]", "_", name.replace("@", "_at_"))
    return key if name.isascii() else f"{key}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def note_of(text: str) -> str:
    """A note as long as MLflow takes it, cut at the end of a line."""
    if len(text) <= _MAX_NOTE_CHARS:
        return text
    return text[:_MAX_NOTE_CHARS].rpartition("\n")[0] + "\n\n(cut off here)\n"
