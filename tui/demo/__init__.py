"""`hallway --demo`: a circle to look around in, with friends who follow a script.

All of it is real but the people: a relay of its own, four engines, codes, MLS. The databases are in
memory and the relay's is in a folder for the time being; no profile is opened or written.
"""
