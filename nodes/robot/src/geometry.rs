//! Shapes of links, as plain data for whoever draws or checks them. Lengths in m, colours as in the file (0 … 1).

use nalgebra::{Isometry3, Vector3};

/// A shape, centred on its own origin; cylinders and capsules stand along z.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// A box of full side lengths.
    Box {
        /// Full lengths along x, y, z.
        size: Vector3<f64>,
    },
    /// A cylinder.
    Cylinder {
        /// Radius.
        radius: f64,
        /// Full length along z.
        length: f64,
    },
    /// A cylinder with a half-sphere added at each end.
    Capsule {
        /// Radius.
        radius: f64,
        /// Length of the cylindrical part.
        length: f64,
    },
    /// A sphere.
    Sphere {
        /// Radius.
        radius: f64,
    },
    /// A mesh in a file that this crate does not open.
    Mesh {
        /// As written in the description, for example `package://…`.
        filename: String,
        /// Factors along x, y, z.
        scale: Vector3<f64>,
    },
}

/// A shape on a link.
#[derive(Debug, Clone, PartialEq)]
pub struct Geometry {
    /// Where the shape's origin stands in the link's frame.
    pub link_from_shape: Isometry3<f64>,
    /// The shape.
    pub shape: Shape,
    /// Red, green, blue, opacity; `None` where the file gives no colour.
    pub colour: Option<[f64; 4]>,
}
