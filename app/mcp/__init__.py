"""The library as tools for editors and agents (Model Context Protocol): `tools` does the work, `server` speaks."""
