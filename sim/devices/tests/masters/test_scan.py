"""`servomesh scan` lists the servos of a bus over a pseudo-terminal, and `servomesh assign` gives them other ids."""

import os
import pathlib
import subprocess

BUSES = """
buses:
  line:
    baud: 1000000
    devices:
      - { protocol: dynamixel, model: XM540-W270, id: 1 }
      - { protocol: dynamixel, model: XL430-W250, id: 7, motor: { position: 1.001 } }
"""
DOUBLED = """
      - { protocol: dynamixel, model: XM430-W350, id: 7, motor: { position: 2.0 } }
"""
FEETECH = """
buses:
  line:
    baud: 1000000
    devices:
      - { protocol: feetech, id: 1 }
      - { protocol: feetech, id: 253, motor: { position: 1.001 } }
"""
PATIENCE_S = "0.5"  # for an answer, on a machine that is busy


def servomesh(*arguments):
    """Runs one of its commands."""
    program = pathlib.Path(os.environ["SERVOMESH_BIN_DIR"]) / "servomesh"
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=120)


def scan(*arguments):
    """Runs it."""
    return servomesh("scan", *arguments)


def test_servos_are_listed(devices):
    line = devices(BUSES)
    line.command("line 1 heat 85")
    result = scan(line.ports["line"], "--baud", "1000000", "--latency", PATIENCE_S)
    assert result.returncode == 0, result.stderr
    titles, first, second = result.stdout.splitlines()
    assert titles.split()[:3] == ["id", "model", "firmware"]
    assert first.split()[:2] == ["1", "XM540-W270"] and first.endswith("overheating error")
    assert second.split()[:2] == ["7", "XL430-W250"] and "(1.00" in second
    assert "1000000 bit/s: 2 ids" in result.stderr


def test_an_id_of_two_is_told(devices):
    result = scan(devices(BUSES + DOUBLED.lstrip("\n")).ports["line"], "--baud", "1000000", "--latency", "0.05")
    assert result.returncode == 1
    assert "answers clash" in result.stdout and "id 7 at 1000000 bit/s" in result.stderr


def test_servos_of_feetech_are_listed(devices):
    port = devices(FEETECH).ports["line"]
    result = scan(port, "--protocol", "feetech", "--baud", "1000000", "--latency", "0.05")
    assert result.returncode == 0, result.stderr
    _, first, second = result.stdout.splitlines()
    assert first.split()[:3] == ["1", "STS3215", "3.10"]
    assert second.split()[0] == "253" and "(1.0" in second


def test_where_nobody_answers_it_says_what_to_check(devices):
    result = scan(devices(BUSES).ports["line"], "--baud", "57600")
    assert result.returncode == 1 and result.stdout == ""
    assert "nobody answers at 57600 bit/s" in result.stderr and "supply" in result.stderr


def test_a_port_that_is_not_there_is_named():
    result = scan("/dev/nothing-here")
    assert result.returncode == 1
    assert "port /dev/nothing-here: there is no such port" in result.stderr


def test_a_servo_gets_another_id_and_speed(devices):
    port = devices(BUSES).ports["line"]
    latency = ("--latency", PATIENCE_S)
    to = ("--to-id", "3", "--to-baud", "57600")
    moved = servomesh("assign", port, "--id", "1", "--baud", "1000000", *to, *latency)
    assert moved.returncode == 0, moved.stderr
    assert moved.stdout == "XM540-W270: id 1 at 1000000 bit/s is now id 3 at 57600 bit/s\n"
    found = scan(port, "--baud", "57600", *latency)
    assert found.stdout.splitlines()[1].split()[:2] == ["3", "XM540-W270"]


def test_an_id_that_another_servo_has_is_not_given_twice(devices):
    port = devices(BUSES).ports["line"]
    refused = servomesh("assign", port, "--id", "1", "--baud", "1000000", "--to-id", "7", "--latency", PATIENCE_S)
    assert refused.returncode == 1
    assert "another servo with id 7 answers at 1000000 bit/s: nothing was written" in refused.stderr
    assert str(port) in refused.stderr
