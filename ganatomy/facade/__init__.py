"""The usual in three lines: functions over several parts of the library, for a notebook."""
