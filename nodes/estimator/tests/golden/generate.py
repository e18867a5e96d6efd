"""What filterpy's Kalman filter says of a joint that is measured at uneven times, as `filterpy.json`.

filterpy 1.4.5 (R. Labbe): KalmanFilter with the state position, velocity, acceleration; constant acceleration, white jerk
(`Q_continuous_white_noise`). The joint moves sinusoidally; its encoder counts with noise; a tenth of the samples is lost, and
the stamps jitter. One value in ten is kept of what the filter says.
"""

import json
import pathlib

import numpy as np
from filterpy.common import Q_continuous_white_noise
from filterpy.kalman import KalmanFilter

COUNT = 2 * np.pi / 16384
NOISE = 0.5 * COUNT
PERIOD_S = 0.002
BANDWIDTH = 2 * np.pi * 40
R = NOISE**2 + COUNT**2 / 12
WALK = BANDWIDTH**6 * R * PERIOD_S


def main():
    random = np.random.default_rng(3)
    times = np.cumsum(PERIOD_S + random.uniform(-3e-4, 3e-4, 600))
    times = times[random.random(600) > 0.1]
    truth = 0.4 * np.sin(2 * np.pi * 0.8 * times)
    measured = np.round((truth + random.normal(0, NOISE, len(times))) / COUNT) * COUNT

    kalman = KalmanFilter(dim_x=3, dim_z=1)
    kalman.x = np.array([[measured[0]], [0.0], [0.0]])
    kalman.P = np.diag([R, 1.5**2, 10.0**2])
    kalman.H = np.array([[1.0, 0.0, 0.0]])
    kalman.R = np.array([[R]])
    said = []
    for index in range(1, len(times)):
        dt = times[index] - times[index - 1]
        kalman.F = np.array([[1, dt, dt * dt / 2], [0, 1, dt], [0, 0, 1]])
        kalman.Q = Q_continuous_white_noise(dim=3, dt=dt, spectral_density=WALK)
        kalman.predict()
        kalman.update(measured[index])
        if index % 10 == 0:
            said.append([*kalman.x[:, 0], *np.sqrt(np.diag(kalman.P))])
    path = pathlib.Path(__file__).with_name("filterpy.json")
    values = {
        "noise": NOISE,
        "count": COUNT,
        "bandwidth": BANDWIDTH,
        "period_s": PERIOD_S,
        "times_s": [float(time) for time in times],
        "measured": [int(round(value / COUNT)) for value in measured],
        "said": [[float(value) for value in row] for row in said],
    }
    path.write_text(json.dumps(values) + "\n")


main()
