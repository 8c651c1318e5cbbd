"""What speed is promised, and what it is: `make bench`."""
