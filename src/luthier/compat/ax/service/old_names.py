"""Methods that Ax took away from its client: each names the one that is there now."""

from __future__ import annotations


class OldNamesMixin:
    """Methods that are refused: a class to be derived from."""

    @staticmethod
    def load_experiment(experiment_name: str) -> None:
        """Refuse a name that Ax took away.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError("Use `load_from_json_file` to load from a JSON file.")

    @staticmethod
    def get_recommended_max_parallelism() -> None:
        """Refuse a name that Ax took away.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError("Use `get_max_concurrency`.")

    @staticmethod
    def load(filepath: str | None = None) -> None:
        """Refuse a name that Ax took away.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError("Use `load_from_json_file` to load from a JSON file.")

    @staticmethod
    def save(filepath: str | None = None) -> None:
        """Refuse a name that Ax took away.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError("Use `save_to_json_file` to save to a JSON file.")
