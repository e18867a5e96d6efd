"""Writes the scenes that are measured, each for both: `<name>.xml` for MuJoCo, `<name>.urdf` and `<name>.json` for ours.

    python benches/peers/mujoco_scenes.py <folder>

Both sides get the same numbers: the bodies of one URDF, parts as boxes, and efforts that are a formula,
`bias + amplitude·cos(frequency·t) − spring·(q − start) − damping·v`, the damping implicitly. MuJoCo's options are its defaults (Newton's
method, pyramidal cones, Euler), but for the step of 1 ms. `<name>_elliptic.xml` has elliptic cones; `<name>_stiff.xml` has those and contacts as
stiff as the golden files, to compare positions rather than speed. Links of the machine touch parts only.
"""

import json
import math
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "sim/tests/golden"))

import generate  # noqa: E402
import mjcf  # noqa: E402

ARM = generate.ARM
FRICTION = 0.5
MACHINE = f'contype="1" conaffinity="0" friction="{FRICTION} 0 0"'
PART = f'contype="2" conaffinity="3" friction="{FRICTION} 0 0"'
CUBE = 0.025
CUBE_MASS = 0.12
BELT = [0.55, 0.0, 0.42]
BELT_SPEED = 0.2


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for scene in [arm(), cell(), *map(chain, (6, 12, 18, 24, 30, 42, 60)), *map(parts, (1, 2, 5, 10, 20, 50, 100))]:
        scene.write(folder)


class Joint:
    """How one joint is driven."""

    def __init__(self, name, armature, start, spring, damping, amplitude=0.0, frequency=0.0, bias=0.0):
        self.name, self.armature = name, armature
        self.drive = [start, bias, amplitude, frequency, spring, damping]


class Scene:
    """A machine and boxes. `belt` names the link whose first shape has a running surface, and the joint that moves it."""

    def __init__(self, name, urdf, joints, bodies, boxes=(), belt=None, extra="", undriven=()):
        self.name, self.urdf, self.joints, self.boxes, self.extra = name, urdf, joints, boxes, extra
        self.bodies, self.belt, self.undriven = bodies, belt, undriven

    def write(self, folder):
        (folder / f"{self.name}.urdf").write_text(self.urdf)
        drives = {joint.name: joint.drive for joint in self.joints}
        armatures = {joint.name: joint.armature for joint in self.joints}
        ours = {"drives": drives, "armatures": armatures, "belt": self.belt, "friction": FRICTION}
        places = {name: place for place, name in enumerate(joint_names(self.bodies))}
        boxes = {"boxes": self.boxes, "size": 2 * CUBE, "mass": CUBE_MASS}
        (folder / f"{self.name}.json").write_text(json.dumps(ours | boxes | {"places": places}))
        stiff = generate.pairs(
            self.machine_geoms(), [f"part{k}" for k in range(len(self.boxes))], FRICTION, generate.STEP
        )
        variants = {"": ("", ""), "_elliptic": ('cone="elliptic"', ""), "_stiff": (generate.OPTIONS, stiff)}
        for suffix, (options, contacts) in variants.items():
            (folder / f"{self.name}{suffix}.xml").write_text(self.mjcf(options, contacts))

    def mjcf(self, options, contacts):
        boxes = [
            f'<body pos="{mjcf.numbers(place)}"><freejoint/>'
            f'<geom name="part{k}" type="box" size="{CUBE} {CUBE} {CUBE}" mass="{CUBE_MASS}" {PART}/></body>'
            for k, place in enumerate(self.boxes)
        ]
        # By MuJoCo's own order of joints, free ones last.
        drives = {joint.name: joint.drive for joint in self.joints} | dict.fromkeys(self.undriven, [0.0] * 6)
        rows = [drives[name] for name in joint_names(self.bodies)]
        columns = "".join(
            f'<numeric name="{name}" data="{mjcf.numbers([row[column] for row in rows])}"/>'
            for column, name in enumerate(["start", "bias", "amplitude", "frequency", "spring", "damping"])
            if rows
        )
        return mjcf.model(
            self.bodies + boxes,
            options=options,
            extra=f"<custom>{columns}</custom>{self.extra}{contacts}",
        )

    def machine_geoms(self):
        return [line.split('"')[1] for line in self.bodies if line.startswith("<geom")]


def joint_names(bodies):
    return [line.split('"')[1] for line in bodies if line.startswith("<joint")]


def arm_joints():
    starts = [0.0, -1.5708, 1.5708, -1.5708, -1.5708, 0.0]
    return [
        Joint(
            name,
            armature,
            start,
            2000.0 if large else 300.0,
            60.0 if large else 6.0,
            300.0 if large else 40.0,
            frequency,
        )
        for name, armature, start, large, frequency in zip(
            ARM, generate.ROTORS, starts, [True] * 3 + [False] * 3, [1.3, 1.9, 2.3, 2.9, 3.1, 3.7], strict=True
        )
    ]


def arm():
    """(a) The arm of the cell with its gripper as a load, nothing to touch."""
    path = ROOT / "launch/robots/cell.urdf"
    urdf = mjcf.Urdf(path)
    joints = arm_joints()
    bodies = urdf.body(mount(urdf, "pedestal_mount"), {j.name: j.armature for j in joints}, {}, ARM)
    return Scene("arm", path.read_text(), joints, bodies)


def cell():
    """(b) Arm, gripper, and three parts on the running belt, with all shapes of the cell."""
    path = ROOT / "launch/robots/cell.urdf"
    urdf = mjcf.Urdf(path)
    joints = [
        *arm_joints(),
        Joint("gripper_finger_joint", 9.0, 0.025, 800.0, 120.0, 12.0, 4.0),
        Joint("conveyor_belt_joint", 12.5, 0.0, 0.0, 400.0, bias=400.0 * BELT_SPEED),
    ]
    colliders = {
        name: [mjcf.geom(f"{name}_{k}", collision, MACHINE) for k, collision in enumerate(link.findall("collision"))]
        for name, link in urdf.links.items()
    }
    # The upper face of the conveyor runs: in MuJoCo that is a body, long enough never to end. The rollers, which follow the belt
    # 25 times as fast, are 1.5 kg on top of its motor.
    colliders["conveyor_belt"] = [colliders["conveyor"].pop(0).replace("0.92 ", "9.2 ")]
    armatures = {j.name: j.armature for j in joints} | {"conveyor_belt_joint": 12.5 + 2 * 25**2 * 0.0012}
    other_finger = "gripper_finger_right_joint"
    only = [*armatures, other_finger]
    bodies = [
        line
        for name in ("pedestal_mount", "conveyor_mount", "bin_mount")
        for line in urdf.body(mount(urdf, name), armatures, colliders, only)
    ]
    extra = f'<equality><joint joint1="{other_finger}" joint2="gripper_finger_joint" polycoef="0 1 0 0 0"/></equality>'
    boxes = [[BELT[0], y, BELT[2] + CUBE] for y in (-0.5, -0.3, -0.1)]
    return Scene(
        "cell", path.read_text(), joints, bodies, boxes, ["conveyor", "conveyor_belt_joint"], extra, [other_finger]
    )


def chain(count):
    """A chain of equal links on springs."""
    axes = ["0 0 1", "0 1 0", "1 0 0"]
    joints = [Joint(f"joint_{k}", 0.1, 0.2, 60.0, 1.0, 10.0, 1.0 + 3 * math.sin(k) ** 2) for k in range(count)]
    links = "".join(
        f'<link name="link_{k}"><inertial><origin xyz="0.01 0 0.05"/><mass value="0.3"/>'
        f'<inertia ixx="0.0004" ixy="0" ixz="0" iyy="0.0005" iyz="0" izz="0.0003"/></inertial></link>'
        f'<joint name="joint_{k}" type="revolute"><parent link="{f"link_{k - 1}" if k else "base"}"/>'
        f'<child link="link_{k}"/><origin xyz="0 0 {0.1 if k else 0}"/><axis xyz="{axes[k % 3]}"/>'
        f'<limit lower="-10" upper="10" velocity="10" effort="100"/></joint>'
        for k in range(count)
    )
    text = f'<robot name="chain"><link name="base"/>{links}</robot>'
    urdf = mjcf.Urdf.of(text)
    names = [joint.name for joint in joints]
    bodies = urdf.body(mount(urdf, "joint_0"), {j.name: j.armature for j in joints}, {}, names)
    return Scene(f"chain_{count}", text, joints, bodies)


def parts(count):
    """Boxes beside each other on a running belt."""
    text = """<robot name="belt"><link name="base"><collision><origin xyz="0 0 -0.05"/><geometry><box size="60 60 0.1"/></geometry>
        </collision></link><link name="belt"><inertial><mass value="10"/><inertia ixx="1" ixy="0" ixz="0" iyy="1" iyz="0" izz="1"/></inertial></link>
        <joint name="belt_joint" type="prismatic"><parent link="base"/><child link="belt"/><axis xyz="1 0 0"/>
        <limit lower="-10" upper="10" velocity="10" effort="1000"/></joint></robot>"""
    urdf = mjcf.Urdf.of(text)
    joints = [Joint("belt_joint", 50.0, 0.0, 0.0, 4000.0, bias=4000.0 * BELT_SPEED)]
    surface = {"belt": [mjcf.geom("belt", urdf.links["base"].find("collision"), MACHINE)]}
    bodies = urdf.body(mount(urdf, "belt_joint"), {"belt_joint": 50.0}, surface, ["belt_joint"])
    boxes = [[0.1 * (k % 10), 0.1 * (k // 10), CUBE] for k in range(count)]
    return Scene(f"parts_{count}", text, joints, bodies, boxes, ["base", "belt_joint"])


def mount(urdf, name):
    (joint,) = [joint for joint in urdf.joints if joint.get("name") == name]
    return joint


if __name__ == "__main__":
    main()
