"""Writes the signatures that the tests compare with, one file a request, made by AWS's own library.

Run by hand where a request is added: python -m pip install botocore && python make.py
"""

import datetime
import json
import pathlib
from unittest import mock

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

TIME = datetime.datetime(2026, 3, 1, 12, 34, 56, tzinfo=datetime.timezone.utc)
KEYS = {"access_key_id": "AKIDEXAMPLE", "secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
SESSION = KEYS | {"session_token": "FwoGZXIvYXdzEXAMPLE//////////token+with/signs=="}
RUNTIME = "https://bedrock-runtime.us-east-1.amazonaws.com"
JSON = {"content-type": "application/json"}
PROFILE = "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fa1b2c3"

REQUESTS = {
    "model_id": dict(url=f"{RUNTIME}/model/anthropic.claude-sonnet-4-20250514-v1%3A0/converse", body="{}"),
    "model_id_stream": dict(
        url=f"{RUNTIME}/model/us.amazon.nova-pro-v1%3A0/converse-stream", body='{"messages":[]}', headers=JSON
    ),
    "model_id_bare_colon": dict(url=f"{RUNTIME}/model/meta.llama3-1-8b-instruct-v1:0/invoke", body="{}"),
    "arn": dict(url=f"{RUNTIME}/model/{PROFILE}/converse", body='{"a":1}', headers=JSON),
    "arn_with_session": dict(url=f"{RUNTIME}/model/{PROFILE}/invoke", body='{"a":1}', headers=JSON, keys=SESSION),
    "session_token": dict(url=f"{RUNTIME}/model/m/invoke", body="{}", keys=SESSION),
    "query": dict(
        method="GET",
        url="https://bedrock.eu-central-1.amazonaws.com/foundation-models?byProvider=meta&byOutputModality=TEXT",
        region="eu-central-1",
    ),
    "query_encoded": dict(method="GET", url="https://bedrock.us-east-1.amazonaws.com/x?b=2&a=%C3%A4%20%2F%3A&a=1&empty="),
    "no_path": dict(method="GET", url="https://bedrock.us-east-1.amazonaws.com/"),
    "empty_body": dict(url=f"{RUNTIME}/model/m/invoke", headers=JSON),
    "unicode_body": dict(url=f"{RUNTIME}/model/m/invoke", body='{"text":"Grüße, 世界 🌊"}', headers=JSON),
    "several_fields": dict(
        url=f"{RUNTIME}/model/m/invoke",
        body="{}",
        headers={
            "accept": "application/json",
            "content-type": "application/json; charset=utf-8",
            "x-amz-target": "Some.Operation",
            "x-amzn-bedrock-guardrailidentifier": "gr-1",
            "x-spaced": "  many   spaces   within ",
            "user-agent": "changes on the way",
            "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "connection": "keep-alive",
        },
    ),
    "dots_and_tilde": dict(url=f"{RUNTIME}/model/a.b-c_d~e/invoke", body="{}"),
    "port": dict(url="http://127.0.0.1:4566/model/m%3A0/invoke", body="{}"),
    "usual_port": dict(
        url="https://bedrock-runtime.us-west-2.amazonaws.com:443/model/m/invoke", body="{}", region="us-west-2"
    ),
    "sts": dict(
        url="https://sts.eu-west-1.amazonaws.com/",
        body="Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&RoleSessionName=tidegate",
        headers={"content-type": "application/x-www-form-urlencoded"},
        region="eu-west-1",
        service="sts",
        keys=SESSION,
    ),
}


def signed(method="POST", url="", body="", headers=None, keys=KEYS, region="us-east-1", service="bedrock"):
    credentials = Credentials(keys["access_key_id"], keys["secret_access_key"], keys.get("session_token"))
    request = AWSRequest(method=method, url=url, data=body.encode(), headers=headers or {})
    with mock.patch("botocore.auth.get_current_datetime", lambda: TIME):
        botocore.auth.SigV4Auth(credentials, service, region).add_auth(request)
    return {
        "method": method,
        "url": url,
        "headers": headers or {},
        "body": body,
        "keys": keys,
        "region": region,
        "service": service,
        "time": int(TIME.timestamp()),
        "authorization": request.headers["Authorization"],
        "date": request.headers["X-Amz-Date"],
    }


def main():
    for name, given in REQUESTS.items():
        text = json.dumps(signed(**given), indent=2, ensure_ascii=False)
        pathlib.Path(__file__).with_name(f"{name}.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
