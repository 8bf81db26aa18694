"""Which customers leave: a binary classifier with labels as text, on customers that were made up."""
