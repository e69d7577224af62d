#!/usr/bin/env python3
"""A web application that people log in to with Prosper. Nothing but Python's own library.

    BASE=http://127.0.0.1:8080 CLIENT_ID=… CLIENT_SECRET=… \
    REDIRECT_URI=http://127.0.0.1:8765/callback examples/login_with_prosper.py

Then open http://127.0.0.1:8765/. The sandbox's login apps have this redirect URI registered.
"""

import hmac
import html
import http.cookies
import json
import os
import secrets
import sys
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer


def setting(name):
    """What stands in the environment under this name."""
    return os.environ.get(name) or sys.exit(f"{name} is not set: see the first lines of {sys.argv[0]}")


BASE = setting("BASE")
CLIENT_ID = setting("CLIENT_ID")
CLIENT_SECRET = setting("CLIENT_SECRET")
REDIRECT_URI = setting("REDIRECT_URI")


class Refused(Exception):
    """Prosper said no, in its own words."""


def ask(path, body=None, token=None):
    """JSON in, JSON out."""
    request = urllib.request.Request(BASE + path, json.dumps(body).encode() if body else None)
    if body:
        request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", "Bearer " + token)
    try:
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as refusal:
        raise Refused(json.load(refusal)) from refusal


class App(BaseHTTPRequestHandler):
    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        if url.path == "/":
            self.page('<a href="/login">Log in with Prosper</a>')
        elif url.path == "/login":
            self.send_to_prosper()
        elif url.path == urllib.parse.urlsplit(REDIRECT_URI).path:
            self.came_back(query)
        else:
            self.page("Nothing here.", 404)

    def send_to_prosper(self):
        # The state ties the answer to this browser: whoever brings another one did not start here.
        state = secrets.token_urlsafe(32)
        parameters = {"client_id": CLIENT_ID, "redirect_uri": REDIRECT_URI, "scope": "user:email", "state": state}
        self.send_response(302)
        self.send_header("Location", BASE + "/login/oauth/authorize?" + urllib.parse.urlencode(parameters))
        self.send_header("Set-Cookie", f"state={state}; HttpOnly; SameSite=Lax; Path=/; Max-Age=600")
        self.end_headers()

    def came_back(self, query):
        cookie = http.cookies.SimpleCookie(self.headers.get("Cookie", "")).get("state")
        if not cookie or not hmac.compare_digest(cookie.value.encode(), query.get("state", "").encode()):
            return self.page("This sign-in was not started here.", 400)
        if "code" not in query:
            return self.page("You are not logged in: " + html.escape(query.get("error", "no reason given")))
        try:
            token = ask(
                "/login/oauth/access-token",
                {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "code": query["code"]},
            )
            user = ask("/api/v2/user", token=token["access_token"])
        except Refused as refusal:
            return self.page("Prosper said: " + html.escape(str(refusal)), 502)
        # Know people by `uid`, which stays; their email may change. Then begin a session of your own.
        self.page(f"Hello {html.escape(user['firstName'])}, known here as {html.escape(user['uid'])}.")

    def page(self, text, status=200):
        body = f"<!doctype html><title>Example</title><p>{text}</p>".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Nothing: a request line holds the code."""


if __name__ == "__main__":
    here = urllib.parse.urlsplit(REDIRECT_URI)
    server = HTTPServer((here.hostname, here.port), App)
    print(f"open http://{here.netloc}/", flush=True)
    server.serve_forever()
