"""What performs trials: the contract that runners keep, where they are found, and one trial of one of them.

A runner is any executable that keeps docs/reference/runner-contract.md. Nothing that a runner does raises here:
what breaks the contract becomes a trial of state ``failed`` whose reason names the breach.
"""
