"""One question a file: a document in, tables out. What a table says is here, never how it was measured."""
