"""Versions as data: which releases exist, what they require, which pairs break, which stacks fit."""
