"""Starting, stopping and starting again: what is kept, what is refused, and where the settings come from."""

import json
import signal
import threading

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from support.clients import boto, states
from support.machines import PASS, ROLE, chain, create, execution_arn, finished, history, machine_arn, one_state, types
from support.server import Server, free_port, run_to_end
from support.wait import until


def waiting(seconds):
    return one_state({"Type": "Wait", "Seconds": seconds}, "Waiting")


def test_everything_is_there_after_a_stop_and_after_a_kill(new_server):
    own = new_server().start()
    sfn = boto("stepfunctions", own)
    machine = create(sfn, PASS, name="kept", tags=[{"key": "k", "value": "v"}])
    sfn.update_state_machine(stateMachineArn=machine, definition=json.dumps(chain(A={"Type": "Pass"}, B={"Type": "Succeed"})))
    create(sfn, PASS, name="deleted")
    sfn.delete_state_machine(stateMachineArn=machine_arn("deleted"))
    ended = sfn.start_execution(stateMachineArn=machine, name="ended", input='{ "a" : 1.0 }')["executionArn"]
    open_ = sfn.start_execution(stateMachineArn=create(sfn, waiting(86_400), name="waiting"), name="open")["executionArn"]
    stopped = sfn.start_execution(stateMachineArn=machine_arn("waiting"), name="stopped")["executionArn"]
    sfn.stop_execution(executionArn=stopped, error="E")
    finished(sfn, ended)
    asked = [("ListStateMachines", {}), ("DescribeStateMachine", {"stateMachineArn": machine}),
             ("ListTagsForResource", {"resourceArn": machine}), ("ListExecutions", {"stateMachineArn": machine}),
             ("ListExecutions", {"stateMachineArn": machine_arn("waiting")})]
    asked += [(operation, {"executionArn": arn}) for arn in (ended, open_, stopped)
              for operation in ("DescribeExecution", "GetExecutionHistory", "DescribeStateMachineForExecution")]
    before = [states(own, *one).body for one in asked]
    own.restart()
    assert [states(own, *one).body for one in asked] == before
    assert own.terminate() == 0
    own.start()
    assert [states(own, *one).body for one in asked] == before
    assert "deleted" not in states(own, "ListStateMachines", {}).text


@pytest.mark.parametrize("end", [Server.kill, Server.terminate], ids=["killed", "stopped"])
def test_timers_fire_after_a_restart(new_server, end):
    """One that comes due while nobody runs, and one after."""
    own = new_server().start()
    sfn = boto("stepfunctions", own)
    due_while_down = sfn.start_execution(stateMachineArn=create(sfn, waiting(1)))["executionArn"]
    due_later = sfn.start_execution(stateMachineArn=create(sfn, waiting(3)))["executionArn"]
    started = sfn.describe_execution(executionArn=due_later)["startDate"]
    end(own)
    until(lambda: _age(started) > 1.2, "the first timer to come due")
    own.start()
    for arn in (due_while_down, due_later):
        assert finished(sfn, arn)["status"] == "SUCCEEDED"
        assert types(history(sfn, arn)) == ["ExecutionStarted", "WaitStateEntered", "WaitStateExited", "ExecutionSucceeded"]
    assert (sfn.describe_execution(executionArn=due_later)["stopDate"] - started).total_seconds() >= 3


def _age(moment):
    import datetime

    return (datetime.datetime.now(datetime.timezone.utc) - moment).total_seconds()


def test_a_timestamp_in_the_past_and_a_timer_of_days(new_server):
    own = new_server().start()
    sfn = boto("stepfunctions", own)
    past = create(sfn, one_state({"Type": "Wait", "Timestamp": "2020-01-01T00:00:00Z"}))
    assert finished(sfn, sfn.start_execution(stateMachineArn=past)["executionArn"])["status"] == "SUCCEEDED"
    days = sfn.start_execution(stateMachineArn=create(sfn, waiting(99_999)))["executionArn"]
    own.restart()
    assert sfn.describe_execution(executionArn=days)["status"] == "RUNNING"
    sfn.stop_execution(executionArn=days)
    assert sfn.describe_execution(executionArn=days)["status"] == "ABORTED"


def test_sigterm_under_load_answers_what_it_accepts(new_server):
    """Every start that was acknowledged before the end is there afterwards; the exit status is 0."""
    own = new_server().start()
    sfn = boto("stepfunctions", own)
    machine = create(sfn, waiting(86_400))
    acknowledged, refused = [], threading.Event()
    threads = [threading.Thread(target=_start_until_refused, args=(own, machine, number, acknowledged, refused))
               for number in range(4)]
    for thread in threads:
        thread.start()
    until(lambda: len(acknowledged) >= 50, "some starts")
    assert own.terminate() == 0, own.log_tail()
    refused.set()
    for thread in threads:
        thread.join()
    own.start()
    for arn in acknowledged:
        assert sfn.describe_execution(executionArn=arn)["status"] == "RUNNING"


def _start_until_refused(server, machine, number, acknowledged, refused):
    client, count = boto("stepfunctions", server), 0
    while not refused.is_set():
        count += 1
        try:
            acknowledged.append(client.start_execution(stateMachineArn=machine, name=f"t{number}-{count}")["executionArn"])
        except (BotoCoreError, ClientError):
            return


def test_an_idle_connection_does_not_hold_up_the_end(new_server):
    import http.client

    own = new_server().start()
    connection = http.client.HTTPConnection("127.0.0.1", own.port, timeout=10)
    connection.request("GET", "/health")
    connection.getresponse().read()
    assert own.terminate(seconds=5) == 0
    connection.close()


def test_sigint_ends_it_too(new_server):
    own = new_server().start()
    own.process.send_signal(signal.SIGINT)
    assert own.process.wait(20) == 0


def test_a_second_server_on_the_same_folder_is_refused(new_server):
    own = new_server().start()
    second = run_to_end("serve", "--listen", f"127.0.0.1:{free_port()}", "--data-dir", own.data_dir)
    assert second.returncode == 1
    assert str(own.data_dir) in second.stderr and "another" in second.stderr, second.stderr
    assert own.answers()
    own.kill()
    # A lock that outlives its owner would make a kill fatal.
    own.start()


def test_a_taken_port_is_refused(new_server, tmp_path):
    own = new_server().start()
    second = run_to_end("serve", "--listen", f"127.0.0.1:{own.port}", "--data-dir", tmp_path / "other")
    assert second.returncode == 1 and f"127.0.0.1:{own.port}" in second.stderr, second.stderr
    assert own.answers()


REFUSED = {
    "an exposed address": (["--listen", "0.0.0.0:0"], "--insecure"),
    "an exposed address of IPv6": (["--listen", "[::]:0"], "--insecure"),
    "an account that is none": (["--account", "12"], "twelve digits"),
    "a region that is none": (["--region", "No Region"], "region"),
    "a listen address that is none": (["--listen", "somewhere"], "--listen"),
    "an unknown flag": (["--nonsense"], "--nonsense"),
    "a config file that is not there": (["--config", "/nowhere/stepwell.toml"], "/nowhere/stepwell.toml"),
}


@pytest.mark.parametrize(("flags", "named"), REFUSED.values(), ids=REFUSED.keys())
def test_settings_that_are_refused(tmp_path, flags, named):
    listen = [] if "--listen" in flags else ["--listen", f"127.0.0.1:{free_port()}"]
    done = run_to_end("serve", "--data-dir", tmp_path / "data", *listen, *flags)
    assert done.returncode != 0 and named in done.stderr, done.stderr


def test_a_data_folder_that_cannot_be(tmp_path):
    file = tmp_path / "file"
    file.write_text("not a folder")
    done = run_to_end("serve", "--listen", f"127.0.0.1:{free_port()}", "--data-dir", file)
    assert done.returncode == 1 and str(file) in done.stderr, done.stderr


def test_an_exposed_address_may_be_insisted_on(new_server):
    own = new_server("--insecure")
    own.command = lambda: [*Server.command(own)[:2], "--listen", f"0.0.0.0:{own.port}", "--data-dir", str(own.data_dir), "--insecure"]
    own.start()


def test_flags_come_before_the_environment_and_that_before_the_file(new_server, tmp_path):
    file = tmp_path / "stepwell.toml"
    file.write_text('account = "111111111111"\nregion = "eu-north-1"\n')
    assert _where(new_server("--config", str(file))) == "arn:aws:states:eu-north-1:111111111111:"
    env = {"STEPWELL_CONFIG": str(file), "STEPWELL_ACCOUNT": "222222222222"}
    assert _where(new_server(env=env)) == "arn:aws:states:eu-north-1:222222222222:"
    assert _where(new_server("--account", "333333333333", env=env)) == "arn:aws:states:eu-north-1:333333333333:"


def _where(server):
    """Account and region that the server gives its ARNs, from an unsigned request."""
    server.start()
    body = {"name": "m", "definition": json.dumps(PASS), "roleArn": ROLE}
    return states(server, "CreateStateMachine", body).json["stateMachineArn"].split("stateMachine:")[0]


def test_strict_roles_from_the_file(new_server, tmp_path):
    file = tmp_path / "stepwell.toml"
    file.write_text("strict-roles = true\n")
    own = new_server("--config", str(file)).start()
    answer = states(own, "CreateStateMachine", {"name": "m", "definition": json.dumps(PASS), "roleArn": ROLE})
    assert (answer.status, answer.error) == (400, "AccessDeniedException")


def test_a_wrong_config_file_is_refused_with_its_line(tmp_path):
    file = tmp_path / "stepwell.toml"
    file.write_text('listen = "127.0.0.1:8083"\nacount = "111111111111"\n')
    done = run_to_end("serve", "--config", file, "--data-dir", tmp_path / "data")
    assert done.returncode == 1 and str(file) in done.stderr and "acount" in done.stderr, done.stderr


def test_regions_do_not_see_each_other(new_server):
    own = new_server().start()
    here, there = boto("stepfunctions", own), boto("stepfunctions", own, region="eu-central-1")
    machine = create(here, PASS, name="same")
    assert machine == machine_arn("same") and create(there, PASS, name="same") == machine_arn("same", region="eu-central-1")
    arn = there.start_execution(stateMachineArn=machine_arn("same", region="eu-central-1"), name="e")["executionArn"]
    assert arn == execution_arn(machine_arn("same", region="eu-central-1"), "e")
    assert [item["stateMachineArn"] for item in here.list_state_machines()["stateMachines"]] == [machine]
    assert here.list_executions(stateMachineArn=machine)["executions"] == []
    own.restart()
    assert finished(there, arn)["status"] == "SUCCEEDED"


def test_help_and_version_print_and_end():
    for flags, part in ((["--help"], "serve"), (["--version"], "stepwell "), (["serve", "--help"], "--data-dir")):
        done = run_to_end(*flags)
        assert done.returncode == 0 and part in done.stdout
