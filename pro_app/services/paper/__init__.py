"""Forms that came on paper: the sheet that is printed, and typing it in once or twice."""
