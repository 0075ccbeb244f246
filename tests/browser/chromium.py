"""A page in a real Chromium, driven over the DevTools protocol."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import websocket

PROGRAM = shutil.which("chromium") or shutil.which("google-chrome")
_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
    "--remote-allow-origins=*",
]
_PATIENCE_S = 20.0
_KEYS = {"ArrowLeft": 37, "ArrowRight": 39, "Escape": 27, "Enter": 13, "Tab": 9, "/": 191}


class NavigatedError(RuntimeError):
    """The page went elsewhere before it could answer."""


class Page:
    """One page; `complaints` collects console errors, exceptions and what the page's policy refused."""

    def __init__(self, width: int = 1280, height: int = 900) -> None:
        assert PROGRAM is not None
        self._folder = tempfile.mkdtemp(prefix="chromium-")
        self._process = subprocess.Popen(
            [PROGRAM, *_FLAGS, f"--user-data-dir={self._folder}", f"--window-size={width},{height}", "about:blank"],
            env={**os.environ, "TMPDIR": self._folder},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.complaints: list[str] = []
        self._number = 0
        self._socket = websocket.create_connection(self._address(), timeout=_PATIENCE_S)
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        self.resize(width, height)

    def _address(self) -> str:
        """Where the page listens: Chromium writes its port into its folder, and its pages onto that port."""
        port_file = Path(self._folder) / "DevToolsActivePort"
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            if port_file.exists() and (lines := port_file.read_text().split()):
                with urllib.request.urlopen(f"http://127.0.0.1:{lines[0]}/json", timeout=_PATIENCE_S) as answer:
                    pages = [target for target in json.load(answer) if target["type"] == "page"]
                if pages:
                    return str(pages[0]["webSocketDebuggerUrl"])
            time.sleep(0.05)
        raise TimeoutError("Chromium did not open a page")

    def close(self) -> None:
        """End this Chromium and remove its folder."""
        self._socket.close()
        self._process.terminate()
        self._process.wait(_PATIENCE_S)
        shutil.rmtree(self._folder, ignore_errors=True)

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol and return its result."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv())
            self._listen(message)
            if message.get("id") == self._number:
                if "navigated" in message.get("error", {}).get("message", ""):
                    raise NavigatedError(method)
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']['message']}")
                return message["result"]

    def _listen(self, message: dict[str, Any]) -> None:
        event = message.get("params", {})
        match message.get("method"):
            case "Log.entryAdded" if event["entry"]["level"] == "error":
                self.complaints.append(event["entry"]["text"])
            case "Runtime.exceptionThrown":
                self.complaints.append(event["exceptionDetails"].get("exception", {}).get("description", "exception"))
            case "Runtime.consoleAPICalled" if event["type"] in ("error", "assert", "warning"):
                self.complaints.append(str(event["args"]))
            case "Network.requestWillBeSent" if not event["request"]["url"].startswith(("file:", "data:")):
                self.complaints.append(f"asked the network for {event['request']['url']}")

    def resize(
        self, width: int, height: int, *, dark: bool = False, phone: bool = False, scale: float | None = None
    ) -> None:
        """Set the size in CSS px, the colour scheme, whether this is a phone, and device px of a CSS px."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale or (2 if phone else 1),
            mobile=phone,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])

    def open(self, path: Path, fragment: str = "") -> None:
        """Load a file afresh and wait until it and its pictures in sight are there."""
        self.send("Page.navigate", url="about:blank")
        self.wait("location.href === 'about:blank'")
        self.send("Page.navigate", url=path.as_uri() + fragment)
        self.wait("location.href !== 'about:blank' && document.readyState === 'complete'")

    def evaluate(self, expression: str) -> Any:
        """The value of an expression, awaited if it is a promise."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"].get("exception", {}).get("description", expression))
        return answer["result"].get("value")

    def wait(self, condition: str) -> float:
        """Wait until an expression is true; return the seconds that took."""
        start = time.monotonic()
        while time.monotonic() < start + _PATIENCE_S:
            with suppress(NavigatedError):
                if self.evaluate(f"Boolean({condition})"):
                    return time.monotonic() - start
            time.sleep(0.01)
        raise TimeoutError(f"never true: {condition}")

    def press(self, key: str) -> None:
        """Press and release a key."""
        code = _KEYS[key]
        # Only a key that also types something, if no more than a line's end, works a button.
        typed = {"text": "\r"} if key == "Enter" else {}
        self.send(
            "Input.dispatchKeyEvent",
            type="keyDown" if typed else "rawKeyDown",
            key=key,
            windowsVirtualKeyCode=code,
            **typed,
        )
        self.send("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def click(self, selector: str) -> None:
        """Click in the middle of an element, as a mouse does, once it has come to rest: pictures that load move it."""
        x, y = self.evaluate(
            f"""(async e => {{
              let box, before;
              do {{
                before = box;
                e.scrollIntoView({{block: 'center', behavior: 'instant'}});
                await new Promise(requestAnimationFrame);
                box = e.getBoundingClientRect();
              }} while (!before || box.x !== before.x || box.y !== before.y);
              return [box.x + box.width / 2, box.y + box.height / 2];
            }})(document.querySelector({json.dumps(selector)}))"""
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def screenshot(self, path: Path, *, whole: bool = False) -> None:
        """Write a PNG of what is in sight, or of the whole page."""
        answer = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(answer["data"]))
