"""`stepwell store`: check, stats, compact, backup, restore; and data folders of the past."""

import json
import random
import shutil
import threading
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from support import functions, histories, stores
from support.clients import boto
from support.machines import PASS, chain, create, finished, history, one_state, run, types
from support.server import Server, run_to_end
from support.wait import until

LOG = "store/log-0000000000000000"
FIRST_RECORD = 4096


def store(command, data_dir, *flags):
    """Runs a command on a data folder."""
    return run_to_end("store", command, "--data-dir", data_dir, *flags)


def checked(data_dir):
    """The report of a check, and the exit status."""
    done = store("check", data_dir, "--format", "json")
    assert done.stderr == "", done.stderr
    return json.loads(done.stdout), done.returncode


def whole(data_dir):
    """The report of a check that finds nothing."""
    report, status = checked(data_dir)
    assert (status, report["result"], report["damages"]) == (0, "OK", []), report
    return report


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A stopped server's data folder with some of everything, and the ARN of an open execution."""
    own = Server(tmp_path_factory.mktemp("made")).start()
    try:
        sfn = boto("stepfunctions", own)
        function = functions.create(boto("lambda", own), stores.ECHO)
        run(sfn, create(sfn, one_state({"Type": "Task", "Resource": functions.arn(function)})), {"n": 1})
        machine = create(sfn, PASS)
        for number in range(10):
            run(sfn, machine, {"number": number})
        arn = sfn.start_execution(stateMachineArn=create(sfn, one_state({"Type": "Wait", "Seconds": 99_999})))["executionArn"]
        assert own.terminate() == 0
        yield own.data_dir, arn
    finally:
        own.stop()


@pytest.fixture
def sample(made, new_server):
    """A server on a copy of it, not started."""
    own = new_server()
    own.folder.mkdir(parents=True)
    shutil.copytree(made[0], own.data_dir, symlinks=True)
    return own, made[1]


def test_a_whole_folder(sample):
    own, _ = sample
    before = {path: path.read_bytes() for path in own.data_dir.rglob("*") if path.is_file()}
    report = whole(own.data_dir)
    assert report["executions"] == 12 and report["unknownRows"] == 0
    done = store("check", own.data_dir)
    assert done.returncode == 0 and "everything is whole" in done.stdout
    after = {path: path.read_bytes() for path in own.data_dir.rglob("*") if path.is_file()}
    assert before == after


def test_stats(sample):
    own, _ = sample
    stats = json.loads(store("stats", own.data_dir, "--format", "json").stdout)
    assert stats["executions"] == {"RUNNING": 1, "SUCCEEDED": 11}
    assert (stats["stateMachines"], stats["functions"], stats["complete"]) == (3, 1, True)
    assert stats["tables"]["executions"]["rows"] == 12 and stats["tables"]["histories"]["rows"] >= 12
    assert stats["oldestStart"] < stats["newestStart"]
    assert stats["log"]["lastTransaction"] == stats["index"]["lastTransaction"] > 12
    text = store("stats", own.data_dir).stdout
    assert "12 (1 RUNNING, 11 SUCCEEDED)" in text, text


def test_compact(sample):
    own, arn = sample
    done = store("compact", own.data_dir)
    assert done.returncode == 0 and done.stdout.startswith("before: "), done.stderr
    whole(own.data_dir)
    own.start()
    assert boto("stepfunctions", own).describe_execution(executionArn=arn)["status"] == "RUNNING"


def test_a_folder_in_use_and_none(sample, tmp_path):
    own, _ = sample
    own.start()
    for command in ("check", "stats", "compact"):
        done = store(command, own.data_dir)
        assert done.returncode == 2 and "is in use by another process" in done.stderr, done.stderr
        done = store(command, tmp_path / "nowhere")
        assert done.returncode == 2 and "is no data folder" in done.stderr, done.stderr
    assert not (tmp_path / "nowhere").exists()
    assert store("backup", tmp_path / "nowhere", "--to", tmp_path / "b").returncode == 2
    assert not (tmp_path / "b").exists()


def test_damage_in_the_log(sample):
    own, _ = sample
    shutil.rmtree(own.data_dir / "store" / "index")
    path = own.data_dir / LOG
    content = bytearray(path.read_bytes())
    content[FIRST_RECORD + 40] ^= 1
    path.write_bytes(content)
    report, status = checked(own.data_dir)
    assert status == 1
    damage = report["damages"][0]
    assert (damage["file"], damage["offset"]) == (str(path), FIRST_RECORD)
    assert "transaction 2 follows" in damage["damage"] and "transaction 1" in damage["affected"], damage
    assert path.read_bytes() == content
    assert run_to_end("serve", "--listen", "127.0.0.1:0", "--data-dir", own.data_dir).returncode == 1


def test_damage_in_the_index_behind_a_whole_log(sample):
    own, _ = sample
    table = next((own.data_dir / "store" / "index" / "tables").iterdir())
    content = bytearray(table.read_bytes())
    content[1000] ^= 1
    table.write_bytes(content)
    report, status = checked(own.data_dir)
    assert status == 1 and report["executions"] == 12
    assert report["damages"][0]["file"] == str(table) and "nothing" in report["damages"][0]["affected"], report


def test_lost_history_names_the_execution(sample):
    """The log is gone but for its end, and a block of the index is bad: the executions in it are told."""
    own, _ = sample
    own.start()
    sfn = boto("stepfunctions", own)
    machine = create(sfn, one_state({"Type": "Wait", "Seconds": 99_999}))
    arns = [sfn.start_execution(stateMachineArn=machine, name=f"n{number}", input=json.dumps("x" * 1_000))["executionArn"]
            for number in range(60)]
    assert own.terminate() == 0
    # As if the log had been cut: an empty segment would say that everything is lost, so its records stay.
    old = own.data_dir / LOG
    header = bytearray(old.read_bytes())
    table = max((own.data_dir / "store" / "index" / "tables").iterdir(), key=lambda path: path.stat().st_size)
    content = bytearray(table.read_bytes())
    at = content.index(arns[30].encode())
    content[at] ^= 1
    table.write_bytes(content)
    _renumber(old, header)
    report, status = checked(own.data_dir)
    assert status == 1
    affected = json.dumps(report["damages"])
    assert str(table) in affected and ":execution:" in affected, report


def _renumber(path, content):
    """Gives the first segment another id, as if there had been one before it."""
    import zlib

    content[16:24] = (1).to_bytes(8, "little")
    content[40:44] = zlib.crc32(bytes(content[:40])).to_bytes(4, "little")
    path.unlink()
    path.with_name("log-0000000000000001").write_bytes(content)


def test_missing_code(sample):
    own, _ = sample
    shutil.rmtree(own.data_dir / "functions" / "code")
    report, status = checked(own.data_dir)
    assert status == 1 and "its code is missing" in report["damages"][0]["damage"], report


def test_a_newer_format_is_refused_by_all(sample, tmp_path):
    own, _ = sample
    (own.data_dir / "store" / "format").write_text("store 2\n")
    said = "has format 2, this program reads up to 1"
    for command in ("check", "stats", "compact"):
        done = store(command, own.data_dir)
        assert done.returncode == 2 and said in done.stderr, done.stderr
    assert said in store("backup", own.data_dir, "--to", tmp_path / "b").stderr
    done = run_to_end("serve", "--listen", "127.0.0.1:0", "--data-dir", own.data_dir)
    assert done.returncode == 1 and said in done.stderr, done.stderr


def test_backup_and_restore(sample, tmp_path):
    own, arn = sample
    backup, restored = tmp_path / "backup", tmp_path / "restored"
    done = store("backup", own.data_dir, "--to", backup)
    assert done.returncode == 0 and "found whole" in done.stdout, done.stderr
    whole(backup)
    again = store("backup", own.data_dir, "--to", backup)
    assert again.returncode == 2 and "is not empty" in again.stderr
    assert store("restore", restored, "--from", backup).returncode == 0
    whole(restored)
    refused = store("restore", restored, "--from", backup)
    assert refused.returncode == 2 and "is not empty" in refused.stderr
    (backup / "backup.json").unlink()
    refused = store("restore", tmp_path / "other", "--from", backup)
    assert refused.returncode == 2 and "is no backup" in refused.stderr and not (tmp_path / "other").exists()
    server = Server(tmp_path / "server", data_dir=restored).start()
    try:
        sfn = boto("stepfunctions", server)
        assert sfn.describe_execution(executionArn=arn)["status"] == "RUNNING"
        name = boto("lambda", server).list_functions()["Functions"][0]["FunctionName"]
        assert functions.invoke(boto("lambda", server), name, {"n": 2})[0] == {"echo": {"n": 2}}
    finally:
        server.stop()


def test_backups_under_load(new_server, tmp_path):
    """Each backup has everything that was acknowledged before it began, and a server goes on with it."""
    own = new_server().start()
    sfn = boto("stepfunctions", own)
    machine = create(sfn, chain(One={"Type": "Pass"}, Pause={"Type": "Wait", "Seconds": 1}, Two={"Type": "Pass"}))
    acknowledged, stop = [], threading.Event()
    threads = [threading.Thread(target=_start_until, args=(own, machine, number, acknowledged, stop)) for number in range(4)]
    for thread in threads:
        thread.start()
    try:
        for number in range(3):
            until(lambda: len(acknowledged) >= 60 * (number + 1), "some starts")
            before = list(acknowledged)
            backup, restored = tmp_path / f"backup-{number}", tmp_path / f"restored-{number}"
            done = store("backup", own.data_dir, "--to", backup)
            assert done.returncode == 0, done.stderr
            assert store("restore", restored, "--from", backup).returncode == 0
            whole(restored)
            _goes_on(tmp_path / f"server-of-{number}", restored, before)
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _start_until(server, machine, number, acknowledged, stop):
    client, count = boto("stepfunctions", server), 0
    while not stop.is_set():
        count += 1
        given = json.dumps({"n": count, "filling": "x" * random.randrange(20_000)})
        try:
            answer = client.start_execution(stateMachineArn=machine, name=f"t{number}-{count}", input=given)
        except (BotoCoreError, ClientError):
            return
        acknowledged.append(answer["executionArn"])


def _goes_on(folder, data_dir, arns):
    server = Server(folder, data_dir=data_dir).start()
    try:
        sfn = boto("stepfunctions", server)
        for arn in arns[:5] + arns[-20:]:
            assert finished(sfn, arn)["status"] == "SUCCEEDED"
            histories.check(history(sfn, arn))
    finally:
        server.stop()


PAST = sorted(stores.FOLDER.glob("format-*"))


def test_there_is_a_folder_of_the_past():
    assert stores.CURRENT in PAST
    assert sum(path.stat().st_size for path in stores.CURRENT.rglob("*") if path.is_file()) < 100_000


@pytest.mark.parametrize("folder", PAST, ids=lambda folder: folder.name)
def test_a_folder_of_the_past_is_read_and_goes_on(new_server, folder):
    own = new_server()
    own.folder.mkdir(parents=True)
    stores.unpack(folder, own.data_dir)
    whole(own.data_dir)
    own.start()
    sfn, recorded = boto("stepfunctions", own), json.loads((folder / "contents.json").read_text())
    going_on = {name for name, before in recorded.items() if before["status"] == "RUNNING"}
    assert going_on
    for name in going_on:
        assert finished(sfn, stores.arn_of(name))["status"] == "SUCCEEDED", name
    shown = stores.contents(own)
    assert shown.keys() == recorded.keys()
    for name, before in recorded.items():
        if name in going_on:
            assert json.loads(shown[name]["output"]) == stores.EXPECTED[name], name
            assert shown[name]["events"][:len(before["events"])] == before["events"], name
            histories.check(history(sfn, stores.arn_of(name)))
            fixed = {key: before[key] for key in before if key not in ("status", "events")}
        else:
            fixed = before
        assert {key: shown[name].get(key) for key in fixed} == fixed, name
    assert functions.invoke(boto("lambda", own), "kept", {"n": 3})[0] == {"echo": {"n": 3}}
    query = stores.arn_of("query").replace(":execution:", ":stateMachine:").removesuffix(":one")
    assert json.loads(run(sfn, query, {"price": 3, "count": 5})["output"]) == {"total": 15}
    if "versioned/by-alias" in recorded:
        alias = query.replace(":query", ":versioned:live")
        assert json.loads(run(sfn, alias, name="later")["output"]) == {"revision": 1}
        assert sfn.describe_activity(activityArn="arn:aws:states:us-east-1:123456789012:activity:taken")["name"] == "taken"
        assert sfn.redrive_execution(executionArn=stores.arn_of("redriven"), clientToken="another")["redriveDate"]
    assert own.terminate() == 0
    whole(own.data_dir)


def test_a_folder_of_a_later_program_is_refused(new_server):
    """By everything that reads rows; nothing in it is changed."""
    own = new_server()
    own.folder.mkdir(parents=True)
    stores.unpack(stores.CURRENT, own.data_dir)
    changed = _change_rows(own.data_dir / LOG, lambda key: key == b"\0generation\0", lambda value: (99).to_bytes(4, "big"))
    assert changed == 1
    before = _files(own.data_dir)
    for command in ("check", "stats"):
        done = store(command, own.data_dir)
        assert done.returncode == 2 and "a later version of Stepwell has written here (generation 99" in done.stderr, done.stderr
    done = run_to_end("serve", "--listen", "127.0.0.1:0", "--data-dir", own.data_dir)
    assert done.returncode == 1 and "a later version of Stepwell has written here (generation 99" in done.stderr, done.stderr
    after = _files(own.data_dir)
    assert {name: after[name] for name in before if "log-" in name} == {name: before[name] for name in before if "log-" in name}


def _files(folder):
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


VERSIONED = {"a record": b"c", "an execution": b"x", "a chunk of history": b"h", "a checkpoint": b"f", "what is left for a redrive": b"r",
             "an Express execution": b"e"}
"""Tables by the byte in their keys."""


@pytest.mark.parametrize("table", VERSIONED.values(), ids=VERSIONED.keys())
def test_a_row_of_a_newer_version_is_told(new_server, table):
    """The log is what a newer program would have written that forgot to say so: the first byte of these rows is another."""
    own = new_server()
    own.folder.mkdir(parents=True)
    stores.unpack(stores.CURRENT, own.data_dir)

    def of_table(key):
        parts = key.split(b"\0", 2)
        return len(parts) == 3 and parts[0] != b"" and parts[2][:1] == table

    assert _change_rows(own.data_dir / LOG, of_table, lambda value: b"\x63" + value[1:]) > 0
    report, status = checked(own.data_dir)
    assert status == 1
    assert any("version is 99" in damage["damage"] for damage in report["damages"]), report


def _change_rows(path, is_meant, change):
    """Changes values in the log, with right checksums all over, as if they had been written so; how many. The layout is
    crates/store/FORMAT.md's."""
    import zlib

    content, changed = bytearray(Path(path).read_bytes()), 0
    salt, at = content[24:32], FIRST_RECORD
    while content[at + 24] == 1:
        length = int.from_bytes(content[at + 16:at + 20], "little")
        body, place = content[at + 32:at + 32 + length], 0
        for _ in range(int.from_bytes(content[at + 20:at + 24], "little")):
            writes, place = int.from_bytes(body[place:place + 4], "little"), place + 4
            for _ in range(writes):
                is_put, key_length = body[place], int.from_bytes(body[place + 1:place + 3], "little")
                value_length = int.from_bytes(body[place + 3:place + 7], "little") if is_put else 0
                key_at = place + (7 if is_put else 3)
                value_at, place = key_at + key_length, key_at + key_length + value_length
                if is_put and is_meant(bytes(body[key_at:value_at])):
                    value = change(bytes(body[value_at:place]))
                    assert len(value) == value_length
                    body[value_at:place] = value
                    changed += 1
        content[at + 32:at + 32 + length] = body
        content[at + 4:at + 8] = zlib.crc32(bytes(body)).to_bytes(4, "little")
        content[at:at + 4] = zlib.crc32(bytes(salt + content[at + 4:at + 32])).to_bytes(4, "little")
        at += (32 + length + 7) // 8 * 8
    Path(path).write_bytes(content)
    shutil.rmtree(Path(path).parent / "index", ignore_errors=True)
    return changed
