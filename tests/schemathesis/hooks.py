"""What schemathesis has to know of Warren beyond its document."""

import json
import os
import re
import urllib.error
import urllib.request
import uuid

import schemathesis

# The channels that the present account is surely a member of; ids and names.
joined = set()
# The ids of the messages that it wrote in them.
written = set()
# Others who can be invited.
peers = []


def post(path, body):
    request = urllib.request.Request(
        os.environ["WARREN_URL"] + path,
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


@schemathesis.auth()
class Account:
    """Somebody new. Among what is tried are ways to end one's session, and one's
    account: then it is another session, or somebody else."""

    def __init__(self):
        self.sign_up()
        peers.append(self.person["username"])
        self.sign_up()

    def get(self, case, context):
        try:
            return post("/v1/login", self.person)["access_token"]
        except urllib.error.HTTPError:
            return self.sign_up()

    def sign_up(self):
        joined.clear()
        written.clear()
        name = f"s-{uuid.uuid4().hex[:20]}"
        self.person = {"username": name, "password": "correct horse battery"}
        return post("/v1/signup", {**self.person, "first_name": "Schema"})["access_token"]

    def set(self, case, token, context):
        case.headers["Authorization"] = f"Bearer {token}"


@schemathesis.hook
def before_call(context, case, kwargs):
    """A long poll is valid and takes as long as it was asked to."""
    query = case.query or {}
    if case.meta and case.meta.generation.mode.is_positive:
        obey(query, case.path_parameters or {}, case.body if isinstance(case.body, dict) else {})
    if str(query.get("wait_s", "")).isdigit() and 1 < int(query["wait_s"]) <= 30:
        query["wait_s"] = 1


def obey(query, path, body):
    """The rules that no schema can tell, each of which is answered 400 or 404 to
    whoever breaks it."""
    # A cursor is opaque, and one that no list gave out is refused.
    query.pop("cursor", None)
    # A page is about one thing.
    for about in ("around", "around_time"):
        if about in query:
            for other in ("around", "around_time", "before_seq", "after_seq", "since"):
                if other != about:
                    query.pop(other, None)
    # Unicode says what an emoji is.
    if "emoji" in path:
        path["emoji"] = "🐇"
    # Only who exists can be invited.
    if "username" in body and "channel" in path:
        body["username"] = peers[0]
    if body.get("usernames"):
        body["usernames"] = peers[:1]


@schemathesis.hook
def after_call(context, case, response):
    """Who made or joined a channel sees it, and what they wrote there, until they
    leave it."""
    if case.path.endswith("/unsubscribe") and response.status_code == 204:
        joined.clear()
        written.clear()
    elif case.path == "/v1/channels/{channel}/messages" and response.status_code == 201:
        written.add(response.json()["id"])
    elif case.path in ("/v1/channels", "/v1/channels/{channel}/join") and response.status_code in (200, 201):
        channel = response.json()
        if "id" in channel:
            joined.update((channel["id"], channel["name"]))


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Schemathesis takes what was made as there until a DELETE, and as gone from
    then on. But a private channel is not there for whoever left it, which is a
    POST; and a DELETE archives a channel, and empties a message, which both stay
    readable."""
    match type(failure).__name__:
        case "EnsureResourceAvailability":
            return any(value in joined | written for value in (case.path_parameters or {}).values())
        case "UseAfterFree":
            return not re.fullmatch("DELETE /v1/(channels|messages)/[^/]+", failure.free)
    return True
