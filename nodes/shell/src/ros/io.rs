//! A node's doors to ROS: publishers, subscriptions, services, actions; its time and its log.

use super::time::{self, Looked, RosTime};
use super::{ActionServer, GoalNumber, Latest, Queue, Service, Wire, qos};
use anyhow::Context as _;
use r2r::{QosProfile, WrappedActionTypeSupport, WrappedServiceTypeSupport, WrappedTypesupport};
use servomesh_types::{Event, Stamp};

/// A node's doors to ROS. Names are relative to the node's namespace unless they start with `/` or `~`.
pub struct Io {
    node: r2r::Node,
    name: String,
    full_name: String,
    namespace: String,
    time: RosTime,
    went_back: bool,
    events: Publisher<r2r::servomesh_msgs::msg::Event>,
    last_goal: u64,
}

/// Publishes messages of one topic.
pub struct Publisher<T: WrappedTypesupport + 'static> {
    publisher: r2r::Publisher<T>,
    topic: String,
}

impl<T: WrappedTypesupport + 'static> Publisher<T> {
    /// Publishes. A message that the middleware refuses is reported in the log.
    pub fn publish(&self, message: &T) {
        if let Err(error) = self.publisher.publish(message) {
            r2r::log_error!(
                "shell",
                "topic {}: the middleware refused a message: {error}",
                self.topic
            );
        }
    }

    /// How many subscriptions this topic has.
    pub fn subscribers(&self) -> usize {
        self.publisher.get_inter_process_subscription_count().unwrap_or(0)
    }
}

impl Io {
    pub(super) fn open(default_name: &str) -> anyhow::Result<Self> {
        let context = create_context()?;
        let mut node = r2r::Node::create(context, default_name, "")
            .with_context(|| format!("node {default_name} could not be created"))?;
        let publisher = node
            .create_publisher("events", qos::EVENT)
            .context("topic events")?;
        Ok(Self {
            name: node.name()?,
            full_name: node.fully_qualified_name()?,
            namespace: node.namespace()?,
            events: Publisher {
                publisher,
                topic: "events".to_owned(),
            },
            node,
            time: RosTime::System,
            went_back: false,
            last_goal: 0,
        })
    }

    /// The doors of a program that is no managed node: a command-line tool that calls others.
    ///
    /// # Errors
    /// ROS refuses the arguments, or the node can't be created.
    pub fn client(name: &str) -> anyhow::Result<Self> {
        Self::open(name)
    }

    pub(super) fn use_sim_time(&mut self) -> anyhow::Result<()> {
        self.time = RosTime::sim(&mut self.node).context("topic /clock")?;
        Ok(())
    }

    /// Parameters given on the command line or in a file, by name.
    pub(super) fn overrides(&self) -> Vec<(String, r2r::ParameterValue)> {
        let given = self
            .node
            .params
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        given
            .iter()
            .map(|(name, parameter)| (name.clone(), parameter.value.clone()))
            .collect()
    }

    /// Waits for messages until the deadline, at most 20 ms, and takes them in.
    pub(super) fn spin(&mut self, deadline: Option<Stamp>) {
        self.node.spin_once(self.time.patience(deadline));
        if self.time.look() == Looked::Back {
            self.went_back = true;
        }
    }

    /// Whether time went back since the last call, as it does when a simulation begins anew.
    pub(super) fn take_went_back(&mut self) -> bool {
        std::mem::take(&mut self.went_back)
    }

    /// ROS time; `None` until the first `/clock` under `use_sim_time`.
    pub fn now(&self) -> Option<Stamp> {
        self.time.now()
    }

    /// The system clock \[ns, Unix time\], for hop times.
    pub fn system_ns(&self) -> i64 {
        time::system_ns()
    }

    /// The node's name, as it was started.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The node's name with its namespace.
    pub fn full_name(&self) -> &str {
        &self.full_name
    }

    /// Opens a topic for publishing.
    ///
    /// # Errors
    /// The name is none, or the middleware refuses.
    pub fn publisher<T: WrappedTypesupport + 'static>(
        &mut self,
        topic: &str,
        qos: QosProfile,
    ) -> anyhow::Result<Publisher<T>> {
        let publisher = self
            .node
            .create_publisher(topic, qos)
            .with_context(|| format!("topic {topic}"))?;
        Ok(Publisher {
            publisher,
            topic: topic.to_owned(),
        })
    }

    /// Subscribes to a stream, of which only the newest sample counts. `seq` reads the sample's number.
    ///
    /// # Errors
    /// The name is none, or the middleware refuses.
    pub fn latest<T: WrappedTypesupport + 'static>(
        &mut self,
        topic: &str,
        qos: QosProfile,
        seq: fn(&T) -> u64,
    ) -> anyhow::Result<Latest<T>> {
        let stream = self
            .node
            .subscribe::<T>(topic, qos)
            .with_context(|| format!("topic {topic}"))?;
        Ok(Latest::new(stream, seq))
    }

    /// Subscribes to a topic of which every sample counts.
    ///
    /// # Errors
    /// The name is none, or the middleware refuses.
    pub fn queue<T: WrappedTypesupport + 'static>(
        &mut self,
        topic: &str,
        qos: QosProfile,
    ) -> anyhow::Result<Queue<T>> {
        let stream = self
            .node
            .subscribe::<T>(topic, qos)
            .with_context(|| format!("topic {topic}"))?;
        Ok(Queue::new(stream))
    }

    /// Offers a service.
    ///
    /// # Errors
    /// The name is none, or the middleware refuses.
    pub fn service<T: WrappedServiceTypeSupport + 'static>(
        &mut self,
        name: &str,
    ) -> anyhow::Result<Service<T>> {
        let requests = self
            .node
            .create_service::<T>(name, qos::SERVICE)
            .with_context(|| format!("service {name}"))?;
        Ok(Service::new(Queue::new(requests)))
    }

    /// Offers an action.
    ///
    /// # Errors
    /// The name is none, or the middleware refuses.
    pub fn action_server<A: WrappedActionTypeSupport + 'static>(
        &mut self,
        name: &str,
    ) -> anyhow::Result<ActionServer<A>> {
        let requests = self
            .node
            .create_action_server::<A>(name)
            .with_context(|| format!("action {name}"))?;
        Ok(ActionServer::new(Queue::new(requests)))
    }

    /// A number for a new goal, different from all others of this process.
    pub fn next_goal(&mut self) -> GoalNumber {
        self.last_goal += 1;
        GoalNumber(self.last_goal)
    }

    /// The full names of the nodes that publish a topic.
    ///
    /// # Errors
    /// The middleware does not know.
    pub fn publishers_of(&self, topic: &str) -> anyhow::Result<Vec<String>> {
        let topic = format!("{}/{topic}", self.namespace.trim_end_matches('/'));
        let found = self
            .node
            .get_publishers_info_by_topic(&topic, false)
            .with_context(|| format!("topic {topic}"))?;
        let mut names: Vec<_> = found
            .into_iter()
            .map(|one| format!("{}/{}", one.node_namespace.trim_end_matches('/'), one.node_name))
            .collect();
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// The topics of this node's namespace with a type and an ending, without that ending and the namespace.
    pub(super) fn topics_of_type(&self, wanted: &str, suffix: &str) -> Vec<String> {
        let prefix = if self.namespace == "/" {
            "/".to_owned()
        } else {
            format!("{}/", self.namespace)
        };
        let topics = self.node.get_topic_names_and_types().unwrap_or_default();
        let mut names: Vec<String> = topics
            .iter()
            .filter(|(_, types)| types.iter().any(|t| t == wanted))
            .filter_map(|(name, _)| name.strip_prefix(&prefix)?.strip_suffix(suffix))
            .map(str::to_owned)
            .collect();
        names.sort();
        names
    }

    /// Publishes an event, and writes it to the log.
    pub fn event(&self, event: &Event) {
        let mut message = event.to_msg();
        message.node.clone_from(&self.name);
        self.events.publish(&message);
        self.info(&format!("{}: {}", event.kind.name(), event.text));
    }

    /// Writes to the log and to `/rosout`.
    pub fn info(&self, text: &str) {
        r2r::log_info!(&self.name, "{text}");
    }
    /// Writes a warning to the log and to `/rosout`.
    pub fn warn(&self, text: &str) {
        r2r::log_warn!(&self.name, "{text}");
    }
    /// Writes an error to the log and to `/rosout`.
    pub fn error(&self, text: &str) {
        r2r::log_error!(&self.name, "{text}");
    }

    /// The r2r node, for what has no wrapper here: clients of a command-line tool.
    pub fn r2r(&mut self) -> &mut r2r::Node {
        &mut self.node
    }
}

/// rcl reports arguments that it can't read by a panic out of r2r: a user's mistake becomes an error here.
fn create_context() -> anyhow::Result<r2r::Context> {
    let silent = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let created = std::panic::catch_unwind(r2r::Context::create);
    std::panic::set_hook(silent);
    match created {
        Ok(context) => context.context("ROS could not be initialised"),
        Err(panic) => {
            let text = panic
                .downcast_ref::<String>()
                .map_or("unknown reason", String::as_str)
                .split(", at ")
                .next()
                .unwrap_or_default();
            anyhow::bail!("ROS refuses the arguments or the parameter file: {text}")
        }
    }
}
