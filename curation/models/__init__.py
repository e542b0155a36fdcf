"""What curating anything leaves behind."""

from curation.models.batches import Batch, Row, Step, Upload, UploadPart
from curation.models.history import Revision, Stamp

__all__ = ["Batch", "Revision", "Row", "Stamp", "Step", "Upload", "UploadPart"]
