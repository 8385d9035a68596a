"""Schemathesis calls the guarded operations as the administrator."""

import itertools
import os

import httpx
import schemathesis

URL = os.environ["AUTH_URL"]
http = httpx.Client(base_url=URL)
addresses = (f"198.51.100.{n}" for n in itertools.count(1))


def sign_in():
    """Signs in, from an address without failed attempts."""
    form = {"grant_type": "password", "username": "admin", "password": "admin-dev-password"}
    response = http.post("/token", data=form, headers={"X-Forwarded-For": next(addresses)})
    return response.raise_for_status().json()["access_token"]


def profile(token):
    return http.get("/api/auth/users/me", headers={"Authorization": f"Bearer {token}"})


administrator = profile(sign_in()).json()["id"]


@schemathesis.auth(refresh_interval=None)
class Token:
    """Signs in again after an operation has ended the session."""

    token = "none"

    def get(self, case, context):
        if profile(Token.token).status_code != 200:
            Token.token = sign_in()
        return Token.token

    def set(self, case, data, context):
        if case.operation.definition.raw.get("security"):
            case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}


@schemathesis.hook
def before_call(context, case, kwargs):
    """Keeps the administrator from disabling themself: ids are taken from earlier responses."""
    if (case.path_parameters or {}).get("id") == administrator:
        case.path_parameters["id"] = "00000000-0000-4000-8000-000000000000"
