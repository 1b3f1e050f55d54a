"""What can be read out of a trace: sums, channels, receptive fields, lenses, differences. Computes, draws nothing.

Everything here takes a network of ours with a trace (networks/trace.py); MMPose's networks have none.
"""
