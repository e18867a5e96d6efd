"""Writes the golden files beside it: what MuJoCo makes of the arm and of the scenes.

    pip install mujoco==4.0.0 numpy
    python sim/tests/golden/generate.py

The arm is played at the step of 1 ms that ours has. Contacts in MuJoCo give way, and push apart what slides, by friction · speed · twice
the time constant of friction: with its defaults a box at 1 m/s hops by millimetres. So scenes are played at 0.1 ms with normal contacts
as stiff as its solver allows there (time constant 0.4 ms, impedance 0.99 … 0.999), slower friction, and elliptic cones: what is
left is the physics that both model. Everything else is its default. Each scene is checked against the closed form where
there is one: MuJoCo is not believed blindly.
"""

import json
import math
import sys
from pathlib import Path

import mjcf
import mujoco
import numpy as np
import scenes

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
STEP = 0.001
ARM = ["shoulder_pan_joint", "shoulder_lift_joint", "elbow_joint", "wrist_1_joint", "wrist_2_joint", "wrist_3_joint"]
ROTORS = [1.0201, 1.0201, 1.0201, 0.20402, 0.20402, 0.20402]
# Between two frames of a scene lies a whole number of both.
FINE_STEP = 0.0001
PAIR = 'condim="3" solref="{normal} 1" solimp="0.99 0.999 0.0002 0.5 2" solreffriction="{tangent} 1"'
OPTIONS = 'cone="elliptic" impratio="100" iterations="200" tolerance="1e-12"'
# A belt that something holds at its speed: nothing that lies on it slows it.
HELD = 1e7
# MuJoCo against the closed form: as a part of the travel, and in m, as contacts give way and steps are finite.
CLOSED_FORM = 0.005, 0.0002


def main():
    write("arm", arm())
    write("passive_arm", passive_arm())
    for name, of in scenes.ALL.items():
        played = [play(scene) for scene in of()]
        write(name, {"mujoco": mujoco.__version__, "step": STEP, "scenes": played})


# The arm


def arm():
    """Torques that are formulas of time and position, on the arm with its rotors and without: the latter hides no term."""
    rng = np.random.default_rng(3)
    start = [0.3, math.pi / 2 + 0.3, 0.4, -0.5, 0.6, 0.2]
    loose, springs = [0.0] * 6, [20.0, 20.0, 20.0, 3.0, 3.0, 3.0]
    runs = []
    for name, armature, spring, strength in (
        ("with its rotors, torques over time", ROTORS, loose, 1.0),
        ("with its rotors, on springs", ROTORS, springs, 2.0),
        ("without rotors, on springs", loose, springs, 1.0),
    ):
        model = arm_model(armature)
        # An arm without friction may be chaotic. A motion is taken only if it blows up an error by less than this; that keeps
        # rounding (1e-16) far below the tolerance, whoever rounds.
        while True:
            amplitude = rng.uniform(0.3, 1, 6) * np.array([6.0, 10.0, 5.0, 1.0, 0.6, 0.3]) * strength
            frequency = rng.uniform(2, 9, 6)
            drive = (amplitude, frequency, np.array(spring), np.array(start))
            positions = run_arm(model, *drive)
            nudged = run_arm(model, *drive, nudge=1e-9)
            growth = np.abs(nudged - positions).max() / 1e-9
            reach = np.abs(positions - start).max()
            if growth < 3e3 and 1.0 < reach < 7.0:
                break
        runs.append(
            {
                "name": name,
                "armature": armature,
                "amplitude": amplitude.tolist(),
                "frequency": frequency.tolist(),
                "spring": spring,
                "start": start,
                "error_growth": float(growth),
                "positions": positions.tolist(),
            }
        )
    return {"mujoco": mujoco.__version__, "step": STEP, "every": EVERY, "joints": ARM, "runs": runs}


EVERY = 250


def arm_model(armature):
    urdf = mjcf.Urdf(ROOT / "launch/robots/cell.urdf")
    (mount,) = [joint for joint in urdf.joints if joint.get("name") == "pedestal_mount"]
    text = mjcf.model(
        urdf.body(mount, dict(zip(ARM, armature, strict=True)), {}, ARM), step=STEP, options='integrator="Euler"'
    )
    model = mujoco.MjModel.from_xml_string(text)
    assert model.nv == 6
    return model


def run_arm(model, amplitude, frequency, spring, start, nudge=0.0, duration=10.0):
    """Positions every EVERY steps, the start left out."""
    data = mujoco.MjData(model)
    data.qpos[:] = start + nudge
    positions = []
    for step in range(round(duration / STEP)):
        data.qfrc_applied[:] = amplitude * np.cos(frequency * (step * STEP)) - spring * (data.qpos - start)
        mujoco.mj_step(model, data)
        if (step + 1) % EVERY == 0:
            positions.append(data.qpos.copy())
    return np.array(positions)


def passive_arm():
    """The arm falls without friction: how far MuJoCo's energy drifts over 10 s, with the integrator that ours is like."""
    model = arm_model(ROTORS)
    model.opt.enableflags |= mujoco.mjtEnableBit.mjENBL_ENERGY
    data = mujoco.MjData(model)
    data.qpos[:] = start = [0.0, -0.6, 0.9, 0.3, 0.5, 0.0]
    energies, kinetic = [], 0.0
    for _ in range(10_000):
        mujoco.mj_step(model, data)
        energies.append(sum(data.energy))
        kinetic = max(kinetic, data.energy[1])
    return {
        "mujoco": mujoco.__version__,
        "step": STEP,
        "joints": ARM,
        "armature": ROTORS,
        "start": start,
        "largest_kinetic_energy": kinetic,
        "largest_change": max(abs(energy - energies[0]) for energy in energies),
        "change_at_end": abs(np.mean(energies[-500:]) - np.mean(energies[:500])),
    }


# The scenes


def pairs(still, moving, friction, step, slow=False):
    """Contact of all that moves with all else, as stiff as MuJoCo's solver allows at a step.

    Below friction · g · half its time constant MuJoCo's friction is viscous, so what slides slowly has a short one.
    """
    attributes = PAIR.format(normal=4 * step, tangent=(10 if slow else 40) * step)
    every = [(a, b) for k, b in enumerate(moving) for a in [*still, *moving[:k]]]
    lines = (f'<pair geom1="{a}" geom2="{b}" friction="{friction} {friction} 0 0 0" {attributes}/>' for a, b in every)
    return f"<contact>{''.join(lines)}</contact>"


def geom(shape):
    (kind, size) = next(iter(shape.items()))
    if kind == "hull":
        return 'type="mesh" mesh="hull"'
    if kind == "half_space":
        return 'type="plane" size="0 0 1"'
    return f'type="{kind}" size="{mjcf.numbers(size)}"'


def frame(of):
    return f'pos="{mjcf.numbers(of["position"])}" quat="{mjcf.numbers(of["orientation"])}"'


def scene_model(scene):
    bodies, still = [], []
    for index, static in enumerate(scene["statics"]):
        still.append(name := f"static{index}")
        if belt := static.get("belt"):
            bodies.append(
                f'<body {frame(static)}><joint name="belt" type="slide" axis="{mjcf.numbers(belt["direction"])}"/>'
                f'<geom name="{name}" {geom(static["shape"])} mass="{belt["mass"] or HELD}"/></body>'
            )
        else:
            bodies.append(f'<geom name="{name}" {geom(static["shape"])} {frame(static)}/>')
    if hand := scene["hand"]:
        for side, centre in zip((1, -1), hand["centres"], strict=True):
            still.append(f"pad{side}")
            # Only the part falls: the hand is held against gravity, its pads move along y alone.
            bodies.append(
                f'<body pos="{mjcf.numbers(centre)}"><joint name="pad{side}" type="slide" axis="0 {-side} 0"/>'
                f'<geom name="pad{side}" type="box" size="{mjcf.numbers(hand["half"])}" quat="{mjcf.numbers(hand["orientation"])}" '
                f'mass="{hand["mass"]}"/></body>'
            )
    for index, part in enumerate(scene["parts"]):
        bodies.append(
            f'<body name="part{index}" {frame(part)}><freejoint/><geom name="part{index}" {geom(part["shape"])}/>'
            f'<inertial pos="0 0 0" mass="{part["mass"]}" diaginertia="{mjcf.numbers(part["inertia"])}"/></body>'
        )
    moving = [f"part{index}" for index in range(len(scene["parts"]))]
    hulls = [part["shape"]["hull"] for part in scene["parts"] if "hull" in part["shape"]]
    text = mjcf.model(
        bodies,
        step=FINE_STEP,
        options=f'integrator="{scene["integrator"]}" {OPTIONS}',
        gravity=scene["gravity"],
        # Pairs are named, because only these have a time constant of their own for friction.
        defaults='<geom contype="0" conaffinity="0"/>',
        extra=pairs(still, moving, scene["friction"], FINE_STEP, scene["slow"])
        + "".join(f'<asset><mesh name="hull" vertex="{mjcf.numbers(hull)}"/></asset>' for hull in hulls),
    )
    return mujoco.MjModel.from_xml_string(text)


def play(scene):
    """The scene with where its parts were, every `every` steps: x, y, z, then the quaternion."""
    model = scene_model(scene)
    data = mujoco.MjData(model)
    free = [int(model.jnt_dofadr[j]) for j in range(model.njnt) if model.jnt_type[j] == mujoco.mjtJoint.mjJNT_FREE]
    for dof, part in zip(free, scene["parts"], strict=True):
        data.qvel[dof : dof + 3] = part["velocity"]
        inverse = [part["orientation"][0], *(-a for a in part["orientation"][1:])]
        data.qvel[dof + 3 : dof + 6] = scenes.turned(inverse, part["spin"])
    belts = [static["belt"] for static in scene["statics"] if "belt" in static]
    if belts:
        data.joint("belt").qvel[0] = belts[0]["speed"]
    frames = []
    every = round(scene["every"] * STEP / FINE_STEP)
    for step in range(round(scene["duration"] / FINE_STEP)):
        for belt in belts:
            on = step * FINE_STEP < belt["until"] - FINE_STEP / 2
            data.joint("belt").qfrc_applied[0] = HELD * belt["acceleration"] * on
        if hand := scene["hand"]:
            for side in (1, -1):
                data.joint(f"pad{side}").qfrc_applied[0] = hand["force"]
        mujoco.mj_step(model, data)
        if (step + 1) % every == 0:
            poses = [
                data.joint(int(j)).qpos for j in range(model.njnt) if model.jnt_type[j] == mujoco.mjtJoint.mjJNT_FREE
            ]
            frames.append([[round(float(value), 9) for value in pose] for pose in poses])
    if (travel := scene["travel"]) is not None:
        far = math.dist(frames[-1][0][:3], scene["parts"][0]["position"])
        part, least = CLOSED_FORM
        print(f"{scene['name']}: {far:.5f} m, closed form {travel:.5f} m", file=sys.stderr)
        assert abs(far - travel) <= part * travel + least, scene["name"]
    return scene | {"frames": frames}


def write(name, content):
    path = HERE / f"{name}.json"
    path.write_text(
        json.dumps(content, separators=(",", ":"), ensure_ascii=False).replace('{"name"', '\n{"name"') + "\n"
    )
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB", file=sys.stderr)


if __name__ == "__main__":
    main()
