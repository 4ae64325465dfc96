"""What scripts of semantic patches import."""
