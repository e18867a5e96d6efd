//! A machine that touches: grippers hold by friction, belts feel what they carry, joints stop and rub.

use nalgebra::{Isometry3, Vector3};
use servomesh_robot::{Model, Workspace};
use servomesh_sim::mechanics::{
    BodyId, Carrier, Integrator, MassProperties, Material, Shape, Surface, World,
};

const G: f64 = 9.80665;
const DT: f64 = 0.001;

/// A lift with a parallel gripper: two fingers of 0.1 kg that move alike, 0.2 m below the lift.
const GRIPPER: &str = r#"<robot name="gripper"><link name="base"/>
  <link name="hand"><inertial><mass value="1"/>
    <inertia ixx="0.01" ixy="0" ixz="0" iyy="0.01" iyz="0" izz="0.01"/></inertial></link>
  <link name="left"><collision><origin xyz="0 0.005 0"/><geometry><box size="0.02 0.01 0.04"/></geometry></collision>
    <inertial><mass value="0.1"/><inertia ixx="1e-4" ixy="0" ixz="0" iyy="1e-4" iyz="0" izz="1e-4"/></inertial></link>
  <link name="right"><collision><origin xyz="0 -0.005 0"/><geometry><box size="0.02 0.01 0.04"/></geometry></collision>
    <inertial><mass value="0.1"/><inertia ixx="1e-4" ixy="0" ixz="0" iyy="1e-4" iyz="0" izz="1e-4"/></inertial></link>
  <joint name="lift" type="prismatic"><parent link="base"/><child link="hand"/><axis xyz="0 0 1"/>
    <limit lower="-1" upper="5" velocity="9" effort="100"/></joint>
  <joint name="fingers" type="prismatic"><parent link="hand"/><child link="left"/><axis xyz="0 1 0"/>
    <origin xyz="0 0 -0.2"/><limit lower="0" upper="0.05" velocity="1" effort="100"/></joint>
  <joint name="follower" type="prismatic"><parent link="hand"/><child link="right"/><axis xyz="0 -1 0"/>
    <origin xyz="0 0 -0.2"/><limit lower="0" upper="0.05" velocity="1" effort="100"/>
    <mimic joint="fingers" multiplier="1" offset="0"/></joint></robot>"#;

fn model(urdf: &str) -> Model {
    Model::from_urdf_str(urdf).expect("the robot is one")
}

fn friction(friction: f64) -> Material {
    Material {
        friction,
        torsion: 0.0,
        restitution: 0.0,
    }
}

fn part(
    world: &mut World,
    size: Vector3<f64>,
    mass: f64,
    pose: Isometry3<f64>,
    material: Material,
) -> BodyId {
    let shape = Shape::Box { size };
    let properties = MassProperties::of(&shape, mass).expect("the shape has mass");
    let body = world.add_body("part", properties, pose).expect("the body can be");
    world
        .add_shape(Carrier::Body(body), &shape, Isometry3::identity(), material)
        .expect("the shape can be");
    body
}

/// The gripper over a part of 0.2 kg on a table, and its controller: it squeezes with `squeeze` (N, both fingers together), waits, and lifts
/// with `acceleration`. Returns how far the part rises in `lift_s` of lifting, and how far it then
/// lags behind the hand (m).
fn lift(mu: f64, squeeze: f64, acceleration: f64, lift_s: f64) -> (f64, f64) {
    let mut world = World::with_machine(&model(GRIPPER));
    world
        .add_machine_shapes(friction(mu))
        .expect("the fingers have shapes");
    let table = Shape::Box {
        size: Vector3::new(1.0, 1.0, 0.1),
    };
    world
        .add_shape(
            Carrier::Ground,
            &table,
            Isometry3::translation(0.0, 0.0, -0.27),
            friction(0.0),
        )
        .expect("a table can be");
    let size = Vector3::new(0.03, 0.03, 0.04);
    let body = part(
        &mut world,
        size,
        0.2,
        Isometry3::translation(0.0, 0.0, -0.2),
        friction(mu),
    );
    world.place_joints(&[0.0, 0.03], &[0.0, 0.0]);
    let moving = 1.0 + 0.2;
    let run = |world: &mut World, seconds: f64, lift: &dyn Fn(f64, f64) -> f64| {
        for _ in 0..(seconds / DT) as usize {
            let (q, v) = (world.joint_positions()[0], world.joint_velocities()[0]);
            world.step(DT, &[lift(q, v), -squeeze], &[0.0, 20.0]);
        }
    };
    // Held in place while the fingers close.
    run(&mut world, 0.5, &|q, v| moving * G - 20_000.0 * q - 300.0 * v);
    let finger = world.joint_positions()[1];
    assert!((finger - 0.015).abs() < 1e-5, "{finger}");
    let force: f64 = world
        .contacts()
        .iter()
        .filter(|contact| contact.normal.y.abs() > 0.9)
        .map(|contact| contact.force.y.abs())
        .sum();
    assert!(
        (force - squeeze).abs() < 0.01 * squeeze,
        "{force} N of {squeeze} N"
    );
    let (part, start) = (world.body(body).pose.translation.z, world.joint_positions()[0]);
    let mut time = 0.0;
    for _ in 0..(lift_s / DT) as usize {
        let (q, v) = (world.joint_positions()[0], world.joint_velocities()[0]);
        let (to, at) = (start + 0.5 * acceleration * time * time, acceleration * time);
        let lift = (moving + 0.2) * (G + acceleration) + 20_000.0 * (to - q) + 300.0 * (at - v);
        world.step(DT, &[lift, -squeeze], &[0.0, 20.0]);
        time += DT;
    }
    let rise = world.body(body).pose.translation.z - part;
    (rise, world.joint_positions()[0] - start - rise)
}

#[test]
fn a_gripper_holds_a_part_by_friction_and_lifts_it() {
    // 2·μ·F/2 = 0.5·8 N = 4 N against 0.2 kg·(g + 4 m/s²) = 2.76 N.
    let (rise, lag) = lift(0.5, 8.0, 4.0, 0.5);
    assert!(rise > 0.49);
    assert!(lag.abs() < 2e-6, "{lag} m");
}

#[test]
fn a_part_slips_out_when_friction_is_less_than_weight_and_inertia() {
    // The limit is μ·F = m·(g + a): at 8 N and μ 0.5, a = 10.19 m/s².
    let (_, lag) = lift(0.5, 8.0, 9.9, 0.2);
    assert!(lag.abs() < 2e-6, "{lag} m");
    let (rise, lag) = lift(0.5, 8.0, 12.0, 0.2);
    let expected = 0.5 * (0.5 * 8.0 / 0.2 - G) * 0.2 * 0.2;
    assert!(lag > 0.02);
    assert!((rise / expected - 1.0).abs() < 0.01, "{rise} m of {expected} m");
}

#[test]
fn a_part_falls_when_the_gripper_opens() {
    let mut world = World::with_machine(&model(GRIPPER));
    world.add_machine_shapes(friction(0.6)).unwrap();
    let size = Vector3::new(0.03, 0.03, 0.03);
    let body = part(
        &mut world,
        size,
        0.1,
        Isometry3::translation(0.0, 0.0, -0.2),
        friction(0.6),
    );
    world.place_joints(&[0.0, 0.015], &[0.0, 0.0]);
    let weight = 1.2 * G;
    for step in 0..1000 {
        let finger = if step < 500 { -10.0 } else { 2.0 };
        let (q, v) = (world.joint_positions()[0], world.joint_velocities()[0]);
        let lift = weight + 0.1 * G * f64::from(step < 500) - 20_000.0 * q - 300.0 * v;
        world.step(DT, &[lift, finger], &[0.0, 20.0]);
        if step == 499 {
            assert!((world.body(body).pose.translation.z + 0.2).abs() < 2e-4);
        }
    }
    let z = world.body(body).pose.translation.z;
    assert!(z < -0.2 - 0.9 * 0.5 * G * 0.25, "{z}");
}

#[test]
fn a_belt_feels_the_part_that_it_takes_along() {
    const BELT: &str = r#"<robot name="belt"><link name="base"/><link name="belt"><inertial><mass value="2"/>
        <inertia ixx="1" ixy="0" ixz="0" iyy="1" iyz="0" izz="1"/></inertial></link>
      <joint name="belt" type="prismatic"><parent link="base"/><child link="belt"/><axis xyz="1 0 0"/>
        <limit lower="-1e9" upper="1e9" velocity="9" effort="100"/></joint></robot>"#;
    let mut world = World::with_machine(&model(BELT));
    let bed = Shape::Box {
        size: Vector3::new(4.0, 0.4, 0.1),
    };
    let surface = world
        .add_shape(
            Carrier::Ground,
            &bed,
            Isometry3::translation(0.0, 0.0, -0.05),
            friction(0.4),
        )
        .unwrap();
    let travel = Vector3::x();
    world.set_surface(surface, Surface::Joint { joint: 0, travel });
    let size = Vector3::repeat(0.06);
    let body = part(
        &mut world,
        size,
        0.5,
        Isometry3::translation(0.0, 0.0, 0.03),
        friction(0.4),
    );
    world.place_joints(&[0.0], &[0.6]);
    for _ in 0..50 {
        world.step(DT, &[0.0], &[0.0]);
    }
    let sliding = world.joint_accelerations()[0];
    assert!((sliding + 0.4 * 0.5 * G / 2.0).abs() < 0.02, "{sliding}");
    for _ in 0..500 {
        world.step(DT, &[0.0], &[0.0]);
    }
    let together = 0.6 * 2.0 / 2.5;
    assert!((world.joint_velocities()[0] - together).abs() < 1e-4);
    assert!((world.body(body).twist.linear - travel * together).norm() < 1e-4);
    // The bed stands still: the part has moved over it.
    assert!(world.body(body).pose.translation.x > 0.15);
}

/// 2 kg at 0.5 m, hanging at 0.
const PENDULUM: &str = r#"<robot name="pendulum"><link name="base"/>
  <link name="rod"><inertial><origin xyz="0 0 -0.5"/><mass value="2"/>
    <inertia ixx="0.01" ixy="0" ixz="0" iyy="0.01" iyz="0" izz="0.001"/></inertial></link>
  <joint name="hinge" type="revolute"><parent link="base"/><child link="rod"/><axis xyz="0 1 0"/>
    <limit lower="-0.5" upper="3" velocity="9" effort="40"/></joint></robot>"#;

#[test]
fn a_joint_stops_at_the_end_of_its_travel() {
    let mut world = World::with_machine(&model(PENDULUM));
    world.place_joints(&[1.0], &[0.0]);
    for _ in 0..2000 {
        world.step(DT, &[0.0], &[0.0]);
        assert!(world.joint_positions()[0] > -0.5 - 1e-4);
    }
    world.place_joints(&[-0.4], &[-3.0]);
    for _ in 0..200 {
        world.step(DT, &[-12.0], &[0.0]);
        assert!(
            world.joint_positions()[0] > -0.5 - 1e-4,
            "{}",
            world.joint_positions()[0]
        );
    }
    assert!((world.joint_positions()[0] + 0.5).abs() < 1e-5 && world.joint_velocities()[0].abs() < 1e-6);
    // It does not hold it back.
    world.step(DT, &[40.0], &[0.0]);
    assert!(world.joint_velocities()[0] > 0.01);
    world.set_joint_ends(false);
    world.place_joints(&[-0.4], &[-3.0]);
    for _ in 0..200 {
        world.step(DT, &[-12.0], &[0.0]);
    }
    assert!(world.joint_positions()[0] < -0.6);
}

#[test]
fn dry_friction_holds_a_joint_until_it_is_pushed_with_more() {
    let mut world = World::with_machine(&model(PENDULUM));
    world.set_joint_friction(0, 5.0);
    // 4.7 N·m of weight.
    world.place_joints(&[0.5], &[0.0]);
    for _ in 0..3000 {
        world.step(DT, &[0.0], &[0.0]);
    }
    assert!(
        (world.joint_positions()[0] - 0.5).abs() < 5e-6,
        "{}",
        world.joint_positions()[0]
    );
    world.step(DT, &[-0.5], &[0.0]);
    let sum = -0.5 - 2.0 * G * 0.5 * 0.5_f64.sin() + 5.0;
    let acceleration = world.joint_accelerations()[0];
    assert!(
        (acceleration - sum / 0.51).abs() < 1e-3,
        "{acceleration} of {}",
        sum / 0.51
    );
}

#[test]
fn a_rod_that_hits_a_box_pushes_it_away() {
    let urdf = PENDULUM.replace(
        "<link name=\"rod\">",
        "<link name=\"rod\"><collision><origin xyz=\"0 0 -0.5\"/><geometry><capsule radius=\"0.02\" length=\"0.9\"/></geometry></collision>",
    );
    let mut world = World::with_machine(&model(&urdf));
    world.add_machine_shapes(friction(0.2)).unwrap();
    world.set_gravity(Vector3::zeros());
    world.set_joint_ends(false);
    let size = Vector3::new(0.1, 0.1, 0.1);
    let body = part(
        &mut world,
        size,
        1.0,
        Isometry3::translation(-0.1, 0.0, -0.5),
        friction(0.2),
    );
    world.place_joints(&[0.0], &[1.0]);
    for _ in 0..60 {
        world.step(DT, &[0.0], &[0.0]);
    }
    // The hinge takes up forces but no moment: what the rod loses about it the box has.
    let (rod, body) = (world.joint_velocities()[0], world.body(body));
    let spin = 1.0 * 0.1 * 0.1 / 6.0 * body.twist.angular.y;
    let orbit = body.pose.translation.vector.cross(&body.twist.linear).y;
    assert!(body.twist.linear.x < -0.15 && body.twist.angular.y > 1.0);
    assert!(
        (0.51 * rod + orbit + spin - 0.51).abs() < 2e-3,
        "{}",
        0.51 * rod + orbit + spin
    );
}

/// How far the energy of the cell's arm strays in 10 s without efforts, as a part of the largest kinetic energy.
fn energy_drift(integrator: Integrator) -> f64 {
    let cell = model(include_str!("../../launch/robots/cell.urdf"));
    let arm: Vec<&str> = cell.joints()[..6]
        .iter()
        .map(|joint| joint.name.as_str())
        .collect();
    let arm = cell.subset(&arm, &[0.0; 8]).expect("the cell has that arm");
    let mut world = World::with_machine(&arm);
    world.set_joint_ends(false);
    world.set_integrator(integrator);
    world.place_joints(&[0.3, -0.4, 0.9, -0.7, 0.5, 0.2], &[0.5, 0.0, 0.0, 0.0, 0.0, 1.0]);
    let before = world.energy();
    let mut workspace = Workspace::new(&arm);
    let (mut worst, mut largest) = (0.0_f64, 0.0_f64);
    for _ in 0..10_000 {
        world.step(DT, &[0.0; 6], &[0.0; 6]);
        let (q, v) = (world.joint_positions(), world.joint_velocities());
        largest = largest.max(arm.kinetic_energy(&mut workspace, q, v));
        worst = worst.max((world.energy() - before).abs());
    }
    worst / largest
}

#[test]
fn a_passive_arm_keeps_its_energy() {
    let drift = energy_drift(Integrator::RungeKutta);
    assert!(drift < 1e-4, "{drift}");
}
