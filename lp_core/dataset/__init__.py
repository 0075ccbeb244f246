"""ImageNet as people have it, turned into one table of rows."""
