"""Which files are taken and which are refused, with the sentence; a hostile one costs no more than an honest one."""

import io
import struct
import zipfile

import builders as b
import pytest

from workflow import files
from workflow.errors import BadInput

TYPES = b'<Types><Override ContentType="application/vnd.openxmlformats-officedocument.%s.main+xml"/></Types>'
EXE = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff" + bytes(200)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"></svg>'


def package(family=b"wordprocessingml", types=None, **members):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", types if types is not None else TYPES % family)
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return made.getvalue()


def refusal(name, content):
    with pytest.raises(BadInput) as caught:
        files.checked(name, content)
    return caught.value


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("Report v1.2 final.pdf", b.PDF, "application/pdf"),
        ("sealregister.DOCX", package(), files._ACCEPTED[".docx"]),
        ("stock.xlsx", package(b"spreadsheetml"), files._ACCEPTED[".xlsx"]),
        ("visitors.csv", "day,visitor\n2026-08-01,Nür\n".encode(), "text/csv"),
        ("海关.txt", b"words", "text/plain"),
    ],
)
def test_what_is_what_it_says_is_taken_under_its_own_name(name, content, media_type):
    file = files.checked(name, content)
    assert (file.filename, file.media_type) == (name, media_type)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("report.pdf.exe", "FILE_TYPE"),
        ("report.exe.pdf", "FILE_NAME"),
        ("report.html.pdf", "FILE_NAME"),
        ("../../etc/report.pdf", "FILE_NAME"),
        ("C:\\reports\\report.pdf", "FILE_NAME"),
        (".report.pdf", "FILE_NAME"),
        ("report\x00.pdf", "TEXT"),
        ("report\n.pdf", "TEXT"),
        ("", "TEXT_EMPTY"),
        ("r" * 201 + ".pdf", "TEXT_LONG"),
        ("report_\u202efdp.pdf", "FILE_NAME"),
        ("report", "FILE_TYPE"),
    ],
)
def test_a_name_that_deceives_is_refused(name, code):
    assert refusal(name, b.PDF).code == code


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("report.pdf", b"", "FILE_EMPTY"),
        ("report.pdf", EXE, "FILE_TYPE"),
        ("photo.png", SVG, "FILE_TYPE"),
        ("plan.svg", SVG, "FILE_TYPE"),
        ("page.html", b"<script>alert(1)</script>", "FILE_TYPE"),
        ("notes.txt", b"a\x00b", "FILE_TYPE"),
        ("notes.csv", b"caf\xe9", "FILE_TYPE"),
        ("letter.docx", b.PDF, "FILE_TYPE"),
        ("letter.docx", package(b"spreadsheetml"), "FILE_TYPE"),
        ("letter.docx", package()[:-30], "FILE_TYPE"),
        ("letter.docx", package(**{"..__..__evil_dot_xml": b"x"}), "FILE_TYPE"),
    ],
)
def test_content_that_is_not_what_the_ending_says_is_refused(name, content, code):
    assert refusal(name, content).code == code


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("report.docm", package()),
        ("report.docx", package(types=b"<Types>wordprocessingml macroEnabled</Types>")),
        ("report.docx", package(word__vbaProject_dot_bin=b"code")),
    ],
)
def test_macros_are_refused_with_what_to_do(name, content):
    assert refusal(name, content).sentence == f'"{name}" contains macros. Send it as PDF.'


def test_a_file_over_the_limit_is_refused_with_its_size():
    wrong = files.too_large("scan.pdf", 61 * 1024 * 1024)
    assert wrong is not None
    assert wrong.sentence.startswith('"scan.pdf" has 61 MB; 50 MB are the limit.')
    assert files.too_large("scan.pdf", files.LARGEST) is None
    assert refusal("scan.pdf", b.PDF + bytes(files.LARGEST)).code == "FILE_SIZE"


class TestBombs:
    def test_a_package_that_unpacks_to_far_more_than_a_document_is_refused(self):
        bomb = package(word__document_dot_xml=bytes(60 * 1024 * 1024))
        assert len(bomb) < 100_000
        wrong = refusal("letter.docx", bomb)
        assert wrong.code == "FILE_UNPACKED"
        assert "would unpack to 60 MB" in wrong.sentence

    def test_overlapping_members_are_counted_as_what_they_would_unpack_to(self):
        """The directory names the same bytes again and again: 30 KB that unpack to gigabytes."""
        small = package(word__document_dot_xml=bytes(20 * 1024 * 1024))
        end = small.rindex(b"PK\x05\x06")
        (size, start) = struct.unpack("<II", small[end + 12 : end + 20])
        last = small.rindex(b"PK\x01\x02", start, end)
        entry, times = small[last:end], 200
        count = struct.pack("<HH", 2 + times, 2 + times)
        directory = small[start:end] + entry * times
        tail = small[end : end + 8] + count + struct.pack("<II", len(directory), start) + small[end + 20 :]
        assert size < len(directory)
        assert refusal("letter.docx", small[:start] + directory + tail).code == "FILE_UNPACKED"

    def test_a_directory_of_a_million_members_is_not_even_read(self, monkeypatch):
        def read(*_):
            raise AssertionError("the directory was read")

        monkeypatch.setattr(zipfile, "ZipFile", read)
        end = b"PK\x05\x06" + bytes(4) + b"\xff\xff\xff\xff" + struct.pack("<IIH", 46_000_000, 0, 0)
        assert refusal("letter.docx", b"PK\x03\x04" + bytes(100) + end).code == "FILE_TYPE"

    def test_a_package_of_the_format_for_huge_ones_is_not_read_either(self, monkeypatch):
        monkeypatch.setattr(zipfile, "ZipFile", lambda *_: pytest.fail("the directory was read"))
        locator = b"PK\x06\x07" + bytes(16)
        assert refusal("letter.docx", b"PK\x03\x04" + locator + b"PK\x05\x06" + bytes(18)).code == "FILE_TYPE"

    def test_an_encrypted_package_is_refused_and_no_error_escapes(self):
        content = bytearray(package())
        for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            at = content.index(mark)
            content[at + flags] |= 1
        assert refusal("letter.docx", bytes(content)).code == "FILE_TYPE"
