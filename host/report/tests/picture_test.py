"""Another decoder reads our PNG files. usage: picture_test.py WRITE_SAMPLE_SHEET"""
import math
import os
import subprocess
import sys
import tempfile

try:
    from PIL import Image
except ImportError as error:
    print(f"skipped: {error} (tools/setup installs it)")
    sys.exit(77)

with tempfile.TemporaryDirectory() as root:
    path = os.path.join(root, "sheet.png")
    subprocess.run([sys.argv[1], path], check=True)
    Image.open(path).verify()  # every CRC
    image = Image.open(path)
    assert image.mode == "RGB", image.mode
    # The first frame, 32 x 32 enlarged three times, begins where the first of its colours does.
    frame = [[tuple(int(128 + 110 * math.sin(x * 0.35 + c) * math.cos(y * 0.3 - c)) for c in range(3)) for x in range(32)]
             for y in range(32)]
    wide, high = image.size
    left, top = next((x, y) for y in range(high) for x in range(wide) if image.getpixel((x, y)) == frame[0][0])
    for y in range(96):
        for x in range(96):
            assert image.getpixel((left + x, top + y)) == frame[y // 3][x // 3], (x, y)
print(f"{wide} x {high} pixels read by PIL")
