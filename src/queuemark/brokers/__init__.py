"""The servers that messages go through, where a transport needs one: one kind a file.

A server is started for one trial and ends with it, whatever becomes of this process; or it is one that runs already,
whose address is named. What is not there is a Lack, with what to do about it.
"""
