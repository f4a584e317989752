"""Controls, links and frames must say what they are."""

from jobs.audit.element import Element
from jobs.audit.findings import Category, Hit, Hits, Severity
from jobs.audit.naming import labels_of, name_of, native_name, referenced
from jobs.audit.page import Page
from jobs.audit.rules.declare import rule

_A11Y = Category.ACCESSIBILITY
_NOT_LABELLED = frozenset({"hidden", "submit", "reset", "button", "image"})
_VAGUE = frozenset(
    {"click here", "here", "more", "read more", "learn more", "link", "this", "go"}
    | {"details", "more info", "continue", "this page", "click", "see more", "info"}
)
_PURPOSES = frozenset(
    [
        "name",
        "honorific-prefix",
        "given-name",
        "additional-name",
        "family-name",
        "honorific-suffix",
        "nickname",
        "username",
        "new-password",
        "current-password",
        "one-time-code",
        "organization-title",
        "organization",
        "street-address",
        "address-line1",
        "address-line2",
        "address-line3",
        "address-level4",
        "address-level3",
        "address-level2",
        "address-level1",
        "country",
        "country-name",
        "postal-code",
        "cc-name",
        "cc-given-name",
        "cc-additional-name",
        "cc-family-name",
        "cc-number",
        "cc-exp",
        "cc-exp-month",
        "cc-exp-year",
        "cc-csc",
        "cc-type",
        "transaction-currency",
        "transaction-amount",
        "language",
        "bday",
        "bday-day",
        "bday-month",
        "bday-year",
        "sex",
        "url",
        "photo",
        "tel",
        "tel-country-code",
        "tel-national",
        "tel-area-code",
        "tel-local",
        "tel-local-prefix",
        "tel-local-suffix",
        "tel-extension",
        "email",
        "impp",
        "on",
        "off",
        "webauthn",
    ]
)


def _fields(page: Page) -> list[Element]:
    found = page.heard(page.tags("input", "select", "textarea"))
    return [one for one in found if one.get("type").lower() not in _NOT_LABELLED]


@rule(
    "field-label",
    _A11Y,
    Severity.CRITICAL,
    wcag="4.1.2",
    message="The form field has no label.",
    fix='Add <label for="…"> with the field\'s id, or put the field inside a label.',
    fails='<input type="email" name="mail">',
    passes='<label for="m">E-mail</label><input type="email" id="m" name="mail">',
)
def field_label(page: Page) -> Hits:
    for field in _fields(page):
        if not name_of(page, field) and not field.get("placeholder"):
            yield field


@rule(
    "field-label-visible",
    _A11Y,
    Severity.MODERATE,
    wcag="3.3.2",
    message="Only a placeholder or a tooltip says what belongs in the field.",
    fix="Add a label that stays visible while someone types.",
    fails='<input name="city" placeholder="City">',
    passes='<label>City <input name="city" placeholder="Berlin"></label>',
)
def field_label_visible(page: Page) -> Hits:
    for field in _fields(page):
        spoken = referenced(page, field) or field.get("aria-label")
        hint = field.get("placeholder") or field.get("title")
        if hint and not spoken and not native_name(page, field):
            yield field


@rule(
    "label-target",
    _A11Y,
    Severity.SERIOUS,
    wcag="1.3.1",
    message="The label points to a field that does not exist.",
    fix="Give the field the id that the label's for attribute names.",
    fails='<label for="mail">E-mail</label><input id="e-mail">',
    passes='<label for="mail">E-mail</label><input id="mail">',
)
def label_target(page: Page) -> Hits:
    for label in page.tags("label"):
        target = label.get("for")
        if target and target not in page.by_id:
            yield Hit(label, f"No element has the id “{target}”.")


@rule(
    "label-several",
    _A11Y,
    Severity.MODERATE,
    wcag="3.3.2",
    message="The field has several labels; some screen readers speak only one.",
    fix="Keep one label; add further hints with aria-describedby.",
    fails='<label for="a">A</label><label for="a">B</label><input id="a">',
    passes='<label for="a">A</label><input id="a" aria-describedby="b"><p id="b">B',
)
def label_several(page: Page) -> Hits:
    for field in _fields(page):
        if len({label.index for label in labels_of(page, field)}) > 1:
            yield field


@rule(
    "button-name",
    _A11Y,
    Severity.CRITICAL,
    wcag="4.1.2",
    message="The button has no text.",
    fix="Put words in it, or an aria-label if it only shows an icon.",
    fails='<button><svg aria-hidden="true"></svg></button>',
    passes='<button aria-label="Close"><svg aria-hidden="true"></svg></button>',
)
def button_name(page: Page) -> Hits:
    for button in page.heard(_buttons(page)):
        if not name_of(page, button):
            yield button


def _buttons(page: Page) -> list[Element]:
    by_role = [one for one in page.having("role") if one.get("role") == "button"]
    inputs = [one for one in page.tags("input") if one.get("type").lower() == "button"]
    plain = [one for one in page.tags("button") if not one.get("role")]
    return plain + inputs + by_role


@rule(
    "link-name",
    _A11Y,
    Severity.SERIOUS,
    wcag="2.4.4",
    message="The link has no text.",
    fix="Put words in it, or alt text in the image it holds.",
    fails='<a href="/cart"><img src="cart.png" alt=""></a>',
    passes='<a href="/cart"><img src="cart.png" alt="Your cart"></a>',
)
def link_name(page: Page) -> Hits:
    for link in page.heard(page.tags("a")):
        if link.has("href") and not name_of(page, link):
            yield link


@rule(
    "link-purpose",
    _A11Y,
    Severity.MODERATE,
    wcag="2.4.4",
    message="The link's text does not say where it leads.",
    fix="Name the target in the link itself: “Read the price list”, not “here”.",
    fails='<a href="/prices">Click here</a>',
    passes='<a href="/prices">Price list</a>',
)
def link_purpose(page: Page) -> Hits:
    for link in page.heard(page.tags("a")):
        words = name_of(page, link).lower().strip(" .…»>!→") if link.has("href") else ""
        if words in _VAGUE:
            yield link


@rule(
    "label-in-name",
    _A11Y,
    Severity.SERIOUS,
    wcag="2.5.3",
    message="The spoken name does not contain the visible text.",
    fix="Begin the aria-label with the visible words, or remove it.",
    fails='<button aria-label="Submit form">Send</button>',
    passes='<button aria-label="Send the form">Send</button>',
)
def label_in_name(page: Page) -> Hits:
    for control in page.heard(page.having("aria-label")):
        if control.tag in {"a", "button"} and not control.has("aria-labelledby"):
            seen = page.text(control, 100).lower()
            spoken = " ".join(control.get("aria-label").lower().split())
            if len(seen) > 1 and seen[0].isalpha() and seen not in spoken:
                yield control


@rule(
    "frame-title",
    _A11Y,
    Severity.SERIOUS,
    wcag="4.1.2",
    message="The frame has no title.",
    fix='Add title="…" that says what the frame shows.',
    fails='<iframe src="/map"></iframe>',
    passes='<iframe src="/map" title="Map of our shops"></iframe>',
)
def frame_title(page: Page) -> Hits:
    for frame in page.heard(page.tags("iframe", "frame")):
        if not name_of(page, frame):
            yield frame


@rule(
    "field-purpose",
    _A11Y,
    Severity.MODERATE,
    wcag="1.3.5",
    message="The value of autocomplete is not one that browsers know.",
    fix="Use a standard word such as email, name, street-address or postal-code.",
    fails='<label>Mail <input autocomplete="my-mail"></label>',
    passes='<label>Mail <input autocomplete="email"></label>',
)
def field_purpose(page: Page) -> Hits:
    for field in page.having("autocomplete"):
        words = field.words("autocomplete")
        if field.tag != "form" and words and words[-1] not in _PURPOSES:
            yield Hit(field, f"“{' '.join(words)[:60]}” is not known.")


@rule(
    "choice-group",
    _A11Y,
    Severity.MODERATE,
    wcag="1.3.1",
    message="The choices have no common question around them.",
    fix="Put them in a <fieldset> with a <legend>, or in role=radiogroup with a label.",
    fails='<label><input type="radio" name="s">S</label>'
    '<label><input type="radio" name="s">M</label>',
    passes='<fieldset><legend>Size</legend><label><input type="radio" name="s">S'
    '</label><label><input type="radio" name="s">M</label></fieldset>',
)
def choice_group(page: Page) -> Hits:
    first: dict[str, Element] = {}
    told: set[str] = set()
    for field in page.heard(page.tags("input")):
        name = field.get("name")
        if field.get("type").lower() != "radio" or not name:
            continue
        if name in first and name not in told and not _grouped(field):
            told.add(name)
            yield first[name]
        first.setdefault(name, field)


def _grouped(field: Element) -> bool:
    around = ((outer.tag, outer.get("role").lower()) for outer in field.ancestors())
    return any(
        tag == "fieldset" or role in {"radiogroup", "group"} for tag, role in around
    )
