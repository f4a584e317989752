"""What the service can do: the authoring kit and one package per job kind."""
