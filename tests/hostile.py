"""Names that files may have and nobody expects, as bytes."""

# ruff: noqa: E501 - tables of names, by what is mean about them

from __future__ import annotations

import random

SEED = 7
TOTAL = 520
LONGEST = 255
SUFFIX = b".png"

MEANT: tuple[str, ...] = (
    # what a label, a tool tip or a terminal would act upon
    "<b>bold<i>", "<img src=x>", "<script>alert(1)", "<a href='x'>press me", "&lt;&amp;&#65;", "<table><tr><td>", "<!--", "<p style='font-size:99px'>",
    "a\nb", "a\r\nb", "\ttab", "\x1b[2J\x1b[31mred", "\x1b]0;title\x07", "\x9b31m", "bell\x07", "back\x08\x08\x08", "\x7f", "vertical\x0btab\x0c",
    # what reads backwards, or not at all
    "photo\u202egpj.exe", "\u202d\u202a\u202b\u202cmarks", "\u2066a\u2069", "\u2067a", "\u2068a", "a\u2069\u2069", "\u200e\u200f\u061c", "\u05d0\u05d1\u05d2 gpj", "\u0645\u0631\u062d\u0628\u0627 123",
    "zero\u200bwidth", "\ufeffbom", "soft\u00adhyphen", "line\u2028sep\u2029par", "\U000e0041\U000e0042tags", "\u3164filler", "family 👨\u200d👩\u200d👧", "🦆🦆🦆", "flag 🇩🇪", "\ue000private", "\U0010fffdend",
    "e\u0301 decomposed", "é composed", "ﬁ ligature", "İstanbul", "ſharp ß", "Ω Ω", "Z̸̡a̷͜l̵͢g̶͠o", "ＦＵＬＬ", "𝔣𝔯𝔞𝔨",
    # what a program would take for an option, a pattern, an address or a command
    "-rf", "--help", "--library=x", "-", "--", "- -", "%d", "%02d", "%s%s%s%n", "%", "%41", "%00", "img%03d", "*", "?", "[a-z]", "[!x]", "{a,b}", "{0}", "{path!r}", "${HOME}", "$(reboot)", "`reboot`", "~", "~root", "!!", "#", "#fragment",
    "a;reboot", "a|reboot", "a&reboot", "a&&b", "a>b", "a<b", "concat:a|b", "file:a", "http:a", "https:", "pipe:0", "subfile,,start,0,end,0,,:a", "data:text", "crypto:a", "javascript:alert(1)", "qrc:a", "C:", "C:\\Windows", "\\\\server\\share",
    "a\\b", "\\n", "\\x00", "\\", "\"", "'", "''", "\"quoted\"", "it's", "a\"b'c", "«»", "“”",
    # what a query would take for its own
    "' OR 1=1 --", "'; DROP TABLE file; --", "a AND b", "a OR b", "NOT a", "NEAR(a b)", "name:a", "a*", "^a", "(a", "a)", "+a", "a-b", "a_b", "a%b", "\"a b\"", "{a}", "NULL", "None", "null", "true", "NaN", "-0", "1e999", "0x10",
    # what another system keeps for itself, or trims
    "CON", "nul", "aux", "COM1", "a.", "a ", " a", "a. ", "...a", "a..b", "Thumbs", "desktop", "a:b", "a:$DATA", "a\u00a0", "\u3000a", "\u2003",
    "2024-05-06", "May 2024", "2024", "all", "photos", "x" * 251, "\u00e9" * 125, "🦆" * 62, "<" * 251, "\n" * 251, "%" * 251, " " * 251,
)  # fmt: skip
RAW: tuple[bytes, ...] = (
    b"caf\xe9", b"\xff", b"\xff\xfe\xfd", b"\xfe\xff\0"[:2], b"\x80\x81", b"\xc3", b"\xc3\x28", b"\xe2\x82", b"\xf0\x9f\xa6", b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xc0\xaf", b"\xf4\x90\x80\x80", b"\x93\xfa\x96\x7b", b"\xc8\xd5\xb1\xbe", b"a\xffb\nc\x1b[0m", b"\xff" * 251, b"<b>\xe9",
)  # fmt: skip
_ALPHABETS: tuple[str, ...] = (
    "abcXYZ 0189-_.,", "<>&\"'=;#%$`|\\", "\n\r\t\x1b\x07\x08\x7f", "\u202e\u202d\u2066\u2067\u2068\u2069\u200f\u200b", "אבגדםןשת", "مرحباسلام٣", "éüßçñÅ", "日本語写真", "🦆👨\u200d👧🇩🇪", "\u0301\u0308\u0489", "\ue000\ufffe\U000e0001\U0010ffff",
)  # fmt: skip


def names() -> list[bytes]:
    """TOTAL names of pictures, all different, none hidden, each of at most LONGEST bytes."""
    chance = random.Random(SEED)
    found = dict.fromkeys(name.encode() + SUFFIX for name in MEANT)
    found |= dict.fromkeys(name + SUFFIX for name in RAW)
    while len(found) < TOTAL:
        name = _random(chance)[: LONGEST - len(SUFFIX)]
        if name and not name.startswith(b"."):
            found[name + SUFFIX] = None
    return [name for name in found if not name.startswith(b".")]


def _random(chance: random.Random) -> bytes:
    if chance.random() < 0.15:
        return chance.randbytes(chance.choice([1, 5, 40, 251])).replace(b"/", b"-").replace(b"\0", b"0")
    length = chance.choice([1, 3, 10, 40, 120])
    return "".join(chance.choice(chance.choice(_ALPHABETS)) for _ in range(length)).encode()
