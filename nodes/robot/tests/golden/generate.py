"""Writes what Pinocchio computes for the robots in robots/ and for the arm of the default cell.

`cargo xtask golden` calls it; by hand:

    pip install pin
    python nodes/robot/tests/golden/generate.py [--states 400] [--seed 1] [--full] [--into nodes/robot/tests/golden/states]

One file for each robot: a line of JSON that says how it was made, then for each random state and each quantity of QUANTITIES one number
(little-endian float64): the sum of the quantity's values, each times a weight that the test draws too. With --full, all values instead.
States and weights come from splitmix64, so that they need not be kept. tests/golden.rs has the same order of everything.

Joint values are those of servomesh_robot: joints in the order of the file, mimics left out, a planar joint as x, y, theta; then floating
joints. Pinocchio has planar velocities in the platform's axes and knows mimics only in part: v_pin = T(q)·v takes care of both.
"""

import argparse
import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pinocchio as pin

HERE = Path(__file__).parent
GRAVITY = 9.80665
QUANTITIES = [
    "effort", "bias", "gravity", "coriolis", "mass_matrix", "coriolis_matrix", "acceleration", "centre", "centre_jacobian",
    "position", "rotation", "jacobian", "jacobian_rate", "link_acceleration", "energies",
]  # fmt: skip
WEIGHTS_SEED = 2

# A load of 2 kg, off its link's origin.
LOAD = {"mass": 2.0, "centre": [0.05, -0.1, 0.2], "inertia": [[0.02, 0.001, -0.002], [0.001, 0.03, 0.003], [-0.002, 0.003, 0.04]]}
CELL_ARM = ["shoulder_pan_joint", "shoulder_lift_joint", "elbow_joint", "wrist_1_joint", "wrist_2_joint", "wrist_3_joint"]
CELL_HELD = {"gripper_finger_joint": 0.02, "gripper_finger_right_joint": 0.02}
# robot: (link to ask about, whether it carries LOAD, whether joints have armatures)
ROBOTS = {
    "cell": ("gripper_finger_right", False, True),
    "six": ("tool0", False, False),
    "seven": ("flange", True, True),
    "rail": ("tip", True, True),
    "branched": ("tip", True, False),
    "floating": ("fin", True, True),
    "planar": ("tip", False, True),
}


class Draw:
    """splitmix64, the top 53 bits as a number from -1 to 1."""

    def __init__(self, seed):
        self.state = seed

    def __call__(self, count, bound):
        return np.array([self.next() * bound for _ in range(count)])

    def next(self):
        mask = (1 << 64) - 1
        self.state = (self.state + 0x9E3779B97F4A7C15) & mask
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        z ^= z >> 31
        return (z >> 11) * 2.0**-53 * 2.0 - 1.0


class Robot:
    def __init__(self, name):
        self.link, loaded, has_armatures = ROBOTS[name]
        path = HERE / "robots" / f"{name}.urdf" if name != "cell" else HERE.parents[3] / "launch/robots/cell.urdf"
        joints = [j for j in ElementTree.parse(path).getroot().findall("joint") if j.get("type") != "fixed"]
        self.model = pin.buildModelFromUrdf(str(path))
        if name == "cell":
            joints = [j for j in joints if j.get("name") in CELL_ARM]
            at = pin.neutral(self.model)
            for held, value in CELL_HELD.items():
                at[self.model.joints[self.model.getJointId(held)].idx_q] = value
            locked = [i for i, joint in enumerate(self.model.names) if i > 0 and joint not in CELL_ARM]
            self.model = pin.buildReducedModel(self.model, locked, at)
        self.model.gravity = pin.Motion(np.array([0.0, 0.0, -GRAVITY]), np.zeros(3))
        # (Pinocchio's joint, index of its first value among ours, kind, multiplier, offset)
        self.parts, followed, self.singles = [], {}, 0
        for joint in (j for j in joints if j.find("mimic") is None and j.get("type") != "floating"):
            followed[joint.get("name")] = self.singles
            self.add(joint, self.singles)
            self.singles += 3 if joint.get("type") == "planar" else 1
        self.mimics = [j for j in joints if j.find("mimic") is not None]
        for joint in self.mimics:
            mimic = joint.find("mimic")
            factors = float(mimic.get("multiplier", 1.0)), float(mimic.get("offset", 0.0))
            self.add(joint, followed[mimic.get("joint")], *factors)
        self.free = [j for j in joints if j.get("type") == "floating"]
        for k, joint in enumerate(self.free):
            self.add(joint, k)
        self.nv = self.singles + 6 * len(self.free)
        self.frame = self.model.getFrameId(self.link)
        if loaded:
            frame = self.model.frames[self.frame]
            load = pin.Inertia(LOAD["mass"], np.array(LOAD["centre"]), np.array(LOAD["inertia"]))
            self.model.appendBodyToJoint(frame.parentJoint, load, frame.placement)
        self.armature = [0.1 + 0.01 * i for i in range(self.singles)] if has_armatures else [0.0] * self.singles
        armature = np.zeros(self.model.nv)
        for joint, first, kind, _, _ in self.parts:
            if kind == "planar":
                self.armature[first : first + 3] = [0.0] * 3
            elif kind != "floating" and joint.shortname() and first < self.singles:
                armature[joint.idx_v] = self.armature[first]
        for joint in self.mimics:
            armature[self.model.joints[self.model.getJointId(joint.get("name"))].idx_v] = 0.0
        self.model.armature = armature
        self.header = {"robot": name, "link": self.link, "loaded": loaded, "armature": self.armature}

    def add(self, joint, first, multiplier=1.0, offset=0.0):
        model = self.model.joints[self.model.getJointId(joint.get("name"))]
        self.parts.append((model, first, joint.get("type"), multiplier, offset))

    def draw(self, draw):
        q = draw(self.singles, 3.0)
        free = [draw(7, 1.0) for _ in self.free]
        return np.concatenate([q, *free]), draw(self.nv, 2.0), draw(self.nv, 5.0), draw(self.nv, 40.0)

    def to_pinocchio(self, q, v):
        """q_pin, T and dT/dt."""
        q_pin = pin.neutral(self.model)
        t, t_rate = np.zeros((self.model.nv, self.nv)), np.zeros((self.model.nv, self.nv))
        for joint, first, kind, multiplier, offset in self.parts:
            iq, iv = joint.idx_q, joint.idx_v
            if kind == "floating":
                pose = q[self.singles + 7 * first :][:7]
                q_pin[iq : iq + 7] = np.concatenate([pose[:3], pose[3:] / np.linalg.norm(pose[3:])])
                t[iv : iv + 6, self.singles + 6 * first :][:, :6] = np.eye(6)
            elif kind == "planar":
                x, y, theta = q[first : first + 3]
                c, s, w = np.cos(theta), np.sin(theta), v[first + 2]
                q_pin[iq : iq + 4] = [x, y, c, s]
                t[iv : iv + 3, first : first + 3] = [[c, s, 0], [-s, c, 0], [0, 0, 1]]
                t_rate[iv : iv + 2, first : first + 2] = [[-s * w, c * w], [-c * w, -s * w]]
            else:
                value = multiplier * q[first] + offset
                q_pin[iq : iq + joint.nq] = [value] if joint.nq == 1 else [np.cos(value), np.sin(value)]
                t[iv, first] = multiplier
        return q_pin, t, t_rate

    def quantities(self, q, v, a, effort):
        model, frame, axes = self.model, self.frame, pin.LOCAL_WORLD_ALIGNED
        q, t, t_rate = self.to_pinocchio(q, v)
        ours = v
        v, a = t @ v, t @ a + t_rate @ v
        fresh = model.createData
        mass = pin.crba(model, fresh(), q)
        mass = np.triu(mass) + np.triu(mass, 1).T
        bias = pin.nonLinearEffects(model, fresh(), q, v) + mass @ t_rate @ ours
        gravity = pin.computeGeneralizedGravity(model, fresh(), q)
        coriolis = pin.computeCoriolisMatrix(model, fresh(), q, v)
        if self.mimics:
            acceleration = np.linalg.solve(t.T @ mass @ t, effort - t.T @ bias)
        else:
            acceleration = np.linalg.solve(t, pin.aba(model, fresh(), q, v, np.linalg.solve(t.T, effort)) - t_rate @ ours)
        data = fresh()
        centre_jacobian = pin.jacobianCenterOfMass(model, data, q) @ t
        centre = data.com[0].copy()
        data = fresh()
        pin.forwardKinematics(model, data, q, v, a)
        pin.updateFramePlacements(model, data)
        link_acceleration = pin.getFrameClassicalAcceleration(model, data, frame, axes).vector
        # computeKineticEnergy leaves the rotors of some joint types out.
        energies = [v @ mass @ v / 2, pin.computePotentialEnergy(model, fresh(), q)]
        placement = data.oMf[frame].copy()
        data = fresh()
        pin.computeJointJacobiansTimeVariation(model, data, q, v)
        pin.updateFramePlacements(model, data)
        jacobian = pin.getFrameJacobian(model, data, frame, axes)
        jacobian_rate = pin.getFrameJacobianTimeVariation(model, data, frame, axes)
        return {
            "effort": t.T @ pin.rnea(model, fresh(), q, v, a),
            "bias": t.T @ bias,
            "gravity": t.T @ gravity,
            "coriolis": t.T @ (bias - gravity),
            "mass_matrix": t.T @ mass @ t,
            "coriolis_matrix": t.T @ (coriolis @ t + mass @ t_rate),
            "acceleration": acceleration,
            "centre": centre,
            "centre_jacobian": centre_jacobian,
            "position": placement.translation,
            "rotation": placement.rotation,
            "jacobian": jacobian @ t,
            "jacobian_rate": jacobian_rate @ t + jacobian @ t_rate,
            "link_acceleration": link_acceleration,
            "energies": energies,
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--states", type=int, default=400, help="random states of each robot")
    parser.add_argument("--seed", type=int, default=1, help="of the states")
    parser.add_argument("--full", action="store_true", help="write all values instead of weighted sums")
    parser.add_argument("--into", type=Path, default=HERE / "states", help="folder of the files")
    args = parser.parse_args()
    args.into.mkdir(parents=True, exist_ok=True)
    draw = Draw(WEIGHTS_SEED)
    weights = draw(1000, 1.0)
    for name in ROBOTS:
        robot, draw = Robot(name), Draw(args.seed)
        header = robot.header | {"pinocchio": pin.__version__, "states": args.states, "seed": args.seed, "full": args.full}
        values = []
        for _ in range(args.states):
            of_state = robot.quantities(*robot.draw(draw))
            for quantity in QUANTITIES:
                # By rows.
                flat = np.asarray(of_state[quantity]).reshape(-1)
                values.append(flat if args.full else [flat @ weights[: flat.size]])
        path = args.into / f"{name}.bin"
        path.write_bytes(json.dumps(header).encode() + b"\n" + np.concatenate(values).astype("<f8").tobytes())
        print(f"{path}: {args.states} states")


if __name__ == "__main__":
    main()
