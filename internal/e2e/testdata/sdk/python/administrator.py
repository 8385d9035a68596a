import os

import httpx
import schemathesis

URL = os.environ["LATCHKEY_URL"]
http = httpx.Client(base_url=URL)


@schemathesis.auth(refresh_interval=None)
class Token:
    """A token of the administrator. Some operations end the session that they are called with."""

    token = "none"

    def get(self, case, context):
        probe = http.get("/api/auth/users/me", headers={"Authorization": f"Bearer {self.token}"})
        if probe.status_code != 200:
            form = {"grant_type": "password", "username": "admin", "password": "admin-dev-password"}
            Token.token = http.post("/token", data=form).json().get("access_token", "")
        return self.token

    def set(self, case, data, context):
        if case.operation.definition.raw.get("security"):
            case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}
