from huggingface_hub.errors import HfHubHTTPError
from session import ME, api, raises

me = api.whoami()
assert me["name"] == ME and me["type"] == "user", me
assert me["email"] == "alice@example.org", me
acme = [org for org in me["orgs"] if org["name"] == "acme"]
assert acme and acme[0]["roleInOrg"] == "admin", me["orgs"]
assert me["auth"]["accessToken"]["role"] == "write", me["auth"]

with raises(OSError, 401):  # requests' own error in old versions
    api.whoami(token="hf_" + "nobody".ljust(34, "x"))
with raises(HfHubHTTPError, 401):
    api.model_info("alice/whatever", token="hf_" + "nobody".ljust(34, "x"))
