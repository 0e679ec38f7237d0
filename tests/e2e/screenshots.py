#!/usr/bin/env python3
"""Takes the pictures of the guide: the ten main pages into docs/guide/pages/, in PNG.

    ./dev screenshots [FOLDER]
"""

import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/clients"), str(ROOT / "tests/e2e")]

from browser import Visitor, open_browser  # noqa: E402
from hub_process import HubProcess  # noqa: E402
from people import PASSWORD, populate  # noqa: E402
from showroom import MAIN_PAGES, furnish  # noqa: E402

SIZE = {"width": 1200, "height": 800}


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs/guide/pages"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="showroom-") as name, open_browser() as browser:
        hub = HubProcess(name, settings={"allow_sign_up": "true"}).start()
        try:
            populate(hub)
            showroom = furnish(hub)
            for page, (_, who) in MAIN_PAGES.items():
                visitor = Visitor(browser, hub, size=SIZE)
                if who:
                    visitor.log_in(who, PASSWORD)
                visitor.go(showroom.path(page))
                path = folder / f"{page}.png"
                visitor.page.screenshot(path=path)
                print(f"{path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}: {path.stat().st_size // 1000} kB")
                assert not visitor.wrong, visitor.wrong
                visitor.close()
        finally:
            hub.stop()


if __name__ == "__main__":
    main()
