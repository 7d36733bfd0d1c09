"""The words by which a case is found: of its company's names, the identifier, the reference. The same on both databases."""

from sqlalchemy import Column, Index, String
from sqlmodel import Field

from workflow.models.base import Row


class SearchWord(Row, table=True):
    __tablename__ = "search_word"
    __table_args__ = (Index("ix_search_word_of", "application_id", "word"),)
    # Compared letter by letter, whatever language the server sorts in: a search is for the beginnings of words.
    word: str = Field(sa_column=Column(String(collation="C").with_variant(String(), "sqlite"), primary_key=True))
    application_id: int = Field(primary_key=True, foreign_key="application.id")
