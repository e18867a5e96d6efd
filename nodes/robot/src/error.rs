//! What can be wrong with a robot description or with a question to the model.
//!
//! Each message names the file, the joint or link, the value, and what to do.

use std::path::PathBuf;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum RobotError {
    /// The file could not be read.
    #[error("{}: cannot be read: {reason}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        reason: std::io::Error,
    },
    /// The limits file is no YAML, or has not what it must have.
    #[error("limits file: {0}")]
    LimitsFile(#[source] serde_norway::Error),
    /// The description is not usable.
    #[error("{file}: {problem}")]
    Description {
        /// The file, or `<string>` for text that came without one.
        file: String,
        /// What is wrong with it.
        #[source]
        problem: DescriptionProblem,
    },
    /// No movable joint of that name.
    #[error("robot {robot}: no movable joint is called {joint}; there are: {known}")]
    UnknownJoint {
        /// The robot's name.
        robot: String,
        /// The name asked for.
        joint: String,
        /// The names that exist, separated by commas.
        known: String,
    },
    /// No link of that name.
    #[error("robot {robot}: no link is called {link}; there are: {known}")]
    UnknownLink {
        /// The robot's name.
        robot: String,
        /// The name asked for.
        link: String,
        /// The names that exist, separated by commas.
        known: String,
    },
    /// A joint was asked for twice in one subset.
    #[error("robot {robot}: joint {joint} is named twice in a subset; name each joint once")]
    RepeatedJoint {
        /// The robot's name.
        robot: String,
        /// The joint.
        joint: String,
    },
    /// A list of joint values of the wrong length.
    #[error("robot {robot}: {got} joint values were given, but it has {expected} joints")]
    WrongLength {
        /// The robot's name.
        robot: String,
        /// How many joints the model has.
        expected: usize,
        /// How many values came.
        got: usize,
    },
    /// A value that is not a usable physical quantity.
    #[error("robot {robot}: {what} of {item} is {value}; it must be {must_be}")]
    BadValue {
        /// The robot's name.
        robot: String,
        /// The joint or link.
        item: String,
        /// The quantity.
        what: &'static str,
        /// What was given.
        value: f64,
        /// What is allowed.
        must_be: &'static str,
    },
    /// Forward dynamics has no answer: a joint would accelerate without bound.
    #[error(
        "robot {robot}: nothing that joint {joint} moves has inertia ({inertia:e}); give its links an \
         <inertial> or the joint an armature"
    )]
    NoInertia {
        /// The robot's name.
        robot: String,
        /// The joint.
        joint: String,
        /// The inertia that was found (kg·m² or kg).
        inertia: f64,
    },
}

/// What is wrong with a robot description.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DescriptionProblem {
    /// Not well-formed XML, or not a URDF.
    #[error("is not a URDF: {0}")]
    Syntax(String),
    /// The file has no links.
    #[error("has no links; a robot needs at least one <link>")]
    NoLinks,
    /// Two links or two joints of one name.
    #[error("{what} {name} is defined twice; rename one")]
    Duplicate {
        /// "link" or "joint".
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A joint names a link that does not exist.
    #[error("joint {joint}: its {role} link {link} does not exist; add the <link> or correct the name")]
    MissingLink {
        /// The joint.
        joint: String,
        /// "parent" or "child".
        role: &'static str,
        /// The link that is missing.
        link: String,
    },
    /// Several links have no parent.
    #[error("has several roots ({0}); a robot is one tree: connect them with joints")]
    SeveralRoots(String),
    /// A link hangs from two joints.
    #[error("link {link}: is the child of both joint {first} and joint {second}; a tree allows one parent")]
    TwoParents {
        /// The link.
        link: String,
        /// One joint.
        first: String,
        /// The other joint.
        second: String,
    },
    /// Links that form a ring.
    #[error("link {link}: is part of a loop of joints; cut the loop (for example with a mimic joint)")]
    Loop {
        /// A link on the loop.
        link: String,
    },
    /// A joint type without a single degree of freedom.
    #[error(
        "joint {joint}: type {kind} is not supported; use revolute, continuous, prismatic, planar, floating or fixed \
         (several of them in series for more freedom)"
    )]
    UnsupportedJoint {
        /// The joint.
        joint: String,
        /// Its type.
        kind: String,
    },
    /// A mimic joint that follows nothing.
    #[error("joint {joint}: mimics {target}, which {reason}")]
    BadMimic {
        /// The joint.
        joint: String,
        /// The joint it names.
        target: String,
        /// Why it can't be followed.
        reason: &'static str,
    },
    /// A number that is not finite where it must be.
    #[error("{item}: {what} is {value}; give a finite number")]
    NotFinite {
        /// "joint …" or "link …".
        item: String,
        /// The attribute.
        what: &'static str,
        /// Its value.
        value: f64,
    },
    /// A value that must not be negative.
    #[error("{item}: {what} is {value}; it can't be negative")]
    Negative {
        /// "joint …" or "link …".
        item: String,
        /// The attribute.
        what: &'static str,
        /// Its value.
        value: f64,
    },
    /// A joint axis of length zero.
    #[error("joint {joint}: its axis has length {length:e}; give a direction such as \"0 0 1\"")]
    BadAxis {
        /// The joint.
        joint: String,
        /// The axis's length.
        length: f64,
    },
    /// Lower limit above the upper one.
    #[error("joint {joint}: its lower limit {lower} is above its upper limit {upper}; swap them")]
    LimitsInverted {
        /// The joint.
        joint: String,
        /// Lower limit.
        lower: f64,
        /// Upper limit.
        upper: f64,
    },
    /// A body that would gain energy by turning.
    #[error(
        "link {link}: its inertia is not positive definite (principal moments {moments:?} kg·m²); \
         check the signs and the order ixx ixy ixz iyy iyz izz"
    )]
    NotPositiveDefinite {
        /// The link.
        link: String,
        /// Eigenvalues of the tensor (kg·m²).
        moments: [f64; 3],
    },
}

/// Something in a description that works but is probably not meant.
///
/// A model is built all the same. Which ones exist:
/// - a moving link without mass (its dynamics are those of a massless link),
/// - a point mass (mass without rotational inertia),
/// - principal moments that no real body has (one larger than the sum of the others),
/// - rotational inertia without mass,
/// - a limit of 0, which forbids all motion or effort.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Warning {
    /// A link that moves has no mass.
    #[error("link {link}: moves but has no mass; dynamics treat it as weightless")]
    NoMass {
        /// The link.
        link: String,
    },
    /// Mass without rotational inertia.
    #[error("link {link}: has {mass} kg but no rotational inertia; it is taken as a point mass")]
    PointMass {
        /// The link.
        link: String,
        /// Its mass (kg).
        mass: f64,
    },
    /// Rotational inertia without mass.
    #[error("link {link}: has rotational inertia but no mass")]
    InertiaWithoutMass {
        /// The link.
        link: String,
    },
    /// Moments that break the triangle inequality.
    #[error(
        "link {link}: principal moments {moments:?} kg·m² break the triangle inequality; no real body has them"
    )]
    ImpossibleMoments {
        /// The link.
        link: String,
        /// Principal moments (kg·m²).
        moments: [f64; 3],
    },
    /// A limit that forbids all motion.
    #[error("joint {joint}: its {limit} limit is 0 (or missing), so it can't be used; set it")]
    ZeroLimit {
        /// The joint.
        joint: String,
        /// "velocity", "effort" or "position".
        limit: &'static str,
    },
}
