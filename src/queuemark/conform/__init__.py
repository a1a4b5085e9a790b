"""Does a runner keep the contract? One suite for all of them, ours first.

A check is one promise of docs/reference/runner-contract.md in a sentence, and a function that tries it on one transport
with a few trials. It knows no transport by name: what is tried follows from the facts and parameters that it states.
"""
