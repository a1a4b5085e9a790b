"""Sessions as a document to read: one self-contained HTML file, Markdown with pictures beside it, pictures, or CSV.

A report says what the views say, in the order in which a reader asks; it measures nothing and needs no network.
"""
