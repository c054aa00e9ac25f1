"""The range's network: a namespace for each router and host, links between them, and cuts. All of it over netlink."""
