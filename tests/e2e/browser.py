"""Chromium as a visitor of the hub, and everything that must not happen in it."""

import contextlib
import os
import pathlib
import re
import shutil
import time
import urllib.parse

from playwright.sync_api import sync_playwright

ROOT = pathlib.Path(__file__).resolve().parents[2]
AXE = ROOT / "tests/clients/node_modules/axe-core/axe.min.js"
WIDE = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}

# Before any script of a page: what a script that got in would do, and what the policy stopped, is told.
_TELLTALES = """
Object.defineProperty(window, '__xss', { set(value) { told('script ran: ' + value); }, get() { return undefined; } });
const watched = { childList: true, subtree: true, attributes: true };
new MutationObserver((records) => {
  for (const record of records)
    for (const root of record.type === 'attributes' ? [record.target] : record.addedNodes)
      for (const element of root instanceof Element ? [root, ...root.querySelectorAll('*')] : [])
        for (const { name } of element.attributes)
          if (name.startsWith('on')) told('a handler: ' + element.outerHTML.slice(0, 200));
}).observe(document, watched);
document.addEventListener('securitypolicyviolation', (event) =>
  told('policy: ' + event.effectiveDirective + ' ' + event.blockedURI + ' ' + event.sample + ' at ' + (event.target.outerHTML ?? '').slice(0, 200)));
"""

# Who types beside a coloured word: the browser's own editing wants to give the letters that colour, in a style attribute.
TYPING = ["policy: style-src-attr", "console: Applying inline style"]


def browser_path():
    """The system's Chromium: EMBRACE_BROWSER, or the package's."""
    for name in (os.environ.get("EMBRACE_BROWSER"), "/usr/bin/chromium", shutil.which("chromium-browser"), shutil.which("google-chrome")):
        if name and pathlib.Path(name).exists():
            return name
    raise FileNotFoundError("no Chromium: install the package chromium, or set EMBRACE_BROWSER")


@contextlib.contextmanager
def open_browser():
    options = ["--disable-dev-shm-usage", "--font-render-hinting=none"]
    if os.geteuid() == 0:
        options.append("--no-sandbox")  # Chromium refuses to run as root otherwise
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=options, env=_quiet_env())
        try:
            yield browser
        finally:
            browser.close()


def _quiet_env():
    return {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}


class Visitor:
    """One person's browser: its pages, and what went wrong in them. `wrong` stays empty in a good visit."""

    def __init__(self, browser, hub, theme="light", size=WIDE, has_policy=True):
        """Without the policy, nothing but the pages themselves keeps strangers' scripts from running."""
        self.hub = hub
        self.wrong = []
        self._under_way = set()  # requests without an answer yet
        self.allowed = []  # parts of messages that the test means to provoke
        self.context = browser.new_context(
            base_url=hub.url,
            color_scheme=theme,
            viewport=size,
            reduced_motion="reduce",
            locale="en-US",
            accept_downloads=True,
            bypass_csp=not has_policy,
            permissions=["clipboard-read", "clipboard-write"],
        )
        self.context.set_default_timeout(20_000)
        self.context.expose_binding("told", lambda _, text: self._complain(text))
        self.context.add_init_script(_TELLTALES)
        self.context.on("request", self._on_request)
        self.context.on("response", self._on_response)
        self.context.on("requestfinished", lambda request: self._under_way.discard(request))
        self.context.on("requestfailed", lambda request: self._under_way.discard(request))
        self.context.on("console", self._on_console)
        self.context.on("weberror", lambda error: self._complain(f"error in the page: {error.error}"))
        self.context.on("page", lambda page: page.on("dialog", self._on_dialog))
        self.page = self.context.new_page()

    def log_in(self, name, password):
        answer = self.context.request.post("/api/login", data={"user": name, "password": password})
        assert answer.ok, answer.text()
        return self

    def go(self, path):
        """Opens a page and waits until it shows what it has."""
        answer = self.page.goto(path)
        self.page.locator("h1").first.wait_for(state="attached")  # every page has one
        self.settle()
        return answer

    def settle(self):
        """Waits until nothing is asked for any more, twice in a row, and nothing says that it is loading."""
        self.page.wait_for_load_state("load")
        give_up = time.monotonic() + 20
        quiet = 0
        while quiet < 2:
            self.page.wait_for_timeout(40)
            loading = self.page.evaluate(
                """new Promise((tell) => requestIdleCallback(
                     () => tell(document.querySelector('[role=status][aria-label=Loading]') !== null)))"""
            )
            quiet = 0 if self._under_way or loading else quiet + 1
            assert time.monotonic() < give_up, f"{self.page.url} does not come to rest: {[r.url for r in self._under_way]}"

    def check_axe(self):
        """What axe-core finds wrong, as sentences."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE.read_text())
        found = self.page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
        return [f"{rule['id']}: {node['target']} {node['failureSummary']}" for rule in found["violations"] for node in rule["nodes"]]

    def switch_theme(self):
        """Gives the name of the theme that is shown then."""
        button = self.page.get_by_role("button", name=re.compile("^Switch to (dark|light) theme$"))
        theme = button.get_attribute("aria-label").split()[2]
        button.click()
        self.draw()
        return theme

    def resize(self, size):
        self.page.set_viewport_size(size)
        self.draw()

    def draw(self):
        """Waits until what has changed is drawn: colours change over a frame."""
        self.page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(drawn))))")

    def overflow(self):
        """By how many pixels the page is wider than the screen."""
        return self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")

    def close(self):
        self.context.close()

    def _complain(self, text):
        if not any(part in text for part in self.allowed):
            self.wrong.append(f"{self.page.url}: {text}")

    def _on_request(self, request):
        if request.resource_type != "eventsource":
            self._under_way.add(request)
        url = urllib.parse.urlsplit(request.url)
        # Chromium's viewer of PDF files is made of pages of its own.
        if url.scheme not in ("data", "blob", "about", "chrome", "chrome-extension") and f"{url.scheme}://{url.netloc}" != self.hub.url:
            self._complain(f"asked another site: {request.url}")

    def _on_response(self, response):
        if response.status >= 500:
            self._complain(f"{response.status} for {response.request.method} {response.url}")

    def _on_console(self, message):
        # "Failed to load resource" is the browser's word for any answer of 400 and above; pages that ask for
        # what may be absent show it as such. Server errors are caught as responses.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self._complain(f"console: {message.text}")

    def _on_dialog(self, dialog):
        if dialog.type != "beforeunload":
            self._complain(f"a dialog opened: {dialog.type} {dialog.message}")
        dialog.accept()
