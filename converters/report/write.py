"""From a dataset folder to the page: reads, counts, writes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from converters.export import Summary
from converters.overlay_style import load_style
from converters.pipeline import Done, OnError, ReadOptions, candidates, count_samples, outcomes
from converters.progress import Progress
from converters.report.fields import SEEN_FIELDS, Field, Value, spec_fields, spec_values
from converters.report.licences import licence_facts
from converters.report.page import PageWriter, stored_column
from converters.report.planned import of_values, open_manifest, planned
from converters.report.runs import Failure, Runs, read_runs
from converters.report.tile import MARK_POINTS, MARK_WORDS, SPAN, PageTile, TileJob
from converters.sink import told_of
from converters.source import Topology
from spec_schema.dataset import Dataset
from spec_schema.errors import ManifestError, SpecError, ToolError
from spec_schema.manifest import Manifest

__all__ = ["ReportOptions", "picture_side", "write_report"]

_SIDES: Final = ((300, 384), (2_000, 256), (20_000, 128))
_SMALLEST: Final = 96
_FIRST: Final = (Field("row", "number", True), Field("status", "text"))


@dataclass(frozen=True)
class ReportOptions:
    """How the page is made."""

    picture_px: int | None = None
    """Side of the pictures; None chooses by their number."""
    title: str | None = None
    workers: int = 1
    verify: bool = True
    limit: int | None = None


def picture_side(samples: int) -> int:
    """Side of the pictures in pixels, so that a page of any number of samples can be opened."""
    return next((side for most, side in _SIDES if samples <= most), _SMALLEST)


class _Table:
    """Values of the samples, by field."""

    def __init__(self) -> None:
        self.fields = (*_FIRST, *spec_fields(), *SEEN_FIELDS)
        self.values: dict[str, list[Value]] = {f.name: [] for f in self.fields}

    def add(self, row: int, status: str, values: dict[str, Value]) -> None:
        known = {**values, "row": float(row), "status": status}
        for field in self.fields:
            missing: Value = "none" if field.kind == "text" else None
            value = known.get(field.name)
            self.values[field.name].append(missing if value is None else value)


def _checked(out: Path) -> Path:
    if out.suffix.lower() not in (".html", ".htm"):
        raise ToolError(f"{out}: the report is a page; give a name that ends in .html")
    if not out.parent.is_dir():
        raise ToolError(f"{out.parent}: no such folder; make it first")
    if out.exists() and not out.is_file():
        raise ToolError(f"{out}: is a folder, a device or a pipe; name a file")
    return out


def _run_values(runs: Runs, row: int) -> dict[str, Value]:
    seconds, megabytes, attempts = runs.spent.get(row, (None, None, None))
    return {"run.seconds": seconds, "run.rss_mb": megabytes, "run.attempts": attempts}


def write_report(source: Path, out: Path, options: ReportOptions) -> Summary:
    """Write the page of a rendered dataset; a file of this name is replaced.

    Broken samples become failures on the page. Equal datasets give equal bytes but for what
    their journals tell of the runs.

    Raises:
        DatasetError: the source is no dataset, or holds no complete sample.
        ToolError: ``out`` can't be written.
    """
    out = _checked(out)
    dataset, summary, table = Dataset(source), Summary(), _Table()
    total = count_samples(dataset, options.limit)
    side = options.picture_px or picture_side(total)
    runs = read_runs(dataset)
    read = ReadOptions(OnError.SKIP, options.workers, options.verify, options.limit)
    title = options.title or f"{source.resolve().name}: {total:,} faces"
    depth = False
    with told_of(out), PageWriter(out, title) as page:
        progress = Progress("rf-report", total)
        found = candidates(dataset, read)
        for outcome in outcomes(found, Topology.load(dataset), TileJob(side), read):
            summary.count(outcome, dataset.root)
            if isinstance(outcome, Done):
                tile: PageTile = outcome.result
                page.add(tile)
                depth = depth or bool(tile.depth)
                table.add(outcome.row, "done", {**tile.values, **_run_values(runs, outcome.row)})
            progress.step()
        progress.close()
        manifest, plan_note = open_manifest(source)
        failures = _failures(runs, summary)
        for failure in failures:
            page.add(None)
            values = _planned_values(manifest, failure.row)
            values["run.attempts"] = float(failure.attempts)
            table.add(failure.row, "failed", values)
        described = _described(table, manifest)
        facts = {
            "title": title,
            "about": _about(dataset, total),
            "plan_note": (plan_note and f"What was planned is not known: {plan_note}")
            or "Shares of the manifest's rows beside shares of the rendered samples.",
            "count": len(table.values["row"]),
            "picture_px": side,
            "depth": depth,
            "fields": described,
            "marks": {"points": MARK_POINTS, "words": MARK_WORDS, "span": SPAN},
            "style": _style(),
            "failures": [vars(f) for f in failures],
            "status": runs.status or {"done": summary.written},
            "runs_note": runs.note,
            "throughput": runs.throughput(),
            "licences": licence_facts(dataset.info, _named(table)),
        }
        columns = []
        for field, about in zip(table.fields, described, strict=True):
            stored, data = stored_column(field, table.values[field.name])
            about |= stored
            columns.append(data)
        page.close(facts, columns)
    return summary


def _failures(runs: Runs, summary: Summary) -> list[Failure]:
    """Rows given up by the renderer, and samples that are damaged on disk, in row order."""
    damaged = [Failure(row, "damaged", "", text) for row, text in summary.skipped.items()]
    return sorted([*runs.failures, *damaged], key=lambda f: f.row)


def _planned_values(manifest: Manifest | None, row: int) -> dict[str, Value]:
    if manifest is None or row >= len(manifest):
        return {}
    try:
        ((_, spec),) = manifest.specs([row])
    except (ManifestError, SpecError, pa.ArrowException):
        return {}
    return spec_values(spec.model_dump())


def _described(table: _Table, manifest: Manifest | None) -> list[dict[str, Any]]:
    plans = planned(manifest) if manifest is not None else {}
    described = []
    for k, field in enumerate(table.fields):
        about: dict[str, Any] = {"name": field.name, "kind": field.kind, "block": f"column-{k}"}
        about["planned"] = plans.get(field.name)
        if field.kind == "number" and about["planned"] is None:
            about["have"] = of_values(field, table.values[field.name])
        described.append(about)
    return described


def _named(table: _Table) -> dict[str, dict[str, int]]:
    """Samples by value of every text field."""
    return {
        f.name: dict(Counter(str(v) for v in table.values[f.name]))
        for f in table.fields
        if f.kind == "text"
    }


def _about(dataset: Dataset, total: int) -> str:
    info = dataset.info
    manifest = info.get("manifest")
    rows = manifest.get("rows") if isinstance(manifest, dict) else None
    settings = info.get("settings")
    versions = info.get("versions")
    parts = [f"{total:,} of {rows:,} rows" if isinstance(rows, int) else f"{total:,} samples"]
    if isinstance(settings, dict):
        parts += [f"{settings['size_px']} px"] if "size_px" in settings else []
        parts += [f"{settings['samples']} samples a pixel"] if "samples" in settings else []
    if isinstance(manifest, dict) and "seed" in manifest:
        parts.append(f"seed {manifest['seed']}")
    if isinstance(versions, dict):
        parts.append(", ".join(f"{name} {v}" for name, v in versions.items()))
    return " · ".join(parts)


def _style() -> dict[str, Any]:
    style = load_style()
    kinds = style.visibility
    return {
        "axes": style.axis_colours,
        "gaze": style.gaze,
        "boxes": {"face": style.boxes.face, "head": style.boxes.head},
        "visibility": [kinds.visible, kinds.self_occluded, kinds.covered, kinds.out_of_frame],
        "contours": [
            {"points": c.points, "closed": c.closed, "colour": c.colour} for c in style.contours
        ],
    }
