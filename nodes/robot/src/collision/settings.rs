//! What a collision model is made from besides the robot: where meshes are, what stands for them, how hard to look for pairs
//! that never touch. Lengths in m.

use std::path::PathBuf;

/// How a collision model is made.
#[derive(Debug, Clone, PartialEq)]
pub struct CollisionSettings {
    /// Which solids stand for the links' shapes.
    pub link_solids: LinkSolids,
    /// Folders in which meshes are looked for, in that order: `package://name/path` as `<folder>/name/path`, and as
    /// `<folder>/path` where the folder itself is called `name`; a relative path as `<folder>/path`.
    pub mesh_folders: Vec<PathBuf>,
    /// What stands for a mesh that can't be read.
    pub missing_mesh: MissingMesh,
    /// How many random positions are tried in the search for pairs that always or never touch.
    pub samples: usize,
    /// How many positions the proof that one pair never touches may take; a pair without a proof stays checked.
    pub proof_steps: usize,
    /// Seed of the random positions: the same seed gives the same pairs.
    pub seed: u64,
}

/// Which solids stand for the links' shapes. Both contain the shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkSolids {
    /// Boxes, cylinders, capsules and spheres as described; of a mesh, its convex hull.
    Convex,
    /// The smallest capsule found around each shape: rounder and larger, but several times as fast to check.
    Capsules,
}

/// What stands for a mesh that can't be found or read. A [`CollisionWarning`](super::CollisionWarning) names the mesh in any case.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MissingMesh {
    /// Capsules of this radius from the link's frame to that of each link that it carries, or a sphere if it carries none. A guess: it need
    /// not contain the mesh.
    Capsules {
        /// Their radius.
        radius: f64,
    },
    /// Nothing: the shape is not checked.
    Nothing,
}

impl Default for CollisionSettings {
    fn default() -> Self {
        Self {
            link_solids: LinkSolids::Convex,
            mesh_folders: Vec::new(),
            // About the thickness of the links of arms for payloads of 3 to 10 kg.
            missing_mesh: MissingMesh::Capsules { radius: 0.06 },
            samples: 300,
            proof_steps: 20_000,
            seed: 1,
        }
    }
}
