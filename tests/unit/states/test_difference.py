"""What changed between two editions is named value by value."""

from states.difference import Difference, differences
from states.loader import load_programme


def test_an_edition_does_not_differ_from_itself(stp):
    assert differences(stp, stp) == []


def test_a_changed_value_an_added_rule_and_one_taken_out_are_named(stp, stp_text):
    changed = stp_text.replace('edition = "2026-03"', 'edition = "2026-04"').replace(
        'title = "ACRA BizFile report"', 'title = "BizFile report"'
    )
    after = load_programme(changed, file="stp.toml")
    found = differences(stp, after)
    assert Difference("edition", "2026-03", "2026-04") in found
    assert Difference("documents bizfile_report.title", "ACRA BizFile report", "BizFile report") in found
    assert len(found) == 2
    back = differences(after, stp)
    assert {(one.where, one.after, one.before) for one in back} == {(one.where, one.before, one.after) for one in found}


def test_what_is_not_in_both_has_no_value_on_one_side(stp):
    fewer = stp.model_copy(update={"documents": stp.documents[:-1]})
    gone = stp.documents[-1].kind
    assert {one.where for one in differences(stp, fewer)} == {
        f"documents {gone}.{name}" for name in ("kind", "title", "mandatory", "source")
    }
    assert all(one.after is None for one in differences(stp, fewer))
    assert all(one.before is None for one in differences(fewer, stp))
