#!/usr/bin/env python3
"""The Investor API with nothing but Python's own library: tokens for your own account, a call, a new token.

    BASE=http://127.0.0.1:8080 CLIENT_ID=… CLIENT_SECRET=… USERNAME=… PASSWORD=… examples/investor_api.py
"""

import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request


def setting(name):
    """What stands in the environment under this name."""
    return os.environ.get(name) or sys.exit(f"{name} is not set: see the first lines of {sys.argv[0]}")


BASE = setting("BASE")
CLIENT = {"client_id": setting("CLIENT_ID"), "client_secret": setting("CLIENT_SECRET")}


def call(path, form=None, token=None):
    """A form is posted; without one the path is read."""
    data = urllib.parse.urlencode(form).encode() if form else None
    request = urllib.request.Request(BASE + path, data)
    if token:
        request.add_header("Authorization", "bearer " + token)
    try:
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as refusal:
        why = json.load(refusal)
        sys.exit(f"{refusal.code} {why['error']}: {why['error_description']} (request {refusal.headers['X-Request-Id']})")


def tokens(grant_type, **parameters):
    return call("/v1/security/oauth/token", {"grant_type": grant_type} | CLIENT | parameters)


first = tokens("password", username=setting("USERNAME"), password=setting("PASSWORD"))
account = call("/v1/accounts/prosper/", token=first["access_token"])
print("total account value:", account["total_account_value"])

# The refresh token stays the same, and good for ten hours from the password request.
fresh = tokens("refresh_token", refresh_token=first["refresh_token"])
account = call("/v1/accounts/prosper/", token=fresh["access_token"])
print("available cash:", account["available_cash_balance"])
