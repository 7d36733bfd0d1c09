"""What a server's answers mean, and what follows a try at delivery by outcome, number of tries and age."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.retry import GIVE_UP_AFTER, RESEND_AFTER, Outcome, Verdict, classify, decide, is_dead_address

CREATED = datetime(2027, 1, 28, 8, 0, tzinfo=UTC)
SENT, LATER, NEVER, DOUBT = Outcome.SENT, Outcome.TEMPORARY, Outcome.PERMANENT, Outcome.IN_DOUBT

# Replies as servers send them: code, text, what it means, whether the address is dead.
REPLIES = [
    # taken
    (250, "2.0.0 Ok: queued as 4ZbX1k3Kz0", SENT, False),
    (250, "2.6.0 <id@host> Queued mail for delivery", SENT, False),
    (250, "OK", SENT, False),
    (251, "User not local; will forward to <jo@other.example>", SENT, False),
    (252, "2.1.5 Cannot VRFY user, but will accept message", SENT, False),
    (250, "5.1.1 taken all the same", SENT, False),
    # later
    (421, "4.3.2 Service shutting down", LATER, False),
    (421, "4.7.0 Too many connections from your host", LATER, False),
    (421, "", LATER, False),
    (421, "5.1.1 a permanent detail under a passing code", LATER, False),
    (432, "4.7.12 A password transition is needed", LATER, False),
    (441, "4.4.1 No answer from host", LATER, False),
    (442, "The connection was dropped during the transmission", LATER, False),
    (450, "4.2.1 The user is receiving mail too quickly", LATER, False),
    (450, "4.1.1 unverified address", LATER, False),
    (450, "4.1.8 Sender address rejected: Domain not found", LATER, False),
    (450, "4.7.1 Client host rejected: cannot find your hostname", LATER, False),
    (450, "5.2.1 contradicts itself", LATER, False),
    (451, "4.7.1 Greylisting in action, please come back later", LATER, False),
    (451, "4.3.0 Local error in processing", LATER, False),
    (451, "4.4.3 Temporary server error", LATER, False),
    (451, "Requested action aborted: local error", LATER, False),
    (452, "4.2.2 The mailbox is full", LATER, False),
    (452, "4.3.1 Insufficient system storage", LATER, False),
    (452, "4.5.3 Too many recipients", LATER, False),
    (454, "4.7.0 TLS not available due to temporary reason", LATER, False),
    (454, "4.7.0 Temporary authentication failure", LATER, False),
    (455, "Server unable to accommodate parameters", LATER, False),
    (458, "Unable to queue messages for node", LATER, False),
    (471, "4.3.0 milter is away", LATER, False),
    (499, "unheard of", LATER, False),
    # full or overloaded: RFC 3463 knows these as passing only, whatever the first digit
    (552, "5.2.2 Mailbox full", LATER, False),
    (550, "5.2.2 <jo@x.example>: user is over quota", LATER, False),
    (554, "5.2.2 mailbox full", LATER, False),
    (552, "5.3.1 Mail system full", LATER, False),
    (550, "5.4.5 Daily sending limit exceeded", LATER, False),
    (554, "5.4.3 Directory server failure", LATER, False),
    (550, "4.2.2 The mailbox is full", LATER, False),
    # our own fault: says nothing about the message
    (530, "5.7.0 Must issue a STARTTLS command first", LATER, False),
    (530, "Authentication required", LATER, False),
    (534, "5.7.9 Authentication mechanism is too weak", LATER, False),
    (535, "5.7.8 Authentication credentials invalid", LATER, False),
    (535, "Incorrect authentication data", LATER, False),
    (538, "5.7.11 Encryption required for requested authentication mechanism", LATER, False),
    (550, "5.7.13 User account disabled", LATER, False),
    (550, "5.1.8 Sender domain must exist", LATER, False),
    (553, "5.1.7 Sender address is not a valid address", LATER, False),
    # the address itself
    (550, "5.1.1 <jo@x.example>: Recipient address rejected: User unknown", NEVER, True),
    (550, "#5.1.1 User unknown", NEVER, True),
    (550, "5.1.1\nThe account does not exist", NEVER, True),
    (554, "5.1.1 no such mailbox", NEVER, True),
    (550, "5.1.2 Host unknown", NEVER, True),
    (553, "5.1.3 Bad recipient address syntax", NEVER, True),
    (501, "5.1.3 Bad recipient address syntax", NEVER, True),
    (551, "5.1.6 Recipient has moved", NEVER, True),
    (550, "5.1.10 RESOLVER.ADR.RecipientNotFound; not found by SMTP address lookup", NEVER, True),
    (556, "5.1.10 Recipient address has null MX", NEVER, True),
    (556, "Domain does not accept mail", NEVER, True),
    (550, "5.2.1 The account is disabled", NEVER, True),
    # never, for other reasons
    (500, "5.5.2 Syntax error, command unrecognized", NEVER, False),
    (501, "5.5.4 Syntax error in parameters", NEVER, False),
    (502, "5.5.1 Command not implemented", NEVER, False),
    (503, "5.5.1 Bad sequence of commands", NEVER, False),
    (504, "5.5.4 Command parameter not implemented", NEVER, False),
    (521, "Host does not accept mail", NEVER, False),
    (523, "5.3.4 Encrypted message is too big", NEVER, False),
    (550, "Requested action not taken: mailbox unavailable", NEVER, False),
    (550, "No such user here", NEVER, False),  # words are not read: they may as well be about policy
    (550, "5.4.1 Recipient address rejected: Access denied", NEVER, False),
    (550, "5.4.4 Unable to route", NEVER, False),
    (554, "5.4.6 Too many hops", NEVER, False),
    (550, "5.7.1 Blocked by policy", NEVER, False),
    (550, "5.7.26 Unauthenticated mail is not accepted", NEVER, False),
    (550, "4.7.1 a passing detail under a permanent code", NEVER, False),
    (551, "User not local; please try <jo@other.example>", NEVER, False),
    (552, "5.3.4 Message size exceeds fixed limit", NEVER, False),
    (552, "Requested mail action aborted: exceeded storage allocation", NEVER, False),
    (553, "Requested action not taken: mailbox name not allowed", NEVER, False),
    (554, "5.7.1 Message rejected as spam", NEVER, False),
    (554, "5.6.0 Message content rejected", NEVER, False),
    (554, "Transaction failed", NEVER, False),
    (555, "5.5.4 Parameters not recognized", NEVER, False),
    (599, "unheard of", NEVER, False),
    (550, "5.1.1.9 is no enhanced code", NEVER, False),
    (550, "wrote 5.1.1 further on", NEVER, False),
    # no answer
    (-1, "Malformed SMTP response line", DOUBT, False),
    (0, "", DOUBT, False),
    (25, "", DOUBT, False),
    (100, "5.1.1", DOUBT, False),
    (199, "", DOUBT, False),
    (334, "VXNlcm5hbWU6", DOUBT, False),
    (354, "Start mail input", DOUBT, False),
    (600, "", DOUBT, False),
    (999, "5.1.1", DOUBT, False),
]


@pytest.mark.parametrize(("code", "text", "outcome", "dead"), REPLIES)
def test_a_reply_says_what_the_try_came_to_and_whether_the_address_is_dead(
    code: int, text: str, outcome: Outcome, dead: bool
) -> None:
    assert (classify(code, text), is_dead_address(code, text)) == (outcome, dead)


def test_at_least_sixty_replies_are_known() -> None:
    assert len({(code, text) for code, text, _, _ in REPLIES}) >= 60


@given(code=st.integers(min_value=-1, max_value=999), text=st.text(max_size=40))
def test_only_a_2xx_is_sent_and_only_what_is_permanent_is_dead(code: int, text: str) -> None:
    outcome = classify(code, text)

    assert (outcome is SENT) == (200 <= code < 300)
    assert (outcome is DOUBT) == (code < 200 or 300 <= code < 400 or code >= 600)
    assert outcome is NEVER or not is_dead_address(code, text)


@pytest.mark.parametrize("age", [timedelta(0), timedelta(days=30)])
@pytest.mark.parametrize("attempts", [1, 50])
@pytest.mark.parametrize(("outcome", "status"), [(SENT, "sent"), (NEVER, "failed"), (DOUBT, "in_doubt")])
def test_a_final_outcome_is_never_tried_again(outcome: Outcome, status: str, attempts: int, age: timedelta) -> None:
    verdict = decide(outcome, attempts=attempts, created_at=CREATED, now=CREATED + age)

    assert verdict == Verdict(status, None)


@pytest.mark.parametrize(
    ("resends", "resend_in_doubt", "again"), [(0, True, True), (1, True, False), (0, False, False), (2, True, False)]
)
def test_doubt_is_resolved_by_at_most_one_more_sending(resends: int, resend_in_doubt: bool, again: bool) -> None:
    verdict = decide(
        DOUBT, attempts=1, created_at=CREATED, now=CREATED, resends=resends, resend_in_doubt=resend_in_doubt
    )

    assert verdict == Verdict("in_doubt", CREATED + RESEND_AFTER if again else None)


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

    verdict = decide(LATER, attempts=attempts, created_at=CREATED, now=now)

    assert verdict == Verdict("queued", now + pause)


@pytest.mark.parametrize(("jitter", "seconds"), [(0.0, 48), (0.25, 54), (0.5, 60), (0.75, 66)])
def test_a_pause_is_spread_so_that_what_failed_together_comes_back_apart(jitter: float, seconds: int) -> None:
    verdict = decide(LATER, attempts=1, created_at=CREATED, now=CREATED, jitter=jitter)

    assert verdict == Verdict("queued", CREATED + timedelta(seconds=seconds))


@given(attempts=st.integers(min_value=0, max_value=10**6), jitter=st.floats(min_value=0, max_value=1, exclude_max=True))
def test_no_pause_is_shorter_than_48_seconds_or_longer_than_4_hours_and_48_minutes(
    attempts: int, jitter: float
) -> None:
    verdict = decide(LATER, attempts=attempts, created_at=CREATED, now=CREATED, jitter=jitter)

    assert verdict.next_try_at is not None
    assert timedelta(seconds=48) <= verdict.next_try_at - CREATED <= timedelta(hours=4, minutes=48)


@pytest.mark.parametrize(
    ("age", "status"),
    [
        (GIVE_UP_AFTER - timedelta(seconds=1), "queued"),
        (GIVE_UP_AFTER, "queued"),
        (GIVE_UP_AFTER + timedelta(seconds=1), "failed"),
    ],
)
def test_temporary_trouble_fails_after_five_days(age: timedelta, status: str) -> None:
    verdict = decide(LATER, attempts=40, created_at=CREATED, now=CREATED + age)

    assert verdict.status == status
    assert (verdict.next_try_at is None) == (status == "failed")
