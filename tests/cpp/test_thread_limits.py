"""How many processors the quotas of control groups leave, on trees of files like Linux's."""

from __future__ import annotations

import subprocess
from pathlib import Path

from cpp.programs import built

NO_QUOTA = 256

# The membership, the files, and how many processors are left.
CASES: list[tuple[str, dict[str, str], int]] = [
    ("0::/", {}, NO_QUOTA),
    ("", {"cpu.max": "max 100000"}, NO_QUOTA),
    # What a container sees, with a name space of its own and without.
    ("0::/", {"cpu.max": "150000 100000"}, 2),
    ("0::/docker/abc", {"cpu.max": "50000 100000"}, 1),
    ("4:cpu,cpuacct:/docker/abc", {"cpu/cpu.cfs_quota_us": "300000"}, 3),
    # A group below the mounted one, as systemd and Slurm make them.
    ("0::/job/step", {"job/step/cpu.max": "400000 100000"}, 4),
    ("0::/job/step", {"job/step/cpu.max": "max 100000", "job/cpu.max": "200000 100000"}, 2),
    ("0::/job/step", {"job/step/cpu.max": "100000 100000", "job/cpu.max": "200000 100000"}, 1),
    ("0::/job", {"job/step/cpu.max": "100000 100000", "other/cpu.max": "100000 100000"}, NO_QUOTA),
    ("0::/\n4:cpuset:/a\n3:cpu:/b", {"cpu/b/cpu.cfs_quota_us": "700000"}, 7),
    ("4:cpuset:/a\n3:cpuacct,cpu:/b/c", {"cpu/b/cpu.cfs_quota_us": "-1"}, NO_QUOTA),
    # What is no quota, and no membership.
    ("0::/a", {"a/cpu.max": "many 100000"}, NO_QUOTA),
    ("0::/a", {"a/cpu.max": "100000 0"}, NO_QUOTA),
    ("0:\nnonsense\n0::relative", {"cpu.max": "100 100000"}, 1),
]


def test_quotas(tmp_path: Path) -> None:
    program = built(tmp_path, "limits_check", "base/thread_limits.cpp")
    arguments = []
    for i, (membership, files, _) in enumerate(CASES):
        mounted = tmp_path / str(i)
        memberships = tmp_path / f"{i}.memberships"
        memberships.write_text(membership, encoding="utf-8")
        for name, text in files.items():
            path = mounted / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            if path.name == "cpu.cfs_quota_us":
                path.with_name("cpu.cfs_period_us").write_text("100000", encoding="utf-8")
        arguments += [mounted, memberships]
    found = subprocess.run([program, *arguments], capture_output=True, text=True, check=True)
    assert found.stdout.split() == [str(left) for _, _, left in CASES]
