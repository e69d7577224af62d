"""Authlib through the password and refresh flow, and through Login with Prosper."""

from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from sandbox import ACCOUNT, AUTHORIZE, EXCHANGE, TOKEN, USER, Browser, app, person

METHODS = ["client_secret_basic", "client_secret_post"]


def investor_api(method):
    own = app("personal")
    owner = person(own["owner"])
    session = OAuth2Session(own["client_id"], own["client_secret"], token_endpoint_auth_method=method)
    try:
        session.fetch_token(TOKEN, username=owner["email"], password="wrong")
        raise AssertionError("a wrong password got a token")
    except OAuthError as refusal:
        assert (refusal.error, refusal.description) == ("invalid_grant", "Bad credentials"), refusal

    first = session.fetch_token(TOKEN, username=owner["email"], password=owner["password"])
    assert first["token_type"] == "bearer" and first["expires_in"] == 3599, first
    assert session.get(ACCOUNT).status_code == 200
    again = session.refresh_token(TOKEN)
    assert again["refresh_token"] == first["refresh_token"]
    assert again["access_token"] != first["access_token"]
    assert session.get(ACCOUNT).json()["total_account_value"] is not None


def login(method, pkce):
    client = app("login")
    who = person("mary@example.com")
    session = OAuth2Session(
        client["client_id"],
        client["client_secret"],
        token_endpoint_auth_method=method,
        redirect_uri=client["redirect_uris"][0],
        scope="user:email",
        code_challenge_method="S256" if pkce else None,
    )
    more = {"code_verifier": "0123456789abcdefghijklmnopqrstuvwxyz-._~ABCDEFG"} if pkce else {}
    url, state = session.create_authorization_url(AUTHORIZE, **more)
    back = Browser().walk(url, who)
    token = session.fetch_token(EXCHANGE, authorization_response=back, state=state, **more)
    assert token["scope"] == "user:email" and token["expires_in"] == 900, token
    assert session.get(USER).json()["email"] == who["email"]
    try:
        session.fetch_token(EXCHANGE, authorization_response=back, state=state, **more)
        raise AssertionError("a code worked twice")
    except OAuthError as refusal:
        assert (refusal.error, refusal.description) == ("invalid_grant", "Invalid code"), refusal


for method in METHODS:
    investor_api(method)
    for pkce in [False, True]:
        login(method, pkce)
print("authlib: ok")
