"""Finds cases by the beginnings of words, on both databases alike, and keeps the words. Knows no page and no list."""

import re
import unicodedata
from collections.abc import Iterable
from itertools import chain
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from workflow import models
from workflow.models.base import table_of

_A = table_of(models.Application)
_W = table_of(models.SearchWord)
_C = table_of(models.Company)
_TOO_COMMON = frozenset({"pte", "ltd", "llp", "and", "the", "of", "co", "inc"})
_LONGEST = 40
_FEW = 5_000  # cases that a word leads to; of 1,000,000, looking through the list is as quick for more than that
_MOST = 6  # words of a search; more make it no sharper


def words_of(*texts: str) -> set[str]:
    """Return the words of texts as they are kept: lower case, without accents, a reference whole and in parts."""
    found: set[str] = set()
    for text in texts:
        plain = unicodedata.normalize("NFKD", text.casefold())
        plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
        parts = re.findall(r"\w+", plain)
        found.update(part[:_LONGEST] for part in parts)
        found.update(part.lstrip("0") for part in parts if part.isdigit())
        found.update(whole[:_LONGEST] for whole in re.findall(r"[\w-]*\w-\w[\w-]*", plain))
    return found - {""}


def keep(connection: Connection, application_id: int, texts: Iterable[str]) -> None:
    """Keep the words of a case, also those of a name that it had before."""
    known = set(connection.execute(select(_W.c.word).where(_W.c.application_id == application_id)).scalars())
    if new := sorted(words_of(*texts) - known):
        connection.execute(_W.insert(), [{"word": word, "application_id": application_id} for word in new])


def keep_case(connection: Connection, application_id: int) -> None:
    """Keep the words of a case as its row and its company's say."""
    query = select(_A.c.reference, _C.c.identifier, _C.c.name).join(_C, _C.c.id == _A.c.company_id)
    keep(connection, application_id, connection.execute(query.where(_A.c.id == application_id)).one())


def matches(connection: Connection, text: str) -> list[ColumnElement[bool]]:
    """Return conditions on applications: each word that is sought begins one of the case's words.

    A word that few cases have leads to them; one that many have is looked for in each case as the list goes along, so
    that a search costs the same however many cases there are. One query, and none where nothing is sought.
    """
    # A reference, or the beginning of one, is sought as a whole; other words one by one.
    parts = ([one] if any(map(str.isdigit, one)) else one.split("-") for one in re.findall(r"[\w-]+", text))
    words = [max(words_of(one), key=len, default="") for one in chain.from_iterable(parts)][:_MOST]
    telling = [word for word in words if word and word not in _TOO_COMMON] or [word for word in words if word]
    if not telling:
        return []
    counted = [
        select(func.count()).select_from(_begins(word).limit(_FEW + 1).subquery()).scalar_subquery() for word in telling
    ]
    counts = connection.execute(select(*counted)).one()
    return [
        _A.c.id.in_(_begins(word)) if count <= _FEW else _begins(word).where(_W.c.application_id == _A.c.id).exists()
        for word, count in zip(telling, counts, strict=True)
    ]


def _begins(word: str) -> Select[Any]:
    return select(_W.c.application_id).where(_W.c.word >= word, _W.c.word < word + "\U0010ffff")
