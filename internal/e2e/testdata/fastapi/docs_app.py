"""An API that verifies the tokens of Latchkey with the lines of docs/moving/fastapi-users.md.

FastAPIOffline serves the files of Swagger UI that FastAPI loads from a CDN.
"""

import json
import os
import urllib.request
from typing import Annotated

import jwt
from fastapi import Depends, HTTPException
from fastapi.security import OAuth2PasswordBearer
from fastapi_offline import FastAPIOffline

URL = os.environ["AUTH_URL"]
ISSUER = os.environ["LATCHKEY_ISSUER"]  # the same as the URL, except where the port changes
keys = jwt.PyJWKClient(f"{URL}/.well-known/jwks.json")
bearer = OAuth2PasswordBearer(tokenUrl=URL + os.environ["TOKEN_PATH"])
app = FastAPIOffline()


def verified(token: Annotated[str, Depends(bearer)]) -> str:
    try:
        key = keys.get_signing_key_from_jwt(token).key
        jwt.decode(token, key, algorithms=["ES256"], issuer=ISSUER, audience=ISSUER)
    except jwt.PyJWTError as error:
        raise HTTPException(401, "Invalid token", {"WWW-Authenticate": "Bearer"}) from error
    return token


@app.get("/hello")
def hello(token: Annotated[str, Depends(verified)]) -> dict:
    request = urllib.request.Request(f"{URL}/userinfo", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request) as response:
        return {"hello": json.load(response)["preferred_username"]}
