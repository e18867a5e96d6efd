"""Writes frame_lengths.json: how many bits can-utils' canframelen.c counts for frames, many of them full of equal bits.

    python3 frame_lengths.py <source folder of github.com/linux-can/can-utils>

Needs a C compiler and the kernel's headers, so `cargo xtask golden` does not run it. Rows are [identifier, extended, remote, data, bits,
the most bits a frame of that kind and length can have]. Remote frames ask for no data: canframelen.c counts what they ask for as if they had it.
"""

import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

CASES = 400
MAIN = r"""
#include <stdio.h>
#include <string.h>
#include <linux/can.h>
#include "canframelen.h"
int main(void) {
    unsigned id, extended, remote, length;
    char hex[64];
    while (scanf("%u %u %u %u %63s", &id, &extended, &remote, &length, hex) == 5) {
        struct canfd_frame frame;
        memset(&frame, 0, sizeof frame);
        frame.can_id = id | (extended ? CAN_EFF_FLAG : 0) | (remote ? CAN_RTR_FLAG : 0);
        frame.len = length;
        for (unsigned k = 0; k < length; k++)
            sscanf(hex + 2 * k, "%2hhx", &frame.data[k]);
        printf("%u %u\n", can_frame_length(&frame, CFL_EXACT, CAN_MTU), can_frame_length(&frame, CFL_WORSTCASE, CAN_MTU));
    }
    return 0;
}
"""


def main():
    draw = random.Random(1)
    rows = []
    for k in range(CASES):
        extended, remote = k & 1, int(k % 10 == 0 or k % 10 == 5)
        mask = (1 << (29 if extended else 11)) - 1
        number = draw.choice([draw.randrange(mask + 1), 0, mask, 1, 0x1F << draw.randrange(6) & mask])
        length = 0 if remote else draw.randrange(9)
        runs = bytes([0x00, 0xFF, 0x0F, 0xF0, 0x1F, 0xE0, 0x07, 0xC1, 0x3C])
        data = draw.randbytes(length) if k % 3 == 0 else bytes(draw.choice(runs) for _ in range(length))
        rows.append([number, extended, remote, data.hex()])
    asked = "".join(f"{number} {extended} {remote} {len(data) // 2} {data or '-'}\n" for number, extended, remote, data in rows)
    with tempfile.TemporaryDirectory() as folder:
        source, program = Path(folder, "main.c"), Path(folder, "lengths")
        source.write_text(MAIN)
        can_utils = Path(sys.argv[1])
        subprocess.run(["cc", f"-I{can_utils}", source, can_utils / "canframelen.c", "-o", program], check=True)
        said = subprocess.run([program], input=asked, capture_output=True, text=True, check=True).stdout.split("\n")
    golden = [row + [int(count) for count in line.split()] for row, line in zip(rows, said)]
    Path(__file__).with_suffix(".json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
