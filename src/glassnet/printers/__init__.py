"""Graphs as text."""

from glassnet.printers.to_numpy import print_numpy as print_numpy
