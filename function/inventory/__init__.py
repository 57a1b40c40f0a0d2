"""What the observed objects of the fleet say, as values that scheduling and composers share."""
