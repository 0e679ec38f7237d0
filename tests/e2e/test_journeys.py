"""What a person comes for, in a browser: from signing up to a model that others find and use."""

import hashlib
import os
import pathlib
import re
import time

import httpx
import pytest
from playwright.sync_api import expect

from browser import TYPING
from client_programs import hf, run
from commit_calls import Repo
from people import PASSWORD, Person, token_of
from showroom import ADMIN, weights


def sign_up(visitor, name):
    page = visitor.page
    visitor.go("/")
    page.get_by_role("link", name="Sign up").first.click()
    page.get_by_label("User name").fill(name)
    page.get_by_label(re.compile("^Full name")).fill(f"{name.title()} Example")
    page.get_by_label("E-mail").fill(f"{name}@example.org")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create the account").click()
    page.get_by_role("button", name="Your account").wait_for()


def create_model(visitor, name):
    page = visitor.page
    page.get_by_role("button", name="Create").click()
    page.get_by_role("link", name="New model").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Create model").click()
    page.wait_for_url(f"**/{name}")


def commit(page, button, message=None):
    panel = page.get_by_role("form", name="Commit")
    if message:
        panel.get_by_label("Message").fill(message)
    panel.get_by_role("button", name=button).click()


def sparse_file(path: pathlib.Path, size, seed):
    """A file of some size that is no other's: its first and last bytes differ, what is between need not."""
    with open(path, "wb") as file:
        file.write(hashlib.sha256(seed.encode()).digest() * 1024)
        file.truncate(size - 32)
        file.seek(0, os.SEEK_END)
        file.write(hashlib.sha256(seed.encode()).digest())
    return path


def sha256_of(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def test_from_nothing_to_a_model(open_visitor, site_hub, fresh_name, tmp_path):
    """Signs up, makes a model, uploads a folder, reads the card, browses, edits, and sees the difference."""
    person, model = fresh_name("newcomer"), "first-model"
    visitor = open_visitor()
    page = visitor.page
    sign_up(visitor, person)
    create_model(visitor, model)
    assert page.url == f"{site_hub.url}/{person}/{model}"

    folder = tmp_path / "upload"
    (folder / "notes").mkdir(parents=True)
    (folder / "README.md").write_text("# First words\n\nA model by hand.\n\n$$ e^{i\\pi} = -1 $$\n\n```python\nprint('hello')\n```\n\n[notes](notes/day.md)\n")
    (folder / "config.json").write_text('{"model_type": "bert"}\n')
    (folder / "notes/day.md").write_text("# Day one\n")
    (folder / "model.safetensors").write_bytes(weights())
    visitor.go(f"/{person}/{model}/upload/main")
    page.locator("input[data-folder]").set_input_files(folder)
    expect(page.get_by_role("region", name="Chosen files")).to_contain_text("4 files")
    page.get_by_role("button", name=re.compile("^Without the folder")).click()
    commit(page, re.compile("upload|commit", re.I), "Everything at once")
    page.wait_for_url(f"**/{person}/{model}/tree/main**")

    repo = Repo(Person(site_hub, person, ""), f"{person}/{model}")
    assert {"README.md", "config.json", "notes/day.md", "model.safetensors"} <= set(repo.paths())

    # The card.
    visitor.go(f"/{person}/{model}")
    expect(page.get_by_role("heading", name="First words")).to_be_visible()
    expect(page.locator("math")).to_have_count(1)
    expect(page.locator("pre code")).to_contain_text("hello")
    page.get_by_role("link", name="notes", exact=True).click()
    expect(page.get_by_role("heading", name="Day one")).to_be_visible()

    # The files, and what is inside the weights.
    page.get_by_role("link", name="Files and versions").click()
    page.get_by_role("link", name="model.safetensors").first.click()
    expect(page.get_by_text("encoder.layer.0.attention.self.query.weight")).to_be_visible()

    # A file changes in place; the difference is shown before and after.
    visitor.go(f"/{person}/{model}/edit/main/config.json")
    page.get_by_label("Text of the file").click()
    page.keyboard.press("ControlOrMeta+a")
    visitor.allowed = TYPING
    page.keyboard.type('{"model_type": "roberta"}')
    visitor.draw()
    visitor.allowed = []
    page.get_by_role("button", name="Changes", exact=True).click()
    expect(page.locator("main")).to_contain_text("roberta")
    commit(page, "Commit changes", "Call it by its name")
    page.wait_for_url(f"**/{person}/{model}/blob/main/config.json")
    expect(page.locator("main")).to_contain_text("roberta")
    page.goto(f"/{person}/{model}/commits/main")
    page.get_by_role("link", name="Call it by its name").first.click()
    page.wait_for_url("**/commit/*")
    expect(page.locator("main")).to_contain_text('"bert"')
    expect(page.locator("main")).to_contain_text('"roberta"')
    expect(page.get_by_role("cell", name=re.compile("^@@"))).to_have_text("@@ -1 +1 @@")


def test_metadata(open_visitor, site_hub, fresh_name):
    """The form changes the YAML of the card, keeps the rest, and the lists find the model by it."""
    alice = Person(site_hub, "alice", token_of("alice"))
    repo = Repo.create(alice, fresh_name("described"))
    repo.commit_files({"README.md": b"---\n# kept\nlicense: mit\n---\n# Described\n"})
    visitor = open_visitor("alice")
    page = visitor.page
    visitor.go(f"{repo.web}/edit/main/README.md")
    page.get_by_role("button", name="Metadata").click()
    page.get_by_role("combobox", name="License", exact=True).fill("apache-2.0")
    page.keyboard.press("Enter")
    page.get_by_role("combobox", name="Task", exact=True).fill("text-classification")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Changes", exact=True).click()
    expect(page.locator("main")).to_contain_text("pipeline_tag: text-classification")
    commit(page, "Commit changes", "Describe it")
    page.wait_for_url(f"**{repo.web}/blob/main/README.md")
    card = repo.read("README.md").text
    assert "# kept" in card and "license: apache-2.0" in card and "pipeline_tag: text-classification" in card, card

    visitor.go("/models?pipeline_tag=text-classification&license=apache-2.0&search=" + repo.id.split("/")[1])
    expect(page.get_by_role("link", name=repo.id).first).to_be_visible()


def test_filters(showroom, open_visitor):
    """What is chosen stands in the address, narrows the list, and comes back with the back button."""
    visitor = open_visitor()
    page = visitor.page
    visitor.go("/models")
    expect(page.get_by_role("link", name=re.compile("sparrow-7b$|sparrow-7b\\b")).first).to_be_visible()
    page.get_by_role("link", name="Object Detection").or_(page.get_by_role("button", name="Object Detection")).first.click()
    page.wait_for_url("**pipeline_tag=object-detection**")
    expect(page.get_by_role("link", name=re.compile("kitchen-objects")).first).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("sparrow-7b"))).to_have_count(0)
    page.reload()
    visitor.settle()
    expect(page.get_by_role("link", name=re.compile("sparrow-7b"))).to_have_count(0)
    page.go_back()
    expect(page.get_by_role("link", name=re.compile("sparrow-7b")).first).to_be_visible()
    box = page.get_by_role("main").get_by_role("searchbox").first
    box.fill("twins")
    page.wait_for_url("**search=twins**")
    expect(page.get_by_role("link", name=re.compile("sentence-twins")).first).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("sparrow-7b"))).to_have_count(0)


def test_token(open_visitor, site_hub, tmp_path, fresh_name):
    """A token is made, shown once, works with `hf`, and works no more when it is deleted."""
    visitor = open_visitor("carol")
    page = visitor.page
    name = fresh_name("laptop")
    visitor.go("/settings/tokens")
    page.get_by_role("button", name="New token").click()
    page.get_by_role("dialog").get_by_label("Name").fill(name)
    page.get_by_role("dialog").get_by_label("Write").check()
    page.get_by_role("button", name="Make token").click()
    value = page.locator("[data-token]").inner_text()
    assert value.startswith("hf_")
    page.get_by_role("button", name="Copy the commands").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f"export HF_ENDPOINT={site_hub.url}\nhf auth login --token {value}"

    carol = Person(site_hub, "carol", value)
    env = carol.env(tmp_path / "home")
    del env["HF_TOKEN"]
    run([hf("newest"), "auth", "login", "--token", value], env)
    assert "carol" in run([hf("newest"), "auth", "whoami"], env).stdout
    (tmp_path / "a.txt").write_text("by token\n")
    run([hf("newest"), "upload", f"carol/{name}", tmp_path / "a.txt"], env)

    page.reload()
    visitor.settle()
    assert value not in page.content(), "a token is shown once"
    page.get_by_role("button", name=f"Delete {name}").click()
    page.get_by_role("button", name="Delete token").click()
    expect(page.get_by_role("listitem").filter(has_text=name)).to_have_count(0)
    assert httpx.get(f"{site_hub.url}/api/whoami-v2", headers={"Authorization": f"Bearer {value}"}, trust_env=False).status_code == 401


def test_theme(showroom, open_visitor):
    visitor = open_visitor(theme="light")
    page = visitor.page
    theme = lambda: page.evaluate("document.documentElement.dataset.theme")
    color = lambda: page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    visitor.go("/models")
    assert theme() == "light"
    light = color()
    assert visitor.switch_theme() == theme() == "dark"
    assert color() != light
    page.reload()
    visitor.settle()
    assert theme() == "dark", "the choice is kept"
    assert visitor.switch_theme() == theme() == "light"
    assert color() == light


def test_password_and_profile(open_visitor, site_hub, fresh_name):
    person = fresh_name("forgetful")
    visitor = open_visitor()
    page = visitor.page
    sign_up(visitor, person)
    visitor.go("/settings/profile")
    page.get_by_label("Full name").fill("Someone Else")
    page.get_by_label("Homepage").fill("https://example.org/me")
    page.get_by_label("About").fill("Forgets things, and says so.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved")).to_be_visible()
    visitor.go(f"/{person}")
    expect(page.locator("main")).to_contain_text("Someone Else")
    expect(page.locator("main")).to_contain_text("Forgets things, and says so.")
    expect(page.get_by_role("link", name="example.org/me")).to_have_attribute("href", "https://example.org/me")

    elsewhere = open_visitor(None)
    elsewhere.log_in(person, PASSWORD)
    visitor.go("/settings/account")
    change = page.get_by_role("button", name="Change password")
    page.get_by_label("Current password").fill("not this one")
    page.get_by_label("New password", exact=True).fill("a new battery staple")
    page.get_by_label("New password, again").fill("a new battery staple")
    change.click()
    expect(page.get_by_role("alert").first).to_be_visible()
    page.get_by_label("Current password").fill(PASSWORD)
    change.click()
    expect(page.get_by_text("The password is changed")).to_be_visible()
    assert elsewhere.context.request.get("/api/settings/profile").status == 401, "other sessions end"
    assert visitor.context.request.get("/api/settings/profile").status == 200


def test_organization(open_visitor, site_hub, fresh_name):
    """An organization is made, gets a member whose role changes, and keeps its last admin."""
    visitor = open_visitor("alice")
    page = visitor.page
    org = fresh_name("team")
    visitor.go("/organizations/new")
    page.get_by_label("Name", exact=True).fill("api")
    expect(page.get_by_text("This name is reserved")).to_be_visible()
    page.get_by_label("Name", exact=True).fill(org)
    page.get_by_role("button", name="Make organization").click()
    page.wait_for_url(f"**/organizations/{org}/settings/members")
    assert page.get_by_label("Role of alice").is_disabled(), "the last admin stays"
    page.get_by_label("User name").fill("nobody-of-this-name")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("Nobody here is named nobody-of-this-name")).to_be_visible()
    page.get_by_label("User name").fill("bob")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_label("Role of bob").select_option("write")
    expect(page.get_by_text("bob: write")).to_be_visible()
    bob = Person(site_hub, "bob", token_of("bob"))
    Repo.create(bob, "made-by-a-member", namespace=org)
    visitor.go(f"/organizations/{org}/settings/repositories")
    expect(page.get_by_role("link", name=f"{org}/made-by-a-member")).to_be_visible()

    visitor.go(f"/organizations/{org}/settings/members")
    page.get_by_role("button", name="Remove bob").click()
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_label("Role of bob")).to_have_count(0)
    other = open_visitor("bob")
    other.go(f"/organizations/{org}/settings/members")
    expect(other.page.get_by_role("heading", name="You may not do this")).to_be_visible()


def test_administration(showroom, open_visitor, fresh_name):
    """An administrator makes an account, sets a quota, looks for garbage, and reads the settings."""
    visitor = open_visitor(ADMIN)
    page = visitor.page
    visitor.go("/")
    page.get_by_role("button", name="Your account").click()
    page.get_by_role("link", name="Administration").click()
    expect(page.get_by_role("heading", name="Health")).to_be_visible()

    person = fresh_name("colleague")
    page.get_by_role("link", name="Users", exact=True).click()
    page.get_by_role("button", name="New user").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("User name").fill(person)
    dialog.get_by_role("button", name="Make one").click()
    password = dialog.get_by_label("Password", exact=True).input_value()
    assert len(password) >= 20
    dialog.get_by_role("button", name="Make account").click()
    expect(dialog).to_have_count(0)
    page.get_by_role("searchbox", name="Name or e-mail").fill(person)
    page.wait_for_url(f"**search={person}")
    row = page.get_by_role("row").filter(has_text=person)
    expect(row).to_have_count(1)
    row.get_by_role("button", name="Make admin").click()
    page.get_by_role("button", name="Make administrator").click()
    expect(row.get_by_text("administrator", exact=True)).to_be_visible()
    row.get_by_role("button", name="Demote").click()
    page.get_by_role("dialog").get_by_role("button", name="Demote").click()
    expect(row.get_by_text("administrator", exact=True)).to_have_count(0)
    open_visitor().log_in(person, password)

    page.get_by_role("link", name="Storage", exact=True).click()
    page.get_by_role("button", name="Change the quota of acme").click()
    page.get_by_label("At most").check()
    page.get_by_label("Size").fill("3 TB")
    page.get_by_role("button", name="Set quota").click()
    expect(page.get_by_role("row").filter(has_text="acme")).to_contain_text("3.00 TB")
    page.get_by_role("button", name="See what would go").click()
    expect(page.get_by_text("looked through")).to_be_visible()

    page.get_by_role("link", name="Settings in force").click()
    page.get_by_role("searchbox", name="Filter settings").fill("sign_up")
    expect(page.locator("main")).to_contain_text("allow_sign_up")
    assert page.locator("main dd").count() == 1

    stranger = open_visitor("bob")
    stranger.go("/admin")
    expect(stranger.page.get_by_role("heading", name="You may not do this")).to_be_visible()
    nobody = open_visitor()
    nobody.go("/admin/users")
    nobody.page.wait_for_url("**/login?next=%2Fadmin%2Fusers")


def upload_with_an_interruption(visitor, repo, path, stop_after):
    """Chooses a large file, leaves the page when `stop_after` parts have gone, comes back and chooses it again.
    Gives the number of parts sent before and after."""
    page = visitor.page
    sent = []
    page.on("requestfinished", lambda request: request.method == "PUT" and "/lfs/part" in request.url and sent.append(request.url))
    visitor.go(f"{repo.web}/upload/main")
    page.locator("input[data-files]").set_input_files(path)
    commit(page, re.compile("upload|commit", re.I), "A large one")
    progress = page.get_by_role("progressbar").first
    progress.wait_for()
    give_up = time.monotonic() + 120
    while len(sent) < stop_after and time.monotonic() < give_up:
        page.wait_for_timeout(20)
    assert len(sent) >= stop_after, page.get_by_role("main").inner_text()
    first = len(sent)
    page.goto("/models")  # in the middle of it

    visitor.go(f"{repo.web}/upload/main")
    expect(page.get_by_text("interrupted")).to_be_visible()
    sent.clear()
    page.locator("input[data-files]").set_input_files(path)
    commit(page, re.compile("upload|commit", re.I), "A large one")
    page.wait_for_url(f"**{repo.web}/tree/main**", timeout=600_000)
    return first, len(sent)


def check_upload(open_visitor, hub, fresh_name, tmp_path, size, part):
    alice = Person(hub, "alice", token_of("alice"))
    repo = Repo.create(alice, fresh_name("large"))
    path = sparse_file(tmp_path / "weights.bin", size, repo.id)
    visitor = open_visitor("alice", hub=hub)
    before, after = upload_with_an_interruption(visitor, repo, path, stop_after=4)
    parts = -(-size // part)
    assert after <= parts - before, f"{parts} parts: {before} went before the interruption, {after} after it"
    with repo.http.stream("GET", f"{repo.web}/resolve/main/weights.bin", follow_redirects=True) as answer:
        assert answer.status_code == 200
        digest = hashlib.sha256()
        for piece in answer.iter_bytes(1 << 20):
            digest.update(piece)
    assert digest.hexdigest() == sha256_of(path)


def test_interrupted_upload(open_visitor, site_hub, fresh_name, tmp_path):
    check_upload(open_visitor, site_hub, fresh_name, tmp_path, 96 << 20, 4 << 20)


@pytest.mark.full
def test_interrupted_upload_of_2_gib(open_visitor, hub, fresh_name, tmp_path):
    check_upload(open_visitor, hub, fresh_name, tmp_path, 2 << 30, 64 << 20)
