"""Writes eaik.json: all solutions that EAIK has for random poses of six-axis arms.

    pip install eaik numpy
    python nodes/robot/tests/inverse_kinematics/generate.py

EAIK is the toolbox of D. Ostermeier, J. Külz and M. Althoff, "Automatic Geometric Decomposition for Analytical Inverse
Kinematics" (2024). An arm is given by its axes and the ways between them with all joints at 0. Run it from the root of the repository.
"""

import json
from pathlib import Path

import numpy as np
from eaik.pybindings.EAIK import Robot

POSES = 12
X, Y, Z = np.eye(3)


def main() -> None:
    rng = np.random.default_rng(6)
    arms = {
        "UR5e": (
            [Z, -Y, -Y, -Y, -Z, -Y],
            [[0, 0, 0.1625], [0, 0, 0], [-0.425, 0, 0], [-0.3922, -0.1333, 0], [0, 0, -0.0997], [0, -0.0996, 0], [0.1, 0, 0]],
        ),
        "shoulder beside the base": (
            [Z, Y, Y, X, Y, X],
            [[0, 0, 0.3], [0.15, 0.1, 0.2], [0, 0, 0.6], [0.2, 0, -0.09], [0.4, 0, 0], [0, 0, 0], [0.1, 0, 0.05]],
        ),
        "shoulder over the base": (
            [Z, Y, Y, Z, Y, Z],
            [[0, 0, 0.3], [0, 0, 0], [0, 0, 0.4], [0, 0, 0.35], [0, 0, 0], [0, 0, 0], [0, 0, 0.1]],
        ),
    }
    for name, meeting in [("any arm with a spherical wrist", [4, 5]), ("any arm with a spherical shoulder", [1, 2])]:
        axes = [unit(rng.normal(size=3)) for _ in range(6)]
        ways = [np.zeros(3) if joint in meeting else rng.uniform(-0.4, 0.4, size=3) for joint in range(7)]
        arms[name] = (axes, ways)
    golden = [arm(name, *geometry, rng) for name, geometry in arms.items()]
    path = Path(__file__).with_name("eaik.json")
    path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    print(f"{path}: {path.stat().st_size / 1e3:.0f} kB")


def arm(name, axes, ways, rng) -> dict:
    axes, ways = np.array(axes, dtype=float), np.array(ways, dtype=float)
    robot = Robot(axes.T, ways.T, np.eye(3), [], True)
    poses = []
    for _ in range(POSES):
        q = rng.uniform(-2.8, 2.8, size=6)
        pose = robot.fwdkin(q)
        # Its own mark of inexact solutions is also set on exact ones, and what it finds comes more than once.
        solutions = []
        for found in robot.calculate_IK(pose).Q:
            exact = np.abs(robot.fwdkin(found) - pose).max() < 1e-7
            if exact and all(apart(found, other) > 1e-5 for other in solutions):
                solutions.append(found)
        assert any(apart(found, q) < 1e-5 for found in solutions), (name, q)
        poses.append({"q": rounded(q), "solutions": [rounded(solution) for solution in solutions]})
    print(name, robot.get_kinematic_family(), sum(len(pose["solutions"]) for pose in poses))
    return {"name": name, "axes": axes.tolist(), "ways": ways.tolist(), "poses": poses}


def apart(a, b) -> float:
    return np.abs((a - b + np.pi) % (2 * np.pi) - np.pi).max()


def unit(vector):
    return vector / np.linalg.norm(vector)


def rounded(values) -> list:
    return [round(float(value), 10) for value in values]


if __name__ == "__main__":
    main()
