"""Pages for phones: plain HTML without scripts or sockets, over the same use cases as the desk's pages."""
