"""An OpenID Connect provider as the administration runs one: sends people there, and believes its answer only when proven.

Knows HTTP and tokens, no account of ours and no role. Authorization code with PKCE; nothing else is spoken.
"""

import base64
import hmac
import ipaddress
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from workflow.errors import NotSignedIn, Unavailable

_ALGORITHMS = ["RS256", "ES256"]  # pinned: neither "none" nor a signature that our own secret would verify
_LEEWAY = 60  # seconds that the provider's clock may be off
_PATIENCE = 5  # seconds
_SCOPES = "openid email"
# What says that the person was asked for a second proof (RFC 8176; REFEDS and PAPE name it in `acr`).
_STRONG_AMR = "mfa"
_STRONG_ACR = frozenset(
    {"https://refeds.org/profile/mfa", "http://schemas.openid.net/pape/policies/2007/06/multi-factor"}
)


@dataclass(frozen=True)
class Flow:
    """One sign-in on its way; whoever comes back must still hold it."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True)
class Identity:
    """Who came back, as the provider says it."""

    issuer: str
    subject: str
    email: str  # empty unless the provider has verified it
    strong: bool  # whether it asked for a second proof


@dataclass(frozen=True)
class Provider:
    """The provider that the settings name."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    label: str

    def begin(self, back: str) -> tuple[str, Flow]:
        """Return where to send the browser, and what must be kept meanwhile. Raises Unavailable."""
        with self._client() as client:
            found = self._discovered(client)
        flow = Flow(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48))
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": back,
            "scope": _SCOPES,
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": create_s256_code_challenge(flow.verifier),
            "code_challenge_method": "S256",
        }
        address = str(found["authorization_endpoint"])
        return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}", flow

    def finish(self, flow: Flow, answer: Mapping[str, str], back: str, real_now: datetime) -> Identity:
        """Return who came back. Raises NotSignedIn for an answer that proves nobody, Unavailable without the provider."""
        if not hmac.compare_digest(answer.get("state", "").encode(), flow.state.encode()):
            raise refused("the answer belongs to another sign-in")
        if answer.get("iss", self.issuer) != self.issuer:  # RFC 9207
            raise refused("the answer came from another provider")
        if "error" in answer or not answer.get("code"):
            raise refused(f"the provider said {answer.get('error', 'nothing')[:40]!r}")
        with self._client() as client:
            found = self._discovered(client)
            token = self._token(client, found, answer["code"], flow.verifier, back)
            keys = self._json(client.get(_safe(found["jwks_uri"])))
        return self._identity(str(token.get("id_token", "")), keys, flow.nonce, real_now)

    def _identity(self, token: str, keys: Any, nonce: str, real_now: datetime) -> Identity:
        try:
            decoded = jwt.decode(token, KeySet.import_key_set(keys), algorithms=_ALGORITHMS)
            options: dict[str, dict[str, Any]] = {name: {"essential": True} for name in ("sub", "exp", "iat", "nonce")}
            options |= {
                name: {"essential": True, "value": value}
                for name, value in (("iss", self.issuer), ("aud", self.client_id))
            }
            claims = CodeIDToken(decoded.claims, decoded.header, options, {"nonce": nonce, "client_id": self.client_id})
            claims.validate(now=int(real_now.timestamp()), leeway=_LEEWAY)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise refused("its answer is not signed for us, or not any more") from error
        subject, email, amr = claims["sub"], claims.get("email"), claims.get("amr")
        if not isinstance(subject, str) or not subject:
            raise refused("its answer names nobody")
        verified = isinstance(email, str) and claims.get("email_verified") is True
        strong = (isinstance(amr, list) and _STRONG_AMR in amr) or claims.get("acr") in _STRONG_ACR
        return Identity(self.issuer, subject, str(email) if verified else "", strong)

    def _token(self, client: httpx.Client, found: Mapping[str, Any], code: str, verifier: str, back: str) -> Any:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": verifier}
        by_form = "client_secret_basic" not in found.get(
            "token_endpoint_auth_methods_supported", ["client_secret_basic"]
        )
        if by_form or not self.client_secret:
            form["client_id"] = self.client_id
        if by_form and self.client_secret:
            form["client_secret"] = self.client_secret
        headers = {} if by_form or not self.client_secret else {"Authorization": self._login()}
        answer = client.post(_safe(found["token_endpoint"]), data=form, headers=headers)
        if answer.status_code == httpx.codes.BAD_REQUEST:
            raise refused("it does not know this sign-in any more")
        return self._json(answer)

    def _login(self) -> str:
        """Return our name and secret as RFC 6749, section 2.3.1, writes them."""
        pair = f"{quote(self.client_id, safe='')}:{quote(self.client_secret, safe='')}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"

    def _discovered(self, client: httpx.Client) -> Mapping[str, Any]:
        """Ask anew each time: sign-ins are few, and a provider that changes its keys is followed at once."""
        found = self._json(client.get(_safe(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")))
        needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        if found.get("issuer") != self.issuer or not all(isinstance(found.get(name), str) for name in needed):
            raise Unavailable(
                "PROVIDER", f"{self.issuer} does not describe itself as that provider. Check AEO_OIDC_ISSUER."
            )
        return dict(found)

    def _json(self, answer: httpx.Response) -> Any:
        try:
            told = answer.raise_for_status().json()
        except (httpx.HTTPStatusError, ValueError) as error:
            raise self.down(f"answered {answer.status_code}") from error
        if not isinstance(told, dict):
            raise self.down("answered something else than was asked")
        return told

    def _client(self) -> "_Client":
        return _Client(self)

    def down(self, what: str) -> Unavailable:
        return Unavailable(
            "PROVIDER", f"The provider of agency accounts {what}. Sign in with your password, or try again."
        )


class _Client:
    """A client for one sign-in, whose failures are sentences."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._client = httpx.Client(timeout=_PATIENCE, follow_redirects=False)

    def __enter__(self) -> httpx.Client:
        return self._client

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        self._client.close()
        if isinstance(error, httpx.HTTPError | httpx.InvalidURL):
            raise self._provider.down("does not answer") from error


def refused(why: str) -> NotSignedIn:
    """Return the answer to somebody whom the provider did not prove to be anybody."""
    return NotSignedIn("PROVIDER", f"The agency account does not lead in: {why}. Begin again, or use your password.")


def _safe(address: Any) -> str:
    """Return an address over TLS, or on this machine. Raises Unavailable."""
    parts = urlsplit(str(address))
    if parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname or "")):
        return str(address)
    raise Unavailable("PROVIDER", f"{str(address)[:80]} is not reached over TLS. Check AEO_OIDC_ISSUER.")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
