"""The report in a real browser, without a network: filters, sorting, pages, overlays, tabs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from converters.report.write import ReportOptions, write_report
from tests.converters.report.browser import offline_page, opened_browser
from tests.converters.report.made import FAILED, write_reported, yaw_of

SAMPLES = 70


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reported")
    dataset = write_reported(folder / "dataset", SAMPLES)
    write_report(dataset, folder / "report.html", ReportOptions())
    return folder / "report.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with opened_browser() as opened:
        yield opened


@pytest.fixture
def page(browser: Browser, report: Path) -> Iterator[Page]:
    complaints: list[str] = []
    opened = offline_page(browser, complaints)
    opened.goto(report.as_uri())
    opened.wait_for_selector("html[data-ready]", state="attached", timeout=20_000)
    yield opened
    opened.context.close()
    assert complaints == []


def rows(page: Page) -> list[int]:
    """Rows of the cards that are shown, in order."""
    return page.eval_on_selector_all(".card", "cards => cards.map(c => Number(c.dataset.row))")


def all_rows(page: Page) -> list[int]:
    """Rows of all pages, in order."""
    found = rows(page)
    while page.is_enabled("#next"):
        page.click("#next")
        found += rows(page)
    return found


def test_pictures_are_shown(page: Page) -> None:
    assert page.inner_text("#count") == f"{SAMPLES + FAILED} samples"
    page.wait_for_function("[...document.querySelectorAll('.image')].every(i => i.naturalWidth)")
    assert page.eval_on_selector(".image", "i => i.naturalWidth") == 384
    assert page.locator(".card").count() == 60


def test_pages(page: Page) -> None:
    assert page.is_disabled("#previous")
    first = rows(page)
    page.click("#next")
    assert rows(page) == list(range(60, SAMPLES + FAILED))
    assert page.is_disabled("#next")
    page.select_option("#page-size", "24")
    assert page.inner_text("#pages") == "3"
    page.fill("#page", "3")
    page.keyboard.press("Enter")
    assert rows(page) == list(range(48, SAMPLES + FAILED))
    page.click("#first")
    assert rows(page) == first[:24]


def test_filter_by_pose(page: Page) -> None:
    page.fill('[data-field="pose.yaw_deg"] [data-end=low]', "-12")
    page.fill('[data-field="pose.yaw_deg"] [data-end=high]', "20.5")
    expected = [r for r in range(SAMPLES + FAILED) if -12 <= yaw_of(r) <= 20.5]
    assert all_rows(page) == expected
    assert page.inner_text("#count") == f"{len(expected)} of {SAMPLES + FAILED} samples"
    page.click("#reset")
    assert page.inner_text("#count") == f"{SAMPLES + FAILED} samples"


def test_filter_by_attribute(page: Page) -> None:
    page.select_option('[data-field="glasses.id"] select', "round")
    page.select_option('[data-field="hair.style"] select', "bob")
    assert all_rows(page) == [r for r in range(SAMPLES + FAILED) if r % 3 == 0]
    page.select_option('[data-field="hair.style"] select', "afro")
    assert rows(page) == []
    assert page.is_visible("#nothing")


def test_filter_that_is_added(page: Page) -> None:
    page.select_option("#add-filter", "identity.age_years")
    page.fill('[data-field="identity.age_years"] [data-end=low]', "68")
    assert all_rows(page) == [r for r in range(SAMPLES + FAILED) if 20 + r % 50 >= 68]
    page.click('[data-field="identity.age_years"] button')
    assert page.inner_text("#count") == f"{SAMPLES + FAILED} samples"


def test_failures(page: Page) -> None:
    page.select_option('[data-field="status"] select', "failed")
    assert rows(page) == [SAMPLES, SAMPLES + 1]
    assert "crash" in page.inner_text(".card.failed >> nth=0")
    page.click("[data-tab=failures]")
    text = page.inner_text("#failures")
    assert f"{SAMPLES} done, {FAILED} failed" in text
    assert "a timeout </script> here" in text


def test_sort_by_pose(page: Page) -> None:
    everyone = range(SAMPLES + FAILED)
    page.select_option("#sort", "pose.yaw_deg")
    assert all_rows(page) == sorted(everyone, key=yaw_of)
    page.click("#direction")
    assert all_rows(page) == sorted(everyone, key=yaw_of, reverse=True)


@pytest.mark.parametrize(
    ("overlay", "selector"),
    [
        ("mask", ".picture .mask"),
        ("depth", ".picture .depth"),
        ("landmarks", ".picture path.landmarks"),
        ("axes", ".picture path.axis"),
        ("gaze", ".picture path.gaze"),
        ("boxes", ".picture path.box"),
    ],
)
def test_overlay(page: Page, overlay: str, selector: str) -> None:
    assert page.locator(selector).count() == 0
    page.check(f"aside [data-overlay={overlay}]")
    assert page.locator(selector).count() >= 60
    if overlay in ("mask", "depth"):
        page.wait_for_function(
            "s => [...document.querySelectorAll(s)].every(i => i.naturalWidth)", arg=selector
        )
    page.uncheck(f"aside [data-overlay={overlay}]")
    assert page.locator(selector).count() == 0


def test_axes_lie_where_the_head_is(page: Page) -> None:
    """The origin between the eyes is drawn within the box of the face."""
    page.check("aside [data-overlay=axes]")
    page.check("aside [data-overlay=boxes]")
    axis = page.eval_on_selector(".card path.axis", "p => p.getAttribute('d')")
    box = page.eval_on_selector(".card path.box", "p => p.getAttribute('d')")
    x, y = (float(v) for v in axis[1:].split("L")[0].split())
    corners = [tuple(map(float, c.split())) for c in box[1:-1].split("L")]
    (x0, y0), (x1, y1) = corners[0], corners[2]
    assert x0 < x < x1
    assert y0 < y < y1


def test_large_view(page: Page) -> None:
    page.click(".card >> nth=2")
    assert page.is_visible("#detail")
    assert page.inner_text("#detail-title") == "row 2, index 1002"
    page.check("#detail [data-overlay=landmarks]")
    assert page.locator("#detail path.landmarks").count() >= 2
    assert page.is_checked("aside [data-overlay=landmarks]")
    page.click("#detail-next")
    assert page.inner_text("#detail-title") == "row 3, index 1003"
    assert "identity · age years\t23" in page.inner_text("#detail-values")
    page.keyboard.press("ArrowLeft")
    assert page.inner_text("#detail-title") == "row 2, index 1002"
    page.click("#detail-close")
    assert not page.is_visible("#detail")


def test_distributions(page: Page) -> None:
    page.fill('[data-field="pose.yaw_deg"] [data-end=low]', "0")
    page.click("[data-tab=spread]")
    chart = '.chart[data-field="pose.yaw_deg"] '
    assert page.locator(chart + ".planned").count() == 1
    assert page.locator(chart + ".rendered").count() == 12
    heights = page.eval_on_selector_all(
        chart + ".filtered", "bars => bars.map(b => Number(b.getAttribute('height')))"
    )
    assert sum(heights[:6]) == 0 < min(heights[6:])
    few = page.locator(".chart").count()
    page.check("#all-fields")
    assert page.locator(".chart").count() > 2 * few


def test_throughput(page: Page) -> None:
    page.click("[data-tab=speed]")
    text = page.inner_text("#speed")
    assert "mean of a sample, wall" in text
    assert "paths" in text
    assert "900 MB" in text


def test_licences(page: Page) -> None:
    page.click("[data-tab=licences]")
    duty = page.inner_text(".duty")
    assert "frames: CC-BY-4.0. Ada <Lovelace>" in duty
    assert "head:" not in duty
    assert "its makers" in page.inner_text("#licences")
