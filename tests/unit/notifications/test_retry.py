"""What follows a try at delivery, by outcome, number of tries and age."""

from datetime import UTC, datetime, timedelta

import pytest

from notifications.retry import GIVE_UP_AFTER, Outcome, Verdict, classify, decide

CREATED = datetime(2027, 1, 28, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (250, Outcome.SENT),
        (251, Outcome.SENT),
        (421, Outcome.TEMPORARY),
        (450, Outcome.TEMPORARY),
        (499, Outcome.TEMPORARY),
        (500, Outcome.PERMANENT),
        (550, Outcome.PERMANENT),
        (554, Outcome.PERMANENT),
        (-1, Outcome.IN_DOUBT),  # aiosmtplib's code for an answer it cannot read
        (0, Outcome.IN_DOUBT),
        (199, Outcome.IN_DOUBT),
        (354, Outcome.IN_DOUBT),
    ],
)
def test_a_reply_code_says_what_the_try_came_to(code: int, outcome: Outcome) -> None:
    assert classify(code) is outcome


@pytest.mark.parametrize("age", [timedelta(0), timedelta(days=30)])
@pytest.mark.parametrize("attempts", [1, 50])
@pytest.mark.parametrize(
    ("outcome", "status"),
    [(Outcome.SENT, "sent"), (Outcome.PERMANENT, "failed"), (Outcome.IN_DOUBT, "in_doubt")],
)
def test_a_final_outcome_is_never_tried_again(outcome: Outcome, status: str, attempts: int, age: timedelta) -> None:
    verdict = decide(outcome, attempts=attempts, created_at=CREATED, now=CREATED + age)

    assert verdict == Verdict(status, None)


@pytest.mark.parametrize(
    ("attempts", "pause"),
    [
        (0, timedelta(minutes=1)),
        (1, timedelta(minutes=1)),
        (2, timedelta(minutes=2)),
        (3, timedelta(minutes=4)),
        (8, timedelta(minutes=128)),
        (9, timedelta(hours=4)),
        (11, timedelta(hours=4)),
        (12, timedelta(hours=4)),
        (10_000, timedelta(hours=4)),
    ],
)
def test_temporary_trouble_is_tried_again_after_a_growing_pause(attempts: int, pause: timedelta) -> None:
    now = CREATED + timedelta(hours=1)

    verdict = decide(Outcome.TEMPORARY, attempts=attempts, created_at=CREATED, now=now)

    assert verdict == Verdict("queued", now + pause)


@pytest.mark.parametrize(
    ("age", "status"),
    [
        (GIVE_UP_AFTER - timedelta(seconds=1), "queued"),
        (GIVE_UP_AFTER, "queued"),
        (GIVE_UP_AFTER + timedelta(seconds=1), "failed"),
    ],
)
def test_temporary_trouble_fails_after_five_days(age: timedelta, status: str) -> None:
    verdict = decide(Outcome.TEMPORARY, attempts=40, created_at=CREATED, now=CREATED + age)

    assert verdict.status == status
    assert (verdict.next_try_at is None) == (status == "failed")
