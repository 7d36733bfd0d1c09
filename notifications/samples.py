"""A made-up payload for every message: exactly the keys it is sent with. For previews and tests; nothing here is real."""

from typing import Any

_CASE: dict[str, Any] = {
    "reference": "STP-2026-000123",
    "company_name": "Quillhaven Logistics",
    "uen": "201890417D",
    "programme": "Secure Trade Partnership",
    "programme_code": "STP",
    "authority": "Singapore Customs",
    "received_on": "2026-11-02",
    "certificate_number": "STP-C-000045",
    "valid_from": "2024-01-29",
    "valid_until": "2027-01-28",
    "pack_due_on": "2026-09-30",
    "documents": [
        "STP application form",
        "TradeFIRST Self-Assessment Checklist",
        "ACRA BizFile report",
        "Audited financial statements of the past 3 years",
    ],
}
_REQUESTS = [
    {"number": 1, "question": "Which sites are in use?", "reply_by": "2026-12-14"},
    {"number": 2, "question": "Where is the report of the last visit?", "reply_by": "2026-12-21"},
]
_DECISION = {
    "reason": "",
    "reason_code": "",
    "cycle": 1,
    "certificate_runs": False,
    "requests": _REQUESTS,
    "deadline": "2027-03-02",
}
_REMINDER = {
    "rule": "T-60",
    "due_on": "2026-11-27",
    "requests": _REQUESTS,
    "cycle": 1,
    "phase": "running",
    "band": "Premium",
    "band_valid_until": "2026-12-20",
}
_FIRST = {"certificate_number": None, "valid_from": None, "valid_until": None, "pack_due_on": None}
_FROM_A_DAY = _DECISION | {"effective_on": "2026-12-02", "reason": "The seal log of the Jurong site is kept again."}


def _rows(*rows: dict[str, Any], more: int = 0) -> dict[str, Any]:
    about = {"reference": _CASE["reference"], "company_name": _CASE["company_name"]}
    return {"rows": [about | row for row in rows], "more": more}


_DIGEST = {
    "name": "Nurul Huda",
    "team": False,
    "day": "2026-11-23",
    "as_at": "2026-11-23",
    "due_until": "2026-12-07",
    "ends_until": "2027-06-21",
    "due": _rows(
        {"day": "2026-11-27", "what": "Mail “renewal reminder” to the company and the account manager"},
        {"day": "2026-12-01", "what": "Visit, site Jurong"},
    ),
    "ends": _rows(
        {
            "day": "2027-01-28",
            "certificate_number": "STP-C-000045",
            "state": "Revalidation due",
            "standing": "in force",
            "account_manager": "Nurul Huda",
        }
    ),
    "us": _rows(
        {
            "day": "2027-03-02",
            "state": "Checklist review",
            "next_step": "Assess the answers and pass the checklist",
            "assignee": None,
        }
    ),
    "company": _rows(
        {"day": "2027-01-28", "state": "Revalidation due", "next_step": "The company sends its renewal pack", "assignee": None}
    ),
    "failed": _rows({"day": "2026-11-20", "message": "renewal_reminder", "status": "failed"}),
    "tasks": _rows(
        {"day": "2026-11-20", "sentence": "Message 12 (renewal_reminder) could not be delivered: 550 5.1.1 no such user."},
        more=2,
    ),
}  # fmt: skip

_SAMPLES: dict[str, dict[str, Any]] = {
    "account_manager_changed": _CASE
    | {"account_manager_name": "Nurul Huda", "account_manager_email": "nurul@casework.example"},
    "application_complete": _CASE | _DECISION | _FIRST,
    "application_received": _CASE | _FIRST,
    "application_rejected": _CASE | _DECISION | _FIRST | {"reason": "The accounts of 2025 were not audited."},
    "application_withdrawn": _CASE | _DECISION | _FIRST | {"reason_code": "request"},
    "band_ends": _CASE | _REMINDER,
    "certificate_corrected": _CASE
    | {"previous_valid_from": "2024-01-28", "previous_valid_until": "2027-01-27"}
    | {"reason": "The first day was typed wrongly.", "reason_code": ""},
    "certificate_ended": _CASE | _REMINDER,
    "certificate_ended_under_review": _CASE | _REMINDER,
    "certificate_ends": _CASE | _REMINDER,
    "certificate_extended": _CASE | _DECISION | {"previous_valid_until": "2026-11-30", "reason": "Circular 12/2026."},
    "certificate_reinstated": _CASE | _FROM_A_DAY,
    "certificate_reissued": _CASE
    | {"previous_number": "STP-C-000044", "aeo_code": "SGAEO0000001", "reason": "The paper was damaged."}
    | {"reason_code": ""},
    "certificate_revoked": _CASE | _FROM_A_DAY,
    "certificate_surrendered": _CASE | _FROM_A_DAY | {"reason": ""},
    "certificate_suspended": _CASE | _FROM_A_DAY | {"reason": "The seal log of the Jurong site is not kept."},
    "certified": _CASE | _DECISION | {"aeo_code": "SGAEO0000001"},
    "checkpoint": {
        "name": "Ines Okoro",
        "day": "2026-11-24",
        "origin": "casework.customs.example",
        "size": 12345,
        "note": "casework.customs.example\n12345\nd2+uTzKiRkrH0mQ0l7sQfzG0gVx9r1RrZkq5u1y2cVQ=\n\n"
        "\N{EM DASH} casework.customs.example Az3grlgtzP\n",
        "vkey": "casework.customs.example+1b2c3d4e+AZkZ3ZT0yB0o",
    },
    "colleague_bundle": {
        "name": "Nurul Huda",
        "day": "2026-11-23",
        "items": [
            {
                "reference": f"STP-2026-{number:06d}",
                "company_name": company,
                "certificate_number": f"STP-C-{number:06d}",
                "valid_until": "2027-08-20",
                "rule": "T-270",
                "line": "Check the company's contacts and prepare the renewal with the company.",
            }
            for number, company in ((123, "Quillhaven Logistics"), (131, "Copperwake Terminals"))
        ],
    },
    "deadline_moved": _CASE
    | _FIRST
    | {"number": 1, "question": "Which sites are in use?", "before": "2026-12-14", "reply_by": "2026-12-15"}
    | {"holiday": "Polling Day"},
    "decision_set_aside": _CASE
    | _DECISION
    | {"undone": "Reject the application", "state_title": "Validation", "reason_code": "appeal"},
    "delivery_failed": _CASE
    | {"failed_message": "renewal_reminder", "recipient_address": "jo@copperwake.example"}
    | {"reply": "550 5.1.1 no such user", "letter": True},
    "information_final_notice": _CASE | _REMINDER | _FIRST | {"rule": "request_final_notice"},
    "information_reminder": _CASE | _REMINDER | _FIRST | {"rule": "request_reminder"},
    "information_requested": _CASE | _FIRST | {"requests": _REQUESTS},
    "portfolio_digest": _DIGEST,
    "reminder_of_task": _CASE
    | _REMINDER
    | {"sentence": "A second person must confirm no. 4: Waive the BizFile report."},
    "renewal_heads_up": _CASE | _REMINDER,
    "renewal_invitation": _CASE | _REMINDER,
    "renewal_last_day": _CASE | _REMINDER,
    "renewal_not_started": _CASE | _REMINDER,
    "renewal_pack_due": _CASE | _REMINDER,
    "renewal_received": _CASE | _DECISION | {"cycle": 2},
    "renewal_reminder": _CASE | _REMINDER,
    "renewal_undecided": _CASE | _REMINDER,
    "renewal_under_review": _CASE | _REMINDER,
    "renewal_waits_for_information": _CASE | _REMINDER,
    "sign_in_changed": {"name": "Nurul Huda", "by": "Omar Said", "what": "password", "day": "2026-11-24"},
    "visit_planned": _CASE | _FIRST | {"planned_on": "2026-12-01", "site": "Jurong", "mode": "on_site"},
}


def sample(message: str) -> dict[str, Any]:
    """Return made-up values for a message. Raises KeyError for one that is not ours."""
    return dict(_SAMPLES[message])
