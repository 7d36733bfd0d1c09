"""The document of the file's form is whole: every key, guard, code and effect, and an example that loads."""

import inspect
import re
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rule_cases import APPROVER, DAY, TODAY, attempt_at, make_facts

from states import definition, guards
from states.definition import PHASES, TARGETS, Audience, Deed, Effect, Kind, Programme, Role, TraderRole
from states.guards import GUARDS
from states.loader import load_programme
from states.machine import Fired, ProgrammeMachine

DOCUMENT = (Path(__file__).parents[3] / "docs" / "programme-format.md").read_text(encoding="utf-8")
EXAMPLE = re.findall(r"```toml\n(.*?)```", DOCUMENT, re.DOTALL)[-1]
MODELS = [
    model
    for _, model in inspect.getmembers(definition, inspect.isclass)
    if issubclass(model, definition.Part) and model.__module__ == definition.__name__
]
KEYS = sorted({(m.__name__, field.alias or name) for m in MODELS for name, field in m.model_fields.items()})
WORDS = {word for kind in (Kind, Role, Audience, Deed, Effect, TraderRole) for word in get_args(kind)}


@pytest.fixture(scope="module")
def example() -> Programme:
    return load_programme(EXAMPLE, file="programme-format.md")


@pytest.mark.parametrize(("model", "key"), KEYS)
def test_every_key_is_explained(model: str, key: str):
    assert re.search(rf"`\[*(instruments\.)?{key}\b", DOCUMENT), f"{model}.{key}"


@pytest.mark.parametrize("word", sorted({*WORDS, *TARGETS, *PHASES, *definition.BANDS}))
def test_every_word_of_a_closed_set_is_there(word: str):
    assert re.search(rf'[`"]"?{word}"?[`"]', DOCUMENT)


@pytest.mark.parametrize("name", GUARDS)
def test_every_guard_is_explained_with_all_its_codes(name: str):
    (row,) = re.findall(rf"^\| `{name}` \|.*$", DOCUMENT, re.MULTILINE)
    codes = set(re.findall(r'"([A-Z]+(?:_[A-Z]+)+)"', inspect.getsource(GUARDS[name])))

    assert set(re.findall(r"`([A-Z_]+)`", row.split("|")[2])) == codes


def test_every_code_of_the_common_rules_is_there():
    codes = set(re.findall(r'"([A-Z]+(?:_[A-Z]+)+)"', inspect.getsource(guards)))

    assert {code for code in codes | {"WRONG_STATE"} if f"`{code}`" not in DOCUMENT} == set()


@pytest.mark.parametrize("effect", get_args(Effect))
def test_every_effect_has_its_row(effect: str):
    assert re.search(rf"^\| `{effect}` \|", DOCUMENT, re.MULTILINE)


def test_defaults_are_those_of_the_code():
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]* \| `([^`]+)` \|", DOCUMENT, re.MULTILINE))

    for model in MODELS:
        for name, field in model.model_fields.items():
            if isinstance(field.default, (int, str)) and name in rows and name not in ("source", "mandatory"):
                assert rows[name].strip('"') == str(field.default).lower().replace("asia", "Asia"), name


def test_the_example_says_nothing_that_is_not_explained(example: Programme):
    assert (example.code, len(example.states), list(example.criteria)) == ("DEMO", 3, ["B1", "B2"])


@given(st.sampled_from([(), ("Tuas",)]))
def test_the_example_certifies_and_lapses(example: Programme, sites: tuple[str, ...]):
    machine = ProgrammeMachine(example)
    facts = make_facts(example, state="submitted", sites=sites, today=TODAY + DAY)

    fired = machine.fire("certify", facts, APPROVER, attempt_at(example.transition("certify", "submitted")))

    assert isinstance(fired, Fired)
    assert fired.target == "certified"
