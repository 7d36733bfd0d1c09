"""Text for formats made of XML and for print, which cannot hold every character that JSON can."""

import re

# XML 1.0, section 2.2: everything else is a character; tab, line feed and return are.
_IMPOSSIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def plain(text: str) -> str:
    """Put the replacement character for what XML cannot hold. The JSON Lines export has the text as it is."""
    return _IMPOSSIBLE.sub("\N{REPLACEMENT CHARACTER}", text)
