//! The algorithms agree with one another on random trees, with mimic joints and with free bodies among theirs.

mod support;

use nalgebra::{DMatrix, DVector, Matrix3xX, Matrix6xX, Vector3};
use servomesh_robot::{Model, Payload, Workspace};
use support::{ALL, Among, Sample, for_random_trees};

fn assert_close(a: &[f64], b: &[f64], tolerance: f64) {
    let scale = b.iter().fold(1.0, |scale: f64, value| scale.max(value.abs()));
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() <= tolerance * scale, "{a} {b}");
    }
}

#[test]
fn the_mass_matrix_times_acceleration_plus_bias_is_the_inverse_dynamics() {
    for among in ALL {
        for_random_trees(
            among,
            |Sample {
                 model,
                 mut workspace,
                 q,
                 qd,
                 qdd,
             }| {
                let mut effort = vec![0.0; qd.len()];
                model.inverse_dynamics(&mut workspace, &q, &qd, &qdd, &mut effort);
                let mut bias = vec![0.0; qd.len()];
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
    for among in ALL {
        for_random_trees(
            among,
            |Sample {
                 model,
                 mut workspace,
                 q,
                 qd,
                 qdd,
             }| {
                let mut effort = vec![0.0; qd.len()];
                model.inverse_dynamics(&mut workspace, &q, &qd, &qdd, &mut effort);
                let mut again = vec![0.0; qd.len()];
                model
                    .forward_dynamics(&mut workspace, &q, &qd, &effort, &mut again)
                    .unwrap();
                assert_close(&again, &qdd, 1e-9);
            },
        );
    }
}

/// `q` after a little of one velocity.
fn moved(model: &Model, q: &[f64], velocity: usize, step: f64) -> Vec<f64> {
    let mut steps = vec![0.0; model.velocity_count()];
    steps[velocity] = step;
    let mut q = q.to_vec();
    model.integrate(&mut q, &steps);
    q
}

/// `q` after a little of all velocities.
fn ahead(model: &Model, q: &[f64], qd: &[f64], dt: f64) -> Vec<f64> {
    let step: Vec<f64> = qd.iter().map(|velocity| velocity * dt).collect();
    let mut q = q.to_vec();
    model.integrate(&mut q, &step);
    q
}

#[test]
fn the_jacobian_is_the_derivative_of_forward_kinematics() {
    let step = 1e-6;
    for among in [Among::Mimics, Among::FreeBodies] {
        for_random_trees(
            among,
            |Sample {
                 model,
                 mut workspace,
                 q,
                 qd,
                 ..
             }| {
                for link in model.links() {
                    model.forward_kinematics(&mut workspace, &q);
                    let mut jacobian = Matrix6xX::zeros(qd.len());
                    model.jacobian(&workspace, link, &mut jacobian);
                    let twist = model.link_velocity(&workspace, link, &qd);
                    let product = &jacobian * DVector::from_column_slice(&qd);
                    assert_close(twist.linear.as_slice(), &product.as_slice()[..3], 1e-12);
                    assert_close(twist.angular.as_slice(), &product.as_slice()[3..], 1e-12);
                    for joint in 0..qd.len() {
                        let mut pose_at = |offset: f64| {
                            model.forward_kinematics(&mut workspace, &moved(&model, &q, joint, offset));
                            model.link_pose(&workspace, link)
                        };
                        let (before, after) = (pose_at(-step), pose_at(step));
                        let linear = (after.translation.vector - before.translation.vector) / (2.0 * step);
                        let angular =
                            (after.rotation * before.rotation.inverse()).scaled_axis() / (2.0 * step);
                        assert_close(linear.as_slice(), &jacobian.column(joint).as_slice()[..3], 1e-7);
                        assert_close(angular.as_slice(), &jacobian.column(joint).as_slice()[3..], 1e-7);
                    }
                }
            },
        );
    }
}

#[test]
fn the_jacobians_derivative_is_its_change_along_the_motion() {
    let step = 1e-6;
    for among in [Among::Mimics, Among::FreeBodies] {
        for_random_trees(
            among,
            |Sample {
                 model,
                 mut workspace,
                 q,
                 qd,
                 qdd,
             }| {
                for link in model.links() {
                    let mut jacobian_at = |dt: f64| {
                        let mut jacobian = Matrix6xX::zeros(qd.len());
                        model.forward_kinematics(&mut workspace, &ahead(&model, &q, &qd, dt));
                        model.jacobian(&workspace, link, &mut jacobian);
                        jacobian
                    };
                    let slope = (jacobian_at(step) - jacobian_at(-step)) / (2.0 * step);
                    let jacobian = jacobian_at(0.0);
                    let mut rate = Matrix6xX::zeros(qd.len());
                    model.jacobian_derivative(&mut workspace, link, &qd, &mut rate);
                    assert_close(rate.as_slice(), slope.as_slice(), 1e-7);
                    let sum = &jacobian * DVector::from_column_slice(&qdd)
                        + &rate * DVector::from_column_slice(&qd);
                    let acceleration = model.link_acceleration(&mut workspace, link, &qd, &qdd);
                    assert_close(acceleration.linear.as_slice(), &sum.as_slice()[..3], 1e-12);
                    assert_close(acceleration.angular.as_slice(), &sum.as_slice()[3..], 1e-12);
                }
            },
        );
    }
}

/// `C = ½ (∂M/∂qₖ q̇ₖ + …)` by the Christoffel symbols, whose derivatives are taken by differences.
#[test]
fn the_coriolis_matrix_is_that_of_the_christoffel_symbols() {
    let step = 1e-6;
    for among in [Among::Nothing, Among::Mimics] {
        for_random_trees(
            among,
            |Sample {
                 model,
                 mut workspace,
                 q,
                 qd,
                 ..
             }| {
                let count = qd.len();
                let slopes: Vec<DMatrix<f64>> = (0..count)
                    .map(|joint| {
                        let mut matrix_at = |offset: f64| {
                            let q = moved(&model, &q, joint, offset);
                            model.mass_matrix(&mut workspace, &q).clone()
                        };
                        (matrix_at(step) - matrix_at(-step)) / (2.0 * step)
                    })
                    .collect();
                let by_symbols = DMatrix::from_fn(count, count, |row, column| {
                    let symbol = |k: usize| {
                        0.5 * (slopes[k][(row, column)] + slopes[column][(row, k)] - slopes[row][(column, k)])
                    };
                    (0..count).map(|k| symbol(k) * qd[k]).sum()
                });
                let matrix = model.coriolis_matrix(&mut workspace, &q, &qd);
                assert_close(matrix.as_slice(), by_symbols.as_slice(), 1e-7);
            },
        );
    }
}

#[test]
fn the_coriolis_matrix_gives_the_coriolis_efforts_and_the_change_of_the_mass_matrix() {
    let step = 1e-6;
    for among in ALL {
        for_random_trees(
            among,
            |Sample {
                 model,
                 mut workspace,
                 q,
                 qd,
                 ..
             }| {
                let matrix = model.coriolis_matrix(&mut workspace, &q, &qd).clone();
                let mut effort = vec![0.0; qd.len()];
                model.coriolis_effort(&mut workspace, &q, &qd, &mut effort);
                let product = &matrix * DVector::from_column_slice(&qd);
                assert_close(product.as_slice(), &effort, 1e-11);
                let mut gravity = vec![0.0; qd.len()];
                model.gravity_effort(&mut workspace, &q, &mut gravity);
                let mut bias = vec![0.0; qd.len()];
                model.bias_effort(&mut workspace, &q, &qd, &mut bias);
                let sum: Vec<f64> = effort.iter().zip(&gravity).map(|(c, g)| c + g).collect();
                assert_close(&sum, &bias, 1e-11);
                let mut mass_at = |dt: f64| {
                    let q = ahead(&model, &q, &qd, dt);
                    model.mass_matrix(&mut workspace, &q).clone()
                };
                let slope = (mass_at(step) - mass_at(-step)) / (2.0 * step);
                assert_close((&matrix + matrix.transpose()).as_slice(), slope.as_slice(), 1e-7);
            },
        );
    }
}

#[test]
fn the_momentum_is_that_of_the_mass_matrix_and_changes_by_the_transposed_coriolis_matrix() {
    for among in ALL {
        for_random_trees(
            among,
            |Sample {
                 model,
                 mut workspace,
                 q,
                 qd,
                 ..
             }| {
                let velocity = DVector::from_column_slice(&qd);
                let by_mass = model.mass_matrix(&mut workspace, &q) * &velocity;
                let by_coriolis = model.coriolis_matrix(&mut workspace, &q, &qd).tr_mul(&velocity);
                let (mut momentum, mut change) = (vec![f64::NAN; qd.len()], vec![f64::NAN; qd.len()]);
                model.momentum(&mut workspace, &q, &qd, &mut momentum, &mut change);
                assert_close(&momentum, by_mass.as_slice(), 1e-11);
                assert_close(&change, by_coriolis.as_slice(), 1e-11);
            },
        );
    }
}

#[test]
fn the_centre_of_mass_moves_as_its_jacobian_says() {
    let step = 1e-6;
    for among in ALL {
        for_random_trees(
            among,
            |Sample {
                 model,
                 mut workspace,
                 q,
                 qd,
                 ..
             }| {
                if model.moving_mass() <= 0.0 {
                    return;
                }
                let mut jacobian = Matrix3xX::zeros(qd.len());
                model.forward_kinematics(&mut workspace, &q);
                model.centre_of_mass_jacobian(&mut workspace, &mut jacobian);
                let mut centre_at = |dt: f64| {
                    model.forward_kinematics(&mut workspace, &ahead(&model, &q, &qd, dt));
                    model.centre_of_mass(&workspace).unwrap()
                };
                let slope = (centre_at(step) - centre_at(-step)) / (2.0 * step);
                let velocity = jacobian * DVector::from_column_slice(&qd);
                assert_close(velocity.as_slice(), slope.as_slice(), 1e-7);
            },
        );
    }
}

#[test]
fn a_difference_leads_from_one_position_to_the_other() {
    for_random_trees(
        Among::FreeBodies,
        |Sample {
             model, q, qd, qdd, ..
         }| {
            for far in [1.0, 1e-5, 0.0] {
                let (from, to) = (ahead(&model, &q, &qdd, 0.3), ahead(&model, &q, &qd, far));
                let mut step = vec![0.0; qd.len()];
                model.difference(&from, &to, &mut step);
                let mut reached = ahead(&model, &from, &step, 1.0);
                // A quaternion and its negative are the same orientation.
                for free in model.free_joints() {
                    let range = free.first_position + 3..free.first_position + 7;
                    let dot: f64 = range.clone().map(|at| reached[at] * to[at]).sum();
                    reached[range].iter_mut().for_each(|value| *value *= dot.signum());
                }
                assert_close(&reached, &to, 1e-13);
                model.difference(&q, &to, &mut step);
                if far < 1.0 {
                    let short: Vec<f64> = qd.iter().map(|velocity| velocity * far).collect();
                    assert_close(&step, &short, 1e-15);
                }
            }
        },
    );
}

#[test]
fn gravity_efforts_are_the_slope_of_potential_energy() {
    let step = 1e-6;
    for among in ALL {
        for_random_trees(
            among,
            |Sample {
                 model,
                 mut workspace,
                 q,
                 qd,
                 ..
             }| {
                let mut gravity = vec![0.0; qd.len()];
                model.gravity_effort(&mut workspace, &q, &mut gravity);
                let slope: Vec<f64> = (0..qd.len())
                    .map(|joint| {
                        let mut energy_at = |offset: f64| {
                            model.forward_kinematics(&mut workspace, &moved(&model, &q, joint, offset));
                            model.potential_energy(&workspace)
                        };
                        (energy_at(step) - energy_at(-step)) / (2.0 * step)
                    })
                    .collect();
                assert_close(&slope, &gravity, 1e-7);
            },
        );
    }
}

#[test]
fn energy_is_conserved_in_free_motion() {
    for among in ALL {
        for_random_trees(among, |sample| {
            let Sample {
                model,
                mut workspace,
                q,
                qd,
                ..
            } = sample;
            let mut energy = |q: &[f64], qd: &[f64]| {
                model.forward_kinematics(&mut workspace, q);
                let potential = model.potential_energy(&workspace);
                potential + model.kinetic_energy(&mut workspace, q, qd)
            };
            let before = energy(&q, &qd);
            let scale = 1.0 + before.abs() + model.moving_mass() * 9.81;
            let (q, qd) = (0..200).fold((q, qd), |(q, qd), _| runge_kutta(&model, &q, &qd, 5e-4));
            let drift = (energy(&q, &qd) - before).abs();
            assert!(drift < 1e-6 * scale, "drift {drift} J of {before} J");
        });
    }
}

/// A step of free motion: fourth order in velocities; positions follow the mean of the slopes.
fn runge_kutta(model: &Model, q: &[f64], qd: &[f64], dt: f64) -> (Vec<f64>, Vec<f64>) {
    let mut workspace = Workspace::new(model);
    let free = vec![0.0; qd.len()];
    let mut acceleration = |q: &[f64], qd: &[f64]| {
        let mut qdd = vec![0.0; qd.len()];
        model
            .forward_dynamics(&mut workspace, q, qd, &free, &mut qdd)
            .expect("every joint moves mass");
        qdd
    };
    let plus =
        |a: &[f64], b: &[f64], k: f64| -> Vec<f64> { a.iter().zip(b).map(|(a, b)| a + k * b).collect() };
    let (v1, a1) = (qd.to_vec(), acceleration(q, qd));
    let v2 = plus(qd, &a1, dt / 2.0);
    let a2 = acceleration(&ahead(model, q, &v1, dt / 2.0), &v2);
    let v3 = plus(qd, &a2, dt / 2.0);
    let a3 = acceleration(&ahead(model, q, &v2, dt / 2.0), &v3);
    let v4 = plus(qd, &a3, dt);
    let a4 = acceleration(&ahead(model, q, &v3, dt), &v4);
    let mean = |s: [&[f64]; 4]| -> Vec<f64> {
        (0..qd.len())
            .map(|i| (s[0][i] + 2.0 * s[1][i] + 2.0 * s[2][i] + s[3][i]) / 6.0)
            .collect()
    };
    (
        ahead(model, q, &mean([&v1, &v2, &v3, &v4]), dt),
        plus(qd, &mean([&a1, &a2, &a3, &a4]), dt),
    )
}

#[test]
fn a_payload_weighs_what_it_weighs() {
    for_random_trees(
        Among::FreeBodies,
        |Sample {
             mut model,
             mut workspace,
             q,
             qd,
             ..
         }| {
            let Some(link) = model
                .links()
                .find(|&link| !model.is_rigid_with(link, model.root()))
            else {
                return;
            };
            let mut without = vec![0.0; qd.len()];
            model.gravity_effort(&mut workspace, &q, &mut without);
            let load = Payload {
                mass: 1.5,
                centre_of_mass: Vector3::zeros(),
                inertia: nalgebra::Matrix3::identity() * 0.01,
            };
            let mass = model.moving_mass();
            model.set_payload(link, Some(load)).unwrap();
            assert!((model.moving_mass() - mass - 1.5).abs() < 1e-12);
            let mut with = vec![0.0; qd.len()];
            model.gravity_effort(&mut workspace, &q, &mut with);
            model.forward_kinematics(&mut workspace, &q);
            let mut jacobian = Matrix6xX::zeros(qd.len());
            model.jacobian(&workspace, link, &mut jacobian);
            let weight = model.gravity() * 1.5;
            let more: Vec<f64> = (0..qd.len())
                .map(|joint| without[joint] - jacobian.column(joint).fixed_rows::<3>(0).dot(&weight))
                .collect();
            assert_close(&with, &more, 1e-11);
            model.set_payload(link, None).unwrap();
            assert!((model.moving_mass() - mass).abs() < 1e-12);
        },
    );
}
