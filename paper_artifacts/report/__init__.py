"""Reports: `efasp audit` and the static pages."""
