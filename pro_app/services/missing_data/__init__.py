"""Missing data while something can still be done: the map, the trend, what is coming, the monthly report."""
