"""Insights: questions about orders and interactions that every door asks by name; each is one file of `members/`."""
