"""Which crate may use which. Any other edge is an error: DESIGN.md section 2, ARCHITECTURE.md."""

import json
import subprocess

from support.server import ROOT

ALLOWED = {
    "expr": set(),
    "jsonata": {"expr"},
    "asl": {"expr", "jsonata"},
    "engine": {"asl", "expr", "jsonata"},
    "store": set(),
    "runtime": {"engine", "asl", "expr", "store"},
    "aws": set(),
    "iam": {"aws"},
    "integrations": {"aws"},
    "functions": set(),
    "sim": {"runtime", "engine", "asl", "expr", "store"},
    "server": {"expr", "asl", "engine", "store", "runtime", "aws", "iam", "integrations", "functions"},
}
PURE = ("expr", "jsonata", "asl", "engine")
NOT_PURE = {"tokio", "hyper", "rand", "getrandom", "uuid", "reqwest", "rustix", "libc", "mio", "socket2"}
"""Crates through which a clock, a random source, a disk or the network comes in."""


def packages():
    command = ["cargo", "metadata", "--format-version", "1", "--no-deps", "--offline"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return {package["name"]: package["dependencies"] for package in json.loads(done.stdout)["packages"]}


def test_every_crate_has_its_arrows_and_no_others():
    found = packages()
    assert set(found) == set(ALLOWED), "a crate was added or went: say here what it may use"
    for name, dependencies in found.items():
        ours = {one["name"] for one in dependencies if one["name"] in ALLOWED}
        assert ours <= ALLOWED[name], f"{name} must not use {sorted(ours - ALLOWED[name])}"


def test_the_pure_crates_use_nothing_impure():
    found = packages()
    for name in PURE:
        outside = {one["name"] for one in found[name] if one["kind"] is None}
        assert not outside & NOT_PURE, f"{name} is pure and must not use {sorted(outside & NOT_PURE)}"


def test_no_crate_allows_unsafe_code():
    for name in ALLOWED:
        manifest = (ROOT / "crates" / name / "Cargo.toml").read_text()
        assert "[lints]\nworkspace = true" in manifest, f"crates/{name}/Cargo.toml does not take the workspace's lints"
        for source in (ROOT / "crates" / name).rglob("*.rs"):
            assert "allow(unsafe_code)" not in source.read_text(), source
