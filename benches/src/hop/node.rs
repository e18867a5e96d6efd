//! Our ends of the hop: a ping and an echo as our nodes are built, with r2r.
//!
//! Both spin as a shell does: wait, drain the stream to its newest sample, handle it, publish.

use anyhow::{Context, Result, bail};
use clap::Args;
use futures::{FutureExt, Stream, StreamExt};
use r2r::sensor_msgs::msg::JointState;
use r2r::{Publisher, QosProfile};
use std::io::Write;
use std::time::{Duration, Instant};

// As in peers/pacer.h: both sides of a comparison do the same.
const JOINTS: usize = 7;
const WARM_UP: usize = 500;
const PATIENCE: Duration = Duration::from_secs(10);
const LATE: Duration = Duration::from_millis(500);
const IDLE: Duration = Duration::from_secs(2);

/// What the ping is told.
#[derive(Args)]
pub struct PingArgs {
    /// Samples to report.
    samples: usize,
    /// Time from one sample to the next in nanoseconds.
    period_ns: u64,
    #[command(flatten)]
    node: NodeArgs,
}

/// What the echo is told.
#[derive(Args)]
pub struct EchoArgs {
    #[command(flatten)]
    node: NodeArgs,
}

#[derive(Args)]
struct NodeArgs {
    /// Subscriptions that nothing is sent to: a node of the mesh waits on some thirty things at once.
    #[arg(long, default_value_t = 0)]
    idle_subscriptions: usize,
}

/// Sends everything back, until nothing has come for a while.
pub fn echo(args: &EchoArgs) -> Result<()> {
    let mut end = End::new("ours_echo", "ours/pong", "ours/ping", &args.node)?;
    let mut until = now() + PATIENCE;
    while now() < until {
        end.spin_until(until);
        if let Some(message) = end.drain().last() {
            end.publisher.publish(&message).context("publish")?;
            until = now() + IDLE;
        }
    }
    Ok(())
}

/// Asks once per period and prints every round trip in nanoseconds, -1 for a sample without an answer.
pub fn ping(args: &PingArgs) -> Result<()> {
    let mut end = End::new("ours_ping", "ours/ping", "ours/pong", &args.node)?;
    end.wait_for_echo()?;
    let joints = vec![0.0; JOINTS];
    let mut message = JointState {
        position: joints.clone(),
        velocity: joints.clone(),
        effort: joints,
        ..JointState::default()
    };
    let total = args.samples + WARM_UP;
    let mut trips = Trips {
        sent: Vec::with_capacity(total),
        took_ns: vec![None; total],
    };
    let mut due = now();
    for number in 0..total {
        while now() < due {
            end.spin_until(due);
            trips.answered(end.drain());
        }
        due += Duration::from_nanos(args.period_ns);
        message.header.stamp.sec = i32::try_from(number).context("number of samples")?;
        trips.sent.push(now());
        end.publisher.publish(&message).context("publish")?;
    }
    let late = now() + LATE;
    while now() < late && trips.took_ns.contains(&None) {
        end.spin_until(late);
        trips.answered(end.drain());
    }
    let mut out = std::io::stdout().lock();
    for took_ns in &trips.took_ns[WARM_UP..] {
        let ns = took_ns.map_or(-1, i128::from);
        writeln!(out, "{ns}").context("write a sample")?;
    }
    Ok(())
}

/// When each sample left and how long it took.
struct Trips {
    sent: Vec<Instant>,
    took_ns: Vec<Option<u64>>,
}

impl Trips {
    /// Matches answers with their samples, so that a late one counts for its own.
    fn answered(&mut self, answers: impl Iterator<Item = JointState>) {
        for answer in answers {
            let Ok(number) = usize::try_from(answer.header.stamp.sec) else {
                continue;
            };
            if let (Some(sent), Some(took_ns @ None)) = (self.sent.get(number), self.took_ns.get_mut(number))
            {
                *took_ns = Some(u64::try_from(sent.elapsed().as_nanos()).unwrap_or(u64::MAX));
            }
        }
    }
}

/// A node with one publisher and one stream.
struct End {
    node: r2r::Node,
    publisher: Publisher<JointState>,
    stream: Box<dyn Stream<Item = JointState> + Unpin>,
    _idle: Vec<Box<dyn Stream<Item = JointState> + Unpin>>,
}

impl End {
    fn new(name: &str, out: &str, into: &str, args: &NodeArgs) -> Result<Self> {
        let qos = QosProfile::default().keep_last(1).best_effort().volatile();
        let context = r2r::Context::create().context("rcl context")?;
        let mut node = r2r::Node::create(context, name, "").context("node")?;
        let publisher = node.create_publisher(out, qos.clone()).context("publisher")?;
        let stream = Box::new(node.subscribe(into, qos.clone()).context("subscription")?);
        let mut idle: Vec<Box<dyn Stream<Item = JointState> + Unpin>> = Vec::new();
        for i in 0..args.idle_subscriptions {
            idle.push(Box::new(
                node.subscribe(&format!("{name}/idle_{i}"), qos.clone())
                    .context("subscription")?,
            ));
        }
        Ok(Self {
            node,
            publisher,
            stream,
            _idle: idle,
        })
    }

    /// Waits for something to happen, at most until the deadline.
    fn spin_until(&mut self, deadline: Instant) {
        self.node.spin_once(deadline.saturating_duration_since(now()));
    }

    /// Whatever has come, oldest first.
    fn drain(&mut self) -> impl Iterator<Item = JointState> {
        std::iter::from_fn(|| self.stream.next().now_or_never().flatten())
    }

    /// The way back has no such question; the samples of the warm-up are there for it.
    fn wait_for_echo(&mut self) -> Result<()> {
        let until = now() + PATIENCE;
        while self
            .publisher
            .get_inter_process_subscription_count()
            .context("subscription count")?
            == 0
        {
            if now() > until {
                bail!("no echo within {PATIENCE:?}");
            }
            self.spin_until(now() + Duration::from_millis(10));
        }
        Ok(())
    }
}

#[expect(clippy::disallowed_methods, reason = "what is measured here is real time")]
fn now() -> Instant {
    Instant::now()
}
