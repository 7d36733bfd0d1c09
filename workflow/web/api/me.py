"""Who the token's holder is, as the API sees it."""

from typing import Any

from fastapi import APIRouter
from pydantic import Field

from workflow.access import Area
from workflow.web.api.routing import PREFIX
from workflow.web.api.shapes import Told, example
from workflow.web.guard import see
from workflow.web.site import Who


class Me(Told):
    """You."""

    name: str
    email: str
    roles: list[str] = Field(description="The roles that both you and the token hold.")
    proven: str = Field(description="How it is known that it is you; stands in the trail.")
    model_config = example(
        name="Adeline Goh", email="adeline.goh@customs.example", roles=["officer"], proven="token t_0123456789ab"
    )


def add_to(made: APIRouter) -> None:
    @made.get(f"{PREFIX}/me", tags=["reading"], response_model=Me)
    @see(Area.OWN)
    def show_me(who: Who) -> Any:
        """Say whom the token stands for and in which roles."""
        return {
            "name": who.person.name,
            "email": who.email,
            "roles": sorted(who.person.roles),
            "proven": who.proven,
        }
