"""What operators want to know of a process, of those beside it, and of the database: as Prometheus takes it.

processes    the totals of all processes on a port, and what is so now in each
database     what is the same whichever of them is asked: the queue, workers, evaluations
families     the metrics, by their names
telling      all of it as text
"""
