"""requests-oauthlib through the password and refresh flow, and through Login with Prosper."""

import os

# The sandbox speaks plain HTTP on loopback.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"

from oauthlib.oauth2 import InvalidGrantError, LegacyApplicationClient
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session
from sandbox import ACCOUNT, AUTHORIZE, EXCHANGE, TOKEN, USER, Browser, app, person


def credentials(client, basic):
    """As HTTP Basic, or in the body."""
    if basic:
        return {"auth": HTTPBasicAuth(client["client_id"], client["client_secret"])}
    return {"client_id": client["client_id"], "client_secret": client["client_secret"], "include_client_id": True}


def investor_api(basic):
    own = app("institutional")
    owner = person(own["owner"])
    session = OAuth2Session(client=LegacyApplicationClient(client_id=own["client_id"]))
    how = credentials(own, basic)
    try:
        session.fetch_token(TOKEN, username=owner["email"], password="wrong", **how)
        raise AssertionError("a wrong password got a token")
    except InvalidGrantError as refusal:
        assert refusal.description == "Bad credentials", refusal

    first = session.fetch_token(TOKEN, username=owner["email"], password=owner["password"], **how)
    assert session.get(ACCOUNT).status_code == 200
    how.pop("include_client_id", None)
    again = session.refresh_token(TOKEN, refresh_token=first["refresh_token"], **how)
    assert again["refresh_token"] == first["refresh_token"]
    assert again["access_token"] != first["access_token"]
    assert session.get(ACCOUNT).status_code == 200


def login(basic, pkce):
    client = app("login")
    who = person("mary@example.com")
    session = OAuth2Session(
        client["client_id"],
        redirect_uri=client["redirect_uris"][0],
        scope=["user:email"],
        pkce="S256" if pkce else None,
    )
    url, _ = session.authorization_url(AUTHORIZE)
    back = Browser().walk(url, who)
    # The library wants https in the address that the browser came back to, unless told otherwise above.
    how = credentials(client, basic)
    how.pop("client_id", None)
    token = session.fetch_token(EXCHANGE, authorization_response=back, **how)
    assert token["scope"] == ["user:email"] and token["expires_in"] == 900, token
    assert session.get(USER).json()["email"] == who["email"]
    try:
        session.fetch_token(EXCHANGE, authorization_response=back, **how)
        raise AssertionError("a code worked twice")
    except InvalidGrantError as refusal:
        assert refusal.description == "Invalid code", refusal


for basic in [True, False]:
    investor_api(basic)
    for pkce in [False, True]:
        login(basic, pkce)
print("requests-oauthlib: ok")
