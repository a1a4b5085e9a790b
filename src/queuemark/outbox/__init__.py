"""Sessions on their way to a site: what of them is sent, where they wait until the site takes them, and its receipts.

Nothing is sent that names a person, a host or a place on a disk, unless the person adds it.
"""
