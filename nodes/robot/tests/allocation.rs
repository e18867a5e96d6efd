//! After `Workspace::new`, no algorithm allocates: counted over all of them, on robots of every kind.

use nalgebra::{Matrix3, Matrix3xX, Matrix6xX, Vector3};
use servomesh_robot::{Model, Payload, Workspace};

/// How often this thread allocates in `work`.
fn allocations(work: impl FnOnce()) -> u64 {
    allocation_counter::measure(work).count_total
}

#[test]
fn allocations_are_counted() {
    assert_eq!(allocations(|| drop(std::hint::black_box(vec![1.0_f64; 100]))), 1);
}

#[test]
fn no_algorithm_allocates() {
    // Joints that turn; that slide, with mimics; in a tree; floating; planar.
    for robot in ["six", "rail", "branched", "floating", "planar"] {
        let robots = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/robots");
        let mut model = Model::from_urdf_file(format!("{robots}/{robot}.urdf"))
            .unwrap()
            .with_free_joints();
        let count = model.velocity_count();
        let link = model.links().last().unwrap();
        let mut q = model.neutral_positions();
        let mut other = q.clone();
        let (qd, qdd, input) = (vec![0.3; count], vec![-0.7; count], vec![2.0; count]);
        let mut output = vec![0.0; count];
        let mut momentum = output.clone();
        let (mut of_link, mut of_centre) = (Matrix6xX::zeros(count), Matrix3xX::zeros(count));
        let mut work = Workspace::new(&model);
        let load = Payload {
            mass: 1.0,
            centre_of_mass: Vector3::new(0.1, 0.2, 0.3),
            inertia: Matrix3::identity() * 0.01,
        };
        macro_rules! allocates_nothing {
            ($($call:expr;)*) => {$(
                assert_eq!(
                    allocations(|| { std::hint::black_box($call); }),
                    0,
                    "{robot}: {}",
                    stringify!($call)
                );
            )*};
        }
        // The second time sees what the first has left.
        for _ in 0..2 {
            allocates_nothing! {
                model.integrate(&mut q, &qd);
                model.difference(&q, &other, &mut output);
                other.copy_from_slice(&q);
                model.forward_kinematics(&mut work, &q);
                model.link_pose(&work, link);
                model.jacobian(&work, link, &mut of_link);
                model.jacobian_derivative(&mut work, link, &qd, &mut of_link);
                model.link_velocity(&work, link, &qd);
                model.link_acceleration(&mut work, link, &qd, &qdd);
                model.centre_of_mass(&work);
                model.centre_of_mass_jacobian(&mut work, &mut of_centre);
                model.potential_energy(&work);
                model.inverse_dynamics(&mut work, &q, &qd, &qdd, &mut output);
                model.bias_effort(&mut work, &q, &qd, &mut output);
                model.gravity_effort(&mut work, &q, &mut output);
                model.coriolis_effort(&mut work, &q, &qd, &mut output);
                model.mass_matrix(&mut work, &q);
                model.kinetic_energy(&mut work, &q, &qd);
                model.coriolis_matrix(&mut work, &q, &qd);
                model.momentum(&mut work, &q, &qd, &mut output, &mut momentum);
                model.forward_dynamics(&mut work, &q, &qd, &input, &mut output).is_ok();
                model.set_payload(link, Some(load)).is_ok();
                model.set_payload(link, None).is_ok();
                model.set_gravity(Vector3::new(0.0, 1.0, -9.0));
                model.moving_mass();
            }
        }
    }
}
