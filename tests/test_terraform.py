"""The real Terraform with the real AWS provider: apply, no drift, change, import, destroy.

Neither is a thing that a test can install: where they are not on the machine, this skips and says so. The provider is looked
for in STEPWELL_TERRAFORM_PLUGINS, then in /opt/tf-plugins, laid out as a filesystem mirror.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from support.clients import CREDENTIALS, boto
from support.machines import finished
from support.server import ACCOUNT, REGION

CONFIGURATION = Path(__file__).parent / "terraform"
PLUGINS = Path(os.environ.get("STEPWELL_TERRAFORM_PLUGINS", "/opt/tf-plugins"))
PROVIDER = "registry.terraform.io/hashicorp/aws"
PATIENCE = 300


class Terraform:
    """Terraform in a folder of its own, against one server."""

    def __init__(self, server, folder):
        self.folder = folder / "terraform"
        shutil.copytree(CONFIGURATION, self.folder)
        settings = folder / "terraform.rc"
        settings.write_text(f'provider_installation {{\n  filesystem_mirror {{ path = "{PLUGINS}" }}\n}}\n')
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(folder), "TF_CLI_CONFIG_FILE": str(settings), "TF_IN_AUTOMATION": "1",
            "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1", **CREDENTIALS, "AWS_REGION": REGION, "AWS_ENDPOINT_URL": server.url,
            "AWS_EC2_METADATA_DISABLED": "true", "NO_PROXY": "*",
        }

    def run(self, *words, accepted=(0,)):
        """Runs a command; what it printed."""
        done = subprocess.run(
            ["terraform", *words], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE, check=False,
        )
        assert done.returncode in accepted, f"terraform {' '.join(words)} -> {done.returncode}\n{done.stdout[-8000:]}"
        return done

    def apply(self, **variables):
        """Makes it so; the outputs."""
        self.run("apply", "-auto-approve", "-no-color", *flags(variables))
        outputs = json.loads(self.run("output", "-json").stdout)
        return {name: output["value"] for name, output in outputs.items()}

    def has_no_drift(self, **variables):
        """What a second plan would change: nothing (exit status 0; 2 is a change)."""
        self.run("plan", "-detailed-exitcode", "-no-color", *flags(variables))


def flags(variables):
    return [f"-var={name}={value}" for name, value in variables.items()]


@pytest.fixture
def terraform(new_server, tmp_path):
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not on this machine")
    if not (PLUGINS / PROVIDER).is_dir():
        pytest.skip(f"Terraform's AWS provider is not on this machine ({PLUGINS / PROVIDER})")
    server = new_server().start()
    return Terraform(server, tmp_path), boto("stepfunctions", server), boto("iam", server)


def greeting(sfn, arn):
    """What an execution of the orders says."""
    execution = sfn.start_execution(stateMachineArn=arn)["executionArn"]
    return json.loads(finished(sfn, execution)["output"])["greeting"]


def test_the_whole_life_of_a_stack(terraform):
    terraform, sfn, iam = terraform
    terraform.run("init", "-no-color")
    terraform.run("validate", "-no-color")

    made = terraform.apply()
    machine = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:terraform-orders"
    assert made == {
        "account": ACCOUNT, "orders": machine, "orders_found": machine, "version": f"{machine}:1", "versions": [f"{machine}:1"],
        "alias": f"{machine}:live", "alias_found": f"{machine}:live", "activity": made["activity_found"],
        "activity_found": f"arn:aws:states:{REGION}:{ACCOUNT}:activity:terraform-approve",
    }
    assert greeting(sfn, made["alias"]) == "hello"
    described = sfn.describe_state_machine(stateMachineArn=machine)
    assert described["loggingConfiguration"]["level"] == "ALL"
    assert described["tracingConfiguration"] == {"enabled": True}
    terraform.has_no_drift()

    # Another definition is another version, and the alias follows it; other tags are tags and nothing else.
    changed = terraform.apply(greeting="good day", stage="production")
    assert changed["version"] == f"{machine}:2"
    assert greeting(sfn, made["alias"]) == "good day"
    assert greeting(sfn, f"{machine}:1") == "hello"
    assert sfn.list_tags_for_resource(resourceArn=machine)["tags"] == [{"key": "stage", "value": "production"}]
    assert iam.get_role(RoleName="terraform-orders")["Role"]["Tags"] == [{"Key": "stage", "Value": "production"}]
    terraform.has_no_drift(greeting="good day", stage="production")

    # What is there is taken over by its ARN, and found to be as the configuration says.
    variables = {"greeting": "good day", "stage": "production"}
    for address, name in [
        ("aws_sfn_state_machine.quick", machine.replace("orders", "quick")), ("aws_sfn_activity.approve", made["activity"]),
        ("aws_sfn_alias.live", made["alias"]), ("aws_iam_role.orders", "terraform-orders"),
    ]:
        terraform.run("state", "rm", address)
        terraform.run("import", "-no-color", *flags(variables), address, name)
    terraform.has_no_drift(**variables)

    terraform.run("destroy", "-auto-approve", "-no-color", *flags(variables))
    assert sfn.list_state_machines()["stateMachines"] == []
    assert sfn.list_activities()["activities"] == []
    assert iam.list_roles()["Roles"] == []


def test_a_broken_definition_is_refused_by_the_plan(terraform):
    terraform, _, _ = terraform
    main = terraform.folder / "main.tf"
    main.write_text(main.read_text().replace('StartAt = "Greet"', 'StartAt = "Nowhere"'))
    terraform.run("init", "-no-color")
    refused = terraform.run("plan", "-no-color", accepted=(1,))
    assert "MISSING_TRANSITION_TARGET" in refused.stdout
