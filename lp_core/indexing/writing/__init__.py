"""Writing a data set folder's own shards: the plan, the stored form, one shard at a time."""
