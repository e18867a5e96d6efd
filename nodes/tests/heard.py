"""What a peer has heard on one topic: messages with the times at which they were stamped and published.

Stamps are in ROS time [s], times of publication in system time [ns].

**Invariant:** what is looked for is found by those times, never by when it was heard or how much was heard since. So
a peer that is late concludes what a prompt one does, later.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Any, Generic, TypeVar

from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

M = TypeVar("M")

#: A state that who comes late is told too.
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL, reliability=ReliabilityPolicy.RELIABLE)
#: The newest of many, as nodes take a stream.
STREAM = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
#: All of them, however late they are looked at; from publishers of streams, of states and of everything else.
ALL_OF_STREAM = QoSProfile(depth=2000, reliability=ReliabilityPolicy.BEST_EFFORT)
ALL_OF_LATCHED = QoSProfile(
    depth=2000, durability=DurabilityPolicy.TRANSIENT_LOCAL, reliability=ReliabilityPolicy.RELIABLE
)
ALL = QoSProfile(depth=2000)

#: Messages of a topic that are kept.
KEPT = 2000


def seconds(stamp: Any) -> float:
    """A stamp or duration [s]."""
    return stamp.sec + stamp.nanosec * 1e-9


def stamp_of(message: Any) -> float:
    """When a message is of [s]."""
    return seconds(message.header.stamp if hasattr(message, "header") else message.stamp)


class Heard(Generic[M]):
    """The newest messages of a topic, oldest first. One thread adds to them while others look."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: deque[tuple[int, float, M]] = deque(maxlen=KEPT)

    def add(self, message: M, info: dict[str, Any]) -> None:
        """Keeps a message: a subscription's callback."""
        with self._lock:
            self._kept.append((info["source_timestamp"], stamp_of(message), message))

    def newest(self) -> M | None:
        """What was heard last."""
        with self._lock:
            return self._kept[-1][2] if self._kept else None

    def stamped_since(self, time_s: float) -> list[M]:
        """The messages that are stamped at that time or later."""
        with self._lock:
            return [message for _, stamp, message in self._kept if stamp >= time_s]

    def published_since(self, time_ns: int) -> list[M]:
        """The messages that were published at that time or later."""
        with self._lock:
            if not self._kept or self._kept[-1][0] < time_ns:
                return []  # the usual answer while somebody waits
            return [message for published, _, message in self._kept if published >= time_ns]
