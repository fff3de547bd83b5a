"""Charts: pure functions, views -> ECharts options."""
