"""Language models that are asked for text: servers, services and local models, every reply stored as it arrives."""
