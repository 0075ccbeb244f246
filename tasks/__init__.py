"""What runs on Ray: plain importable functions and the one line that makes each of them remote."""
