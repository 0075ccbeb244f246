"""The gallery with all 4,224 channels of two networks, in Chromium, from disk: how long one waits.

    python -m benchmarks.gallery_speed

Pictures are noise, one sheet stands in for all of a view; sizes of sheets are those of a real atlas. Seconds until the
wall's first pictures are decoded, until a channel is (deep link, arrow key), and until a class is found.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from pathlib import Path

from tests.browser.chromium import Page
from tests.browser.test_report import LAYERS, write_run

_SEEN = """Promise.all([...document.querySelectorAll('#main img')].filter(image => {
  const box = image.parentElement.getBoundingClientRect();
  return image.checkVisibility() && box.bottom > 0 && box.top < innerHeight;
}).map(image => image.decode())).then(all => all.length)"""


def seen(page: Page, condition: str) -> float:
    """Seconds until a condition holds and every picture in sight is decoded."""
    start = time.perf_counter()
    page.wait(condition)
    page.evaluate(_SEEN)
    return time.perf_counter() - start


def main() -> None:
    page = Page()
    with tempfile.TemporaryDirectory() as folder:
        report = write_run(Path(folder), LAYERS)
        start = time.perf_counter()
        page.open(report / "gallery.html")
        seen(page, "document.querySelectorAll('#wall li').length > 20")
        wall = time.perf_counter() - start
        start = time.perf_counter()
        page.open(report / "gallery.html", "#log_polar/conv5_2/137")
        seen(page, "document.querySelector('#channel h2')")
        deep = time.perf_counter() - start
        following = []
        for channel in range(138, 168):
            page.press("ArrowRight")
            following.append(seen(page, f"document.querySelector('#channel h2').textContent.endsWith(' {channel}')"))
        page.open(report / "gallery.html", "#all")
        page.wait("document.getElementById('status').textContent === '4224 channels'")
        page.evaluate("document.getElementById('class').value = 'zebra'")
        start = time.perf_counter()
        page.evaluate("controls.dispatchEvent(new Event('input'))")
        page.wait("document.querySelectorAll('#wall li').length > 0 && !wall.hidden")
        find = time.perf_counter() - start
    page.close()
    seconds = {
        "wall": wall,
        "deep_link": deep,
        "next_channel": statistics.median(following),
        "slowest_of_30": max(following),
        "class_filter": find,
    }
    print(json.dumps({name: round(value, 3) for name, value in seconds.items()}))


if __name__ == "__main__":
    main()
