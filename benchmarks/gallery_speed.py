"""The gallery with all channels of two networks, in Chromium, from disk: how long one waits.

    python -m benchmarks.gallery_speed                                 # the 4,224 channels of VGG-16
    python -m benchmarks.gallery_speed --layers 50 --channels 500

Pictures are noise, one sheet stands in for all of a view; sizes of sheets are those of a real atlas. Seconds until
the wall's first pictures are decoded, until a channel is (deep link, arrow key), until the wall of all layers is
there, and until a class is found in it.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from benchmarks.machine import machine_line
from benchmarks.timing import Stopwatch, spread
from tests.browser.chromium import Page
from tests.browser.test_report import LAYERS, write_run

_SEEN = """Promise.all([...document.querySelectorAll('#main img')].filter(image => {
  const box = image.parentElement.getBoundingClientRect();
  return image.checkVisibility() && box.bottom > 0 && box.top < innerHeight;
}).map(image => image.decode())).then(all => all.length)"""


def seen(page: Page, condition: str) -> float:
    """Seconds until a condition holds and every picture in sight is decoded."""
    with Stopwatch() as watch:
        page.wait(condition)
        page.evaluate(_SEEN)
    return watch.seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, default=0, help="layers with names of a tree of modules; 0: VGG-16's")
    parser.add_argument("--channels", type=int, default=500, help="channels of each of these layers")
    options = parser.parse_args()
    layers = {f"features.{number}": options.channels for number in range(options.layers)} or LAYERS
    last, total = list(layers)[-2], sum(layers.values())
    page = Page()
    with tempfile.TemporaryDirectory() as folder:
        report = write_run(Path(folder), layers)
        with Stopwatch() as wall:
            page.open(report / "gallery.html")
            seen(page, "document.querySelectorAll('#wall li').length > 20")
        with Stopwatch() as deep_link:
            page.open(report / "gallery.html", f"#log_polar/{last}/137")
            seen(page, "document.querySelector('#channel h2')")
        following = []
        for channel in range(138, 168):
            page.press("ArrowRight")
            following.append(seen(page, f"document.querySelector('#channel h2').textContent.endsWith(' {channel}')"))
        with Stopwatch() as all_layers:
            page.open(report / "gallery.html", "#all")
            seen(page, f"document.getElementById('status').textContent === '{total} channels'")
        page.evaluate("document.getElementById('class').value = 'zebra'")
        with Stopwatch() as class_filter:
            page.evaluate("controls.dispatchEvent(new Event('input'))")
            page.wait("document.querySelectorAll('#wall li').length > 0 && !wall.hidden")
    page.close()
    next_channel = spread(following)
    seconds = {
        "machine": machine_line(),
        "wall": round(wall.seconds, 3),
        "deep_link": round(deep_link.seconds, 3),
        "next_channel": next_channel["median"],
        "slowest_of_30": next_channel["max"],
        "all_layers": round(all_layers.seconds, 3),
        "class_filter": round(class_filter.seconds, 3),
    }
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
