//! Writes a recording of a made-up run of the default cell, to look at the layout without ROS or a simulation:
//!
//! ```text
//! cargo run -p servomesh_visualizer --example made_up_run -- run.rrd && rerun run.rrd
//! ```

#[path = "../tests/bench/mod.rs"]
mod bench;

use servomesh_visualizer::{Config, Output, Sink, Visualizer};
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args_os()
        .nth(1)
        .map_or_else(|| PathBuf::from("run.rrd"), PathBuf::from);
    let model = bench::model();
    let sink = Sink::open(
        &Output {
            record: Some(file.clone()),
            serve: None,
        },
        Some(&model),
    )?;
    let mut visualizer = Visualizer::new(Config::default(), Some(model));
    bench::run(&mut visualizer, 18.0, |record| sink.draw(record));
    println!("{}: {:?}", file.display(), sink.close());
    Ok(())
}
