"""What needs tools that are not everywhere is collected where they are."""

from __future__ import annotations

import shutil

ARM = ("arm-none-eabi-gcc", "qemu-system-arm", "make")
collect_ignore = [] if all(map(shutil.which, ARM)) else ["test_arm.py"]
