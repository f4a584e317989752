"""Something to read, that is finished and can be read."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from jobs.audit.element import Element
from jobs.audit.findings import Category, Hit, Hits, Severity
from jobs.audit.page import Page
from jobs.audit.rules.declare import rule
from jobs.audit.rules.structure import headings

_CONTENT = Category.CONTENT
_EMPTY, _THIN, _FEW_TAGS = 3, 80, 50
_PARAGRAPH, _SENTENCE, _SHOUTED = 150, 40, 20
_SENTENCES = re.compile(r"[.!?]\s")
_FILLER = re.compile(
    r"lorem ipsum|dolor sit amet|consectetur adipiscing", re.IGNORECASE
)
_HOLES = re.compile(
    r"\{\{[^{}]{0,80}\}\}|\$\{[^{}]{0,80}\}|<%[^%]{0,80}%>|\bTODO\b|\bFIXME\b"
    r"|\[(?:[Yy]our|[Ii]nsert|[Ee]nter) [^\]]{1,40}\]|\[object Object\]"
    r"|^\s*(?:undefined|NaN|null)\s*$|\$(?:undefined|NaN|null)\b"
)
# What UTF-8 looks like when it is read as Windows-1252.
_GARBLED = re.compile("�|Ã[©¨¤¶¼Ÿ¡³±]|â€[™œ“”\u02dc¦]|Â[©®°·»]")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_CODE = frozenset({"code", "pre", "kbd", "samp", "script", "style", "textarea"})
_LONG_WORD_PARTS = re.compile(r"[aeiouyäöü]+", re.IGNORECASE)
_REAL = "We repair bicycles while you wait, in the market hall, every day but Sunday. "


def _shown_texts(page: Page) -> Iterator[tuple[str, Element]]:
    """Walk the texts people see, without code samples."""
    for text in page.texts:
        if text.parent.index not in page.hidden and text.parent.tag not in _CODE:
            yield text.data, text.parent


def _words(page: Page) -> int:
    return sum(len(_WORD.findall(data)) for data, _ in _shown_texts(page))


def _paragraphs(page: Page) -> list[tuple[Element, str]]:
    """Read the paragraphs; boxes with whole lists inside are none."""
    found = page.shown(page.tags("p", "li", "dd"))
    simple = (one for one in found if one.end - one.index < _FEW_TAGS)
    return [(one, page.text(one, 20_000)) for one in simple]


@rule(
    "empty",
    _CONTENT,
    Severity.CRITICAL,
    message="The page has no text. It may be made by script, which not everyone runs.",
    fix="Send the content with the page.",
    fails='<div id="root"></div><script src="/app.js" defer></script>',
    passes=f"<p>{_REAL}",
)
def empty(page: Page) -> Hits:
    if _words(page) < _EMPTY:
        yield page.body


@rule(
    "thin",
    _CONTENT,
    Severity.MODERATE,
    message=f"The page has fewer than {_THIN} words.",
    fix="Answer what visitors come for, or join the page with another.",
    fails=f"<p>{_REAL}",
    passes=f"<p>{_REAL * 8}",
)
def thin(page: Page) -> Hits:
    count = _words(page)
    if _EMPTY <= count < _THIN:
        yield Hit(page.body, f"It has {count}.")


@rule(
    "filler",
    _CONTENT,
    Severity.SERIOUS,
    message="Filler text was left on the page.",
    fix="Write the real text, or remove the part.",
    fails="<p>Lorem ipsum dolor sit amet.",
    passes=f"<p>{_REAL}",
)
def filler(page: Page) -> Hits:
    return (parent for data, parent in _shown_texts(page) if _FILLER.search(data))


@rule(
    "hole",
    _CONTENT,
    Severity.SERIOUS,
    message="A placeholder was not filled in.",
    fix="Fill it, or remove it.",
    fails="<p>Dear {{ customer.name }}, welcome back.",
    passes="<p>Dear Ada, welcome back.",
)
def hole(page: Page) -> Hits:
    for data, parent in _shown_texts(page):
        if found := _HOLES.search(data):
            yield Hit(parent, f"“{found[0]}”")


@rule(
    "garbled",
    _CONTENT,
    Severity.SERIOUS,
    message="Letters are garbled: the page is read with the wrong character set.",
    fix='Save the page as UTF-8 and say so: <meta charset="utf-8">.',
    fails="<p>Ein schÃ¶ner Tag.",
    passes="<p>Ein schöner Tag.",
)
def garbled(page: Page) -> Hits:
    for data, parent in _shown_texts(page):
        if found := _GARBLED.search(data):
            start = max(found.start() - 20, 0)
            yield Hit(parent, f"“{data[start : found.end() + 20].strip()}”")


@rule(
    "repeated-text",
    _CONTENT,
    Severity.MODERATE,
    message="The same paragraph stands on the page several times.",
    fix="Keep one.",
    fails=f"<p>{_REAL}<p>{_REAL}",
    passes=f"<p>{_REAL}<p>Bring your bicycle before noon and have it back at six.",
)
def repeated_text(page: Page) -> Hits:
    seen: set[str] = set()
    shortest = 60
    for element, text in _paragraphs(page):
        if text in seen:
            yield element
        if len(text) >= shortest:
            seen.add(text)


@rule(
    "repeated-heading",
    _CONTENT,
    Severity.MINOR,
    message="Two headings of the same level say the same.",
    fix="Say what makes each part different.",
    fails="<h2>Details</h2><p>A<h2>Details</h2><p>B",
    passes="<h2>Prices</h2><p>A<h2>Hours</h2><p>B",
)
def repeated_heading(page: Page) -> Hits:
    seen: set[tuple[int, str]] = set()
    for level, heading in headings(page):
        key = level, page.text(heading).lower()
        if key[1] and key in seen:
            yield heading
        seen.add(key)


@rule(
    "long-paragraph",
    _CONTENT,
    Severity.MINOR,
    message=f"The paragraph has more than {_PARAGRAPH} words.",
    fix="Split it where the thought changes.",
    fails=f"<p>{_REAL * 14}",
    passes=f"<p>{_REAL * 3}",
)
def long_paragraph(page: Page) -> Hits:
    for element, text in _paragraphs(page):
        count = len(_WORD.findall(text)) if element.tag == "p" else 0
        if count > _PARAGRAPH:
            yield Hit(element, f"It has {count} words.")


@rule(
    "long-sentence",
    _CONTENT,
    Severity.MINOR,
    message=f"A sentence has more than {_SENTENCE} words.",
    fix="Make two or three of it.",
    fails="<p>We repair " + "and clean and oil and test " * 10 + "bicycles.",
    passes=f"<p>{_REAL * 4}",
)
def long_sentence(page: Page) -> Hits:
    for element, text in _paragraphs(page):
        longest = max(map(len, map(_WORD.findall, _SENTENCES.split(text))))
        if longest > _SENTENCE:
            yield Hit(element, f"It has {longest} words.")


@rule(
    "hard-to-read",
    _CONTENT,
    Severity.MINOR,
    message="The text is hard to read: long words in long sentences.",
    fix="Use everyday words, and say one thing a sentence.",
    fails="<html lang=en><p>"
    + "Organizational transformation necessitates multidimensional considerations "
    "regarding infrastructural modernization initiatives. " * 12,
    passes=f"<html lang=en><p>{_REAL * 12}",
)
def hard_to_read(page: Page) -> Hits:
    """Apply Flesch's reading ease, which is made for English."""
    if not page.html.get("lang").lower().startswith("en"):
        return
    text = " ".join(text for _, text in _paragraphs(page))[:200_000]
    words = _WORD.findall(text)
    enough, hardest = 100, 20
    if len(words) < enough:
        return
    sentences = max(len(_SENTENCES.findall(text + " ")), 1)
    parts = sum(max(len(_LONG_WORD_PARTS.findall(word)), 1) for word in words)
    ease = 206.835 - 1.015 * len(words) / sentences - 84.6 * parts / len(words)
    if ease < hardest:
        yield Hit(note=f"Reading ease is {ease:.0f} of 100.")


@rule(
    "shouting",
    _CONTENT,
    Severity.MINOR,
    message="Capitals read slowly and sound like shouting.",
    fix="Write it normally; use CSS if the design asks for capitals.",
    fails="<p>BUY NOW BEFORE THE LAST BICYCLE IS GONE",
    passes="<p>Buy now before the last bicycle is gone",
)
def shouting(page: Page) -> Hits:
    for data, parent in _shown_texts(page):
        letters = data.strip()
        several = letters.count(" ") > 2  # noqa: PLR2004 - more than an acronym or two
        if len(letters) >= _SHOUTED and several and letters.isupper():
            yield parent


@rule(
    "repeated-word",
    _CONTENT,
    Severity.MINOR,
    message="A word stands twice in a row.",
    fix="Remove one.",
    fails="<p>We repair the the bicycle.",
    passes="<p>We repair the bicycle.",
)
def repeated_word(page: Page) -> Hits:
    allowed = {
        "that",
        "had",
        "is",
        "very",
        "bye",
        "ha",
        "so",
        "no",
        "sie",
        "die",
        "der",
    }
    for data, parent in _shown_texts(page):
        words = data.lower().split()
        pairs = pairwise(words)
        doubled = [a for a, b in pairs if a == b and a.isalpha() and a not in allowed]
        if doubled and len(doubled[0]) > 1:
            yield Hit(parent, f"“{doubled[0]} {doubled[0]}”")


@rule(
    "stuffed",
    _CONTENT,
    Severity.MODERATE,
    message="One word makes up more than a tenth of the text.",
    fix="Write for readers; search engines take repetition for deceit.",
    fails="<p>" + "Cheap bicycle shop, bicycle repair, bicycle sale and bicycle. " * 20,
    passes=f"<p>{_REAL}Bring yours before noon and have it back at six, oiled.",
)
def stuffed(page: Page) -> Hits:
    enough, shortest, share = 80, 5, 0.1
    words = [
        word.lower()
        for data, _ in _shown_texts(page)
        for word in _WORD.findall(data)
        if len(word) >= shortest
    ]
    for word, count in Counter(words).most_common(1):
        if len(words) >= enough and count > share * len(words):
            yield Hit(note=f"“{word}” stands there {count} times.")
