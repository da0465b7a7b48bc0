"""Inside the mouth: sets of teeth with gums, and the tongue, fitted to the head."""

from assets.mouth.build import build_mouth
from assets.mouth.constants import TeethSet, teeth_sets
from assets.mouth.placing import HasMouth

__all__ = ["HasMouth", "TeethSet", "build_mouth", "teeth_sets"]
