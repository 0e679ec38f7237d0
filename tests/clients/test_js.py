"""@huggingface/hub, the JavaScript client."""

from client_programs import HERE, node, run


def test_journey(alice, home, tmp_path, fresh_name):
    env = alice.env(home) | {"HUB_URL": alice.hub.url, "REPO": f"alice/{fresh_name('js')}"}
    said = run([node(), HERE / "steps/journey.mjs"], env, cwd=HERE)
    assert "journey done" in said.stdout
