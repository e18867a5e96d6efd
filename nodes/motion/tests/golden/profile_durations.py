"""How long Ruckig's motions take between random states: `profile_durations.bin`, read by `tests/profile_durations.rs`.

Run by `cargo xtask golden` with the PyPI package `ruckig`, the C++ library's community version. The file has one little-endian
unsigned 32-bit number for each case, the duration in units of 100 ns; the test draws the same cases by the same generator.
"""

import struct
from pathlib import Path

import ruckig

CASES = 24_000
MASK = (1 << 64) - 1
SYNCHRONIZATIONS = [ruckig.Synchronization.Phase, ruckig.Synchronization.Time, ruckig.Synchronization.No]


class Draw:
    """SplitMix64 (Steele, Lea and Flood, 2014), as numbers from 0 to 1."""

    def __init__(self, seed):
        self.state = seed

    def number(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return ((z ^ (z >> 31)) >> 11) * 2.0**-53

    def between(self, low, high):
        return low + (high - low) * self.number()


def case(k):
    draw = Draw(k)
    joints = 1 + k % 7
    question = ruckig.InputParameter(joints)
    columns = {name: [] for name in ["p", "v", "a", "target", "max_v", "max_a", "max_j"]}
    for _ in range(joints):
        max_v, max_a, max_j = draw.between(0.5, 3.0), draw.between(1.0, 10.0), draw.between(5.0, 100.0)
        p, target = draw.between(-3.0, 3.0), draw.between(-3.0, 3.0)
        v, a = draw.between(-1.0, 1.0) * max_v, draw.between(-1.0, 1.0) * max_a
        # From rest, with velocity alone, with both.
        kind = k % 4
        v, a = (0.0 if kind == 0 else v), (a if kind >= 2 else 0.0)
        for name, value in zip(columns, [p, v, a, target, max_v, max_a, max_j]):
            columns[name].append(value)
    question.current_position, question.current_velocity = columns["p"], columns["v"]
    question.current_acceleration, question.target_position = columns["a"], columns["target"]
    question.max_velocity, question.max_acceleration = columns["max_v"], columns["max_a"]
    question.max_jerk = columns["max_j"]
    question.synchronization = SYNCHRONIZATIONS[k // 4 % 3]
    return joints, question


def main():
    planners = {joints: ruckig.Ruckig(joints, 0.01) for joints in range(1, 8)}
    durations = []
    for k in range(CASES):
        joints, question = case(k)
        trajectory = ruckig.Trajectory(joints)
        result = planners[joints].calculate(question, trajectory)
        if result not in (ruckig.Result.Working, ruckig.Result.Finished):
            raise RuntimeError(f"case {k}: {result}")
        durations.append(round(trajectory.duration * 1e7))
    Path(__file__).with_suffix(".bin").write_bytes(struct.pack(f"<{CASES}I", *durations))


if __name__ == "__main__":
    main()
