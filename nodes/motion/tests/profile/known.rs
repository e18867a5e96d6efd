//! Questions that were once answered wrongly, with the joints that matter.

use crate::cases::Case;
use servomesh_motion::profile::Synchronization::{self, None, Phase, Straight};
use servomesh_motion::{Bounds, State};
use servomesh_types::JointVec;

/// Position, velocity, acceleration, target; limits of velocity, acceleration, jerk; range.
type Joint = [f64; 9];

const INF: f64 = f64::INFINITY;

/// All of them.
pub(crate) fn cases() -> Vec<Case> {
    let turns = TURNS.iter().map(|(how, joint)| case(*how, &[*joint]));
    let lines = LINES
        .iter()
        .chain(IN_TIME)
        .map(|(how, joints)| case(*how, joints));
    turns.chain(lines).collect()
}

/// Off an end stop, with so little jerk that the acceleration which turns it around needs the velocity's whole limit to be
/// taken back.
const TURNS: &[(Synchronization, Joint)] = &[
    (
        None,
        [
            -2.818154190929062,
            0.9130205900747765,
            -2.9273801031959192,
            -5.2449407316953645,
            1.0,
            8.896420008900824,
            2.374208318897204,
            -5.381728275020583,
            -2.6813666476038436,
        ],
    ),
    (
        Phase,
        [
            0.7297818379645653,
            0.999999999999,
            -4.617678547483664,
            -0.6789972455817388,
            1.0,
            9.58866849175654,
            6.308803423015341,
            -0.7828481672481215,
            0.833632759630948,
        ],
    ),
    (
        None,
        [
            0.12361674539097223,
            0.03032789069279998,
            -0.3339821155237255,
            0.12497553108574919,
            0.03032789069279998,
            1.0,
            1.0,
            0.08747400189987203,
            0.12497553108574919,
        ],
    ),
];

/// In time with a slower joint, from just where the way to rest begins: any lower cruise starts with a bend without end.
const IN_TIME: &[(Synchronization, [Joint; 2])] = &[(
    Phase,
    [
        [
            -0.5574824997999377,
            -0.007544911900328816,
            -5.551115123125783e-17,
            -0.5581378618052784,
            5.476051425651315,
            1.0,
            1.0,
            -INF,
            INF,
        ],
        [
            2.4732086147692094,
            -0.0610248260556748,
            -0.01723790161835237,
            2.4677335294629796,
            4.515920502148609,
            3.2193078703018885,
            7.967857842082662,
            -INF,
            INF,
        ],
    ],
)];

/// Accelerations that are off the line by rounding of their limit, but lead far off in the hours that a stretch takes.
const LINES: &[(Synchronization, [Joint; 2])] = &[
    (
        Straight,
        [
            [
                0.7116126073608995,
                0.0683139811192639,
                0.0,
                0.7116126073608995,
                1.0,
                709.0551066637462,
                105.60082618254901,
                -INF,
                INF,
            ],
            [
                -1.1093622799389404,
                -1.5784962008104513,
                2.2910873746846532e-10,
                -1.1093622799389404,
                1.6152098588020276,
                229.10873746846534,
                1.262525739757332e-6,
                -INF,
                INF,
            ],
        ],
    ),
    (
        Phase,
        [
            [
                0.7158738298498769,
                -3.962885042907786e-11,
                2.0471141984571937e-9,
                0.7158738298498769,
                5.911426406254502e-5,
                44503.95489101837,
                1.0,
                -INF,
                INF,
            ],
            [
                415531808627968.75,
                493450.0819676268,
                -2.7102086145843613e-14,
                415531808627968.75,
                493450.0819676268,
                56823.43104365653,
                1.3239166709052716e-5,
                -INF,
                INF,
            ],
        ],
    ),
    (
        Phase,
        [
            [
                1.100524980843755,
                0.043541711213253134,
                0.00047652709678060293,
                1.100524980843755,
                0.08708342208313014,
                1807.2307377048512,
                2.607592460534746e-6,
                -INF,
                INF,
            ],
            [
                -1.366972588548333,
                -0.04354171104156507,
                -0.00047652709772009306,
                -1.366972588548333,
                0.08708342208313014,
                1807.2307377048512,
                2.607592460534746e-6,
                -INF,
                INF,
            ],
        ],
    ),
    (
        Straight,
        [
            [
                1859726.013604299,
                1.2478066166980491e-5,
                0.0,
                1859726.013604299,
                69.74203613995445,
                0.015814816703848607,
                14034.095333734833,
                -INF,
                INF,
            ],
            [
                -5.7856469050693576e16,
                -868431.9806289498,
                3.405289846483428e-5,
                -5.7856469050693576e16,
                722229.1908631305,
                3.405289846483428e-5,
                1.0,
                -INF,
                INF,
            ],
        ],
    ),
    (
        Phase,
        [
            [
                -2.492664322085013,
                -2.4001715025590444e-6,
                0.0,
                -2.492664322085013,
                1.0,
                273.8371763405855,
                1.0,
                -INF,
                INF,
            ],
            [
                14985963330408.143,
                741800.5834168242,
                -1.8375238065747013,
                14985963330408.143,
                771939.8257917434,
                5229.901319670241,
                5.601490737103906e-5,
                -INF,
                INF,
            ],
        ],
    ),
    (
        Straight,
        [
            [
                1.4661256583865665e21,
                -94615.6589491681,
                0.0,
                -0.6768019104901262,
                94615.6589491681,
                1439.1302592779832,
                2.0631443311620876e-6,
                -INF,
                INF,
            ],
            [
                -2398.6813825852405,
                1.54871937239822e-13,
                3.375819949853755e-16,
                1.1509863513175898,
                0.00014753516449777056,
                0.08027368686209088,
                0.00023760443235982748,
                -INF,
                INF,
            ],
        ],
    ),
];

fn case(synchronization: Synchronization, joints: &[Joint]) -> Case {
    let column = |k: usize| JointVec::from_fn(joints.len(), |i| joints[i][k]);
    Case {
        from: State {
            position: column(0),
            velocity: column(1),
            acceleration: column(2),
        },
        target: column(3),
        bounds: Bounds {
            velocity: column(4),
            acceleration: column(5),
            jerk: column(6),
            lower: column(7),
            upper: column(8),
        },
        synchronization,
        retargeted: false,
    }
}
