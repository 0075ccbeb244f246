"""Making a data set folder from a collection of photographs: layouts, archives, shards, the manifest."""
