"""A page is read as browsers read it, and every tag keeps its place."""

import pytest

from jobs.audit.checking import run_rule
from jobs.audit.findings import clip, placed
from jobs.audit.reading import TooManyTagsError, decode, read_page
from jobs.audit.resources import image_sides
from jobs.audit.rules import RULES
from tests.jobs.audit.pages import markup


@pytest.mark.parametrize(
    ("content", "content_type", "text"),
    [
        ("Größe".encode(), "", "Größe"),
        ("Größe".encode("latin-1"), "text/html; charset=ISO-8859-1", "Größe"),
        (b"<meta charset=windows-1252>\x80", "", "<meta charset=windows-1252>€"),
        (
            b"<meta charset=latin1>\xfc",
            "text/html; charset=utf-8",
            "<meta charset=latin1>�",
        ),
        ("Größe".encode("utf-8-sig"), "text/html; charset=latin1", "Größe"),
        ("Größe".encode("utf-16"), "", "Größe"),
        (b"\xff\xff", "text/html; charset=no-such", "��"),
        (b"<meta charset=utf-16>ok", "", "<meta charset=utf-16>ok"),
    ],
)
def test_bytes_become_text_by_mark_then_header_then_tag(
    content: bytes, content_type: str, text: str
) -> None:
    assert decode(content, content_type) == text


def test_elements_keep_line_and_column_of_their_tag_in_the_source() -> None:
    page = markup("<!doctype html>\n<body>\n  <p>A</p><img\n src=a>\n")

    image = page.tags("img")[0]
    assert (image.line, image.column) == (3, 11)
    assert (page.tags("head")[0].line, page.tags("head")[0].column) == (0, 0)


def test_ranges_hold_exactly_what_is_inside() -> None:
    page = markup("<div id=a><p>One<b>Two</b></p></div><p>Three")
    box = page.by_id["a"][0]

    assert [one.tag for one in page.within(box)] == ["p", "b"]
    assert page.text(box) == "OneTwo"
    assert page.text(page.body) == "OneTwoThree"


def test_scripts_and_styles_are_no_text() -> None:
    page = markup("<body>A<script>b</script><style>c</style>D")

    assert page.text(page.body) == "AD"


def test_a_selector_leads_from_the_nearest_id() -> None:
    page = markup("<main id=m><ul><li>A<li class='x y'>B</ul></main>")

    place = placed(page.tags("li")[1])
    assert place["selector"] == "main#m > ul > li.x:nth-child(2)"
    assert place["snippet"] == '<li class="x y">'


def test_more_tags_than_an_audit_reads_are_refused_before_parsing() -> None:
    with pytest.raises(TooManyTagsError, match="about 100,001 tags"):
        read_page("<" * 100_001)


@pytest.mark.parametrize(
    "text", ["a" * 500, "ü" * 500, "😀" * 500, "a\x00b\ud800c\n" * 90]
)
def test_texts_are_cut_to_bytes_that_json_storage_takes(text: str) -> None:
    cut = clip(text, 160)

    assert len(cut.encode()) <= 160
    assert "\x00" not in cut
    assert "\n" not in cut


def test_a_rule_lists_the_first_places_and_counts_all() -> None:
    rule = next(rule for rule in RULES if rule.name == "image-alt")

    count, listed = run_rule(rule, markup("<img src=a>" * 500))

    assert (count, len(listed)) == (500, 20)
    assert listed[0]["occurrences"] == 500


@pytest.mark.parametrize(
    ("content", "sides"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0", (640, 480)),
        (b"GIF89a\x0a\x00\x05\x00", (10, 5)),
        (b"\xff\xd8\xff\xe0\0\x04AB\xff\xc0\0\x11\x08\0\x20\0\x40\x03", (64, 32)),
        (b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0\x7f\x02\0\xdf\x01\0", (640, 480)),
        (b"\x89PNG\r\n\x1a\n", (0, 0)),
        (b"<svg>", (0, 0)),
    ],
)
def test_images_tell_their_size_in_their_first_bytes(
    content: bytes, sides: tuple[int, int]
) -> None:
    assert image_sides(content) == sides
