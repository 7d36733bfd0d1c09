"""A programme file that is unsound is refused with file, key and remedy, every problem at once."""

import pytest
from rule_cases import PROGRAMMES, changed, shipped

from states.definition import Programme
from states.guards import GUARDS
from states.loader import UnsoundProgramme, load_programme, read_stored
from states.soundness import problems_of

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
        '[[transitions]]\ntrigger = "supply_information"',
        (
            '[[states]]\nname = "parked"\ntitle = "Parked"\nkind = "review"\nnext_step = "None"\nwaits_for = "nobody"\n\n'
            '[[transitions]]\ntrigger = "park"\ntitle = "Park"\nfrom = ["validation"]\nto = "parked"\nroles = ["officer"]\n\n'
            '[[transitions]]\ntrigger = "supply_information"'
        ),
        "states[parked]",
        'Add a transition, or make its kind "closed"',
    ),
    "state that means a way back": ('name = "revoked"', 'name = "back"', "states[back]", "Give the state another name"),
    "begins at the end": (
        'initial = "submitted"',
        'initial = "lapsed"',
        "initial",
        'Name a state of kind "review"',
    ),
    "nothing is certified": (
        'name = "certified"\ntitle = "Certified"\nkind = "certified"',
        'name = "certified"\ntitle = "Certified"\nkind = "review"',
        "transitions[certify].effects",
        'whose target is of kind "certified"',
    ),
    "effect of a question without a waiting target": (
        'to = "awaiting_information"',
        'to = "validation"',
        "transitions[request_information].effects",
        'whose target is of kind "waiting"',
    ),
    "effect of an answer where nobody waits": (
        'from = ["awaiting_information"]',
        'from = ["awaiting_information", "validation"]',
        "transitions[supply_information].effects",
        "validation is not one",
    ),
    "effect of a suspension without a suspended target": (
        'to = "suspended"',
        'to = "withdrawn"',
        "transitions[suspend].effects",
        'whose target is of kind "suspended"',
    ),
    "effect of a renewal without a review": (
        'from = ["rejected", "withdrawn"]\nto = "checklist_review"',
        'from = ["rejected", "withdrawn"]\nto = "certified"',
        "transitions[renew].effects",
        'whose target is of kind "review"',
    ),
    "effect of a revocation without an end": (
        'to = "revoked"',
        'to = "same"',
        "transitions[revoke].effects",
        'whose target is of kind "closed"',
    ),
    "unknown effect": (
        '"issue_certificate"',
        '"issue_certificat"',
        "transitions[certify].effects[1]",
        "issue_certificate",
    ),
    "back from a state that nothing enters": (
        'from = ["awaiting_information"]\nto = "back"',
        'from = ["awaiting_information", "submitted"]\nto = "back"',
        "transitions[supply_information].to",
        "no way back from it",
    ),
    "returning to where nothing came from": (
        'returning_to = ["certified", "revalidation_due"]',
        'returning_to = ["certified", "submitted"]',
        "transitions[lapse].returning_to",
        "Remove submitted",
    ),
    "returning to an unknown state": (
        'returning_to = ["certified", "revalidation_due"]',
        'returning_to = ["certifed", "revalidation_due"]',
        "transitions[lapse]",
        'Did you mean "certified"',
    ),
    "extension without a day": (
        'given = { valid_until = "date" }',
        "given = {}",
        "transitions[extend].given",
        'Add valid_until = "date"',
    ),
    "setting aside without an order": (
        'given = { order = "document", valid_until = "date" }',
        'given = { order = "text", valid_until = "date" }',
        "transitions[set_aside].given",
        'Add order = "document"',
    ),
    "no-reply rule without the code": (
        'reason_codes = ["request", "no_reply", "entity_ceased", "duplicate"]',
        'reason_codes = ["request", "entity_ceased", "duplicate"]',
        "transitions[withdraw].reason_codes",
        '"no_reply"',
    ),
    "emergency that nobody can choose": (
        'emergency = { reason_code = "emergency"',
        'emergency = { reason_code = "urgent"',
        "transitions[suspend].emergency.reason_code",
        "Add it to reason_codes",
    ),
    "reason of a role that may not act": (
        'reason_required_of = ["supervisor"]',
        'reason_required_of = ["officer"]',
        "transitions[open_revalidation].reason_required_of",
        "Add it to roles",
    ),
    "one pair of eyes": (
        'distinct_from = ["recommended", "passed_checklist", "assessed", "assessed_band", "visited"]',
        'distinct_from = ["passed_checklist", "assessed", "assessed_band", "visited"]',
        "transitions[certify].distinct_from",
        'Add "recommended"',
    ),
    "days to continue without a number": (
        'pending_at_expiry = "ends"',
        'pending_at_expiry = "continues_days"',
        "renewal.continues_days",
        "Write one such as 60",
    ),
    "a number of days that is not counted": (
        'pending_at_expiry = "ends"',
        'pending_at_expiry = "ends"\ncontinues_days = 60',
        "renewal.continues_days",
        'pending_at_expiry = "continues_days"',
    ),
    "minimum band without years": (
        "Enhanced = 3, Intermediate = 2,",
        "Enhanced = 3,",
        "band.years",
        "such as Intermediate = 3",
    ),
    "years of an unknown band": ("Premium = 3,", "Premium = 3, Gold = 4,", "band.years.Gold", "'Premium'"),
    "instrument twice": ('code = "stp_criteria"', 'code = "tradefirst"', "instruments[tradefirst]", "2 times"),
    "no end of validity": (
        '[[timers]]\ntrigger = "lapse"\noffset_days = 0\nat = "end_of_day"\n',
        "",
        "timers",
        'a transition with the effect "end_certificate"',
    ),
    "reminder in no phase": ('phases = ["closing"]', "phases = []", "reminders[T-30].phases", "Name one of running"),
    "reminder in an unknown phase": (
        'phases = ["closing"]',
        'phases = ["closed"]',
        "reminders[T-30].phases[1]",
        "'closing'",
    ),
    "reminder to nobody": (
        'audience = ["account_manager"]',
        "audience = []",
        "reminders[T-270].audience",
        "at least 1",
    ),
    "band reminder where the band limits": (
        "# While a certificate runs on",
        '[[band_reminders]]\nrule = "B-30"\noffset_days = -30\nmessage = "certified"\naudience = ["officer"]\n# While',
        "band_reminders[B-30]",
        "limited_by_band = false",
    ),
    "band reminder off its name": (
        "# While a certificate runs on",
        '[[band_reminders]]\nrule = "B-30"\noffset_days = -31\nmessage = "certified"\naudience = ["officer"]\n# While',
        "band_reminders[B-30].offset_days",
        "Write -30",
    ),
    "missing template of a band reminder": (
        "# While a certificate runs on",
        '[[band_reminders]]\nrule = "B-30"\noffset_days = -30\nmessage = "bandends"\naudience = ["officer"]\n# While',
        "band_reminders[B-30].message",
        "message template",
    ),
    "missing template of a request": (
        "reply_days = 14",
        'reply_days = 14\nfinal_notice_message = "information_finalnotice"',
        "information.final_notice_message",
        "information_final_notice",
    ),
    "criterion neither mandatory nor not": (
        'code = "S1", text',
        'code = "S1", mandatory = "perhaps", text',
        "instruments[stp_criteria].sections[i].criteria[S1].mandatory",
        "'unset'",
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
        'roles = ["clock", "supervisor"]',
        'roles = ["supervisor"]',
        "timers[open_revalidation]",
        'Add "clock" to its roles',
    ),
    "reminder off its name": ("offset_days = -270", "offset_days = -271", "reminders[T-270].offset_days", "Write -270"),
    "reminder twice": (
        'rule = "T-180"\noffset_days = -180',
        'rule = "T-210"\noffset_days = -210',
        "reminders[T-210, running]",
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
    "no weekday that counts": (
        'statutory_excludes = ["sunday"]',
        'statutory_excludes = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]',
        "calendars.statutory_excludes",
        "Leave one out of it",
    ),
    "escalation that never comes": (
        "[escalation]\ndays = 3",
        "[escalation]\ndays = 0",
        "escalation.days",
        "Write a value of that kind",
    ),
    "weekday twice": (
        'statutory_excludes = ["sunday"]',
        'statutory_excludes = ["sunday", "sunday"]',
        "calendars.statutory_excludes",
        "Name it once",
    ),
    "weekday of another language": (
        'statutory_excludes = ["sunday"]',
        'statutory_excludes = ["ahad"]',
        "calendars.statutory_excludes[1]",
        "'sunday'",
    ),
    "calendars without their one key": (
        'statutory_excludes = ["sunday"]',
        "# none",
        "calendars.statutory_excludes",
        "Add it",
    ),
    "sign that does not exist": (
        'unless = ["draft", "contact"]',
        'unless = ["draught"]',
        "reminders[T-180].unless[1]",
        "'draft'",
    ),
    "sign twice": (
        'unless = ["draft", "contact"]',
        'unless = ["draft", "draft"]',
        "reminders[T-180].unless",
        "Name it once",
    ),
    "sign that spares the company": (
        'offset_days = -210\nmessage = "renewal_invitation"\n',
        'offset_days = -210\nmessage = "renewal_invitation"\nunless = ["contact"]\n',
        "reminders[T-210].unless",
        "a reminder of their own",
    ),
    "sign after the pack has arrived": (
        'message = "renewal_undecided"\n',
        'message = "renewal_undecided"\nunless = ["draft"]\n',
        "reminders[T-60].unless",
        'phases = ["running"]',
    ),
    "no grace at all": (
        'unless = ["draft", "contact"]',
        "grace_days = 0",
        "reminders[T-180].grace_days",
        "Write a value of that kind",
    ),
    "muting that ends after the end": (
        "muting_ends_days = 30",
        "muting_ends_days = -30",
        "renewal.muting_ends_days",
        "Write a value of that kind",
    ),
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
    information = programme.information
    named = {m for t in programme.transitions for m in t.messages.values()}
    named |= {r.message for r in (*programme.reminders, *programme.band_reminders)}
    return (
        named
        | set(programme.submission_messages.values())
        | {information.reminder_message, information.final_notice_message}
    )


class TestLoadProgramme:
    def test_takes_the_shipped_file(self, stp_text: str, stp: Programme):
        programme = load(stp_text, templates(stp))

        assert (programme.code, len(programme.states), len(programme.criteria)) == ("STP", 11, 24)
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
        text = stp_text.replace(START_REVIEW, 'guards = ["nonsense"]').replace(
            "offset_days = -30", "offset_days = -31", 1
        )

        with pytest.raises(UnsoundProgramme) as refused:
            load(text)

        assert len(refused.value.problems) == 2

    def test_takes_every_shipped_file(self):
        assert {shipped(path.stem).code for path in PROGRAMMES.glob("*.toml")} == {"STP", "STP-PLUS"}

    @pytest.mark.parametrize(
        ("changes", "problem"),
        [
            ({"instruments": ()}, "instruments: there is no criterion, so there would be nothing to assess."),
            ({"documents": ()}, "documents: no document is required, so no pack could be incomplete."),
            ({"states": ()}, 'states: no state is of kind "certified".'),
            ({"transitions": ()}, 'transitions: none has the effect "issue_certificate".'),
        ],
    )
    def test_refuses_what_holds_nothing(self, stp: Programme, changes: dict, problem: str):
        problems = list(problems_of(changed(stp, **changes), None))

        assert any(one.startswith(problem) for one in problems), problems

    def test_refuses_phases_that_never_come(self, stp: Programme):
        without = [t for t in stp.model_dump(by_alias=True)["transitions"] if t["trigger"] != "renew"]

        problems = list(problems_of(changed(stp, transitions=without), None))

        assert {p.split('"')[1] for p in problems} == {"under_review", "awaiting", "closing"}
        assert all("open_cycle" in p for p in problems)

    def test_every_problem_is_a_sentence_with_a_remedy(self, stp_text: str, stp: Programme):
        for right, wrong, _, _ in MISTAKES.values():
            with pytest.raises(UnsoundProgramme) as refused:
                load(stp_text.replace(right, wrong, 1), templates(stp))
            for problem in refused.value.problems:
                assert problem.endswith((".", "?")), problem
                assert ": " in problem

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
