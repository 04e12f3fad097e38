"""How Thermik gets onto AWS: the Lambda package, the permissions, the deployment."""
