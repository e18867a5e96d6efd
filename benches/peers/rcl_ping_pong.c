// The peer: what a careful C program gets from rcl, with one subscription, one wait set made once, and nothing else.
//
// usage: rcl_ping_pong ping <default|stream> <samples> <period_ns>
//        rcl_ping_pong echo <default|stream>
// `default` is ROS's default quality of service (reliable, keep last 10), `stream` the mesh's (best effort, keep last 1).
// The payload is a sensor_msgs/JointState with 7 joints: position, velocity and effort, no names.
#include "pacer.h"

#include <string.h>

#include <rcl/rcl.h>
#include <rosidl_runtime_c/primitives_sequence_functions.h>
#include <sensor_msgs/msg/joint_state.h>

typedef struct {
  rcl_context_t context;
  rcl_node_t node;
  rcl_publisher_t publisher;
  rcl_subscription_t subscription;
  rcl_wait_set_t wait_set;
  sensor_msgs__msg__JointState message;
} peer_t;

static void check(rcl_ret_t ret, const char *what) {
  if (ret != RCL_RET_OK) fail(what);
}

static rmw_qos_profile_t quality(const char *name) {
  rmw_qos_profile_t qos = rmw_qos_profile_default;
  if (strcmp(name, "stream") == 0) {
    qos.reliability = RMW_QOS_POLICY_RELIABILITY_BEST_EFFORT;
    qos.depth = 1;
  }
  return qos;
}

static void peer_init(peer_t *p, const char *name, const char *out, const char *in, rmw_qos_profile_t qos) {
  rcl_allocator_t allocator = rcl_get_default_allocator();
  rcl_init_options_t options = rcl_get_zero_initialized_init_options();
  check(rcl_init_options_init(&options, allocator), "rcl_init_options_init");
  p->context = rcl_get_zero_initialized_context();
  check(rcl_init(0, NULL, &options, &p->context), "rcl_init");
  check(rcl_init_options_fini(&options), "rcl_init_options_fini");
  p->node = rcl_get_zero_initialized_node();
  rcl_node_options_t node_options = rcl_node_get_default_options();
  check(rcl_node_init(&p->node, name, "", &p->context, &node_options), "rcl_node_init");

  const rosidl_message_type_support_t *type = ROSIDL_GET_MSG_TYPE_SUPPORT(sensor_msgs, msg, JointState);
  rcl_publisher_options_t publisher_options = rcl_publisher_get_default_options();
  publisher_options.qos = qos;
  p->publisher = rcl_get_zero_initialized_publisher();
  check(rcl_publisher_init(&p->publisher, &p->node, type, out, &publisher_options), "rcl_publisher_init");
  rcl_subscription_options_t subscription_options = rcl_subscription_get_default_options();
  subscription_options.qos = qos;
  p->subscription = rcl_get_zero_initialized_subscription();
  check(rcl_subscription_init(&p->subscription, &p->node, type, in, &subscription_options), "rcl_subscription_init");
  p->wait_set = rcl_get_zero_initialized_wait_set();
  check(rcl_wait_set_init(&p->wait_set, 1, 0, 0, 0, 0, 0, &p->context, allocator), "rcl_wait_set_init");

  if (!sensor_msgs__msg__JointState__init(&p->message) ||
      !rosidl_runtime_c__double__Sequence__init(&p->message.position, JOINTS) ||
      !rosidl_runtime_c__double__Sequence__init(&p->message.velocity, JOINTS) ||
      !rosidl_runtime_c__double__Sequence__init(&p->message.effort, JOINTS)) {
    fail("message init");
  }
}

static void peer_fini(peer_t *p) {
  sensor_msgs__msg__JointState__fini(&p->message);
  check(rcl_wait_set_fini(&p->wait_set), "rcl_wait_set_fini");
  check(rcl_subscription_fini(&p->subscription, &p->node), "rcl_subscription_fini");
  check(rcl_publisher_fini(&p->publisher, &p->node), "rcl_publisher_fini");
  check(rcl_node_fini(&p->node), "rcl_node_fini");
  check(rcl_shutdown(&p->context), "rcl_shutdown");
  check(rcl_context_fini(&p->context), "rcl_context_fini");
}

// Takes one message if there is one before the deadline; 0 when the deadline has passed.
static int take(peer_t *p, int64_t deadline_ns) {
  int64_t left = deadline_ns - now_ns();
  if (left < 0) left = 0;
  check(rcl_wait_set_clear(&p->wait_set), "rcl_wait_set_clear");
  check(rcl_wait_set_add_subscription(&p->wait_set, &p->subscription, NULL), "rcl_wait_set_add_subscription");
  rcl_ret_t ret = rcl_wait(&p->wait_set, left);
  if (ret == RCL_RET_TIMEOUT) return 0;
  check(ret, "rcl_wait");
  rmw_message_info_t info;
  ret = rcl_take(&p->subscription, &p->message, &info, NULL);
  if (ret == RCL_RET_SUBSCRIPTION_TAKE_FAILED) return -1; // woken for nothing
  check(ret, "rcl_take");
  return 1;
}

static void publish(peer_t *p) { check(rcl_publish(&p->publisher, &p->message, NULL), "rcl_publish"); }

static void echo(peer_t *p) {
  int64_t end_ns = now_ns() + PATIENCE_NS;
  for (int taken; (taken = take(p, end_ns)) != 0;) {
    if (taken < 0) continue;
    publish(p);
    end_ns = now_ns() + IDLE_NS;
  }
}

static void take_until(peer_t *p, pacer_t *pacer, int (*enough)(const pacer_t *), int64_t deadline_ns) {
  while (!enough(pacer)) {
    int taken = take(p, deadline_ns);
    if (taken == 0) return;
    if (taken > 0) pacer_reply(pacer, p->message.header.stamp.sec);
  }
}

// Both ends must know each other, else the first samples count as lost.
static void wait_for_echo(const peer_t *p) {
  int64_t end_ns = now_ns() + PATIENCE_NS;
  for (size_t readers = 0, writers = 0; readers == 0 || writers == 0;) {
    check(rcl_publisher_get_subscription_count(&p->publisher, &readers), "subscription count");
    check(rcl_subscription_get_publisher_count(&p->subscription, &writers), "publisher count");
    if (now_ns() > end_ns) fail("discovery of the echo");
    sleep_until(now_ns() + 10000000);
  }
}

static void ping(peer_t *p, int64_t samples, int64_t period_ns) {
  wait_for_echo(p);
  pacer_t pacer;
  pacer_init(&pacer, samples, period_ns);
  while (pacer.next < pacer.total) {
    sleep_until(pacer.due_ns);
    p->message.header.stamp.sec = (int32_t)pacer_send(&pacer);
    publish(p);
    take_until(p, &pacer, pacer_newest_answered, pacer.due_ns);
  }
  take_until(p, &pacer, pacer_done, now_ns() + LATE_NS);
  pacer_report(&pacer);
}

int main(int argc, char **argv) {
  int is_echo = argc == 3 && strcmp(argv[1], "echo") == 0;
  int is_ping = argc == 5 && strcmp(argv[1], "ping") == 0;
  if (!is_echo && !is_ping) {
    fprintf(stderr, "usage: rcl_ping_pong ping <default|stream> <samples> <period_ns> | echo <default|stream>\n");
    return 2;
  }
  peer_t peer;
  if (is_echo) {
    peer_init(&peer, "peer_echo", "peer/pong", "peer/ping", quality(argv[2]));
    echo(&peer);
  } else {
    peer_init(&peer, "peer_ping", "peer/ping", "peer/pong", quality(argv[2]));
    ping(&peer, atoll(argv[3]), atoll(argv[4]));
  }
  peer_fini(&peer);
  return 0;
}
