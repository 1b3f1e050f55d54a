"""Metrics, costs, and the questions asked of many photos. Gives data, draws nothing."""
