"""ARIA helps only where it is spelled and combined as the standard says."""

from jobs.audit.element import Element
from jobs.audit.findings import Category, Hit, Hits, Severity
from jobs.audit.page import Page
from jobs.audit.rules import aria_terms as terms
from jobs.audit.rules.declare import rule
from jobs.audit.rules.focus import can_focus

_A11Y = Category.ACCESSIBILITY


@rule(
    "aria-role",
    _A11Y,
    Severity.SERIOUS,
    wcag="4.1.2",
    message="The role is not one that ARIA knows.",
    fix="Use a role of the standard, or remove the attribute.",
    fails='<div role="buton" tabindex="0">Send</div>',
    passes='<div role="button" tabindex="0">Send</div>',
)
def aria_role(page: Page) -> Hits:
    for element in page.having("role"):
        words = element.words("role")
        if words and not terms.ROLES.intersection(words):
            yield Hit(element, f"“{words[0][:60]}” is no role.")


@rule(
    "aria-attribute",
    _A11Y,
    Severity.SERIOUS,
    wcag="4.1.2",
    message="The attribute is not one that ARIA knows.",
    fix="Correct its spelling, or remove it.",
    fails='<button aria-labelled="Close">×</button>',
    passes='<button aria-label="Close">×</button>',
)
def aria_attribute(page: Page) -> Hits:
    for name in page.attribute_names:
        if name.startswith("aria-") and name not in terms.ATTRIBUTES:
            for element in page.having(name):
                yield Hit(element, f"“{name[:60]}” is no attribute of ARIA.")


@rule(
    "aria-value",
    _A11Y,
    Severity.SERIOUS,
    wcag="4.1.2",
    message="The ARIA attribute has a value that it cannot have.",
    fix="Use one of the values the standard lists; mostly true or false.",
    fails='<button aria-expanded="yes">Menu</button>',
    passes='<button aria-expanded="true">Menu</button>',
)
def aria_value(page: Page) -> Hits:
    for name, values in terms.VALUES.items():
        for element in page.having(name):
            value = element.get(name).lower()
            if value not in values:
                yield Hit(element, f"{name} cannot be “{value[:60]}”.")


@rule(
    "aria-required-attribute",
    _A11Y,
    Severity.CRITICAL,
    wcag="4.1.2",
    message="The role lacks an attribute without which its state is unknown.",
    fix="Add the attribute and keep it up to date, or use the HTML element.",
    fails='<div role="checkbox" tabindex="0">I agree</div>',
    passes='<div role="checkbox" tabindex="0" aria-checked="false">I agree</div>',
)
def aria_required_attribute(page: Page) -> Hits:
    for element in page.heard(page.having("role")):
        wanted = terms.REQUIRED.get(element.get("role").lower(), ())
        lacking = [name for name in wanted if not element.has(name)]
        if lacking and not _has_native_state(element):
            yield Hit(element, f"It needs {', '.join(lacking)}.")


def _has_native_state(element: Element) -> bool:
    return element.tag in {
        "input",
        "meter",
        "select",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
    }


@rule(
    "aria-reference",
    _A11Y,
    Severity.SERIOUS,
    wcag="1.3.1",
    message="The attribute points to an id that is not on the page.",
    fix="Give the target that id, or remove the reference.",
    fails='<input aria-labelledby="title">',
    passes='<h2 id="title">City</h2><input aria-labelledby="title">',
)
def aria_reference(page: Page) -> Hits:
    for name in terms.REFERENCES:
        for element in page.heard(page.having(name)):
            ids = element.get(name).split()
            lost = [target for target in ids if target not in page.by_id]
            # What a closed widget controls may be made when it opens.
            if lost and element.get("aria-expanded") != "false":
                yield Hit(element, f"{name}: no element has the id “{lost[0][:60]}”.")


@rule(
    "aria-hidden-focus",
    _A11Y,
    Severity.SERIOUS,
    wcag="4.1.2",
    message="The keyboard reaches it, but screen readers are told it is not there.",
    fix='Remove aria-hidden, or add tabindex="-1" to what is inside.',
    fails='<div aria-hidden="true"><a href="/">Home</a></div>',
    passes='<div aria-hidden="true"><a href="/" tabindex="-1">Home</a></div>',
)
def aria_hidden_focus(page: Page) -> Hits:
    unheard_but_shown = page.unheard - page.hidden
    for place in sorted(unheard_but_shown):
        if can_focus(page.elements[place]):
            yield page.elements[place]


@rule(
    "aria-hidden-body",
    _A11Y,
    Severity.CRITICAL,
    wcag="4.1.2",
    message="The whole page is hidden from screen readers.",
    fix="Remove aria-hidden from the body.",
    fails='<body aria-hidden="true"><p>Hello.',
    passes="<body><p>Hello.",
)
def aria_hidden_body(page: Page) -> Hits:
    if page.body.get("aria-hidden") == "true":
        yield page.body


@rule(
    "aria-parent",
    _A11Y,
    Severity.SERIOUS,
    wcag="1.3.1",
    message="The role works only inside another one, which is missing.",
    fix="Put it into an element with the role it belongs to.",
    fails='<div><div role="tab" tabindex="0">One</div></div>',
    passes='<div role="tablist"><div role="tab" tabindex="0">One</div></div>',
)
def aria_parent(page: Page) -> Hits:
    owned = {
        target
        for owner in page.having("aria-owns")
        for target in owner.get("aria-owns").split()
    }
    for element in page.heard(page.having("role")):
        wanted = terms.PARENTS.get(element.get("role").lower())
        if wanted and element.get("id") not in owned and _around(element) not in wanted:
            yield Hit(element, f"It belongs in {' or '.join(sorted(wanted))}.")


def _around(element: Element) -> str:
    """Find the role around an element; plain boxes do not count."""
    for outer in element.ancestors():
        role = _role(outer)
        if role not in {"", "generic", "none", "presentation"}:
            return role
    return ""


def _role(element: Element) -> str:
    return element.get("role").lower() or terms.NATIVE.get(element.tag, "")


@rule(
    "aria-children",
    _A11Y,
    Severity.SERIOUS,
    wcag="1.3.1",
    message="The role promises parts that are not inside.",
    fix="Give the parts their role, or remove the role of the whole.",
    fails='<div role="list"><div>One</div></div>',
    passes='<div role="list"><div role="listitem">One</div></div>',
)
def aria_children(page: Page) -> Hits:
    for element in page.heard(page.having("role")):
        wanted = terms.CHILDREN.get(element.get("role").lower())
        if wanted and not element.has("aria-owns") and element.children:
            inner = page.within(element)[:1000]
            if not any(_role(one) in wanted for one in inner):
                yield Hit(element, f"It needs {' or '.join(sorted(wanted))} inside.")


@rule(
    "id-referenced-twice",
    _A11Y,
    Severity.SERIOUS,
    wcag="4.1.2",
    message="A label or ARIA attribute points to an id that several elements have.",
    fix="Make the id unique, so the reference leads to the element that is meant.",
    fails='<label for="a">A</label><input id="a"><input id="a" aria-label="B">',
    passes='<label for="a">A</label><input id="a"><input id="b" aria-label="B">',
)
def id_referenced_twice(page: Page) -> Hits:
    wanted = set(page.labels)
    for name in terms.REFERENCES:
        for element in page.having(name):
            wanted.update(element.get(name).split())
    for target in sorted(wanted):
        for element in page.by_id.get(target, ())[1:]:
            yield Hit(element, f"The id “{target[:60]}” is taken.")


@rule(
    "id-twice",
    _A11Y,
    Severity.MINOR,
    message="Several elements have the same id.",
    fix="Give each element an id of its own; use a class for what they share.",
    fails='<p id="a">One<p id="a">Two',
    passes='<p id="a">One<p id="b">Two',
)
def id_twice(page: Page) -> Hits:
    for identity, elements in page.by_id.items():
        for element in elements[1:]:
            yield Hit(element, f"The id “{identity[:60]}” is taken.")
