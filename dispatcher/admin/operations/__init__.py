"""What is done, in SQL: the only modules of admin that speak to the database."""
