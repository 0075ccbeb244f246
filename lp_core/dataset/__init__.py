"""Reading: a data set folder, its shards, the order of training, and batches of network inputs."""
