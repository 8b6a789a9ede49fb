"""Descriptions in HTML as plain text.

`html.parser` takes quadratic time for tags and comments that do not end. The pattern here is linear: where it
looks into a quotation from several `<`, at most two of them come beyond the next `<`.
"""

import html
import re
from collections.abc import Iterator
from typing import Final

_BLOCKS: Final = frozenset(
    {"p", "div", "br", "li", "ul", "ol", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "pre"}
)
_HIDDEN: Final = frozenset({"script", "style", "head", "title"})
_LOOKS_LIKE_HTML: Final = re.compile(r"</?[a-z][a-z0-9]*(?:\s[^<>]*)?/?>", re.IGNORECASE)
_MARKUP: Final = re.compile(
    r"""<!--.*?(?:-->|\Z)  # a comment, to the end of the text if it does not end
    | <(?P<end>/?)(?P<tag>[a-z][a-z0-9]*+)(?:[^<>"']|"[^"]*+"|'[^']*+')*+>
    | <[!?/][^<>]*+>""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_ADDRESS: Final = re.compile(r"(?:https?://|mailto:|tel:)", re.IGNORECASE)
_HREF: Final = re.compile(rf"""\shref\s*=\s*["']?({_ADDRESS.pattern}[^\s"'<>]+)""", re.IGNORECASE)
_HUGE_REFERENCE: Final = re.compile(r"&#(?:[0-9]{8,}|x[0-9a-f]{7,});?", re.IGNORECASE)
"""No character has such a number, and `html.unescape` fails for one of thousands of digits."""


def plain_text(text: str) -> str:
    """Returns a description without its tags if it is HTML, else as it is."""
    if not _LOOKS_LIKE_HTML.search(text):
        return text
    lines = "".join(_pieces(text)).split("\n")
    lines[:-1] = [line.rstrip(" \t\r\xa0") for line in lines[:-1]]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _pieces(text: str) -> Iterator[str]:
    """Yields the texts between the tags, and a line break for each tag that begins a line."""
    hidden, place = "", 0
    link: re.Match[str] | None = None
    for match in _MARKUP.finditer(text):
        if not hidden:
            yield _unescaped(text[place : match.start()])
        place = match.end()
        tag, ends = (match["tag"] or "").lower(), bool(match["end"])
        if hidden:
            hidden = "" if ends and tag == hidden else hidden
        elif tag in _HIDDEN and not ends:
            hidden = tag
        elif tag == "a":
            if link is not None:
                yield _address(link[0], text[link.end() : match.start()])
            link = None if ends else match
        elif tag in _BLOCKS and (tag == "p" or not ends):
            yield "\n- " if tag == "li" else "\n"
    if not hidden:
        yield _unescaped(text[place:])


def _address(tag: str, shown: str) -> str:
    """Returns the address of a link in brackets, unless it is what the link shows."""
    found = _HREF.search(tag)
    if found is None or _ADDRESS.sub("", found[1]).strip("/") == _ADDRESS.sub("", shown.strip()).strip("/"):
        return ""
    return f" ({_unescaped(found[1])})"


def _unescaped(text: str) -> str:
    return html.unescape(_HUGE_REFERENCE.sub("\ufffd", text))
