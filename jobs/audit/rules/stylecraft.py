"""Styles that can be changed next year."""

import re

from jobs.audit.census import take_census
from jobs.audit.findings import Category, Hit, Hits, Severity
from jobs.audit.page import Page
from jobs.audit.rules.declare import Example, rule

_DESIGN = Category.DESIGN
_IMPORTANT, _INLINE, _LAYER, _IDS, _BREAKS = 10, 20, 9_999, 10, 6
_WIDE = 600
_OLD_TAGS = ("center", "font", "big", "strike", "tt", "basefont")
_OLD_ATTRIBUTES = (
    "bgcolor",
    "align",
    "valign",
    "cellpadding",
    "cellspacing",
    "background",
)
_PIXELS = re.compile(r"(\d{1,5})(?:\.\d+)?px")
_IDENTITY = re.compile(r"#[A-Za-z_][\w-]*")
_BREAK = re.compile(r"(?:min-|max-)?width\s*[:<>=]{1,2}\s*(\d[\d.]{0,7}(?:px|r?em))")
_BOXES = re.compile(
    r"(?:^|[\s,])(?:body|html|main|\.container|\.wrapper|#page|#wrapper)$"
)


@rule(
    "important",
    _DESIGN,
    Severity.MODERATE,
    message=f"The styles force their way with !important more than {_IMPORTANT} times.",
    fix="Lower the specificity of what you override, or use @layer.",
    fails=Example(css="".join(f".i{n} {{ color: red !important }}" for n in range(12))),
    passes=Example(css="[hidden] { display: none !important }"),
)
def important(page: Page) -> Hits:
    forced = [one for one in page.once(take_census).uses if one.declaration.important]
    if len(forced) > _IMPORTANT:
        yield forced[0].hit(f"{len(forced)} times.")


@rule(
    "inline-styles",
    _DESIGN,
    Severity.MINOR,
    message=f"More than {_INLINE} elements carry their style in an attribute.",
    fix="Give them a class.",
    fails='<p style="color: navy">A' * 25,
    passes='<p class="note">A' * 25,
)
def inline_styles(page: Page) -> Hits:
    styled = page.having("style")
    if len(styled) > _INLINE:
        yield Hit(styled[0], f"There are {len(styled)}.")


@rule(
    "old-tags",
    _DESIGN,
    Severity.MINOR,
    message="The tag was taken out of HTML long ago.",
    fix="Use CSS for how things look.",
    fails="<center>Welcome</center>",
    passes='<p class="centred">Welcome',
)
def old_tags(page: Page) -> Hits:
    return page.tags(*_OLD_TAGS)


@rule(
    "old-attributes",
    _DESIGN,
    Severity.MINOR,
    message="The attribute was taken out of HTML long ago.",
    fix="Use CSS for how things look.",
    fails='<table bgcolor="yellow"><tr><td>A</table>',
    passes='<table class="prices"><tr><td>A</table>',
)
def old_attributes(page: Page) -> Hits:
    for name in _OLD_ATTRIBUTES:
        for element in page.having(name):
            yield Hit(element, f"{name}=…")


@rule(
    "layers",
    _DESIGN,
    Severity.MINOR,
    message="The style shouts to be on top: a huge z-index.",
    fix="Keep a short list of layers, in steps of one, and isolate parts.",
    fails=Example(css=".a { z-index: 999999 }"),
    passes=Example(css=".a { z-index: 10 }"),
)
def layers(page: Page) -> Hits:
    for use in page.once(take_census).of("z-index"):
        if use.value.isdecimal() and len(use.value) > len(str(_LAYER)):
            yield use.hit()


@rule(
    "styles-by-id",
    _DESIGN,
    Severity.MINOR,
    message=f"More than {_IDS} rules select by id, and can hardly be overridden.",
    fix="Select by class.",
    fails=Example(css="".join(f"#i{n} {{ margin: 0 }}" for n in range(12))),
    passes=Example(css=".i { margin: 0 }"),
)
def styles_by_id(page: Page) -> Hits:
    found = [
        (sheet, styled)
        for sheet in page.sheets
        for styled in sheet.rules
        if _IDENTITY.search(styled.prelude)
    ]
    if len(found) > _IDS:
        sheet, styled = found[0]
        yield Hit(
            note=f"{len(found)} do.",
            sheet=sheet,
            line=styled.line,
            column=styled.column,
            selector=styled.prelude,
        )


@rule(
    "breakpoints",
    _DESIGN,
    Severity.MINOR,
    message=f"The layout changes at more than {_BREAKS} widths.",
    fix="Choose three or four, and let boxes flow in between.",
    fails=Example(
        css="".join(
            f"@media (min-width: {n}00px) {{ p {{ margin: 0 }} }}" for n in range(3, 11)
        )
    ),
    passes=Example(css="@media (min-width: 600px) { p { margin: 0 } }"),
)
def breakpoints(page: Page) -> Hits:
    queries = (query for sheet in page.sheets for query in sheet.media)
    widths = {width for query in queries for width in _BREAK.findall(query[:500])}
    if len(widths) > _BREAKS:
        yield Hit(note=f"{len(widths)}: {', '.join(sorted(widths))}")


@rule(
    "fixed-width",
    _DESIGN,
    Severity.MODERATE,
    message="The page has a fixed width and must be pushed sideways on telephones.",
    fix="Use max-width, or percent.",
    fails=Example(css=".container { width: 1200px }"),
    passes=Example(css=".container { width: 100%; max-width: 1200px }"),
)
def fixed_width(page: Page) -> Hits:
    for use in page.once(take_census).of("width", "min-width"):
        found = _PIXELS.fullmatch(use.value)
        is_box = use.rule is not None and _BOXES.search(use.rule.prelude)
        if found and is_box and int(found[1]) > _WIDE:
            yield use.hit()


@rule(
    "styles-broken",
    _DESIGN,
    Severity.MODERATE,
    message="Part of the stylesheet cannot be read, so browsers skip it.",
    fix="Correct it: often a bracket or a semicolon is missing.",
    fails=Example(css="p { color red; margin: 0 }"),
    passes=Example(css="p { color: red; margin: 0 }"),
)
def styles_broken(page: Page) -> Hits:
    for sheet in page.sheets:
        for message, line, column in sheet.errors:
            yield Hit(note=message, sheet=sheet, line=line, column=column)


@rule(
    "rules-empty",
    _DESIGN,
    Severity.MINOR,
    message="The rule declares nothing.",
    fix="Remove it.",
    fails=Example(css=".a { } .b { margin: 0 }"),
    passes=Example(css=".b { margin: 0 }"),
)
def rules_empty(page: Page) -> Hits:
    for sheet in page.sheets:
        for styled in sheet.rules:
            if not styled.declarations and not styled.nests:
                yield Hit(
                    sheet=sheet,
                    line=styled.line,
                    column=styled.column,
                    selector=styled.prelude,
                )
