//! The list of what goes wrong with the arm in mid-motion, and what is meant to come of it.
//!
//! **Invariant:** every kind of fault that the simulation offers is in it.

use servomesh_sim::faults::Kind;
use servomesh_sim::harness::NetworkConfig;
use std::time::Duration;

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Case {
    /// Its name: what `--only` looks for.
    pub name: &'static str,
    /// What happens.
    pub injury: Injury,
    /// What is meant to come of it.
    pub then: Then,
    /// How long it is waited for that.
    pub patience: Duration,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Injury {
    /// Something breaks in the machine, by a figure between two; one with a sign goes either way.
    Broken {
        /// What.
        kind: Kind,
        /// Where.
        at: At,
        /// How badly.
        figures: (f64, f64),
        /// Whether it goes either way.
        signed: bool,
    },
    /// A load that hung on the tool unknown to all falls off \[kg\].
    Dropped(f64),
    /// A post stands in the tool's way.
    Post,
    /// Somebody pushes the tool sideways with this force for a tenth of a second \[N\].
    Push(f64),
    /// A process ends at once.
    Killed(Process),
    /// A process ends at once and is there again in the next moment.
    Restarted(Process),
    /// Setpoints are not what they should be.
    Setpoints(Rogue),
    /// The network is not what it should be.
    Network(NetworkConfig),
    /// Somebody asks for a stop: what comes of a fault that is noticed at once.
    Stop,
}

/// Where something breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// At a joint of the arm that moves.
    MovingJoint,
    /// At any joint of the arm.
    AnyJoint,
    /// At what goes by this name.
    Named(&'static str),
}

/// Which process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the nodes' own names")]
pub enum Process {
    Trajectory,
    Safety,
    Estimator,
    Driver,
}

/// How setpoints are wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rogue {
    /// One of them is no number.
    NotANumber,
    /// One of them is 0.05 rad off.
    Jump,
    /// They stay where they are, while they say that they move.
    Frozen,
    /// They come a tenth of a second late.
    Late,
    /// Beside the good ones there are some of an old epoch.
    OldEpoch,
    /// Each one comes again and again.
    Replayed,
}

/// What is meant to come of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// The arm stops.
    Stops,
    /// It becomes slower, and stops if that does not help.
    Derates,
    /// It goes on.
    GoesOn,
    /// It may stop or go on: the fault is too small for one sensor a joint to be told from motion, or it is not the arm's own, and what comes of it may get in its
    /// way.
    MayPass,
}

const fn broken(name: &'static str, kind: Kind, at: At, figures: (f64, f64), then: Then) -> Case {
    let signed = matches!(kind, Kind::EncoderStep | Kind::EncoderDrift);
    let injury = Injury::Broken {
        kind,
        at,
        figures,
        signed,
    };
    case(name, injury, then)
}

const fn case(name: &'static str, injury: Injury, then: Then) -> Case {
    Case {
        name,
        injury,
        then,
        patience: PATIENCE,
    }
}

const fn network(delay_ms: u64, jitter_ms: u64, loss: f64) -> Injury {
    Injury::Network(NetworkConfig {
        delay: Duration::from_micros(80 + 1000 * delay_ms),
        jitter: Duration::from_micros(40 + 1000 * jitter_ms),
        loss,
        duplication: 0.0,
    })
}

/// All of them.
pub const CASES: [Case; 51] = {
    use At::{AnyJoint, MovingJoint, Named};
    use Injury::{Dropped, Killed, Post, Push, Restarted, Setpoints, Stop};
    use Then::{Derates, GoesOn, MayPass, Stops};
    const NO: (f64, f64) = (0.0, 0.0);
    const ARM: At = Named("arm");
    const BELT: At = Named("conveyor_belt_joint");
    let mut hot = broken(
        "air of 300 °C",
        Kind::AmbientHot,
        Named(""),
        (300.0, 300.0),
        Derates,
    );
    hot.patience = Duration::from_secs(100);
    let mut phase = broken("motor phase lost", Kind::PhaseLost, MovingJoint, NO, Stops);
    phase.patience = Duration::from_secs(12);
    [
        case("stop requested", Stop, Stops),
        broken(
            "encoder stuck, joint moves",
            Kind::EncoderStuck,
            MovingJoint,
            NO,
            Stops,
        ),
        broken(
            "encoder stuck, any joint",
            Kind::EncoderStuck,
            AnyJoint,
            NO,
            Stops,
        ),
        broken(
            "encoder steps by 0.05 … 0.5 rad",
            Kind::EncoderStep,
            AnyJoint,
            (0.05, 0.5),
            Stops,
        ),
        broken(
            "encoder steps by 0.01 rad",
            Kind::EncoderStep,
            AnyJoint,
            (0.01, 0.01),
            Stops,
        ),
        broken(
            "encoder drifts at 6 … 10 rad/s",
            Kind::EncoderDrift,
            AnyJoint,
            (6.0, 10.0),
            Stops,
        ),
        broken(
            "encoder drifts at 0.5 rad/s",
            Kind::EncoderDrift,
            AnyJoint,
            (0.5, 0.5),
            MayPass,
        ),
        broken(
            "encoder drifts at 0.02 rad/s",
            Kind::EncoderDrift,
            AnyJoint,
            (0.02, 0.02),
            MayPass,
        ),
        broken(
            "encoder noise of 0.01 rad",
            Kind::EncoderNoise,
            AnyJoint,
            (0.01, 0.01),
            Stops,
        ),
        broken(
            "encoder noise of 30 µrad",
            Kind::EncoderNoise,
            AnyJoint,
            (3e-5, 3e-5),
            MayPass,
        ),
        broken(
            "encoder noise of 10 µrad",
            Kind::EncoderNoise,
            AnyJoint,
            (1e-5, 1e-5),
            GoesOn,
        ),
        broken("drive silent", Kind::DriveSilent, AnyJoint, NO, Stops),
        broken("bus lost", Kind::FramesLost, ARM, (1.0, 1.0), Stops),
        broken(
            "bus loses every second frame",
            Kind::FramesLost,
            ARM,
            (0.5, 0.5),
            GoesOn,
        ),
        broken(
            "bus loses 5 % of frames",
            Kind::FramesLost,
            ARM,
            (0.05, 0.05),
            GoesOn,
        ),
        broken(
            "bus silent for 120 ms",
            Kind::FrameBurst,
            ARM,
            (60.0, 60.0),
            Stops,
        ),
        broken("bus silent for 6 ms", Kind::FrameBurst, ARM, (3.0, 3.0), GoesOn),
        phase,
        broken("gear jammed", Kind::GearJammed, MovingJoint, NO, Stops),
        broken(
            "gear rough, friction × 10",
            Kind::GearRough,
            MovingJoint,
            (10.0, 10.0),
            Stops,
        ),
        broken(
            "gear rough, friction × 1.5",
            Kind::GearRough,
            MovingJoint,
            (1.5, 1.5),
            GoesOn,
        ),
        hot,
        broken("supply at 30 %", Kind::SupplySag, ARM, (0.3, 0.3), Stops),
        broken("supply at 90 %", Kind::SupplySag, ARM, (0.9, 0.9), GoesOn),
        broken(
            "5 kg hung on the tool",
            Kind::PayloadChanged,
            Named("tool0"),
            (5.0, 5.0),
            Stops,
        ),
        broken(
            "0.5 kg hung on the tool",
            Kind::PayloadChanged,
            Named("tool0"),
            (0.5, 0.5),
            GoesOn,
        ),
        case("unknown 0.5 kg dropped", Dropped(0.5), GoesOn),
        broken(
            "part slips out of the gripper",
            Kind::PartSlips,
            Named(""),
            NO,
            MayPass,
        ),
        broken("belt torn", Kind::BeltStopped, BELT, NO, MayPass),
        broken("belt slips", Kind::BeltSlips, BELT, (0.3, 0.3), MayPass),
        case("collision with a post", Post, Stops),
        case("tool struck with 150 N for 0.1 s", Push(150.0), Stops),
        case("tool struck with 5 N for 0.1 s", Push(5.0), GoesOn),
        case("trajectory killed", Killed(Process::Trajectory), Stops),
        case("safety killed", Killed(Process::Safety), Stops),
        case("estimator killed", Killed(Process::Estimator), Stops),
        case("driver killed", Killed(Process::Driver), Stops),
        case("driver restarted", Restarted(Process::Driver), Stops),
        case("safety restarted", Restarted(Process::Safety), Stops),
        case("setpoint not a number", Setpoints(Rogue::NotANumber), Stops),
        case("setpoint jumps by 0.05 rad", Setpoints(Rogue::Jump), Stops),
        case("setpoints frozen", Setpoints(Rogue::Frozen), Stops),
        case("setpoints 0.1 s late", Setpoints(Rogue::Late), Stops),
        case("setpoints of an old epoch", Setpoints(Rogue::OldEpoch), GoesOn),
        case("setpoints replayed", Setpoints(Rogue::Replayed), GoesOn),
        case("estimator restarted", Restarted(Process::Estimator), GoesOn),
        case("every stream lost", network(0, 0, 1.0), Stops),
        case("20 % of messages lost", network(0, 0, 0.2), MayPass),
        case("2 % of messages lost", network(0, 0, 0.02), GoesOn),
        case("messages 2 ms late", network(2, 1, 0.0), GoesOn),
        case("messages 60 ms late", network(60, 0, 0.0), Stops),
    ]
};

/// Long enough for every fault that shows at all.
const PATIENCE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_kind_of_fault_is_in_the_list_and_every_name_once() {
        let broken = |wanted: Kind| {
            let injures = |case: &Case| matches!(case.injury, Injury::Broken { kind, .. } if kind == wanted);
            CASES.iter().any(injures)
        };
        let missing: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| !broken(*kind)).collect();
        assert!(missing.is_empty(), "{missing:?}");
        let names: BTreeSet<&str> = CASES.iter().map(|case| case.name).collect();
        assert_eq!(names.len(), CASES.len());
    }
}
