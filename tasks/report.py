"""Stage report: one page of everything that was found."""

from typing import Any

from ganatomy.files import whole_folder, write_bytes
from ganatomy.report.page import render_page
from tasks import report_facts, report_figures, stage
from tasks.events import Events
from tasks.layout import PAGE, REPORTS
from tasks.params.report import Report
from tasks.results import write_metrics


def main(events: Events) -> None:
    """reports/* -> reports/report.html"""
    facts = report_facts.gather(Report.load().title)
    film, stills = report_figures.training_film()
    seen = report_figures.explained_film()
    figures = {**report_figures.gather(facts), **film, "gradcam_film": seen}
    events.progress(1, 2, "parts")
    page = render_page({**facts, "stills": stills}, figures)
    with whole_folder(REPORTS / "report") as report:
        write_bytes(report / "summary.md", _summary(facts).encode())
        write_bytes(report / "film.gif", film["film"])
        write_bytes(report / "gradcam_film.gif", seen)
        write_metrics(report, {"num_bytes": len(page.encode()), "num_figures": len(figures)})
    write_bytes(PAGE, page.encode())
    events.progress(2, 2, "parts")


def _summary(facts: dict[str, Any]) -> str:
    """A few lines for whoever looks at the run before the page."""
    quality, rows, classes = facts["quality"], facts["importance"]["rows"], facts["classes"]
    out = [f"`{row['variant']}`" for row in rows if row["stands_out"]]
    within = [f"`{row['variant']}`" for row in rows if not row["stands_out"]]
    gap = facts["generalisation"]
    trusted = [row["method"] for row in facts["faithfulness"]["rows"] if row["trusted"]]
    missing = f", missing: {', '.join(classes['missing'])}" if classes["missing"] else ""
    lines = [
        f"# {facts['title']}",
        "",
        *(f"- **warning: {alarm}**" for alarm in facts["alarms"]),
        f"- data: {facts['data']['origin']}",
        f"- training images: {facts['data']['train']['num_images']}",
        *(
            f"- {row['name']}@{row['count']}: {row['value']:.3g} "
            f"({row['low']:.3g} to {row['high']:.3g}; real/real: {row['floor']:.3g})"
            for row in quality["rows"]
        ),
        *(
            [f"- classes found: {classes['num_found']} of {classes['num_modes']}{missing}"]
            if classes["names"]
            else []
        ),
        f"- copies of training images: {facts['memorisation']['verdict']}",
        f"- D tells training from held-out images (AUC): {gap['auc']:.3f} "
        f"({gap['auc_low']:.3f} to {gap['auc_high']:.3f})",
        f"- published: step {facts['train']['published_step']} of {facts['train']['num_steps']}",
        f"- features that stand out: {', '.join(out) or 'none'}",
        f"- within the noise of retraining: {', '.join(within) or 'none'}",
        f"- explanations that can be trusted: {', '.join(trusted) or 'none'} "
        f"({len(trusted)} of {len(facts['faithfulness']['rows'])} methods)",
        *(
            f"- LIME, mean held-out R² on {what}: {facts['lime'][f'mean_held_out_r2_{key}']:.2f}"
            for key, what in (("d_real", "reals"), ("d_fake", "fakes"))
            if facts["lime"][f"mean_held_out_r2_{key}"] is not None
        ),
        f"- images refused: {facts['data']['num_quarantined']}",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    stage.run(main, "report")
