"""Functions for the local function host: sources, zips, and creating them through the Lambda API."""

import io
import json
import zipfile

from .machines import unique
from .server import ACCOUNT, REGION
from .wait import until

ROLE = f"arn:aws:iam::{ACCOUNT}:role/of-functions"


def zipped(files):
    """A zip of names to sources; all are executable, since a `bootstrap` must be."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, source in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o755 << 16
            archive.writestr(entry, source)
    return data.getvalue()


def create(client, files, name=None, runtime="python3.12", handler="handler.handler", **more):
    """A function's name once it can be called."""
    if isinstance(files, str):
        files = {"handler.py": files}
    name = name or unique("function")
    client.create_function(FunctionName=name, Runtime=runtime, Role=ROLE, Handler=handler, Code={"ZipFile": zipped(files)},
                           **{"Timeout": 20, **more})
    until(lambda: client.get_function(FunctionName=name)["Configuration"]["State"] == "Active", f"{name} to be active")
    return name


def arn(name, region=REGION, account=ACCOUNT):
    """The ARN of a function."""
    return f"arn:aws:lambda:{region}:{account}:function:{name}"


def invoke(client, name, event=None, **more):
    """The parsed payload, and the answer that carried it."""
    answer = client.invoke(FunctionName=name, Payload=json.dumps(event if event is not None else {}).encode(), **more)
    text = answer["Payload"].read()
    return (json.loads(text) if text else None), answer
