"""Who works in the demonstration, and what happened to each fictitious company on which day. Data, nothing else.

Every name is invented and every UEN computed. A story is told for a day, "today"; all of it lies before that day.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple, Self

from stdnum.sg import uen as stdnum_uen

from states.dates import add_years

PEOPLE = (
    ("admin@casework.example", "Rosnah Yusof", ("admin",)),
    ("tan.weiming@casework.example", "Tan Wei Ming", ("officer",)),
    ("lee.jiahui@casework.example", "Lee Jia Hui", ("officer",)),
    ("siti.rahmah@casework.example", "Siti Rahmah", ("officer",)),
    ("priya.nair@casework.example", "Priya Nair", ("approver",)),
    ("lim.boonkiat@casework.example", "Lim Boon Kiat", ("approver",)),
    ("devi.menon@casework.example", "Devi Menon", ("approver",)),
    ("nurul.huda@casework.example", "Nurul Huda", ("account_manager",)),
    ("ong.kahseng@casework.example", "Ong Kah Seng", ("account_manager",)),
    ("goh.siewling@casework.example", "Goh Siew Ling", ("supervisor",)),
    ("hafiz.osman@casework.example", "Hafiz Osman", ("supervisor",)),
    ("arun.pillai@casework.example", "Arun Pillai", ("auditor",)),
)
PACK = ("application_form", "tradefirst_checklist", "bizfile_report", "financial_statements", "evidence")
_FRIDAY = 4
_YEARS = {"Premium": 3, "Enhanced": 3, "Intermediate": 2}  # how long a band holds, and with it an STP certificate
_BAND, _DECISION = 90, 100  # days from receipt to the band and to the certificate
_NOT_MET = "Visitors enter the premises without being noted, and nobody has put it right."


def valid_uen(year: int, number: int) -> str:
    """Return a local company's UEN with its computed check letter."""
    stem = f"{year}{number:05d}"
    return stem + str(stdnum_uen.calc_local_company_check_digit(stem))


@dataclass(frozen=True)
class Step:
    """One act on one day, or a trigger of the programme. `by` is the part somebody plays; `more` is what the act takes."""

    day: date
    act: str
    by: str = "officer"
    more: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Tale:
    """One application of a company, from its receipt."""

    company: str
    start: date
    programme: str = "STP"
    band: str = "Premium"
    action: bool = False  # whether a corrective action stays open
    steps: list[Step] = field(default_factory=list)

    def then(self, day: date, act: str, by: str = "officer", **more: str) -> Self:
        """Let something happen on a day; at a weekend, on the Friday before."""
        day -= timedelta(max(day.weekday() - _FRIDAY, 0))
        self.steps.append(Step(day, act, by, more))
        return self

    def to(self, chapter: str) -> Self:
        """Carry the first cycle up to a chapter."""
        return self._tell(_FIRST, self.start, chapter)

    def renews(self, day: date, chapter: str) -> Self:
        """Carry a renewal up to a chapter."""
        return self._tell(_RENEWAL, day, chapter)

    def decided(self, day: date, outcome: str, why: str, **more: str) -> Self:
        """Let the officer recommend an outcome, and an approver decide it some days later."""
        self.then(day - timedelta(4), "recommend", outcome=outcome, reason=why)
        return self.then(day, outcome, "approver", reason=why, **more)

    def _tell(self, chapters: "list[_Chapter]", start: date, last: str) -> Self:
        end = max(number for number, chapter in enumerate(chapters) if chapter.name == last)
        for chapter in chapters[: end + 1]:
            self.then(start + timedelta(chapter.after), chapter.act, chapter.by, **chapter.more)
        return self


class _Chapter(NamedTuple):
    """A step of every tale that comes so far."""

    name: str
    after: int  # days from the start
    act: str
    by: str
    more: dict[str, str]


_FIRST: list[_Chapter] = [
    _Chapter("incomplete", 0, "submit", "manager", {}),
    _Chapter("incomplete", 0, "documents", "manager", {"kinds": " ".join(PACK[:2])}),
    _Chapter("submitted", 1, "documents", "manager", {"kinds": " ".join(PACK[2:])}),
    _Chapter("review", 6, "assign", "officer", {}),
    _Chapter("review", 6, "start_review", "officer", {}),
    _Chapter("begun", 12, "answer", "officer", {"last": "11"}),
    _Chapter("answered", 14, "answer", "officer", {"first": "11"}),
    _Chapter("assessed", 28, "assess", "officer", {}),
    _Chapter("passed", 30, "pass_checklist", "officer", {}),
    _Chapter("banded", 44, "band", "officer", {}),
    _Chapter("visited", _BAND, "visit", "officer", {}),
    _Chapter("recommended", _BAND, "band", "officer", {}),
    _Chapter("recommended", _BAND, "recommend", "officer", {"outcome": "certify", "reason": "Every criterion is met."}),
    _Chapter("certified", _DECISION, "certify", "approver", {}),
]
_RENEWAL: list[_Chapter] = [
    _Chapter("received", 0, "documents", "manager", {"kinds": " ".join(PACK)}),
    _Chapter("received", 1, "renew", "manager", {}),
    _Chapter("begun", 9, "answer", "officer", {"last": "11"}),
    _Chapter("answered", 12, "answer", "officer", {"first": "11"}),
    _Chapter("passed", 20, "assess", "officer", {}),
    _Chapter("passed", 21, "pass_checklist", "officer", {}),
    _Chapter("visited", 48, "visit", "officer", {}),
    _Chapter("recommended", 49, "band", "officer", {}),
    _Chapter(
        "recommended", 50, "recommend", "officer", {"outcome": "certify", "reason": "Every criterion is met again."}
    ),
    _Chapter("certified", 56, "certify", "approver", {}),
]


def story(today: date) -> list[Tale]:
    """Return every tale, told for a day."""

    def day(count: int) -> date:
        return today + timedelta(count)

    def ending(count: int, band: str = "Premium", programme: str = "STP") -> date:
        """The receipt of an application whose certificate's last day is so many days from today."""
        limited = programme == "STP"  # by its band; the other one runs from the decision
        return add_years(day(count), -_YEARS[band]) - timedelta(_BAND if limited else _DECISION)

    def holder(company: str, count: int, programme: str = "STP", band: str = "Premium") -> Tale:
        """Certified, with so many days left today."""
        return Tale(f"{company} Pte. Ltd.", ending(count, band, programme), programme, band).to("certified")

    def applicant(company: str, ago: int, chapter: str, programme: str = "STP", *, action: bool = False) -> Tale:
        return Tale(f"{company} Pte. Ltd.", day(-ago), programme, action=action).to(chapter)

    plus = "STP-PLUS"
    return [
        # Received
        applicant("Lanternreef Forwarding", 3, "incomplete"),
        applicant("Oarwright Warehousing", 8, "submitted"),
        applicant("Gullwhisper Shipping", 5, "submitted", plus).then(day(-2), "assign"),
        # Waiting for the company
        applicant("Anchorlight Customs Brokers", 24, "review").then(
            day(-6), "request_information", reason="Which sites do you operate?", reply_by=day(8).isoformat()
        ),
        applicant("Duskharbour Timber", 40, "begun").then(
            day(-24), "request_information", reason="Where is the seal log of May?", reply_by=day(-9).isoformat()
        ),
        applicant("Stormpetrel Chemicals", 90, "review")
        .then(day(-75), "request_information", reason="Which staff handle cargo?", reply_by=day(-60).isoformat())
        .then(day(-2), "withdraw", reason_code="no_reply"),
        applicant("Kelpmoor Foods", 130, "submitted", plus)
        .then(day(-120), "request_information", reason="Please sign the form.", reply_by=day(-105).isoformat())
        .then(day(-60), "withdraw", reason_code="no_reply")
        .then(day(-58), "confirm", "supervisor"),
        # Under review
        applicant("Brindlemere Cold Chain", 36, "begun"),
        applicant("Saltfern Trading", 150, "begun"),
        applicant("Emberquay Electronics", 22, "answered", plus),
        applicant("Tideglass Freight", 80, "passed").then(
            day(-30), "return_to_checklist", reason="The seal log of August is missing."
        ),
        applicant("Quartzbay Cranes", 75, "answered")
        .decided(day(-50), "reject", "The accounts are not audited.", reason_code="criteria_not_met")
        .then(day(-13), "documents", kinds="order")
        .then(day(-12), "set_aside", "second_approver", reason_code="appeal", order="order"),
        # In validation
        applicant("Quillhaven Logistics", 70, "banded", action=True),
        applicant("Thornwake Aviation", 95, "banded", plus)
        .then(day(-45), "request_information", reason="Who holds the keys?", reply_by=day(-31).isoformat())
        .then(day(-36), "documents", "manager", kinds="information_reply")
        .then(day(-36), "supply_information")
        .then(day(-10), "visit"),
        applicant("Fathomleaf Air Cargo", 96, "recommended", action=True),
        applicant("Silverfin Semiconductors", 94, "recommended", plus),
        # Refused or taken back before a certificate
        applicant("Ferncastle Bonded Stores", 60, "review").decided(
            day(-40), "reject", "The company holds no valid Customs Account.", reason_code="no_customs_account"
        ),
        applicant("Petrelhaven Cold Stores", 200, "banded", plus).decided(
            day(-100), "reject", _NOT_MET, reason_code="criteria_not_met"
        ),
        applicant("Palewater Packaging", 45, "submitted").then(day(-41), "withdraw", reason_code="request"),
        # Certified
        Tale("Wickerbay Transport Pte. Ltd.", day(-160), band="Enhanced", action=True).to("certified"),
        applicant("Pinnacre Marine Supply", 520, "certified"),
        applicant("Pinnacre Marine Supply", 56, "answered", plus),  # it has a certificate of the other programme
        applicant("Graniteshore Terminals", 220, "certified", plus, action=True),
        applicant("Moonbarque Pharma", 700, "certified", plus),
        applicant("Coralspire Logistics", 98, "recommended").then(
            day(-4), "certify", "approver", valid_from=day(12).isoformat()
        ),
        holder("Starkeel Lubricants", 214),
        # Revalidation due
        holder("Foghollow Bonded", 200),
        holder("Copperwake Terminals", 100),
        holder("Driftmark Distribution", 48, band="Intermediate"),
        holder("Mossgate Chandlery", 20),
        holder("Wyvernholm Engineering", 6, plus),
        holder("Cinderisle Coatings", 15).decided(
            day(-9), "extend", "The visit was put off by the authority.", valid_until=day(75).isoformat()
        ),
        # Renewal on its way
        holder("Gryphon Sound Cargo", 92).renews(day(-20), "begun"),
        holder("Dapplecove Paper", 26, plus).renews(day(-80), "visited"),
        holder("Hollowtide Robotics", 110)
        .renews(day(-60), "begun")
        .then(day(-20), "request_information", reason="Which carrier is new?", reply_by=day(-4).isoformat()),
        holder("Amberlock Seals", -12).renews(day(-66), "visited"),
        # Renewed
        holder("Sablewind Optics", 80).renews(day(-120), "certified"),
        holder("Otterstone Rubber", -400).renews(day(-590), "certified"),
        # A renewal that failed while the certificate runs
        holder("Larkspur Deepwater Tools", 70)
        .renews(day(-110), "answered")
        .decided(day(-70), "reject", _NOT_MET, reason_code="criteria_not_met"),
        holder("Merrowgate Batteries", 130).renews(day(-70), "begun").then(day(-40), "withdraw", reason_code="request"),
        # Ended by their dates
        holder("Harrowmist Polymers", -40),
        holder("Basilisk Bay Metals", -15, plus),
        holder("Nettlewharf Spices", -90),
        applicant("Nettlewharf Spices", 30, "review"),  # it begins anew
        # Suspended and ended by decisions
        applicant("Pearlwind Instruments", 400, "certified").decided(
            day(-30), "suspend", "Two seals were broken in October.", reason_code="security_incident"
        ),
        applicant("Mirrorfjord Textiles", 600, "certified", plus)
        .then(day(-50), "suspend", "approver", reason_code="emergency", reason="A container was found opened.")
        .then(day(-47), "confirm", "second_approver"),
        applicant("Ironlily Haulage", 350, "certified").then(
            day(-1), "suspend", "approver", reason_code="emergency", reason="A trailer with a false wall was found."
        ),
        applicant("Willowreef Toys", 480, "certified")
        .decided(day(-150), "suspend", "The alarm was out of order.", reason_code="security_incident")
        .decided(day(-110), "reinstate", "The alarm is mended and was tried."),
        applicant("Blackoyster Tobacco", 640, "certified").decided(
            day(-60), "revoke", "Goods left the warehouse without duty paid.", reason_code="compliance_record"
        ),
        applicant("Tamarisk Tidal Energy", 550, "certified", plus).decided(
            day(-25), "revoke", "The audit report was forged.", reason_code="false_information"
        ),
        applicant("Seahollow Ceramics", 430, "certified").then(day(-21), "surrender"),
    ]
