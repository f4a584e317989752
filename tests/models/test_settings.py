"""Settings: what is read, what is refused, and that the docs list them all."""

from pathlib import Path

import pytest

from models.settings import Settings, SettingsError, read

DOCS = Path(__file__).parents[2] / "docs" / "settings.md"


def test_every_setting_has_a_default_that_works():
    assert read({}).worker_threads == 5


def test_a_value_that_does_not_fit_is_refused_by_its_variables_name():
    with pytest.raises(SettingsError, match=r"WORKER_THREADS: .*greater than or equal"):
        read({"WORKER_THREADS": "0"})


def test_a_refusal_never_repeats_the_value_for_it_may_be_a_secret():
    with pytest.raises(SettingsError) as refusal:
        read({"JWT_SECRET": "too-short-a-secret"})
    assert "too-short" not in str(refusal.value)


def test_hosting_platforms_postgres_scheme_is_taken():
    url = read({"DATABASE_URL": "postgres://u:p@h/d"}).database_url
    assert url == "postgresql+psycopg://u:p@h/d"


def test_live_streams_must_leave_threads_for_plain_requests():
    with pytest.raises(SettingsError, match="WEB_STREAMS must be below WEB_THREADS"):
        read({"WEB_THREADS": "4", "WEB_STREAMS": "4"})


def test_comma_separated_lists_are_split_and_trimmed():
    assert read({"QUEUES": "song, audit ,"}).queues == ("song", "audit")


@pytest.mark.parametrize("name", Settings.model_fields)
def test_the_documentation_lists_each_setting_with_its_description(name):
    field = Settings.model_fields[name]
    line = next(
        line
        for line in DOCS.read_text().splitlines()
        if line.startswith(f"| `{name.upper()}` |")
    )
    assert field.description in line
