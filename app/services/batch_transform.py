"""A prediction job done by a batch transform job of SageMaker: the task `batch_transform` of the queue.

The rows go to the storage, one object per chunk, with a manifest that says which record each line is of. One
transform job runs on them all, and its outputs are stored as any prediction is.

A run may end at any point and be begun anew. What was done stands in the chunks, in the objects, and in the
transform job, whose name follows from the prediction job's. An object's name holds a digest of its rows and
records, so an output is always matched with the rows it was made from.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import structlog
from pgqueuer.errors import RetryRequested
from pydantic import JsonValue

from app.backends.sagemaker_transform import TransformJob, TransformJobs, open_transform_jobs
from app.core.errors import AppError, InvalidInput, Misconfigured, NotFound
from app.db import batch_transform as rows
from app.db import cache, predictions
from app.db import engine as db
from app.db import prediction_chunks as chunks
from app.db.batch_transform import BatchJob
from app.db.cache import Lookup, Scope
from app.db.prediction_chunks import Finished
from app.db.prediction_jobs import UNDER_WAY
from app.db.predictions import NewPrediction
from app.schemas.deployments import Deployment
from app.schemas.transform import Line, Manifest
from app.services import models, pipeline
from app.services.prediction_chunks import final_reason
from app.services.runtime import Runtime
from app.storage import Storage
