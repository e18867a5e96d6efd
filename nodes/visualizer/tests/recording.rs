//! What is in the file: read back with rerun's own decoder.

mod bench;

use rerun::external::re_log_encoding::DecoderApp;
use rerun::log::{Chunk, LogMsg};
use servomesh_visualizer::{Config, Output, Settings, Sink, Visualizer};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

/// What a recording holds.
#[derive(Default)]
struct Contents {
    /// Rows of each entity of the recording, static ones too.
    rows: BTreeMap<String, usize>,
    timelines: BTreeSet<String>,
    /// Entities of each blueprint, in the order in which they were activated.
    blueprints: Vec<BTreeSet<String>>,
}

fn read(path: &Path) -> Contents {
    let mut contents = Contents::default();
    let mut drafts = BTreeMap::<String, BTreeSet<String>>::new();
    for message in DecoderApp::decode_lazy(BufReader::new(File::open(path).expect("the file is there"))) {
        match message.expect("a whole message") {
            LogMsg::ArrowMsg(store, message) => {
                let chunk = Chunk::from_arrow_msg(&message).expect("a chunk");
                let entity = chunk.entity_path().to_string();
                if store.is_blueprint() {
                    drafts.entry(format!("{store:?}")).or_default().insert(entity);
                } else {
                    contents
                        .timelines
                        .extend(chunk.timelines().keys().map(ToString::to_string));
                    *contents.rows.entry(entity).or_default() += chunk.num_rows();
                }
            }
            LogMsg::BlueprintActivationCommand(command) => {
                let entities = drafts
                    .remove(&format!("{:?}", command.blueprint_id))
                    .unwrap_or_default();
                contents.blueprints.push(entities);
            }
            LogMsg::SetStoreInfo(_) => {}
        }
    }
    contents
}

fn record(seconds: f64, settings: &Settings) -> Contents {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("run.rrd");
    let model = bench::model();
    let sink = Sink::open(
        &Output {
            record: Some(path.clone()),
            serve: None,
        },
        Some(&model),
    )
    .expect("the file can be written");
    let mut visualizer = Visualizer::new(Config::new(settings).expect("possible settings"), Some(model));
    // Nothing waits for the drawing thread: these runs give less than its queue holds.
    bench::run(&mut visualizer, seconds, |record| sink.draw(record));
    let health = sink.close();
    assert_eq!((health.dropped, health.refused), (0, 0), "{health:?}");
    assert!(has_footer(&path), "the file has no footer");
    read(&path)
}

/// A file that was ended in order has its magic number once more at the very end.
fn has_footer(path: &Path) -> bool {
    let mut file = File::open(path).expect("the file is there");
    let mut start = [0; 3];
    file.read_exact(&mut start).expect("a header");
    assert_eq!(&start, b"RRF", "not a recording");
    file.seek(SeekFrom::End(-64)).expect("a footer");
    let mut end = Vec::new();
    file.read_to_end(&mut end).expect("readable");
    end.windows(3).any(|window| window == b"RRF")
}

#[test]
fn a_run_is_recorded_at_the_rates_that_were_asked_for() {
    let settings = Settings {
        scene_rate_hz: 25.0,
        plot_rate_hz: 50.0,
        ..Settings::default()
    };
    let contents = record(10.0, &settings);
    let rows = |entity: &str| contents.rows.get(entity).copied().unwrap_or_default();

    // Shapes once, poses at the scene's rate, fixed links once.
    assert_eq!(rows("/cell/forearm_link/cylinders"), 1);
    assert_eq!(rows("/cell/bin"), 1);
    assert!(
        (248..=253).contains(&rows("/cell/forearm_link")),
        "{}",
        rows("/cell/forearm_link")
    );
    assert!(
        (240..=253).contains(&rows("/cell/tool_path")),
        "{}",
        rows("/cell/tool_path")
    );

    // A style and the points at the plots' rate; nothing is desired while the gate is shut for two seconds.
    for (entity, seconds) in [
        ("/motion/arm/measured/elbow_joint", 10.0),
        ("/motion/arm/desired/elbow_joint", 8.0),
        ("/motion/arm/following_error/wrist_3_joint", 10.0),
        ("/motion/gripper/measured/gripper_finger_joint", 10.0),
        ("/motion/conveyor/measured/conveyor_belt_joint", 10.0),
    ] {
        let expected = 1.0 + 50.0 * seconds;
        assert!(
            (rows(entity) as f64 - expected).abs() <= 2.0,
            "{entity}: {} of {expected}",
            rows(entity)
        );
    }

    // A configuration, the changes, and a reminder each ten seconds.
    assert!((5..=7).contains(&rows("/safety/arm")), "{}", rows("/safety/arm"));
    assert!(
        (2..=4).contains(&rows("/servo/conveyor")),
        "{}",
        rows("/servo/conveyor")
    );
    assert_eq!(rows("/events/safety"), 3);
    assert_eq!(
        contents.timelines,
        BTreeSet::from(["ros_time".to_owned()]),
        "no clock but ROS time"
    );
}

#[test]
fn the_last_layout_shows_every_group() {
    let contents = record(0.5, &Settings::default());
    // One before any group was announced, one more for each group.
    assert_eq!(contents.blueprints.len(), 4);
    let last = contents.blueprints.last().unwrap();
    let views = last
        .iter()
        .filter(|entity| entity.ends_with("/ViewContents"))
        .count();
    assert_eq!(
        views, 7,
        "cell, arm twice, conveyor, gripper, lanes, log: {last:?}"
    );
    for property in [
        "EyeControls3D",
        "Background",
        "LineGrid3D",
        "PlotLegend",
        "TextLogColumns",
    ] {
        assert!(
            last.iter().any(|entity| entity.ends_with(property)),
            "{property} is missing in {last:?}"
        );
    }
}

#[test]
fn two_runs_record_the_same() {
    let (first, second) = (
        record(1.0, &Settings::default()),
        record(1.0, &Settings::default()),
    );
    assert_eq!(first.rows, second.rows);
}
