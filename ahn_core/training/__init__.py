"""Self-distillation of a memory: settings, text, draws, losses, the trainer and its checkpoints.

Naming the package costs no torch: only the settings are imported.
"""

from .settings import Settings, TrainingError

__all__ = ["Settings", "TrainingError"]
