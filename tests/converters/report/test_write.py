"""What goes into the page, without a browser."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from converters.report.cli import app
from converters.report.fields import expression_facts, spec_fields, spec_values
from converters.report.licences import licence_facts
from converters.report.planned import bins_for, histogram
from converters.report.tile import SPAN, light_of_face, marks
from converters.report.write import ReportOptions, picture_side, write_report
from spec_schema import Dataset, SegmentationClass
from spec_schema.arrow import leaves
from spec_schema.errors import DatasetError, ToolError
from tests.converters.report.made import FAILED, spec_of, write_reported

RUNNER = CliRunner()
SAMPLES = 7


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return write_reported(tmp_path / "dataset", SAMPLES, 64)


def facts_of(page: Path) -> dict[str, Any]:
    found = re.search(r'id="facts">(.*?)</script>', page.read_text("utf-8"), re.DOTALL)
    assert found is not None
    facts: dict[str, Any] = json.loads(found[1])
    return facts


def test_every_leaf_of_the_spec_but_seeds_and_weights_is_a_field() -> None:
    named = {f.name for f in spec_fields()}
    wanted = {x.name for x in leaves() if not x.weights and not x.name.endswith("seed")}
    assert wanted <= named
    assert len(named - wanted) == 2
    values = spec_values(spec_of(3).model_dump())
    assert set(values) == named
    assert values["glasses.id"] == "round"
    assert spec_values(spec_of(4).model_dump())["glasses.id"] == "none"
    assert spec_values(spec_of(4).model_dump())["glasses.size"] is None


def test_the_strongest_expression_is_no_look() -> None:
    weights = {"eyeLookDownLeft": 0.9, "jawOpen": 0.4, "mouthSmileLeft": 0.3, "browInnerUp": 0.0}
    assert expression_facts(weights)["expression.strongest"] == "jawOpen"
    assert expression_facts({"jawOpen": 0.1})["expression.strongest"] == "neutral"
    assert expression_facts({})["expression.strongest"] == "neutral"


def test_the_page_loads_nothing(dataset: Path, tmp_path: Path) -> None:
    write_report(dataset, tmp_path / "r.html", ReportOptions())
    text = re.sub(r'<script type="text/plain".*?</script>', "", (tmp_path / "r.html").read_text())
    text = text.replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|<link|@import|url\(|src=\"(?!data:)", text)


def test_equal_datasets_give_equal_pages(dataset: Path, tmp_path: Path) -> None:
    pages = []
    for workers in (1, 2):
        out = tmp_path / f"{workers}.html"
        write_report(dataset, out, ReportOptions(workers=workers))
        pages.append(out.read_bytes())
    assert pages[0] == pages[1]


def test_damaged_samples_are_failures(dataset: Path, tmp_path: Path) -> None:
    (dataset / "00000" / "00000003.png").write_bytes(b"torn")
    done = RUNNER.invoke(app, [str(dataset), "-o", str(tmp_path / "r.html")])
    assert done.exit_code == 1
    facts = facts_of(tmp_path / "r.html")
    assert facts["count"] == SAMPLES + FAILED
    assert [(f["row"], f["kind"]) for f in facts["failures"]] == [
        (3, "damaged"), (SAMPLES, "crash"), (SAMPLES + 1, "timeout"),
    ]  # fmt: skip
    # No path of the machine that made it.
    assert str(tmp_path) not in (tmp_path / "r.html").read_text("utf-8")


def test_labels_alone_have_a_page_too(dataset: Path, tmp_path: Path) -> None:
    for marker in dataset.glob("0*/*.done.json"):
        record = json.loads(marker.read_text())
        record["files"] = {k: v for k, v in record["files"].items() if k.endswith(".msgpack")}
        marker.write_text(json.dumps(record))
    write_report(dataset, tmp_path / "r.html", ReportOptions())
    verdicts = next(
        f for f in facts_of(tmp_path / "r.html")["fields"] if f["name"] == "seen.verdict"
    )
    assert set(verdicts["names"]) == {"labels only", "none"}


def test_without_journal_and_manifest_the_page_says_so(dataset: Path, tmp_path: Path) -> None:
    (dataset / "journal" / "index.parquet").unlink()
    (dataset / "manifest.parquet").unlink()
    write_report(dataset, tmp_path / "r.html", ReportOptions())
    facts = facts_of(tmp_path / "r.html")
    assert "index.parquet: missing" in facts["runs_note"]
    assert "not known: manifest.parquet: no such file" in facts["plan_note"]
    assert all(f["planned"] is None for f in facts["fields"])


def test_distributions_count_the_whole_manifest(dataset: Path, tmp_path: Path) -> None:
    write_report(dataset, tmp_path / "r.html", ReportOptions(limit=2))
    fields = {f["name"]: f for f in facts_of(tmp_path / "r.html")["fields"]}
    rows = SAMPLES + FAILED
    assert sum(fields["pose.yaw_deg"]["planned"]["counts"]) == rows
    assert fields["glasses.id"]["planned"]["names"] == {"none": rows * 2 // 3, "round": rows // 3}
    assert fields["glasses.size"]["planned"]["absent"] == rows * 2 // 3


def test_histograms_hold_every_value() -> None:
    values = np.array([1.0, 2.0, 2.0, 9.0, np.nan])
    found = histogram(values)
    assert (found["low"], found["high"], found["absent"]) == (1.0, 9.0, 1)
    assert sum(found["counts"]) == 4
    assert histogram(np.full(3, 5.0))["counts"] == [3] + [0] * 7
    assert bins_for(10) == 8 < bins_for(200) < bins_for(10**6) == 36


def test_marks_are_the_labels(dataset: Path) -> None:
    from converters.source import Topology, read_sample

    opened = Dataset(dataset)
    sample = read_sample(next(iter(opened.samples())), Topology.load(opened))
    words = marks(sample.labels)
    places = words[:140].reshape(70, 2) / 65535 * (2 * SPAN + 1) - SPAN
    np.testing.assert_allclose(places * 64, sample.labels.landmarks_px, atol=64 * 7 / 65535)
    seen = sample.labels.visible
    np.testing.assert_array_equal(words[-70:] == 0, seen)


@pytest.mark.parametrize(
    ("value", "verdict"), [(5, "dark face"), (120, "fine"), (254, "burnt face")]
)
def test_verdicts(value: int, verdict: str) -> None:
    mask = np.zeros((32, 32), np.uint8)
    mask[8:24, 8:24] = SegmentationClass.SKIN
    pixels = np.full((32, 32, 3), 128, np.uint8)
    pixels[mask > 0] = value
    grey, burnt, words = light_of_face(Image.fromarray(pixels), Image.fromarray(mask))
    assert (grey, words) == (pytest.approx(value, abs=0.01), verdict)
    assert burnt == float(value == 254)
    none = Image.fromarray(np.zeros((32, 32), np.uint8))
    assert light_of_face(Image.fromarray(pixels), none) == (None, None, "no face seen")


def test_licences_say_what_must_go_along() -> None:
    packs = [
        {"pack": "a", "licence": "CC0-1.0", "attribution": "A", "takes": ""},
        {"pack": "b", "licence": "CC BY 4.0", "attribution": "B", "takes": ""},
    ]
    uses = {"hair.style": {"bald": 3, "nobody_has_this": 2}, "sample.split": {"train": 5}}
    found = licence_facts({"licences": packs}, uses)
    assert [d["of"] for d in found["duties"]] == ["b"]
    assert found["unknown"] == ["hair_styles/nobody_has_this"]


def test_many_samples_get_small_pictures() -> None:
    sides = [picture_side(n) for n in (1, 1_000, 10_000, 100_000)]
    assert sides == sorted(sides, reverse=True)
    assert sides[2] == 128


def test_wrong_calls(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"ends in \.html"):
        write_report(dataset, tmp_path / "r.png", ReportOptions())
    with pytest.raises(ToolError, match="no such folder"):
        write_report(dataset, tmp_path / "no" / "r.html", ReportOptions())
    with pytest.raises(DatasetError, match=r"dataset\.json is missing"):
        write_report(tmp_path, tmp_path / "r.html", ReportOptions())
    assert not list(tmp_path.glob(".*partial"))
