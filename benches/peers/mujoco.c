// MuJoCo, stepped as fast as it goes, on one thread.
//
//   mujoco <scene.xml> time <steps> <block>    prints nanoseconds per step of each block of steps
//   mujoco <scene.xml> trace <steps> <every>   prints all positions, each <every> steps
//
// Joint k (in MuJoCo's order, free joints after the driven ones) gets the effort
// bias + amplitude·cos(frequency·t) − spring·(q − start), and damping that MuJoCo takes implicitly; the scene brings these
// as numerics. The first pass is not timed.

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mujoco/mujoco.h>

struct drive {
  int joints;
  const mjtNum *start, *bias, *amplitude, *frequency, *spring, *damping;
};

static void fail(const char *what) {
  fprintf(stderr, "mujoco: %s\n", what);
  exit(1);
}

static long number(const char *text) {
  char *end;
  errno = 0;
  long value = strtol(text, &end, 10);
  if (errno || *end || value <= 0) fail("steps and blocks are positive numbers");
  return value;
}

static const mjtNum *column(const mjModel *m, const char *name, int *count) {
  int id = mj_name2id(m, mjOBJ_NUMERIC, name);
  *count = id < 0 ? 0 : m->numeric_size[id];
  return id < 0 ? NULL : m->numeric_data + m->numeric_adr[id];
}

static struct drive read_drive(mjModel *m) {
  struct drive d = {0};
  d.start = column(m, "start", &d.joints);
  const struct { const char *name; const mjtNum **to; } others[] = {
      {"bias", &d.bias},     {"amplitude", &d.amplitude}, {"frequency", &d.frequency},
      {"spring", &d.spring}, {"damping", &d.damping},
  };
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    int count;
    *others[i].to = column(m, others[i].name, &count);
    if (count != d.joints) fail("a drive's numerics differ in length");
  }
  for (int k = 0; k < d.joints; k++) m->dof_damping[k] = d.damping[k];
  return d;
}

static void reset(const mjModel *m, mjData *data, const struct drive *drive) {
  mj_resetData(m, data);
  for (int k = 0; k < drive->joints; k++) data->qpos[k] = drive->start[k];
}

static void step(const mjModel *m, mjData *data, const struct drive *d) {
  for (int k = 0; k < d->joints; k++)
    data->qfrc_applied[k] = d->bias[k] + d->amplitude[k] * cos(d->frequency[k] * data->time) -
                            d->spring[k] * (data->qpos[k] - d->start[k]);
  mj_step(m, data);
}

static double now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

int main(int argc, char **argv) {
  if (argc != 5) fail("usage: mujoco <scene.xml> time|trace <steps> <block>");
  char error[1000];
  mjModel *m = mj_loadXML(argv[1], NULL, error, sizeof error);
  if (!m) fail(error);
  mjData *data = mj_makeData(m);
  long steps = number(argv[3]), block = number(argv[4]);
  struct drive drive = read_drive(m);

  reset(m, data, &drive);
  if (!strcmp(argv[2], "trace")) {
    for (long done = 1; done <= steps; done++) {
      step(m, data, &drive);
      if (done % block == 0) {
        for (int k = 0; k < m->nq; k++) printf("%.17g ", data->qpos[k]);
        printf("\n");
      }
    }
  } else if (!strcmp(argv[2], "time")) {
    for (long done = 0; done < steps; done++) step(m, data, &drive);
    reset(m, data, &drive);
    for (long done = 0; done + block <= steps; done += block) {
      double before = now_ns();
      for (long k = 0; k < block; k++) step(m, data, &drive);
      printf("%.1f\n", (now_ns() - before) / block);
    }
  } else {
    fail("time or trace");
  }
  mj_deleteData(data);
  mj_deleteModel(m);
  return 0;
}
