"""The gateways: one module for each, behind one protocol, and what they share."""
