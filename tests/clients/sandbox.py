"""What the Python clients share: the sandbox's ready file, and a browser without script."""

import html
import json
import re
import sys
from urllib.parse import urljoin

import requests

with open(sys.argv[1], encoding="utf-8") as ready:
    SANDBOX = json.load(ready)
BASE = SANDBOX["base_url"]
TOKEN = BASE + "/v1/security/oauth/token"
ACCOUNT = BASE + "/v1/accounts/prosper/"
AUTHORIZE = BASE + "/login/oauth/authorize"
EXCHANGE = BASE + "/login/oauth/access-token"
USER = BASE + "/api/v2/user"


def app(kind):
    """The first application of a kind."""
    return next(app for app in SANDBOX["applications"] if app["kind"] == kind)


def person(email):
    """Somebody of the sandbox."""
    return next(person for person in SANDBOX["people"] if person["email"] == email)


class Browser:
    """Signs in, allows, and stops where it is sent away from Prosper."""

    def __init__(self):
        self.session = requests.Session()

    def walk(self, url, who):
        """The address that Prosper sends the browser back to."""
        answer = self.session.get(url, allow_redirects=False)
        for _ in range(20):
            if answer.is_redirect:
                place = urljoin(answer.url, answer.headers["location"])
                if not place.startswith(BASE):
                    assert answer.status_code == 302, answer.status_code
                    return place
                answer = self.session.get(place, allow_redirects=False)
            else:
                assert answer.status_code == 200, (answer.status_code, answer.text)
                answer = self.submit(answer, who)
        raise AssertionError("redirected in circles")

    def submit(self, page, who):
        """Fills in the form of a page: the sign-in form, or the consent form."""
        form = re.search(r'<form[^>]* action="([^"]*)"[^>]*>(.*?)</form>', page.text, re.S)
        fields = {}
        for tag in re.findall(r"<input[^>]*>", form[2]):
            if 'type="hidden"' in tag:
                attribute = lambda name: html.unescape(re.search(rf' {name}="([^"]*)"', tag)[1])
                fields[attribute("name")] = attribute("value")
        if 'name="password"' in form[2]:
            fields |= {"email": who["email"], "password": who["password"]}
        else:
            fields |= {"decision": "allow"}
        return self.session.post(urljoin(page.url, html.unescape(form[1])), data=fields, allow_redirects=False)
