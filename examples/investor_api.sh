#!/usr/bin/env bash
# The Investor API with curl: tokens for your own account, a call, a new token.
#
#   BASE=http://127.0.0.1:8080 CLIENT_ID=… CLIENT_SECRET=… USERNAME=… PASSWORD=… examples/investor_api.sh
#
# `--data-urlencode` matters: a `+` or an `&` in a password would otherwise arrive as something else.
set -euo pipefail

token=$BASE/v1/security/oauth/token
member() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }

answer=$(curl -sS "$token" \
    -d grant_type=password -d "client_id=$CLIENT_ID" -d "client_secret=$CLIENT_SECRET" \
    --data-urlencode "username=$USERNAME" --data-urlencode "password=$PASSWORD")
access=$(member access_token <<< "$answer")
refresh=$(member refresh_token <<< "$answer")
if [ -z "$access" ]; then
    echo "no token: $answer" >&2
    exit 1
fi

echo "The account, with the first token:"
curl -sS --fail "$BASE/v1/accounts/prosper/" -H "Authorization: bearer $access"
echo

# Within ten hours of the password request, and as often as needed:
answer=$(curl -sS "$token" \
    -d grant_type=refresh_token -d "client_id=$CLIENT_ID" -d "client_secret=$CLIENT_SECRET" \
    -d "refresh_token=$refresh")
access=$(member access_token <<< "$answer")

echo "And with the second:"
curl -sS --fail "$BASE/v1/accounts/prosper/" -H "Authorization: bearer $access"
echo
