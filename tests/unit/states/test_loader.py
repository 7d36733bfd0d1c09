"""A programme file that is unsound is refused with file, key and remedy, every problem at once."""

import pytest

from states.definition import Programme
from states.guards import GUARDS
from states.loader import UnsoundProgramme, load_programme, read_stored

START_REVIEW = 'guards = ["documents_present"]'

# mistake -> (what stands in the file, what is put there, the key named, words of the remedy)
MISTAKES = {
    "unknown guard": (
        START_REVIEW,
        'guards = ["documents_presnt"]',
        "transitions[start_review].guards",
        "documents_present",
    ),
    "unknown target": (
        'to = "checklist_review"',
        'to = "checklist_revue"',
        "transitions[start_review]",
        "checklist_review",
    ),
    "unknown source": ('from = ["submitted"]\n', 'from = ["submited"]\n', "transitions[start_review]", "submitted"),
    "unknown initial state": ('initial = "submitted"', 'initial = "submited"', "initial", "submitted"),
    "unreachable state": (
        'from = ["certified"]\nto = "revalidation_due"',
        'from = ["certified"]\nto = "certified"',
        "states[revalidation_due]",
        "Add one, or remove the state",
    ),
    "dead end": (
        'from = ["certified", "revalidation_due"]',
        'from = ["certified"]',
        "states[revalidation_due]",
        'Add a transition, or make its kind "closed"',
    ),
    "overlapping transitions": (
        'trigger = "withdraw"',
        'trigger = "reject"',
        "transitions[reject]",
        "Keep one, or give the other its own trigger",
    ),
    "four eyes without a first pair": (
        'guards = ["recommended"]\n',
        "",
        "transitions[reject].distinct_from",
        'needs the guard "recommended"',
    ),
    "timer on an unknown trigger": (
        '[[timers]]\ntrigger = "lapse"',
        '[[timers]]\ntrigger = "laps"',
        "timers[laps]",
        "lapse",
    ),
    "timer that the clock may not fire": (
        'roles = ["clock"]',
        'roles = ["supervisor"]',
        "timers[lapse]",
        'Add "clock" to its roles',
    ),
    "reminder off its name": ("offset_days = -270", "offset_days = -271", "reminders[T-270].offset_days", "Write -270"),
    "reminder twice": (
        'rule = "T-180"\noffset_days = -180',
        'rule = "T-210"\noffset_days = -210',
        "reminders[T-210]",
        "2 times",
    ),
    "missing template": (
        'message = "renewal_heads_up"',
        'message = "renewal_headsup"',
        "reminders[T-270].message",
        "renewal_heads_up",
    ),
    "missing template of a transition": (
        '{ company = "application_complete" }',
        '{ company = "application_compleat" }',
        "transitions[start_review].messages",
        "application_complete",
    ),
    "missing template of submission": (
        '[submission_messages]\ncompany = "application_received"',
        '[submission_messages]\ncompany = "application_recieved"',
        "submission_messages",
        "application_received",
    ),
    "criterion twice": ('code = "TF2.1"', 'code = "TF1.1"', "criteria[TF1.1]", "Give each one a name of its own"),
    "document twice": (
        'kind = "bizfile_report"',
        'kind = "application_form"',
        "documents[application_form]",
        "2 times",
    ),
    "state twice": ('name = "lapsed"', 'name = "rejected"', "states[rejected]", "2 times"),
    "unknown key": ("quiet_days = 30", "quite_days = 30", "quite_days", "Remove it, or correct its spelling"),
    "unknown key deep down": (
        'trigger = "start_review"\ntitle',
        'trigger = "start_review"\ncolour = "red"\ntitle',
        "transitions[start_review].colour",
        "Remove it, or correct its spelling",
    ),
    "missing key": ('authority = "Singapore Customs"\n', "", "authority", "Add it"),
    "missing key deep down": (
        'title = "Start the review"\n',
        "",
        "transitions[start_review].title",
        "Add it",
    ),
    "wrong type": ("quiet_days = 30", 'quiet_days = "a month"', "quiet_days", "Write a value of that kind"),
    "value outside a closed set": ('minimum = "Intermediate"', 'minimum = "Middle"', "band.minimum", "'Premium'"),
    "time zone": (
        'time_zone = "Asia/Singapore"',
        'time_zone = "Asia/Singapur"',
        "time_zone",
        'such as "Asia/Singapore"',
    ),
}


def load(text: str, known: set[str] | None = None) -> Programme:
    return load_programme(text, file="stp.toml", messages=known)


def templates(programme: Programme) -> set[str]:
    named = {m for t in programme.transitions for m in t.messages.values()}
    return named | {r.message for r in programme.reminders} | set(programme.submission_messages.values())


class TestLoadProgramme:
    def test_takes_the_shipped_file(self, stp_text: str, stp: Programme):
        programme = load(stp_text, templates(stp))

        assert (programme.code, len(programme.states), len(programme.criteria)) == ("STP", 8, 16)
        assert {guard for t in programme.transitions for guard in t.guards} == set(GUARDS)

    @pytest.mark.parametrize("mistake", MISTAKES)
    def test_names_file_key_and_remedy(self, stp_text: str, stp: Programme, mistake: str):
        right, wrong, key, remedy = MISTAKES[mistake]
        assert right in stp_text

        with pytest.raises(UnsoundProgramme) as refused:
            load(stp_text.replace(right, wrong, 1), templates(stp))

        about = [problem for problem in refused.value.problems if problem.startswith(f"{key}: ")]
        assert about, refused.value.problems
        assert any(remedy in problem for problem in about), about
        assert str(refused.value).startswith("stp.toml: ")

    def test_names_the_line_of_bad_toml(self, stp_text: str):
        with pytest.raises(UnsoundProgramme) as refused:
            load(stp_text.replace("quiet_days = 30", "quiet_days = = 30"))

        (problem,) = refused.value.problems
        assert problem.startswith("This is not TOML: ")
        assert "line 13" in problem

    def test_names_every_problem_at_once(self, stp_text: str):
        text = stp_text.replace(START_REVIEW, 'guards = ["nonsense"]').replace("offset_days = -30", "offset_days = -31")

        with pytest.raises(UnsoundProgramme) as refused:
            load(text)

        assert len(refused.value.problems) == 2

    def test_asks_for_templates_only_when_told_which_exist(self, stp_text: str):
        assert load(stp_text.replace("renewal_heads_up", "no_such_message")).code == "STP"

    def test_refuses_an_empty_file_with_each_missing_key(self):
        with pytest.raises(UnsoundProgramme) as refused:
            load("")

        assert "code: this key is missing. Add it." in refused.value.problems


class TestReadStored:
    def test_gives_back_the_same_programme(self, stp: Programme):
        again = read_stored(stp.canonical)

        assert again == stp
        assert again.sha256 == stp.sha256

    def test_hash_changes_with_any_rule(self, stp_text: str, stp: Programme):
        assert load(stp_text.replace("quiet_days = 30", "quiet_days = 31")).sha256 != stp.sha256

    def test_hash_does_not_change_with_a_comment(self, stp_text: str, stp: Programme):
        assert load("# A remark.\n" + stp_text).sha256 == stp.sha256
