"""The laptop: the same machines, worker and API in one process."""
