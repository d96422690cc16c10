"""Signs the requests given as JSON on stdin with botocore, and prints the Authorization headers as a JSON list."""
import json
import sys

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

case = json.load(sys.stdin)


def authorization(r):
    keys = Credentials(case["access_key"], case["secret_key"], r["token"])
    headers = {k: v for k, v in r["headers"].items() if k != "Host"}
    url = "http://" + r["headers"]["Host"] + r["target"]
    request = AWSRequest(method=r["method"], url=url, headers=headers, data=r["body"].encode())
    # add_auth() in its parts, because the time must be ours
    auth = SigV4Auth(keys, r["service"], r["region"])
    request.context["timestamp"] = case["time"]
    auth._modify_request_before_signing(request)
    string = auth.string_to_sign(request, auth.canonical_request(request))
    auth._inject_signature_to_request(request, auth.signature(string, request))
    return request.headers["Authorization"]


print(json.dumps([authorization(r) for r in case["requests"]]))
