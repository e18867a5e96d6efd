//! The words of the language: every map of a program, with its fields, their ranges and what they mean.
//!
//! Lengths in m, angles in rad, times in s of the cell's time. **Invariant:** bounds stand here and nowhere else.

use super::shape::{Field, Kind, Range, Shape, Steps};

/// The longest file, in bytes.
pub const MAX_BYTES: usize = 1 << 20;
/// The deepest nesting of lists and maps.
pub const MAX_DEPTH: usize = 32;
/// The longest list or map.
pub const MAX_ENTRIES: usize = 10_000;
/// The longest name of anything, in bytes.
pub const MAX_NAME: usize = 64;
/// The most steps of a program, those in other steps included.
pub const MAX_STEPS: usize = 10_000;
/// The most segments of one path: the bound of the message.
pub const MAX_SEGMENTS: usize = 1000;
/// How deep steps may stand in steps.
pub const MAX_NESTING: usize = 8;
/// The most joints of a group: the bound of the message.
pub const MAX_JOINTS: usize = servomesh_types::MAX_JOINTS;
/// How fast a motion goes of what its limits allow, where its step does not say.
pub const DEFAULT_SPEED: f64 = 0.6;

/// Positions of joints; an endless one counts on for a long time.
pub(super) const POSITION: Range = Range::new(-1e7, 1e7);
pub(super) const COORDINATE: Range = Range::new(-100.0, 100.0);
const SHARE: Range = Range::above(0.0, 1.0);
const SECONDS: Range = Range::above(0.0, 86_400.0);
const ANGLE: Range = Range::new(-10.0, 10.0);

const fn must(name: &'static str, kind: Kind, about: &'static str) -> Field {
    let required = true;
    Field {
        name,
        kind,
        required,
        about,
    }
}

const fn may(name: &'static str, kind: Kind, about: &'static str) -> Field {
    let required = false;
    Field {
        name,
        kind,
        required,
        about,
    }
}

const fn shape(name: &'static str, about: &'static str, fields: &'static [&'static [Field]]) -> Shape {
    Shape {
        name,
        about,
        fields,
        either: &[],
        at_most_one: &[],
    }
}

/// A whole program.
pub(super) const PROGRAM: Shape = shape(
    "program",
    "What a cell is to do, step by step",
    &[&[
        must("name", Kind::Text(200), "What it does, for people"),
        may(
            "group",
            Kind::Text(MAX_GROUP),
            "The group that motions are for where their step does not say",
        ),
        may("poses", Kind::PoseTable, "Positions of joints, by name [rad, m]"),
        may("places", Kind::PlaceTable, "Places of the tool, by name"),
        must("steps", Kind::Steps(Steps::Any), "What to do, in order"),
    ]],
);

/// A place of the tool.
pub(super) const PLACE: Shape = Shape {
    at_most_one: &[ORIENTATIONS],
    ..shape(
        "place",
        "Where the tool is to be; without an orientation it keeps the one it has",
        &[
            &[must("xyz", Kind::Numbers(3, COORDINATE), "Position [m]")],
            ORIENTATION,
            &[may(
                "frame",
                Kind::Text(MAX_NAME),
                "Link in whose frame it is; without it, in the step's",
            )],
        ],
    )
};

const ORIENTATION: &[Field] = &[
    may(
        "rpy",
        Kind::Numbers(3, ANGLE),
        "Roll, pitch and yaw about fixed axes [rad]",
    ),
    may(
        "quaternion",
        Kind::Numbers(4, Range::new(-1.0, 1.0)),
        "Orientation as x, y, z, w",
    ),
];

pub(super) const FOLLOW: Shape = Shape {
    either: &[&["to"], &["through"]],
    ..shape(
        "follow",
        "Sends a group through poses, by a FollowJointTrajectory goal",
        &[
            GROUP,
            &[
                may("to", Kind::Pose, "The one pose to go to"),
                may("through", Kind::Poses, "The poses to pass"),
                may(
                    "speed",
                    Kind::Number(SHARE),
                    "Share of the joints' limits to use; 0.6 without it",
                ),
            ],
        ],
    )
};

pub(super) const MOVE: Shape = shape(
    "move",
    "Sends a group to a pose, as fast as its limits allow",
    &[
        GROUP,
        &[
            must("to", Kind::Pose, "The pose to go to"),
            SPEED,
            ACCELERATION,
            may(
                "synchronization",
                Kind::Word(&["phase", "time", "none", "straight"]),
                "How joints go together: phase (arrive together, straight where the start allows it), time (arrive together, each as gently as it can), none (each as soon as it can), straight (as phase, or refused)",
            ),
        ],
    ],
);

pub(super) const LINE: Shape = shape(
    "line",
    "Sends the tool in a straight line to a place",
    &[GROUP, &[must("to", Kind::Place, "Where to go")], PACE],
);

pub(super) const CIRCLE: Shape = Shape {
    either: ARCS,
    at_most_one: &[ORIENTATIONS],
    ..shape(
        "circle",
        "Sends the tool along an arc: through a place to another one, or about a centre by an angle",
        &[GROUP, ARC, ORIENTATION, PACE],
    )
};

pub(super) const PATH: Shape = shape(
    "path",
    "Sends a group along several segments in one go",
    &[
        GROUP,
        &[
            must(
                "segments",
                Kind::Steps(Steps::Segment),
                "Lines, circles and lines in joint space, in order",
            ),
            may(
                "blend",
                BLEND,
                "How far from a corner segments may be left, where they do not say [m; rad between segments in joint space]",
            ),
        ],
        PACE,
    ],
);

pub(super) const SEGMENT_LINE: Shape = Shape {
    at_most_one: &[CORNERS],
    ..shape(
        "line",
        "The tool in a straight line to a place",
        &[&[must("to", Kind::Place, "Where to go")], CORNER],
    )
};

pub(super) const SEGMENT_CIRCLE: Shape = Shape {
    either: ARCS,
    at_most_one: &[ORIENTATIONS, CORNERS],
    ..shape(
        "circle",
        "The tool along an arc: through a place to another one, or about a centre by an angle",
        &[ARC, ORIENTATION, CORNER],
    )
};

pub(super) const SEGMENT_JOINT: Shape = Shape {
    at_most_one: &[CORNERS],
    ..shape(
        "joint",
        "A straight line in joint space to a pose, which names every joint of the group",
        &[&[must("to", Kind::Pose, "The pose to go to")], CORNER],
    )
};

pub(super) const RUN: Shape = shape(
    "run",
    "Runs an endless group at a velocity, and goes on with the next step once it has it",
    &[&[
        must("group", Kind::Text(MAX_GROUP), "Which group"),
        must(
            "velocity",
            Kind::Number(Range::new(-100.0, 100.0)),
            "How fast [m/s, rad/s]",
        ),
        may(
            "acceleration",
            Kind::Number(SHARE),
            "Share of the acceleration and jerk limits to use; 1 without it",
        ),
    ]],
);

pub(super) const GRIP: Shape = shape(
    "grip",
    "Opens or closes a gripper to a position of its joint, or until it holds something",
    &[&[
        must("group", Kind::Text(MAX_GROUP), "Which group"),
        must(
            "position",
            Kind::Number(Range::new(-10.0, 10.0)),
            "Position of its joint: the travel of each finger from closed [m]",
        ),
        may(
            "max_effort",
            Kind::Number(Range::new(0.0, 100_000.0)),
            "Most force to use [N]; 0 for the gripper's own limit",
        ),
    ]],
);

pub(super) const WAIT: Shape = Shape {
    either: &[&["seconds"], &["event"], &["joint"]],
    at_most_one: &[&["seconds", "timeout"]],
    ..shape(
        "wait",
        "Waits for a time, an event, or a joint",
        &[&[
            may(
                "seconds",
                Kind::Number(SECONDS),
                "For so long [s of the cell's time]",
            ),
            may("event", Kind::Map(&EVENT), "For an event that comes from now on"),
            may("joint", Kind::Map(&JOINT), "For a joint to be somewhere"),
            may(
                "timeout",
                Kind::Number(SECONDS),
                "After which the step is missed [s of the cell's time]",
            ),
        ]],
    )
};

pub(super) const EVENT: Shape = shape(
    "event",
    "An event of the topic events; all that is given must hold",
    &[&[
        may("kind", Kind::Word(EVENTS), "What happens"),
        may("group", Kind::Text(MAX_GROUP), "To which group"),
        may("text", Kind::Text(200), "What its sentence contains"),
    ]],
);

pub(super) const JOINT: Shape = Shape {
    either: &[&["above"], &["below"], &["travels"]],
    ..shape(
        "joint",
        "A measured position of a joint [rad, m]",
        &[&[
            must("group", Kind::Text(MAX_GROUP), "Of which group"),
            may(
                "name",
                Kind::Text(MAX_NAME),
                "Which joint; without it, the group's only one",
            ),
            may("above", Kind::Number(POSITION), "Until it is above this position"),
            may("below", Kind::Number(POSITION), "Until it is below this position"),
            may(
                "travels",
                Kind::Number(Range::above(0.0, 1e7)),
                "Until it is so far from where it is now, to either side",
            ),
        ]],
    )
};

pub(super) const TRACK: Shape = shape(
    "track",
    "Steps of a group whose tool goes along with a moving frame, such as a belt's",
    &[
        GROUP,
        &[
            must(
                "frame",
                Kind::Text(MAX_NAME),
                "Link in whose frame the places are; another group moves it",
            ),
            may(
                "tool",
                Kind::Text(MAX_NAME),
                "Link whose places are meant; without it, the group's tool",
            ),
            must("steps", Kind::Steps(Steps::Track), "What to do on it, in order"),
        ],
    ],
);

pub(super) const TOGETHER: Shape = shape("together", "Several steps at once; done when all are", &[]);

pub(super) const LOOP: Shape = Shape {
    either: &[&["times"], &["forever"]],
    ..shape(
        "loop",
        "The same steps again and again",
        &[&[
            may("times", Kind::Count(1_000_000), "How often"),
            may("forever", Kind::Yes, "Until Ctrl-C, or a step that is missed"),
            must("steps", Kind::Steps(Steps::Any), "What to do each time"),
        ]],
    )
};

pub(super) const OVERRIDE: Shape = shape(
    "speed",
    "Sets how fast groups run from now on; motions under way slow down and speed up on their paths",
    &[&[
        may("group", Kind::Text(MAX_GROUP), "Which group; without it, all"),
        must(
            "scale",
            Kind::Number(Range::new(0.0, 1.0)),
            "Of what is planned, 0 to 1",
        ),
    ]],
);

impl Steps {
    /// The steps that are possible.
    pub(super) const fn shapes(self) -> &'static [&'static Shape] {
        match self {
            Self::Any => &[
                &FOLLOW, &MOVE, &LINE, &CIRCLE, &PATH, &RUN, &GRIP, &WAIT, &TRACK, &TOGETHER, &LOOP,
                &OVERRIDE,
            ],
            Self::Together => &[
                &FOLLOW, &MOVE, &LINE, &CIRCLE, &PATH, &RUN, &GRIP, &WAIT, &OVERRIDE,
            ],
            Self::Track => &[&LINE, &CIRCLE, &PATH, &RUN, &GRIP, &WAIT, &TOGETHER, &OVERRIDE],
            Self::Segment => &[&SEGMENT_JOINT, &SEGMENT_LINE, &SEGMENT_CIRCLE],
        }
    }
}

/// The longest name of a group: the bound of the message.
const MAX_GROUP: usize = 32;

const GROUP: &[Field] = &[may(
    "group",
    Kind::Text(MAX_GROUP),
    "Which group; without it, that of the track or of the program",
)];

const SPEED: Field = may(
    "speed",
    Kind::Number(SHARE),
    "Share of the velocity limits to use, and of the acceleration limits where `acceleration` does not say; 0.6 without it",
);
const ACCELERATION: Field = may(
    "acceleration",
    Kind::Number(SHARE),
    "Share of the acceleration and jerk limits to use; as `speed` without it",
);

/// How fast, and whose places are meant in which frame.
const PACE: &[Field] = &[
    may(
        "frame",
        Kind::Text(MAX_NAME),
        "Link in whose frame places are; without it, that of its places, or the robot's root. One that another group moves takes the tool along",
    ),
    may(
        "tool",
        Kind::Text(MAX_NAME),
        "Link whose places are meant; without it, the group's tool",
    ),
    SPEED,
    ACCELERATION,
    may(
        "tool_speed",
        Kind::Number(Range::above(0.0, 100.0)),
        "Highest speed of the tool on lines and arcs [m/s]",
    ),
    may(
        "tool_acceleration",
        Kind::Number(Range::above(0.0, 1000.0)),
        "Highest acceleration of the tool [m/s²]",
    ),
    may(
        "tool_jerk",
        Kind::Number(Range::above(0.0, 1e5)),
        "Highest jerk of the tool [m/s³]",
    ),
];

const ARC: &[Field] = &[
    may("via", Kind::Point, "A place on the arc"),
    may("to", Kind::Place, "The end of the arc"),
    may("centre", Kind::Point, "The centre of the arc"),
    may(
        "axis",
        Kind::Numbers(3, Range::new(-1.0, 1.0)),
        "Counter-clockwise about this direction",
    ),
    may(
        "angle",
        Kind::Number(Range::new(-63.0, 63.0)),
        "How far about the centre [rad]",
    ),
];
const ARCS: &[&[&str]] = &[&["via", "to"], &["centre", "axis", "angle"]];

const BLEND: Kind = Kind::Number(Range::above(0.0, 10.0));
const CORNER: &[Field] = &[
    may(
        "blend",
        BLEND,
        "Goes on into the next segment, leaving this one within so far of its end [m; rad between segments in joint space]",
    ),
    may(
        "corner",
        Kind::Word(&["stop", "through"]),
        "stop: comes to rest at the end, as without it; through: goes on exactly through the end",
    ),
];
const ORIENTATIONS: &[&str] = &["rpy", "quaternion"];
const CORNERS: &[&str] = &["blend", "corner"];

const EVENTS: &[&str] = &[
    "started",
    "goal accepted",
    "goal refused",
    "arrived",
    "goal aborted",
    "grasped",
    "stopped",
    "fault",
    "recovered",
];
