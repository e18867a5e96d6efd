//! Whatever is written, limits are kept; the seed of what fails is printed, `SERVOMESH_DYNAMIXEL_SEED=<seed>` runs it alone.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use servomesh_devices::Dynamixel;
use servomesh_fieldbus::dynamixel::{Access, Field, Instruction, MODELS, Memory, Model};

use crate::master::{BAUD, Master, id};

/// A number that a register may take, or just not.
fn draw(random: &mut ChaCha8Rng, min: i32, max: i32) -> i32 {
    match random.random_range(0..8) {
        0 => min,
        1 => max,
        2 => min.saturating_sub(1),
        3 => max.saturating_add(1),
        4 => random.random(),
        _ => random.random_range(min..=max),
    }
}

/// The whole table, read in two pieces.
fn table(master: &mut Master, model: &Model) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (address, length) in [(0, 148), (168, 40)] {
        let answer = master.ask(1, &Instruction::Read { address, length });
        bytes.resize(usize::from(address), 0);
        bytes.extend(answer.expect("an answer").data);
    }
    bytes.resize(usize::from(model.size()), 0);
    bytes
}

fn run(seed: u64) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let model = MODELS[random.random_range(0..MODELS.len())];
    let servo = Dynamixel::new(model, id(1), BAUD).and_then(|servo| servo.with(Field::ReturnDelayTime, 0));
    // Its motor's supply is not that of every model, and is not the matter here.
    let servo = servo
        .and_then(|servo| servo.with(Field::Shutdown, 0))
        .expect("a servo");
    let mut master = Master::of([servo]);
    let kept = [
        Field::Id,
        Field::BaudRate,
        Field::ProtocolType,
        Field::StatusReturnLevel,
        Field::SecondaryId,
    ];
    let writable: Vec<_> = model
        .registers
        .iter()
        .filter(|register| register.access == Access::ReadWrite && !kept.contains(&register.field))
        .collect();
    for _ in 0..80 {
        let register = writable[random.random_range(0..writable.len())];
        let mut bytes = [0; 4];
        let bytes = &mut bytes[..usize::from(register.kind.size())];
        register
            .kind
            .put(draw(&mut random, register.min, register.max), bytes);
        let value = register.kind.get(bytes).expect("as many bytes as it has");
        let before = table(&mut master, model);
        let error = master.put(1, register.field, value).number;
        let after = table(&mut master, model);
        let (now, torque) = (
            register.field.get(&after),
            Field::TorqueEnable.get(&before) != Some(0),
        );
        if error.is_some() {
            assert_eq!(
                now,
                register.field.get(&before),
                "{}: a refused write does nothing",
                register.name
            );
        } else {
            assert!(register.takes(value), "{} took {value}", register.name);
            assert!(
                !(torque && register.memory == Memory::Eeprom),
                "{}",
                register.name
            );
        }
        for register in &writable {
            let value = register.field.get(&after).expect("a number");
            let is_goal = register.field == Field::GoalPosition;
            assert!(register.takes(value) || is_goal, "{} is {value}", register.name);
        }
        let of = |field: Field| field.get(&after).expect("a number");
        let limit = of(Field::GoalPwm).abs().min(of(Field::PwmLimit));
        let slopes = model.register(Field::PwmSlope).is_some();
        assert!(of(Field::PresentPwm).abs() <= limit || slopes, "{limit}");
    }
}

#[test]
fn whatever_is_written_registers_hold_what_they_take_and_limits_are_kept() {
    let seeds = match std::env::var("SERVOMESH_DYNAMIXEL_SEED") {
        Ok(seed) => {
            let seed = seed.parse().expect("a number");
            seed..seed + 1
        }
        Err(_) => 0..40,
    };
    for seed in seeds {
        let result = std::panic::catch_unwind(|| run(seed));
        assert!(result.is_ok(), "seed {seed}");
    }
}
