"""What a process has done, told to who may see it."""
