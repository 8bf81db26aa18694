"""What people look at: gathered from several rooms, as far as the caller may know of it."""
