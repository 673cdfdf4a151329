"""A circle: what it is, who may change what of it, and the commits that do.

docs/protocol.md sections 2 and 4.4. The modules, lowest first: `errors`, `fields`, `names`,
`genesis`, `device`, `state` (the structures), `extensions` (their places in MLS), `view` (a circle
as one epoch shows it), `plan` `sides` `rules` (the table that every commit is held to), `happened`
(what a rightful commit did), `drafts` (every rightful commit, ready to be made), `founding`,
`standing` (what a newcomer checks), `policy` (the rules as MLS asks for them).
"""
