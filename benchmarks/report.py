"""How large and how quick the page of ``rf-report`` is with many samples.

    python -m benchmarks.report [SAMPLES [WORKERS [DATASET]]]

Pictures are those of DATASET in turns (a folder of rf-render), or drawn ones. Prints the time to
write the page, its size, and in a headless browser the time until it can be used, of a filter, of
a sorted page with every overlay, and the memory of its programs.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

from converters.report.write import ReportOptions, write_report
from tests.converters.report.browser import offline_page, opened_browser
from tests.converters.report.made import write_reported

_SIDE = 256


def _told(what: str, value: str) -> None:
    print(f"{what:46} {value}", flush=True)  # noqa: T201


def main() -> None:
    """Build, write, open, click."""
    given = sys.argv[1:]
    samples = int(given[0]) if given else 10_000
    workers = int(given[1]) if len(given) > 1 else 1
    pictures = sorted(Path(given[2]).glob("[0-9]*/" + "[0-9]" * 8 + ".png")) if given[2:] else []
    opened = [Image.open(p).convert("RGB").resize((_SIDE, _SIDE)) for p in pictures]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dataset = write_reported(folder / "dataset", samples, _SIDE, opened)
        begin = time.perf_counter()
        write_report(dataset, folder / "report.html", ReportOptions(workers=workers))
        _told(f"{samples} samples of {_SIDE} px, {workers} worker(s)", "")
        _told("write the page", f"{time.perf_counter() - begin:.1f} s")
        _told("page", f"{(folder / 'report.html').stat().st_size / 1e6:.1f} MB")
        _in_browser(folder / "report.html")


def _in_browser(report: Path) -> None:
    complaints: list[str] = []
    with opened_browser() as browser:
        page = offline_page(browser, complaints)
        begin = time.perf_counter()
        page.goto(report.as_uri())
        page.wait_for_selector("html[data-ready]", state="attached", timeout=120_000)
        page.wait_for_function("[...document.querySelectorAll('.image')].every(i => i.complete)")
        _told("open until the first pictures are shown", f"{time.perf_counter() - begin:.2f} s")
        for what, program in (
            ("filter by yaw", "filters.get('pose.yaw_deg').low = 10; choose()"),
            ("sort by age", "byId('sort').value = 'identity.age_years'; choose()"),
            ("turn to the last page", "goTo(1e9)"),
            ("switch all overlays on", "OVERLAYS.forEach(o => overlaysOn.add(o)); drawCards()"),
            ("draw the distributions", "document.querySelector('[data-tab=spread]').click()"),
        ):
            took = page.evaluate(
                f"() => {{ const t = performance.now(); {program}; return performance.now() - t; }}"
            )
            _told(what, f"{took:.0f} ms")
        _told("memory of its programs", f"{_heap_mb(page):.0f} MB")
    if complaints:
        raise SystemExit("\n".join(complaints))


def _heap_mb(page: object) -> float:
    return float(page.evaluate("() => performance.memory.usedJSHeapSize")) / 1e6  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
