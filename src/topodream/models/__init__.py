"""The models that learn, each as readable equations on arrays."""
