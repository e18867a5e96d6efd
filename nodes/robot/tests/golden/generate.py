"""Writes cell_arm.json: what Pinocchio computes for the arm of the default cell.

    pip install pin
    python nodes/robot/tests/golden/generate.py

Run it from the root of the repository. The gripper's finger stands at 0.02 m and the belt at 0, both locked.
"""

import json
import math
import random
import re
from pathlib import Path

import numpy as np
import pinocchio as pin

ROOT = Path(__file__).parents[4]
ARM = ["shoulder_pan_joint", "shoulder_lift_joint", "elbow_joint", "wrist_1_joint", "wrist_2_joint", "wrist_3_joint"]
FINGER = 0.02
ARMATURE = [1.02, 1.02, 1.02, 0.204, 0.204, 0.204]
FRAMES = ["upper_arm_link", "tool0", "gripper_tcp", "gripper_finger_right"]


def main() -> None:
    # Mimic joints become free ones here, so that they can be locked like the rest.
    urdf = re.sub(r"<mimic[^>]*/>", "", (ROOT / "launch/robots/cell.urdf").read_text())
    whole = pin.buildModelFromXML(urdf)
    locked_at = pin.neutral(whole)
    for finger in ("gripper_finger_joint", "gripper_finger_right_joint"):
        locked_at[whole.joints[whole.getJointId(finger)].idx_q] = FINGER
    locked = [joint for joint, name in enumerate(whole.names) if joint > 0 and name not in ARM]
    arm = pin.buildReducedModel(whole, locked, locked_at)
    assert [name for name in arm.names][1:] == ARM
    arm.gravity = pin.Motion(np.array([0.0, 0.0, -9.80665]), np.zeros(3))
    arm.armature = np.array(ARMATURE)

    rng = random.Random(7)
    cases = [case(arm, rng) for _ in range(4)]
    golden = {"pinocchio": pin.__version__, "joints": ARM, "finger": FINGER, "armature": ARMATURE, "cases": cases}
    path = Path(__file__).with_name("cell_arm.json")
    path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")


def case(arm: pin.Model, rng: random.Random) -> dict:
    def draw(bound):
        return np.array([rng.uniform(-bound, bound) for _ in ARM])

    q, qd, qdd, effort = draw(math.pi), draw(2.0), draw(5.0), draw(40.0)
    data = arm.createData()
    pin.framesForwardKinematics(arm, data, q)
    pin.computeJointJacobians(arm, data, q)
    frames = {}
    for name in FRAMES:
        frame = arm.getFrameId(name)
        jacobian = pin.getFrameJacobian(arm, data, frame, pin.LOCAL_WORLD_ALIGNED)
        frames[name] = {
            "translation": data.oMf[frame].translation.tolist(),
            "rotation_rows": data.oMf[frame].rotation.tolist(),
            "jacobian_rows": jacobian.tolist(),
        }
    mass = pin.crba(arm, arm.createData(), q)
    mass = np.triu(mass) + np.triu(mass, 1).T
    return {
        "q": q.tolist(),
        "qd": qd.tolist(),
        "qdd": qdd.tolist(),
        "effort": effort.tolist(),
        "inverse_dynamics": pin.rnea(arm, arm.createData(), q, qd, qdd).tolist(),
        "bias": pin.nonLinearEffects(arm, arm.createData(), q, qd).tolist(),
        "gravity": pin.computeGeneralizedGravity(arm, arm.createData(), q).tolist(),
        "mass_matrix_rows": mass.tolist(),
        "forward_dynamics": pin.aba(arm, arm.createData(), q, qd, effort).tolist(),
        "centre_of_mass": pin.centerOfMass(arm, arm.createData(), q).tolist(),
        "frames": frames,
    }


if __name__ == "__main__":
    main()
