"""What runs in the target's interpreter: its modules import torch and vLLM, and nothing else of verl-doctor.

The parent loads this folder as a package under a name of its own, so that no folder of verl-doctor gets onto the search
path of the target.
"""
