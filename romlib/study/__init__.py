"""The study: one TOML file that states what a ROM is made of, how it is trained, and the cases it solves."""

from romlib.study.case_file import read_case_file, write_case_file
from romlib.study.references import validate_against
from romlib.study.study import CheckSettings, OfflineOptions, Study, TagDefinition, Training, Validation

__all__ = [
    "CheckSettings", "OfflineOptions", "Study", "TagDefinition", "Training", "Validation", "read_case_file",
    "validate_against", "write_case_file",
]
