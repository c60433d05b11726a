"""Control domains and their backups on disks, read from the file systems themselves: nothing is mounted or written."""
