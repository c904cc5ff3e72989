"""A run that has nothing to do: verified and recorded like any other, without a Prefect server."""

from pathlib import Path

from flows import adapter, leftovers, processes, record, unfinished
from flows.beginning import begun
from flows.listeners import Everyone, Listener
from flows.settling import keep_manifest
from flows.watch import warning


def run(root: Path, listener: Listener) -> bool:
    """Keep the record of a run in which every stage is up to date.

    Every output is read in full before the record says so.

    Returns
    -------
    bool
        False where a stage is not up to date, or an output is damaged: nothing was recorded.

    Raises
    ------
    StageFailed
        A file is not what an earlier run had by the same name.
    """

    def tell(stage: str, text: str) -> None:
        listener.stage_said(stage, warning(text))

    with processes.stages_end_with_us(), begun(root) as started:
        record.load_tracker()
        leftovers.mend(root)
        if adapter.inputs_moved(root):
            started.forget()
            return False
        found = processes.in_thread(adapter.look_over, root, tell)
        if found.behind or found.damaged:
            started.forget()
            return False
        unfinished.remove_page(root)
        names = [stage.name for stage in found.stages]
        with record.Record(root, started.name, names) as kept:
            everyone = Everyone(kept, listener)
            everyone.run_said(f"Nothing to do: all {len(names)} stages are unchanged.")
            for name in names:
                everyone.stage_started(name)
                everyone.stage_ended(name, "cached", 0.0)
            keep_manifest(root, found, started.run_dir)
            kept.finish()
    return True
