"""torchvision imports in a fresh interpreter, beside a full torch and a CPU-only one."""

import subprocess
import sys


def test_torchvision_imports_and_its_operators_free_parts_work():
    script = (
        "from core.vision import torchvision\n"
        "package = torchvision()\n"
        "assert torchvision() is package\n"
        "import torch\n"
        "from torchvision.transforms import v2\n"
        "picture = torch.arange(16.0).reshape(1, 4, 4)\n"
        "assert torch.equal(v2.functional.horizontal_flip(picture), picture.flip(-1))\n"
        "print(package.datasets.MNIST.__name__)\n"
    )
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "MNIST"
