"""An entry in words: what its sentence names comes from the entry, and nothing that is missing stops it."""

import re

import pytest

from workflow.audit.wording import WORDING, in_words


@pytest.mark.parametrize("kind", WORDING)
def test_every_sentence_says_all_that_it_names(kind: str):
    names = re.findall(r"\{(\w+)\}", WORDING[kind])
    told = {name: f"<{name.replace('_', ' ')}>" for name in names}
    entry = {"kind": kind, "from": "<from>", "to": "<to>", "unmet": [1, 2], "about": told, "detail": {}}

    expected = WORDING[kind].format_map(told | {"unmet_count": 2})

    assert in_words(entry) == in_words(entry | {"about": {}, "detail": told}) == expected


def test_what_an_entry_is_about_counts_before_its_detail():
    entry = {"kind": "case:site:added", "about": {"site": "100% {here}"}, "detail": {"site": "elsewhere"}}

    assert in_words(entry) == "Site added: 100% {here}"


def test_a_transition_says_its_own_states():
    detail = {"title": "Certify", "from": "x", "to": "y"}

    assert in_words({"kind": "case:state:changed", "from": "validation", "detail": detail}) == "Certify: validation to "


def test_days_and_kinds_are_said_as_people_say_them():
    asked = {"kind": "case:information:asked", "detail": {"request": 1, "reply_by": "2026-12-10"}}
    added = {"kind": "case:document:added", "detail": {"document_kind": "financial_statements", "version": 1}}

    assert in_words(asked) == "Request 1 for information, answer due on Thu 10 Dec 2026"
    assert in_words(added) == "Document added: financial statements, (filename not recorded), version 1"


def test_what_is_missing_is_told():
    assert in_words({"kind": "case:site:added"}) == "Site added: (site not recorded)"


@pytest.mark.parametrize("kind", ["somebody:else:wrote", "of{", "100%s"])
def test_an_unknown_kind_stands_as_it_is(kind: str):
    assert in_words({"kind": kind, "detail": {"x": 1}}) == kind


def test_states_and_lists_are_said_as_people_say_them():
    moved = {"kind": "case:state:changed", "from": "submitted", "to": "checklist_review", "detail": {"title": "Start"}}
    added = {"kind": "people:officer:added", "detail": {"officer": "p-07", "roles": ["auditor", "officer"]}}

    assert in_words(moved) == "Start: submitted to checklist review"
    assert in_words(added) == "Account added for p-07 with roles auditor, officer"


def test_people_are_named_where_their_names_are_given():
    people = {"p-07": "Hui Min Ong"}
    assigned = {"kind": "case:application:assigned", "detail": {"assignee": "p-07"}}

    assert in_words(assigned) == "Assigned to p-07"
    assert in_words(assigned, people) == "Assigned to Hui Min Ong"
    for recipient, said in (
        ("officer:p-07", "Hui Min Ong"),
        ("officer:p-99", "an officer"),
        ("contact:35", "a contact of the company"),
        ("account_manager", "the account manager"),
    ):
        sent = {"kind": "mail:delivery:sent", "detail": {"message": "approved", "recipient": recipient}}
        assert in_words(sent, people) == f"Message approved delivered to {said}"
        assert in_words(sent) == f"Message approved delivered to {recipient}"
