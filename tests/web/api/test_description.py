"""The description: sound, whole, and readable by people."""

import re

import browsing as w
import jsonschema_rs
import pytest
from calling import Client

from workflow.access import OPENED_BY, Area
from workflow.web import api
from workflow.web.api.description import document_of
from workflow.web.api.routing import ApiRoute
from workflow.web.rendering import TEMPLATES

ROUTER = api.router()
DOCUMENT = document_of(ROUTER)
SCHEMAS = DOCUMENT["components"]["schemas"]
OPERATIONS = {
    operation["operationId"]: operation for methods in DOCUMENT["paths"].values() for operation in methods.values()
}
EVERY = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)


def resolved(schema):
    return SCHEMAS[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def valid(schema, value):
    jsonschema_rs.validate({"$defs": {}, "components": DOCUMENT["components"]} | schema, value)


def test_the_document_is_openapi_3_1_with_sound_schemas_and_no_loose_end():
    assert DOCUMENT["openapi"] == "3.1.0"
    for schema in SCHEMAS.values():
        jsonschema_rs.meta.validate(schema)
    named = set(re.findall(r"'\$ref': '#/components/schemas/([^']+)'", str(DOCUMENT)))
    assert named <= set(SCHEMAS)
    assert set(SCHEMAS) - named == set()


def test_every_route_of_the_api_but_the_description_itself_is_described():
    routes = {route.name.rstrip("_") for route in ROUTER.routes if isinstance(route, ApiRoute)}
    assert routes - {"description", "docs"} == set(OPERATIONS)


@EVERY
def test_every_operation_says_what_it_does_and_every_parameter_what_it_means(operation):
    assert operation["summary"]
    assert operation["description"]
    assert operation["tags"]
    for one in operation.get("parameters", []):
        assert one["description"], one
        assert one.get("examples") or one["schema"].get("examples") or one.get("example"), one


@EVERY
def test_every_operation_has_examples_that_hold(operation):
    done = next(told for status, told in operation["responses"].items() if status.startswith("2"))
    contents = [done.get("content", {}), operation.get("requestBody", {}).get("content", {})]
    for kind, content in (pair for one in contents for pair in one.items()):
        if kind == "text/plain":
            continue
        examples = resolved(content["schema"]).get("examples")
        assert examples, content
        if kind == "application/json":
            valid(content["schema"], examples[0])


@EVERY
def test_every_operation_names_its_problems_in_one_shape(operation):
    problems = {status: told for status, told in operation["responses"].items() if not status.startswith("2")}
    assert {"400", "422", "429", "503"} <= set(problems)
    assert ("401" in problems) == bool(operation["security"])
    for status, told in problems.items():
        (kind, content), *others = told["content"].items()
        assert (kind, others) == ("application/problem+json", [])
        assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
        assert content["example"]["status"] == int(status)
        valid(content["schema"], content["example"])
    assert "Retry-After" in problems["429"]["headers"]


def test_every_area_that_not_all_staff_open_says_403():
    for route in ROUTER.routes:
        if isinstance(route, ApiRoute) and route.include_in_schema and route.area is not Area.PUBLIC:
            narrow = len(OPENED_BY[route.area]) < len(OPENED_BY[Area.OWN])
            assert ("403" in OPERATIONS[route.name.rstrip("_")]["responses"]) >= narrow, route.path


def test_every_post_takes_an_idempotency_key_and_every_change_of_a_case_a_version():
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            names = {one["name"] for one in operation.get("parameters", [])}
            assert ("Idempotency-Key" in names) == (method == "post"), path
            assert ("If-Match" in names) == (method != "get" and "{reference}" in path), path


def test_a_file_is_one_to_generators_of_clients():
    content = OPERATIONS["add_document"]["requestBody"]["content"]
    assert list(content) == ["multipart/form-data"]
    assert resolved(content["multipart/form-data"]["schema"])["properties"]["file"]["format"] == "binary"


def test_the_document_and_its_pages_are_for_everybody(sqlite_office):
    nobody = Client(sqlite_office)
    assert nobody.get("/api/openapi.json").json() == DOCUMENT
    page = nobody.get("/api/docs")
    words = w.words_of(page)
    for operation in OPERATIONS.values():
        assert operation["summary"] in words
        assert f'id="{operation["operationId"]}"' in page.text


def test_the_pages_need_no_script_of_ours_or_of_others_and_no_inline_style(sqlite_office):
    page = Client(sqlite_office).get("/api/docs")
    shape = w.Shape(page.text)
    assert {one.get("src") for one in shape.all("script")} <= {"/static/htmx.js", "/static/aeo.js"}
    assert "style=" not in page.text
    assert "<style" not in page.text
    assert all("http" not in str(one.get("href")) for one in shape.all("link"))
    assert (TEMPLATES / "static" / "api.css").is_file()
