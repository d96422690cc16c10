"""IAM and STS beyond the walkthrough: pages, paths, tags, and refusals with IAM's own errors and statuses."""

import json
import xml.etree.ElementTree as xml

import pytest
from botocore.exceptions import ClientError

from support.clients import boto, http_request
from support.machines import unique
from support.server import ACCOUNT

TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "lambda:*", "Resource": "*"}]})


@pytest.fixture(scope="module")
def iam(server):
    return boto("iam", server)


def refusal(call, **arguments):
    """Status, code and message."""
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    response = refused.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"], response["Error"]["Message"]


def test_pages_paths_and_tags(iam):
    path = f"/{unique('path')}/"
    names = sorted(unique("role") for _ in range(5))
    for name in names:
        role = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=TRUST, Tags=[{"Key": "k", "Value": name}])["Role"]
        assert role["Arn"] == f"arn:aws:iam::{ACCOUNT}:role{path}{name}"
    pages = list(iam.get_paginator("list_roles").paginate(PathPrefix=path, PaginationConfig={"PageSize": 2}))
    assert [role["RoleName"] for page in pages for role in page["Roles"]] == names and len(pages) == 3
    assert iam.list_role_tags(RoleName=names[0])["Tags"] == [{"Key": "k", "Value": names[0]}]
    for name in names:
        iam.delete_role(RoleName=name)
    assert iam.list_roles(PathPrefix=path)["Roles"] == []


def test_refusals(iam):
    nobody, name = unique("nobody"), unique("role")
    not_there = f"The role with name {nobody} cannot be found."
    for call in (iam.get_role, iam.delete_role, iam.list_role_policies, iam.list_attached_role_policies):
        assert refusal(call, RoleName=nobody) == (404, "NoSuchEntity", not_there)
    assert refusal(iam.put_role_policy, RoleName=nobody, PolicyName="p", PolicyDocument=POLICY) == (404, "NoSuchEntity", not_there)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
    assert refusal(iam.create_role, RoleName=name, AssumeRolePolicyDocument=TRUST) == (
        409, "EntityAlreadyExists", f"Role with name {name} already exists.")
    assert refusal(iam.get_role_policy, RoleName=name, PolicyName="none") == (
        404, "NoSuchEntity", "The role policy with name none cannot be found.")
    missing = f"arn:aws:iam::{ACCOUNT}:policy/{nobody}"
    assert refusal(iam.get_policy, PolicyArn=missing)[:2] == (404, "NoSuchEntity")
    assert refusal(iam.attach_role_policy, RoleName=name, PolicyArn=missing)[:2] == (404, "NoSuchEntity")
    for document in ("not json", "[]", "{}", '{"Version":"2012-10-17","Statement":[{"Effect":"Maybe"}]}', "{" * 5000):
        assert refusal(iam.create_role, RoleName=unique("r"), AssumeRolePolicyDocument=document)[:2] == (400, "MalformedPolicyDocument"), document[:60]
        assert refusal(iam.put_role_policy, RoleName=name, PolicyName="p", PolicyDocument=document)[:2] == (400, "MalformedPolicyDocument"), document[:60]
    for bad in ("no spaces", "a/b", "", "x" * 65, "ü"):
        assert refusal(iam.create_role, RoleName=bad, AssumeRolePolicyDocument=TRUST)[:2] == (400, "ValidationError"), bad
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=POLICY)
    assert refusal(iam.delete_role, RoleName=name)[:2] == (409, "DeleteConflict")
    iam.delete_role_policy(RoleName=name, PolicyName="p")
    iam.delete_role(RoleName=name)


def form(server, body, service="iam"):
    scope = f"AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": scope}
    return http_request(server, headers=headers, body=body)


@pytest.mark.parametrize(("body", "code"), [
    (b"Action=Nonsense&Version=2010-05-08", "InvalidAction"), (b"Version=2010-05-08", "MissingAction"),
    (b"", "MissingAction"), (b"Action=CreateRole&Version=2010-05-08", "ValidationError"),
    (b"Action=%zz%ff&Version=2010-05-08", None), (b"\xff\xfe=&&&===", None), (b"Action=GetRole&RoleName=" + b"x" * 100_000, None),
], ids=lambda value: repr(value)[:40])
def test_bare_requests_that_are_none(server, body, code):
    answer = form(server, body)
    assert 400 <= answer.status < 500, answer.body[:300]
    document = xml.fromstring(answer.body)
    found = [element.text for element in document.iter() if element.tag.endswith("Code")]
    assert len(found) == 1 and (code is None or found == [code]), answer.body[:300]


def test_sts_names_the_caller(server):
    sts = boto("sts", server)
    caller = sts.get_caller_identity()
    assert caller["Account"] == ACCOUNT and caller["Arn"].startswith(f"arn:aws:iam::{ACCOUNT}:") and caller["UserId"]
    assert form(server, b"Action=Nonsense&Version=2011-06-15", "sts").status == 400


def test_roles_are_there_after_a_kill(new_server):
    own = new_server().start()
    iam = boto("iam", own)
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST, Description="d")
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=POLICY)
    policy = iam.create_policy(PolicyName="m", PolicyDocument=POLICY)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="r", PolicyArn=policy)
    before = iam.get_role(RoleName="r")["Role"]
    own.restart()
    assert iam.get_role(RoleName="r")["Role"] == before
    assert iam.list_role_policies(RoleName="r")["PolicyNames"] == ["p"]
    assert iam.list_attached_role_policies(RoleName="r")["AttachedPolicies"] == [{"PolicyName": "m", "PolicyArn": policy}]
