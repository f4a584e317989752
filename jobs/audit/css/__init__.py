"""Just enough CSS to know what a page's text looks like."""
