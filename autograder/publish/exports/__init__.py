"""What learning platforms take: each a pure function from results or lines of the gradebook to the bytes of a file."""
