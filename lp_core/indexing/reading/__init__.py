"""Reading Parquet shards of a collection: their columns, identities and labels."""
