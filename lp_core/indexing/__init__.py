"""Making a data set folder from a collection of photographs.

In the order in which a collection passes through them:

- `sources`: the files of a folder by their names, and the members of tar archives.
- `layouts`: the forms of collections; each lists a `collection`.
- `identity`: image ids and classes; `class_list` names the classes.
- `validation_share`, `validation_split`: a validation split where the collection has none.
- `reading`: columns, labels and identities of Parquet shards.
- `writing`: the plan, the stored form and the writing of shards; `record` says what they were made from.
- `quarantine`: which photographs are left out, and how many may be.
- `row_table`, `manifest`: rows by number, and the manifest; `remarks` about them.
"""
