"""What a cut-over shows: the counts, then one line for each finding."""

from dataclasses import asdict

from workflow.cli.shared import show
from workflow.operations.cut_over import TakenOver


def show_taken_over(result: TakenOver, *, as_json: bool) -> None:
    """Print what a run, or a dry run, came to."""
    if as_json:
        show(asdict(result), as_json=True)
        return
    verb = "would be taken over" if result.dry_run else "taken over"
    where = f", see {result.rejects}" if result.rejects else ""
    counts = f"{result.added} {verb}, {result.unchanged} known already, {result.rejected} rejected"
    lines = [f"{result.read} rows read: {counts}{where}."]
    lines += [f"  row {one['row']}: {one['sentence']} [{one['code']}]" for one in result.findings]
    if result.approval is not None:
        lines.append(f"A supervisor signs it off: aeo approval confirm {result.approval}")
    show("\n".join(lines), as_json=False)
