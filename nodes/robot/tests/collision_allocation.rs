//! Proof that asking for distances allocates nothing. Its own program, because it counts what the whole program allocates.

use nalgebra::{Isometry3, Point3, Vector3};
use servomesh_robot::Model;
use servomesh_robot::collision::{CollisionModel, CollisionSettings, Solid};

/// How often this thread allocates in `work`.
fn allocations(work: impl FnOnce()) -> u64 {
    allocation_counter::measure(work).count_total
}

#[test]
fn the_counter_counts() {
    assert_eq!(
        allocations(|| drop(std::hint::black_box(Vec::<u8>::with_capacity(10)))),
        1
    );
}

#[test]
fn placing_asking_and_moving_allocate_nothing() {
    let cell = Model::from_urdf_str(include_str!("../../../launch/robots/cell.urdf")).unwrap();
    let mut collision = CollisionModel::new(&cell, &CollisionSettings::default());
    let points: Vec<Point3<f64>> = (0..8_u8)
        .map(|corner| Point3::from([1, 2, 4].map(|bit| if corner & bit == 0 { 0.0 } else { 0.2 })))
        .collect();
    let solids = [
        Solid::sphere(0.1).unwrap(),
        Solid::cuboid(&Vector3::new(0.1, 0.2, 0.3)).unwrap(),
        Solid::cylinder(0.1, 0.3).unwrap(),
        Solid::capsule(0.1, 0.3).unwrap(),
        Solid::convex_hull(&points).unwrap(),
        Solid::half_space(),
    ];
    let mut moved = None;
    for (index, solid) in solids.into_iter().enumerate() {
        let at = Isometry3::translation(0.2 * f64::from(u8::try_from(index).unwrap()), 0.1, 0.6);
        moved = Some(
            collision
                .add_obstacle(&format!("obstacle {index}"), solid, &at)
                .unwrap(),
        );
    }
    let moved = moved.unwrap();
    // A clone, for another thread, has its own memory from the start.
    let mut collision = collision.clone();
    let mut q = vec![0.0; cell.joint_count()];
    let mut gradient = vec![0.0; cell.joint_count()];
    let (mut touched, mut free) = (0, 0);
    for step in 0..400_u16 {
        for (joint, position) in q.iter_mut().enumerate().take(6) {
            *position = 3.0 * (f64::from(step) * 0.37 + joint as f64 * 1.3).sin();
        }
        let count = allocations(|| {
            collision.place(&q);
            let near = collision.minimum_distance().unwrap();
            collision.distance_gradient(&near, &mut gradient).unwrap();
            touched += usize::from(collision.closer_than(0.0).is_some());
            free += usize::from(collision.closer_than(-0.15).is_none());
            assert!(!collision.pairs_within(0.2).is_empty());
            let height = -0.001 * f64::from(step);
            collision
                .move_obstacle(moved, &Isometry3::translation(0.0, 0.0, height))
                .unwrap();
        });
        assert_eq!(count, 0, "step {step}");
    }
    assert!(touched > 50 && free > 20, "{touched} {free}");
}
