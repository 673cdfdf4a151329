"""A circle: what it is, who may change what of it, and the commits that do.

docs/protocol.md sections 2 and 4.4. The modules, lowest first:

    errors, fields, genesis, device, state, names    the structures, and what texts may hold
    extensions, arriving, founding                   their places in MLS; what a group starts with
    view                                             a circle in one epoch, a commit as rules see it
    plan, sides, happened, rules                     the judgement of every commit
    drafts                                           every rightful commit, ready to be made
    policy, standing                                 the rules as MLS asks for them; a newcomer's
"""
