"""The cascade decides as browsers do which colour a text has, and on what."""

import pytest

from jobs.audit.css.cascade import styles
from jobs.audit.css.colour import WHITE, contrast, distance, read_colour, readable
from jobs.audit.css.media import applies_to_screen
from jobs.audit.css.sheet import read_sheet
from jobs.audit.css.style import Style
from tests.jobs.audit.pages import markup

HTML = (
    '<div id="box" class="card wide"><p class="note first">One</p>'
    '<p class="note">Two</p><section><p data-kind="x">Three</p></section></div>'
)


def style_of(css: str, text: str = "One", html: str = HTML) -> Style:
    page = markup(f"<style>{css}</style>{html}")
    assert page.styles is not None
    found = next(one for one in page.texts if one.data == text)
    return page.styles[found.parent.index]


def colour_of(css: str, text: str = "One", html: str = HTML) -> str | None:
    colour = style_of(css, text, html).colour
    return colour.hex if colour else None


@pytest.mark.parametrize(
    ("selector", "texts"),
    [
        ("p", "One Two Three"),
        ("*", "One Two Three"),
        (".note", "One Two"),
        (".note.first", "One"),
        ("#box > p", "One Two"),
        ("#box p", "One Two Three"),
        ("div section > p", "Three"),
        (".first + p", "Two"),
        (".first ~ section p", "Three"),
        ("p:first-child", "One Three"),
        ("p:last-child", "Three"),
        ("p:only-child", "Three"),
        ("p:nth-child(2)", "Two"),
        ("p:nth-child(odd)", "One Three"),
        ("p:nth-last-child(n+2)", "One Two"),
        ("p:not(.note)", "Three"),
        ("p:is(.first, [data-kind])", "One Three"),
        ("[data-kind='x']", "Three"),
        ("[class~=first]", "One"),
        ("[class^=no]", "One Two"),
        ("[data-kind|=x]", "Three"),
        ("div.card.wide > .note:not(.first)", "Two"),
        ("main p", ""),
        ("p:hover", ""),
        ("p::before", ""),
        ("p > section", ""),
        ("p:unheard-of(1)", ""),
    ],
)
def test_a_selector_reaches_the_elements_it_describes(
    selector: str, texts: str
) -> None:
    css = f"{selector} {{ color: #123456 }}"
    reached = [
        one for one in ("One", "Two", "Three") if colour_of(css, one) == "#123456"
    ]

    assert reached == texts.split()


@pytest.mark.parametrize(
    ("css", "winner"),
    [
        ("p { color: red } p { color: blue }", "#0000ff"),
        (".note { color: red } p { color: blue }", "#ff0000"),
        ("#box p { color: red } .note.first { color: blue }", "#ff0000"),
        ("p { color: red !important } #box p { color: blue }", "#ff0000"),
        (":where(#box) p { color: red } p { color: blue }", "#0000ff"),
        (":is(#box, p) p { color: red } .note { color: blue }", "#ff0000"),
        ("div { color: red }", "#ff0000"),
        ("div { color: red } p { color: inherit }", "#ff0000"),
        ("div { --c: red } p { color: var(--c) }", "#ff0000"),
        ("p { color: var(--none, blue) }", "#0000ff"),
        ("div { --a: var(--b); --b: blue } p { color: var(--a) }", "#0000ff"),
        ("div { & p { color: blue } }", "#0000ff"),
        ("div { .note { color: blue } }", "#0000ff"),
        ("@media print { p { color: blue } }", "#000000"),
        ("@media (min-width: 600px) { p { color: blue } }", "#0000ff"),
        ("@supports (color: red) { p { color: blue } }", "#0000ff"),
    ],
)
def test_the_declaration_wins_that_wins_in_browsers(css: str, winner: str) -> None:
    assert colour_of(css) == winner


def test_an_attribute_beats_every_selector_but_not_important_ones() -> None:
    html = '<p id="a" style="color: blue">One'

    assert colour_of("#a { color: red }", html=html) == "#0000ff"
    assert colour_of("p { color: red !important }", html=html) == "#ff0000"


@pytest.mark.parametrize(
    ("css", "behind"),
    [
        ("div { background: #eee }", "#eeeeee"),
        (
            "div { background: #000 } p { background: rgb(255 255 255 / 50%) }",
            "#808080",
        ),
        ("div { background-color: red } p { background: transparent }", "#ff0000"),
        ("div { background: navy url(a.png) }", None),
        ("div { background: linear-gradient(red, blue) }", None),
        ("div { background: url(a.png) } p { background-color: #fff }", "#ffffff"),
        ("", "#ffffff"),
    ],
)
def test_what_is_behind_a_text_is_laid_over_white_or_unknown(
    css: str, behind: str | None
) -> None:
    background = style_of(css).background

    assert (background.hex if background else None) == behind


def test_sizes_and_weights_are_inherited_and_relative() -> None:
    style = style_of("div { font: bold 20px/1.5 serif } p { font-size: 1.5em }")

    assert (style.size, style.bold) == (30.0, True)


def test_hidden_is_what_is_not_displayed_also_through_a_class() -> None:
    page = markup("<style>.gone { display: none }</style><p class=gone>A<b>B</b><p>C")
    hidden = {page.elements[place].tag for place in page.hidden}

    assert {"p", "b"} <= hidden
    assert [one for one in page.shown(page.tags("p")) if page.text(one) == "C"]


def test_contrast_is_what_wcag_defines() -> None:
    grey, better = read_colour("#777777"), read_colour("#767676")
    assert grey is not None
    assert better is not None

    assert contrast(WHITE, grey) == pytest.approx(4.48, abs=0.01)
    assert contrast(WHITE, better) == pytest.approx(4.54, abs=0.01)
    assert contrast(grey, grey) == 1


def test_a_better_colour_is_offered_that_is_good_enough() -> None:
    faint = read_colour("#aaa")
    assert faint is not None
    offered = readable(faint, WHITE, 4.5)
    assert offered is not None
    colour = read_colour(offered)
    assert colour is not None

    assert contrast(colour, WHITE) >= 4.5
    assert distance(offered, "#767676") < 10


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("", True),
        ("screen and (min-width: 40em)", True),
        ("(max-width: 600px)", False),
        ("(width >= 600px)", True),
        ("(prefers-color-scheme: dark)", False),
        ("print, screen", True),
        ("not screen", False),
        ("(unheard-of: 1)", False),
    ],
)
def test_media_queries_hold_for_a_screen_of_1280_by_800(
    query: str, *, holds: bool
) -> None:
    assert applies_to_screen(query) is holds


def test_a_stylesheet_reports_where_it_is_broken_and_goes_on() -> None:
    sheet = read_sheet("a { color red }\nb { margin: 0 }")

    assert [line for _, line, _ in sheet.errors] == [1]
    assert sheet.rules[1].declarations[0].name == "margin"


def test_brackets_nested_beyond_reason_are_refused_without_a_crash() -> None:
    assert read_sheet("a { width: " + "calc(" * 50_000).errors


def test_entangled_styles_are_given_up_instead_of_taking_minutes() -> None:
    page = markup("<div>" * 500 + "<p>A" * 500)
    sheet = read_sheet("div div div div i p { color: red }\n" * 500)

    assert styles(page.elements, [sheet]) is None
