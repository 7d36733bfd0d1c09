"""The demonstration's sheets are PDFs that a viewer opens without mending them."""

import re

from workflow.files import checked
from workflow.operations.demonstration.sheet import sheet


def test_every_object_lies_where_the_table_says():
    made = sheet("Visit report", ["Söhne (2) \\ Co.", "日本"])

    table = int(re.search(rb"startxref\n(\d+)\n%%EOF\n$", made)[1])
    assert made[table:].startswith(b"xref\n0 6\n")
    places = [int(place) for place in re.findall(rb"(\d{10}) 00000 n", made[table:])]
    assert [made[place:].partition(b"\n")[0] for place in places] == [b"%d 0 obj" % n for n in range(1, 6)]
    length, text = re.search(rb"/Length (\d+) >>\nstream\n(.*)\nendstream", made, re.DOTALL).groups()
    assert len(text) == int(length)
    assert b"(S\xf6hne \\(2\\) \\\\ Co.) Tj" in text


def test_they_are_taken_as_documents():
    assert checked("visit_report.pdf", sheet("Visit report", [])).media_type == "application/pdf"
