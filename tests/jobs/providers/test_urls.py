"""What people type, and what becomes of it."""

import pytest

from jobs.providers.urls import normalise_url


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("example.org", "https://example.org/"),
        ("  HTTP://Example.ORG/A?b=c#d ", "http://example.org/A?b=c"),
        ("example.org/a b", "https://example.org/a%20b"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("localhost:8000", "https://localhost:8000/"),
    ],
)
def test_what_people_type_becomes_one_complete_address(typed: str, meant: str) -> None:
    assert normalise_url(typed) == meant


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "Please give the address"),
        ("ftp://example.org/", "Only http and https"),
        ("file:///etc/passwd", "Only http and https"),
        ("javascript:alert(1)", "Only http and https"),
        ("https://ada:secret@example.org/", "user name or password"),
        ("https://", "is not a web address"),
        ("https://example.org:99999/", "is not a web address"),
        ("https://exa mple.org/", "is not a web address"),
        ("x" * 3000, "longer than"),
    ],
)
def test_what_cannot_be_visited_is_refused_in_words(typed: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        normalise_url(typed)
