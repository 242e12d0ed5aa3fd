"""The server: an HTTP API and a page in the browser, over the same Restorer as everything else."""
