"""The keeper: the process that holds a range. Its socket is the hypervisor's API; its end is the range's end."""
