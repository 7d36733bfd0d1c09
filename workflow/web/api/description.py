"""The description of the API: an OpenAPI document made from its routes, and the same as pages for people.

It says what routes say of themselves and adds nothing of its own but words.
"""

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from fastapi import APIRouter
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from workflow.access import OPENED_BY, Area
from workflow.web.api.routing import ApiRoute
from workflow.web.api.shapes import Problem, example_of
from workflow.web.guard import see
from workflow.web.rendering import page

ABOUT = """\
Everything that the console does can be done here, by the same rules.

Send a token with every call: `Authorization: Bearer TOKEN`. `aeo token add` makes one, cut to the roles it needs.

Problems come as `application/problem+json` (RFC 9457): `code` for programs, `detail` for people. What you may not see is
404, just as what does not exist. What you may see but not do is 409, with every rule that is not met in `unmet`.

A change that could overwrite another one says what it was made from: `If-Match` with the ETag of the case (old: 412), or
`version` in the body (old: 409); neither is 428. `Idempotency-Key` makes a POST safe to send again for 24 hours.

Lists come in pages: `next` of one page is the `cursor` of the next.
"""
TAGS = {
    "applications": "Cases from submission to their end.",
    "documents": "Documents of a case.",
    "checklist": "Answers to criteria, assessments, corrective actions.",
    "visits": "Visits, planned and held.",
    "information": "What a company is asked while its case waits.",
    "approvals": "What waits for a second person.",
    "companies": "What is known of a company whatever the case.",
    "reading": "Calendar, messages, register, programmes, companies.",
    "audit": "The sealed trail.",
}


def document_of(made: APIRouter) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of the routes."""
    told = get_openapi(
        title="AEO Casework",
        version="1",
        openapi_version="3.1.0",
        summary="Casework for Authorised Economic Operator programmes.",
        description=ABOUT,
        routes=made.routes,
        tags=[{"name": name, "description": text} for name, text in TAGS.items()],
    )
    told["servers"] = [{"url": "/", "description": "This installation."}]
    parts = told.setdefault("components", {})
    parts["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "A token of `aeo token add`."}
    }
    for name, schema in _schemas(Problem).items():
        parts["schemas"].setdefault(name, schema)
    for shape in _shapes(BaseModel):
        if shape.__name__ in parts["schemas"] and "json_schema_extra" in shape.model_config:
            # Once more, since the document is written without nulls and an example needs its own.
            parts["schemas"][shape.__name__]["examples"] = [example_of(shape)]
    for schema in parts["schemas"].values():
        for told_of in schema.get("properties", {}).values():
            if told_of.get("contentMediaType") == "application/octet-stream":
                told_of["format"] = "binary"  # by which generators of clients know a file
    parts["schemas"] = dict(sorted(parts["schemas"].items()))
    for route in made.routes:
        if isinstance(route, ApiRoute) and route.include_in_schema:
            for method in route.methods or ():
                _complete(told["paths"][route.path_format][method.lower()], route)
    return told


def _schemas(shape: type[Problem]) -> dict[str, Any]:
    whole = shape.model_json_schema(ref_template="#/components/schemas/{model}")
    others: dict[str, Any] = whole.pop("$defs", {})
    return others | {shape.__name__: whole}


def _shapes(shape: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for one in shape.__subclasses__():
        if one.__module__.startswith(__package__):
            yield one
        yield from _shapes(one)


def _complete(operation: dict[str, Any], route: ApiRoute) -> None:
    """Say what FastAPI does not know: who opens it, headers of the answers, the one media type of the body."""
    operation["summary"] = operation["description"].partition(".")[0]
    opened = sorted(role.replace("_", " ") for role in OPENED_BY.get(route.area, ()))
    if route.area is Area.PUBLIC:
        operation["security"] = []
    else:
        operation["security"] = [{"bearer": []}]
        operation["description"] = f"{operation.get('description', '')}\n\nFor: {', '.join(opened)}."
    done = operation["responses"][str(route.status_code or 200)]
    headers: dict[str, Any] = {}
    if route.changing or route.name == "show_application":
        headers["ETag"] = _header("The version of the case, where the answer has one.")
    if operation.get("parameters") and any(one["name"] == "cursor" for one in operation["parameters"]):
        headers["Link"] = _header('The next page, rel="next"; left out on the last one.')
    if headers:
        done["headers"] = headers
    operation["responses"]["429"]["headers"] = {"Retry-After": _header("Seconds to wait.", kind="integer")}
    if "401" in operation["responses"]:
        operation["responses"]["401"]["headers"] = {"WWW-Authenticate": _header("Bearer.")}


def _header(words: str, *, kind: str = "string") -> dict[str, Any]:
    return {"description": words, "schema": {"type": kind}}


def add_description(made: APIRouter) -> None:
    """Add /api/openapi.json and /api/docs, which describe the routes that are there when they are first asked for."""
    document = lru_cache(maxsize=1)(lambda: document_of(made))
    sections = lru_cache(maxsize=1)(lambda: list(_sections(document())))

    @made.get("/api/openapi.json", include_in_schema=False)
    @see(Area.PUBLIC)
    def description() -> Response:
        """Hand out the document."""
        return JSONResponse(document(), headers={"Cache-Control": "public, max-age=300"})

    @made.get("/api/docs", include_in_schema=False)
    @see(Area.PUBLIC)
    def docs(request: Request) -> Response:
        """Show the document to people."""
        told = document()
        about = [text.replace("\n", " ") for text in told["info"]["description"].strip().split("\n\n")]
        return page(request, "api/docs.html", about=about, sections=sections(), shapes=told["components"]["schemas"])


def _sections(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for tag in document["tags"]:
        found = [
            _operation(document, path, method, operation)
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
            if tag["name"] in operation.get("tags", ())
        ]
        yield {"name": tag["name"], "description": tag["description"], "operations": found}


def _operation(document: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    done = next(status for status in operation["responses"] if status.startswith("2"))
    kind, sent = next(iter(operation.get("requestBody", {}).get("content", {}).items()), ("", {}))
    answer_kind, answer = next(iter(operation["responses"][done].get("content", {}).items()), ("", {}))
    example = _example(document, sent)
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "words": [part for part in operation["description"].split("\n\n") if part],
        "parameters": [
            one
            | {
                "kind": _kind(one["schema"]),
                "example": (one.get("examples") or one["schema"].get("examples") or [""])[0]
                if not isinstance(one.get("examples"), dict)
                else "",
            }
            for one in operation.get("parameters", [])
        ],
        "curl": _curl(method.upper(), path, kind, example, public=not operation["security"]),
        "sent": {"kind": kind, "members": list(_members(document, sent))} if kind else None,
        "answer": {
            "status": done,
            "kind": answer_kind,
            "example": _pretty(_example(document, answer)) if answer_kind == "application/json" else "",
            "members": list(_members(document, answer)),
        },
        "problems": {
            status: told["description"] for status, told in operation["responses"].items() if not status.startswith("2")
        },
    }


def _curl(method: str, path: str, kind: str, example: Any, *, public: bool) -> str:
    shown = path.replace("{reference}", "STP-2026-000123").replace("{criterion}", "TF1.1").replace("{code}", "STP")
    lines = ["curl" + ("" if method == "GET" else f" -X {method}") + f' "$AEO{shown}"']
    if not public:
        lines.append('-H "Authorization: Bearer $TOKEN"')
    if kind == "application/json":
        lines.append('-H "Content-Type: application/json"')
        lines.append(f"-d '{_pretty(example)}'")
    elif kind:
        lines += ["-F file=@bizfile.pdf", "-F kind=bizfile_report"]
    return " \\\n  ".join(lines)


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def _example(document: dict[str, Any], content: dict[str, Any]) -> Any:
    examples = _resolved(document, content.get("schema", {})).get("examples")
    return content.get("example", examples[0] if examples else {})


def _members(document: dict[str, Any], content: dict[str, Any]) -> Iterator[dict[str, Any]]:
    schema = _resolved(document, content.get("schema", {}))
    needed = set(schema.get("required", ()))
    for name, told in schema.get("properties", {}).items():
        yield {
            "name": name,
            "kind": _kind(told),
            "needed": name in needed,
            "words": told.get("description") or _resolved(document, told).get("description", ""),
        }
        if name == "items":
            for one in _members(document, {"schema": told["items"]}):
                yield one | {"name": f"items[].{one['name']}"}


def _kind(schema: dict[str, Any]) -> str:
    """Return the type of a schema in words."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type", "anything"))


def _pretty(example: Any) -> str:
    return json.dumps(example, ensure_ascii=False, indent=2)
