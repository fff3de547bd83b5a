"""The only place that opens tables and executes: the lake, the engines, plan, build."""
