"""The document's own Python lines, as they stand but for the host and the values: password request, then refresh.

python documents_examples.py URL CLIENT_ID CLIENT_SECRET USERNAME PASSWORD, each as it is to stand in the form
"""

import json
import sys

import requests

url, client_id, client_secret, username, password = sys.argv[1:]

PASSWORD_FLOW = '''
import requests
url = "<url>"
payload = "grant_type=password&client_id=<your_client_id>&client_secret=<your_client_secret>&username=<prosper_account_username>&password=<prosper_account_password>"
headers = { 'accept': "application/json", 'content-type': "application/x-www-form-urlencoded" }
response = requests.request("POST", url, data=payload, headers=headers)
print(response.text)
'''

REFRESH = '''
import requests
url = "<url>"
payload = "grant_type=refresh_token&client_id=<your_client_id>&client_secret=<your_client_token>&refresh_token=<existing_refresh_token_from_user_token_request>"
headers = { 'accept': "application/json", 'content-type': "application/x-www-form-urlencoded" }
response = requests.request("POST", url, data=payload, headers=headers)
print(response.text)
'''


def run(lines, values):
    for name, value in values.items():
        lines = lines.replace(f"<{name}>", value)
    printed = []
    exec(lines, {"print": printed.append})
    return json.loads(printed[0])


values = {
    "url": url,
    "your_client_id": client_id,
    "your_client_secret": client_secret,
    "your_client_token": client_secret,
    "prosper_account_username": username,
    "prosper_account_password": password,
}
first = run(PASSWORD_FLOW, values)
assert first["token_type"] == "bearer" and first["expires_in"] == 3599, first
again = run(REFRESH, values | {"existing_refresh_token_from_user_token_request": first["refresh_token"]})
assert again["refresh_token"] == first["refresh_token"], again
assert again["access_token"] != first["access_token"], again
print("the document's python lines: ok")
