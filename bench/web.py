"""The pages as a browser meets them: the model page by Lighthouse, and the lists where there are many repositories."""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from client import Client, file_line
from processes import ROOT, plain_env

sys.path.insert(0, str(ROOT / "tests/e2e"))
import browser  # noqa: E402

LIGHTHOUSE = ROOT / "bench/node_modules/lighthouse/cli/index.js"
JAVASCRIPT_KB_MAX = 200

CARD = """---
license: apache-2.0
language: [en, de, fr]
library_name: transformers
pipeline_tag: text-generation
tags: [long, card]
---
# A model with much to tell

"""
SECTION = """## Part {n}

What the model does in case {n}, told at some length, because **cards are long**: people copy tables, code and formulas
into them, and want to read them on a phone. See [the files](config.json) and `parameter_{n}`.

```python
from transformers import AutoModelForCausalLM

model_{n} = AutoModelForCausalLM.from_pretrained("bench/long-card", revision="v{n}")
print(sum(p.numel() for p in model_{n}.parameters()))
```

$$ \\mathcal{{L}}_{{{n}}} = -\\sum_{{i=1}}^{{{n}}} \\log p(x_i \\mid x_{{<i}}) $$

| Task | Metric | This | Other |
|---|---|---:|---:|
| One | accuracy | 88.{n} | 87.1 |
| Two | F1 | 71.{n} | 70.4 |

"""


def measure(report, hub, options):
    client = Client(hub)
    measure_model_page(report, hub, client, options)
    with browser.open_browser() as chromium:
        measure_lists(report, hub, chromium, options)


def measure_model_page(report, hub, client, options):
    repo = client.create_repo("long-card")
    card = CARD + "".join(SECTION.format(n=n) for n in range(1, 41))
    client.commit(repo, [file_line("README.md", card.encode()), file_line("config.json", b'{"model_type": "llama"}\n')])
    if not LIGHTHOUSE.exists():
        report.skip("the model page by Lighthouse", "bench/node_modules is missing: ./dev bench installs it")
        return
    found = [ask_lighthouse(f"http://127.0.0.1:{hub.port}/{repo}") for _ in range(min(options.rounds, 3))]
    median = lambda name: statistics.median(each[name] for each in found)
    report.add(f"model page, card of {len(card) // 1000} kB: performance", median("performance"), "of 100", ">= 95")
    report.add("model page: accessibility", min(each["accessibility"] for each in found), "of 100", ">= 95")
    report.add("model page: first contentful paint", median("paint_ms"), "ms", "<= 1000")
    report.add("model page: largest contentful paint", median("largest_ms"), "ms", "")
    report.add("model page: main thread blocked", median("blocked_ms"), "ms", "")
    report.add("model page: JavaScript, compressed", median("javascript_kb"), "kB", f"<= {JAVASCRIPT_KB_MAX}")
    # Lighthouse's own measure of this machine, beside which the others are to be read: 1500 and more is an idle desktop.
    report.add("this machine, by Lighthouse's benchmark", median("machine"), "points", "")


def ask_lighthouse(url):
    """Desktop settings: a fast line and no throttling of the processor."""
    with tempfile.NamedTemporaryFile(suffix=".json") as output:
        node = shutil.which("node", path=f"{ROOT / '.venv/bin'}:{os.environ['PATH']}")
        flags = "--headless=new" + (" --no-sandbox" if os.geteuid() == 0 else "")
        command = [node, LIGHTHOUSE, url, "--quiet", "--preset=desktop", f"--chrome-flags={flags}", "--output=json", f"--output-path={output.name}"]
        command += ["--only-categories=performance,accessibility", "--no-enable-error-reporting"]
        done = subprocess.run(command, capture_output=True, text=True, env=plain_env() | {"CHROME_PATH": browser.browser_path()}, timeout=300)
        told = json.load(open(output.name)) if done.returncode == 0 else {}
    if done.returncode != 0 or told.get("runtimeError"):
        raise RuntimeError(f"lighthouse: {done.stderr[-2000:]}{told.get('runtimeError')}")
    audits = told["audits"]
    scripts = [each for each in audits["network-requests"]["details"]["items"] if each.get("resourceType") == "Script"]
    return {
        "performance": 100 * told["categories"]["performance"]["score"],
        "accessibility": 100 * told["categories"]["accessibility"]["score"],
        "paint_ms": audits["first-contentful-paint"]["numericValue"],
        "largest_ms": audits["largest-contentful-paint"]["numericValue"],
        "blocked_ms": audits["total-blocking-time"]["numericValue"],
        "javascript_kb": sum(each["transferSize"] for each in scripts) / 1000,
        "machine": told["environment"]["benchmarkIndex"],
    }


def fill_up(client, options):
    """As many models as are wanted, named many-N; one in twenty has a card with facts to filter by."""
    try:
        client.call("GET", f"/api/models/bench/many-{options.repositories - 1}")
        return
    except RuntimeError:
        pass
    for n in range(options.repositories):
        try:
            client.create_repo(f"many-{n}")
        except RuntimeError as error:
            if "409" not in str(error):
                raise


def wait_until(page, condition):
    """Looks at every frame. (Playwright's own waiting compiles text in the page, which the policy forbids.)"""
    shown = page.evaluate(
        f"""new Promise((tell) => {{
          const begun = performance.now();
          const look = () => ({condition}) ? tell(true) : performance.now() - begun > 30000 ? tell(false) : requestAnimationFrame(look);
          look();
        }})"""
    )
    if not shown:
        raise RuntimeError(f"{page.url}: not within 30 s: {condition}")


def measure_lists(report, hub, chromium, options):
    client = Client(hub)  # Lighthouse took its time, and the other's connection is closed
    fill_up(client, options)
    tasks = ["text-generation", "image-classification", "translation", "summarization"]
    for n in range(0, options.repositories, max(1, options.repositories // 200)):
        card = f"---\npipeline_tag: {tasks[n % len(tasks)]}\nlicense: mit\nlibrary_name: transformers\n---\n# {n}\n"
        client.commit(f"bench/many-{n}", [file_line("README.md", card.encode())])
    context = chromium.new_context(base_url=f"http://127.0.0.1:{hub.port}", viewport=browser.WIDE)
    page = context.new_page()
    cards = "[...document.querySelectorAll('main article h3 a')]"
    rounds = {"paint": [], "list": [], "typed": [], "chosen": [], "next": []}
    for turn in range(options.rounds + 1):  # the first fills caches, and is not counted
        page.goto("about:blank")
        page.goto("/models", wait_until="commit")
        wait_until(page, f"{cards}.length > 0")
        shown = page.evaluate("performance.now()")
        paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? performance.now()")
        page.wait_for_load_state("networkidle")

        count = options.repositories - 1
        began = time.monotonic()
        page.get_by_role("main").get_by_role("searchbox").first.fill(f"many-{count}")
        wait_until(page, f"{cards}.length === 1")
        typed = time.monotonic() - began
        page.goto("/models")
        page.wait_for_load_state("networkidle")
        began = time.monotonic()
        page.get_by_role("link", name="Translation").or_(page.get_by_role("button", name="Translation")).first.click()
        wait_until(page, "[...document.querySelectorAll('main article')].every((a) => a.textContent.includes('Translation'))")
        chosen = time.monotonic() - began
        page.goto("/models")
        page.wait_for_load_state("networkidle")
        before = page.locator("main article h3 a").first.get_attribute("href")
        began = time.monotonic()
        page.get_by_role("link", name="Next").first.click()
        wait_until(page, f"{cards}[0]?.getAttribute('href') !== {json.dumps(before)}")
        after = time.monotonic() - began
        if turn > 0:
            for name, value in {"paint": paint, "list": shown, "typed": typed * 1000, "chosen": chosen * 1000, "next": after * 1000}.items():
                rounds[name].append(value)
    context.close()
    here = f"/models with {options.repositories} repositories"
    median = lambda name: statistics.median(rounds[name])
    report.add(f"{here}: first paint", median("paint"), "ms", "<= 500")
    report.add(f"{here}: the list is shown", median("list"), "ms", "<= 1000")
    report.add(f"{here}: a name is typed, the list follows", median("typed"), "ms", "<= 500")
    report.add(f"{here}: a task is chosen, the list follows", median("chosen"), "ms", "<= 500")
    report.add(f"{here}: the next page", median("next"), "ms", "<= 500")
