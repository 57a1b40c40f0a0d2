"""The gateways: what is installed for one, and what it needs besides the Gateway API."""
