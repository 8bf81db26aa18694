"""A prediction job done by a batch transform job of SageMaker: the task `batch_transform` of the queue.

The rows go to the storage, one object per chunk, with a manifest that says which record each line is of. One
transform job runs on them all, and its outputs are stored as any prediction is.

A run may end at any point and be begun anew. What was done stands in the chunks, in the objects, and in the
transform job, whose name follows from the prediction job's. An object's name holds a digest of its rows and
records, so an output is always matched with the rows it was made from.
"""
