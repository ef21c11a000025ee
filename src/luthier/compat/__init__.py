"""The words of other libraries: code that was written for them changes its imports alone."""
