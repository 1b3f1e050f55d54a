"""One small drawing per file: skeleton, overlap, heatmap, cost. Gives pictures and SVG; knows nothing of the page."""
