"""Writes timing.json: how long TOPP-RA takes along random splines, without limits of jerk.

Run by `cargo xtask golden` with the PyPI packages `toppra` and `pin`, from the root of the repository. Paths and limits come from splitmix64, so that only durations need be kept; tests/timing_golden.rs
draws them in the same order. Paths are natural cubic splines through random waypoints, as far apart in λ as in the joints. The last cases
have limits of effort too, of the arm in nodes/robot/tests/golden/robots/six.urdf by Pinocchio's RNEA. Each duration is the shortest of three
grids: toppra's own choice, 1000 and 2000 even intervals.
"""

import json
import logging
from pathlib import Path

import numpy as np
import pinocchio as pin
import toppra
import toppra.algorithm as algorithm
import toppra.constraint as constraint

HERE = Path(__file__).parent
ROBOT = HERE.parents[3] / "nodes/robot/tests/golden/robots/six.urdf"
KINEMATIC, EFFORT = 200, 60
GRIDS = [None, 1000, 2000]
logging.getLogger("toppra").setLevel(logging.ERROR)


class Draw:
    """splitmix64, the top 53 bits as a number from low to high."""

    def __init__(self, seed):
        self.state = seed

    def __call__(self, low, high):
        mask = (1 << 64) - 1
        self.state = (self.state + 0x9E3779B97F4A7C15) & mask
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        z ^= z >> 31
        return low + (high - low) * ((z >> 11) / (1 << 53))


def main() -> None:
    model = pin.buildModelFromUrdf(str(ROBOT))
    model.gravity.linear = np.array([0, 0, -9.80665])
    data = model.createData()
    names = [name for name in list(model.names)[1:]]
    cases = [duration(seed, None) for seed in range(KINEMATIC)]
    cases += [duration(seed, (model, data)) for seed in range(KINEMATIC, KINEMATIC + EFFORT)]
    golden = {"toppra": "0.6.10", "kinematic": KINEMATIC, "joints": names, "durations": cases}
    (HERE / "timing.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")


def duration(seed: int, robot) -> float:
    draw = Draw(seed)
    joints = 6 if robot else 1 + int(draw(0, 7))
    count = 3 + int(draw(0, 20))
    points = np.array([[draw(-2, 2) for _ in range(joints)] for _ in range(count)])
    velocity = np.array([draw(0.5, 3) for _ in range(joints)])
    acceleration = np.array([draw(1, 10) for _ in range(joints)])
    steps = np.maximum(np.linalg.norm(np.diff(points, axis=0), axis=1), 1e-3)
    path = toppra.SplineInterpolator(np.concatenate([[0], np.cumsum(steps)]), points, bc_type="natural")
    limits = [
        constraint.JointVelocityConstraint(np.stack([-velocity, velocity], axis=1)),
        constraint.JointAccelerationConstraint(np.stack([-acceleration, acceleration], axis=1)),
    ]
    if robot:
        model, data = robot
        share = draw(1.1, 2)
        most = np.max([np.abs(pin.rnea(model, data, path(s), np.zeros(6), np.zeros(6))) for s in held(path)], axis=0)
        effort = most * share + 1
        limits.append(
            constraint.JointTorqueConstraint(
                lambda q, qd, qdd: pin.rnea(model, data, q, qd, qdd),
                np.stack([-effort, effort], axis=1),
                np.zeros(6),
                discretization_scheme=constraint.DiscretizationType.Interpolation,
            )
        )
    best = np.inf
    for grid in GRIDS:
        gridpoints = None if grid is None else np.linspace(0, path.path_interval[1], grid + 1)
        instance = algorithm.TOPPRA(limits, path, gridpoints=gridpoints, solver_wrapper="seidel")
        _, rates, _ = instance.compute_parameterization(0, 0)
        if rates is not None and np.all(np.isfinite(rates)):
            best = min(best, float(np.sum(2 * np.diff(instance.gridpoints) / (rates[1:] + rates[:-1]))))
    assert np.isfinite(best), seed
    return best


def held(path) -> np.ndarray:
    """Where efforts against gravity are asked for: 200 even steps."""
    return np.linspace(0, path.path_interval[1], 201)


if __name__ == "__main__":
    main()
