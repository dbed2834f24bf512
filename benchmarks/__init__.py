"""What a load costs: the product's path beside the published tutorial's, measured."""
