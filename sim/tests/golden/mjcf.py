"""MuJoCo models of this project's machines, from the same numbers.

Decides how a URDF becomes MJCF: every link is a body at its joint's origin, inertias are given in full in the body's axes, movable
joints get the armatures that the caller names. Nothing is fitted or rounded. Units: m, rad, kg, s.
"""

import xml.etree.ElementTree as ElementTree

import numpy as np

GRAVITY = 9.80665


def numbers(values):
    """Writes numbers so that reading them gives the same bits."""
    return " ".join(repr(float(value)) for value in np.ravel(values))


def rotation(rpy):
    """URDF's fixed-axis roll, pitch, yaw as a matrix."""
    (sr, sp, sy), (cr, cp, cy) = np.sin(rpy), np.cos(rpy)
    return np.array(
        [
            [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
            [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
            [-sp, cp * sr, cp * cr],
        ]
    )


def quaternion(rpy):
    """URDF's fixed-axis roll, pitch, yaw as w, x, y, z."""
    (sr, sp, sy), (cr, cp, cy) = np.sin(np.divide(rpy, 2)), np.cos(np.divide(rpy, 2))
    return np.array(
        [
            cr * cp * cy + sr * sp * sy,
            sr * cp * cy - cr * sp * sy,
            cr * sp * cy + sr * cp * sy,
            cr * cp * sy - sr * sp * cy,
        ]
    )


def _floats(element, name, default="0 0 0"):
    return np.array([float(text) for text in (element.get(name, default) if element is not None else default).split()])


class Urdf:
    """The parts of a URDF that dynamics need."""

    def __init__(self, path):
        self._take(ElementTree.parse(path).getroot())

    @classmethod
    def of(cls, text):
        """Of a text instead of a file."""
        urdf = cls.__new__(cls)
        urdf._take(ElementTree.fromstring(text))
        return urdf

    def _take(self, root):
        self.links = {link.get("name"): link for link in root.findall("link")}
        self.joints = root.findall("joint")

    def children(self, link):
        return [joint for joint in self.joints if joint.find("parent").get("link") == link]

    def body(self, joint, armatures, colliders, only):
        """The body that hangs on a joint, with all that hangs on it; joints not in `only` are held at 0."""
        name = joint.find("child").get("link")
        origin = joint.find("origin")
        lines = [
            f'<body name="{name}" pos="{numbers(_floats(origin, "xyz"))}" quat="{numbers(quaternion(_floats(origin, "rpy")))}">'
        ]
        if joint.get("name") in only:
            kind = "slide" if joint.get("type") == "prismatic" else "hinge"
            axis = numbers(_floats(joint.find("axis"), "xyz", "1 0 0"))
            armature = numbers(armatures.get(joint.get("name"), 0.0))
            lines.append(f'<joint name="{joint.get("name")}" type="{kind}" axis="{axis}" armature="{armature}"/>')
        inertial = self.links[name].find("inertial")
        if inertial is not None:
            lines.append(_inertial(inertial))
        lines += colliders.get(name, [])
        for child in self.children(name):
            lines += self.body(child, armatures, colliders, only)
        return lines + ["</body>"]


def geom(name, collision, attributes):
    """A collision shape of a URDF; meshes are none."""
    origin, shape = collision.find("origin"), collision.find("geometry")[0]
    sizes = {
        "box": lambda: _floats(shape, "size") / 2,
        "cylinder": lambda: [float(shape.get("radius")), float(shape.get("length")) / 2],
        "sphere": lambda: [float(shape.get("radius"))],
    }
    place = f'pos="{numbers(_floats(origin, "xyz"))}" quat="{numbers(quaternion(_floats(origin, "rpy")))}"'
    return f'<geom name="{name}" type="{shape.tag}" size="{numbers(sizes[shape.tag]())}" {place} {attributes}/>'


def _inertial(inertial):
    origin, tensor = inertial.find("origin"), inertial.find("inertia")
    xx, xy, xz, yy, yz, zz = (float(tensor.get(name)) for name in ("ixx", "ixy", "ixz", "iyy", "iyz", "izz"))
    turn = rotation(_floats(origin, "rpy"))
    full = turn @ np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]) @ turn.T
    six = [full[0, 0], full[1, 1], full[2, 2], full[0, 1], full[0, 2], full[1, 2]]
    mass = inertial.find("mass").get("value")
    return f'<inertial pos="{numbers(_floats(origin, "xyz"))}" mass="{mass}" fullinertia="{numbers(six)}"/>'


def model(bodies, *, step=0.001, options="", gravity=(0.0, 0.0, -GRAVITY), defaults="", extra=""):
    """A whole MJCF document; angles in radians, limits and inertias exactly as given."""
    return "\n".join(
        [
            "<mujoco>",
            '<compiler angle="radian" autolimits="false" fusestatic="true" boundmass="0" boundinertia="0"/>',
            f'<option timestep="{step}" gravity="{numbers(gravity)}" {options}/>',
            f"<default>{defaults}</default>",
            "<worldbody>",
            *bodies,
            "</worldbody>",
            extra,
            "</mujoco>",
            "",
        ]
    )
