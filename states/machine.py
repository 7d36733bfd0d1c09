"""The state machine of one programme edition: explain what is possible, fire one transition.

The only importer of `transitions`. Pure: facts come in, a verdict or a new state goes out; it must not store anything.
"""

from dataclasses import dataclass
from typing import cast

from transitions import EventData, Machine

from states.definition import Programme, Transition
from states.facts import Facts, Person
from states.guards import LEFT_TO_THE_DECISION, Attempt, Guard, Met, Question, Unmet, names, role_words, rules_of, some


class UnknownTrigger(Exception):
    """The programme has no such trigger."""


@dataclass(frozen=True)
class Action:
    """A trigger as seen from one case by one person: allowed, or every unmet rule at once."""

    trigger: str
    title: str
    unmet: tuple[Unmet, ...]
    met: tuple[Met, ...]
    transition: Transition | None = None

    @property
    def allowed(self) -> bool:
        return not self.unmet

    @property
    def facts_in_the_way(self) -> tuple[Unmet, ...]:
        """What only facts can meet: while it is there nobody can recommend the action either."""
        return tuple(one for one in self.unmet if one.rule not in LEFT_TO_THE_DECISION)


@dataclass(frozen=True)
class Fired:
    """An accepted transition."""

    transition: Transition
    source: str
    target: str
    role: str  # in which role the actor fired it
    met: tuple[Met, ...]


@dataclass
class _Context:
    """What the library moves: a plain object with a state and what the rules may look at."""

    state: str
    programme: Programme
    facts: Facts
    actor: Person
    attempt: Attempt

    def question(self, transition: Transition) -> Question:
        return Question(self.programme, transition, self.facts, self.actor, self.attempt)


class ProgrammeMachine:
    """The shared machine of one programme edition; safe for any number of threads, since it holds no case."""

    def __init__(self, programme: Programme) -> None:
        self.programme = programme
        self._machine = Machine(
            model=None,
            states=[state.name for state in programme.states],
            initial=programme.initial,
            auto_transitions=False,
            send_event=True,
            transitions=[
                # A target that depends on the case becomes one guarded transition for each state it may lead to.
                {
                    "trigger": transition.trigger,
                    "source": source,
                    "dest": target,
                    "conditions": [
                        _leads_to(target, transition),
                        *(_condition(rule, transition) for rule in rules_of(transition)),
                    ],
                }
                for transition in programme.transitions
                for source in transition.sources
                for target in programme.targets(transition, source)
            ],
        )

    def explain(self, facts: Facts, actor: Person) -> tuple[Action, ...]:
        """Return every action of the case's state, allowed or with each unmet rule; the clock's own are left out."""
        return tuple(
            self._judge(transition, facts, actor, None)
            for transition in self.programme.from_state(facts.state, facts.back)
            if transition.roles != ("clock",)
        )

    def judge(self, trigger: str, facts: Facts, actor: Person, attempt: Attempt | None = None) -> Action:
        """Return one trigger's verdict. Raises UnknownTrigger when the programme does not have it at all."""
        transition = self.programme.transition(trigger, facts.state, facts.back)
        if transition is not None:
            return self._judge(transition, facts, actor, attempt)
        known = [t for t in self.programme.transitions if t.trigger == trigger]
        if not known:
            raise UnknownTrigger(trigger)
        return Action(trigger, known[0].title, (self._wrong_state(known, facts),), ())

    def fire(self, trigger: str, facts: Facts, actor: Person, attempt: Attempt) -> Fired | Action:
        """Move the case, or return the action with every unmet rule. Raises UnknownTrigger."""
        action = self.judge(trigger, facts, actor, attempt)
        if not action.allowed or action.transition is None:
            return action
        context = _Context(facts.state, self.programme, facts, actor, attempt)
        # The library decides once more with the same rules; the two can only differ by a defect.
        if not self._machine.events[trigger].trigger(context):
            raise RuntimeError(f"The machine refused {trigger} although every rule is met.")
        role = next(met.value for met in action.met if met.rule == "role_permits")
        return Fired(action.transition, facts.state, context.state, role, action.met)

    def _judge(self, transition: Transition, facts: Facts, actor: Person, attempt: Attempt | None) -> Action:
        question = Question(self.programme, transition, facts, actor, attempt)
        verdicts = [rule(question) for rule in rules_of(transition)]
        return Action(
            transition.trigger,
            transition.title,
            tuple(v for v in verdicts if isinstance(v, Unmet)),
            tuple(v for v in verdicts if isinstance(v, Met)),
            transition,
        )

    def _wrong_state(self, known: list[Transition], facts: Facts) -> Unmet:
        titles = self.programme.state_by_name
        sources = dict.fromkeys(titles[source].title for t in known for source in t.sources)
        people = facts.with_role(*known[0].roles)
        return Unmet(
            "state",
            "WRONG_STATE",
            f'"{known[0].title}" is not possible in {titles[facts.state].title}, only in {some(list(sources), "or", named=None)}.',
            names(people) if people else role_words(known[0].roles),
        )


def target_of(programme: Programme, transition: Transition, facts: Facts, attempt: Attempt) -> str:
    """Return the state that a transition leads to in one case."""
    match transition.target:
        case "same":
            return facts.state
        case "back":
            return facts.back
        case "dated":
            state = facts.back if programme.state_by_name[facts.state].kind == "suspended" else facts.state
            later = attempt.day("valid_until")
            return programme.as_dated(state, later or facts.held.last_day, facts.today, extended=later is not None)
        case _:
            return transition.target


def _leads_to(target: str, transition: Transition) -> object:
    def leads(event: EventData) -> bool:
        context = cast(_Context, event.model)
        chosen = context.programme.transition(transition.trigger, context.facts.state, context.facts.back)
        return chosen is transition and target == target_of(
            context.programme, transition, context.facts, context.attempt
        )

    leads.__name__ = f"leads_to_{target}"
    return leads


def _condition(rule: Guard, transition: Transition) -> object:
    def condition(event: EventData) -> bool:
        return isinstance(rule(cast(_Context, event.model).question(transition)), Met)

    condition.__name__ = rule.__name__
    return condition
