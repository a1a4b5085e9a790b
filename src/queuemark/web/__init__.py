"""The site: the record's pages, the same data for programs, and the door through which sessions come in.

``from queuemark.web.app import create_app``. It reads and writes through ``queuemark.store`` and shows through
``queuemark.views``; it never measures, so a site runs where no runner does.
"""
