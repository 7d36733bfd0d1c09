"""What no client would send: requests made from the description, right ones and wrong ones, never break anything.

Every answer is one that the description names, in the shape that it gives.
"""

import logging
from collections import Counter
from contextlib import suppress
from itertools import count

import browsing as w
import builders as b
import pytest
import schemathesis
from calling import sealed
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from limits import RateLimitItemPerMinute
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from workflow.web import api
from workflow.web.api.description import document_of
from workflow.web.limiting import Limiter

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SHARE = 2  # of two requests one is about a case that is there
BOUNDED, LONG = 2_000, 100_000
UNLIMITED = RateLimitItemPerMinute(10**9)


@pytest.fixture
def app(sqlite_office, tmp_path):
    """An application whose caller may do everything that is done to cases, with cases in several states."""
    staff = b.people(sqlite_office)
    everything = b.another_person(
        sqlite_office, "p-90", "Siti Rahim", "officer", "approver", "account_manager", "supervisor"
    )
    made = w.create_app(w.site(sqlite_office, everything))
    made.state.limiter = Limiter(calls=UNLIMITED, changes=UNLIMITED, unknown=UNLIMITED, wrong_tokens=UNLIMITED)
    made.state.references = [
        b.submit(sqlite_office, b.act(staff.officer)),
        b.in_validation(sqlite_office, staff),
        b.certified(sqlite_office, staff),
    ]
    sealed(sqlite_office, tmp_path)
    return made


def fuzzed(app, requests: int) -> Counter[int]:
    """Send at least so many requests, spread over every operation, and count the answers by status."""
    schema = schemathesis.openapi.from_dict(document_of(api.router()))
    schema.app = app
    operations = [found.ok() for found in schema.get_all_operations()]
    share = -(-requests // len(operations) // 2)
    counted: Counter[int] = Counter()
    for turn in count(1):
        for operation in operations:
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                with suppress(Unsatisfiable):  # nothing can be wrong with a call that takes nothing
                    _send(operation, mode, share, turn, app.state.references, counted)
        if sum(counted.values()) >= requests:
            return counted
        share = -(-(requests - sum(counted.values())) // len(operations))
    raise AssertionError


def _send(operation, mode, examples, turn, references, counted):
    sent = 0

    @seed(20261125 + turn)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=False,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def one(case):
        nonlocal sent
        sent += 1
        if sent % SHARE == 0:
            if "reference" in (case.path_parameters or {}):
                case.path_parameters["reference"] = references[sent // SHARE % len(references)]
            if case.method != "GET":
                case.headers = {name: value for name, value in (case.headers or {}).items() if name != "If-Match"}
                case.headers["If-Match"] = "*"
        answer = case.call(base_url="http://localhost")
        counted[answer.status_code] += 1
        case.validate_response(answer, checks=CHECKS)

    one()


@pytest.fixture(autouse=True)
def _quiet():
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.fuzz
def test_two_thousand_requests_made_from_the_description_break_nothing(app):
    counted = fuzzed(app, BOUNDED)
    assert sum(counted.values()) >= BOUNDED
    assert {200, 201, 404, 409, 422} <= set(counted), counted  # it reached what there is to reach


@pytest.mark.exhaustive
def test_a_hundred_thousand_requests_made_from_the_description_break_nothing(app):
    counted = fuzzed(app, LONG)
    assert sum(counted.values()) >= LONG
