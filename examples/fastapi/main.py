"""An API that accepts access tokens of Latchkey."""

import os
from typing import Annotated

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer

ISSUER = os.environ.get("LATCHKEY_ISSUER", "http://localhost:8080")
AUDIENCE = os.environ.get("AUDIENCE", ISSUER)

app = FastAPI(title="Example API")
# The Authorize dialog of /docs signs in at Latchkey. Leave its client fields blank.
bearer = OAuth2PasswordBearer(tokenUrl=ISSUER + "/token")
keys = jwt.PyJWKClient(ISSUER + "/.well-known/jwks.json", lifespan=300)


def claims(token: Annotated[str, Depends(bearer)]) -> dict:
    """Returns the claims of a valid access token."""
    try:
        key = keys.get_signing_key_from_jwt(token)
        return jwt.decode(
            token, key, algorithms=["ES256"], issuer=ISSUER, audience=AUDIENCE,
            options={"require": ["exp", "iat", "sub", "client_id"]},
        )
    except jwt.PyJWKClientConnectionError as error:
        raise HTTPException(503, "the keys of the issuer cannot be fetched") from error
    except jwt.PyJWTError as error:
        challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        raise HTTPException(401, "the access token is not valid", challenge) from error


Claims = Annotated[dict, Depends(claims)]


def require_role(role: str):
    """Returns a dependency that demands a role."""

    def check(caller: Claims) -> dict:
        if role not in caller.get("roles", []):
            raise HTTPException(403, f"this operation needs the role {role}")
        return caller

    return check


@app.get("/hello")
def hello(caller: Claims):
    return {"user": caller["sub"], "roles": caller.get("roles", [])}


@app.get("/admin")
def admin(_: Annotated[dict, Depends(require_role("ROLE_ADMIN"))]):
    return {"secret": "for administrators"}
