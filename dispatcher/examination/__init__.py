"""What doctor() in the database cannot see: this program's files, the server around the database, the way to it."""
