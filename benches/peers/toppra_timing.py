"""Times TOPP-RA's solver on the path and limits in the file given: prints its shortest duration, then a time in ns per turn.

Only calls of its compiled solver are timed, with the arguments that one whole parameterization gave them: neither Python's loop around
them nor the preparation of limits. The grid is the coarsest, of those with 8, 16 … 128 intervals per segment, whose duration is within a
thousandth of the best of all. On coarser ones durations may be too short, since limits are exceeded between nodes.
"""

import json
import logging
import sys
import time

import numpy as np
import toppra
import toppra.algorithm as algorithm
import toppra.constraint as constraint

INTERVALS = [8, 16, 32, 64, 128]
WITHIN = 1.001
logging.getLogger("toppra").setLevel(logging.ERROR)


def main() -> None:
    with open(sys.argv[1]) as file:
        given = json.load(file)
    points, steps = np.array(given["points"]), np.array(given["steps"])
    path = toppra.SplineInterpolator(np.concatenate([[0], np.cumsum(steps)]), points, bc_type="natural")
    limits = [kind(np.outer(given[name], [-1, 1])) for kind, name in (
        (constraint.JointVelocityConstraint, "velocity"),
        (constraint.JointAccelerationConstraint, "acceleration"),
    )]
    limits.append(torque(given, path))
    segments = len(steps)
    results = [run(limits, path, segments * intervals) for intervals in INTERVALS]
    best = min(duration for duration, _ in results)
    solver, calls = next(result for duration, result in results if duration <= WITHIN * best)
    print(best)
    for _ in range(int(sys.argv[2])):
        start = time.perf_counter_ns()
        for call in calls:
            solver.solve_stagewise_optim(*call)
        print(time.perf_counter_ns() - start)


def torque(given, path):
    """By Pinocchio, with all joints locked that the path does not move."""
    import pinocchio as pin

    model = pin.buildModelFromUrdf(given["urdf"])
    locked = [i for i, name in enumerate(model.names) if i > 0 and name not in given["joints"]]
    model = pin.buildReducedModel(model, locked, pin.neutral(model))
    data = model.createData()
    model.gravity.linear = np.array([0, 0, -9.80665])
    limit = np.outer(given["effort"], [-1, 1])
    inverse_dynamics = lambda q, qd, qdd: pin.rnea(model, data, q, qd, qdd)
    return constraint.JointTorqueConstraint(
        inverse_dynamics, limit, np.zeros(len(limit)), constraint.DiscretizationType.Interpolation
    )


def run(limits, path, intervals):
    """The duration on an even grid, and the solver with the calls that it got."""
    grid = np.linspace(0, path.path_interval[1], intervals + 1)
    instance = algorithm.TOPPRA(limits, path, gridpoints=grid, solver_wrapper="seidel")
    solver = instance.solver_wrapper
    calls, solve = [], solver.solve_stagewise_optim

    def recorded(*call):
        calls.append(tuple(np.copy(value) if isinstance(value, np.ndarray) else value for value in call))
        return solve(*call)

    instance.solver_wrapper = Recorder(solver, recorded)
    _, rates, _ = instance.compute_parameterization(0, 0)
    if rates is None or not np.all(np.isfinite(rates)):
        return np.inf, None
    return float(np.sum(2 * np.diff(grid) / (rates[1:] + rates[:-1]))), (solver, calls)


class Recorder:
    """The solver, with its calls written down."""

    def __init__(self, solver, solve):
        self.solver, self.solve_stagewise_optim = solver, solve

    def __getattr__(self, name):
        return getattr(self.solver, name)


if __name__ == "__main__":
    main()
