"""The dependency map: a model and its states become a layout, the layout an SVG, and the SVG a page that answers."""
