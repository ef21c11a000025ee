"""Hydra's way to find the sweeper of luthier; `hydra_plugins` has no `__init__.py`."""
