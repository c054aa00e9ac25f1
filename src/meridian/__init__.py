"""Meridian Clearing Bank N.V.: the reference institution that really runs.

A program of its own. It boots PostgreSQL, etcd, Patroni, a settlement service, participants and a vault in
network namespaces that it makes itself. Holdfast never imports it and touches it only through connectors.
"""

from __future__ import annotations

__version__ = "0.1.0"
