"""Fixtures: a server for most tests, servers of their own for those that kill and restart, and the clients."""

import pytest

from support.clients import Cli, boto
from support.server import Server


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The server that most tests share; names are unique, so that they do not meet."""
    shared = Server(tmp_path_factory.mktemp("shared")).start()
    yield shared
    shared.stop()


@pytest.fixture(autouse=True)
def the_shared_server_lives(request):
    """No test may cost the shared server its life."""
    yield
    if "server" in request.fixturenames:
        request.getfixturevalue("server").alive()


@pytest.fixture
def new_server(tmp_path):
    """Makes servers of a test's own; each ends, with all its processes, when the test does."""
    made = []

    def make(*flags, **options):
        made.append(Server(tmp_path / f"server-{len(made)}", *flags, **options))
        return made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.fixture(scope="session")
def sfn(server):
    """A Step Functions client."""
    return boto("stepfunctions", server)


@pytest.fixture
def aws(server, tmp_path):
    """The aws command line."""
    return Cli(server, tmp_path)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure shows what the servers that ran meanwhile have logged."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for one in Server.running:
            report.sections.append((f"log of {one.url}", one.log_tail()))
