//! What can be wrong with a solid or an obstacle, and what is odd but usable about a robot's shapes. Lengths in m.

/// An error of the collision model.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CollisionError {
    /// A measure that no solid has.
    #[error("{what} is {value}; it must be {must_be}")]
    BadMeasure {
        /// The quantity, such as "sphere radius".
        what: &'static str,
        /// What was given.
        value: f64,
        /// What is allowed.
        must_be: &'static str,
    },
    /// A convex solid without points.
    #[error("a convex solid needs at least one point; none were given")]
    NoPoints,
    /// A pose with a number that is not finite.
    #[error("obstacle {name}: its pose is not finite")]
    BadPose {
        /// The obstacle.
        name: String,
    },
    /// Two obstacles, or an obstacle and a link, of one name.
    #[error("obstacle {name}: that name is taken; pick another or remove the first")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// An obstacle that was removed, or is of another model.
    #[error("obstacle number {number} does not exist; it was removed or belongs to another model")]
    NoSuchObstacle {
        /// Its number.
        number: u32,
    },
    /// A half-space can't be carried about.
    #[error("obstacle {name}: a half-space can't hang on link {link}; use a box")]
    HalfSpaceOnLink {
        /// The obstacle.
        name: String,
        /// The link.
        link: String,
    },
    /// Neither a link with collision geometry nor an obstacle.
    #[error("nothing that is checked is called {name}; there are: {known}")]
    UnknownName {
        /// The name asked for.
        name: String,
        /// The names that exist, separated by commas.
        known: String,
    },
}

/// Something about a robot's shapes that works but that its user should know.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CollisionWarning {
    /// A mesh that could not be read; something else stands for it.
    #[error("link {link}: mesh {file} can't be used ({reason}); {stand_in} for it")]
    Mesh {
        /// The link.
        link: String,
        /// The mesh as the description names it.
        file: String,
        /// Why it can't be used.
        reason: String,
        /// What is checked in its place.
        stand_in: &'static str,
    },
    /// A pair that touches with all joints at zero, but not always: it stays checked.
    #[error(
        "links {a} and {b}: touch by {depth} m with all joints at zero (or at the limit next to it), but not in every \
         position; they stay checked: allow the pair if they are meant to touch"
    )]
    TouchAtZero {
        /// One link.
        a: String,
        /// The other link.
        b: String,
        /// How deep they are in each other (m).
        depth: f64,
    },
    /// A pair that touches in every position: it is not checked.
    #[error("links {a} and {b}: touch in every position that was tried; they are not checked")]
    AlwaysTouch {
        /// One link.
        a: String,
        /// The other link.
        b: String,
    },
}
