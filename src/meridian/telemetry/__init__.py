"""What happens on the hosts, as a sensor beside the hypervisor sees it: one file of JSON lines for each host.

The sensor is no part of any host: nothing there can stop it, and it is told nothing but where the range lies. Its form
is in ``docs/telemetry.md``.
"""
