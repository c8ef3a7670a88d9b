"""How pynn is measured beside its peers.

questions/   one module a row of the table: what is compared, and the figures to reach
lab          processes of the peers, interleaved rounds, medians; the machine's peak in between
worker       what runs in such a process
peers/       one module a peer: how it does a piece of work
work, data   the pieces of work, and the rows they are done on
answers      what came out: tables, figures, JSON
"""
