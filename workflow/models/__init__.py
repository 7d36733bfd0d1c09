"""The tables, one file for each thing and its parts. They hold data and check nothing: doors and rules do."""

from workflow.models.api_token import ApiToken
from workflow.models.application import Application
from workflow.models.approval import Approval
from workflow.models.audit_entry import AuditEntry
from workflow.models.calendar_day import CalendarDay
from workflow.models.calendar_feed import CalendarFeed
from workflow.models.certificate import Certificate, CertificateEvent
from workflow.models.company import AccountManagerTerm, AeoCode, BandAssessment, Company, CompanyName, Contact, Site
from workflow.models.contact_note import ContactNote
from workflow.models.credential import Credential
from workflow.models.decision import Decision
from workflow.models.document import Document, DocumentChunk, DocumentWaiver, DocumentWithdrawal
from workflow.models.finding import Finding
from workflow.models.idempotency_key import IdempotencyKey
from workflow.models.import_run import ImportRun
from workflow.models.information_request import InformationRequest
from workflow.models.installation import Installation, ReferenceCounter, WorkerHeartbeat
from workflow.models.log import Checkpoint, LogNode
from workflow.models.notification import DeliveryAttempt, Notification, SuppressedAddress
from workflow.models.officer import Absence, Officer, OfficerRole
from workflow.models.participation import Participation, Recommendation, Visit
from workflow.models.planned_action import PlannedAction
from workflow.models.programme_edition import ProgrammeAcceptance, ProgrammeEdition
from workflow.models.registered_entity import RegisteredEntity
from workflow.models.retention import Disposal, LegalHold, LegalHoldLift, RetentionPeriod
from workflow.models.saved_view import SavedView
from workflow.models.search_word import SearchWord
from workflow.models.session import Session
from workflow.models.sign_in_count import SignInCount
from workflow.models.task import Task

__all__ = [
    "Absence",
    "AccountManagerTerm",
    "AeoCode",
    "ApiToken",
    "Application",
    "Approval",
    "AuditEntry",
    "BandAssessment",
    "CalendarDay",
    "CalendarFeed",
    "Certificate",
    "CertificateEvent",
    "Checkpoint",
    "Company",
    "CompanyName",
    "Contact",
    "ContactNote",
    "Credential",
    "Decision",
    "DeliveryAttempt",
    "Disposal",
    "Document",
    "DocumentChunk",
    "DocumentWaiver",
    "DocumentWithdrawal",
    "Finding",
    "IdempotencyKey",
    "ImportRun",
    "InformationRequest",
    "Installation",
    "LegalHold",
    "LegalHoldLift",
    "LogNode",
    "Notification",
    "Officer",
    "OfficerRole",
    "Participation",
    "PlannedAction",
    "ProgrammeAcceptance",
    "ProgrammeEdition",
    "Recommendation",
    "ReferenceCounter",
    "RegisteredEntity",
    "RetentionPeriod",
    "SavedView",
    "SearchWord",
    "Session",
    "SignInCount",
    "Site",
    "SuppressedAddress",
    "Task",
    "Visit",
    "WorkerHeartbeat",
]
