"""A demonstration set: fictitious companies carried through years of office life. The story apart from its loader."""

from workflow.operations.demonstration.loader import load_demonstration
from workflow.operations.demonstration.sign_ins import SignIn, demonstration_sign_ins
from workflow.operations.demonstration.story import PEOPLE, valid_uen

__all__ = ["PEOPLE", "SignIn", "demonstration_sign_ins", "load_demonstration", "valid_uen"]
