"""The Dockerfile and the compose example hold what they promise; a linter's rules that matter here."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

yaml = pytest.importorskip("yaml")

ROOT = Path(__file__).parents[2]


def instructions() -> list[tuple[str, str]]:
    """(instruction, arguments) of the Dockerfile, continued lines joined."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text("utf-8"), flags=re.M)
    lines = [line for line in re.sub(r"\\\n\s*", " ", text).splitlines() if line.strip()]
    return [(line.partition(" ")[0], line.partition(" ")[2].strip()) for line in lines]


def last(name: str) -> str:
    return [arguments for instruction, arguments in instructions() if instruction == name][-1]


@pytest.mark.skipif(shutil.which("hadolint") is None, reason="hadolint is not on this machine")
def test_hadolint_finds_nothing():
    done = subprocess.run(["hadolint", ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_only_known_instructions_are_used():
    known = {
        *("FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "EXPOSE"),
        *("STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT"),
    }
    assert {instruction for instruction, _ in instructions()} == known


def test_base_images_are_pinned_and_small():
    for instruction, arguments in instructions():
        if instruction == "FROM":
            assert re.fullmatch(r"python:3\.\d+-slim-\w+( AS build)?", arguments)


def test_pip_leaves_no_cache_and_nothing_is_fetched_from_elsewhere():
    runs = [arguments for instruction, arguments in instructions() if instruction == "RUN"]
    assert all("--no-cache-dir" in run for run in runs if "pip install" in run)
    assert not any(word in run for run in runs for word in ("curl", "wget", "sudo", "http"))


def test_it_does_not_run_as_root():
    user, group = map(int, last("USER").split(":"))
    assert user >= 1000
    assert group >= 1000


def test_it_is_started_without_a_shell_and_watched():
    assert json.loads(last("ENTRYPOINT"))[:2] == ["deblurgan", "serve"]
    command = last("HEALTHCHECK").partition(" CMD ")[2]
    program, flag, code = json.loads(command)
    assert (program, flag) == ("python", "-c")
    assert "/health" in code
    compile(code, "health check", "exec")


def test_what_is_copied_is_there_and_let_through():
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line.startswith("!")}
    for instruction, arguments in instructions():
        if instruction == "COPY" and not arguments.startswith("--from"):
            for source in arguments.split()[:-1]:
                assert (ROOT / source).exists()
                assert source in let_through


def test_the_compose_example_is_read_only_and_needs_a_token():
    service = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]["deblurgan"]
    assert service["read_only"] is True
    assert any(entry.startswith("/tmp:") for entry in service["tmpfs"])
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert ":?" in service["environment"]["DEBLURGAN_TOKEN"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
