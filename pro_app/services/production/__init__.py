"""From a trial run to the trial: what a study must be able to show before it may begin, and beginning."""
