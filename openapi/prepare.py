"""Writes the document as a client generator wants it.

usage: prepare.py python|rust < openapi.json

The document says more than the generators understand. What is changed here is
how the clients are to look, never what goes over the wire.
"""

import json
import sys


def operations(document):
    return [operation for item in document["paths"].values() for operation in item.values()]


def pictures_as_bytes(document):
    """The generators know one media type for files, which the server takes too."""
    for operation in operations(document):
        for part in [operation.get("requestBody", {}), *operation["responses"].values()]:
            content = part.get("content", {})
            for media_type in [known for known in content if known.startswith("image/")]:
                content["application/octet-stream"] = content.pop(media_type)


def for_python(document):
    """Errors are raised, not returned; and all operations are of one class."""
    for operation in operations(document):
        operation["tags"] = ["operations"]
        responses = operation["responses"]
        for status in [status for status in responses if not status.startswith("2")]:
            del responses[status]


def for_rust(document):
    """The generator knows no problem+json and takes `default` for a success; all
    refusals are of one type. A Rust enum cannot be read with a value that is newer than it, so words in
    answers, which get new values, are strings."""
    for operation in operations(document):
        responses = operation["responses"]
        if "default" in responses:
            refusals = [status for status in responses if status[0] in "45"]
            for status in refusals:
                del responses[status]
            responses["4XX"] = responses["5XX"] = responses.pop("default")
        for response in responses.values():
            content = response.get("content", {})
            if "application/problem+json" in content:
                content["application/json"] = content.pop("application/problem+json")
    for name in names_in([operation["responses"] for operation in operations(document)], document):
        schema = document["components"]["schemas"][name]
        if "enum" in schema:
            schema["description"] += " One of: " + ", ".join(schema.pop("enum")) + "; more may come."


def names_in(part, document, names=None):
    """The schemas that a part refers to, themselves or through others."""
    names = set() if names is None else names
    if isinstance(part, dict):
        name = part.get("$ref", "").rpartition("/")[2]
        if name and name not in names:
            names.add(name)
            names_in(document["components"]["schemas"][name], document, names)
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else []:
        names_in(inner, document, names)
    return names


document = json.load(sys.stdin)
pictures_as_bytes(document)
{"python": for_python, "rust": for_rust}[sys.argv[1]](document)
json.dump(document, sys.stdout, indent=1)
