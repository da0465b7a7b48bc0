from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch
from typer.testing import CliRunner

import sampler.inputs
from sampler import Inputs, Sampler, load_config, panels, plot_cli, plots, preset_names
from sampler.declared import declared
from sampler.figures import Figures, read_figures
from sampler.layout import rows_wanted
from sampler.plotted import QUANTITIES, bin_edges
from sampler.sources import open_sources
from sampler.summary import summary
from sampler.writing import write_manifest
from spec_schema.errors import DatasetError, ManifestError, SpecError
from spec_schema.manifest import Manifest, adopt
from tests.renderer.runner import Runner
from tests.sampler.tables import boxes, values

RUNNER = CliRunner()


@pytest.fixture
def _assets(monkeypatch: pytest.MonkeyPatch, inputs: Inputs) -> None:
    monkeypatch.setattr(sampler.inputs, "load_inputs", lambda: inputs)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("plots")


Drawn = Callable[[str, int], Path]


@pytest.fixture(scope="module")
def drawn(folder: Path, inputs: Inputs) -> Drawn:
    """A manifest of a preset."""

    def draw(preset: str, n: int) -> Path:
        path = folder / f"{preset}-{n}.parquet"
        if not path.exists():
            write_manifest(Sampler(load_config(preset), inputs, 5, "train"), 0, n, path)
        return path

    return draw


def _read(path: Path, inputs: Inputs) -> Figures:
    (source,) = open_sources([path], inputs.landmarks.shape_keys)
    return read_figures(source, inputs.landmarks)


def _spoiled(path: Path, target: Path, column: str, row: int, value: float) -> Path:
    """The manifest with one value changed."""
    manifest = Manifest(path)
    records = manifest.table().to_pylist()
    record = records[row]
    *parents, name = column.split(".")
    for part in parents:
        record = record[part]
    record[name] = value
    adopt(pa.Table.from_pylist(records), manifest, target)
    return target


def test_figures_are_those_of_the_columns(drawn: Drawn, inputs: Inputs) -> None:
    path = drawn("facesynthetics", 5000)
    figures, table = _read(path, inputs), pq.read_table(path)
    assert figures.n == 5000
    for name, quantity in QUANTITIES.items():
        if quantity.column:
            there = values(table, quantity.column)
            assert np.array_equal(figures.values[name], there[np.isfinite(there)]), name
    power = values(table, "environment.key_light.power_w")
    logarithm = np.log10(power[np.isfinite(power)])
    np.testing.assert_allclose(figures.values["key_power"], logarithm, atol=1e-5)
    low, high = boxes(table, inputs)
    np.testing.assert_allclose(figures.values["face_size"], (high - low).max(axis=1), atol=1e-4)
    np.testing.assert_allclose(figures.values["face_x"], (high + low)[:, 0] / 2, atol=1e-4)
    np.testing.assert_allclose(figures.values["face_y"], (high + low)[:, 1] / 2, atol=1e-4)

    smiles = np.concatenate(
        [values(table, f"expression.mouthSmile{side}") for side in ("Left", "Right")]
    )
    unit = figures.units["mouthSmile"]
    assert unit.high == pytest.approx((smiles > 0.25).mean())
    want = np.percentile(smiles[smiles > 0.05], [5, 25, 50, 75, 95])
    np.testing.assert_allclose(unit.quantiles, want, atol=0.01)
    glasses = table.column("glasses").combine_chunks()
    assert figures.present["glasses"] == pytest.approx(glasses.is_valid().sum().as_py() / 5000)
    assert figures.shares["glasses"]["no glasses"] == pytest.approx(1 - figures.present["glasses"])
    for lamp in ("key", "fill", "rim"):
        lit = table.column("environment").combine_chunks().field(f"{lamp}_light").is_valid()
        assert figures.present[f"{lamp} light"] == pytest.approx(lit.sum().as_py() / 5000)
    behind = table.column("environment").combine_chunks().field("background")
    own = behind.is_valid().sum().as_py() / 5000
    assert figures.shares["background"]["environment"] == pytest.approx(1 - own)
    photos = 1 - table.column("photo").null_count / 5000
    assert figures.present["photo effects"] == pytest.approx(photos)
    assert figures.present["dyed hair"] == pytest.approx((values(table, "hair.dye") > 0).mean())
    shown_grey = values(table, "hair.grey") * (1 - values(table, "hair.dye"))
    assert figures.present["grey hair"] == pytest.approx((shown_grey > 0.25).mean())
    for shares in figures.shares.values():
        assert sum(shares.values()) == pytest.approx(1)
    at_lens = (figures.values["off_lens"] < 0.1).mean()
    assert 0.1 < at_lens < 0.6


def test_what_is_declared_is_near_what_is_drawn(drawn: Drawn, inputs: Inputs) -> None:
    """By five standard deviations; nobody's things here keep others from being worn."""
    figures = _read(drawn("facesynthetics", 5000), inputs)
    reference = declared(load_config("facesynthetics"), "facesynthetics")
    schemes = figures.shares["lighting scheme"]
    assert set(schemes) <= set(reference.schemes)
    assert {"glasses", "jewellery", "rim light", "photo effects"} <= set(reference.present)
    for there, here in ((reference.present, figures.present), (reference.schemes, schemes)):
        for name, share in there.items():
            error = 5 * np.sqrt(share * (1 - share) / 5000)
            assert here.get(name, 0.0) == pytest.approx(share, abs=error), name
    text = summary([figures], reference)
    for name, share in reference.schemes.items():
        assert re.search(
            rf"light: {name} +{100 * share:.1f} %   here {100 * schemes[name]:.1f} %", text
        )


def test_the_summary_prints_these_figures(drawn: Drawn, inputs: Inputs) -> None:
    figures = _read(drawn("facesynthetics", 5000), inputs)
    text = summary([figures])
    for name, quantity in QUANTITIES.items():
        line = next(line for line in text.splitlines() if line.startswith(quantity.label))
        numbers = [float(x) for x in re.findall(r"-?\d+\.\d{3}", line)]
        there = figures.values[name]
        marks = np.percentile(there, [0, 5, 50, 95, 100])
        np.testing.assert_allclose(numbers, [there.mean(), there.std(), *marks], atol=6e-4)
    share = 100 * figures.present["glasses"]
    assert f"glasses {share:.1f}" in text
    table = text[text.index("pitch (rows)") :].split("\n\n")[0]
    assert sum(map(float, re.findall(r"\d+\.\d\d", table))) == pytest.approx(100, abs=0.5)
    for unit, figure in figures.units.items():
        assert re.search(rf"{unit} +{100 * figure.high:.1f} ", text), unit


def test_sets_are_compared(drawn: Drawn, inputs: Inputs) -> None:
    sets = [_read(drawn(name, 5000), inputs) for name in ("facesynthetics", "frontal")]
    reference = declared(load_config("facesynthetics"), "facesynthetics")
    text = summary(sets, reference)

    def distances(block: str) -> dict[str, float]:
        return {m[1].strip(): float(m[2]) for m in re.finditer(r"  (.+?) .*D (\S+)", block)}

    first, second = text.split("frontal-5000 (5,000 scenes)")
    assert distances(first)["yaw"] < 0.02  # Kolmogorov: 1.36 / sqrt(5000) at 5 %
    against, compared = second.split("against facesynthetics-5000")
    assert distances(against)["yaw"] > 0.1
    assert distances(compared)["yaw"] > 0.1
    assert distances(compared)["age"] == 0


@pytest.mark.parametrize("sizes", [(10_000,), (150, 3000)])
def test_bins_are_shared_and_densities_normalised(sizes: tuple[int, ...]) -> None:
    series = [np.linspace(-170, 170, n) ** 3 / 170**2 for n in sizes]
    axes = Figure().add_subplot()
    panels.histogram(axes, QUANTITIES["yaw"], series)
    patches = [p for p in axes.patches if isinstance(p, StepPatch)]
    edges = bin_edges(QUANTITIES["yaw"], series)
    assert edges[0] <= -170
    assert edges[-1] >= 170
    for patch in patches:
        density, at, _ = patch.get_data()
        assert np.array_equal(at, edges)
        assert np.sum(density * np.diff(at)) == pytest.approx(100)  # per cent


@pytest.mark.parametrize("preset", preset_names())
@pytest.mark.usefixtures("_assets")
def test_every_preset_plots(drawn: Drawn, tmp_path: Path, preset: str) -> None:
    layout = load_config(preset).layout
    n = rows_wanted(layout, None, 2) if layout.rows_an_identity > 1 else 300
    path, target = drawn(preset, n), tmp_path / "poses.png"
    args = [str(path), "-o", str(target), "--summary", "--sections", "pose"]
    result = RUNNER.invoke(plot_cli.app, [*args, "--against", preset])
    assert result.exit_code == 0, result.output
    assert target.read_bytes().startswith(b"\x89PNG")
    assert [p.name for p in tmp_path.iterdir()] == ["poses.png"]


@pytest.mark.usefixtures("_assets")
def test_a_set_in_which_nobody_wears_anything_plots(inputs: Inputs, tmp_path: Path) -> None:
    bare = [f"{kind}.share=0" for kind in ("glasses", "headwear", "clothing")]
    path, target = tmp_path / "bare.parquet", tmp_path / "bare.pdf"
    write_manifest(Sampler(load_config(overrides=bare), inputs, 5, "train"), 0, 1, path)
    result = RUNNER.invoke(plot_cli.app, [str(path), "-o", str(target), "--summary"])
    assert result.exit_code == 0, result.output
    assert target.read_bytes().startswith(b"%PDF")


@pytest.mark.usefixtures("_assets")
def test_whole_pages_are_vectors_with_real_fonts(drawn: Drawn, tmp_path: Path) -> None:
    sets = [str(drawn(*s)) for s in (("facesynthetics", 5000), ("sequence", 600))]
    pdf, svg = tmp_path / "all.pdf", tmp_path / "all.svg"
    result = RUNNER.invoke(plot_cli.app, [*sets, "-o", str(pdf), "--against", "wide"])
    assert result.exit_code == 0, result.output
    data = pdf.read_bytes()
    assert data.startswith(b"%PDF")
    assert len(re.findall(rb"/Type /Page\b", data)) > 3
    assert b"/CIDFontType2" in data
    assert b"/Type3" not in data
    result = RUNNER.invoke(plot_cli.app, [*sets, "-o", str(svg), "--sections", "pose,tracks"])
    assert result.exit_code == 0, result.output
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", svg.read_text())
    assert {"yaw (°)", "pitch (°)", "roll (°)", "Tracks over time", "track 1"} <= set(texts)
    assert "facesynthetics-5000 (5,000 scenes)" in texts


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
@pytest.mark.usefixtures("_assets")
def test_equal_input_gives_equal_bytes(
    drawn: Drawn, tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(drawn("facesynthetics", 5000))
    made = []
    for name, epoch in (("a", None), ("b", "86400")):
        if epoch:
            monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)  # the date as matplotlib would see it
        target = tmp_path / f"{name}.{suffix}"
        result = RUNNER.invoke(plot_cli.app, [path, "-o", str(target), "--sections", "pose"])
        assert result.exit_code == 0, result.output
        made.append(target.read_bytes())
    assert made[0] == made[1]
    assert b"CreationDate" not in made[0]
    assert b"dc:date" not in made[0]


def test_a_stability_set_says_how_it_is_grouped(drawn: Drawn, inputs: Inputs) -> None:
    text = summary([_read(drawn("stability", 66), inputs)])
    assert "2 identities × 33 variations, the first neutral in 2" in text


def test_a_sequence_says_how_long_its_tracks_are(drawn: Drawn, inputs: Inputs) -> None:
    figures = _read(drawn("sequence", 600), inputs)
    assert "2 tracks × 300 frames, up to 9.97 s; 2 identities" in summary([figures])
    table = pq.read_table(drawn("sequence", 600))
    track = figures.tracks[1]
    rows = values(table, "sample.track_id") == track.id
    assert np.array_equal(track.yaw, values(table, "pose.yaw_deg")[rows])
    assert np.array_equal(track.time_s, values(table, "sample.time_s")[rows])
    assert track.blink.max() > 0.9


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("pose.yaw_deg", np.nan, "row 7: pose.yaw_deg is nan: must be a finite number"),
        ("pose.yaw_deg", 200.0, "row 7: pose.yaw_deg is 200.0: must be <= 180"),
        ("expression.jawOpen", -3.0, "row 7: expression.jawOpen is -3.0: must be >= -2"),
        ("identity.age_years", np.inf, "row 7: identity.age_years is inf"),
    ],
)
@pytest.mark.usefixtures("_assets")
def test_what_could_not_be_rendered_is_not_plotted(
    drawn: Drawn, tmp_path: Path, column: str, value: float, message: str
) -> None:
    bad = _spoiled(drawn("facesynthetics", 40), tmp_path / "bad.parquet", column, 7, value)
    result = RUNNER.invoke(plot_cli.app, [str(bad), "-o", str(tmp_path / "x.png"), "--summary"])
    assert result.exit_code == 2
    assert message in result.output
    assert not (tmp_path / "x.png").exists()


@pytest.mark.usefixtures("_assets")
@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["{m}"], "nothing to do"),
        (["-o", "x.png"], "what to plot?"),
        (["{m}", "-o", "x.bmp"], "must end in .png, .svg, .pdf"),
        (["{m}", "-o", "{d}"], "is a folder"),
        (["{m}", "-o", "{d}/no/x.png"], "there is no folder"),
        (["{m}", "-o", "/dev/null"], "not a regular file"),
        (["{m}", "-o", "x.png", "--sections", "pose,poeple"], "did you mean 'people'?"),
        (["{m}", "-o", "x.png", "--sections", "tracks"], "none of the sets has tracks"),
        (["{m}", "--summary", "--against", "facesynthetic"], "did you mean 'facesynthetics'?"),
        (["{d}/none.parquet", "--summary"], "no such file"),
        (["{d}", "--summary"], "no dataset of rf-render"),
        (["{d}/text.parquet", "--summary"], "not a readable Parquet file"),
    ],
)
def test_a_wrong_call_ends_with_2_and_one_message(
    drawn: Drawn, tmp_path: Path, args: list[str], message: str
) -> None:
    (tmp_path / "text.parquet").write_text("no table")
    paths = {"{m}": str(drawn("facesynthetics", 40)), "{d}": str(tmp_path)}
    for short, path in paths.items():
        args = [a.replace(short, path) for a in args]
    result = RUNNER.invoke(plot_cli.app, args)
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output
    assert not os.path.exists("x.png")


@pytest.mark.usefixtures("_assets")
def test_a_device_behind_a_link_is_left_alone(drawn: Drawn, tmp_path: Path) -> None:
    link = tmp_path / "x.png"
    link.symlink_to("/dev/null")
    result = RUNNER.invoke(plot_cli.app, [str(drawn("facesynthetics", 40)), "-o", str(link)])
    assert result.exit_code == 2
    assert "not a regular file" in result.output
    assert link.is_symlink()


def test_version() -> None:
    result = RUNNER.invoke(plot_cli.app, ["--version"])
    assert result.exit_code == 0
    assert re.fullmatch(r"rf-plot \S+\n", result.output)


def test_the_help_names_every_section() -> None:
    text = RUNNER.invoke(plot_cli.app, ["--help"]).output
    assert f"Sections: {', '.join(plots.SECTIONS)}" in text


def test_an_unknown_shape_key_is_refused(drawn: Drawn) -> None:
    with pytest.raises(ManifestError, match=r"identity.shape.asym-nose-1'.*no such shape key"):
        open_sources([drawn("facesynthetics", 40)], ["nose-hump"])


def test_sets_of_one_name_are_told_apart(drawn: Drawn, tmp_path: Path) -> None:
    paths = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        paths.append(tmp_path / name / "manifest.parquet")
        shutil.copy(drawn("facesynthetics", 40), paths[-1])
    assert [s.name for s in open_sources(paths, None)] == ["a/manifest", "b/manifest"]
    same = [s.name for s in open_sources([paths[0], paths[0]], None)]
    assert len(set(same)) == 2


class TestRenderedFolder:
    """Folders that ``rf-render`` itself wrote, with a stand-in for Blender."""

    @pytest.fixture
    def runner(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runner:
        return Runner(tmp_path, monkeypatch)

    @pytest.fixture
    def rendered(self, runner: Runner) -> Path:
        code, told = runner.render(runner.folder / "faces", "1/2")
        assert code == 0, told
        return runner.folder / "faces"

    def test_complete_samples_are_laid_over_the_plan(self, runner: Runner, rendered: Path) -> None:
        planned, done = open_sources([runner.manifest, rendered], None)
        assert planned.title == "faces.parquet (7 scenes)"
        assert done.title == "faces (4 of 7 rendered)"
        everything = pa.Table.from_batches(planned.batches())
        some = pa.Table.from_batches(done.batches())
        assert some.equals(everything.take([0, 2, 4, 6]))

    def test_other_rows_than_the_manifest_has(self, rendered: Path) -> None:
        marker = rendered / "00000" / "00000006.done.json"
        text = json.loads(marker.read_text()) | {"row": 12}
        (rendered / "00000" / "00000012.done.json").write_text(json.dumps(text))
        with pytest.raises(DatasetError, match=r"row 12 .* manifest has 7 rows"):
            open_sources([rendered], None)

    def test_a_manifest_that_was_exchanged(self, rendered: Path) -> None:
        manifest = Manifest(rendered / "manifest.parquet")
        adopt(manifest.table().slice(0, 6), manifest, rendered / "manifest.parquet")
        with pytest.raises(DatasetError, match=r"not the manifest that dataset.json says"):
            open_sources([rendered], None)

    def test_a_broken_marker_is_passed_over_and_counted(self, rendered: Path) -> None:
        (rendered / "00000" / "00000002.done.json").write_text("{")
        (source,) = open_sources([rendered], None)
        assert source.rendered is not None
        assert source.rendered.tolist() == [0, 4, 6]
        assert source.broken == 1

    def test_nothing_complete(self, rendered: Path) -> None:
        for marker in (rendered / "00000").glob("*.done.json"):
            marker.unlink()
        with pytest.raises(DatasetError, match="no complete sample"):
            open_sources([rendered], None)


def test_reading_stops_at_the_first_offence(drawn: Drawn, tmp_path: Path) -> None:
    bad = _spoiled(drawn("facesynthetics", 40), tmp_path / "bad.parquet", "pose.z_m", 39, -1.0)
    (source,) = open_sources([bad], None)
    with pytest.raises(SpecError, match=r"row 39: pose.z_m is -1.0: must be > 0.05"):
        list(source.batches())
