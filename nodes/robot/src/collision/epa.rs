//! How deep two convex cores are in each other: the expanding polytope. Lengths in m.
//!
//! Grows a polytope inside of the difference a − b from the simplex that holds the origin, always at its face closest to the origin. Each face
//! tried gives a direction and how far b has to move along it to come free, so the least of those is never below the true depth.
//!
//! **Invariant:** the depth is never below the true one; nothing is allocated.
//!
//! G. van den Bergen, *Proximity queries and penetration depth computation on 3D game objects* (2001).

use nalgebra::Vector3;

use super::gjk::{Apart, Pair};
use super::simplex::{Simplex, Vertex};

#[derive(Clone, Copy)]
struct Face {
    corners: [u8; 3],
    normal: Vector3<f64>,
    distance: f64,
}

struct Polytope {
    vertices: [Vertex; MAX_VERTICES],
    vertex_count: usize,
    faces: [Face; MAX_FACES],
    face_count: usize,
    scale: f64,
}

impl Pair<'_> {
    /// The least motion that separates two touching cores; its distance is minus the depth.
    pub(crate) fn penetrate(&self, simplex: &Simplex) -> Apart {
        let mut polytope = match Polytope::new(self, simplex) {
            Ok(polytope) => polytope,
            // The difference is flat: a motion across it separates at once.
            Err(normal) => return touching(&simplex.witnesses(), normal),
        };
        let (mut depth, mut normal) = (f64::INFINITY, polytope.faces[0].normal);
        let mut is_known = false;
        while let Some(face) = polytope.closest_face() {
            let vertex = self.support(&face.normal);
            let needed = face.normal.dot(&vertex.point);
            if needed < depth {
                (depth, normal) = (needed, face.normal);
            }
            is_known = depth - face.distance <= TOLERANCE;
            if is_known || !polytope.expand(vertex) {
                break;
            }
        }
        if !is_known && let Some(settled) = self.settle(depth, normal) {
            return settled;
        }
        let [on_a, on_b] = polytope.witnesses(&normal);
        Apart {
            distance: -depth.max(0.0),
            on_a,
            on_b,
            normal,
        }
    }
}

fn touching(witnesses: &[Vector3<f64>; 2], normal: Vector3<f64>) -> Apart {
    Apart {
        distance: 0.0,
        on_a: witnesses[0],
        on_b: witnesses[1],
        normal,
    }
}

impl Polytope {
    /// A tetrahedron with the points of `simplex` among its corners, or a direction in which the difference has no extent.
    fn new(pair: &Pair, simplex: &Simplex) -> Result<Self, Vector3<f64>> {
        let mut corners = [simplex.vertices()[0]; 4];
        let mut count = simplex.vertices().len();
        corners[..count].copy_from_slice(simplex.vertices());
        let scale = corners
            .iter()
            .map(|corner| corner.point.norm())
            .fold(1e-3, f64::max);
        let thin = FLAT * scale;
        let mut kept = 1;
        for candidate in 1..count {
            if height(&corners[..kept], &corners[candidate].point).1 > thin {
                corners[kept] = corners[candidate];
                kept += 1;
            }
        }
        count = kept;
        while count < 4 {
            let (direction, _) = height(&corners[..count], &(corners[0].point + across(&corners[..count])));
            let found = [direction, -direction]
                .map(|direction| pair.support(&direction))
                .into_iter()
                .find(|vertex| height(&corners[..count], &vertex.point).1 > thin);
            // A plane without extent across it, or (of a line or point) any direction across.
            let Some(vertex) = found else {
                return Err(unit_or_z(direction));
            };
            corners[count] = vertex;
            count += 1;
        }
        let mut polytope = Self {
            vertices: [corners[0]; MAX_VERTICES],
            vertex_count: 4,
            faces: [Face {
                corners: [0; 3],
                normal: Vector3::zeros(),
                distance: f64::INFINITY,
            }; MAX_FACES],
            face_count: 0,
            scale,
        };
        let [a, b, c, d] = corners.map(|corner| corner.point);
        if (b - a).cross(&(c - a)).dot(&(d - a)) > 0.0 {
            corners.swap(1, 2);
        }
        polytope.vertices[..4].copy_from_slice(&corners);
        for face in [[0, 1, 2], [0, 3, 1], [0, 2, 3], [1, 3, 2]] {
            polytope.add_face(face);
        }
        Ok(polytope)
    }

    fn point(&self, corner: u8) -> Vector3<f64> {
        self.vertices[usize::from(corner)].point
    }

    /// Adds a face whose corners run counter-clockwise as seen from outside. One without area stays for the topology, but is never the closest.
    fn add_face(&mut self, corners: [u8; 3]) {
        let [a, b, c] = corners.map(|corner| self.point(corner));
        let normal = (b - a).cross(&(c - a));
        let area = normal.norm();
        let face = if area > 1e-15 * self.scale * self.scale {
            let normal = normal / area;
            Face {
                corners,
                normal,
                distance: normal.dot(&a),
            }
        } else {
            Face {
                corners,
                normal: Vector3::zeros(),
                distance: f64::INFINITY,
            }
        };
        self.faces[self.face_count] = face;
        self.face_count += 1;
    }

    fn closest_face(&self) -> Option<Face> {
        self.faces[..self.face_count]
            .iter()
            .filter(|face| face.distance.is_finite())
            .min_by(|a, b| a.distance.total_cmp(&b.distance))
            .copied()
    }

    /// Puts a vertex in place of all faces that it sees; `false` if there is no more room or nothing to see.
    fn expand(&mut self, vertex: Vertex) -> bool {
        let sees = |face: &Face| face.normal.dot(&vertex.point) > face.distance + SEEN * self.scale;
        let mut horizon = [[0_u8; 2]; MAX_FACES];
        let mut edges = 0;
        let mut kept = 0;
        let mut seen = [[0_u8; 3]; MAX_FACES];
        let mut seen_count = 0;
        for index in 0..self.face_count {
            let face = self.faces[index];
            if face.distance.is_finite() && sees(&face) {
                seen[seen_count] = face.corners;
                seen_count += 1;
            } else {
                self.faces[kept] = face;
                kept += 1;
            }
        }
        for corners in &seen[..seen_count] {
            for edge in edges_of(corners) {
                let twin = [edge[1], edge[0]];
                let is_inner = seen[..seen_count]
                    .iter()
                    .any(|other| edges_of(other).contains(&twin));
                if !is_inner {
                    if edges == MAX_FACES {
                        return false;
                    }
                    horizon[edges] = edge;
                    edges += 1;
                }
            }
        }
        self.face_count = kept;
        let has_room = self.vertex_count < MAX_VERTICES && kept + edges <= MAX_FACES;
        if edges < 3 || !has_room {
            return false;
        }
        self.vertices[self.vertex_count] = vertex;
        let added = u8::try_from(self.vertex_count).expect("there are fewer than 256 vertices");
        self.vertex_count += 1;
        for edge in &horizon[..edges] {
            self.add_face([edge[0], edge[1], added]);
        }
        true
    }

    /// The points of a and b at the place where a ray from the origin leaves the polytope.
    fn witnesses(&self, direction: &Vector3<f64>) -> [Vector3<f64>; 2] {
        let faces = self.faces[..self.face_count].iter();
        let (face, weights) = faces
            .filter_map(|face| Some((face, self.weights_where_pierced(face, direction)?)))
            .max_by(|(_, a), (_, b)| a.min().total_cmp(&b.min()))
            .unwrap_or((&self.faces[0], Vector3::repeat(1.0 / 3.0)));
        let inside = weights.map(|weight| weight.max(0.0));
        let shares = inside / inside.sum();
        let mut witnesses = [Vector3::zeros(); 2];
        for (&corner, &share) in face.corners.iter().zip(shares.iter()) {
            let vertex = &self.vertices[usize::from(corner)];
            witnesses[0] += vertex.on_a * share;
            witnesses[1] += vertex.on_b * share;
        }
        witnesses
    }

    /// How much each corner of a face has in the place where a ray from the origin meets its plane: all positive if the face holds the place.
    /// Adds up to 1.
    fn weights_where_pierced(&self, face: &Face, direction: &Vector3<f64>) -> Option<Vector3<f64>> {
        let slope = face.normal.dot(direction);
        if slope < 1e-6 {
            return None;
        }
        let place = direction * (face.distance / slope);
        let [a, b, c] = face.corners.map(|corner| self.point(corner) - place);
        let areas = Vector3::new(
            face.normal.dot(&b.cross(&c)),
            face.normal.dot(&c.cross(&a)),
            face.normal.dot(&a.cross(&b)),
        );
        Some(areas / areas.sum())
    }
}

fn edges_of(corners: &[u8; 3]) -> [[u8; 2]; 3] {
    [
        [corners[0], corners[1]],
        [corners[1], corners[2]],
        [corners[2], corners[0]],
    ]
}

/// A unit vector across the span of up to three points towards `point`, and how far the point is from that span.
fn height(span: &[Vertex], point: &Vector3<f64>) -> (Vector3<f64>, f64) {
    let from = point - span[0].point;
    let across = match span {
        [_] => from,
        [a, b] => {
            let along = b.point - a.point;
            from - along * (from.dot(&along) / along.norm_squared())
        }
        [a, b, c, ..] => {
            let normal = (b.point - a.point).cross(&(c.point - a.point)).normalize();
            normal * normal.dot(&from)
        }
        [] => Vector3::zeros(),
    };
    let distance = across.norm();
    (if distance > 0.0 { across / distance } else { across }, distance)
}

/// Some direction that does not lie in the span of up to three points.
fn across(span: &[Vertex]) -> Vector3<f64> {
    match span {
        [a, b] => {
            let along = b.point - a.point;
            let mut least = Vector3::zeros();
            least[along.iamin()] = along.norm();
            least
        }
        [a, b, c, ..] => (b.point - a.point).cross(&(c.point - a.point)),
        _ => Vector3::x(),
    }
}

fn unit_or_z(direction: Vector3<f64>) -> Vector3<f64> {
    direction.try_normalize(0.0).unwrap_or_else(Vector3::z)
}

const MAX_VERTICES: usize = 128;
/// A closed surface of v corners has 2·v − 4 triangles.
const MAX_FACES: usize = 2 * MAX_VERTICES;
/// Gap between the polytope and the difference at which the depth is known (m).
const TOLERANCE: f64 = 1e-10;
/// Extent, as a part of the cores' size, below which the difference counts as flat.
const FLAT: f64 = 1e-9;
/// How far outside of a face a point must be to see it, as a part of the cores' size.
const SEEN: f64 = 1e-14;
