"""Elements have the name that assistive technology would speak."""

import pytest

from jobs.audit.naming import name_of
from tests.jobs.audit.pages import markup


@pytest.mark.parametrize(
    ("html", "name"),
    [
        ("<button id=x>Save</button>", "Save"),
        ("<button id=x aria-label='Close'>×</button>", "Close"),
        (
            "<button id=x aria-labelledby='a b'>×</button><i id=a>A</i><i id=b>B</i>",
            "A B",
        ),
        ("<button id=x aria-labelledby=gone>Save</button>", "Save"),
        ("<button id=x><img src=a alt=Search></button>", "Search"),
        ("<button id=x><svg><title>Menu</title></svg></button>", "Menu"),
        ("<button id=x><span aria-hidden=true>×</span></button>", ""),
        ("<button id=x><span hidden>Save</span></button>", ""),
        ("<button id=x title=Help></button>", "Help"),
        ("<a id=x href=/><b>Our</b> <i>shop</i></a>", "Our shop"),
        ("<label for=x>City</label><input id=x>", "City"),
        ("<label>City <input id=x></label>", "City"),
        ("<input id=x title=City>", "City"),
        ("<input id=x placeholder=City>", ""),
        ("<input id=x type=submit>", "Submit"),
        ("<input id=x type=button value=Go>", "Go"),
        ("<input id=x type=image alt=Go>", "Go"),
        ("<img id=x src=a alt='A bicycle'>", "A bicycle"),
        ("<img id=x src=a alt=''>", ""),
        ("<fieldset id=x><legend>Size</legend></fieldset>", "Size"),
        ("<table id=x><caption>Prices</caption></table>", "Prices"),
        ("<div id=x role=button tabindex=0>Save</div>", "Save"),
        ("<div id=x role=region>Text</div>", ""),
        ("<textarea id=x>typed</textarea>", ""),
    ],
)
def test_the_accessible_name_is_computed_in_the_standards_order(
    html: str, name: str
) -> None:
    page = markup(html)

    assert name_of(page, page.by_id["x"][0]) == name
