"""Servers that give credentials of clouds, and upstreams that know whose request it is: played in this process."""
