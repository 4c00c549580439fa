"""What .ci/schemathesis gives to Schemathesis beside the OpenAPI document: a little data to work on, and the few rules
of the API that OpenAPI has no words for. Without them a request that keeps to the document may still be refused with
422, rightly. Requests that Schemathesis breaks on purpose are left as they are.

Run as a script, it makes the data and writes Schemathesis' configuration: schemathesis_hooks.py <origin> <folder>
"""

import json
import pathlib
import sys

import requests
import schemathesis
from schemathesis.openapi.checks import UseAfterFree

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


def seed(origin: str) -> dict:
    """Two people in two groups, with messages, replies and a file. Answers where they are."""
    session = requests.Session()

    def call(method: str, path: str, **body) -> dict:
        answer = session.request(method, origin + path, timeout=10, **body)
        answer.raise_for_status()
        return answer.json()

    tokens = {name: call("POST", "/demo/token", json={"user_id": name})["token"] for name in ("ann", "eve")}
    session.headers["Authorization"] = f"Bearer {tokens['ann']}"
    people = ["bob", "ben", "chen"]
    begin = call("GET", "/api/sync")["cursor"]
    groups = [
        call("POST", "/api/conversations", json={"type": "group", "title": title, "participant_ids": people})
        for title in ("Lunch", "Supper")
    ]
    group = f"/api/conversations/{groups[0]['id']}"
    first = call("POST", f"{group}/messages", json={"content": "Pizza or soup?"})
    for content in ("Pizza.", "Always pizza."):
        call("POST", f"{group}/messages", json={"content": content, "reply_to_id": first["id"]})
    picture = call("POST", f"{group}/upload", files={"file": ("dot.png", PNG, "image/png")})
    lists = {
        "/api/conversations": "/api/conversations",
        "/api/conversations/{conversation_id}/messages": f"{group}/messages",
        "/api/conversations/{conversation_id}/participants": f"{group}/participants",
        "/api/messages/{message_id}/replies": f"/api/messages/{first['id']}/replies",
        "/api/messages/{message_id}/receipts": f"/api/messages/{first['id']}/receipts",
    }
    cursors = {path: call("GET", f"{address}?limit=1")["next_cursor"] for path, address in lists.items()}
    cursors["/api/sync"] = begin
    assert all(cursors.values()), cursors
    return {
        "tokens": tokens,
        "cursors": cursors,
        "conversations": [group["id"] for group in groups],
        "message": first["id"],
        "file": picture["metadata"]["attachment"]["id"],
    }


def identities(tokens: dict) -> dict:
    """Ann asks. Eve, who is in none of the conversations, must see nothing of what Ann sees."""
    return {
        "auth": [
            {"name": name, "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {token}"}]}
            for name, token in tokens.items()
        ]
    }


def configuration(data: dict) -> str:
    """Half of all paths lead to what is there, the others to whatever comes to Schemathesis' mind."""
    ids = {
        "conversation_id": data["conversations"],
        "message_id": [data["message"]],
        "file_id": [data["file"]],
        "user_id": ["bob", "ben", "chen"],
    }
    lines = ['auth.wfc = { path = "identities.json", user = "ann", peers = ["ann", "eve"] }']
    lines.append("warnings.fail-on = true")
    for name, values in ids.items():
        lines.append(f"dictionaries.{name}.values = {json.dumps(values)}")
        lines.append(f'parameters."path.{name}" = {{ dictionary = "{name}", probability = 0.5 }}')
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    origin, folder = sys.argv[1:]
    made = seed(origin)
    results = {
        "data.json": json.dumps(made),
        "identities.json": json.dumps(identities(made["tokens"])),
        "schemathesis.toml": configuration(made),
    }
    for name, text in results.items():
        pathlib.Path(folder, name).write_text(text, encoding="utf-8")
    sys.exit()

DATA = json.loads(pathlib.Path("data.json").read_text(encoding="utf-8"))


@schemathesis.hook
def filter_failure(context, failure, case, response) -> bool:
    """A deleted message stays in its conversation as a tombstone, and so do its replies and receipts."""
    return not (isinstance(failure, UseAfterFree) and case.path.startswith("/api/messages/"))


@schemathesis.hook
def before_call(context, case, kwargs) -> None:
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    one_position(case)
    known_cursor(case)
    one_client_id(case)
    one_other_person(case)
    no_reply_elsewhere(case)
    typing_somewhere(case)
    plain_numbers(case)
    allowed_file(case)
    range_within(case)


def known_cursor(case) -> None:
    """A cursor is opaque: the only good ones are those that a list gave."""
    if "cursor" in (case.query or {}):
        case.query["cursor"] = DATA["cursors"][case.path]


def one_position(case) -> None:
    """A place in a list is given in one way at a time; OpenAPI can't say that parameters exclude each other."""
    ways = ("page", "cursor", "before_seq", "after_seq", "around_seq", "around_id")
    for name in [name for name in ways if name in (case.query or {})][1:]:
        del case.query[name]


def one_client_id(case) -> None:
    """The header Idempotency-Key and the body's client_id, where both are given, are the same."""
    if isinstance(case.body, dict) and "client_id" in case.body and "idempotency-key" in (case.headers or {}):
        del case.headers["idempotency-key"]


def one_other_person(case) -> None:
    """A direct conversation has exactly one other person; how many ids that takes depends on who asks."""
    if case.path == "/api/conversations" and case.method == "POST" and case.body.get("type") == "direct":
        case.body["participant_ids"] = [(case.body.get("participant_ids") or ["bob"])[0]]


def no_reply_elsewhere(case) -> None:
    """A reply is to a message of its own conversation."""
    if case.path.endswith("/messages") and case.method == "POST" and case.body.get("reply_to_id") is not None:
        own = case.path_parameters["conversation_id"] == DATA["conversations"][0]
        case.body["reply_to_id"] = DATA["message"] if own else None


def typing_somewhere(case) -> None:
    """Who is typing is typing in a conversation."""
    if case.path == "/api/users/status" and case.method == "PUT" and case.body.get("is_typing") is True:
        case.body["typing_in_conversation"] = DATA["conversations"][0]


def plain_numbers(case) -> None:
    """Metadata, free as it is, has no numbers that Postgres would write out with hundreds of digits."""

    def plain(value):
        if isinstance(value, dict):
            return {key: plain(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [plain(inner) for inner in value]
        extreme = isinstance(value, (int, float)) and value != 0 and not 1e-21 < abs(value) < 1e21
        return 1 if extreme else value

    if isinstance(case.body, dict) and isinstance(case.body.get("metadata"), dict):
        case.body["metadata"] = plain(case.body["metadata"])


def allowed_file(case) -> None:
    """Which types a file may have is the operator's choice, and its bytes must bear it out."""
    if case.path.endswith("/upload") and isinstance(case.body, dict):
        case.body["file"] = "Some plain text."


def range_within(case) -> None:
    """Which ranges there are depends on how large the file is."""
    if "range" in (case.headers or {}):
        case.headers["range"] = "bytes=0-3"
