"""What data cannot say: one check a module.

A check declares ID, NAME, SEVERITY and LAYER, and a function `ask` whose parameters are the facts that it needs
(fields of `Facts`), `facts` for all of them, or `matrix`; it yields a finding for each thing that is wrong. Its
docstring is its documentation. Where what it finds shows in a log, SIGNATURE holds regular expressions for that,
and FOLLOWS the known failures of which its line may be but a consequence.
"""
