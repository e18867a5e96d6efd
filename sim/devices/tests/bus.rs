//! Who hears what on a serial bus, and when.

use std::time::Duration;

use servomesh_devices::{
    Bus, Device, FreeMotor, LineFaults, Machine, Mishap, MotorCommand, MotorState, Saying, Toward, Wire,
};
use servomesh_types::Stamp;

const BAUD: u32 = 1_000_000;

/// Answers each byte that has its name in the upper half with one that counts what it has heard, after a delay.
struct Parrot {
    name: u8,
    baud: u32,
    delay: Duration,
    answers: Vec<Saying>,
    heard: Vec<(Stamp, u8)>,
    steps: u32,
    /// Says this whenever the time has come.
    alarm: Option<Stamp>,
    tell: std::sync::mpsc::Sender<(u8, Stamp, Vec<u8>)>,
}

impl Device for Parrot {
    fn receive(&mut self, now: Stamp, bytes: &[u8]) {
        self.tell
            .send((self.name, now, bytes.to_vec()))
            .expect("the test listens");
        for byte in bytes {
            self.heard.push((now, *byte));
            if byte >> 4 == self.name {
                let begin = now + self.delay;
                let bytes = vec![0xE0 | self.name, byte & 0x0F];
                self.answers.push(Saying { begin, bytes });
            }
        }
    }

    fn step(&mut self, _now: Stamp, _motor: &MotorState) -> MotorCommand {
        self.steps += 1;
        MotorCommand::Duty(0.5)
    }

    fn poll(&mut self) -> Option<Saying> {
        self.answers.pop()
    }

    fn deadline(&self) -> Option<Stamp> {
        self.alarm
    }

    fn tick(&mut self, now: Stamp) {
        self.alarm = None;
        self.answers.push(Saying {
            begin: now,
            bytes: vec![0xAA],
        });
    }

    fn baud(&self) -> u32 {
        self.baud
    }

    fn suffer(&mut self, now: Stamp, mishap: Mishap) {
        if let Mishap::Reboot = mishap {
            self.alarm = Some(now + Duration::from_micros(500));
        }
    }
}

type Ears = std::sync::mpsc::Receiver<(u8, Stamp, Vec<u8>)>;

fn bus(delays: &[u64]) -> (Bus, Ears) {
    let (tell, ears) = std::sync::mpsc::channel();
    let mut bus = Bus::new(Stamp::ZERO, BAUD);
    for (name, delay) in (1..).zip(delays) {
        let parrot = Parrot {
            name,
            baud: BAUD,
            delay: Duration::from_micros(*delay),
            answers: Vec::new(),
            heard: Vec::new(),
            steps: 0,
            alarm: None,
            tell: tell.clone(),
        };
        bus.add(parrot, FreeMotor::xm430());
    }
    (bus, ears)
}

fn us(micros: i64) -> Stamp {
    Stamp::from_nanos(micros * 1000)
}

fn answers(bus: &mut Bus) -> Vec<(Stamp, Vec<u8>)> {
    std::iter::from_fn(|| bus.read()).collect()
}

#[test]
fn an_answer_comes_after_the_bytes_the_delay_and_its_own_bytes() {
    let (mut bus, ears) = bus(&[50, 50]);
    bus.write(us(100), &[0x00, 0x17]);
    bus.advance_to(us(179));
    assert_eq!(answers(&mut bus), []);
    bus.advance_to(us(190));
    assert_eq!(answers(&mut bus), [(us(190), vec![0xE1, 7])]);
    let heard: Vec<_> = ears.try_iter().collect();
    assert!(heard.contains(&(1, us(120), vec![0x17])));
    assert!(heard.contains(&(2, us(190), vec![7])), "others hear the answer");
    assert!(
        !heard
            .iter()
            .any(|(name, _, bytes)| *name == 1 && bytes[0] == 0xE1)
    );
}

#[test]
fn time_can_be_cut_as_finely_as_one_likes() {
    let run = |cut: i64| {
        let (mut bus, _ears) = bus(&[50, 400]);
        bus.write(us(100), &[0x17, 0x29]);
        let mut heard = Vec::new();
        let mut now = 0;
        while now < 3000 {
            now += cut;
            bus.advance_to(us(now));
            for (end, bytes) in answers(&mut bus) {
                let ago = |left: usize| end - Duration::from_micros(10 * left as u64);
                let ends = (0..bytes.len()).rev().map(ago);
                heard.extend(ends.zip(bytes));
            }
        }
        heard
    };
    assert_eq!(
        run(3000),
        [(us(170), 0xE1), (us(180), 7), (us(530), 0xE2), (us(540), 9)]
    );
    for cut in [1, 7, 10, 333, 1000] {
        assert_eq!(run(cut), run(3000), "{cut} µs");
    }
}

#[test]
fn who_talks_at_once_with_another_is_not_understood() {
    let (mut bus, ears) = bus(&[50, 50]);
    bus.write(us(0), &[0x13, 0x24]);
    bus.advance_to(us(1000));
    // One talks from 60 µs on, the other from 70 µs on.
    let heard: Vec<u8> = answers(&mut bus)
        .into_iter()
        .flat_map(|(_, bytes)| bytes)
        .collect();
    assert_eq!(heard, [0xE1, 0x03 & 0xE2, 0x04]);
    let own: Vec<_> = ears.try_iter().filter(|(_, now, _)| *now == us(80)).collect();
    assert_eq!(own, [], "who talks does not hear the other");
}

#[test]
fn at_the_wrong_speed_nobody_understands() {
    let (mut bus, ears) = bus(&[50]);
    bus.set_baud(400_000);
    bus.write(us(0), &[0x11, 0x12, 0x13]);
    bus.advance_to(us(2000));
    let heard: Vec<u8> = ears.try_iter().flat_map(|(_, _, bytes)| bytes).collect();
    assert!(!heard.is_empty() && heard != [0x11, 0x12, 0x13], "{heard:?}");
    bus.set_baud(BAUD);
    assert_eq!(answers(&mut bus).len(), 0);
    bus.write(us(3000), &[0x11]);
    bus.advance_to(us(4000));
    assert_eq!(answers(&mut bus).len(), 1);
}

#[test]
fn without_the_plug_nothing_passes_and_with_it_all_does() {
    let (mut bus, ears) = bus(&[50]);
    bus.write(us(0), &[0x11]);
    bus.advance_to(us(20));
    bus.set_plugged(false);
    bus.write(us(30), &[0x12]);
    bus.advance_to(us(1000));
    assert_eq!(answers(&mut bus), []);
    bus.set_plugged(true);
    bus.write(us(1000), &[0x13]);
    bus.advance_to(us(2000));
    assert_eq!(answers(&mut bus), [(us(1080), vec![0xE1, 3])]);
    let heard: Vec<u8> = ears.try_iter().flat_map(|(_, _, bytes)| bytes).collect();
    assert_eq!(heard, [0x11, 0x13]);
}

#[test]
fn a_deadline_is_kept_and_what_it_brings_is_said() {
    let (mut bus, _ears) = bus(&[50]);
    bus.advance_to(us(100));
    bus.suffer(0, Mishap::Reboot);
    assert_eq!(bus.next_event(), us(600));
    bus.advance_to(us(2000));
    assert_eq!(answers(&mut bus), [(us(610), vec![0xAA])]);
}

#[test]
fn a_lossy_line_loses_its_share() {
    let (mut bus, _ears) = bus(&[50]);
    let lost = LineFaults {
        lost: 0.25,
        ..LineFaults::default()
    };
    bus.set_faults(Toward::Master, lost);
    for turn in 0..400 {
        bus.write(us(1000 * turn), &[0x11]);
    }
    bus.advance_to(Stamp::from_millis(500));
    let count = answers(&mut bus).len();
    assert!((260..340).contains(&count), "{count} of 400");
}

#[test]
fn motors_of_a_machine_go_on_with_their_buses() {
    use servomesh_robot::Model;
    use servomesh_sim::{Plant, ServoCatalog};
    let model = Model::from_urdf_str(include_str!("../../../launch/robots/cell.urdf")).expect("the cell");
    let servos = include_str!("../../../launch/robots/cell.servos.yaml");
    let servos = ServoCatalog::from_yaml_str(servos).expect("its servos");
    let machine = Machine::new(Plant::new(&model, &servos).expect("a machine"));
    let (tell, _ears) = std::sync::mpsc::channel();
    let mut bus = Bus::new(Stamp::ZERO, BAUD);
    let parrot = Parrot {
        name: 1,
        baud: BAUD,
        delay: Duration::ZERO,
        answers: Vec::new(),
        heard: Vec::new(),
        steps: 0,
        alarm: None,
        tell,
    };
    bus.add(parrot, machine.motor("wrist_3_joint", 1.0).expect("a joint"));
    bus.advance_to(Stamp::from_millis(200));
    let index = model.joint_index("wrist_3_joint").expect("a joint");
    let velocity = machine.look(|plant| plant.velocities()[index]);
    assert!(velocity > 0.5, "{velocity} rad/s");
    assert_eq!(machine.look(Plant::now), Stamp::from_millis(199));
}
