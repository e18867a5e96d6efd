//! On machines drawn at random: joints never move solids against each other farther than said, and no distance is below what is said.

use std::f64::consts::PI;
use std::fmt::Write as _;

use nalgebra::{Isometry3, Translation3, UnitQuaternion, Vector3};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use servomesh_robot::Model;
use servomesh_robot::collision::{CollisionModel, CollisionSettings, Linkage, Solid};

struct Drawn(ChaCha8Rng);

impl Drawn {
    fn within(&mut self, most: f64) -> f64 {
        self.0.random_range(-most..most)
    }

    fn three(&mut self, most: f64) -> String {
        format!(
            "{} {} {}",
            self.within(most),
            self.within(most),
            self.within(most)
        )
    }

    fn size(&mut self) -> f64 {
        self.0.random_range(0.02..0.1)
    }

    /// A tree of links: joints that turn, slide, and follow others, and solids of all kinds.
    fn robot(&mut self) -> Model {
        let count = self.0.random_range(3..8_usize);
        let mut text = r#"<robot name="drawn"><link name="l0"/>"#.to_owned();
        for link in 1..=count {
            let (at, size) = (self.three(0.2), [self.size(), self.size(), self.size()]);
            let turn = self.three(3.0);
            let shape = match self.0.random_range(0..3) {
                0 => format!(r#"<box size="{} {} {}"/>"#, size[0], size[1], 4.0 * size[2]),
                1 => format!(r#"<cylinder radius="{}" length="{}"/>"#, size[0], 4.0 * size[1]),
                _ => format!(r#"<sphere radius="{}"/>"#, size[0]),
            };
            // A branch now and then.
            let parent = if self.0.random_bool(0.8) {
                link - 1
            } else {
                self.0.random_range(0..link)
            };
            let kind = if self.0.random_bool(0.75) {
                "revolute"
            } else {
                "prismatic"
            };
            let follows = if link > 1 && self.0.random_bool(0.2) {
                let ratio = self.within(2.0);
                format!(r#"<mimic joint="j1" multiplier="{ratio}" offset="0.3"/>"#)
            } else {
                String::new()
            };
            let (origin, axis) = (self.three(0.4), self.three(1.0));
            write!(
                text,
                r#"<link name="l{link}"><collision><origin xyz="{at}" rpy="{turn}"/><geometry>{shape}</geometry></collision></link>
                <joint name="j{link}" type="{kind}"><parent link="l{parent}"/><child link="l{link}"/>
                <origin xyz="{origin}" rpy="{turn}"/><axis xyz="{axis}"/>
                <limit lower="-1" upper="1" velocity="1" effort="1"/>{follows}</joint>"#
            )
            .expect("a string takes all");
        }
        Model::from_urdf_str(&(text + "</robot>")).expect("it is a robot")
    }

    /// The robot among obstacles.
    fn scene(&mut self) -> CollisionModel {
        let settings = CollisionSettings {
            samples: 5,
            proof_steps: 0,
            ..CollisionSettings::default()
        };
        let mut model = CollisionModel::new(&self.robot(), &settings);
        for index in 0..4 {
            let size = Vector3::from_fn(|_, _| 0.3 * self.size());
            let solid = match index {
                0 => Solid::cuboid(&size),
                1 => Solid::sphere(size.x),
                2 => Solid::cylinder(size.x, size.y),
                _ => Ok(Solid::half_space()),
            };
            let mut at = Vector3::from_fn(|_, _| self.within(1.0));
            if index == 3 {
                at.z = -1.0;
            }
            let turn = UnitQuaternion::from_euler_angles(self.within(PI), 0.0, 0.0);
            let pose = Isometry3::from_parts(Translation3::from(at), turn);
            let solid = solid.expect("measures are positive");
            model
                .add_obstacle(&format!("o{index}"), solid, &pose)
                .expect("a new name");
        }
        model
    }
}

/// How far joints that move so bring the two groups nearer at most.
fn travel(linkage: &Linkage, reaches: &[f64], by: &[f64]) -> f64 {
    let joints: Vec<usize> = linkage.joints().collect();
    let [travel] = linkage.travels(|mover| [(reaches[mover], by[joints[mover]].abs())]);
    travel
}

fn distance(model: &CollisionModel, linkage: &Linkage) -> f64 {
    model.closest_of(linkage).expect("it has solids").distance
}

#[test]
fn joints_never_move_two_groups_farther_against_each_other_than_said() {
    let (mut asked, mut close) = (0, 0);
    for seed in 0..150 {
        let mut drawn = Drawn(ChaCha8Rng::seed_from_u64(seed));
        let mut model = drawn.scene();
        let joints = model.robot().joint_count();
        let mut linkages = model.linkages();
        for turn in 0..20 {
            // Beyond the limits too: nothing here rests on them.
            let from: Vec<f64> = (0..joints).map(|_| drawn.within(2.0)).collect();
            let size = 10_f64.powf(-3.0 * f64::from(turn) / 20.0);
            let by: Vec<f64> = (0..joints)
                .map(|_| {
                    if drawn.0.random_bool(0.5) {
                        drawn.within(size)
                    } else {
                        0.0
                    }
                })
                .collect();
            model.place(&from);
            let known: Vec<_> = linkages
                .iter_mut()
                .map(|linkage| {
                    let mut reaches = vec![0.0; linkage.joints().len()];
                    model.reaches(linkage, &mut reaches);
                    (distance(&model, linkage), reaches)
                })
                .collect();
            let to: Vec<f64> = from.iter().zip(&by).map(|(from, by)| from + by).collect();
            model.place(&to);
            for (linkage, (before, reaches)) in linkages.iter_mut().zip(&known) {
                let after = distance(&model, linkage);
                let travel = travel(linkage, reaches, &by);
                // Depths are measured from outside: apart is what counts.
                let change = (after.max(0.0) - before.max(0.0)).abs();
                assert!(
                    change <= travel + 1e-8,
                    "seed {seed}: {before} to {after}, but at most {travel}"
                );
                asked += 1;
                close += usize::from(travel > 1e-6 && change > 0.9 * travel);
            }
        }
    }
    assert!(
        asked > 10_000 && close > asked / 100,
        "{close} of {asked} are sharp"
    );
}

#[test]
fn a_links_origin_never_moves_farther_than_said() {
    let mut close = 0;
    for seed in 0..150 {
        let mut drawn = Drawn(ChaCha8Rng::seed_from_u64(seed));
        let model = drawn.robot();
        let mut collision = CollisionModel::new(
            &model,
            &CollisionSettings {
                samples: 0,
                proof_steps: 0,
                ..CollisionSettings::default()
            },
        );
        let mut workspace = servomesh_robot::Workspace::new(&model);
        let mut origin = |link, q: &[f64]| {
            model.forward_kinematics(&mut workspace, q);
            model.link_pose(&workspace, link).translation.vector
        };
        for link in model.links() {
            let linkage = collision.linkage_of_origin(link);
            let from: Vec<f64> = (0..model.joint_count()).map(|_| drawn.within(2.0)).collect();
            let by: Vec<f64> = from.iter().map(|_| drawn.within(0.1)).collect();
            let to: Vec<f64> = from.iter().zip(&by).map(|(from, by)| from + by).collect();
            collision.place(&from);
            let mut reaches = vec![0.0; linkage.joints().len()];
            collision.reaches(&linkage, &mut reaches);
            let travel = travel(&linkage, &reaches, &by);
            let moved = (origin(link, &to) - origin(link, &from)).norm();
            assert!(
                moved <= travel + 1e-9,
                "seed {seed}: {moved}, but at most {travel}"
            );
            close += usize::from(moved > 0.8 * travel && moved > 0.0);
        }
    }
    assert!(close > 50, "{close} are sharp");
}

#[test]
fn a_clearance_is_sharp_where_it_is_small_and_never_above_the_distance() {
    let (mut exact, mut bounded) = (0, 0);
    for seed in 0..100 {
        let mut drawn = Drawn(ChaCha8Rng::seed_from_u64(seed));
        let mut model = drawn.scene();
        let joints = model.robot().joint_count();
        let mut linkages = model.linkages();
        for _ in 0..20 {
            let q: Vec<f64> = (0..joints).map(|_| drawn.within(2.0)).collect();
            model.place(&q);
            let nearest = model.minimum_distance().expect("there is a pair").distance;
            let distances = linkages.iter().map(|linkage| distance(&model, linkage));
            let least = distances.fold(f64::INFINITY, f64::min);
            assert!(
                (least - nearest).abs() < 1e-9,
                "seed {seed}: {least} of {nearest}"
            );
            for linkage in &mut linkages {
                let distance = distance(&model, linkage);
                let clearance = model.clearance(linkage, NEAR);
                assert!(
                    clearance <= distance + 1e-9,
                    "seed {seed}: {clearance} of {distance}"
                );
                if clearance < NEAR {
                    assert!(
                        clearance >= distance - 0.01 * distance.abs() - 1e-8,
                        "seed {seed}: {clearance} of {distance}"
                    );
                    exact += 1;
                } else {
                    bounded += 1;
                }
            }
        }
    }
    assert!(exact > 1000 && bounded > 1000, "{exact} {bounded}");
}

const NEAR: f64 = 0.1;
