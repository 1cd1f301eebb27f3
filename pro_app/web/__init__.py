"""The pages: four faces over the same services, each declaring who may see what."""
