"""An OpenID Connect provider as a process of its own, for tests: `python oidc_provider.py CLIENT_ID CLIENT_SECRET`.

It prints its issuer, does what the standard asks (single-use codes, PKCE, client login), and lies when it is told to:
a POST to /next says who signs in next, and how the answer is forged.
"""

import base64
import hashlib
import hmac
import json
import secrets
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey


class State:
    key = RSAKey.generate_key(2048, parameters={"kid": "one", "use": "sig", "alg": "RS256"})
    stranger = RSAKey.generate_key(2048, parameters={"kid": "one", "use": "sig", "alg": "RS256"})
    issuer = ""
    client = ("", "")
    next: dict[str, Any] = {}  # noqa: RUF012  # one provider in one process
    codes: dict[str, dict[str, str]] = {}  # noqa: RUF012


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        path, asked = urlsplit(self.path).path, {k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()}
        if path == "/.well-known/openid-configuration":
            ends = {"authorization": "authorize", "token": "token"}
            about = {f"{name}_endpoint": f"{State.issuer}/{end}" for name, end in ends.items()}
            self._json({"issuer": State.next.get("issuer", State.issuer), "jwks_uri": f"{State.issuer}/jwks"} | about)
        elif path == "/jwks":
            self._json({"keys": [State.key.as_dict(private=False)]})
        elif path == "/authorize" and asked.get("client_id") == State.client[0]:
            code = secrets.token_urlsafe(16)
            State.codes[code] = asked | {"who": json.dumps(State.next)}
            answer = {"code": code, "state": asked["state"], "iss": State.issuer}
            self.send_response(302)
            self.send_header("Location", f"{asked['redirect_uri']}?{urlencode(answer)}")
            self.end_headers()
        else:
            self._json({"error": "invalid_request"}, 400)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        if self.path == "/next":
            State.next = json.loads(body)
            self._json({})
            return
        form = {k: v[0] for k, v in parse_qs(body).items()}
        flow = State.codes.pop(form.get("code", ""), None)  # a code counts once
        if flow is None or not self._is_client() or form["redirect_uri"] != flow["redirect_uri"]:
            self._json({"error": "invalid_grant"}, 400)
            return
        challenge = (
            base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        )
        if challenge != flow["code_challenge"]:
            self._json({"error": "invalid_grant"}, 400)
            return
        self._json({"access_token": "unused", "token_type": "Bearer", "id_token": _id_token(flow)})

    def _is_client(self) -> bool:
        kind, _, login = self.headers.get("Authorization", "").partition(" ")
        name, _, secret = base64.b64decode(login).decode().partition(":")
        return kind == "Basic" and (unquote(name), unquote(secret)) == State.client

    def _json(self, told: dict[str, Any], status: int = 200) -> None:
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _id_token(flow: dict[str, str]) -> str:
    who, now = json.loads(flow["who"]), int(time.time())
    claims = {"iss": State.issuer, "aud": State.client[0], "sub": "s-1", "iat": now, "exp": now + 300}
    claims |= {"nonce": flow["nonce"]} | who.get("claims", {})
    header = {"alg": "RS256", "kid": "one"}
    match who.get("forged"):
        case "none":
            return f"{_part({'alg': 'none'})}.{_part(claims)}."
        case "public key as secret":
            return _by_hmac(claims, State.key.as_pem(private=False))
        case "client secret":
            return _by_hmac(claims, State.client[1].encode())
        case "stranger":
            return jwt.encode(header, claims, State.stranger)
        case "own key in the header":
            key = State.stranger
            return jwt.encode(header | {"jwk": key.as_dict(private=False)}, claims, key)
        case _:
            return jwt.encode(header, claims, State.key)


def _by_hmac(claims: dict[str, Any], key: bytes) -> str:
    """Sign by hand: the library refuses to take a public key for a secret, and so must we."""
    signed = f"{_part({'alg': 'HS256', 'kid': 'one'})}.{_part(claims)}"
    return f"{signed}.{_base64(hmac.digest(key, signed.encode(), 'sha256'))}"


def _part(what: dict[str, Any]) -> str:
    return _base64(json.dumps(what).encode())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def main() -> None:
    State.client = (sys.argv[1], sys.argv[2])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    State.issuer = f"http://127.0.0.1:{server.server_port}"
    print(State.issuer, flush=True)  # noqa: T201  # how the test learns the port
    server.serve_forever()


if __name__ == "__main__":
    main()
