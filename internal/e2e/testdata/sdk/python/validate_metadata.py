"""Validates the metadata of the service as Authlib does it."""

import sys

import httpx
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oidc.discovery import OpenIDProviderMetadata

issuer = sys.argv[1]
for name, kind in {
    "oauth-authorization-server": AuthorizationServerMetadata,
    "openid-configuration": OpenIDProviderMetadata,
}.items():
    kind(httpx.get(f"{issuer}/.well-known/{name}").json()).validate()
    print(name)
