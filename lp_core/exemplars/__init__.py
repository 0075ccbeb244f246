"""The images that drive a channel most, and the pictures of what it sees in them."""
