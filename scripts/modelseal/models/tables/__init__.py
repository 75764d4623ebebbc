"""Tables of data in columns: Arrow, Feather, Parquet. Only what is said about the columns is read."""
