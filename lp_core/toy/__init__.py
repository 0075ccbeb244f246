"""The built-in data set: twelve classes of drawn figures."""
