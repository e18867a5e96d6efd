//! The algorithms agree with one another on random trees, mimic joints included.

mod support;

use nalgebra::{DVector, Matrix6xX, Vector3};
use servomesh_robot::Payload;
use support::{Sample, for_random_trees};

fn assert_close(a: &[f64], b: &[f64], tolerance: f64) {
    let scale = b.iter().fold(1.0, |scale: f64, value| scale.max(value.abs()));
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() <= tolerance * scale, "{a} {b}");
    }
}

#[test]
fn the_mass_matrix_times_acceleration_plus_bias_is_the_inverse_dynamics() {
    for with_mimics in [false, true] {
        for_random_trees(
            with_mimics,
            |Sample {
                 model,
                 mut workspace,
                 q,
                 qd,
                 qdd,
             }| {
                let mut effort = vec![0.0; q.len()];
                model.inverse_dynamics(&mut workspace, &q, &qd, &qdd, &mut effort);
                let mut bias = vec![0.0; q.len()];
                model.bias_effort(&mut workspace, &q, &qd, &mut bias);
                let matrix = model.mass_matrix(&mut workspace, &q);
                assert!((matrix - matrix.transpose()).amax() < 1e-12 * (1.0 + matrix.amax()));
                let sum = matrix * DVector::from_column_slice(&qdd) + DVector::from_column_slice(&bias);
                assert_close(sum.as_slice(), &effort, 1e-11);
            },
        );
    }
}

#[test]
fn forward_dynamics_undoes_inverse_dynamics() {
    for with_mimics in [false, true] {
        for_random_trees(
            with_mimics,
            |Sample {
                 model,
                 mut workspace,
                 q,
                 qd,
                 qdd,
             }| {
                let mut effort = vec![0.0; q.len()];
                model.inverse_dynamics(&mut workspace, &q, &qd, &qdd, &mut effort);
                let mut again = vec![0.0; q.len()];
                model
                    .forward_dynamics(&mut workspace, &q, &qd, &effort, &mut again)
                    .unwrap();
                assert_close(&again, &qdd, 1e-9);
            },
        );
    }
}

#[test]
fn the_jacobian_is_the_derivative_of_forward_kinematics() {
    let step = 1e-6;
    for_random_trees(
        true,
        |Sample {
             model,
             mut workspace,
             q,
             qd,
             ..
         }| {
            for link in model.links() {
                model.forward_kinematics(&mut workspace, &q);
                let mut jacobian = Matrix6xX::zeros(q.len());
                model.jacobian(&workspace, link, &mut jacobian);
                let twist = model.link_velocity(&workspace, link, &qd);
                let product = &jacobian * DVector::from_column_slice(&qd);
                assert_close(twist.linear.as_slice(), &product.as_slice()[..3], 1e-12);
                assert_close(twist.angular.as_slice(), &product.as_slice()[3..], 1e-12);
                for joint in 0..q.len() {
                    let mut pose_at = |offset: f64| {
                        let mut moved = q.clone();
                        moved[joint] += offset;
                        model.forward_kinematics(&mut workspace, &moved);
                        model.link_pose(&workspace, link)
                    };
                    let (before, after) = (pose_at(-step), pose_at(step));
                    let linear = (after.translation.vector - before.translation.vector) / (2.0 * step);
                    let angular = (after.rotation * before.rotation.inverse()).scaled_axis() / (2.0 * step);
                    assert_close(linear.as_slice(), &jacobian.column(joint).as_slice()[..3], 1e-7);
                    assert_close(angular.as_slice(), &jacobian.column(joint).as_slice()[3..], 1e-7);
                }
            }
        },
    );
}

#[test]
fn gravity_efforts_are_the_slope_of_potential_energy() {
    let step = 1e-6;
    for_random_trees(
        true,
        |Sample {
             model,
             mut workspace,
             q,
             ..
         }| {
            let mut gravity = vec![0.0; q.len()];
            model.gravity_effort(&mut workspace, &q, &mut gravity);
            let slope: Vec<f64> = (0..q.len())
                .map(|joint| {
                    let mut energy_at = |offset: f64| {
                        let mut moved = q.clone();
                        moved[joint] += offset;
                        model.forward_kinematics(&mut workspace, &moved);
                        model.potential_energy(&workspace)
                    };
                    (energy_at(step) - energy_at(-step)) / (2.0 * step)
                })
                .collect();
            assert_close(&slope, &gravity, 1e-7);
        },
    );
}

#[test]
fn energy_is_conserved_in_free_motion() {
    for_random_trees(
        true,
        |Sample {
             model,
             mut workspace,
             q,
             qd,
             ..
         }| {
            let count = q.len();
            let free = vec![0.0; count];
            let mut state: Vec<f64> = q.iter().chain(&qd).copied().collect();
            let mut energy = |state: &[f64]| {
                model.forward_kinematics(&mut workspace, &state[..count]);
                let potential = model.potential_energy(&workspace);
                potential + model.kinetic_energy(&mut workspace, &state[..count], &state[count..])
            };
            let before = energy(&state);
            let scale = 1.0 + before.abs() + model.moving_mass() * 9.81;
            let mut scratch = servomesh_robot::Workspace::new(&model);
            let mut slope = |state: &[f64]| {
                let mut qdd = vec![0.0; count];
                model
                    .forward_dynamics(&mut scratch, &state[..count], &state[count..], &free, &mut qdd)
                    .unwrap();
                state[count..].iter().copied().chain(qdd).collect::<Vec<f64>>()
            };
            // Fourth-order Runge–Kutta.
            let dt = 5e-4;
            let ahead = |state: &[f64], slope: &[f64], dt: f64| -> Vec<f64> {
                state.iter().zip(slope).map(|(x, dx)| x + dt * dx).collect()
            };
            for _ in 0..200 {
                let k1 = slope(&state);
                let k2 = slope(&ahead(&state, &k1, dt / 2.0));
                let k3 = slope(&ahead(&state, &k2, dt / 2.0));
                let k4 = slope(&ahead(&state, &k3, dt));
                for (i, x) in state.iter_mut().enumerate() {
                    *x += dt / 6.0 * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i]);
                }
            }
            let drift = (energy(&state) - before).abs();
            assert!(drift < 1e-6 * scale, "drift {drift} J of {before} J");
        },
    );
}

#[test]
fn a_payload_weighs_what_it_weighs() {
    for_random_trees(
        false,
        |Sample {
             mut model,
             mut workspace,
             q,
             ..
         }| {
            let Some(link) = model
                .links()
                .find(|&link| !model.is_rigid_with(link, model.root()))
            else {
                return;
            };
            let mut without = vec![0.0; q.len()];
            model.gravity_effort(&mut workspace, &q, &mut without);
            let load = Payload {
                mass: 1.5,
                centre_of_mass: Vector3::zeros(),
                inertia: nalgebra::Matrix3::identity() * 0.01,
            };
            let mass = model.moving_mass();
            model.set_payload(link, Some(load)).unwrap();
            assert!((model.moving_mass() - mass - 1.5).abs() < 1e-12);
            let mut with = vec![0.0; q.len()];
            model.gravity_effort(&mut workspace, &q, &mut with);
            model.forward_kinematics(&mut workspace, &q);
            let mut jacobian = Matrix6xX::zeros(q.len());
            model.jacobian(&workspace, link, &mut jacobian);
            let weight = model.gravity() * 1.5;
            let more: Vec<f64> = (0..q.len())
                .map(|joint| without[joint] - jacobian.column(joint).fixed_rows::<3>(0).dot(&weight))
                .collect();
            assert_close(&with, &more, 1e-11);
            model.set_payload(link, None).unwrap();
            assert!((model.moving_mass() - mass).abs() < 1e-12);
        },
    );
}
