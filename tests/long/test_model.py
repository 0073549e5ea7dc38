"""A workspace's random life against a plain map (tests/tsdb/workspace_model_test.cc), one seed after the other. A
failure names the seed, and SLUICE_MODEL_SEED and SLUICE_MODEL_STEPS repeat it."""
import os
import pathlib
import random
import subprocess
import unittest

from long_support import Span, report

TSDB_TEST = pathlib.Path(os.environ["SLUICE_BINARY"]).with_name("tsdb_test")
STEPS = os.environ.get("SLUICE_MODEL_STEPS", "100000")
SECONDS_MAX = 900  # of one life


class Model(unittest.TestCase):
    def test_random_operations_agree_with_a_map(self):
        span = Span(minutes_default=10)
        seeds = []
        while not span.is_over:
            seed = os.environ.get("SLUICE_MODEL_SEED") or str(random.SystemRandom().randrange(1 << 32))
            print(f"SLUICE_MODEL_SEED={seed} SLUICE_MODEL_STEPS={STEPS}", flush=True)
            done = subprocess.run([TSDB_TEST, "--gtest_filter=WorkspaceModel.*"], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS_MAX,
                                  env=dict(os.environ, SLUICE_MODEL_SEED=seed, SLUICE_MODEL_STEPS=STEPS))
            self.assertEqual(done.returncode, 0, f"seed {seed}\n{done.stdout[-10000:]}")
            seeds.append(seed)
        report(f"model: {len(seeds)} lives of {STEPS} steps agreed with the map; seeds {' '.join(seeds[:20])}")


if __name__ == "__main__":
    unittest.main()
