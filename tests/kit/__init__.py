"""What the tests of several rooms are made of: projects, servers, clients, readers."""
