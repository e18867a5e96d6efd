// What every ping shares: ticks at a fixed rate, one round trip per tick, one line of output per sample.
//
// A sample is named by its number, so a reply that comes late is still matched with its own request. Output, read by the
// bench: round trips in nanoseconds in the order sent, -1 for a sample whose reply never came.
//
// **Invariant:** nothing is allocated or printed while samples are in flight.
#ifndef SERVOMESH_PACER_H
#define SERVOMESH_PACER_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define JOINTS 7
#define WARM_UP 500               // samples that are sent and not reported: discovery, caches, first allocations
#define PATIENCE_NS 10000000000LL // no reply at all for this long: there is no echo
#define LATE_NS 500000000LL       // after the last sample, for replies still on their way
#define IDLE_NS 2000000000LL      // an echo that has heard nothing for this long is done

typedef struct {
  int64_t *sent_ns;
  int64_t *round_trip_ns;
  int64_t total;
  int64_t next;
  int64_t answered;
  int64_t period_ns;
  int64_t due_ns;
} pacer_t;

static inline int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000LL + t.tv_nsec;
}

static inline void sleep_until(int64_t deadline_ns) {
  struct timespec t = {deadline_ns / 1000000000LL, deadline_ns % 1000000000LL};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0) {
  }
}

static inline void fail(const char *what) {
  fprintf(stderr, "%s failed\n", what);
  exit(1);
}

static inline void pacer_init(pacer_t *p, int64_t samples, int64_t period_ns) {
  p->total = samples + WARM_UP;
  p->sent_ns = calloc((size_t)p->total, sizeof(int64_t));
  p->round_trip_ns = malloc((size_t)p->total * sizeof(int64_t));
  if (p->sent_ns == NULL || p->round_trip_ns == NULL) fail("calloc");
  for (int64_t i = 0; i < p->total; ++i) p->round_trip_ns[i] = -1;
  p->next = 0;
  p->answered = 0;
  p->period_ns = period_ns;
  p->due_ns = now_ns();
}

// Number of the sample to send now.
static inline int64_t pacer_send(pacer_t *p) {
  p->due_ns += p->period_ns;
  p->sent_ns[p->next] = now_ns();
  return p->next++;
}

static inline void pacer_reply(pacer_t *p, int64_t number) {
  if (number < 0 || number >= p->next || p->round_trip_ns[number] >= 0) return;
  p->round_trip_ns[number] = now_ns() - p->sent_ns[number];
  p->answered++;
}

static inline int pacer_newest_answered(const pacer_t *p) { return p->round_trip_ns[p->next - 1] >= 0; }

static inline int pacer_done(const pacer_t *p) { return p->answered == p->total; }

static inline void pacer_report(const pacer_t *p) {
  for (int64_t i = WARM_UP; i < p->total; ++i) printf("%lld\n", (long long)p->round_trip_ns[i]);
}

#endif
