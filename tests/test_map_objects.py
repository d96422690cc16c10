"""Item readers and result writers of distributed Maps, against moto's S3."""

import json
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from support.clients import boto
from support.machines import create, finished, history, run, types, unique
from support.server import free_port
from support.wait import until
from test_map_runs import INNER, STARTED, counts, distributed, map_run

MOTO = Path(sys.executable).parent / "moto_server"
GET = "arn:aws:states:::s3:getObject"
CSV = {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}


@pytest.fixture(scope="module")
def s3():
    """A client for a moto of this module's own."""
    port = free_port()
    process = subprocess.Popen([MOTO, "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    client = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1",
                          aws_access_key_id="test", aws_secret_access_key="test")

    def answers():
        try:
            return client.create_bucket(Bucket="bucket")
        except Exception:  # pylint: disable=broad-except
            return None

    until(answers, "moto")
    yield client
    process.kill()
    process.wait()


@pytest.fixture
def own(new_server, s3):
    """A server that reads from there."""
    return new_server("--s3-endpoint", s3.meta.endpoint_url).start()


@pytest.fixture
def sfn(own):
    """Its client."""
    return boto("stepfunctions", own)


def reading(config, key="file", **fields):
    """A machine that reads its items from an object."""
    return distributed(ItemReader={"Resource": GET, "ReaderConfig": config, "Parameters": {"Bucket": "bucket", "Key": key}}, **fields)


@pytest.mark.parametrize("config,body,items", [
    (CSV, "a,b\n1,2\n\n3\n\"x,\"\"y\"\"\",\"l\nm\",z\r\n", [{"a": "1", "b": "2"}, {"a": "3", "b": ""}, {"a": 'x,"y"', "b": "l\nm"}]),
    ({"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a"], "CSVDelimiter": "TAB"}, "1\t2", [{"a": "1"}]),
    ({"InputType": "JSONL"}, '{"a":1}\n\n2\n"x"', [{"a": 1}, 2, "x"]),
    ({"InputType": "JSON"}, ' [1, {"a": "]"}, [2,3] , null]', [1, {"a": "]"}, [2, 3], None]),
    ({"InputType": "JSON"}, '{"a": 1, "b": [2]}', [{"Key": "a", "Value": 1}, {"Key": "b", "Value": [2]}]),
    ({"InputType": "JSON", "ItemsPointer": "/x/1/y"}, '{"w": [[]], "x": [0, {"y": [7, 8]}]}', [7, 8]),
    ({**CSV, "MaxItems": 2}, "a\n1\n2\n3\n", [{"a": "1"}, {"a": "2"}]),
    ({"InputType": "JSON"}, "[]", []),
])
def test_formats(sfn, s3, config, body, items):
    s3.put_object(Bucket="bucket", Key="dir/file 1+é", Body=body.encode())
    ended = run(sfn, create(sfn, reading(config, "dir/file 1+é")))
    assert json.loads(ended["output"]) == items


@pytest.mark.parametrize("config,body,cause", [
    (CSV, "a,a\n1,2\n", "CSV headers cannot contain duplicates."),
    ({"InputType": "JSON"}, '"text"', "Attempting to map over non-iterable node."),
    ({"InputType": "JSON"}, "[1, 2", "The file is not valid JSON."),
    ({"InputType": "JSON"}, None, "The specified key does not exist."),
])
def test_what_cannot_be_read(sfn, s3, config, body, cause):
    key = unique("file")
    if body is not None:
        s3.put_object(Bucket="bucket", Key=key, Body=body)
    ended = run(sfn, create(sfn, reading(config, key)))
    assert (ended["status"], ended["error"]) == ("FAILED", "States.ItemReaderFailed") and ended["cause"].startswith(cause)
    assert types(history(sfn, ended["executionArn"])) == [*STARTED, "MapRunFailed", "MapStateFailed", "ExecutionFailed"]


def test_a_list_of_objects(sfn, s3):
    s3.create_bucket(Bucket="many")
    for name in range(5):
        s3.put_object(Bucket="many", Key=f"in/{name}&", Body=b"x" * name)
    s3.put_object(Bucket="many", Key="out", Body=b"x")
    reader = {"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": "many", "Prefix": "in/"}}
    ended = run(sfn, create(sfn, distributed(ItemReader=reader)))
    assert [(item["Key"], item["Size"]) for item in json.loads(ended["output"])] == [(f"in/{n}&", n) for n in range(5)]


def test_results_are_written(sfn, s3):
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "bucket", "Prefix": "results"}}
    odd = {"StartAt": "C", "States": {
        "C": {"Type": "Choice", "Choices": [{"Variable": "$", "NumericEquals": 1, "Next": "F"}], "Default": "P"},
        "F": {"Type": "Fail", "Error": "One"}, "P": {"Type": "Pass", "End": True}}}
    ended = run(sfn, create(sfn, distributed(odd, ResultWriter=writer, ToleratedFailureCount=1)), [0, 1, 2])
    output = json.loads(ended["output"])
    uuid = output["MapRunArn"].rsplit(":", 1)[1]
    assert output["ResultWriterDetails"] == {"Bucket": "bucket", "Key": f"results/{uuid}/manifest.json"}

    def read(key):
        return json.loads(s3.get_object(Bucket="bucket", Key=key)["Body"].read())

    manifest = read(output["ResultWriterDetails"]["Key"])
    [good], [bad] = (manifest["ResultFiles"][name] for name in ("SUCCEEDED", "FAILED"))
    assert (manifest["DestinationBucket"], manifest["ResultFiles"]["PENDING"]) == ("bucket", [])
    assert [record["Output"] for record in read(good["Key"])] == ["0", "2"]
    assert [(record["Error"], record["Status"]) for record in read(bad["Key"])] == [("One", "FAILED")]
    assert good["Size"] == s3.head_object(Bucket="bucket", Key=good["Key"])["ContentLength"]


def test_many_rows_and_a_kill(own, s3):
    """Every row is an execution once, whenever the server dies; the object is read from where it was."""
    rows = 3000
    s3.put_object(Bucket="bucket", Key="rows", Body="".join(["n\n", *(f"{n}\n" for n in range(rows))]))
    sfn = boto("stepfunctions", own)
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "bucket", "Prefix": "rows-out"}}
    machine = create(sfn, reading(CSV, "rows", MaxConcurrency=200, ResultWriter=writer))
    execution = sfn.start_execution(stateMachineArn=machine)["executionArn"]

    def got_on():
        runs = sfn.list_map_runs(executionArn=execution)["mapRuns"]
        return runs and sfn.describe_map_run(mapRunArn=runs[0]["mapRunArn"])["itemCounts"]["succeeded"] >= rows // 4

    until(got_on, "a quarter of the rows")
    own.restart()
    sfn = boto("stepfunctions", own)
    ended = finished(sfn, execution)
    assert ended["status"] == "SUCCEEDED", ended
    arn = map_run(sfn, execution)
    assert sfn.describe_map_run(mapRunArn=arn)["itemCounts"] == counts(succeeded=rows, total=rows, resultsWritten=rows)
    manifest = json.loads(s3.get_object(Bucket="bucket", Key=json.loads(ended["output"])["ResultWriterDetails"]["Key"])["Body"].read())
    [file] = manifest["ResultFiles"]["SUCCEEDED"]
    records = json.loads(s3.get_object(Bucket="bucket", Key=file["Key"])["Body"].read())
    assert [json.loads(record["Output"])["n"] for record in records] == [str(n) for n in range(rows)]
    assert INNER
