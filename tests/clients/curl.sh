#!/usr/bin/env bash
# curl through the password and refresh flow and through Login with Prosper, its cookie jar being the browser.
#
# BASE CLIENT_ID CLIENT_SECRET USERNAME PASSWORD: an own-use app and its owner.
# LOGIN_ID LOGIN_SECRET REDIRECT_URI: a login app, which the same person logs in to.
set -euo pipefail
jar=$(mktemp)
trap 'rm -f "$jar"' EXIT

examples/investor_api.sh

browse() { curl -sS --cookie "$jar" --cookie-jar "$jar" "$@"; }
plain() { sed 's/&#38;/\&/g'; }
action() { sed -n 's/.*<form[^>]* action="\([^"]*\)".*/\1/p' | head -1 | plain; }
# Each hidden field of a page as `name=value`, one on a line.
hidden() { grep -o '<input type="hidden"[^>]*>' | sed 's/.* name="\([^"]*\)" value="\([^"]*\)".*/\1=\2/' | plain; }
place() { sed -n 's/^[Ll]ocation: \(.*\)\r$/\1/p'; }


# Posts the form of a page, its hidden fields and these; prints where that leads.
submit() {
    local page=$1 fields=()
    shift
    while read -r field; do fields+=(--data-urlencode "$field"); done < <(hidden <<< "$page")
    browse --dump-header - --output /dev/null "$BASE$(action <<< "$page")" "${fields[@]}" "$@" | place
}

start="/login/oauth/authorize?client_id=$LOGIN_ID&redirect_uri=$REDIRECT_URI&scope=user:email&state=a%20state"
sign_in=$(browse --location "$BASE$start")
next=$(submit "$sign_in" --data-urlencode "email=$USERNAME" --data-urlencode "password=$PASSWORD")
consent=$(browse "$BASE$next")
next=$(submit "$consent" -d decision=allow)
back=$(browse --dump-header - --output /dev/null "$BASE$next" | place)

case $back in
"$REDIRECT_URI?code="*"&state=a%20state") ;;
*) echo "not sent back to the application: $back" >&2; exit 1 ;;
esac
code=${back#*code=}
code=${code%%&*}
answer=$(curl -sS "$BASE/login/oauth/access-token" -H 'Content-Type: application/json' \
    -d "{\"client_id\":\"$LOGIN_ID\",\"client_secret\":\"$LOGIN_SECRET\",\"code\":\"$code\"}")
token=$(sed -n 's/.*"access_token":"\([^"]*\)".*/\1/p' <<< "$answer")
curl -sS --fail "$BASE/api/v2/user" -H "Authorization: Bearer $token"
echo
twice=$(curl -sS "$BASE/login/oauth/access-token" -d "client_id=$LOGIN_ID" -d "client_secret=$LOGIN_SECRET" -d "code=$code")
[ "$twice" = '"Invalid code"' ] || { echo "a code worked twice: $twice" >&2; exit 1; }
echo "curl: ok"
