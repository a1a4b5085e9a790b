"""The site under load: a record of many sessions, a server of its own, and who asks it."""
