"""The web UI: pages for people, made on the server from the operations that the API has, too."""
