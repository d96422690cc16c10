"""What the black-box tests share. Nothing here knows the server's insides: a binary, a port, a folder, AWS's API."""
