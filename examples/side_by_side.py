"""Put a blurred photo and its restored version side by side; reads what `deblurgan run --json` prints."""

import json
import sys
from pathlib import Path

import numpy as np

from deblurgan import read, write


def main() -> int:
    """Make one picture per line of standard input and say where it is."""
    for line in sys.stdin:
        outcome = json.loads(line)
        if outcome["status"] != "done":
            print(outcome["reason"], file=sys.stderr)
            return 1
        before, after = read(outcome["input"]), read(outcome["output"])
        place = Path(outcome["output"]).with_name(f"{Path(outcome['input']).stem}_side_by_side.jpg")
        write(after.with_pixels(np.concatenate([before.pixels, after.pixels], axis=1)), place, overwrite=True)
        print(f"sharp picture: {outcome['output']}")
        print(f"side by side:  {place}")
        size = f"{outcome['width']}x{outcome['height']}"
        print(f"seconds:       {outcome['seconds']:.2f} for {size} in {outcome['engine']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
