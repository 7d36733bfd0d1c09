"""What people type: days are read as they write them, and a slip is told as the slip it is."""

from datetime import date

import pytest

from workflow import inputs
from workflow.errors import BadInput

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("31.02.2026", "February 2026 has 28 days"),
        ("29 feb 27", "February 2027 has 28 days"),
        ("31 4 2026", "April 2026 has 30 days"),
        ("27 13 2026", "is no date that is clear"),
        ("soon", "is no date that is clear"),
    ],
)
def test_a_day_that_does_not_exist_is_told_by_its_month(typed: str, told: str):
    with pytest.raises(BadInput, match=told):
        inputs.written_day(typed, "The day", TODAY)


def test_a_day_that_exists_is_read_as_people_write_it():
    assert inputs.written_day("29.02.2028", "The day", TODAY) == date(2028, 2, 29)


def test_a_day_whose_year_must_be_a_slip_is_refused_either_way():
    with pytest.raises(BadInput, match="Mon 1 Jan 1990, is before the year 2000"):
        inputs.not_future(date(1990, 1, 1), TODAY, "The day of the assessment")
    with pytest.raises(BadInput, match="is more than ten years ahead"):
        inputs.not_far(date(2036, 11, 24), TODAY, "The day of the action")
    assert inputs.not_far(date(2036, 11, 23), TODAY, "The day of the action") == date(2036, 11, 23)
