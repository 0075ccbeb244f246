"""Takes the picture of the gallery for README: a wall of one layer, in Chromium, as WebP.

    python -m docs.make_gallery_picture RUN [--layer conv5_2] [--quality 80]

RUN is a finished run whose gallery has channels of both views. Prints the size of the picture; README's should stay
below 150 kB.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from tests.browser.chromium import Page

PICTURE = Path(__file__).parent / "images" / "gallery.webp"
IN_SIGHT = """Promise.all([...document.querySelectorAll('#wall img')]
  .filter(image => image.parentElement.getBoundingClientRect().top < innerHeight).map(image => image.decode()))
  .then(() => new Promise(requestAnimationFrame)).then(() => true)"""
"""Done when every picture in sight is drawn: they are loaded when they come into sight."""
WIDTH, HEIGHT = 1280, 740
"""Of the window, in px. Source: our choice; four rows of channels."""


def main() -> None:
    """Open the gallery, wait for its pictures, write what is in sight."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--layer", default="conv5_2")
    parser.add_argument("--quality", type=int, default=80)
    options = parser.parse_args()
    page = Page(WIDTH, HEIGHT)
    try:
        page.open(options.run.resolve() / "report" / "gallery.html", f"#{options.layer}")
        page.wait("document.querySelectorAll('#wall img').length > 0")
        page.evaluate(IN_SIGHT)
        with TemporaryDirectory() as folder:
            page.screenshot(Path(folder) / "gallery.png")
            with Image.open(Path(folder) / "gallery.png") as picture:
                picture.convert("RGB").save(PICTURE, quality=options.quality, method=6)
    finally:
        page.close()
    print(f"{PICTURE}: {PICTURE.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
