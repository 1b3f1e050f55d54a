"""Data, augmentation, loss, loop. Plain PyTorch: runs with torch, torchvision, numpy and Pillow alone."""
