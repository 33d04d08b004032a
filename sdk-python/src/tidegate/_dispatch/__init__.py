"""From the entry of a package to verdicts, whatever carries calls: the worker's socket, a component's exports, or a test."""
