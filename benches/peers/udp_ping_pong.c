// The floor: a datagram of the same size over loopback, blocking sockets, nothing else.
//
// usage: udp_ping_pong ping <port> <samples> <period_ns>
//        udp_ping_pong echo <port>
#include "pacer.h"

#include <arpa/inet.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

typedef struct {
  int64_t number;
  double values[3 * JOINTS];
} datagram_t;

static struct sockaddr_in loopback(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// Waits until the socket has something or the deadline has passed.
static int readable(int socket_fd, int64_t deadline_ns) {
  int64_t left = deadline_ns - now_ns();
  if (left < 0) left = 0;
  struct timespec timeout = {left / 1000000000LL, left % 1000000000LL};
  struct pollfd fd = {.fd = socket_fd, .events = POLLIN};
  return ppoll(&fd, 1, &timeout, NULL) > 0;
}

static void echo(int socket_fd, int port) {
  struct sockaddr_in here = loopback(port);
  if (bind(socket_fd, (struct sockaddr *)&here, sizeof here) != 0) fail("bind");
  int64_t end_ns = now_ns() + PATIENCE_NS;
  while (readable(socket_fd, end_ns)) {
    datagram_t datagram;
    struct sockaddr_in from;
    socklen_t length = sizeof from;
    if (recvfrom(socket_fd, &datagram, sizeof datagram, 0, (struct sockaddr *)&from, &length) < 0) fail("recvfrom");
    if (sendto(socket_fd, &datagram, sizeof datagram, 0, (struct sockaddr *)&from, length) < 0) fail("sendto");
    end_ns = now_ns() + IDLE_NS;
  }
}

static void take_until(int socket_fd, pacer_t *pacer, int (*enough)(const pacer_t *), int64_t deadline_ns) {
  while (!enough(pacer) && readable(socket_fd, deadline_ns)) {
    datagram_t datagram;
    // A refused datagram of before the echo was up is reported here too; it is a sample without a reply.
    if (recv(socket_fd, &datagram, sizeof datagram, 0) == sizeof datagram) pacer_reply(pacer, datagram.number);
  }
}

static void ping(int socket_fd, int port, int64_t samples, int64_t period_ns) {
  struct sockaddr_in there = loopback(port);
  if (connect(socket_fd, (struct sockaddr *)&there, sizeof there) != 0) fail("connect");
  datagram_t datagram;
  memset(&datagram, 0, sizeof datagram);
  pacer_t pacer;
  pacer_init(&pacer, samples, period_ns);
  while (pacer.next < pacer.total) {
    sleep_until(pacer.due_ns);
    datagram.number = pacer_send(&pacer);
    (void)!send(socket_fd, &datagram, sizeof datagram, 0);
    take_until(socket_fd, &pacer, pacer_newest_answered, pacer.due_ns);
  }
  take_until(socket_fd, &pacer, pacer_done, now_ns() + LATE_NS);
  pacer_report(&pacer);
}

int main(int argc, char **argv) {
  int socket_fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (socket_fd < 0) fail("socket");
  if (argc == 3 && strcmp(argv[1], "echo") == 0) {
    echo(socket_fd, atoi(argv[2]));
  } else if (argc == 5 && strcmp(argv[1], "ping") == 0) {
    ping(socket_fd, atoi(argv[2]), atoll(argv[3]), atoll(argv[4]));
  } else {
    fprintf(stderr, "usage: udp_ping_pong ping <port> <samples> <period_ns> | echo <port>\n");
    return 2;
  }
  return 0;
}
