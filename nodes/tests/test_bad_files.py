"""Files that can't be used: one clear error, the exit code that says so, and nothing else goes down."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cell import LAUNCH_FILE, PATIENCE_S, ROOT, executable, servomesh

#: Exit code of a configuration that can't be used.
EX_CONFIG = 78


def test_an_unsupported_element_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "bad.launch.xml"
    file.write_text('<launch>\n  <arg name="a" default="b"/>\n  <timer period="1"/>\n</launch>\n')
    ended = servomesh("up", file)
    assert ended.returncode == EX_CONFIG
    assert f"{file}:3:3: <timer> is not supported inside <launch>" in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


def test_a_launch_file_that_is_no_xml_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "bad.launch.xml"
    file.write_text("<launch>\n  <node pkg=\n</launch>\n")
    ended = servomesh("up", file)
    assert ended.returncode == EX_CONFIG
    assert f"{file}:" in ended.stderr and "not well-formed XML" in ended.stderr


def test_an_argument_that_nobody_knows_is_refused_with_those_there_are() -> None:
    ended = servomesh("up", LAUNCH_FILE, "sped:=2")
    assert ended.returncode == EX_CONFIG
    assert "`sped` is not known" in ended.stderr and "speed" in ended.stderr


def launch(folder: Path, node: str) -> subprocess.CompletedProcess[str]:
    """`servomesh up` with one bad node."""
    file = folder / "one.launch.xml"
    file.write_text(f"<launch>{node}</launch>")
    return servomesh("up", file)


@pytest.mark.parametrize(
    ("urdf", "words"),
    [
        ('<robot name="r"><link name="a"/>', []),
        ('<robot name="r"><link name="a"/><joint name="j" type="revolute"><parent link="a"/></joint></robot>', []),
        (
            '<robot name="r"><link name="a"/><link name="b"/><joint name="j" type="spherical">'
            '<parent link="a"/><child link="b"/></joint></robot>',
            ["j", "spherical"],
        ),
        (None, ["No such file"]),
    ],
    ids=["no XML", "no child", "spherical joint", "no file"],
)
def test_a_bad_robot_description_gives_up_its_node_alone_and_says_which(
    tmp_path: Path, urdf: str | None, words: list[str]
) -> None:
    file = tmp_path / "robot.urdf"
    if urdf is not None:
        file.write_text(urdf)
    ended = launch(
        tmp_path,
        '<node pkg="servomesh" exec="estimator" name="watcher" respawn="true">'
        f'<param name="robot_description_file" value="{file}"/></node>',
    )
    assert ended.returncode == 1, ended.stderr
    errors = [line for line in ended.stderr.splitlines() if "configuration error" in line and "[watcher]" in line]
    assert len(errors) == 1, ended.stderr
    assert str(file) in errors[0]
    assert [word for word in words if word not in errors[0]] == [], errors[0]
    assert "watcher failed (exit code 78): its configuration is wrong; it is not restarted" in ended.stderr
    assert "restarting" not in ended.stderr


def run(program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """A node that ends by itself."""
    command = [executable(program), "--ros-args", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=PATIENCE_S)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ("/**:\n  ros__parameters:\n    rate_hz: [1,\n", []),
        ("rate_hz: 500.0\n", []),
        ("/**:\n  ros__parameters:\n    rate_hz: 1.0e9\n", ["rate_hz", "1000000000", "10 … 10000"]),
        ("/**:\n  ros__parameters:\n    rate_hz: fast\n", ["rate_hz", "fast"]),
        ("/**:\n  ros__parameters:\n    rat_hz: 500.0\n", ["rat_hz", "rate_hz"]),
        ("/**:\n  ros__parameters:\n    winding_degc: .nan\n", ["winding_degc"]),
    ],
    ids=["no YAML", "no parameters", "out of range", "wrong type", "unknown name", "not a number"],
)
def test_a_bad_parameter_file_ends_the_node_with_one_error(
    tmp_path: Path, parameters: str, words: list[str]
) -> None:
    file = tmp_path / "parameters.yaml"
    file.write_text(parameters)
    ended = run("safety", "--params-file", file)
    assert ended.returncode == EX_CONFIG, ended.stderr
    errors = [line for line in ended.stderr.splitlines() if "configuration error" in line]
    assert len(errors) == 1, ended.stderr
    assert [word for word in words if word not in errors[0]] == [], errors[0]


def test_a_parameter_file_that_is_not_there_is_named_with_the_line_that_wants_it(tmp_path: Path) -> None:
    ended = launch(tmp_path, '<node pkg="servomesh" exec="safety"><param from="none.yaml"/></node>')
    assert ended.returncode == EX_CONFIG
    assert "one.launch.xml:1:" in ended.stderr and "none.yaml" in ended.stderr
