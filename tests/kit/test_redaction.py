"""No secret reaches a row, a log line or a dead letter."""

import pytest

from jobs.kit.redaction import (
    BLOT,
    LONGEST_ERROR,
    describe,
    redact,
    redact_data,
    scrub,
    secrets_of,
)
from jobs.kit.testing import run
from models import keys
from tests.kinds import a_kind

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"
SECRETS = [
    ("postgresql://ada:hunter2@db:5432/app", "hunter2"),
    ("redis://:hunter2@cache:6379/0", "hunter2"),
    ("https://u:p%40ss@host/path?x=1", "p%40ss"),
    ("Authorization: Bearer abc.def-123", "abc.def-123"),
    ("authorization: basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
    ("https://files.example/a?token=abc123&x=1", "abc123"),
    ("https://s3.example/a?X-Amz-Signature=abc123", "abc123"),
    ("https://s3.example/a?x=1&X-Amz-Credential=AKIA", "AKIA"),
    (f"key {keys.PREFIX}{'a1_-' * 8}", "a1_-a1_-"),
    ("sk_live_abcdefgh12345678", "abcdefgh"),
    ("whsec_abcdefgh12345678", "abcdefgh"),
    ("sk-proj-abcdefghijklmnop", "abcdefghijklmnop"),
    (f"token was {JWT}", JWT.split(".")[1]),
]


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_what_looks_like_a_secret_is_blotted_out(text, secret):
    assert secret not in redact(f"before {text} after")
    assert BLOT in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "GET https://provider.example/v1/songs?page=2 answered 500",
        "It broke at 10:42 in step 'mail@home'",
        "3 of 5 tokens used; the bearer",
        "ask-a-question-about-something-long",
        "job 01a20061-14be-719e-a48d-5b4acdb66d7e",
    ],
)
def test_an_ordinary_text_stays_as_it_is(text):
    assert redact(text) == text


def test_what_stands_around_a_secret_stays_readable():
    assert redact("at https://u:pw@host/x?token=abc&y=1") == (
        f"at https://{BLOT}@host/x?token={BLOT}&y=1"
    )


def test_fields_whose_name_says_secret_are_blotted_out_at_any_depth():
    payload = {
        "customer": {"apiKey": "k", "api_key": 5, "name": "Ada"},
        "headers": [{"Authorization": "x"}, {"Set-Cookie": "y"}],
        "clientSecret": {"nested": "z"},
        "url": "https://u:pw@host/",
    }

    assert redact_data(payload) == {
        "customer": {"apiKey": BLOT, "api_key": BLOT, "name": "Ada"},
        "headers": [{"Authorization": BLOT}, {"Set-Cookie": BLOT}],
        "clientSecret": BLOT,
        "url": f"https://{BLOT}@host/",
    }


def test_a_payloads_secrets_are_found_in_any_text():
    payload = {"login": {"password": "correct horse"}, "pin_token": "abc"}

    secrets = secrets_of(payload)

    assert secrets == {"correct horse"}
    assert scrub("said: correct horse!", secrets) == f"said: {BLOT}!"


def test_the_longer_secret_goes_first():
    assert scrub("abcdef", frozenset({"abcd", "abcdef"})) == BLOT


def test_an_error_is_said_in_few_words_that_may_be_stored():
    assert describe(ValueError("a\0b\udcff")) == "ab?"
    assert describe(ValueError()) == "ValueError"
    assert len(describe(ValueError("x" * 9999))) == LONGEST_ERROR


def boom(secret):
    message = f"provider refused {secret} at https://u:pw@host/"
    raise ValueError(message)


def test_a_failed_jobs_error_and_stack_hold_none_of_its_payloads_secrets():
    trial = run(
        a_kind(lambda _, args: boom(args.api_key)), {"api_key": "correct horse"}
    )

    for text in (trial.outcome.message, trial.outcome.stack):
        assert "correct horse" not in text
        assert "u:pw@" not in text
    assert "boom" in trial.outcome.stack


def test_a_failed_steps_error_holds_none_of_its_payloads_secrets():
    trial = run(
        a_kind(lambda ctx, args: ctx.step("ask", boom, args.api_key)),
        {"api_key": "correct horse"},
    )

    assert trial.steps["ask"].error.startswith("provider refused [redacted]")
    assert "correct horse" not in str(trial.events)
    assert "correct horse" not in trial.outcome.message


def test_what_a_job_says_of_itself_holds_none_of_its_payloads_secrets():
    def body(ctx, args):
        ctx.log(f"with {args.api_key}", given=args.api_key, api_key="another")
        ctx.progress(1, 2, f"as {args.api_key}")
        return ctx._doing.note

    trial = run(a_kind(body), {"api_key": "correct horse"})

    told = trial.events[0]
    assert told.name == f"with {BLOT}"
    assert told.data == {"given": BLOT, "api_key": BLOT}
    assert trial.result == f"as {BLOT}"
