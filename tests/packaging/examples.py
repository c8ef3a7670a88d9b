"""Run README's code and every example with the installed pynn: `python examples.py`.

In a folder of its own, with warnings as errors. Needs only the standard library, and of pynn's
extras those that the examples name. An example whose data set is not here has to say so.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WHICH = "import pynn, sys; from pynn import _core; print(pynn.__file__, _core.isa(), sys.version)"


def readme_code() -> str:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return "".join(re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE))


def run(folder: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    # -P: of the checkout, which has no native module, nothing is imported.
    command = [sys.executable, "-P", "-W", "error", *arguments]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False
    )


def main() -> None:
    runs = [("README.md", ["-c", readme_code()])]
    runs += [
        (path.stem, [str(path), "--quick"]) for path in sorted((ROOT / "examples").glob("*.py"))
    ]
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        where = run(folder, "-c", WHICH)
        print(where.stdout or where.stderr, end="", flush=True)
        if where.returncode != 0 or str(ROOT) in where.stdout:
            sys.exit("the installed pynn is not what is imported")
        for name, arguments in runs:
            done = run(folder, *arguments)
            verdict = "ok"
            if done.returncode != 0:
                absent = "DatasetNotFoundError" in done.stderr
                verdict = "its data are not here" if absent else f"FAILED\n{done.stderr}"
                failed += not absent
            print(f"{name}: {verdict}", flush=True)
    print(f"{len(runs) - failed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
