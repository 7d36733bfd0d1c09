"""The tables, one file for each thing and its parts. They hold data and check nothing: doors and rules do."""

from workflow.models.application import Application
from workflow.models.audit_entry import AuditEntry
from workflow.models.calendar_day import CalendarDay
from workflow.models.certificate import Certificate, CertificateEvent
from workflow.models.company import AeoCode, BandAssessment, Company, CompanyName, Contact
from workflow.models.decision import Decision
from workflow.models.document import Document, DocumentChunk
from workflow.models.finding import Finding
from workflow.models.import_run import ImportRun
from workflow.models.installation import Installation, ReferenceCounter, WorkerHeartbeat
from workflow.models.notification import DeliveryAttempt, Notification
from workflow.models.officer import Officer, OfficerRole
from workflow.models.participation import Participation, Recommendation, Visit
from workflow.models.planned_action import PlannedAction
from workflow.models.programme_edition import ProgrammeEdition
from workflow.models.registered_entity import RegisteredEntity
from workflow.models.task import Task

__all__ = [
    "AeoCode",
    "Application",
    "AuditEntry",
    "BandAssessment",
    "CalendarDay",
    "Certificate",
    "CertificateEvent",
    "Company",
    "CompanyName",
    "Contact",
    "Decision",
    "DeliveryAttempt",
    "Document",
    "DocumentChunk",
    "Finding",
    "ImportRun",
    "Installation",
    "Notification",
    "Officer",
    "OfficerRole",
    "Participation",
    "PlannedAction",
    "ProgrammeEdition",
    "Recommendation",
    "ReferenceCounter",
    "RegisteredEntity",
    "Task",
    "Visit",
    "WorkerHeartbeat",
]
