"""Words, units and documents that everything else shares; imports nothing else of ours."""
