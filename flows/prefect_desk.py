"""A run as Prefect's pages show it: its name and tags, its form, its state, where it leads.

The name is MLflow's; words of the verdict are the page's own.
"""

from pathlib import Path
from typing import Annotated, Any

from prefect import State, get_run_logger
from prefect.artifacts import create_link_artifact, create_markdown_artifact
from prefect.client.orchestration import get_client
from prefect.runtime import flow_run
from prefect.states import Completed
from pydantic import Field

from flows import places, settings, verdict
from flows.params import profiles
from flows.record import Record

Outcomes = dict[str, str]


def _told_by_form(description: str, **more: Any) -> Any:
    """A field of the form that starts a run; its own `description` Prefect would drop."""
    return Field(json_schema_extra={"description": description, **more})


Profile = Annotated[
    str | None,
    _told_by_form(
        "Start from the defaults with this profile laid over them, and rewrite params.yaml. "
        "Without one params.yaml is run as it stands.",
        enum=[None, *profiles(settings.ROOT)],
    ),
]
Overrides = Annotated[
    list[str] | None,
    _told_by_form(
        "Single values to change in params.yaml, each as section.key=value: train.epochs=10",
        examples=[["train.epochs=10", "base.seed=1"]],
    ),
]


def name_run(record: Record) -> None:
    """Give the flow run the name of the run in MLflow, and its profile and commit as tags."""
    profile, commit = record.profile(), record.commit()
    _update(
        name=record.name,
        tags=[f"profile: {profile}", *([f"commit: {commit[:7]}"] if commit else [])],
    )


def end(root: Path, record: Record, outcomes: Outcomes) -> State[Outcomes]:
    """Leave what was found and where it is to be seen; give the state that the run ends in."""
    told = verdict.read(root)
    if told is not None:
        _update(tags=[f"verdict: {told.outcome}"])
    _leave_links(record)
    create_markdown_artifact(
        key="summary", markdown=_summary(root, record, outcomes), description="What this run found"
    )
    message = told.headline if told is not None else "Every stage is up to date."
    return Completed(message=message, data=outcomes)


def _update(name: str | None = None, tags: list[str] | None = None) -> None:
    """Change what the server knows of the flow run; a name is not worth a training."""
    if not flow_run.id:
        return
    try:
        with get_client(sync_client=True) as client:
            there = client.read_flow_run(flow_run.id).tags  # type: ignore[arg-type]
            kept = list(dict.fromkeys([*there, *(tags or [])]))
            client.update_flow_run(flow_run.id, name=name, tags=kept)  # type: ignore[arg-type]
    except Exception as error:
        get_run_logger().warning("the run could not be named: %s", error)


def _leave_links(record: Record) -> None:
    for key, link, text in (
        ("page", record.page_link(), "The page"),
        ("mlflow", record.link(), "The run in MLflow"),
    ):
        if link:
            create_link_artifact(key=key, link=link, link_text=text)


def _summary(root: Path, record: Record, outcomes: Outcomes) -> str:
    """In Markdown: the verdict, what else the summary says, links, the stages."""
    told = verdict.read(root)
    summary = (root / "reports" / "report" / "summary.md").read_text()
    table = "\n".join(f"| {name} | {outcome} |" for name, outcome in outcomes.items())
    page = record.page_link()
    run = record.link()
    where = [
        f"- page: [{places.PAGE.name}]({page})" if page else f"- page: `{root / places.PAGE}`",
        f"- MLflow: [{record.name}]({run})" if run else f"- MLflow: {record.where()}",
    ]
    return "\n".join(
        [verdict.first(told, summary), *where, "", "| stage | outcome |", "|---|---|", table, ""]
    )
