"""Runs a plugin as a WebAssembly component: the exports and imports of the contract in place of the worker's socket.

`python -m tidegate.componentize` builds one. All of it is imported while it is built: a component has no files to import from
later. `world` knows the bindings, `given` and `taken` turn what they carry into metas and back, `calls` makes the calls.
"""
