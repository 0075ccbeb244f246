"""Ray tasks that list, extract, write or check one archive or shard each, and what is done around them."""
