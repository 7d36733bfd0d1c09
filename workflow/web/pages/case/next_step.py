"""The Next step panel: what this person can do with a case or unblock now, in what order, and who can do the rest.

Arranges what `explain()` said; decides no rule.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from workflow.access import Deed, role_for, takes_back
from workflow.reports.acting import Moment
from workflow.web import acts, words

_BACK = {"back", "checklist_review"}
_NOT_TO_BE_MET = "nobody"  # a rule about the case's standing that no person can change now


@dataclass(frozen=True)
class Step:
    """One action as the panel shows it."""

    trigger: str
    label: str
    way: str  # press: a button in place; fill: a form in place; open: a page of its own; blocked
    href: str
    unmet: list[dict[str, Any]] = field(default_factory=list)
    met: list[str] = field(default_factory=list)
    grave: bool = False
    band: bool = False  # a form in place that records the band too

    @property
    def rules(self) -> int:
        return len(self.met) + len(self.unmet)

    @property
    def unlocks(self) -> bool:
        """Whether this person can meet one of the rules that are unmet."""
        return any(one["yours"] for one in self.unmet)


@dataclass(frozen=True)
class Panel:
    """What the rail of a case says first."""

    sentences: list[str]  # how things stand, where the state alone does not say it
    take_back: bool = False  # the recommendation that is open
    claim: bool = False
    assign: bool = False
    steps: list[Step] = field(default_factory=list)
    others: list[Step] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    not_yours: list[tuple[str, str]] = field(default_factory=list)  # action, who can
    after_you: str = ""
    read_only: bool = False
    rests: bool = False  # another person's decision is what the case waits for

    @property
    def primary(self) -> str:
        """Which control is the one that stands out: claiming, the first step that is ready, or the first to unblock.

        None does while somebody else decides.
        """
        if self.rests:
            return ""
        if self.claim:
            return "claim"
        ready = next((step for step in self.steps if step.way != "blocked"), None)
        return ready.trigger if ready and ready is self.steps[0] else "unblock"


def panel_of(moment: Moment, stations: list[dict[str, Any]], today: date) -> Panel:
    """Return the panel of a case for one person."""
    roles = moment.viewer.roles
    reference = moment.case.reference
    ahead = {station["state"] for station in stations if station["status"] == "ahead"}
    possible = [one for one in moment.actions if not any(u["who"] == _NOT_TO_BE_MET for u in one["in_the_way"])]
    own = [one for one in possible if set(one["roles"]) & roles]
    steps = [_step(moment, one) for one in own]
    steps += [_recommending(moment, one) for one in possible if _to_recommend(moment, one)]
    main = [step for step in steps if not _aside(moment, step)]
    main.sort(key=lambda step: _rank(moment, step, ahead))
    assigns = role_for(Deed.ASSIGN, roles) is not None and moment.case.live_key is not None
    unassigned = moment.case.assignee_id is None and moment.case.state_kind in ("review", "waiting")
    leads = next((one for one in possible if one["target"] in ahead and one["four_eyes"]), None)
    made = moment.recommendation
    return Panel(
        sentences=_sentences(moment, today),
        take_back=made is not None and takes_back(moment.viewer, made["by_id"]),
        claim=unassigned and assigns and "officer" in roles,
        assign=assigns,
        steps=main,
        others=[step for step in steps if step not in main],
        links=_links(moment, roles, reference),
        not_yours=[
            (acts.button(one["trigger"], one["title"]), acts.people(one["can"]) or words.roles(one["roles"]))
            for one in possible
            if not set(one["roles"]) & roles
            and not one["recommendable"]
            and one["target"] in ahead | _BACK
            and one["trigger"] not in acts.GRAVE
            and moment.case.waits_for != "clock"
        ],
        after_you=_after(leads) if leads and not set(leads["roles"]) & roles else "",
        read_only=not steps and not assigns,
        rests=made is not None and not made["stale"] and all(step.trigger != made["outcome"] for step in main),
    )


def _step(moment: Moment, one: dict[str, Any]) -> Step:
    trigger, reference = one["trigger"], moment.case.reference
    unmet = [acts.unmet(u, reference, trigger, moment.viewer.roles, uen=moment.case.uen) for u in one["unmet"]]
    asks = one["reason"] == "required" or one["reason_codes"] or any(n != "answers" for n in one["given"])
    page = "decide" if one["recommendable"] else "do"
    grave = trigger in acts.GRAVE
    if trigger == "supply_information" and not unmet and moment.facts.requests:
        # One press would note an answer of which nobody said what it is.
        open_ = f"/cases/{reference}/information?answer={moment.facts.requests[0].number}"
        return Step(trigger, "Record the answer", "open", open_, met=_met(one))
    way = "blocked" if unmet else "open" if asks or grave or one["recommendable"] else "press"
    return Step(
        trigger,
        acts.button(trigger, one["title"]),
        way,
        f"/cases/{reference}/{page}/{trigger}",
        unmet,
        _met(one),
        grave,
    )


def _recommending(moment: Moment, one: dict[str, Any]) -> Step:
    """Recommending an outcome; a missing band is no obstacle where it is typed into the same form."""
    trigger, reference = one["trigger"], moment.case.reference
    unmet = [acts.unmet(u, reference, trigger, moment.viewer.roles, uen=moment.case.uen) for u in one["in_the_way"]]
    band_only = bool(unmet) and all(u["code"].startswith("BAND_") for u in unmet)
    band = band_only and role_for(Deed.SET_BAND, moment.viewer.roles) is not None
    return Step(
        f"recommend-{trigger}",
        acts.recommend(trigger, one["title"]),
        "blocked" if unmet and not band else "open" if trigger in acts.GRAVE else "fill",
        f"/cases/{reference}/recommend/{trigger}",
        [] if band else unmet,
        [line for line in _met(one) if line],
        trigger in acts.GRAVE,
        band,
    )


def _to_recommend(moment: Moment, one: dict[str, Any]) -> bool:
    """An officer recommends what nobody has recommended on the facts as they are."""
    if not one["recommendable"] or role_for(Deed.RECOMMEND, moment.viewer.roles) is None:
        return False
    made = moment.recommendation
    return not made or made["outcome"] != one["trigger"] or made["stale"]


def _met(one: dict[str, Any]) -> list[str]:
    return [line for rule in one["met_rules"] if (line := acts.met(rule["rule"], rule["value"]))]


def _outcome(step: Step) -> str:
    return step.trigger.removeprefix("recommend-")


def _aside(moment: Moment, step: Step) -> bool:
    """What ends or interrupts stands under other decisions, unless it is what the case waits for."""
    outcome, made = _outcome(step), moment.recommendation
    if made and not made["stale"] and made["outcome"] == outcome and step.trigger == outcome:
        return False
    if moment.case.state_kind == "suspended":
        return outcome not in ("reinstate", "revoke")
    before_its_time = outcome == "renew" and moment.case.waits_for == "clock"
    return step.grave or before_its_time or outcome in ("extend", "reinstate", "open_revalidation")


def _rank(moment: Moment, step: Step, ahead: set[str]) -> tuple[int, int]:
    """First what can be done or unblocked now and leads on, then the rest."""
    targets = {one["trigger"]: one["target"] for one in moment.actions}
    leads = targets.get(_outcome(step)) in ahead or moment.case.state_kind in ("waiting", "suspended")
    decided = moment.recommendation and not moment.recommendation["stale"]
    recommended = bool(decided) and step.trigger == (moment.recommendation or {}).get("outcome")
    stuck = step.way == "blocked" and not step.unlocks
    return (0 if recommended else 1 if leads and not stuck else 2 if not stuck else 3, step.way == "blocked")


def _sentences(moment: Moment, today: date) -> list[str]:
    case, made = moment.case, moment.recommendation
    told: list[str] = []
    if case.state_kind == "waiting" and moment.facts.requests:
        due = min(request.reply_by for request in moment.facts.requests)
        count = words.plural(len(moment.facts.requests), "question", "questions")
        verb = "were due" if due < today else "are due"
        told.append(f"Waits for the company: answers to {count} {verb} by {words.day(due)}.")
    if made:
        on = words.day(words.local(made["at"], moment.programme.time_zone))
        by = "you" if made["by_id"] == moment.viewer.id else made["by"]
        what = words.outcome(made["outcome"])
        if made["stale"]:
            told.append(
                f"Recommended by {by} on {on} to {what}. The facts changed since, so it must be recommended again."
            )
        else:
            told.append(f"With an approver since {on}: {by} recommended to {what}.")
    if case.state_kind == "suspended" and case.suspended_on:
        told.append(f"Suspended since {words.day(case.suspended_on)}. Benefits do not count meanwhile.")
    told += [f"Waits for a second person: {acts.said(one)}." for one in moment.facts.unconfirmed]
    told += [f"Refused by a second person: {acts.said(one)}." for one in moment.facts.refused]
    return told


def _links(moment: Moment, roles: frozenset[str], reference: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if moment.case.state_kind == "waiting" and role_for(Deed.TAKE_ANSWER, roles):
        found.append(
            (f"/cases/{reference}/information", "Record an answer that came by mail, or ask one more question")
        )
    if moment.case.state_kind == "certified" and role_for(Deed.NOTE_CONTACT, roles):
        found.append((f"/cases/{reference}/contact", "Note a contact about the renewal"))
    return found


def _after(leads: dict[str, Any]) -> str:
    can = acts.people(leads["can"])
    who = f"{can} can." if can else "Nobody can at present: an administrator must name another approver."
    return f"An approver who took no part in this case decides. {who}"
