"""The runner of Python's own mechanisms: ``python -m queuemark.runners.python``.

It keeps the same contract as the native one (docs/reference/runner-contract.md) and gives the same proofs. A transport
is a class (transport.py) under an entry point of the group ``queuemark.transports``; ours are in transports/.
"""
